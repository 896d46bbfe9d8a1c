"""Forecasts that are trained quickly; imported by tests of what holds for any number of trees."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from grid.twin.forecast.model import TREES


@pytest.fixture(scope="module", autouse=True)
def few_trees() -> Iterator[None]:
    """Few trees in the place of those of `TREES`."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(TREES, "max_iter", 30)
        patch.setitem(TREES, "learning_rate", 0.2)
        yield
