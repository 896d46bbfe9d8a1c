from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from carbon.tracing.conventions import trace_conventions
from carbon.tracing.shares import load_shares_mw
from grid.errors import InputError
from tests.carbon.traced_city import random_city
from tests.examples import examples

SEEDS = st.integers(0, 2**32 - 1)


@examples(25)
@given(SEEDS, st.integers(2, 7))
def test_parts_sum_to_net_or_gross_use_with_stores(seed, n_nodes):
    city = random_city(seed, n_nodes)
    grid = city.flows, city.sources, city.consumers
    answers = trace_conventions(*grid, city.exports, city.step_hours, city.operation, conventions=("operator", "load"))
    for name, answer in answers.items():
        parts_mw = load_shares_mw(*grid, answer, operation=city.operation, step_hours=city.step_hours)
        assert parts_mw.shape[2] == n_nodes + 1
        assert (parts_mw >= 0).all()
        whole_mw = city.consumers.p_mw if name == "operator" else answer.gross_use_mw(city.consumers)
        np.testing.assert_allclose(parts_mw.sum(axis=2), whole_mw, rtol=1e-9, atol=1e-12)


def test_a_convention_without_shares_is_named():
    city = random_city(1)
    grid = city.flows, city.sources, city.consumers
    answer = trace_conventions(*grid, city.exports, 1.0, conventions=("average",))["average"]
    with pytest.raises(InputError, match="must be operator or load; got 'average'"):
        load_shares_mw(*grid, answer)
