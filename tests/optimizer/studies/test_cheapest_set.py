"""The cheapest set of measures against trying all of them."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from grid.arrays import Bools
from optimizer.studies.cheapest_set import cheapest_set
from tests.examples import examples


@given(seed=st.integers(0, 10_000), n=st.integers(1, 7), grouped=st.booleans())
@examples(40)
def test_it_is_what_trying_every_set_finds(seed: int, n: int, grouped: bool) -> None:
    """Needs that measures meet with diminishing returns; choices of a group may help one need and spoil another."""
    rng = np.random.default_rng(seed)
    cost = rng.integers(1, 20, n).astype(float)
    effect, need = rng.uniform(0, 1, (4, n)) * (rng.uniform(size=(4, n)) < 0.6), rng.uniform(0.2, 1.2, 4)
    groups = [[0, 1]] if grouped and n > 2 else []
    for place in (place for group in groups for place in group):
        effect[:, place] = rng.uniform(-0.5, 0.5, 4)

    def passes(chosen: Bools) -> bool:
        total = effect @ chosen
        return bool((np.sign(total) * np.sqrt(np.abs(total)) >= need).all())

    every = [np.array(bits, dtype=bool) for bits in product((False, True), repeat=n)]
    allowed = [bits for bits in every if all(bits[group].sum() <= 1 for group in groups) and passes(bits)]
    best = min((float(cost[bits].sum()) for bits in allowed), default=np.inf)
    found = cheapest_set(cost, passes, groups, effect.sum(axis=0))
    assert found.cost == pytest.approx(best) if np.isfinite(best) else found.chosen is None
    if found.chosen is not None:
        assert passes(found.chosen)
        assert all(found.chosen[group].sum() <= 1 for group in groups)


def test_nothing_is_bought_where_nothing_is_needed() -> None:
    found = cheapest_set(np.ones(3), lambda _chosen: True)
    assert found.chosen is not None
    assert not found.chosen.any()
    assert (found.cost, found.tests) == (0.0, 1)
