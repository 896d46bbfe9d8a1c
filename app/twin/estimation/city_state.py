"""The state of a city in every step by what was measured, with bands from many possible states."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from app.simulation.inputs import SimulationInputs
from app.twin.estimation.calibration import SpreadFactors, spread_factors
from app.twin.estimation.carbon import NOTHING, intensities
from app.twin.estimation.elements import city_elements
from app.twin.estimation.expectations import Expectations, expectations
from app.twin.estimation.grid_readings import GridReadings, grid_readings
from app.twin.estimation.grid_voltage import GridVoltages, GridVoltageSpread, grid_voltage_spread
from app.twin.estimation.operating_points import OperatingPoints, flows_of, imported_mw
from app.twin.estimation.possible_states import PossibleStates
from grid.arrays import Floats
from grid.network.network import Network
from grid.powerflow.powerflow import PowerFlow
from grid.twin.estimation.bad_data import CleanEstimate, estimate_without_bad_data
from grid.twin.estimation.estimate import estimate
from grid.twin.estimation.measured import MeasuredValues
from grid.twin.estimation.pseudo import PseudoInjections
from grid.twin.measurements import MeasuredSeries

BAND: Final = 0.9
"""Share of the cases that a band is to hold."""
DOUBTED: Final = 2.0
"""What spreads of expectations are multiplied with while bad data are sought; ours."""
EDGES: Final = ((1 - BAND) / 2, (1 + BAND) / 2)
POSSIBLE_STATES: Final = 40
"""States drawn in each step, of which bands are made."""
PROBABILITIES: Final = tuple((np.arange(POSSIBLE_STATES) + 0.5) / POSSIBLE_STATES)
"""Those by which each takes a standard deviation of the external grids' voltage, see `PossibleStates.possible`."""


@dataclass(frozen=True, eq=False)
class StateBand:
    """An estimate with its band, T steps of anything.

    Args:
        value: The estimate, shape (T, ...).
        low: Below it in (1 - `BAND`) / 2 of the cases.
        high: Above it likewise.
    """

    value: Floats
    low: Floats
    high: Floats


@dataclass(frozen=True, eq=False)
class ElectricalState:
    """The estimated state of a city without its carbon; T steps, B buses, L branches, E elements.

    Args:
        inputs: The scenario.
        series: What was measured.
        readings: What of it the estimation took.
        expected: What was expected of the elements.
        factors: What spreads of expectations were multiplied with.
        clean: The estimate, and measurements that contradicted it.
        p_mw: Withdrawal of every element, shape (T, E) [MW].
        vm_pu: Voltages, shape (T, B) [pu].
        loading_percent: Loadings, shape (T, L) [%].
        loss_mw: Losses of all branches, shape (T,) [MW].
        import_mw: What comes from the external grids, shape (T,) [MW]; negative where it goes there.
    """

    inputs: SimulationInputs
    series: MeasuredSeries
    readings: GridReadings
    expected: Expectations
    factors: SpreadFactors
    clean: CleanEstimate
    p_mw: Floats
    vm_pu: StateBand
    loading_percent: StateBand
    loss_mw: StateBand
    import_mw: StateBand


@dataclass(frozen=True, eq=False)
class CityState(ElectricalState):
    """The estimated state of a city, see `ElectricalState`.

    Args:
        ci_kg_per_mwh: Carbon intensity of every bus, shape (T, B) [kg/MWh]; NaN where nothing flows.
        held: Intensity of what each element that is a store holds before the first step and after the last, by name
            [kg/MWh].
    """

    ci_kg_per_mwh: StateBand
    held: tuple[Mapping[str, float], Mapping[str, float]]


def city_state(
    inputs: SimulationInputs, series: MeasuredSeries, seed: int = 0, n_steps: int | None = None,
    held: Mapping[str, float] = NOTHING,
) -> CityState:  # fmt: skip
    """Estimates the state of a city in the steps of a scenario.

    Args:
        inputs: The scenario.
        series: Measurements on its clock.
        seed: Of the states that are drawn.
        n_steps: How many of the first steps; None: all.
        held: Intensity of what assets hold before the first step, by name [kg/MWh]; see `stored_intensity`.

    Raises:
        InputError: If the network cannot be estimated, or the profiles do not reach back far enough.
    """
    elements = city_elements(inputs)
    expected = expectations(inputs, elements, series)
    if n_steps is not None:
        series, expected = series.until(n_steps), expected.until(n_steps)
    return state_by(inputs, series, expected, seed, held)


def state_by(
    inputs: SimulationInputs, series: MeasuredSeries, expected: Expectations, seed: int = 0,
    held: Mapping[str, float] = NOTHING,
) -> CityState:  # fmt: skip
    """The same with what is expected of the elements at hand, in the steps of the measurements."""
    readings, factors, drawn = _estimated(inputs, series, expected)
    drawn = replace(drawn, held=held)
    rng, (stored, after) = np.random.default_rng(seed), drawn.stored()
    elements = expected.elements
    middle = (*_electrical(drawn, drawn.middle), _intensities(drawn, drawn.middle, stored))

    def possible(probability: float) -> tuple[Floats, ...]:
        points = drawn.possible(rng, probability)[1]
        given = drawn.stored_by(points, middle[-1], rng)
        return (*_electrical(drawn, points), _intensities(drawn, points, given))

    vm_pu, loading, loss, imported, ci = _bands(middle, [possible(probability) for probability in PROBABILITIES])
    before = dict(zip(elements.name, drawn.contents.before(held).tolist(), strict=True))
    return CityState(
        inputs, series, readings, expected, factors, drawn.clean, drawn.middle.p_mw, vm_pu, loading, loss, imported, ci,
        ({name: before[name] for name in after}, after),
    )  # fmt: skip


