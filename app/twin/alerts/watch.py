"""A city's grid under watch: whenever measurements arrive, what is likely to exceed a limit ahead."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from app.simulation.inputs import SimulationInputs
from app.twin.alerts.plan import Plan, plan_ahead
from app.twin.forecasts.period import OperatedCity
from app.twin.forecasts.powers import SIGN, CityPowers
from grid.arrays import Floats
from grid.network.injections import Injections
from grid.network.tolerances import IMPORT_TOLERANCE, LOADING_TOLERANCE_PERCENT, VOLTAGE_TOLERANCE_PU
from grid.powerflow.powerflow import Patience, PowerFlow, node_voltages, voltages
from grid.time.clock import Clock
from grid.twin.alerts.causes import by_cause
from grid.twin.alerts.risks import Risk, failure_risk, violation_risks
from grid.twin.forecast.forecaster import Forecaster, QuantileForecast, make_forecaster
from grid.twin.forecast.history import PowerHistory
from grid.twin.forecast.quantiles import LEVELS
from grid.twin.forecast.samples import Dependence, dependence_of, sample_paths
from grid.twin.learning.corrections import ForecastCorrection

TEST_DAYS = 14
"""Days of the past that are forecast again to choose a method."""
LITTLE = Patience(fixed_point=30, newton=12)
"""When steps of courses are given up where voltage decides nothing; ours: those that have a solution need far fewer
iterations, but next to the limit of what the grid carries."""


@dataclass(frozen=True, eq=False)
class GridWatch:
    """All that does not change when a measurement arrives: trained forecasts, the grid, the plan; H steps ahead.

    Args:
        ahead: The scenario over the hours ahead.
        past: What was measured before.
        forecasters: One for each kind of power.
        dependence: What their errors have in common.
        plan: What flexible assets are to do.
        n_samples: Courses of the forecast that are run through the power flow.
        seed: Seed of these courses.
    """

    ahead: SimulationInputs
    past: CityPowers
    forecasters: tuple[Forecaster, ...]
    dependence: Dependence
    plan: Plan
    n_samples: int = 100
    seed: int = 0

    @property
    def clock(self) -> Clock:
        """The steps ahead."""
        return self.plan.problem.clock

    def with_plan(self, plan: Plan) -> GridWatch:
        """The same under another plan."""
        return replace(self, plan=plan)

    def forecasts(self, histories: Sequence[PowerHistory] | None = None) -> tuple[QuantileForecast, ...]:
        """What is forecast now.

        Args:
            histories: What is measured by now, by forecaster; by default what they were made with.
        """
        known: Sequence[PowerHistory | None] = histories or [None] * len(self.forecasters)
        return tuple(forecaster.issue(history) for forecaster, history in zip(self.forecasters, known, strict=True))

    def done(self, histories: Sequence[PowerHistory] | None) -> int:
        """Steps ahead that are over by now."""
        return 0 if histories is None else histories[0].clock.n_steps - self.past.clock.n_steps

    def forecasts_of_all(self, histories: Sequence[PowerHistory] | None) -> tuple[QuantileForecast, ...]:
        """What is forecast now, with what was measured in the place of steps that are over.

        Args:
            histories: As in `forecasts`; a step that is over without having been measured was as forecast before.
        """
        done = self.done(histories)
        if histories is None or not done:
            return self.forecasts(histories)
        found = []
        for history, now, first in zip(histories, self.forecasts(histories), self.forecasts(), strict=True):
            came = history.values_mw[-done:]
            came = np.where(np.isfinite(came), came, first.median_mw[:done])
            quantiles = np.concatenate([np.repeat(came[:, None], len(LEVELS), 1), now.quantiles_mw])
            found.append(replace(now, clock=first.clock, quantiles_mw=quantiles[: self.clock.n_steps]))
        return tuple(found)

    def risks(self, histories: Sequence[PowerHistory] | None = None, *, running: bool = False) -> tuple[Risk, ...]:
        """Limits that are likely to be exceeded from now to the end of the hours ahead, the likeliest first.

        Of places with one cause the worst (`grid.twin.alerts.causes`).

        Args:
            histories: As in `forecasts`; they may go on into the hours ahead, of which the rest is then predicted.
            running: Whether their last step is not over: limits are then looked at in it too, with what is measured.
        """
        forecasts = self.forecasts(histories)
        done = self.done(histories)
        left = self.clock.n_steps - done
        paths = sample_paths(forecasts, self.dependence, self.n_samples, np.random.default_rng(self.seed))[:, :left]
        if running and histories is not None:
            forecasts, paths = self._from_running(histories, forecasts, paths)
            done, left = done - 1, left + 1
        p_mw, q_mvar = self._withdrawal(forecasts, paths, done)
        flow = self._flow(p_mw, q_mvar, left, running=running and histories is not None)
        return self._beyond(flow, p_mw, self.clock.window(done, self.clock.n_steps))

    def _flow(self, p_mw: Floats, q_mvar: Floats, left: int, *, running: bool) -> PowerFlow:
        """Power flow of all samples, one after the other; a first step that is running is the same in all of them.

        What the two iterations of `grid.powerflow` do not solve counts as without a solution: trying each such step of
        each sample by pandapower's Newton-Raphson too would take minutes where much is asked for.
        """
        network, n = self.plan.problem.network, self.n_samples * left
        clock = Clock(self.clock.start, self.clock.step, n)
        if network.uncovered:
            return voltages(network, clock, Injections.dense(p_mw, q_mvar))
        patience = Patience() if network.decided_by_voltage else LITTLE
        if running:
            later = np.arange(n) % left > 0
            first = node_voltages(network, Injections.dense(p_mw[:1], q_mvar[:1]), patience=patience)
            voltage, solved = np.repeat(first[0], n, axis=0), np.repeat(first[1], n)
            rest = Injections.dense(p_mw[later], q_mvar[later])
            voltage[later], solved[later] = node_voltages(network, rest, patience=patience)
        else:
            voltage, solved = node_voltages(network, Injections.dense(p_mw, q_mvar), patience=patience)
        voltage[~solved] = np.nan
        return PowerFlow(clock, network, voltage, np.zeros(n, dtype=bool), ~solved)

    def _from_running(
        self, histories: Sequence[PowerHistory], forecasts: Sequence[QuantileForecast], paths: Floats
    ) -> tuple[tuple[QuantileForecast, ...], Floats]:
        """Forecasts and courses with the step before them, in which all courses are what is measured.

        What is not measured is the median of the forecast at the beginning of that step.
        """
        before = self.forecasts([history.before(history.clock.n_steps - 1) for history in histories])
        medians = np.array([forecast.median_mw[0] for forecast in before])
        measured = np.array([history.values_mw[-1] for history in histories])
        now = np.where(np.isfinite(measured), measured, medians)
        found = []
        for first, rest in zip(before, forecasts, strict=True):
            quantiles = np.concatenate([first.quantiles_mw[:1], rest.quantiles_mw])[: rest.clock.n_steps]
            found.append(replace(rest, clock=first.clock, quantiles_mw=quantiles))
        return tuple(found), np.concatenate([np.broadcast_to(now, (len(paths), 1, now.size)), paths], axis=1)

    def _withdrawal(self, forecasts: Sequence[QuantileForecast], paths: Floats, done: int) -> tuple[Floats, Floats]:
        """Withdrawal at every bus, sample after sample, shape (N * steps left, B) each [MW, MVAr]."""
        drawn, curtailed, reactive = self._of_plan
        other_mw, other_mvar = self.past.others_ahead(paths.shape[1], done)
        p_mw = np.repeat((drawn[done:] + other_mw)[None], len(paths), axis=0)
        q_mvar = np.repeat((reactive[done:] + other_mvar)[None], len(paths), axis=0)
        fed_in = np.zeros_like(p_mw)
        for k, forecast in enumerate(forecasts):
            total = paths[..., k]
            if forecast.kind == "charging":
                total = total - forecast.median_mw[: total.shape[1]]
            active, of_demand = self.past.at_buses(forecast.kind, total, done)
            if SIGN[forecast.kind] < 0:
                fed_in += active
            else:
                p_mw += active
                q_mvar += of_demand
        p_mw -= np.maximum(fed_in - curtailed[done:], 0.0)
        return p_mw.reshape(-1, p_mw.shape[2]), q_mvar.reshape(-1, q_mvar.shape[2])

    @cached_property
    def _of_plan(self) -> tuple[Floats, Floats, Floats]:
        """What assets draw, curtail, and draw of reactive power under the plan, shape (H, B) each."""
        return self.plan.drawn_at_buses(), self.plan.curtailed_at_buses(), self.plan.reactive_at_buses()

    def _beyond(self, flow: PowerFlow, p_mw: Floats, clock: Clock) -> tuple[Risk, ...]:
        """Limits that samples exceed."""
        limits, network = self.ahead.limits, flow.network
        shape = (self.n_samples, clock.n_steps, -1)
        loading, vm = flow.loading_percent().reshape(shape), flow.vm_pu().reshape(shape)
        imported = flow.net_import_mw(p_mw).reshape(shape)
        buses, branches = network.buses.names, network.branches.names
        tolerance = IMPORT_TOLERANCE * limits.import_max_mw if np.isfinite(limits.import_max_mw) else 0.0
        found = [
            *violation_risks(clock, "loading_percent", loading, limits.loading_max_percent, branches,
                             tolerance=LOADING_TOLERANCE_PERCENT),
            *violation_risks(clock, "vm_pu", vm, limits.vm_max_pu, buses, tolerance=VOLTAGE_TOLERANCE_PU),
            *violation_risks(clock, "vm_pu", vm, limits.vm_min_pu, buses, high=False, tolerance=VOLTAGE_TOLERANCE_PU),
            *violation_risks(clock, "import_mw", imported, np.array([limits.import_max_mw]), ("city",),
                             tolerance=tolerance),
            *failure_risk(clock, flow.failed.reshape(shape[:2])),
        ]  # fmt: skip
        return by_cause(sorted(found, key=lambda risk: (-risk.probability, risk.key)), network)


def watch_over(
    city: OperatedCity, n_samples: int = 100, seed: int = 0, histories: Sequence[PowerHistory] | None = None,
    correction: Callable[[str], ForecastCorrection | None] = lambda _: None,
) -> GridWatch:  # fmt: skip
    """Trains forecasts, and plans the hours ahead by the strategy of the scenario as if the grid had no limits.

    Args:
        city: The city at the beginning of the hours ahead.
        n_samples: Courses of the forecast that are run through the power flow.
        seed: Seed of these courses, and of the training.
        histories: What was measured, on the clock of `city.past`; by default what its profiles say.
        correction: How the forecast of a kind of power is corrected.
    """
    n_steps = city.ahead.clock.n_steps
    forecasters = tuple(
        corrected(make_forecaster(history, n_steps, days=TEST_DAYS, seed=seed), correction(history.kind))
        for history in histories or city.histories
    )
    strategy = city.ahead.loaded.scenario.dispatch.strategy
    forecasts = [forecaster.issue() for forecaster in forecasters]
    plan = plan_ahead(city.ahead, city.past, forecasts, strategy, within_limits=False)
    return GridWatch(city.ahead, city.past, forecasters, dependence_of(forecasters), plan, n_samples, seed)


def corrected(forecaster: Forecaster, correction: ForecastCorrection | None) -> Forecaster:
    """The same with what was learned from its errors; as it is where there is nothing."""
    return forecaster if correction is None else replace(forecaster, correction=correction.corrected)
