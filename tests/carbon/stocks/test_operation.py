from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from carbon.stocks.operation import StockOperation
from carbon.tracing.flows import Flows, Sources
from carbon.tracing.proportional_sharing import trace
from grid.errors import InputError
from grid.flexibility.per_slot import PerSlot
from tests.carbon.traced_city import random_city
from tests.examples import examples

SEEDS = st.integers(0, 2**32 - 1)


def one_node(p_mw, ci=500.0, renewable=0.5):
    """A single node with a source large enough for all, over as many steps as `p_mw` is long."""
    n_steps = len(p_mw)
    nothing = np.zeros((n_steps, 0))
    flows = Flows(1, np.array([], int), np.array([], int), nothing, nothing)
    ci = np.broadcast_to(np.asarray(ci, dtype=float), n_steps)[:, None]
    return flows, Sources(np.array([0]), np.full((n_steps, 1), 100.0), ci, np.array([renewable]))


def store(p_mw, **changes):
    """One stationary store, connected from the first step to the last."""
    operation = StockOperation(
        owner=np.array([0]),
        node=np.array([0]),
        start=np.array([0]),
        stop=np.array([len(p_mw)]),
        p_mw=np.asarray(p_mw, dtype=float),
        e_start_mwh=np.array([2.0]),
        eta_charge=np.array([0.9]),
        eta_discharge=np.array([0.8]),
        retention_per_step=np.array([1.0]),
        vehicle=np.array([False]),
        ci_initial_kg_per_mwh=np.array([300.0]),
        renewable_share_initial=np.array([0.25]),
    )
    return replace(operation, **changes)


def run(operation, **grid):
    return trace(*one_node(np.zeros(operation.stop.max()), **grid), 1.0, operation).stocks


def test_a_car_that_has_driven_before_its_first_session_took_its_first_carbon_along():
    """Of 3 MWh at 300 kg/MWh that it left with, 2 are there when it plugs in; the rest was driven."""
    car = store([0.0, 1.0], vehicle=np.array([True]), e_initial_mwh=np.array([3.0]))
    stocks = run(car, ci=500.0)
    assert stocks.opening.e_mwh == pytest.approx([3.0])
    assert stocks.driven_mwh == pytest.approx([1.0])
    assert stocks.driven_kg == pytest.approx([300.0])
    assert stocks.vehicles.carbon.content == pytest.approx([600.0, 600.0 + 500.0])
    with pytest.raises(InputError, match="e_initial_mwh"):
        store([0.0], e_initial_mwh=np.array([-1.0]))


@examples(40)
@given(SEEDS, st.integers(2, 6))
def test_every_stock_balances_in_energy_carbon_and_renewable_energy(seed, n_nodes):
    city = random_city(seed, n_nodes)
    stocks = trace(city.flows, city.sources, city.step_hours, city.operation).stocks
    for kind in (stocks.vehicles, stocks.stationary):
        for quantity in (kind.energy, kind.carbon, kind.renewable):
            scale = max(quantity.opening, quantity.content.max(), 1.0)
            assert np.abs(quantity.residual).max() <= 1e-12 * scale
            assert quantity.content.min() >= 0
        assert (kind.renewable.content <= kind.energy.content * (1 + 1e-12)).all()
    closing_kg = stocks.vehicles.carbon.content[-1] + stocks.stationary.carbon.content[-1]
    assert stocks.closing.carbon_kg.sum() == pytest.approx(closing_kg, rel=1e-12)
    opening_kg = stocks.vehicles.carbon.opening + stocks.stationary.carbon.opening
    assert stocks.opening.carbon_kg.sum() == pytest.approx(opening_kg, rel=1e-12)


