"""The wet bulb of moist air, as engineers compute it.

References:
    [1] ASHRAE, "Handbook - Fundamentals", 2017, chapter 1 (Psychrometrics), equations 5, 6, 20, 33 and 35.
"""

from __future__ import annotations

import numpy as np

from grid.arrays import Floats
from grid.units import ZERO_DEGC_K

TRIPLE_POINT_DEGC = 0.01
"""Above it the bulb is wetted with water, below with ice."""
VAPOUR_TO_AIR_MASS_RATIO = 0.621945
WATER = (-5.8002206e3, 1.3914993, -4.8640239e-2, 4.1764768e-5, -1.4452093e-8, 0.0, 6.5459673)
ICE = (-5.6745359e3, 6.3925247, -9.6778430e-3, 6.2215701e-7, 2.0747825e-9, -9.4840240e-13, 4.1635019)
"""Of ln p = c0/T + c1 + c2 T + c3 T² + c4 T³ + c5 T⁴ + c6 ln T [Pa, K], equations 6 and 5 [1]."""
_LARGEST_DEPRESSION_K = 60.0


def saturation_pressure_pa(t_degc: Floats) -> Floats:
    """Pressure of saturated vapour over water, below the triple point over ice, any shape [Pa]; equations 5, 6 [1]."""
    t_k = np.asarray(t_degc) + ZERO_DEGC_K
    over_water, over_ice = (
        c[0] / t_k + c[1] + t_k * (c[2] + t_k * (c[3] + t_k * (c[4] + t_k * c[5]))) + c[6] * np.log(t_k)
        for c in (WATER, ICE)
    )
    return np.asarray(np.exp(np.where(np.asarray(t_degc) > TRIPLE_POINT_DEGC, over_water, over_ice)))


def humidity_ratio_of_vapour(vapour_pa: Floats, pressure_pa: Floats) -> Floats:
    """Vapour per dry air [kg/kg] from the pressures of vapour and of all air, any shape [Pa]; equation 20 [1]."""
    return np.asarray(VAPOUR_TO_AIR_MASS_RATIO * vapour_pa / (pressure_pa - vapour_pa))


def humidity_ratio_from_wet_bulb(t_dry_bulb_degc: Floats, t_wet_bulb_degc: Floats, pressure_pa: Floats) -> Floats:
    """Vapour per dry air [kg/kg] from both bulbs, any shape; equation 33, below the triple point 35 [1]."""
    saturated = humidity_ratio_of_vapour(saturation_pressure_pa(t_wet_bulb_degc), pressure_pa)
    dry, wet = np.asarray(t_dry_bulb_degc), np.asarray(t_wet_bulb_degc)
    water = ((2501 - 2.326 * wet) * saturated - 1.006 * (dry - wet)) / (2501 + 1.86 * dry - 4.186 * wet)
    ice = ((2830 - 0.24 * wet) * saturated - 1.006 * (dry - wet)) / (2830 + 1.86 * dry - 2.1 * wet)
    return np.asarray(np.where(wet > TRIPLE_POINT_DEGC, water, ice))


def solved_wet_bulb_degc(t_dry_bulb_degc: Floats, relative_humidity_percent: Floats, pressure_pa: Floats) -> Floats:
    """Temperature to which water that evaporates into the air cools it.

    Args:
        t_dry_bulb_degc: Dry bulb, any shape [°C].
        relative_humidity_percent: Relative to saturation over water, below the triple point over ice, 0 to 100 [%].
        pressure_pa: Pressure [Pa].

    Returns:
        The wet bulb, of the shape to which the arguments broadcast [°C]; never above the dry bulb.
    """
    from scipy.optimize import elementwise  # noqa: PLC0415  slow to import

    vapour_pa = np.asarray(relative_humidity_percent) / 100 * saturation_pressure_pa(t_dry_bulb_degc)
    held = humidity_ratio_of_vapour(vapour_pa, pressure_pa)
    dry, pressure, ratio = np.broadcast_arrays(t_dry_bulb_degc, pressure_pa, held)

    def excess(wet: Floats, t_dry: Floats, total_pa: Floats, actual: Floats) -> Floats:
        return humidity_ratio_from_wet_bulb(t_dry, wet, total_pa) - actual

    bracket = (dry - _LARGEST_DEPRESSION_K, dry + 1e-6)  # at saturation the wet bulb is the dry bulb
    found = elementwise.find_root(excess, bracket, args=(dry, pressure, ratio))
    return np.asarray(np.minimum(found.x, dry), dtype=np.float64)
