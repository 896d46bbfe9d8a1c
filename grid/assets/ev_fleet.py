"""A fleet of electric cars, session by session."""

from __future__ import annotations

from typing import ClassVar, Literal

import numpy as np
from pydantic import Field

from grid.assets.base import Asset, Site
from grid.assets.ev_sessions import Habits, Sessions, draw_sessions
from grid.flexibility import Element, Flexibility, Reservoir, one_hot
from grid.placement import Placement
from grid.series import Bools, Ints


class EVFleet(Asset):
    """Electric cars that charge where they are placed; each charging session is a device of its own.

    Between two sessions a car drives; what it used is what it asks for, so its stock of energy and of carbon runs on
    from session to session. A session that crosses the edge of the period is due pro rata.
    """

    element: ClassVar[Element] = "storage"
    kind: Literal["ev_fleet"] = "ev_fleet"
    vehicles: int = Field(ge=1)
    """Number of cars."""
    place: Literal["home"] = "home"
    """Where they charge; decides when they come and go (`grid/data/charging`)."""
    v2g_share: float = Field(default=0.0, ge=0, le=1)
    """Share of the cars whose owners let them feed in (V2G)."""
    km_per_year: float = Field(default=15_852.0, gt=0)
    """Mean distance driven [km/a]. Default: cars with electric and other new drives in Germany 2023,
    Kraftfahrt-Bundesamt, press release of 28 June 2024 (all cars: 12,320)."""
    consumption_kwh_per_km: float = Field(default=0.17, gt=0, le=3)
    """From the battery, at 20 °C [kWh/km]. Default: middle of 0.16-0.20 for medium cars by WLTP (unverified)."""
    winter_increase_per_degc: float = Field(default=0.011, ge=0)
    """Relative increase of consumption per degree below 20 °C [1/°C]: + 22 % at 0 °C (unverified)."""
    battery_kwh: float = Field(default=60.0, gt=0, le=1000)
    """Usable energy of the battery [kWh] (unverified)."""
    charger_kw: float = Field(default=11.0, gt=0, le=400)
    """Power of the charging point [kW]. Default: a three-phase wall box of 16 A (IEC 61851-1, mode 3)."""
    plug_in_per_day: float = Field(default=0.44, gt=0, le=1)
    """Share of days on which a car is plugged in, unless its battery is low (`grid/data/charging/README.md`)."""
    soc_target: float = Field(default=0.8, gt=0, le=1)
    """State of charge that owners want at departure [1]."""
    soc_low: float = Field(default=0.3, ge=0, lt=1)
    """A car that comes home below this is plugged in on any day [1]."""
    soc_min_v2g: float = Field(default=0.4, ge=0, lt=1)
    """V2G leaves at least this state of charge, or what the car came with if that is less [1]."""
    efficiency_charge: float = Field(default=0.9, gt=0, le=1)
    """Stored per energy at the meter [1]: 0.88-0.92 for AC charging (unverified)."""
    efficiency_discharge: float = Field(default=0.9, gt=0, le=1)
    """At the meter per energy taken out [1]: with charging 0.75-0.85 round trip (unverified)."""
    wear_cost_per_mwh: float = Field(default=40.0, ge=0)
    """Cost of ageing per energy fed in [currency/MWh] (unverified)."""

    def flexibilities(self, site: Site) -> tuple[Flexibility, ...]:
        """One device a session."""
        sessions = self.sessions(site)
        willing = _willing(self, site, sessions)
        asks = sessions.e_departure_mwh > sessions.e_arrival_mwh
        return (_as_flexibility(self, site, sessions.only(asks | willing), willing[asks | willing]),)

    def sessions(self, site: Site) -> Sessions:
        """The sessions that the fleet makes in the period, drawn with the scenario's seed."""
        habits = Habits(
            place=self.place,
            vehicles=self.vehicles,
            km_per_day=self.km_per_year / 365,
            consumption_mwh_per_km=self.consumption_kwh_per_km / 1000,
            winter_increase_per_degc=self.winter_increase_per_degc,
            battery_mwh=self.battery_kwh / 1000,
            charger_mw=self.charger_kw / 1000,
            plug_in_per_day=self.plug_in_per_day,
            soc_target=self.soc_target,
            soc_low=self.soc_low,
            efficiency_charge=self.efficiency_charge,
        )
        return draw_sessions(habits, site.city.clock, site.time_zone, site.weather, site.generator(self.name))


def _willing(fleet: EVFleet, site: Site, sessions: Sessions) -> Bools:
    """Sessions of the cars whose owners let them feed in: spread evenly over the fleet by the golden ratio."""
    golden_ratio = (5**0.5 - 1) / 2
    chosen: Bools = (sessions.vehicle * golden_ratio) % 1 < fleet.v2g_share
    return chosen if site.v2g else np.zeros_like(chosen)


def _as_flexibility(fleet: EVFleet, site: Site, sessions: Sessions, willing: Bools) -> Flexibility:
    n = sessions.vehicle.size
    home = homes(fleet.placement(site.city), fleet.vehicles)
    charger, battery = fleet.charger_kw / 1000, fleet.battery_kwh / 1000
    e_start, e_end = sessions.e_arrival_mwh, sessions.e_departure_mwh
    return Flexibility(
        name=fleet.name,
        kind=fleet.kind,
        clock=site.city.clock,
        shares=one_hot(home[sessions.vehicle], site.city.n_buses),
        start=sessions.start,
        stop=sessions.stop,
        p_min_mw=np.where(willing, -charger, 0.0),
        p_max_mw=np.full(n, charger),
        element=fleet.element,
        reservoir=Reservoir(
            e_start_mwh=e_start,
            e_end_mwh=e_end,
            e_min_mwh=np.where(willing, np.minimum(e_start, fleet.soc_min_v2g * battery), e_start),
            e_max_mwh=np.where(willing, battery, e_end),
            eta_charge=np.full(n, fleet.efficiency_charge),
            eta_discharge=np.full(n, fleet.efficiency_discharge),
            retention_per_step=np.ones(n),
            owner=sessions.vehicle,
            exact_end=True,
            vehicle=True,
            mwh_per_km=sessions.mwh_per_km,
        ),
        smart=True,
        wear_cost_per_mwh=np.full(n, fleet.wear_cost_per_mwh),
        gpc_code="II.1",
        place=fleet.place,
    )


def homes(placement: Placement, vehicles: int) -> Ints:
    """Bus of each car, shape (V,), in the shares of the placement by largest remainder, so without chance."""
    exact = placement.shares * vehicles
    count = np.floor(exact).astype(np.int64)
    by_remainder = np.argsort(count - exact, kind="stable")
    count[by_remainder[: vehicles - count.sum()]] += 1
    return np.repeat(placement.buses, count)
