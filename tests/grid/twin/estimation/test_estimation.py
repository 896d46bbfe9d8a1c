"""State estimation: against pandapower's, and its laws."""

import copy
import itertools
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import numpy as np
import pandapower as pp
import pandapower.estimation
import pytest
from scipy import sparse

from grid import _pandapower
from grid.errors import InputError
from grid.network.network import Network
from grid.powerflow.powerflow import PowerFlow, power_flow
from grid.time.clock import Clock
from grid.twin.estimation.bad_data import estimate_without_bad_data
from grid.twin.estimation.candidates import best_sensors
from grid.twin.estimation.covariance import PriorCovariance
from grid.twin.estimation.estimate import GRID_VOLTAGE_SPREAD, estimate
from grid.twin.estimation.measured import MeasuredValues
from grid.twin.estimation.model import StateModel
from grid.twin.estimation.observability import observability, voltages_of
from grid.twin.estimation.pseudo import PseudoInjections, of_groups
from grid.twin.estimation.sensors import simulated_sensors

STEPS = 4


@dataclass(frozen=True)
class Feeder:
    """A feeder of 10 kV, what its buses drew, what was expected of them."""

    net: pp.pandapowerNet
    network: Network
    flow: PowerFlow
    drawn: tuple[np.ndarray, np.ndarray]
    pseudo: PseudoInjections


@pytest.fixture(scope="module")
def feeder() -> Feeder:
    net = pp.create_empty_network(sn_mva=1.0)
    buses = [pp.create_bus(net, vn_kv=10.0, name=f"bus {k}") for k in range(8)]
    pp.create_ext_grid(net, buses[0], vm_pu=1.02)
    for k, (start, end) in enumerate([*pairwise(buses[:6]), (buses[2], buses[6]), (buses[6], buses[7])]):
        pp.create_line_from_parameters(
            net,
            start,
            end,
            2.0,
            r_ohm_per_km=0.16,
            x_ohm_per_km=0.12,
            c_nf_per_km=270.0,
            max_i_ka=0.3,
            name=f"line {k}",
        )
    for bus in (1, 3, 4, 5, 7):  # buses 2 and 6 draw nothing
        pp.create_load(net, bus, p_mw=0.4)
    network = _pandapower.network_of(net)
    rng = np.random.default_rng(7)
    at = np.array([1, 3, 4, 5, 7])
    p, q = np.zeros((STEPS, 8)), np.zeros((STEPS, 8))
    p[:, at], q[:, at] = rng.uniform(0.2, 0.6, (STEPS, 5)), rng.uniform(0.05, 0.2, (STEPS, 5))
    flow = power_flow(network, Clock(datetime(2026, 1, 1, tzinfo=UTC), timedelta(hours=1), STEPS), p, q)
    spread = np.repeat([0.15, 0.06], 5)
    expected = np.hstack([p[:, at], q[:, at]]) + rng.standard_normal((STEPS, 10)) * spread
    pseudo = PseudoInjections(np.tile(at, 2), np.repeat([False, True], 5), expected, spread)
    return Feeder(net, network, flow, (p, q), pseudo)


def test_measurements_without_noise_return_the_true_state(feeder: Feeder) -> None:
    measured = simulated_sensors(feeder.flow, feeder.drawn, range(8))
    unknown = PseudoInjections.unknown(np.array([1, 3, 4, 5, 7]), STEPS)
    found = estimate(feeder.network, measured, unknown, grid_voltage_spread=None)
    assert found.settled.all()
    assert np.abs(found.voltage - feeder.flow.voltage).max() < 1e-8


def test_expectations_that_are_right_are_not_moved_by_measurements_without_noise(feeder: Feeder) -> None:
    p, q = (values[:, [1, 3, 4, 5, 7]] for values in feeder.drawn)
    right = replace(feeder.pseudo, values=np.hstack([p, q]))
    found = estimate(feeder.network, simulated_sensors(feeder.flow, feeder.drawn, [0, 4, 7]), right)
    assert np.abs(found.voltage - feeder.flow.voltage).max() < 1e-8


