"""What a window of the rolling horizon knows of the steps ahead of it.

A forecast turns the problem as it is into the problem as it is seen when a window begins. What it may change are the
fixed withdrawal, prices, carbon intensity and the bounds of assets without a reservoir; and it may hide cars that have
not arrived. What is done meets the truth (`optimizer.horizon.realisation`).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from grid.arrays import Bools, Floats, Ints
from grid.errors import Fault, raise_if_any
from grid.flexibility.flexibility import Flexibility
from grid.flexibility.per_slot import PerSlot, values_of
from optimizer.forecast.arrivals import expected_arrivals_mw, hides, without_arrivals
from optimizer.problem.problem import DispatchProblem

SERIES = ("import_price_per_mwh", "export_price_per_mwh", "import_ci_kg_per_mwh")
LOAD, GENERATION, PRICE, CARBON = range(4)
"""Streams of random numbers."""


@dataclass(frozen=True)
class Persistence:
    """Everything will be as at the same time of the last day that is known.

    Steps that no day precedes are taken as known: the first day has no yesterday.

    Args:
        arrivals_known: Whether cars that are yet to arrive have said so. If not, a window sees only those plugged in
            when it begins, and counts on yesterday's arrivals, charging at once; what arrives does so, until the next
            window takes it in.
    """

    arrivals_known: bool = True

    def __call__(self, problem: DispatchProblem, first: int, stop: int) -> DispatchProblem:
        """The problem as seen at the beginning of step `first`."""
        at, day = np.arange(first, stop), problem.clock.steps_per_day
        like = at - day * ((at - first) // day + 1)
        like = np.where(like < 0, at, like)
        changes: dict[str, Any] = {
            name: with_values(getattr(problem, name), at, getattr(problem, name)[like])
            for name in ("p_fixed_mw", "q_fixed_mvar", *SERIES)
        }
        changes["flexibilities"] = tuple(
            available_power(f, at, values_of(f.p_min_mw)[_slots(f, like)]) if is_available(f) else f
            for f in problem.flexibilities
        )
        seen = replace(problem, **changes)
        return seen if self.arrivals_known else _without_arrivals(seen, problem, first, stop)


@dataclass(frozen=True)
class AutoregressiveError:
    """The truth with an error that grows with the lead time, as a first-order autoregressive process [1, 2].

    The error k steps ahead is ``e_k = φ e_{k-1} + σ sqrt(1 - φ²) z`` with ``e_0 = 0`` and a standard normal z that
    belongs to the step of the clock: its standard deviation is ``σ sqrt(1 - φ^{2k})``, and a later forecast of the same
    step is the earlier one less what has come to light since. All loads err alike, as do all sun and wind, all prices,
    and the carbon of imports: the devices of a city share its weather, and the errors that a grid connection sees do
    not average out.

    [1] models errors of wind forecasts as ARMA(1,1), of which this is the autoregressive part; the sizes below are
    round figures of ours, unverified: state your own.

    Args:
        load: Standard deviation far ahead of fixed withdrawal, relative to the highest of each bus [1].
        generation: That of what sun and wind allow, relative to the most they allow in the period [1]; stays between
            nothing and that, and is nothing where nothing is (nights are known).
        price: That of prices of import and export, relative to the mean import price [1].
        carbon_intensity: That of imports, relative to its mean [1]; does not change its sign.
        correlation_per_hour: Correlation of errors that lie an hour apart, φ over an hour [1].
        seed: Seed of the random numbers; the same seed gives the same errors, however the windows are laid.
        arrivals_known: See `Persistence`.

    Raises:
        InputError: With all that is out of its range.

    References:
        [1] A. Boone, "Simulation of short-term wind speed forecast errors using a multi-variate ARMA(1,1) time-series
            model", Master's thesis, Royal Institute of Technology (KTH), Stockholm, 2005.
        [2] G. E. P. Box, G. M. Jenkins, "Time series analysis: forecasting and control", Holden-Day, 1970, ch. 5:
            forecast errors of an autoregressive process by lead time.
    """

    load: float = 0.03
    generation: float = 0.1
    price: float = 0.1
    carbon_intensity: float = 0.1
    correlation_per_hour: float = 0.9
    seed: int = 0
    arrivals_known: bool = True

    def __post_init__(self) -> None:
        raise_if_any(self._faults(), "the forecast")

    def _faults(self) -> Iterator[Fault]:
        for name in ("load", "generation", "price", "carbon_intensity"):
            if not 0 <= getattr(self, name) < np.inf:
                yield Fault(f"forecast.{name}", "must be at least 0, and finite", getattr(self, name))
        if not 0 <= self.correlation_per_hour < 1:
            yield Fault("forecast.correlation_per_hour", "must lie within 0..1, below 1", self.correlation_per_hour)
        if self.seed < 0:
            yield Fault("forecast.seed", "must be at least 0", self.seed)

    def __call__(self, problem: DispatchProblem, first: int, stop: int) -> DispatchProblem:
        """The problem as seen at the beginning of step `first`."""
        at = np.arange(first, stop)
        changes: dict[str, Any] = {}
        if self.load:
            error = self.load * self.errors(LOAD, problem.clock.step_hours, first, stop)[:, None]
            for name in ("p_fixed_mw", "q_fixed_mvar"):
                values = getattr(problem, name)
                changes[name] = with_values(values, at, values[at] + error * np.abs(values).max(axis=0))
        if self.price:
            error = self.price * self.errors(PRICE, problem.clock.step_hours, first, stop)
            size = float(np.abs(problem.import_price_per_mwh).mean())
            for name in SERIES[:2]:
                values = getattr(problem, name)
                changes[name] = with_values(values, at, values[at] + size * error)
        if self.carbon_intensity:
            error = self.carbon_intensity * self.errors(CARBON, problem.clock.step_hours, first, stop)
            ci = problem.import_ci_kg_per_mwh
            seen_ci = np.where(ci[at] > 0, np.maximum(ci[at] + error * float(np.abs(ci).mean()), 0.0), ci[at])
            changes["import_ci_kg_per_mwh"] = with_values(ci, at, seen_ci)
        if self.price or self.carbon_intensity:
            changes["export_price_per_mwh"] = _below_imports(problem, changes)
        if self.generation and any(is_available(f) for f in problem.flexibilities):
            error = self.generation * self.errors(GENERATION, problem.clock.step_hours, first, stop)
            changes["flexibilities"] = tuple(_erring(f, at, error) for f in problem.flexibilities)
        seen = replace(problem, **changes) if changes else problem
        return seen if self.arrivals_known else _without_arrivals(seen, problem, first, stop)

    def errors(self, stream: int, step_hours: float, first: int, stop: int) -> Floats:
        """Errors of the steps ahead, relative to their standard deviation far ahead, shape (stop - first,) [1]."""
        from scipy.signal import lfilter  # noqa: PLC0415  slow to import

        correlation = self.correlation_per_hour**step_hours
        new = [np.random.default_rng([self.seed, stream, step]).standard_normal() for step in range(first, stop)]
        errors: Floats = lfilter([np.sqrt(1 - correlation**2)], [1.0, -correlation], np.array(new))
        return errors


def _below_imports(problem: DispatchProblem, changes: dict[str, Any]) -> Floats:
    """What exports are seen to earn: no more than imports are seen to cost, as in the problem itself."""
    seen = {name: changes.get(name, getattr(problem, name)) for name in SERIES}
    cost = seen["import_price_per_mwh"] + problem.carbon_price_per_kg * seen["import_ci_kg_per_mwh"]
    return np.asarray(np.minimum(seen["export_price_per_mwh"], cost))


def is_available(flexibility: Flexibility) -> bool:
    """Whether its least withdrawal is what sun or wind allow: by slot, not always the same, all fed in unmanaged."""
    f, unmanaged = flexibility, flexibility.p_unmanaged_mw
    if f.reservoir is not None or not f.lasts_throughout or not isinstance(f.p_min_mw, PerSlot) or unmanaged is None:
        return False
    least = f.p_min_mw.values
    varies = np.ptp(least) > 0 and (unmanaged == least).all()
    return bool(varies and least.max() <= 0 and values_of(f.p_max_mw).max() <= 0)


def available_power(flexibility: Flexibility, at: Ints, least_mw: Floats) -> Flexibility:
    """The same where other power, shape (N, steps) [MW], is available in some steps."""
    slots, was_least = _slots(flexibility, at), values_of(flexibility.p_min_mw)
    least = with_values(was_least, slots, least_mw)
    most = flexibility.per_slot(flexibility.p_max_mw)
    forced: Bools = most[slots] <= was_least[slots]
    most = with_values(most, slots, np.where(forced, least_mw, np.maximum(most[slots], least_mw)))
    return replace(flexibility, p_min_mw=PerSlot(least), p_max_mw=PerSlot(most), p_unmanaged_mw=least)


def _erring(flexibility: Flexibility, at: Ints, error: Floats) -> Flexibility:
    """The same with an error, shape (steps,), of its highest power in what is available."""
    if not is_available(flexibility):
        return flexibility
    always = values_of(flexibility.p_min_mw)
    least = always[_slots(flexibility, at)]
    most = -np.minimum.reduceat(always, flexibility.offsets[:-1])[:, None]
    return available_power(flexibility, at, np.where(least < 0, -np.clip(-least + error * most, 0.0, most), least))


def _without_arrivals(seen: DispatchProblem, truth: DispatchProblem, first: int, stop: int) -> DispatchProblem:
    """Without the cars that arrive after step `first`; with yesterday's in their place, as fixed withdrawal."""
    at = np.arange(first, stop)
    p_mw = seen.p_fixed_mw[at].copy()
    flexibilities = list(seen.flexibilities)
    for place, flexibility in enumerate(truth.flexibilities):
        if hides(flexibility):
            flexibilities[place] = without_arrivals(flexibility, first)
            p_mw += expected_arrivals_mw(flexibility, first, stop)
    return replace(seen, p_fixed_mw=with_values(seen.p_fixed_mw, at, p_mw), flexibilities=tuple(flexibilities))


def _slots(flexibility: Flexibility, at: Ints) -> Ints:
    """Slots of an asset that lasts throughout in some steps, shape (N, steps)."""
    return np.asarray(flexibility.offsets[:-1, None] + at)


def with_values(values: Floats, at: Ints, new: Floats) -> Floats:
    """A copy with other values in some places."""
    changed = np.array(values)
    changed[at] = new
    return changed
