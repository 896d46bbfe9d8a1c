"""Charging sessions as devices of a flexibility."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from grid.arrays import Bools, Floats, Ints
from grid.assets.ev.sessions import PeriodSessions
from grid.city.placement import Placement
from grid.flexibility.flexibility import Flexibility, Reservoir, one_hot
from grid.flexibility.labels import Labels
from grid.time.clock import Clock

GPC_ON_ROAD = "II.1"
"""GPC sub-sector of on-road transport."""
BATTERY_WEAR_KG_PER_MWH = 28.0
"""Carbon of the battery that a MWh fed in wears out: 84 kg of CO2e per kWh of battery, the middle of 61 to 106
(E. Emilsson, L. Dahllöf, "Lithium-Ion Vehicle Battery Production", IVL C 444, 2019), over 3,000 full cycles
(unverified)."""


@dataclass(frozen=True, eq=False)
class Connection:
    """The V vehicles of a fleet and how they are connected.

    Args:
        vehicle_class: Class of each vehicle, shape (V,).
        charger_mw: Power of charging and of feeding in, shape (V,) [MW].
        battery_mwh: Usable energy of the battery, shape (V,) [MWh].
        willing: Vehicles that may feed in, shape (V,).
        soc_min_v2g: State of charge that feeding in leaves, or what the car came with if that is less [1].
        efficiency_charge: Stored per energy at the meter [1].
        efficiency_discharge: At the meter per energy taken out [1].
        wear_cost_per_mwh: Cost of ageing per energy fed in [currency/MWh].
        wear_kg_per_mwh: Carbon of making the battery that wears out, per energy fed in [kg/MWh].
    """

    vehicle_class: Labels
    charger_mw: Floats
    battery_mwh: Floats
    willing: Bools
    soc_min_v2g: float
    efficiency_charge: float
    efficiency_discharge: float
    wear_cost_per_mwh: float
    wear_kg_per_mwh: float


def sessions_as_devices(
    name: str,
    kind: str,
    place: str,
    clock: Clock,
    sessions: PeriodSessions,
    buses: tuple[Ints, int],
    connection: Connection,
) -> Flexibility:
    """One device a session; those that ask for nothing and may not feed in are left out.

    Args:
        name: Name of the asset.
        kind: Kind of the asset.
        place: Where the vehicles charge, in words.
        clock: The time axis.
        sessions: The M sessions of V vehicles.
        buses: Bus of each session, shape (M,), and the number of buses.
        connection: How they are connected.
    """
    asks = sessions.e_departure_mwh > sessions.e_arrival_mwh
    at = np.flatnonzero(asks | connection.willing[sessions.vehicle])
    sessions = sessions.only(at)
    vehicle, n = sessions.vehicle, sessions.vehicle.size
    charger, willing = connection.charger_mw[vehicle], connection.willing[vehicle]
    return Flexibility(
        name=name,
        kind=kind,
        clock=clock,
        shares=one_hot(buses[0][at], buses[1]),
        start=sessions.start,
        stop=sessions.stop,
        p_min_mw=np.where(willing, -charger, 0.0),
        p_max_mw=charger,
        element="storage",
        reservoir=_reservoir(sessions, connection, willing),
        smart=True,
        wear_cost_per_mwh=np.full(n, connection.wear_cost_per_mwh),
        gpc_code=GPC_ON_ROAD,
        place=place,
        vehicle_class=connection.vehicle_class.select(vehicle),
        wear_kg_per_mwh=connection.wear_kg_per_mwh,
    )


def _reservoir(sessions: PeriodSessions, connection: Connection, willing: Bools) -> Reservoir:
    """The batteries during the sessions."""
    n, e_start, e_end = sessions.vehicle.size, sessions.e_arrival_mwh, sessions.e_departure_mwh
    battery = connection.battery_mwh[sessions.vehicle]
    return Reservoir(
        e_start_mwh=e_start,
        e_end_mwh=e_end,
        e_min_mwh=np.where(willing, np.minimum(e_start, connection.soc_min_v2g * battery), e_start),
        e_max_mwh=np.where(willing, battery, e_end),
        eta_charge=np.full(n, connection.efficiency_charge),
        eta_discharge=np.full(n, connection.efficiency_discharge),
        retention_per_step=np.ones(n),
        owner=sessions.vehicle,
        exact_end=True,
        vehicle=True,
        mwh_per_km=sessions.mwh_per_km,
        e_before_mwh=sessions.e_before_mwh,
        owed_mwh=sessions.owed_mwh,
    )


def homes(placement: Placement, vehicles: int) -> Ints:
    """Bus of each car, shape (V,), in the shares of the placement by largest remainder, so without chance."""
    exact = placement.shares * vehicles
    count = np.floor(exact).astype(np.int64)
    by_remainder = np.argsort(count - exact, kind="stable")
    count[by_remainder[: vehicles - count.sum()]] += 1
    return np.repeat(placement.buses, count)


def willing_owners(vehicles: int, v2g_share: float, allowed: bool) -> Bools:
    """Vehicles whose owners let them feed in, shape (V,): spread evenly over the fleet by the golden ratio."""
    golden_ratio = (5**0.5 - 1) / 2
    chosen: Bools = (np.arange(vehicles) * golden_ratio) % 1 < v2g_share
    return chosen if allowed else np.zeros(vehicles, dtype=bool)
