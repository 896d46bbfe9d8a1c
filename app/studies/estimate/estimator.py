"""Estimates of one city's scenarios: exact where a stored result is, else by the short way with a measured band."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path
from threading import Lock
from typing import Any

from app.results.folder import Result
from app.results.store.store import Store
from app.scenario.loaded import LoadedScenario
from app.studies.estimate.accuracy import (
    LEAST_RUNS,
    LEVEL,
    Correction,
    general,
    half_width,
    largest_by_figure,
    measured,
    shipped_error,
    shipped_ranges,
)
from app.studies.estimate.estimate import FIGURES, Band, ScenarioEstimate
from app.studies.estimate.growth import checked_without_growth
from app.studies.estimate.learning import LearnedRun, corrected, learned_runs, left_out_errors
from app.studies.estimate.levers import Ranges, kinds_of, levers_of
from app.studies.estimate.quantities import Quantities, quantities
from app.studies.estimate.reduced_run import ReducedRuns, reliable_for
from app.studies.estimate.stored_runs import StoredRun, identity, results_in, stored_runs, surroundings, with_defaults
from grid.errors import InputError
from grid.sharing import SharedPreparation, sharing_preparation
from optimizer._highs import SolverError

LONGEST_DAYS = 14
"""Longest period that is estimated step by step [d]."""
EXACT = "From the stored result of exactly this scenario."
METHOD = (
    "A short run of this scenario: its assets step by step, flexible ones as aggregates for least cost, an AC power "
    "flow of every step, all power mixed on one bus for its carbon."
)

NO_SCHEDULE = "the flexible assets cannot do what they must; the run will say which limit is in conflict"


@dataclass(frozen=True)
class Estimator:
    """Estimates scenarios of one city in one period; made by `estimator_for`. Threads may share one.

    Args:
        base: The scenario that levers are moved from.
        folder: Folder that file names are relative to.
        stored: Stored runs of the same surroundings.
        learned: Those from which errors are learned.
        made_from: What it rests on, in a sentence.
    """

    base: LoadedScenario
    folder: Path
    stored: Sequence[StoredRun]
    made_from: str
    learned: Sequence[LearnedRun] = ()
    _runs: ReducedRuns = field(default_factory=ReducedRuns, repr=False)
    _preparation: SharedPreparation = field(default_factory=SharedPreparation, repr=False)
    _lock: Lock = field(default_factory=Lock, repr=False)

    def covers(self, content: Mapping[str, Any]) -> bool:
        """Whether a scenario is of the city, period and weather of this estimator; if not, another must be made.

        Raises:
            InputError: If there is something wrong with the scenario.
        """
        return self._same_surroundings(self._checked(content))

    def estimate(self, content: Mapping[str, Any]) -> ScenarioEstimate:
        """The key figures of a scenario with bands, or why they cannot be estimated; in less than 200 ms.

        Args:
            content: The scenario, as in a file.
        """
        with self._lock, sharing_preparation(self._preparation):
            try:
                loaded = self._checked(content)
                return self._exact(loaded) or self._estimated(loaded)
            except InputError as error:
                return _none(f"{error.faults[0]}")
            except SolverError:
                return _none(NO_SCHEDULE)

    def _checked(self, content: Mapping[str, Any]) -> LoadedScenario:
        with sharing_preparation(self._preparation):
            return checked_without_growth(content, self.folder, "the scenario")

    def _same_surroundings(self, loaded: LoadedScenario) -> bool:
        return _surroundings(loaded) == _surroundings(self.base)

    def _exact(self, loaded: LoadedScenario) -> ScenarioEstimate | None:
        """The figures of the stored result of this scenario, if there is one."""
        if not self._same_surroundings(loaded):
            return None
        wanted = identity(with_defaults(loaded.scenario))
        for run in self.stored:
            if identity(run.content) == wanted:
                known = {key: float(value) for key, value in run.figures.items() if value is not None}
                return ScenarioEstimate({key: Band(value, value, value) for key, value in known.items()},
                                method=EXACT, exact=run.name)  # fmt: skip
        return None

    def _estimated(self, loaded: LoadedScenario) -> ScenarioEstimate:
        reason = self._why_not(loaded)
        if reason:
            return _none(reason)
        levers, strategy = levers_of(loaded), loaded.scenario.dispatch.strategy
        alike = [each for each in self.learned if each.run.strategy == strategy]
        ranges = self._ranges(strategy, alike)
        outside = ranges.outside(levers)
        if outside:
            return _none(f"outside of what errors were measured for: {outside}")
        found = quantities(self._runs.run(loaded))
        if not found:
            return _none("the power flow has no solution in some step: more is drawn than the grid can carry")
        errors, words = _errors(strategy, alike, ranges, shipped=self._shipped(strategy))
        moved = corrected(found, levers, alike, ranges)
        bands, cannot = {}, {}
        for key in _wanted(found):
            value = moved[key]
            error = errors.get(general(key), errors.get(key))
            if error is None:
                cannot[key] = "its error was not measured for scenarios like this"
            else:
                bands[key] = _band(key, value, half_width(key, moved, error))
        return ScenarioEstimate(bands, cannot, METHOD, f"{words} {self.made_from}".strip())

    def _why_not(self, loaded: LoadedScenario) -> str:
        """Why a scenario cannot be estimated; empty if it can."""
        scenario = loaded.scenario
        if not self._same_surroundings(loaded):
            return "city, period, weather or emission factors are others than those that the estimate was prepared for"
        if scenario.period.days > LONGEST_DAYS:
            return f"periods longer than {LONGEST_DAYS} days are not estimated; run a typical week first"
        if scenario.dispatch.forecast != "perfect" or scenario.dispatch.carbon_cap_t is not None:
            return "what forecasts miss and caps on carbon are not part of the estimate"
        strategy = scenario.dispatch.strategy
        reason = reliable_for(loaded.city.network) or self._no_errors(strategy)
        kinds = kinds_of(loaded) - self._kinds(strategy)
        return reason or (f"errors were not measured with {', '.join(sorted(kinds))}" if kinds else "")

    def _kinds(self, strategy: str) -> frozenset[str]:
        """Kinds of assets with which errors of a strategy are known."""
        alike = [each for each in self.learned if each.run.strategy == strategy]
        own = frozenset[str]().union(*(each.kinds for each in alike)) if len(alike) >= LEAST_RUNS else frozenset()
        return own | frozenset(measured().strategies[strategy].kinds if self._shipped(strategy) else ())

    def _no_errors(self, strategy: str) -> str:
        """Why errors are not known for a strategy; empty where they are."""
        alike = [each for each in self.learned if each.run.strategy == strategy]
        if self._shipped(strategy) or len(alike) >= LEAST_RUNS:
            return ""
        rule = f"errors were not measured for this city and period; with {LEAST_RUNS} stored runs of strategy"
        return f"{rule} {strategy!r} they would be known ({len(alike)} are there): run a sweep of it"

    def _ranges(self, strategy: str, alike: Sequence[LearnedRun]) -> Ranges:
        """Ranges of levers within which errors are known; wide if the benchmark knows the city, else those stored."""
        own = Ranges.around([each.levers for each in alike]) if len(alike) >= LEAST_RUNS else Ranges({})
        if not self._shipped(strategy):
            return own
        shipped = shipped_ranges(strategy).of
        return Ranges({name: (min(low, own.of.get(name, (low, high))[0]), max(high, own.of.get(name, (low, high))[1]))
                       for name, (low, high) in shipped.items()})  # fmt: skip

    def _shipped(self, strategy: str) -> bool:
        """Whether the benchmark measured cities like this."""
        known, scenario = measured(), self.base.scenario
        days = known.days[0] <= scenario.period.days <= known.days[1]
        return scenario.city.network in known.networks and days and strategy in known.strategies


def estimator_for(
    base: Mapping[str, Any], folder: Path, store: Store | None, results: Iterable[Result] = ()
) -> Estimator:
    """An estimator of the scenarios that levers make of a base; takes some seconds.

    Args:
        base: Content of the scenario that levers are moved from.
        folder: Folder that file names in it are relative to.
        store: Where runs are stored from which errors are learned, and whose results answer for their scenarios; None
            for nowhere.
        results: Opened results that do the same, for who has them; names are those of their folders.

    Raises:
        ScenarioError: With all faults of the base.
    """
    preparation, runs = SharedPreparation(), ReducedRuns()
    with sharing_preparation(preparation):
        loaded = checked_without_growth(base, folder, "the scenario")
        stored = stored_runs(results if store is None else chain(results, results_in(store)), loaded)
        usable = not reliable_for(loaded.city.network) and loaded.scenario.period.days <= LONGEST_DAYS
        runs_first = quantities(runs.run(loaded)) if usable else {}
        learned = learned_runs(stored, folder, runs) if usable else ()
    words = f"{len(learned)} stored runs of this city and period correct it." if learned else ""
    words = words if runs_first or not usable else "The base has no solution of the power flow in some step."
    return Estimator(loaded, folder, tuple(stored), words, learned, runs, preparation)


def _surroundings(loaded: LoadedScenario) -> str:
    return surroundings(with_defaults(loaded.scenario), loaded.input_hashes())


def _wanted(found: Quantities) -> list[str]:
    """Figures that are shown of those that the short way has."""
    return [key for key in found if key in FIGURES or key.startswith("data_centres.")]


def _errors(
    strategy: str, alike: Sequence[LearnedRun], ranges: Ranges, *, shipped: bool
) -> tuple[Mapping[str, float], str]:
    """Errors by figure, as they are kept, and in words where they come from."""
    band = f"Bands hold {LEVEL:.0%} of the runs like this:"
    if len(alike) >= LEAST_RUNS:
        errors = largest_by_figure(left_out_errors(alike, ranges))
        return errors, f"{band} errors of {len(alike)} stored runs, each estimated from the others."
    if not shipped:
        return {}, ""
    correction: Correction = "corrected" if alike else "alone"
    known = measured().strategies[strategy].errors.get(correction, {})
    runs = max((each.runs for each in known.values()), default=0)
    errors = {key: error for key in known if (error := shipped_error(strategy, correction, key)) is not None}
    return errors, f"{band} errors of {runs} runs that were made for this, {measured().date}."


def _band(key: str, value: float, half: float) -> Band:
    """A band that no figure can leave."""
    least = 0.0 if not key.startswith(("emissions", "cost")) else float("-inf")
    most = 1.0 if key == "renewable_share" else float("inf")
    value = min(max(value, least), most)
    return Band(value, max(value - half, least), min(value + half, most))


def _none(reason: str) -> ScenarioEstimate:
    return ScenarioEstimate({}, dict.fromkeys(FIGURES, reason))