@pytest.mark.filterwarnings("ignore::pandas.errors.SettingWithCopyWarning")  # within pandapower 3.5.6
def test_the_state_is_that_of_pandapower(feeder: Feeder) -> None:
    rng = np.random.default_rng(3)
    measured = simulated_sensors(feeder.flow, feeder.drawn, [0, 3, 6], rng=rng)
    labels = list(zip(measured.quantity, measured.place.tolist(), strict=True))
    # pandapower takes one value of a kind at a bus: these are expected as well
    measured = measured.select(
        np.flatnonzero([q not in ("p_mw", "q_mvar") and (q, k) != ("vm_pu", 0) for q, k in labels])
    )
    found = estimate(feeder.network, measured, feeder.pseudo)
    for step in range(2):
        theirs = _pandapower_state(feeder, measured, step)
        assert np.abs(found.vm_pu()[step] - theirs[:, 0]).max() < 1e-6
        assert np.abs(found.va_degree()[step] - theirs[:, 1]).max() < 1e-4


def _pandapower_state(feeder: Feeder, measured: MeasuredValues, step: int) -> np.ndarray:
    """Voltages and angles by pandapower's weighted least squares, (B, 2)."""
    net = copy.deepcopy(feeder.net)
    for k, (quantity, place) in enumerate(zip(measured.quantity, measured.place.tolist(), strict=True)):
        value, spread = measured.values[step, k], measured.standard_deviation[step, k]
        if quantity == "vm_pu":
            pp.create_measurement(net, "v", "bus", value, spread, place)
        else:
            pp.create_measurement(net, quantity[0], "line", value, spread, place, quantity.split("_")[1])
    pp.create_measurement(net, "v", "bus", 1.02, 0.005 * 1.02, 0)
    pseudo = feeder.pseudo
    for k, (bus, reactive) in enumerate(zip(pseudo.bus.tolist(), pseudo.reactive, strict=True)):
        value, spread = pseudo.values[step, k], pseudo.standard_deviation[step, k]
        pp.create_measurement(net, "q" if reactive else "p", "bus", value, spread, bus)
    for bus, quantity in itertools.product((2, 6), "pq"):
        pp.create_measurement(net, quantity, "bus", 0.0, 1e-6, bus)
    pandapower.estimation.estimate(net, init="flat", tolerance=1e-9, maximum_iterations=50, zero_injection=None)
    return np.asarray(net.res_bus_est[["vm_pu", "va_degree"]])


def test_the_derivatives_are_those_of_the_power_flow(feeder: Feeder) -> None:
    measured = simulated_sensors(feeder.flow, feeder.drawn, range(8))
    branches = np.arange(len(feeder.network.branches))
    currents = MeasuredValues(("i_to_ka",) * branches.size, branches, np.ones((STEPS, branches.size)), np.ones(1))
    model = StateModel.from_network(feeder.network, feeder.pseudo.bus)
    readings = model.readings(measured.plus(currents))
    x = np.append(feeder.pseudo.values[0], 1.01)  # as the columns stand, with the external grid 1 % higher
    voltage = model.voltages(x[:, None])
    assert model.is_solution(x[:, None], voltage, 1e-9).all()
    beside = x[:, None] + 1e-5 * np.hstack([np.eye(x.size), -np.eye(x.size)])
    read = readings.values(model.voltages(beside), beside)
    slope = (read[:, : x.size] - read[:, x.size :]) / 2e-5
    found = model.sensitivity(readings, x, voltage[:, 0])
    assert np.abs(found - slope).max() < 1e-4 * np.abs(slope).max()


@pytest.mark.parametrize("exact", [1.0, 0.1])
def test_the_estimate_is_the_least_square_with_the_derivatives_of_its_own_state(feeder: Feeder, exact: float) -> None:
    measured = simulated_sensors(feeder.flow, feeder.drawn, [0, 3, 6], rng=np.random.default_rng(3))
    measured = replace(measured, standard_deviation=exact * np.asarray(measured.standard_deviation))
    pseudo = replace(feeder.pseudo, loadings=of_groups(np.repeat([0, 1], 5), 0.7))
    found = estimate(feeder.network, measured, pseudo)
    assert found.settled.all()
    prior = PriorCovariance.from_pseudo(np.arange(10), 11, pseudo, GRID_VOLTAGE_SPREAD)
    pulled = (measured.weights() * found.residual).T
    at, start = (found.x, found.swept), found.model.no_adjoint(STEPS)
    slope, _ = found.model.slope(found.readings, pulled, at, start, 60)
    moved = found.x - np.append(pseudo.values, np.ones((STEPS, 1)), axis=1).T
    assert np.abs(moved - prior.times(slope)).max() < 1e-4 * np.abs(moved).max()


def test_more_sensors_never_widen_a_band(feeder: Feeder) -> None:
    before = np.full(8, np.inf)
    for sensors in ([], [4], [4, 7], [4, 7, 1], [4, 7, 1, 0]):
        measured = simulated_sensors(feeder.flow, feeder.drawn, sensors)
        found = estimate(feeder.network, measured, feeder.pseudo)
        after = found.gain.variance(found.sensitivity(found.model.readings(voltages_of(found)))).max(axis=0)
        assert (after <= before * (1 + 1e-9)).all()
        before = after


