"""Where the tap changers of a transformer's end stand: its ratio, its angle, and what they do to impedances."""

from __future__ import annotations

import cmath
import math
from collections import defaultdict
from dataclasses import dataclass, replace

from grid.readers.cgmes.objects import CimObject, CimObjects

LINEAR = "PhaseTapChangerLinear"
SYMMETRICAL = "PhaseTapChangerSymmetrical"
ASYMMETRICAL = "PhaseTapChangerAsymmetrical"
TABULAR = "PhaseTapChangerTabular"
RATIO = "RatioTapChanger"


@dataclass(frozen=True)
class TapState:
    """What the tap changers of an end make of it.

    Args:
        ratio: Voltage of the end over its rated voltage [1].
        angle_degree: By which its voltage leads [degree].
        factors: Of r, x, g and b of the end [1].
    """

    ratio: float = 1.0
    angle_degree: float = 0.0
    factors: tuple[float, float, float, float] = (1.0, 1.0, 1.0, 1.0)


class TapChangers:
    """The tap changers of all ends."""

    def __init__(self, objects: CimObjects) -> None:
        """Gathers them, and the points of their tables."""
        self.objects = objects
        self.controlled = 0
        self._of_end: dict[str, list[CimObject]] = defaultdict(list)
        for changer in objects.of(RATIO, LINEAR, SYMMETRICAL, ASYMMETRICAL, TABULAR):
            end = changer.values.get("RatioTapChanger.TransformerEnd") or changer.values.get(
                "PhaseTapChanger.TransformerEnd", ""
            )
            self._of_end[end].append(changer)
            self.controlled += changer.flag("TapChanger.controlEnabled", default=False)
        self._points: dict[str, dict[float, CimObject]] = defaultdict(dict)
        for kind in ("RatioTapChangerTable", "PhaseTapChangerTable"):
            objects.looked_at.add(kind)
            for point in objects.of(f"{kind}Point"):
                step = objects.number(point, "TapChangerTablePoint.step")
                self._points[point.values.get(f"{kind}Point.{kind}", "")][step] = point

    def state(self, end: CimObject, x_ohm: float) -> TapState:
        """What the tap changers of an end make of it.

        Args:
            end: The end.
            x_ohm: Reactance without them, of which theirs is a multiple [Ohm].
        """
        state = TapState()
        for changer in self._of_end.get(end.key, ()):
            steps = self._steps(changer)
            if (table := self._table(changer)) is not None:
                state = self._by_table(state, changer, table)
            elif changer.kind == RATIO:
                increment = self.objects.number(changer, "RatioTapChanger.stepVoltageIncrement")
                state = replace(state, ratio=state.ratio * (1 + steps * increment / 100))
            else:
                state = self._shift(state, changer, steps, x_ohm)
        return state

    def _position(self, changer: CimObject) -> float:
        return self.objects.number(changer, "TapChanger.step", None, "TapChanger.normalStep", "TapChanger.neutralStep")

    def _steps(self, changer: CimObject) -> float:
        """Steps from the neutral position."""
        return self._position(changer) - self.objects.number(changer, "TapChanger.neutralStep", 0.0)

    def _table(self, changer: CimObject) -> str | None:
        name = "RatioTapChanger.RatioTapChangerTable" if changer.kind == RATIO else f"{TABULAR}.PhaseTapChangerTable"
        return changer.values.get(name)

    def _by_table(self, state: TapState, changer: CimObject, table: str) -> TapState:
        """Adds what a row of a table says, whose impedances are deviations in per cent."""
        position = self._position(changer)
        point = self._points[table].get(position)
        if point is None:
            self.objects.fault(changer, "step", "its table has no such step", position)
            return state
        number = self.objects.number
        r, x, g, b = (
            factor * (1 + number(point, f"TapChangerTablePoint.{name}", 0.0) / 100)
            for factor, name in zip(state.factors, "rxgb", strict=True)
        )
        return replace(
            state, ratio=state.ratio * number(point, "TapChangerTablePoint.ratio", 1.0),
            angle_degree=state.angle_degree + number(point, "PhaseTapChangerTablePoint.angle", 0.0),
            factors=(r, x, g, b),
        )  # fmt: skip

    def _shift(self, state: TapState, changer: CimObject, steps: float, x_ohm: float) -> TapState:
        """Adds what a phase shifter without a table does.

        Its reactance grows with the square of the voltage that it adds, from its least to its greatest at the end of
        its range [1]. The least is that of the transformer where none is stated: CGMES 3.0 has it for consistency only.

        References:
            [1] ENTSO-E, "Phase shift transformers modelling", 2014; its formulas in the angle, one for each kind of
                phase shifter, come to this.
        """
        number = self.objects.number
        neutral = number(changer, "TapChanger.neutralStep", 0.0)
        ends = [number(changer, f"TapChanger.{name}Step", 0.0) - neutral for name in ("low", "high")]
        widest = max((self._ratio_and_angle(changer, end) for end in ends), key=lambda each: abs(each[1]))
        ratio, angle = self._ratio_and_angle(changer, steps)
        prefix = LINEAR if changer.kind == LINEAR else "PhaseTapChangerNonLinear"
        least, greatest = (number(changer, f"{prefix}.{name}", 0.0) for name in ("xMin", "xMax"))
        least = least or x_ohm
        r, x, g, b = state.factors
        if 0 < least <= greatest and x_ohm > 0 and widest[1] != 0:
            share = _added(ratio, angle) / _added(*widest)
            x *= (least + (greatest - least) * share**2) / x_ohm
        return TapState(state.ratio * ratio, state.angle_degree + angle, (r, x, g, b))

    def _ratio_and_angle(self, changer: CimObject, steps: float) -> tuple[float, float]:
        """Ratio [1] and angle [degree] of a phase shifter some steps from neutral."""
        number = self.objects.number
        if changer.kind == LINEAR:
            return 1.0, steps * number(changer, f"{LINEAR}.stepPhaseShiftIncrement")
        added = steps * number(changer, "PhaseTapChangerNonLinear.voltageStepIncrement") / 100
        if changer.kind == SYMMETRICAL:
            return 1.0, math.degrees(2 * math.atan(added / 2))
        winding = math.radians(number(changer, f"{ASYMMETRICAL}.windingConnectionAngle", 90.0))
        along, across = 1 + added * math.cos(winding), added * math.sin(winding)
        return math.hypot(along, across), math.degrees(math.atan2(across, along))


def _added(ratio: float, angle_degree: float) -> float:
    """Voltage that a phase shifter adds, over that before it [1]."""
    return abs(cmath.rect(ratio, math.radians(angle_degree)) - 1)
