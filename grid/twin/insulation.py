"""Ageing of the paper in oil-immersed transformers, by the temperature of the hot spot.

References:
    [1] IEC 60076-7:2018, "Power transformers - Part 7: Loading guide for mineral-oil-immersed power transformers",
        section 6.
"""

from __future__ import annotations

from typing import Literal

import numpy as np

from grid.arrays import Floats
from grid.units import ZERO_DEGC_K

Paper = Literal["plain", "upgraded"]
"""Insulation: plain kraft paper, or thermally upgraded paper."""
NORMAL_LIFE_H = 180_000.0
"""Life at the rated hot spot, well dried and free of oxygen, until the degree of polymerisation is 200 [h] [1]."""
PLAIN_RATED_DEGC = 98.0
UPGRADED_RATED_DEGC = 110.0
"""Hot spot at which the paper ages at the rate 1 [°C] [1]."""
DOUBLING_K = 6.0
"""What doubles the rate of plain paper [K] [1]."""
ACTIVATION_K = 15_000.0
"""Activation energy per gas constant of upgraded paper [K] [1]."""
_ZERO_DEGC_OF_THE_STANDARD_K = round(ZERO_DEGC_K)


def ageing_rate(hot_spot_degc: Floats, paper: Paper = "plain") -> Floats:
    """Ageing per time, relative to that at the rated hot spot, of the shape of the temperatures [1, equations 2 and 3].

    Args:
        hot_spot_degc: Temperature of the hottest place of the winding [°C].
        paper: The insulation.
    """
    hot_spot = np.asarray(hot_spot_degc, dtype=np.float64)
    if paper == "plain":
        return np.asarray(2.0 ** ((hot_spot - PLAIN_RATED_DEGC) / DOUBLING_K))
    rated_k = UPGRADED_RATED_DEGC + _ZERO_DEGC_OF_THE_STANDARD_K
    return np.asarray(np.exp(ACTIVATION_K / rated_k - ACTIVATION_K / (hot_spot + _ZERO_DEGC_OF_THE_STANDARD_K)))


def loss_of_life_h(hot_spot_degc: Floats, step_hours: float, paper: Paper = "plain") -> Floats:
    """Hours of life at the rated hot spot that T steps use up, shape of the other axes [h] [1, equation 4].

    Args:
        hot_spot_degc: Temperature at the end of each step, axis 0 is time [°C].
        step_hours: Length of a step [h].
        paper: The insulation.
    """
    return np.asarray(ageing_rate(hot_spot_degc, paper).sum(axis=0) * step_hours)
