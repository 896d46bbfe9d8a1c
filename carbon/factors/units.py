"""Units in which emission factors are published, and what they are in kg/MWh."""

from __future__ import annotations

from typing import Final

from grid.errors import Fault, nearest
from grid.units import GJ_PER_MWH, LHV_HYDROGEN_MWH_PER_KG

_KG_PER_LB: Final = 0.45359237  # international avoirdupois pound, exact
KG_PER_MASS: Final = {"kg": 1.0, "g": 1e-3, "t": 1000.0, "lb": _KG_PER_LB}
"""Kilograms of the masses in `UNITS`."""
MWH_PER_LITRE: Final = {"petrol": 32.0 / 3600.0, "diesel": 36.0 / 3600.0}
"""Energy of a litre [MWh], lower heating value: Directive 2009/28/EC, Annex III, 32 and 36 MJ/l."""
_PER_ENERGY: Final = {
    "kg/MWh": 1.0,
    "g/kWh": 1.0,
    "kg/kWh": 1000.0,
    "t/MWh": 1000.0,
    "lb/MWh": _KG_PER_LB,
    "kg/GJ": GJ_PER_MWH,
    "g/MJ": GJ_PER_MWH,
    "t/TJ": GJ_PER_MWH,
}
_PER_AMOUNT: Final = ("kg/l", "kg/kg")
UNITS: Final = (*_PER_ENERGY, *_PER_AMOUNT)
"""What the column ``unit`` may say; emissions over electricity, or over the lower heating value of a fuel."""


def kg_per_mwh(value: float, unit: str, technology: str) -> float:
    """A published value in kg/MWh.

    Args:
        value: As published.
        unit: One of `UNITS`; ``kg/l`` is for petrol and diesel, ``kg/kg`` for hydrogen.
        technology: What it is for.
    """
    if unit == "kg/l":
        return value / MWH_PER_LITRE[technology]
    if unit == "kg/kg":
        return value / LHV_HYDROGEN_MWH_PER_KG
    return value * _PER_ENERGY[unit]


def unit_fault(place: str, unit: str, technology: str) -> Fault | None:
    """What is wrong with the unit of a row, if anything."""
    if not unit:
        return Fault(place, f"must be stated, one of {', '.join(UNITS)}")
    if unit not in UNITS:
        return Fault(place, f"must be one of {', '.join(UNITS)}", unit, nearest(unit, UNITS))
    if unit == "kg/l" and technology not in MWH_PER_LITRE:
        return Fault(place, f"kg/l is for {' and '.join(MWH_PER_LITRE)} only; not for", technology)
    if unit == "kg/kg" and not technology.startswith("hydrogen"):
        return Fault(place, "kg/kg is for hydrogen only; not for", technology)
    return None
