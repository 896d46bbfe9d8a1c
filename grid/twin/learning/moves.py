"""The effect of what an asset was to do step by step, as it was predicted and as it was measured."""

from __future__ import annotations

from typing import Final

import numpy as np

from grid.arrays import Bools, Floats
from grid.twin.learning.effect import ActionEffect, measured_effect_mwh
from grid.twin.learning.records import PlannedMove

LEAST_KNOWN: Final = 0.5
"""Share of the steps in which an asset must have been measured for its effect to count as known; ours."""
_LEAST_MW: Final = 1e-6


def predicted_mwh(move: PlannedMove) -> float:
    """Energy that an asset is to draw less, or feed in more, while it is asked to [MWh].

    Of an action that only raises what is drawn, as the curtailment of sun and wind, the energy that it draws more.
    """
    change, at = _change(move)
    return float(change[at].sum()) * move.step_s / 3600


def move_effect(move: PlannedMove, measured_mw: Floats, share: float = 1.0) -> ActionEffect | None:
    """What an asset was to do and did, in the steps in which it was asked to and was measured.

    Args:
        move: What it was to do.
        measured_mw: Its withdrawal in the steps of the move, shape (T,) [MW]; NaN where it was not measured.
        share: Which share of the move was decided.

    Returns:
        The effect; None where it was measured in less than `LEAST_KNOWN` of these steps.
    """
    change, at = _change(move)
    known = at & np.isfinite(measured_mw)
    if known.sum() < LEAST_KNOWN * max(int(at.sum()), 1):
        return None
    hours = move.step_s / 3600
    without = np.array(move.without_mw)
    came = measured_effect_mwh(without[known], measured_mw[known], hours) * _direction(move)
    return ActionEffect(move.asset, move.kind, share * float(change[known].sum()) * hours, came)


def _direction(move: PlannedMove) -> float:
    """1 where an action is good for lowering a withdrawal, -1 where it only raises it."""
    return 1.0 if (np.array(move.with_mw) < np.array(move.without_mw) - _LEAST_MW).any() else -1.0


def _change(move: PlannedMove) -> tuple[Floats, Bools]:
    """Change in the direction that counts [MW], and where there is one, shape (T,) each."""
    change = (np.array(move.without_mw) - np.array(move.with_mw)) * _direction(move)
    return change, change > _LEAST_MW
