"""Generation that follows the weather: one device a district, which may feed in anything up to what there is."""

from __future__ import annotations

import numpy as np
from scipy import sparse

from grid.arrays import Floats
from grid.assets.base import Asset, Site
from grid.flexibility.flexibility import Flexibility
from grid.flexibility.per_slot import PerSlot

POWER_FACTOR_MIN = 0.9
"""VDE-AR-N 4105 (2018): generators above 4.6 kVA feed in at any power factor from 0.90 under- to 0.90 over-excited.
That the reactive power of the rated point is there at any active power (night too) is an assumption about inverters."""


def curtailable(
    asset: Asset, site: Site, available_mw: Floats, p_ac_rated_mw: float, power_factor_min: float, technology: str
) -> Flexibility:
    """An asset that feeds in what the weather gives, or less.

    Its buses are grouped by district, and each district is curtailed by itself. The inverter is sized so that the
    reactive power is there at full active power too: S = P / cos φ, hence Q = S sin φ, whatever P is.

    Args:
        asset: The asset; its placement spreads the power.
        site: Where and when.
        available_mw: What the weather gives the whole asset, shape (T,) [MW], not negative.
        p_ac_rated_mw: Rated active power at the grid [MW].
        power_factor_min: Least power factor at full active power, above 0 and at most 1.
        technology: Of the factor sets.

    Returns:
        One device a district over the whole clock, districts in the order of their names.

    Raises:
        InputError: If the placement is wrong.
    """
    city, placement = site.city, asset.placement(site.city)
    zones = [city.network.buses.zones[bus] for bus in placement.buses]
    districts = sorted(set(zones))
    row = np.array([districts.index(zone) for zone in zones])
    part = np.bincount(row, weights=placement.shares).astype(np.float64)
    n = len(districts)
    withdrawal = -np.outer(part, available_mw).ravel() + 0.0  # no negative zeros
    return Flexibility(
        name=asset.name,
        kind=asset.kind,
        clock=city.clock,
        shares=sparse.csr_array((placement.shares / part[row], (row, placement.buses)), shape=(n, city.n_buses)),
        start=np.zeros(n, dtype=np.int64),
        stop=np.full(n, city.clock.n_steps),
        p_min_mw=PerSlot(withdrawal),
        p_max_mw=np.zeros(n),
        element=asset.element,
        p_unmanaged_mw=withdrawal,
        q_max_mvar=part * reactive_capability_mvar(p_ac_rated_mw, power_factor_min),
        technology=technology,
        fuel_free=True,
    )


def reactive_capability_mvar(p_ac_rated_mw: float, power_factor_min: float) -> float:
    """Reactive power beside full active power, S sin φ with S = P / cos φ [MVAr]."""
    apparent_mva = p_ac_rated_mw / power_factor_min
    return float(apparent_mva * np.sin(np.arccos(power_factor_min)))
