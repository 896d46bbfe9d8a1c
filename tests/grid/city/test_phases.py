"""On which phases things are: as stated, else by the rule, and the same for the same seed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import pandapower as pp
import pandapower.networks as pn
import pytest
from hypothesis import given
from hypothesis import strategies as st

from grid.city.city import City, make_city
from grid.city.phases import SINGLE_PHASE_MAX_MVA, city_phases, phase_shares, three_phase_network
from grid.city.source import read_grid, source_of_net
from grid.errors import InputError
from grid.flexibility.flexibility import Flexibility, one_hot
from grid.flexibility.reservoir import Reservoir
from grid.time.clock import Clock
from tests.examples import examples

CLOCK = Clock(datetime(2030, 1, 1, tzinfo=UTC), timedelta(hours=1), 3)
VN_KV = np.array([0.4, 0.4, 10.0])


def drawn(city: City, seed: int = 0) -> np.ndarray:
    """What the city's own elements draw between phase and neutral in the first step, shape (3, B) [MW]."""
    return city_phases(city, seed).wye.at(0)[0].reshape(3, -1)


@pytest.fixture(scope="module")
def reference() -> City:
    return make_city(read_grid("reference"), CLOCK)


def test_phases_that_the_net_states_are_kept() -> None:
    net = pn.ieee_european_lv_asymmetric("on_peak_566")
    city = make_city(source_of_net(net), CLOCK)
    expected = net.asymmetric_load.groupby("bus")[["p_a_mw", "p_b_mw", "p_c_mw"]].sum()
    found = drawn(city)
    np.testing.assert_allclose(found[:, net.bus.index.get_indexer(expected.index)], expected.to_numpy().T, atol=1e-15)
    assert found.sum() == pytest.approx(expected.to_numpy().sum())
    assert city_phases(city, 0).n_single == 0


def test_delta_loads_stay_between_phases_and_cancelling_phases_are_refused() -> None:
    net = pn.create_kerber_landnetz_freileitung_1()
    bus = net.load.bus.iloc[0]
    pp.create_asymmetric_load(net, bus, p_a_mw=0.002, p_b_mw=0.001, type="delta")
    phases = city_phases(make_city(source_of_net(net), CLOCK), 0)
    np.testing.assert_allclose(phases.delta.at(0)[0].reshape(3, -1).sum(axis=1), [0.002, 0.001, 0.0], atol=1e-15)
    pp.create_asymmetric_load(net, bus, p_a_mw=0.001, p_b_mw=-0.001, name="opposed")
    with pytest.raises(InputError, match=r"opposed.*cancel"):
        three_phase_network(make_city(source_of_net(net), CLOCK).network)


def test_small_loads_of_low_voltage_are_on_one_phase_and_the_rest_on_three(reference: City) -> None:
    by_phase, network = drawn(reference), reference.network
    p_mw = reference.withdrawal()[0][0]
    np.testing.assert_allclose(by_phase.sum(axis=0), p_mw, atol=1e-12)
    medium = network.buses.vn_kv > 1
    np.testing.assert_allclose(by_phase[:, medium], np.tile(p_mw[medium] / 3, (3, 1)), atol=1e-12)
    columns = network.elements["load"]
    rated = np.hypot(columns["p_mw"], columns["q_mvar"])
    low = network.buses.vn_kv[np.array(columns["bus"])] < 1
    small = int((low & (rated <= SINGLE_PHASE_MAX_MVA)).sum())
    assert 0 < small <= city_phases(reference, 0).n_single
    assert (drawn(reference) == by_phase).all()
    assert (drawn(reference, 1) != by_phase).any()


def charging(power_mw: float, n_cars: int = 400) -> Flexibility:
    """Two sessions of each car, at home on the first bus and elsewhere on the second."""
    n, owner = 2 * n_cars, np.tile(np.arange(n_cars), 2)
    return Flexibility(
        name="cars", kind="ev_fleet", clock=CLOCK, shares=one_hot(np.zeros(n, dtype=np.int64), 3),
        start=np.repeat([0, 2], n_cars), stop=np.repeat([1, 3], n_cars), p_min_mw=np.zeros(n),
        p_max_mw=np.full(n, power_mw), element="storage",
        reservoir=Reservoir(
            e_start_mwh=np.zeros(n), e_min_mwh=np.zeros(n), e_max_mwh=np.ones(n), e_end_mwh=np.zeros(n),
            eta_charge=np.ones(n), eta_discharge=np.ones(n), retention_per_step=np.ones(n), owner=owner, vehicle=True,
        ),
    )  # fmt: skip


@examples(50)
@given(st.floats(1e-4, 0.05), st.integers(0, 10), st.sampled_from([None, "a", "b", "c", "abc"]))
def test_what_devices_draw_is_shared_among_the_phases(power_mw: float, seed: int, stated: str | None) -> None:
    cars = charging(power_mw, 20)
    shares = phase_shares(cars, VN_KV, 0.0, stated, seed).toarray().reshape(-1, 3, 3)  # type: ignore[arg-type]
    np.testing.assert_allclose(shares.sum(axis=1), cars.shares.toarray(), atol=1e-15)
    single = stated in {"a", "b", "c"} or (stated is None and power_mw <= SINGLE_PHASE_MAX_MVA)
    assert shares.max(axis=(1, 2)) == pytest.approx(1.0 if single else 1 / 3)


def test_a_charging_point_keeps_its_phase_and_cars_spread_over_all_three() -> None:
    shares = phase_shares(charging(0.0037), VN_KV, 0.0, None, 0).toarray().reshape(-1, 3, 3)[:, :, 0]
    np.testing.assert_array_equal(shares[:400], shares[400:])
    assert (np.abs(shares[:400].sum(axis=0) - 400 / 3) < 60).all()
