"""The effect of an action as it was measured, against what was predicted."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from grid.arrays import Floats
from grid.errors import Fault, raise_if_any

ENOUGH = 0.9
"""Share of the predicted effect from which an action counts as one that did what it should; ours."""


@dataclass(frozen=True)
class ActionEffect:
    """What one asset did in an action.

    Args:
        asset: Its name.
        kind: What kind of action it was, such as ``charging shifted``.
        predicted_mwh: By how much its withdrawal was to fall while it was needed, feeding in more counted alike [MWh].
        measured_mwh: By how much it fell, see `measured_effect_mwh` [MWh].
    """

    asset: str
    kind: str
    predicted_mwh: float
    measured_mwh: float

    @property
    def enough(self) -> bool:
        """Whether it did at least `ENOUGH` of what it should."""
        return self.measured_mwh >= ENOUGH * self.predicted_mwh


def measured_effect_mwh(without_mw: Floats, measured_mw: Floats, step_hours: float) -> float:
    """Energy by which a withdrawal fell against what it would have been [MWh]; steps without a value count as none.

    What would have been is nobody's measurement: it is the plan without the action, so an error of that plan is one of
    the effect.

    Args:
        without_mw: What was planned without the action, shape (T,) [MW].
        measured_mw: What was measured, shape (T,) [MW]; NaN where nothing was.
        step_hours: Length of a step [h].

    Raises:
        InputError: If the shapes differ.
    """
    if without_mw.shape != measured_mw.shape:
        raise_if_any([Fault("measured_mw", f"must have shape {without_mw.shape}", measured_mw.shape)], "the effect")
    return float(np.nansum(without_mw - measured_mw) * step_hours)
