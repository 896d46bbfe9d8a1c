"""Temperature of the undisturbed soil over the year.

References:
    [1] T. Kusuda and P. R. Achenbach, "Earth temperature and thermal diffusivity at selected stations in the United
        States", ASHRAE Transactions, vol. 71, no. 1, 1965.
"""

from __future__ import annotations

import numpy as np

from grid.arrays import Floats
from grid.units import HOURS_PER_YEAR, SECONDS_PER_HOUR


def soil_degc(hour_of_year: Floats, air_degc: Floats, depth_m: float, diffusivity_m2_per_s: float) -> Floats:
    """Temperature of the soil at a depth, from the yearly wave of the air above it [1], shape (T,) [°C].

    The surface is taken to follow the air; of the air only its mean and its yearly wave reach the depth of a cable, the
    latter damped and late.

    Args:
        hour_of_year: Hours since the year began, shape (T,) [h].
        air_degc: Air in every hour of a year, shape (8760,) [°C].
        depth_m: Depth [m].
        diffusivity_m2_per_s: Thermal diffusivity of the soil [m²/s].
    """
    turn = 2 * np.pi / HOURS_PER_YEAR
    hours = np.arange(len(air_degc), dtype=np.float64) + 0.5
    wave = 2 * np.mean((air_degc - air_degc.mean()) * np.exp(-1j * turn * hours))
    per_m = np.sqrt(turn / SECONDS_PER_HOUR / (2 * diffusivity_m2_per_s))
    at_depth = wave * np.exp(-(1 + 1j) * per_m * depth_m)
    return np.asarray(air_degc.mean() + (at_depth * np.exp(1j * turn * np.asarray(hour_of_year))).real)
