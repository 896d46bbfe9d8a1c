"""Digests of arrays: the same for the same bits, made anew where an array may have changed."""

from __future__ import annotations

import numpy as np
import pytest

from grid.array_digest import array_digest
from grid.arrays import frozen


@pytest.mark.parametrize(
    "other",
    [
        np.array([0.0, 2.0]),
        np.array([[1.0, 2.0]]),
        np.array([1, 2]),
        np.array([1.0, -2.0]),
        np.array(["1.0", "2.0"], object),
    ],
)
def test_arrays_of_other_content_type_or_shape_have_other_digests(other: np.ndarray) -> None:
    assert array_digest(other) == array_digest(other.copy())
    assert array_digest(other) != array_digest(np.array([1.0, 2.0]))


def test_minus_zero_is_not_zero_and_the_layout_does_not_matter() -> None:
    assert array_digest(np.array([0.0])) != array_digest(np.array([-0.0]))
    rows = np.arange(6.0).reshape(2, 3)
    assert array_digest(rows) == array_digest(np.asfortranarray(rows)) != array_digest(rows.T)


def test_an_array_that_can_be_written_to_even_by_another_is_digested_anew() -> None:
    whole = np.arange(4.0)
    part = whole[1:]
    part.flags.writeable = False
    before = array_digest(part)
    whole[1] = 7.0
    assert array_digest(part) != before
    fixed = frozen(whole)[1:]
    assert array_digest(fixed) == array_digest(fixed) == array_digest(np.array([7.0, 2.0, 3.0]))
    whole.flags.writeable = True
    whole[1] = 1.0
    assert array_digest(fixed) == before
