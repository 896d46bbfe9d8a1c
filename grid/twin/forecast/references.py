"""What a forecast has to beat: the same time of the last day known, and of the same weekday in the weeks before."""

from __future__ import annotations

import numpy as np

from grid.arrays import Floats, Ints
from grid.twin.forecast.history import PowerHistory
from grid.twin.forecast.quantiles import LEVELS, without_crossing
from grid.units import HOURS_PER_DAY

MOST_DAYS_BACK = 7
WEEKS = 4
"""Weeks whose same weekday makes the usual one."""
LEAST_ERRORS = 10
"""Errors of one hour of the day from which its spread is taken; of fewer, those of all hours are."""


def days_ahead(lead: Ints, day: int) -> Ints:
    """Whole days between a step and the latest one of the same time that is known `lead` steps before, from 1."""
    return lead // day + 1


def persistence(series: PowerHistory, steps: Ints, lead: Ints) -> Floats:
    """Value at the same time of the last day known `lead` steps before each step, of their shape [MW].

    Where that was not measured, it is that of the day before, and so on for a week.
    """
    day = series.clock.steps_per_day
    latest = steps - days_ahead(lead, day) * day
    found = series.at(latest)
    for more in range(1, MOST_DAYS_BACK):
        found = np.where(np.isnan(found), series.at(latest - more * day), found)
    return found


def usual_weekday(series: PowerHistory, steps: Ints, lead: Ints) -> Floats:
    """Mean of the same time and weekday in the weeks before, of the steps' shape [MW]; at most a week ahead."""
    week = 7 * series.clock.steps_per_day
    past = np.stack([series.at(steps - k * week) for k in range(1, WEEKS + 1)])
    known = np.isfinite(past)
    count = known.sum(axis=0)
    mean = np.where(known, past, 0.0).sum(axis=0) / np.maximum(count, 1)
    return np.where(count > 0, mean, persistence(series, steps, lead))


REFERENCES = {"persistence": persistence, "usual weekday": usual_weekday}


def reference_quantiles(name: str, series: PowerHistory, origin: int, n_steps: int) -> Floats:
    """Quantiles of a reference for the steps ahead: its value, and the spread of its errors at that hour so far.

    Args:
        name: Which of `REFERENCES`.
        series: What is known up to step `origin`; nothing after it is looked at.
        origin: First step that is forecast.
        n_steps: Number of steps H.

    Returns:
        Shape (H, 5) [MW]; NaN where nothing was measured at that time in a week.
    """
    known, day = series.before(origin), series.clock.steps_per_day
    lead = np.arange(n_steps)
    value = REFERENCES[name](known, origin + lead, lead)
    found = np.empty((n_steps, len(LEVELS)))
    hour = _hour(known, origin + lead)
    past = np.arange(origin)
    hour_of_past = _hour(known, past)
    for ahead in np.unique(days_ahead(lead, day)):
        errors = known.values_mw - REFERENCES[name](known, past, np.full(origin, (ahead - 1) * day))
        spread = _spread(errors, hour_of_past)
        at = days_ahead(lead, day) == ahead
        found[at] = value[at, None] + spread[hour[at]]
    return without_crossing(np.clip(found, series.least_mw, known.most_mw))


def _hour(series: PowerHistory, steps: Ints) -> Ints:
    """Hour of the local day."""
    return series.calendar(steps)[:, 0].astype(np.int64)


def _spread(errors: Floats, hour: Ints) -> Floats:
    """Quantiles of errors by hour of the day, shape (24, 5)."""
    known = np.isfinite(errors)
    every = np.quantile(errors[known], LEVELS) if known.any() else np.zeros(len(LEVELS))
    spread = np.tile(every, (HOURS_PER_DAY, 1))
    for k in range(HOURS_PER_DAY):
        of_hour = errors[known & (hour == k)]
        if of_hour.size >= LEAST_ERRORS:
            spread[k] = np.quantile(of_hour, LEVELS)
    return spread