@examples(40)
@given(SEEDS)
def test_energies_follow_from_powers_and_slots_sum_to_their_classes(seed):
    city = random_city(seed)
    op, h = city.operation, city.step_hours
    stocks = trace(city.flows, city.sources, h, op).stocks
    first = 0
    for device in range(op.n_devices):
        e_mwh = op.e_start_mwh[device]
        for slot in range(first, first + op.stop[device] - op.start[device]):
            p = op.p_mw[slot]
            e_mwh = op.retention_per_step[device] * e_mwh - h * op.p_drain_mw[slot]
            e_mwh += h * (op.eta_charge.values[slot] * max(p, 0) - max(-p, 0) / op.eta_discharge.values[slot])
            assert stocks.e_end_mwh[slot] == pytest.approx(e_mwh, rel=1e-9)
        first += op.stop[device] - op.start[device]
    car = op.vehicle[op.owner[op.slot_device]]
    for kind, here in ((stocks.vehicles, car), (stocks.stationary, ~car)):
        assert kind.carbon.charge.sum() == pytest.approx(stocks.charge_kg[here].sum(), rel=1e-12)
        assert kind.carbon.discharge.sum() == pytest.approx(stocks.discharge_kg[here].sum(), rel=1e-12)
        assert kind.charge_meter_mwh.sum() == pytest.approx(h * np.maximum(op.p_mw[here], 0).sum(), rel=1e-12)
        assert kind.discharge_meter_mwh.sum() == pytest.approx(h * np.maximum(-op.p_mw[here], 0).sum(), rel=1e-9)
    discharged_mwh = h * np.maximum(-op.p_mw, 0)
    np.testing.assert_allclose(stocks.discharge_kg, discharged_mwh * stocks.ci_discharge_kg_per_mwh, rtol=1e-9)


def test_conversion_losses_raise_the_carbon_of_a_discharge_but_not_its_renewable_share():
    stocks = run(store([1.0, -0.4]), ci=600.0, renewable=1.0)
    e_mwh, carbon_kg, renewable_mwh = 2 + 0.9, 600 + 600, 0.5 + 0.9
    assert stocks.ci_discharge_kg_per_mwh[1] == pytest.approx(carbon_kg / e_mwh / 0.8)
    assert stocks.renewable_share[1] == pytest.approx(renewable_mwh / e_mwh)
    assert stocks.discharge_kg[1] == pytest.approx(0.4 * carbon_kg / e_mwh / 0.8)
    assert stocks.e_end_mwh[1] == pytest.approx(e_mwh - 0.5)


def test_standing_loss_takes_carbon_along_and_keeps_the_intensity():
    stocks = run(store(np.zeros(5), retention_per_step=np.array([0.9])))
    np.testing.assert_allclose(stocks.stationary.carbon.standing, 600 * 0.1 * 0.9 ** np.arange(5))
    np.testing.assert_allclose(stocks.ci_discharge_kg_per_mwh, 300 / 0.8)


def test_a_stock_that_runs_empty_keeps_nothing_and_remembers_its_intensity():
    stocks = run(store([-1.6, 0.0, 1.0]), ci=100.0)
    assert stocks.e_end_mwh[0] == 0
    assert stocks.stationary.carbon.content[0] == 0
    assert stocks.stationary.carbon.discharge[0] == pytest.approx(600.0, rel=1e-12)
    np.testing.assert_allclose(stocks.ci_discharge_kg_per_mwh, 300 / 0.8)
    assert stocks.stationary.carbon.content[2] == pytest.approx(100.0)


def test_a_stock_of_power_that_takes_carbon_out_of_the_air_keeps_its_negative_carbon():
    stocks = run(store([1.0, -0.8, 0.0], ci_initial_kg_per_mwh=np.array([-300.0])), ci=-200.0)
    assert stocks.stationary.carbon.content[0] == pytest.approx(-800)
    assert stocks.stationary.carbon.content[1] == pytest.approx(-800 * 1.9 / 2.9)
    np.testing.assert_allclose(stocks.stationary.carbon.residual, 0, atol=1e-12)


def test_the_residue_of_an_emptied_stock_is_a_standing_loss():
    left_mwh = 0.9e-9
    stocks = run(store([-(2.0 - left_mwh) * 0.8]))
    assert stocks.e_end_mwh[0] == 0
    assert stocks.stationary.carbon.standing[0] == pytest.approx(300 * left_mwh, rel=1e-3)
    assert stocks.stationary.carbon.residual[0] == 0