def test_drawn_states_spread_as_the_linearised_variance_says(feeder: Feeder) -> None:
    grouped = replace(feeder.pseudo, loadings=of_groups(np.repeat([0, 1], 5), 0.7))
    found = estimate(feeder.network, simulated_sensors(feeder.flow, feeder.drawn, [4]), grouped)
    rng = np.random.default_rng(0)
    rows = found.sensitivity(found.model.readings(voltages_of(found)))
    drawn = np.array([rows @ found.gain.summed(found.gain.draw(STEPS, rng)) for _ in range(2000)])
    assert np.allclose(drawn.std(axis=0).T, np.sqrt(found.gain.variance(rows)), rtol=0.1)


def test_what_errs_the_other_way_is_estimated_the_other_way(feeder: Feeder) -> None:
    causes = np.zeros((1, 10))
    causes[0, :2] = 0.9, -0.9
    pseudo = replace(feeder.pseudo, loadings=sparse.csr_array(causes))
    bus = int(pseudo.bus[0])
    drawn = pseudo.values[:, :1] + np.asarray(pseudo.standard_deviation)[:, :1]
    measured = MeasuredValues(("p_mw",), np.array([bus]), drawn, np.full(drawn.shape, 1e-6))
    found = estimate(feeder.network, measured, pseudo, grid_voltage_spread=1e-6)
    moved = (found.elements - pseudo.values) / np.asarray(pseudo.standard_deviation)
    np.testing.assert_allclose(moved[:, 0], 1, rtol=1e-3)
    np.testing.assert_allclose(moved[:, 1], -0.81, rtol=1e-3)
    np.testing.assert_allclose(moved[:, 2:], 0, atol=1e-3)


@pytest.mark.parametrize("root", [1.1, np.nan])
def test_causes_that_say_more_than_all_of_a_spread_are_refused(feeder: Feeder, root: float) -> None:
    causes = sparse.csr_array(np.full((1, 10), root))
    measured = simulated_sensors(feeder.flow, feeder.drawn, [3])
    with pytest.raises(InputError, match="must add up to 1 at most"):
        estimate(feeder.network, measured, replace(feeder.pseudo, loadings=causes))


@pytest.mark.parametrize("known", [True, False])
def test_the_covariance_of_withdrawals_with_a_row_is_that_of_what_is_left_to_be_known(
    feeder: Feeder, known: bool
) -> None:
    pseudo = feeder.pseudo if known else PseudoInjections.unknown(np.array([1, 3, 4, 5, 7]), STEPS)
    measured = simulated_sensors(feeder.flow, feeder.drawn, list(range(8)), rng=np.random.default_rng(2))
    gain = estimate(feeder.network, measured, pseudo).gain
    row = np.random.default_rng(3).standard_normal(len(gain.covariance()))
    found = gain.summed(gain.covariance_with(row))
    np.testing.assert_allclose(found.mean(axis=1), gain.covariance() @ row, rtol=1e-6, atol=1e-12)
    np.testing.assert_allclose(row @ found, np.broadcast_to(gain.variance(row[None])[:, 0], STEPS), rtol=1e-6)


def test_a_wrong_value_is_found_and_named(feeder: Feeder) -> None:
    measured = simulated_sensors(feeder.flow, feeder.drawn, [0, 3, 4, 7], rng=np.random.default_rng(1))
    wrong = measured.quantity.index("p_from_mw")
    values = measured.values.copy()
    values[2, wrong] += 0.8
    found = estimate_without_bad_data(feeder.network, replace(measured, values=values), feeder.pseudo)
    assert [(bad.step, bad.element, bad.quantity) for bad in found.bad] == [(2, *measured.label(feeder.network, wrong))]
    right = estimate(feeder.network, measured, feeder.pseudo)
    assert np.abs(found.estimate.vm_pu() - right.vm_pu()).max() < 0.002


def test_what_rests_on_what_is_said(feeder: Feeder) -> None:
    measured = simulated_sensors(feeder.flow, feeder.drawn, [3])
    said = observability(estimate(feeder.network, measured, feeder.pseudo))
    # bus 2 follows from the current of line 2; bus 0 does not, for what bus 7 draws is not known
    assert said.basis == ("pseudo", "pseudo", "observable", "measured", "observable", "pseudo", "pseudo", "pseudo")
    assert said.explained[3] > said.explained[7] > 0
    unknown = PseudoInjections.unknown(np.array([1, 3, 4, 5, 7]), STEPS)
    blind = observability(estimate(feeder.network, measured, unknown, grid_voltage_spread=None))
    assert [name for name in blind.basis if name == "unobservable"] == ["unobservable"] * 5


