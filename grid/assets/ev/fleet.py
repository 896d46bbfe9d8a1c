"""A fleet of electric vehicles, session by session."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar, Literal

import numpy as np
from pydantic import Field

from grid.arrays import Floats
from grid.assets.base import Asset, Site
from grid.assets.ev.devices import BATTERY_WEAR_KG_PER_MWH, Connection, homes, sessions_as_devices, willing_owners
from grid.assets.ev.places import Place, PlaceName, read_place
from grid.assets.ev.sessions import Habits, PeriodSessions, draw_sessions, year_round_service
from grid.assets.ev.vehicles import Vehicles, class_faults
from grid.city.city import City
from grid.errors import Fault, raise_if_any
from grid.flexibility.flexibility import Element, Flexibility
from grid.spec import HIGHEST_PRICE
from grid.units import DAYS_PER_YEAR, KW_PER_MW, KWH_PER_MWH

__all__ = ["EVFleet", "homes", "size_faults"]

SENSIBLE = {"charger_kw": (1.0, 1000.0), "battery_kwh": (1.0, 2000.0)}
"""Beyond these the unit is probably another: no charging point of a car gives less than 1 kW, and more than 1 MW is
for the megawatt charging of lorries, which is not a session of this kind."""


MOST_VEHICLES = 10_000_000
"""Of one fleet, as many as a large country's: each vehicle is followed session by session."""
_MOST_PER_MW = 20_000.0
"""Vehicles for each MW of the peak of all loads, about ten times what a wholly electric city has."""