@pytest.mark.parametrize("left_mwh", [1.1e-9, 1e-7])
def test_a_stock_that_holds_more_than_a_milliwatt_hour_keeps_it(left_mwh):
    stocks = run(store([-(2.0 - left_mwh) * 0.8, 0.0]))
    np.testing.assert_allclose(stocks.e_end_mwh, left_mwh, rtol=1e-6)
    np.testing.assert_allclose(stocks.stationary.carbon.content, 300 * left_mwh, rtol=1e-6)
    assert not stocks.stationary.energy.standing.any()


def test_negative_carbon_that_is_no_rounding_is_kept():
    stocks = run(store([1.0], eta_charge=np.ones(1)), ci=-(600 + 1e-7))
    assert stocks.stationary.carbon.content[0] == pytest.approx(-1e-7, rel=1e-4)


def test_driving_between_sessions_takes_its_share_when_the_next_session_starts():
    sessions = store(
        [1.0, 1.0],
        owner=np.array([0, 0]),
        node=np.array([0, 0]),
        start=np.array([0, 3]),
        stop=np.array([1, 4]),
        e_start_mwh=np.array([2.0, 1.0]),
        eta_charge=np.array([0.9, 0.9]),
        eta_discharge=np.array([0.8, 0.8]),
        retention_per_step=np.ones(2),
        vehicle=np.array([True]),
    )
    stocks = run(sessions, ci=500.0)
    per_mwh = (600 + 500) / 2.9
    np.testing.assert_allclose(stocks.vehicles.carbon.fuel, [0, 0, 0, 1.9 * per_mwh])
    np.testing.assert_allclose(stocks.vehicles.energy.fuel, [0, 0, 0, 1.9])
    np.testing.assert_allclose(stocks.driven_kg, [0, 1.9 * per_mwh])
    np.testing.assert_allclose(stocks.driven_mwh, [0, 1.9])
    np.testing.assert_allclose(stocks.vehicles.carbon.content, [1100, 1100, 1100, per_mwh + 500])
    assert not stocks.stationary.carbon.content.any()


def test_energy_that_arrives_between_sessions_brings_the_initial_intensity():
    sessions = store(
        [0.0, 0.0],
        owner=np.array([0, 0]),
        node=np.array([0, 0]),
        start=np.array([2, 0]),
        stop=np.array([3, 1]),
        e_start_mwh=np.array([5.0, 2.0]),
        eta_charge=np.ones(2),
        eta_discharge=np.ones(2),
        retention_per_step=np.ones(2),
        vehicle=np.array([True]),
    )
    stocks = run(sessions)
    np.testing.assert_allclose(stocks.vehicles.carbon.arriving, [0, 0, 900])
    np.testing.assert_allclose(stocks.vehicles.renewable.arriving, [0, 0, 0.75])
    assert stocks.vehicles.carbon.opening == 600.0
    assert stocks.closing.carbon_kg[0] == pytest.approx(1500.0)


def test_fuel_drawn_from_a_tank_leaves_at_the_tanks_intensity():
    stocks = run(store([0.0, 0.0], p_drain_mw=np.array([0.5, 1.5])))
    np.testing.assert_allclose(stocks.stationary.carbon.fuel, [150, 450])
    np.testing.assert_allclose(stocks.stationary.energy.fuel, [0.5, 1.5])
    assert stocks.e_end_mwh[1] == 0


def test_fuel_that_the_tank_does_not_hold_comes_from_the_charge_of_the_step():
    stocks = run(store([2.0, 0.0], p_drain_mw=np.array([2.9, 0.9])), ci=500.0)
    np.testing.assert_allclose(stocks.stationary.carbon.fuel, [600 + 1000 * 0.9 / 1.8, 500])
    np.testing.assert_allclose(stocks.e_end_mwh, [0.9, 0.0], atol=1e-15)
    assert np.abs(stocks.stationary.carbon.residual).max() <= 1e-9


