"""What loads and generators are expected to do by the same weekdays of the weeks before, and how far off that is."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Final

import numpy as np

from app.scenario import check_scenario
from app.scenario.loaded import LoadedScenario
from grid.arrays import Floats, Ints
from grid.city.city import Elements

WEEKS: Final = 4
"""Weeks before the period that are known of every load: what meters that are read now and then have told."""
SMOOTHED_HOURS: Final = 1.0
"""Spreads are those of this many hours before and after."""
BEYOND: Final = 1.03
"""What a week misses against those before it per what is to be expected from what these missed against each other [1],
for seasons go on: root mean square over the active powers of loads, mean of 13 weeks of February to October of the
reference city's year."""
LEAST_SPREAD: Final = 0.03
"""Least standard deviation of an expectation per mean size of the element [1]; ours, unverified."""


@dataclass(frozen=True, eq=False)
class Expected:
    """Expected powers of E elements in T steps.

    Args:
        values: Shape (T, E) [MW or MVAr], in the sign of the elements.
        spread: Standard deviation of their errors, shape (T, E).
    """

    values: Floats
    spread: Floats

    def until(self, n_steps: int) -> Expected:
        """The first of the steps."""
        return Expected(self.values[:n_steps], self.spread[:n_steps])


def weeks_before(loaded: LoadedScenario) -> LoadedScenario:
    """The scenario over the weeks before its period.

    Raises:
        InputError: If its profiles do not reach so far.
    """
    begins = loaded.scenario.period.start
    before = {"period.start": begins - timedelta(weeks=WEEKS), "period.days": 7 * WEEKS}
    changed = loaded.scenario.with_changes(before)
    return check_scenario(changed.model_dump(mode="json"), loaded.folder, loaded.scenario.name)


def by_weekday(past: Elements, n_steps: int, steps_per_day: int) -> tuple[Expected, Expected]:
    """Active and reactive power by the mean of the same time of the same weekday.

    The spread is what the mean of the other weeks errs in a week, by element and time of day. Of W weeks alike with
    variance σ² that mean errs by σ² W / (W - 1), and the mean of all W in a new week by σ² (W + 1) / W: squares are
    taken times (W² - 1) / W².

    Args:
        past: The elements over the weeks before.
        n_steps: Steps that are expected, beginning where the past ends.
        steps_per_day: Steps a day.
    """
    return (
        _expected(past.p_mw(), n_steps, steps_per_day),
        _expected(past.q_mvar(), n_steps, steps_per_day),
    )


def common_shares(past: Elements) -> tuple[Floats, Floats]:
    """Shares of the variance of active and of reactive powers in common, by what the weeks before missed of each other.

    Elements of one profile are multiples of it, so they err together in all but `LEAST_SPREAD`, which each errs alone
    at least. What all have in common is what the products of the errors of two profiles are per those of their root
    mean squares, summed over all pairs.

    Args:
        past: The elements over the weeks before.

    Returns:
        With those of the same profile, and with all besides, shape (2, E) each [1].
    """
    return _common_shares(past.p_mw(), past.p_profile), _common_shares(past.q_mvar(), past.q_profile)


def _common_shares(past: Floats, profile: Ints) -> Floats:
    missed = _left_out(past).reshape(past.shape)
    root = np.sqrt((missed**2).mean(axis=0))
    of_profile = [profile == each for each in np.unique(profile)]
    error = np.stack([missed[:, these].sum(axis=1) for these in of_profile], axis=1)
    roots = np.array([root[these].sum() for these in of_profile])
    pairs, most = (error.sum(axis=1) ** 2 - (error**2).sum(axis=1)).mean(), roots.sum() ** 2 - (roots**2).sum()
    floor = LEAST_SPREAD * np.abs(past).mean(axis=0)
    alone = np.minimum(np.divide(floor, root, out=np.ones_like(root), where=root > 0), 1.0) ** 2
    of_all = np.minimum(np.clip(pairs / most, 0.0, 1.0) if most > 0 else 0.0, 1 - alone)
    return np.stack([1 - alone - of_all, of_all])


def _left_out(past: Floats) -> Floats:
    """What the mean of the other weeks misses of each week, shape (weeks, steps of a week, E)."""
    week = past.reshape(WEEKS, len(past) // WEEKS, -1)
    return np.asarray((week - week.mean(axis=0)) * WEEKS / (WEEKS - 1))


def _expected(past: Floats, n_steps: int, steps_per_day: int) -> Expected:
    mean = past.reshape(WEEKS, 7 * steps_per_day, -1).mean(axis=0)
    missed = _left_out(past)
    of_all = (WEEKS**2 - 1) / WEEKS**2
    by_time = (missed**2).reshape(WEEKS * 7, steps_per_day, -1).mean(axis=0) * of_all
    around = max(1, round(SMOOTHED_HOURS * steps_per_day / 24))
    smooth = np.mean([np.roll(by_time, k, axis=0) for k in range(-around, around + 1)], axis=0)
    floor = LEAST_SPREAD * np.abs(past).mean(axis=0)
    spread = np.maximum(BEYOND * np.sqrt(smooth), floor)
    at = np.arange(n_steps)
    return Expected(mean[at % len(mean)], spread[at % steps_per_day])
