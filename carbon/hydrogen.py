"""The carbon of hydrogen that is refuelled."""

from __future__ import annotations

import numpy as np

from carbon.stocks import ClassTrace
from grid.series import Floats

LHV_KWH_PER_KG = 33.33
"""Lower heating value of hydrogen."""


def carbon_per_kg(ci_stock_kg_per_mwh: Floats) -> Floats:
    """Carbon of a kilogram of hydrogen [kg/kg] from a tank that holds `ci_stock_kg_per_mwh` (of the LHV) [kg/MWh]."""
    return ci_stock_kg_per_mwh * LHV_KWH_PER_KG / 1000


def refuelled_carbon_per_kg(tanks: ClassTrace) -> Floats:
    """Mean carbon of the hydrogen refuelled in each step, shape (T,) [kg/kg]; NaN in steps without any.

    Args:
        tanks: The trace of stationary stores; only tanks give fuel.
    """
    drawn_mwh = tanks.energy.fuel
    per_mwh = np.divide(tanks.carbon.fuel, drawn_mwh, out=np.full(drawn_mwh.shape, np.nan), where=drawn_mwh > 0)
    return carbon_per_kg(per_mwh)