def test_discharge_is_taken_from_a_tank_before_fuel():
    """Half a MWh is discharged, and as fuel half a mWh more than is left is asked for: it gets what is left."""
    tank = store([-0.4], e_start_mwh=np.array([1.0]), p_drain_mw=np.array([0.5 + 5e-10]))
    stationary = run(tank).stationary
    assert stationary.carbon.discharge == pytest.approx([150.0], rel=1e-12)
    assert stationary.carbon.fuel == pytest.approx([150.0], rel=1e-12)
    assert stationary.carbon.fuel[0] <= 150.0 + 1e-12
    assert stationary.carbon.standing[0] >= 0.0
    assert stationary.energy.fuel[0] <= 0.5 + 1e-15


def test_fuel_takes_no_more_than_tank_and_charge():
    """Half a mWh too much is forgiven, but carries nothing."""
    stationary = run(store([1.0], p_drain_mw=np.array([2.9 + 5e-10])), ci=500.0).stationary
    assert stationary.energy.fuel[0] <= 2.9 + 1e-15
    assert stationary.carbon.fuel[0] <= 600.0 + 500.0 + 1e-12
    assert stationary.carbon.standing[0] >= 0.0


def test_fuel_beyond_tank_and_charge_is_refused():
    with pytest.raises(InputError, match=r"device 0, step 0: must not take out more .*0.1 MWh too much"):
        run(store([1.0], p_drain_mw=np.array([3.0])))


def test_an_efficiency_of_its_own_in_every_slot():
    eta = np.array([0.5, 0.9, 1.0])
    changing = {"eta_charge": PerSlot(eta), "eta_discharge": PerSlot([1.0, 1.0, 0.5])}
    stocks = run(store([1.0, 1.0, -1.0], **changing), ci=300.0)
    np.testing.assert_allclose(stocks.e_end_mwh, [2.5, 3.4, 1.4])
    assert stocks.ci_discharge_kg_per_mwh[2] == pytest.approx((600 + 600) / 3.4 / 0.5)
    assert stocks.stationary.energy.charge[0] == pytest.approx(0.5)
    constant = store([1.0, 1.0, -1.0])
    by_slot = replace(constant, eta_charge=PerSlot(np.full(3, 0.9)), eta_discharge=PerSlot(np.full(3, 0.8)))
    np.testing.assert_array_equal(run(by_slot).charge_kg, run(constant).charge_kg)
    np.testing.assert_array_equal(run(by_slot).ci_discharge_kg_per_mwh, run(constant).ci_discharge_kg_per_mwh)


def test_sessions_of_one_step_keep_the_efficiency_of_their_device():
    """As many slots as devices: whether a value is a device's or a slot's is said by its type, not by its length."""
    eta = np.array([0.7, 0.99, 0.7, 0.99])
    operation = store(np.ones(4), owner=np.arange(4), node=np.zeros(4, int), start=np.array([2, 0, 1, 3]),
                      stop=np.array([3, 1, 2, 4]), e_start_mwh=np.zeros(4), eta_charge=eta,
                      eta_discharge=np.full(4, 0.8), retention_per_step=np.ones(4), vehicle=np.ones(4, bool),
                      ci_initial_kg_per_mwh=np.zeros(4), renewable_share_initial=np.zeros(4))  # fmt: skip
    np.testing.assert_allclose(run(operation).e_end_mwh, eta)
    np.testing.assert_allclose(run(replace(operation, eta_charge=PerSlot(eta))).e_end_mwh, eta)
    np.testing.assert_allclose(run(operation.select(slice(1, 3))).closing.e_mwh, [0, 0.99, 0.7, 0])
    with pytest.raises(InputError, match=r"eta_charge: must have shape \(2,\)"):
        store([0.0, 0.0], eta_charge=PerSlot(np.ones(1)))
    with pytest.raises(InputError, match=r"eta_charge: must have shape \(1,\)"):
        store([0.0, 0.0], eta_charge=np.ones(2))


