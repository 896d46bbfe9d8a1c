from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from carbon.reporting.marginal import MarginalIntensity, merit_order_marginal, regional_marginal
from grid.errors import InputError
from tests.examples import examples

CI = np.array([0.0, 400.0, 900.0])


def emissions_kg(demand_mw, capacity_mw, ci):
    """Least-cost emissions: units run in order."""
    before = np.concatenate([[0.0], np.cumsum(capacity_mw)[:-1]])
    return float((np.clip(demand_mw - before, 0, capacity_mw) * ci).sum())


@examples(100)
@given(st.integers(0, 2**32 - 1), st.booleans())
def test_a_merit_orders_sides_are_its_one_sided_derivatives(seed, tie):
    rng = np.random.default_rng(seed)
    n_units = 5
    capacity = rng.uniform(1, 50, n_units) * (rng.random(n_units) < 0.8)
    capacity[rng.integers(n_units)] = 20.0
    ci = rng.uniform(0, 1000, n_units)
    total = capacity.sum()
    inner = np.cumsum(capacity)[capacity > 0][:-1]
    demand = float(rng.choice(inner)) if tie and inner.size else rng.uniform(0.01, 0.99) * total
    found = merit_order_marginal(np.array([demand]), capacity[None, :], ci)
    step = 1e-4
    here = emissions_kg(demand, capacity, ci)
    above = (emissions_kg(demand + step, capacity, ci) - here) / step
    below = (here - emissions_kg(demand - step, capacity, ci)) / step
    near = np.abs(np.concatenate([[0.0], np.cumsum(capacity)]) - demand)
    if tie or near.min() > step:
        assert found.above_kg_per_mwh[0] == pytest.approx(above, abs=1e-4)
        assert found.below_kg_per_mwh[0] == pytest.approx(below, abs=1e-4)


def test_a_tie_has_two_values_and_a_change_takes_the_one_of_its_side():
    found = merit_order_marginal(np.array([10.0, 15.0]), np.full((2, 3), 10.0), CI)
    np.testing.assert_array_equal(found.below_kg_per_mwh, [0, 400])
    np.testing.assert_array_equal(found.above_kg_per_mwh, [400, 400])
    np.testing.assert_array_equal(found.is_tie, [1, 0])
    np.testing.assert_allclose(found.impact_kg(np.array([2.0, 2.0])), [800, 800])
    np.testing.assert_allclose(found.impact_kg(np.array([-2.0, -2.0])), [0, -800])


def test_beyond_all_units_and_before_the_first_it_is_the_last_and_the_first():
    found = merit_order_marginal(np.array([0.0, 30.0, 99.0]), np.full((3, 3), 10.0), CI)
    np.testing.assert_array_equal(found.above_kg_per_mwh, [0, 900, 900])
    np.testing.assert_array_equal(found.below_kg_per_mwh, [0, 900, 900])


def test_a_node_far_out_causes_its_losses_too():
    region = regional_marginal(np.array([500.0]), np.array([300.0]))
    nodal = region.at_nodes(np.array([[0.0, 0.06, -0.02, -1.5]]))
    np.testing.assert_allclose(nodal.above_kg_per_mwh, [[500, 530, 490, -150]])
    np.testing.assert_allclose(nodal.below_kg_per_mwh, [[300, 318, 294, -250]])
    np.testing.assert_allclose(nodal.impact_kg(np.array([[0, 2, 0, 1.0]])), [[0, 1060, 0, -150]])


def test_losses_of_one_line_by_hand():
    """A load p behind a resistance that loses k p²: the import is p + k p², so a MWh more takes 1 + 2 k p."""
    p, k, ci = 5.0, 0.01, 600.0
    nodal = regional_marginal(np.array([ci])).at_nodes(np.array([[2 * k * p]]))
    step = 1e-6
    difference = ci * ((p + step + k * (p + step) ** 2) - (p + k * p**2))
    assert nodal.impact_kg(np.array([[step]]))[0, 0] == pytest.approx(difference, rel=1e-6)


def test_it_refuses_to_become_an_inventory():
    marginal = regional_marginal(np.array([500.0, 400.0]))
    load_mwh = np.array([10.0, 20.0])
    for attempt in (
        lambda: marginal * load_mwh,
        lambda: load_mwh * marginal,
        lambda: 2.0 * marginal,
        lambda: load_mwh @ marginal,
    ):
        with pytest.raises(TypeError, match=r"use \.impact_kg"):
            attempt()
    with pytest.raises(TypeError):
        float(marginal)
    with pytest.raises(TypeError):
        load_mwh + marginal


def test_wrong_inputs_are_named():
    with pytest.raises(InputError, match="above_kg_per_mwh: must have shape"):
        MarginalIntensity(np.zeros(2), np.zeros(3))
    with pytest.raises(InputError, match="must be finite"):
        regional_marginal(np.array([np.nan]))
    with pytest.raises(InputError, match="loss_sensitivity: must have shape"):
        regional_marginal(np.zeros(2)).at_nodes(np.zeros((3, 4)))
    with pytest.raises(InputError, match="intensity of a region"):
        MarginalIntensity(np.zeros((2, 2)), np.zeros((2, 2))).at_nodes(np.zeros((2, 2)))
    with pytest.raises(InputError, match="delta_mwh: must have shape"):
        regional_marginal(np.zeros(1)).impact_kg(np.zeros((2, 2))[:, :1])