def test_sensors_stand_where_most_is_learnt_and_the_bound_holds(feeder: Feeder) -> None:
    two = best_sensors(feeder.network, feeder.pseudo, 2)
    values = [
        best_sensors(feeder.network, feeder.pseudo, 2, among=[a, b]).value[-1] for a in range(8) for b in range(a)
    ]
    assert (1 - 1 / np.e) * max(values) <= two.value[-1] <= max(values) * (1 + 1e-6)
    assert max(values) <= two.bound
    near = best_sensors(feeder.network, feeder.pseudo, 2, criterion="error")
    assert near.value[2] < near.value[1] < near.value[0]


def test_faults_are_said_at_once(feeder: Feeder) -> None:
    measured = MeasuredValues(("vm_pi", "vm_pu", "p_from_mw"), np.array([0, 9, 99]), np.ones((STEPS, 3)), np.ones(3))
    with pytest.raises(InputError) as raised:
        estimate(feeder.network, measured, feeder.pseudo)
    assert len(raised.value.faults) == 3
    assert "did you mean 'vm_pu'" in str(raised.value)


def in_layers(pseudo: PseudoInjections, n_steps: int) -> PseudoInjections:
    """What is expected, in two groups that lie within one of all, with the sum of three active powers known."""
    layers = of_groups(np.repeat([0, 1], 5), 0.5), of_groups(np.repeat([0, -1], 5), 0.4)
    total = np.array([0, 0, 0, -1, -1, -1, -1, -1, -1, -1])
    values = np.tile(pseudo.values.mean(axis=0), (n_steps, 1))
    spread = 0.3 * np.asarray(pseudo.standard_deviation)[0]
    return PseudoInjections(
        pseudo.bus,
        pseudo.reactive,
        values,
        spread,
        sparse.csr_array(sparse.vstack(layers)),
        total,
        np.full((n_steps, 1), 0.01),
    )


def test_errors_within_a_known_sum_make_up_for_each_other(feeder: Feeder) -> None:
    pseudo = in_layers(feeder.pseudo, STEPS)
    prior = PriorCovariance.from_pseudo(np.arange(10), 11, pseudo, 0.005)
    rng, unit = np.random.default_rng(0), np.eye(11)
    drawn = np.concatenate([prior.draw(STEPS, rng) for _ in range(4000)], axis=1)
    assert np.allclose(np.cov(drawn), prior.between(unit, unit, 0), atol=6e-5)
    assert np.allclose(np.diag(prior.between(unit, unit, 0)), prior.variance(unit, 0))
    assert np.allclose(prior.times(unit), prior.between(unit, unit, 0))
    of_sum = np.sqrt(prior.variance(np.repeat([1.0, 0.0], [3, 8])[None], 0)[0])
    assert of_sum == pytest.approx(0.01, rel=0.05)  # as exact as it was told, and each of them is not
    assert np.sqrt(prior.variance(unit, 0)[:3]).min() > of_sum


def test_bands_of_90_percent_hold_90_percent(feeder: Feeder) -> None:
    """Truth drawn from what is expected, measured with noise: a law of the estimate where all that it assumes holds."""
    n_steps, rng = 400, np.random.default_rng(1)
    pseudo = in_layers(feeder.pseudo, n_steps)
    error = PriorCovariance.from_pseudo(np.arange(10), 11, pseudo, 0.005).draw(n_steps, rng)[:10].T
    p, q = np.zeros((n_steps, 8)), np.zeros((n_steps, 8))
    p[:, pseudo.bus[:5]], q[:, pseudo.bus[5:]] = np.split(pseudo.values + error, 2, axis=1)
    flow = power_flow(feeder.network, Clock(datetime(2026, 1, 1, tzinfo=UTC), timedelta(minutes=15), n_steps), p, q)
    measured = simulated_sensors(flow, (p, q), [0, 4], rng=rng)
    found = estimate(feeder.network, measured, pseudo, grid_voltage_spread=1e-6)
    rows = found.sensitivity(found.model.readings(voltages_of(found)))
    band = 1.645 * np.sqrt(found.gain.variance(rows))
    within = np.abs(found.vm_pu() - flow.vm_pu()) <= band
    assert 0.85 < within[:, 1:].mean() < 0.95