def test_taking_out_more_than_there_is_names_device_and_step():
    with pytest.raises(InputError, match=r"device 0, step 1: must not take out more .*0.25 MWh too much"):
        run(store([0.0, -1.8]))


def test_taking_out_a_little_more_than_rounding_is_refused():
    with pytest.raises(InputError, match="must not take out more than the stock holds"):
        run(store([-1.6 - 2e-9]))


def test_rounding_beyond_empty_is_forgiven():
    stocks = run(store([-1.6 - 0.7e-9]))
    assert stocks.e_end_mwh[0] == 0
    assert stocks.stationary.carbon.discharge[0] == pytest.approx(600.0)


@pytest.mark.parametrize(
    ("changes", "place"),
    [
        ({"eta_charge": np.array([0.0])}, r"eta_charge\[0\]: must be at least"),
        ({"retention_per_step": np.array([1.1])}, r"retention_per_step\[0\]: must be at most 1"),
        ({"e_start_mwh": np.array([-1.0])}, r"e_start_mwh\[0\]: must be at least 0; got -1.0"),
        ({"stop": np.array([0])}, r"stop\[0\]: must be greater than start"),
        ({"owner": np.array([1])}, r"owner\[0\]: must lie within 0..0; got 1"),
        ({"p_mw": np.array([1.0])}, r"p_mw: must have shape \(2,\)"),
        ({"p_drain_mw": np.array([1.0, -1.0])}, r"p_drain_mw\[1\]: must be at least 0"),
    ],
)
def test_a_wrong_operation_is_named(changes, place):
    with pytest.raises(InputError, match=place):
        replace(store([0.0, 0.0]), **changes)


def test_a_car_cannot_be_in_two_places():
    single = store([0.0, 0.0])
    names = ("owner", "node", "stop", "e_start_mwh", "eta_charge", "eta_discharge", "retention_per_step")
    twice = {name: np.repeat(getattr(single, name), 2) for name in names}
    with pytest.raises(InputError, match=r"start\[1\]: must not lie before the end of session 0"):
        replace(single, **twice, start=np.array([0, 1]), p_mw=np.zeros(3))


@pytest.mark.parametrize(("name", "value"), [("node", 1), ("stop", 3)])
def test_a_device_outside_the_grid_or_the_time_is_refused(name, value):
    operation = store(np.zeros(3 if name == "stop" else 2), **{name: np.array([value])})
    with pytest.raises(InputError, match=f"operation.{name}"):
        trace(*one_node(np.zeros(2)), 1.0, operation)


@examples(20)
@given(SEEDS)
def test_some_devices_are_what_they_are_among_all(seed):
    city = random_city(seed)
    op, stocks = city.operation, trace(city.flows, city.sources, city.step_hours, city.operation).stocks
    ends = np.append(op.first_slot, op.p_mw.size)
    for first, stop in ((0, 1), (1, op.n_devices - 1), (0, op.n_devices)):
        some, slots = stocks.select(slice(first, stop)), slice(ends[first], ends[stop])
        for name in ("e_end_mwh", "charge_kg", "discharge_kg", "ci_discharge_kg_per_mwh", "renewable_share"):
            np.testing.assert_array_equal(getattr(some, name), getattr(stocks, name)[slots], err_msg=name)
        np.testing.assert_array_equal(some.events.operation.slot_step, op.slot_step[slots])


@examples(20)
@given(SEEDS)
def test_power_at_nodes_is_that_of_the_slots(seed):
    city = random_city(seed)
    op, shape = city.operation, (city.flows.n_steps, city.flows.n_nodes)
    car = op.vehicle[op.owner]
    for counts in (None, car):
        here = np.ones(op.p_mw.size, bool) if counts is None else counts[op.slot_device]
        expected = np.zeros((2, *shape))
        for way, p_mw in enumerate((np.maximum(op.p_mw, 0), np.maximum(-op.p_mw, 0))):
            np.add.at(expected[way], (op.slot_step, op.node[op.slot_device]), p_mw * here)
        np.testing.assert_allclose(op.power_at_nodes(*shape, counts), expected, atol=1e-15)