def electrical_state(
    inputs: SimulationInputs, series: MeasuredSeries, expected: Expectations, seed: int = 0
) -> ElectricalState:
    """The same without the carbon, whose tracing takes most of the time."""
    readings, factors, drawn = _estimated(inputs, series, expected)
    rng = np.random.default_rng(seed)
    possible = [_electrical(drawn, drawn.possible(rng, probability)[1]) for probability in PROBABILITIES]
    bands = _bands(_electrical(drawn, drawn.middle), possible)
    return ElectricalState(inputs, series, readings, expected, factors, drawn.clean, drawn.middle.p_mw, *bands)


def _estimated(
    inputs: SimulationInputs, series: MeasuredSeries, expected: Expectations
) -> tuple[GridReadings, SpreadFactors, PossibleStates]:
    """What was read, what spreads of expectations were multiplied with, and the states that are possible by both."""
    network = inputs.loaded.city.network
    readings = grid_readings(series, network)
    factors = spread_factors(network, readings.measured, expected)
    pseudo, active, reactive = expected.pseudo(factors.active, factors.reactive)
    decided = np.hstack([expected.decided_mw[:, active], np.zeros((series.clock.n_steps, reactive.size))])
    clean, of_grid = _clean(network, readings.measured, pseudo, decided)
    factors = replace(factors, grid_voltage=of_grid.rms)
    steps, voltages = np.arange(series.clock.n_steps), GridVoltages.of(clean.estimate, of_grid.rms, of_grid)
    return readings, factors, PossibleStates(inputs, expected, clean, active, steps, grid_voltages=voltages)


def _clean(
    network: Network, measured: MeasuredValues, pseudo: PseudoInjections, decided_mw: Floats
) -> tuple[CleanEstimate, GridVoltageSpread]:
    """The estimate without what contradicts it, where expectations may be off by `DOUBTED` times their spread.

    Expectations are not normally distributed: a measurement that only they contradict is none that is wrong. What
    somebody decides on may do all that it can at once, as the cars of a feeder do when its limits let them: that lies
    many deviations beyond what independent cars do, and is possible all the same.

    Args:
        network: The network.
        measured: What was measured.
        pseudo: What is expected.
        decided_mw: How far off each of it may be by what is decided, shape (T, V) [MW].

    Returns:
        The estimate, and how likely standard deviations of the external grids' voltage are, of which it took the mean.
    """
    doubted = replace(pseudo, standard_deviation=np.hypot(DOUBTED * pseudo.standard_deviation, decided_mw))
    found = estimate_without_bad_data(network, measured, doubted)
    kept, bad, untested = found.estimate.measured, found.bad, found.untested
    late = np.flatnonzero(~found.estimate.settled)
    if late.size:  # a gross error may leave a step without an estimate there: the narrower expectations hold it
        again = estimate_without_bad_data(network, kept.steps(late), pseudo.steps(late))
        left_out = np.zeros(kept.values.shape, dtype=bool)
        left_out[late] = kept.known[late] & ~again.estimate.measured.known
        kept, bad = kept.without(left_out), bad + tuple(replace(each, step=int(late[each.step])) for each in again.bad)
        untested = untested.copy()
        untested[late] = again.untested
    of_grid = grid_voltage_spread(found.estimate)
    return CleanEstimate(estimate(network, kept, pseudo, grid_voltage_spread=of_grid.rms), bad, untested), of_grid


def _bands(middle: Sequence[Floats], possible: Sequence[Sequence[Floats]]) -> tuple[StateBand, ...]:
    """Bands of what follows from the estimate by what follows from possible states."""
    bands = []
    for centre, parts in zip(middle, zip(*possible, strict=True), strict=True):
        low, high = np.quantile(np.stack(parts), EDGES, axis=0, method="weibull")
        bands.append(StateBand(centre, np.fmin(low, centre), np.fmax(high, centre)))
    return tuple(bands)


def _electrical(states: PossibleStates, points: OperatingPoints) -> tuple[Floats, ...]:
    """Voltages, loadings, losses and imports of operating points."""
    inputs, network = states.inputs, states.inputs.loaded.city.network
    nothing = np.zeros(points.step.size, dtype=bool)
    flow = PowerFlow(inputs.clock.window(0, points.step.size), network, points.voltage, nothing, nothing)
    p_from, p_to = flows_of(network, points.voltage)
    imported = imported_mw(network, points, states.expected.elements).sum(axis=1)
    return flow.vm_pu(), flow.loading_percent(), (p_from + p_to).sum(axis=1), imported


def _intensities(states: PossibleStates, points: OperatingPoints, stored: Floats) -> Floats:
    """Carbon intensity of every bus in operating points, shape (T, B) [kg/MWh]; NaN where nothing flows."""
    node = states.inputs.loaded.city.network.buses.node
    ci = intensities(states.inputs, states.expected.elements, points, stored)[:, np.maximum(node, 0)]
    ci[:, node < 0] = np.nan
    return ci
