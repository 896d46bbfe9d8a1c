"""How far a run is, and how long it may still take: by an earlier run of the same city, or by its own pace."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from app.results.store.queue.rows import QueuedRun

if TYPE_CHECKING:
    from app.scenario import LoadedScenario

PHASES = ("read", "prepare", "dispatch", "power flow", "carbon tracing", "write")
"""Phases of a run, in their order."""
_UNMANAGED = (0.7, 1.2, 0.1, 0.1, 0.9, 0.7)
_OPTIMAL = (0.7, 2.1, 132.0, 0.1, 1.3, 1.0)
"""Time in each phase of a week of quarter hours of the reference city, on one processor of two [s] (measured)."""
LEAST_SHARE = 0.1
"""Share of a run from which on its own pace says how long it may still take."""
MOST_TIMES = 8.0
"""How many times longer or shorter the period of an earlier run may be that says how long one takes."""
LONGEST_GUESS = 0.95
"""Share of a phase that counts as done at most, as long as only time says how far it is."""


def size_of(loaded: LoadedScenario) -> dict[str, str | int]:
    """What the duration of a run depends on most."""
    scenario = loaded.scenario
    return {
        "network": str(scenario.city.network),
        "strategy": str(scenario.dispatch.strategy),
        "steps": int(loaded.city.clock.n_steps),
    }


def usual_weights(size: Mapping[str, Any]) -> dict[str, float]:
    """How long phases take in proportion to each other, where no earlier run says it."""
    return dict(zip(PHASES, _UNMANAGED if size.get("strategy") == "unmanaged" else _OPTIMAL, strict=True))


def expected_seconds(size: Mapping[str, Any], others: Iterable[QueuedRun]) -> dict[str, float] | None:
    """Time that each phase of a run may take [s], from the earlier run that is most like it; None if there is none.

    A run is like another of the same network and strategy and up to `MOST_TIMES` its steps; its phases take as long in
    proportion to the steps, except `read`, which does not depend on them.
    """
    what = ("network", "strategy")
    alike = [run for run in others if run.phases and all(run.size.get(name) == size.get(name) for name in what)]
    steps = size.get("steps")
    if not alike or not steps:
        return None
    nearest = min(alike, key=lambda other: abs(math.log(steps / other.size["steps"])))
    ratio = steps / nearest.size["steps"]
    if not 1 / MOST_TIMES <= ratio <= MOST_TIMES:
        return None
    return {phase: seconds * (1.0 if phase == "read" else ratio) for phase, seconds in nearest.phases.items()}


def progress(
    phase: str,
    share: float,
    in_phase_s: float,
    running_s: float,
    expected: Mapping[str, float] | None,
    usual: Mapping[str, float],
) -> tuple[float, float | None]:
    """How far a run is.

    Args:
        phase: Its phase.
        share: Share of the phase that is done, as far as the phase says so; 0 where it says nothing.
        in_phase_s: How long it has been in it [s].
        running_s: How long it has been running [s].
        expected: Time that each phase may take [s]; None if it is not known.
        usual: What phases take in proportion to each other where that is not known.

    Returns:
        Share of the whole that is done, and time left [s]; None where that cannot be said yet.
    """
    weights = expected if expected and sum(expected.values()) > 0 else usual
    whole = sum(weights.values())
    if phase not in PHASES:  # none yet, or that of a study, which says how far it is
        left_s = running_s * (1 - share) / share if share >= LEAST_SHARE else None if expected is None else whole
        return share, left_s
    before = sum(weights.get(name, 0.0) for name in PHASES[: PHASES.index(phase)])
    own = weights.get(phase, 0.0)
    if expected is not None and own > 0:
        share = max(share, min(in_phase_s / own, LONGEST_GUESS))
    done = min((before + own * share) / whole, 0.99)
    if done >= LEAST_SHARE:
        return done, running_s * (1 - done) / done
    return done, None if expected is None else whole * (1 - done)
