"""State estimation from voltages and magnitudes of currents alone: both directions of a current read the same."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import numpy as np
import pandapower as pp
import pandapower.estimation
import pytest

from grid import _pandapower
from grid.powerflow.powerflow import PowerFlow, power_flow
from grid.time.clock import Clock
from grid.twin.estimation.covariance import PriorCovariance
from grid.twin.estimation.estimate import GRID_VOLTAGE_SPREAD, StateEstimate, estimate
from grid.twin.estimation.measured import MeasuredValues
from grid.twin.estimation.model import StateModel
from grid.twin.estimation.pseudo import PseudoInjections

STEPS, COMPARED = 40, 6
LOADS = np.array([1, 3, 4, 5, 7])
SPREAD = np.repeat([0.15, 0.06], LOADS.size)


@pytest.fixture(scope="module")
def net() -> pp.pandapowerNet:
    """A feeder of 10 kV; buses 2 and 6 draw nothing."""
    net = pp.create_empty_network(sn_mva=1.0)
    buses = [pp.create_bus(net, vn_kv=10.0, name=f"bus {k}") for k in range(8)]
    pp.create_ext_grid(net, buses[0], vm_pu=1.02)
    for k, (start, end) in enumerate([*pairwise(buses[:6]), (buses[2], buses[6]), (buses[6], buses[7])]):
        pp.create_line_from_parameters(net, start, end, 2.0, r_ohm_per_km=0.16, x_ohm_per_km=0.12, c_nf_per_km=270.0,
                                       max_i_ka=0.3, name=f"line {k}")  # fmt: skip
    for bus in LOADS.tolist():
        pp.create_load(net, bus, p_mw=0.4)
    return net


def measured_day(net: pp.pandapowerNet) -> tuple[PowerFlow, MeasuredValues, PseudoInjections]:
    """Buses that draw power, the last one next to nothing: what flowed, was measured, and was expected."""
    network, rng = _pandapower.network_of(net), np.random.default_rng(0)
    p, q = np.zeros((STEPS, 8)), np.zeros((STEPS, 8))
    size = np.where(LOADS == 7, 0.02, 1.0)
    p[:, LOADS] = size * rng.uniform(0.2, 0.6, (STEPS, LOADS.size))
    q[:, LOADS] = size * rng.uniform(-0.1, 0.2, (STEPS, LOADS.size))
    flow = power_flow(network, Clock(datetime(2026, 1, 1, tzinfo=UTC), timedelta(hours=1), STEPS), p, q)
    drawn = np.hstack([p[:, LOADS], q[:, LOADS]])
    reactive = np.repeat([False, True], LOADS.size)
    expected = drawn + rng.standard_normal(drawn.shape) * SPREAD
    pseudo = PseudoInjections(np.tile(LOADS, 2), reactive, expected, SPREAD)
    quantity, place = ("vm_pu",) * 2 + ("i_from_ka",) * 7, np.array([0, 5, *range(7)])
    model = StateModel.from_network(network, LOADS)
    blank = MeasuredValues(quantity, place, np.zeros((STEPS, 9)), np.ones(9))
    x = np.vstack([drawn.T, np.ones(STEPS)])
    true = model.readings(blank).values(np.ascontiguousarray(flow.voltage.T[model.factor.order]), x).T
    deviation = np.maximum(0.01 * np.abs(true).max(axis=0), 1e-5)
    noisy = true + deviation * rng.standard_normal(true.shape)
    return flow, MeasuredValues(quantity, place, noisy, deviation), pseudo


@pytest.fixture(scope="module")
def found(net: pp.pandapowerNet) -> StateEstimate:
    flow, measured, pseudo = measured_day(net)
    return estimate(flow.network, measured, pseudo)


def test_steps_settle_on_the_least_square_from_voltages_and_currents_alone(
    net: pp.pandapowerNet, found: StateEstimate
) -> None:
    _, measured, pseudo = measured_day(net)
    assert found.settled.all()
    prior = PriorCovariance.from_pseudo(np.arange(10), 11, pseudo, GRID_VOLTAGE_SPREAD)
    missed = np.maximum(measured.values, 0.0) - found.read()
    slope, _ = found.model.slope(
        found.readings, (measured.weights() * missed).T, (found.x, found.swept), found.model.no_adjoint(STEPS), 60
    )
    moved = found.x - np.append(pseudo.values, np.ones((STEPS, 1)), axis=1).T
    assert np.abs(moved - prior.times(slope)).max() < 1e-4 * np.abs(moved).max()


@pytest.mark.filterwarnings("ignore::pandas.errors.SettingWithCopyWarning")  # within pandapower 3.5.6
def test_the_state_by_currents_is_one_of_pandapower(net: pp.pandapowerNet, found: StateEstimate) -> None:
    """There are several least squares, for a current reads the same both ways: it is sought beside the state found."""
    _, measured, pseudo = measured_day(net)
    ours = np.stack([found.vm_pu(), found.va_degree()], axis=2)
    for step in range(COMPARED):
        theirs = pandapower_state(net, measured, pseudo, step, ours[step])
        assert np.abs(ours[step] - theirs)[:, 0].max() < 1e-6
        assert np.abs(ours[step] - theirs)[:, 1].max() < 1e-4


def pandapower_state(
    net: pp.pandapowerNet, measured: MeasuredValues, pseudo: PseudoInjections, step: int, start: np.ndarray
) -> np.ndarray:
    """Voltages and angles by pandapower's weighted least squares, sought from such, (B, 2)."""
    net = pp.pandapowerNet(net)
    for quantity, place, value, spread in zip(
        measured.quantity,
        measured.place.tolist(),
        measured.values[step],
        measured.standard_deviation[step],
        strict=True,
    ):
        if quantity == "vm_pu":
            pp.create_measurement(net, "v", "bus", value, spread, place)
        else:
            pp.create_measurement(net, "i", "line", max(value, 0.0), spread, place, "from")
    pp.create_measurement(net, "v", "bus", 1.02, GRID_VOLTAGE_SPREAD * 1.02, 0)
    for bus, reactive, value, spread in zip(
        pseudo.bus.tolist(), pseudo.reactive, pseudo.values[step], pseudo.standard_deviation[step], strict=True
    ):
        pp.create_measurement(net, "q" if reactive else "p", "bus", value, spread, bus)
    for bus in (2, 6):
        for quantity in "pq":
            pp.create_measurement(net, quantity, "bus", 0.0, 1e-6, bus)
    pp.runpp(net)
    net.res_bus[["vm_pu", "va_degree"]] = start + 1e-7
    result = pandapower.estimation.estimate(net, init="results", tolerance=1e-9, maximum_iterations=100,
                                            zero_injection=None)  # fmt: skip
    assert result["success"]
    return np.asarray(net.res_bus_est[["vm_pu", "va_degree"]])