class EVFleet(Asset):
    """Electric vehicles that charge where they are placed; each charging session is a device of its own.

    Between two sessions a vehicle drives; what it used is what it asks for, so its stock of energy and of carbon runs
    on from session to session. At the edges of the period, vehicles that are plugged in have what charging at full
    power since they came gives, whatever the strategy. What is not stated comes from the class of the vehicle or from
    the place (`grid/data/charging`).
    """

    element: ClassVar[Element] = "storage"
    kind: Literal["ev_fleet"] = "ev_fleet"
    """A fleet of electric vehicles."""
    vehicles: int = Field(ge=1, le=MOST_VEHICLES)
    """Number of vehicles."""
    place: PlaceName = "home"
    """Where they charge: home, workplace, public, fast or bus_depot; decides when they come and go."""
    vehicle_class: str | dict[str, float] | None = None
    """Class of the vehicles (compact, medium, large, van, bus, truck, articulated_truck), or shares of classes that
    sum to 1, such as `{compact: 0.4, medium: 0.6}`. Default: medium, bus in a bus depot."""
    v2g_share: float = Field(default=0.0, ge=0, le=1)
    """Share of the vehicles whose owners let them feed in (V2G) [1]."""
    km_per_year: float | None = Field(default=None, gt=0)
    """Mean distance driven [km/a]. Default: of the class; 15,852 for medium cars (Kraftfahrt-Bundesamt 2024)."""
    consumption_kwh_per_km: float | None = Field(default=None, gt=0, le=5)
    """From the battery, at 20 °C [kWh/km]. Default: of the class; 0.17 for medium cars."""
    winter_increase_per_degc: float | None = Field(default=None, ge=0)
    """Relative increase of consumption per degree below 20 °C [1/°C]. Default: of the class; 0.011 for medium cars,
    + 22 % at 0 °C (unverified)."""
    battery_kwh: float | None = Field(default=None, gt=0)
    """Usable energy of the battery [kWh]. Default: of the class; 60 for medium cars (unverified)."""
    charger_kw: float | None = Field(default=None, gt=0)
    """Power of the charging point [kW]; the vehicle's own limit holds too. Default: of the place; 11 at home, a
    three-phase wall box of 16 A (IEC 61851-1, mode 3)."""
    vehicle_kw: float | None = Field(default=None, gt=0)
    """Power that the vehicle can take [kW]. Default: of the class, its on-board charger (11 for cars) at AC, and what
    its battery takes at DC."""
    plug_in_per_day: float | None = Field(default=None, gt=0, le=1)
    """Chance that a vehicle at the place is plugged in on a day, unless its battery is low. Default: of the place;
    0.44 at home."""
    soc_target: float | None = Field(default=None, gt=0, le=1)
    """State of charge that owners want at departure [1]. Default: of the place; 0.8, buses 1."""
    soc_low: float | None = Field(default=None, ge=0, lt=1)
    """A vehicle that comes with less is plugged in on any day [1]. Default: of the place; 0.3 at home."""
    soc_min_v2g: float = Field(default=0.4, ge=0, lt=1)
    """V2G leaves at least this state of charge, or what the vehicle came with if that is less [1]."""
    efficiency_charge: float | None = Field(default=None, gt=0, le=1)
    """Stored per energy at the meter [1]. Default: of the place, 0.9 at AC, 0.93 at DC (unverified)."""
    efficiency_discharge: float | None = Field(default=None, gt=0, le=1)
    """At the meter per energy taken out [1]. Default: of the place, 0.9 at AC, 0.93 at DC (unverified)."""
    wear_cost_per_mwh: float = Field(default=40.0, ge=0, le=HIGHEST_PRICE)
    """Cost of ageing per energy fed in [currency/MWh] (unverified)."""
    wear_carbon_kg_per_mwh: float = Field(default=BATTERY_WEAR_KG_PER_MWH, ge=0, le=3000)
    """Carbon of making the battery that a MWh fed in wears out [kg/MWh]; for what V2G avoids elsewhere, in no ledger.
    Default: 84 kg of CO2e per kWh of battery (IVL C 444, 2019: 61 to 106) over 3,000 full cycles (unverified)."""

    def faults(self, city: City, at: str) -> Iterator[Fault]:
        """All that is wrong with it in this city."""
        yield from super().faults(city, at)
        peak = city.loads.peak_mw
        if 0 < peak < self.vehicles / _MOST_PER_MW:
            rule = f"must be at most {_MOST_PER_MW:,.0f} for each MW of the peak of all loads, {peak:.3g} MW"
            yield Fault(f"{at}.vehicles", rule, self.vehicles)
        yield from class_faults(self._classes(), f"{at}.vehicle_class")
        yield from size_faults(at, charger_kw=self.charger_kw, battery_kwh=self.battery_kwh)
        place = read_place(self.place)
        target, low = _or(self.soc_target, place.soc_target), _or(self.soc_low, place.soc_low)
        if low >= target:
            yield Fault(f"{at}.soc_low", f"must be less than soc_target, {target:g}", low)

    def parts(self, site: Site) -> tuple[Flexibility, ...]:
        """One device a session.

        Raises:
            InputError: If anything is wrong with it in this city.
        """
        raise_if_any(self.faults(site.city, self.name))
        place, vehicles = read_place(self.place), self._vehicles()
        connection = Connection(
            vehicle_class=vehicles.vehicle_class,
            charger_mw=self._charger_mw(place, vehicles),
            battery_mwh=vehicles.battery_kwh / KWH_PER_MWH,
            willing=willing_owners(self.vehicles, self.v2g_share, site.v2g),
            soc_min_v2g=self.soc_min_v2g,
            efficiency_charge=_or(self.efficiency_charge, place.efficiency_charge),
            efficiency_discharge=_or(self.efficiency_discharge, place.efficiency_discharge),
            wear_cost_per_mwh=self.wear_cost_per_mwh,
            wear_kg_per_mwh=self.wear_carbon_kg_per_mwh,
        )
        city, sessions = site.city, self.sessions(site)
        at = homes(self.placement(city), self.vehicles)[sessions.vehicle]
        buses = (at, city.n_buses)
        return (sessions_as_devices(self.name, self.kind, self.place, city.clock, sessions, buses, connection),)

    def sessions(self, site: Site) -> PeriodSessions:
        """The sessions that the fleet makes in the period, drawn with the scenario's seed."""
        place, vehicles = read_place(self.place), self._vehicles()
        habits = Habits(
            place=place,
            km_per_day=vehicles.km_per_year / DAYS_PER_YEAR / year_round_service(place),
            consumption_mwh_per_km=vehicles.consumption_kwh_per_km / KWH_PER_MWH,
            winter_increase_per_degc=vehicles.winter_increase_per_degc,
            battery_mwh=vehicles.battery_kwh / KWH_PER_MWH,
            charger_mw=self._charger_mw(place, vehicles),
            plug_in_per_day=_or(self.plug_in_per_day, place.plug_in_per_day),
            soc_target=_or(self.soc_target, place.soc_target),
            soc_low=_or(self.soc_low, place.soc_low),
            efficiency_charge=_or(self.efficiency_charge, place.efficiency_charge),
        )
        return draw_sessions(habits, site.city.clock, site.time_zone, site.weather, site.generator(self.name))

    def _classes(self) -> str | dict[str, float]:
        return read_place(self.place).vehicle_class if self.vehicle_class is None else self.vehicle_class

    def _vehicles(self) -> Vehicles:
        """The vehicles of the classes, with what is stated instead."""
        vehicles = Vehicles.from_classes(self._classes(), self.vehicles)
        stated = {
            "km_per_year": self.km_per_year,
            "consumption_kwh_per_km": self.consumption_kwh_per_km,
            "winter_increase_per_degc": self.winter_increase_per_degc,
            "battery_kwh": self.battery_kwh,
            "on_board_ac_kw": self.vehicle_kw,
            "dc_kw": self.vehicle_kw,
        }
        return vehicles.stating(stated)

    def _charger_mw(self, place: Place, vehicles: Vehicles) -> Floats:
        """Power of charging, shape (V,) [MW]: the lesser of the vehicle's and the charging point's."""
        own = vehicles.on_board_ac_kw if place.current == "ac" else vehicles.dc_kw
        return np.minimum(own, _or(self.charger_kw, place.charger_kw)) / KW_PER_MW


def size_faults(at: str, **sizes: float | None) -> Iterator[Fault]:
    """Powers and energies by name that are a thousand times too large or too small, as in W or MW for kW."""
    for name, value in sizes.items():
        least, most = SENSIBLE[name]
        unit = name.rpartition("_")[2].replace("kw", "kW")
        if value is not None and not least <= value <= most:
            meant = value / 1000 if value > most else value * 1000
            suggestion = f"{meant:g}" if least <= meant <= most else None
            yield Fault(f"{at}.{name}", f"must lie within {least:g}..{most:g} {unit}", value, suggestion)


def _or(stated: float | None, default: float) -> float:
    return default if stated is None else stated
