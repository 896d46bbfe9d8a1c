"""Outdoor air at a data centre, step by step."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from carbon.data_centre.air import psychrometrics
from grid.arrays import Floats, read_only
from grid.errors import Fault, raise_if_any

PLAUSIBLE = {
    "t_dry_bulb_degc": (-60.0, 60.0),
    "relative_humidity_percent": (0.0, 100.0),
    "pressure_pa": (50_000.0, 110_000.0),
    "t_water_degc": (-3.0, 45.0),
    "hour_of_year": (0.0, 8784.0),
}
"""Lowest and highest value that is taken for weather rather than for a wrong unit."""


@dataclass(frozen=True, eq=False)
class OutdoorAir:
    """Outdoor air over T steps; what follows from it is computed once, when first asked for.

    Args:
        t_dry_bulb_degc: Dry bulb, shape (T,) [°C].
        relative_humidity_percent: Relative humidity, shape (T,) [%].
        pressure_pa: Pressure at the site, shape (T,) [Pa].
        t_water_degc: Sea, lake or river water at the site, shape (T,) [°C]; None where it is not known.
        hour_of_year: Hours since the year began, shape (T,) [h]; None where the time of the year does not matter.

    Raises:
        InputError: If shapes disagree, or a value is not finite or beyond what weather can be; all faults at once.
    """

    t_dry_bulb_degc: Floats
    relative_humidity_percent: Floats
    pressure_pa: Floats
    t_water_degc: Floats | None = None
    hour_of_year: Floats | None = None

    def __post_init__(self) -> None:
        faults: list[Fault] = []
        for name, (low, high) in PLAUSIBLE.items():
            if getattr(self, name) is None:
                continue
            values = read_only(getattr(self, name))
            object.__setattr__(self, name, values)
            faults += out_of_range(name, values, low, high, self.t_dry_bulb_degc.shape)
        raise_if_any(faults, "the outdoor air")

    @cached_property
    def humidity_ratio(self) -> Floats:
        """Vapour per dry air, shape (T,) [kg/kg]."""
        return psychrometrics.humidity_ratio(self.t_dry_bulb_degc, self.relative_humidity_percent, self.pressure_pa)

    @cached_property
    def enthalpy_kj_per_kg(self) -> Floats:
        """Enthalpy per dry air, shape (T,) [kJ/kg]."""
        return psychrometrics.enthalpy_kj_per_kg(self.t_dry_bulb_degc, self.humidity_ratio)

    @cached_property
    def wet_bulb_degc(self) -> Floats:
        """Wet bulb, shape (T,) [°C]."""
        return psychrometrics.wet_bulb_degc(self.t_dry_bulb_degc, self.relative_humidity_percent, self.pressure_pa)

    @cached_property
    def density_kg_per_m3(self) -> Floats:
        """Density, shape (T,) [kg/m³]."""
        return psychrometrics.air_density_kg_per_m3(self.t_dry_bulb_degc, self.pressure_pa)


def out_of_range(name: str, values: Floats, low: float, high: float, shape: tuple[int, ...]) -> list[Fault]:
    """What is wrong with a series: its shape, or its first value that is not finite or not within low..high."""
    if values.ndim != 1 or values.shape != shape:
        wanted = shape if len(shape) == 1 else "(T,)"
        return [Fault(name, f"must have shape {wanted}", values.shape)]
    bad = np.flatnonzero(~((values >= low) & (values <= high)))  # not-a-number fails both
    if not bad.size:
        return []
    rule = f"must lie within {low:g}..{high:g}; {bad.size} of {values.size} steps do not, the first is step {bad[0]}"
    return [Fault(name, rule, float(values[bad[0]]))]
