from __future__ import annotations

import numpy as np
import pytest

from grid.arrays import read_only


def test_what_is_read_only_cannot_be_written_to_and_leaves_its_source_alone() -> None:
    source = np.arange(6.0).reshape(3, 2)
    kept = read_only(source)
    with pytest.raises(ValueError, match="read-only"):
        kept[0, 0] = 1.0
    source[0, 0] = 7.0
    assert kept[0, 0] == 7.0  # a view: no copy of an array that fits already
    assert read_only([1, 2]).dtype == np.float64
    assert read_only(kept) is kept
