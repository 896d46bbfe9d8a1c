"""Whether solar power follows the sun of its place, as it does not where local times are read as UTC."""

from __future__ import annotations

from typing import Final

import numpy as np

from grid.arrays import Floats
from grid.time.clock import Clock

_LEAST_CONCENTRATED: Final = 0.3
"""Length of the mean of a day's power as a vector on its 24 hours, below which it is no solar power [1]."""
_FEW_DAYS: Final = 3
_MOST_H, _MOST_OF_FEW_DAYS_H = 0.75, 1.25
"""Farthest from noon that the middle of solar power is by weather, by roofs that face east or west, and by the width of
the land; ours [h]."""


def hours_after_noon(p_mw: Floats, clock: Clock, longitude: float) -> float | None:
    """How long after the sun's noon the middle of solar power is [h]; None where it is no solar power of whole days.

    Args:
        p_mw: Power that is generated, shape (T,) [MW]; NaN where it is not known.
        clock: The T steps, in UTC.
        longitude: Of the place, east positive [degree].
    """
    per_day = round(24 / clock.step_hours)
    days = p_mw[: p_mw.size // per_day * per_day].reshape(-1, per_day)
    whole = np.isfinite(days).all(axis=1)
    if not whole.any():
        return None
    hour = (np.arange(per_day) + 0.5) * clock.step_hours + clock.start.hour + clock.start.minute / 60
    power = np.maximum(days[whole], 0.0).sum(axis=0)
    if power.sum() <= 0:
        return None
    middle = (power * np.exp(2j * np.pi * hour / 24)).sum() / power.sum()
    if abs(middle) < _LEAST_CONCENTRATED:
        return None
    day_of_year = np.asarray(clock.start.timetuple().tm_yday + np.flatnonzero(whole), dtype=np.float64)
    noon = 12 - longitude / 15 - float(_equation_of_time_min(day_of_year).mean()) / 60
    return float((np.angle(middle) * 12 / np.pi - noon + 12) % 24 - 12)


def sun_doubt(p_mw: Floats, clock: Clock, longitude: float) -> str | None:
    """What a reader should ask of solar power that is not centred at noon; None where it is. Arguments as above."""
    apart = hours_after_noon(p_mw, clock, longitude)
    few = clock.n_steps * clock.step_hours < 24 * _FEW_DAYS
    if apart is None or abs(apart) <= (_MOST_OF_FEW_DAYS_H if few else _MOST_H):
        return None
    when = "after" if apart > 0 else "before"
    return f"solar power is centred {abs(apart):.1f} h {when} the sun's noon: are local times read as UTC?"


def _equation_of_time_min(day_of_year: Floats) -> Floats:
    """By how much the sun is ahead of the mean sun [min], by day of the year (Duffie and Beckman, approximation)."""
    angle = 2 * np.pi * (day_of_year - 81) / 364
    return np.asarray(9.87 * np.sin(2 * angle) - 7.53 * np.cos(angle) - 1.5 * np.sin(angle))
