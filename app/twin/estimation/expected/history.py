"""What loads and generators are expected to do by the same weekdays of the weeks before, and how far off that is."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Final

import numpy as np
from scipy import sparse

from app.scenario import check_scenario
from app.scenario.loaded import LoadedScenario
from grid.arrays import Floats, Ints
from grid.city.city import Elements
from grid.twin.estimation.correlation import loadings_of_errors

WEEKS: Final = 4
"""Weeks before the period that are known of every load: what meters that are read now and then have told."""
SMOOTHED_HOURS: Final = 1.0
"""Spreads are those of this many hours before and after."""
BEYOND: Final = 1.03
"""What a week misses against those before it per what is to be expected from what these missed against each other [1],
for seasons go on: root mean square over the active powers of loads, mean of 13 weeks of February to October of the
reference city's year."""
LEAST_SPREAD: Final = 0.02
"""Least standard deviation of an expectation per mean size of the element [1]; ours: of 2 and 3 % that with which bands
of loadings hold the truth more nearly in nine weeks of the reference city (docs/state_estimation.md)."""


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


def load_causes(past: Elements) -> sparse.csr_array:
    """What the active and the reactive powers of E loads err by common causes, by what the weeks before missed.

    Elements of one profile are multiples of it, so they err together in all but `LEAST_SPREAD`, which each errs alone
    at least; those with factors of other signs err against each other. Profiles, of active and of reactive power, err
    together as they did in the weeks before, each per its root mean square at that time of day.

    Args:
        past: The elements over the weeks before.

    Returns:
        Loadings as those of `PseudoInjections`, active powers first, shape (C, 2 E) [1].
    """
    if not past.names:
        return sparse.csr_array((0, 0))
    active, share = _errors_of_profiles(past.p_mw(), past.p_profile, past.p_scale)
    reactive, share_q = _errors_of_profiles(past.q_mvar(), past.q_profile, past.q_scale)
    of_profiles = loadings_of_errors(np.hstack([active, reactive]))
    of = np.concatenate([_places(past.p_profile), active.shape[1] + _places(past.q_profile)])
    return sparse.csr_array(of_profiles[:, of].multiply(np.concatenate([share, share_q])))


def _places(profile: Ints) -> Ints:
    """Place of the profile of each element among those that there are, shape (E,)."""
    return np.asarray(np.unique(profile, return_inverse=True)[1].ravel())


def _errors_of_profiles(past: Floats, profile: Ints, scale: Floats) -> tuple[Floats, Floats]:
    """Errors of N profiles per their root mean square at the time of day, shape (T, N), and what elements have of them.

    The latter is the root of the share of the variance of each element that it has in common with its profile, with the
    sign of its factor, shape (E,).
    """
    missed, sign = _left_out(past), np.where(scale < 0, -1.0, 1.0)
    root = np.sqrt((missed**2).mean(axis=(0, 1)))
    floor = LEAST_SPREAD * np.abs(past).mean(axis=0)
    alone = np.minimum(np.divide(floor, root, out=np.ones_like(root), where=root > 0), 1.0) ** 2
    of = _places(profile)
    error = np.stack([(missed * sign)[:, :, of == k].sum(axis=2) for k in range(of.max() + 1)], axis=2)
    by_day = error.reshape(WEEKS * 7, -1, error.shape[2])
    usual = np.sqrt((by_day**2).mean(axis=0))
    each = np.divide(by_day, usual, out=np.zeros_like(by_day), where=usual > 0)
    return each.reshape(len(past), -1), sign * np.sqrt(1 - alone)


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
