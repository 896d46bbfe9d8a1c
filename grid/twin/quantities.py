"""What is measured in a grid: every quantity with its unit, its sign and the range in which it can lie at all."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Literal

ElementKind = Literal["bus", "branch", "asset"]
ELEMENT_KINDS: Final[tuple[ElementKind, ...]] = ("bus", "branch", "asset")
"""What is measured: a bus, a line or transformer, or an asset of the scenario."""

_POWER_UNITS: Final = {"kw": 1e-3, "w": 1e-6, "gw": 1e3}
_REACTIVE_UNITS: Final = {"kvar": 1e-3, "var": 1e-6, "gvar": 1e3}
_ENERGY_UNITS: Final = {"kwh": 1e-3, "wh": 1e-6, "gwh": 1e3}
_CURRENT_UNITS: Final = {"a": 1e-3, "ma": 1e-6}


@dataclass(frozen=True)
class MeasuredQuantity:
    """A quantity that is measured.

    Args:
        name: Its name, with the unit as last part.
        kind: What it is measured at.
        unit: Unit of its values.
        meaning: What it is, with its sign.
        lowest: Least value that it can have; ours, wide enough for a fault in a city's grid.
        highest: Greatest value that it can have; likewise.
        other_units: Other units, in lower case, and what a value in them is multiplied with.
    """

    name: str
    kind: ElementKind
    unit: str
    meaning: str
    lowest: float
    highest: float
    other_units: Mapping[str, float] = field(default_factory=dict)

    @property
    def fluctuates(self) -> bool:
        """Whether two values in a row are never quite equal while it is measured: no state, no energy of a store."""
        return self.unit not in {"1", "MWh"}

    def factor(self, unit: str) -> float | None:
        """What a value in a unit is multiplied with; None if the quantity has no such unit."""
        folded = unit.strip().casefold()
        return 1.0 if folded in {self.unit.casefold(), ""} else self.other_units.get(folded)


def _of(kind: ElementKind, *quantities: tuple[str, str, str, float, float, Mapping[str, float]]) -> Mapping[
    tuple[str, str], MeasuredQuantity
]:  # fmt: skip
    return {
        (kind, name): MeasuredQuantity(name, kind, unit, meaning, lowest, highest, others)
        for name, unit, meaning, lowest, highest, others in quantities
    }


QUANTITIES: Final[Mapping[tuple[str, str], MeasuredQuantity]] = {
    **_of(
        "bus",
        ("vm_pu", "pu", "voltage, line to line, against the nominal one", 0.0, 2.0, {"%": 0.01, "percent": 0.01}),
        ("va_degree", "degree", "angle of its voltage against the grid above", -180.0, 180.0, {"rad": 180 / math.pi}),
        ("p_mw", "MW", "active power that leaves the grid at the bus: consumption positive", -1e3, 1e3, _POWER_UNITS),
        ("q_mvar", "MVAr", "reactive power that leaves the grid at the bus", -1e3, 1e3, _REACTIVE_UNITS),
    ),
    **_of(
        "branch",
        ("p_from_mw", "MW", "active power that enters the branch at its from bus", -1e3, 1e3, _POWER_UNITS),
        ("p_to_mw", "MW", "active power that enters the branch at its to bus", -1e3, 1e3, _POWER_UNITS),
        ("q_from_mvar", "MVAr", "reactive power that enters it at its from bus", -1e3, 1e3, _REACTIVE_UNITS),
        ("q_to_mvar", "MVAr", "reactive power that enters it at its to bus", -1e3, 1e3, _REACTIVE_UNITS),
        ("i_from_ka", "kA", "current at its from bus", 0.0, 100.0, _CURRENT_UNITS),
        ("i_to_ka", "kA", "current at its to bus", 0.0, 100.0, _CURRENT_UNITS),
        ("i_ka", "kA", "current, the greater of both ends", 0.0, 100.0, _CURRENT_UNITS),
        ("loading_percent", "%", "current against its rating, the worse end", 0.0, 1e4, {"pu": 100.0}),
        ("closed", "1", "1 if its switches are closed, 0 if one is open", 0.0, 1.0, {}),
        ("fault_passed", "1", "1 if its fault indicator saw the current of a fault, else 0", 0.0, 1.0, {}),
    ),
    **_of(
        "asset",
        ("p_mw", "MW", "active power drawn less fed in: charging and consumption positive", -1e3, 1e3, _POWER_UNITS),
        ("q_mvar", "MVAr", "reactive power drawn", -1e3, 1e3, _REACTIVE_UNITS),
        ("e_mwh", "MWh", "energy in its store", 0.0, 1e5, _ENERGY_UNITS),
    ),
}  # fmt: skip
"""All quantities by kind of element and name."""


def quantities_of(kind: str) -> tuple[str, ...]:
    """Names of the quantities that are measured at a kind of element; none if there is no such kind."""
    return tuple(name for of_kind, name in QUANTITIES if of_kind == kind)
