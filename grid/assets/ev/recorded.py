"""Electric vehicles that charge as others were recorded to."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar, Literal, NamedTuple

import numpy as np
from pydantic import Field

from grid.arrays import Floats, Ints
from grid.assets.base import Asset, Site
from grid.assets.ev.devices import BATTERY_WEAR_KG_PER_MWH, Connection, homes, sessions_as_devices, willing_owners
from grid.assets.ev.fleet import size_faults
from grid.assets.ev.replay import Repeat, Replay, chosen_repeat, replay
from grid.assets.ev.sessions import LEAST_SOC, REFERENCE_DEGC, PeriodSessions, Sessions, within
from grid.assets.ev.vehicles import class_faults, vehicle_classes
from grid.charging_records import QualityReport, RecordColumns, Records, read_charging_records
from grid.city.city import City
from grid.errors import Fault, InputError, raise_if_any
from grid.files.report import MOST_INVENTED, FileReport
from grid.flexibility.flexibility import Element, Flexibility
from grid.flexibility.labels import Labels
from grid.spec import HIGHEST_PRICE
from grid.time.clock import Clock
from grid.weather.weather import Weather

USUAL_KW = 11.0
"""Of a charging point of which nothing is known: three phases of 16 A [kW]."""
FASTEST_KW = 400.0
"""Of fast chargers for cars and lorries today [kW]; what a session needs beyond it is taken to be an error."""


class RecordedCharging(NamedTuple):
    """Recorded sessions in steps of a clock; M sessions of V vehicles.

    Args:
        vehicle: Of each session, shape (M,).
        start: First step, shape (M,).
        stop: Step after the last, shape (M,).
        energy_mwh: At the meter, shape (M,) [MWh].
        location: Where, shape (M,).
        charger_mw: Power of the charging points of each vehicle, shape (V,) [MW].
    """

    vehicle: Ints
    start: Ints
    stop: Ints
    energy_mwh: Floats
    location: Ints
    charger_mw: Floats


class EVRecorded(Asset):
    """Electric vehicles with recorded sessions; each session is a device of its own.

    A vehicle leaves with `soc_target` and comes with as much less as it was recorded to take; what it took in the
    next session is what it drove. Sessions of one vehicle that overlap on the clock become one. Energy that does not
    fit into the steps of the stay at the power of the charging point is not asked for. At the edges of the period,
    vehicles that are plugged in have what charging at full power since they came gives.
    """

    element: ClassVar[Element] = "storage"
    files: ClassVar[tuple[str, ...]] = ("file",)
    kind: Literal["ev_recorded"] = "ev_recorded"
    """Electric vehicles with recorded sessions."""
    file: str = Field(min_length=1)
    """File of the sessions: CSV, Parquet or JSON."""
    format: Literal["auto", "acn", "elaad", "norway", "ocpp", "columns"] = "auto"
    """Format of the file: ACN-Data, ElaadNL's open transactions, the Norwegian residential sessions
    (doi 10.1016/j.dib.2021.107105), transactions of OCPP with their registers, or one described by `columns`; `auto`
    recognises the published ones."""
    columns: RecordColumns | None = None
    """Which column is what, in a file of another format."""
    time_zone: str | None = None
    """IANA name of the zone that the file's times are in. Default: that of the format, else of the city."""
    city_time_zone: str | None = None
    """IANA name of the zone of the city. Default: of the scenario's city."""
    day_first: bool | None = None
    """Whether the day goes before the month in dates such as 01/02/2023. Default: as the rows tell, if any does."""
    repeat: Repeat = "auto"
    """How the recording is brought to the dates of the scenario: `never`, as recorded; `calendar`, a date takes the
    recorded day of the same ISO week and weekday, else of the nearest week; `cycle`, whole recorded weeks again and
    again; `auto`, the first of these that the recording is long enough for. Weekdays stay weekdays, and the time on
    the wall clock stays the same."""
    scale: float = Field(default=1.0, gt=0, le=100_000)
    """Vehicles for each recorded one; copies live one week, two weeks, … ahead of the original."""
    place: str = "recorded"
    """Where they charge, in words, for the sessions table."""
    charger_kw: float | None = Field(default=None, gt=0)
    """Power of the charging points [kW]. Default: 11, or as much more as the vehicle's own sessions need, up to 400."""
    v2g_share: float = Field(default=0.0, ge=0, le=1)
    """Share of the vehicles whose owners let them feed in (V2G) [1]."""
    vehicle_class: str = "medium"
    """Class of the vehicles, for their battery and consumption (`grid/data/charging`)."""
    battery_kwh: float | None = Field(default=None, gt=0)
    """Usable energy of the battery [kWh]; larger where a vehicle took more. Default: of the class."""
    consumption_kwh_per_km: float | None = Field(default=None, gt=0, le=5)
    """From the battery, at 20 °C [kWh/km]. Default: of the class."""
    soc_target: float = Field(default=0.8, gt=LEAST_SOC, le=1)
    """State of charge at departure [1]."""
    soc_min_v2g: float = Field(default=0.4, ge=0, lt=1)
    """V2G leaves at least this state of charge, or what the vehicle came with if that is less [1]."""
    efficiency_charge: float = Field(default=0.9, gt=0, le=1)
    """Stored per energy at the meter [1]: 0.88-0.92 for AC charging (unverified)."""
    efficiency_discharge: float = Field(default=0.9, gt=0, le=1)
    """At the meter per energy taken out [1] (unverified)."""
    wear_cost_per_mwh: float = Field(default=40.0, ge=0, le=HIGHEST_PRICE)
    """Cost of ageing per energy fed in [currency/MWh] (unverified)."""
    wear_carbon_kg_per_mwh: float = Field(default=BATTERY_WEAR_KG_PER_MWH, ge=0, le=3000)
    """Carbon of making the battery that a MWh fed in wears out [kg/MWh]; for what V2G avoids elsewhere, in no ledger.
    Default: 84 kg of CO2e per kWh of battery (IVL C 444, 2019: 61 to 106) over 3,000 full cycles (unverified)."""

    def faults(self, city: City, at: str) -> Iterator[Fault]:
        """All that is wrong with it in this city, its file included."""
        yield from super().faults(city, at)
        yield from class_faults(self.vehicle_class, f"{at}.vehicle_class")
        yield from size_faults(at, charger_kw=self.charger_kw, battery_kwh=self.battery_kwh)
        try:
            records, zone = self.records()[0], self.city_time_zone or "UTC"
            chosen_repeat(records, city.clock, zone, self.repeat)
            self._charging(replay(records, city.clock, zone, self.repeat, self.scale), city.clock)
        except InputError as error:
            for fault in error.faults:
                field = fault.place.partition(".")[0] in type(self).model_fields
                named, rule = (fault.place, fault.rule) if field else ("file", f"{fault.place} {fault.rule}".strip())
                rule = rule.removeprefix("file ")
                yield Fault(f"{at}.{named}", rule, fault.value, fault.suggestion)

    def fields_of_city(self, time_zone: str) -> dict[str, Any]:
        """The city's zone, for times that name none."""
        return {"city_time_zone": self.city_time_zone or time_zone}

    def notes(self) -> tuple[str, ...]:
        """The report on the quality of its file."""
        return (self.records()[1].text,)

    def reports(self) -> tuple[FileReport, ...]:
        """The same in the form that all files have."""
        return (self.records()[1].file_report,)

    def records(self) -> tuple[Records, QualityReport]:
        """The sessions of the file, and the report on their quality.

        Raises:
            InputError: If the file cannot be read; see `grid.charging_records.read_charging_records`.
        """
        return read_charging_records(
            self.file,
            self.format,
            self.columns,
            self.time_zone,
            FASTEST_KW if self.charger_kw is None else self.charger_kw,
            city_zone=self.city_time_zone,
            day_first=self.day_first,
        )

    def parts(self, site: Site) -> tuple[Flexibility, ...]:
        """One device a session.

        Raises:
            InputError: If anything is wrong with it in this city.
        """
        raise_if_any(self.faults(site.city, self.name))
        clock, city = site.city.clock, site.city
        records, _ = self.records()
        played = replay(records, clock, site.time_zone, self.repeat, self.scale)
        sessions, location, battery_mwh, charger_mw = self._sessions(played, clock, site.weather)
        n_vehicles = battery_mwh.size
        connection = Connection(
            vehicle_class=Labels((self.vehicle_class,), np.zeros(n_vehicles, dtype=np.int16)),
            charger_mw=charger_mw,
            battery_mwh=battery_mwh,
            willing=willing_owners(n_vehicles, self.v2g_share, site.v2g),
            soc_min_v2g=self.soc_min_v2g,
            efficiency_charge=self.efficiency_charge,
            efficiency_discharge=self.efficiency_discharge,
            wear_cost_per_mwh=self.wear_cost_per_mwh,
            wear_kg_per_mwh=self.wear_carbon_kg_per_mwh,
        )
        places = homes(self.placement(city), int(location.max(initial=-1)) + 1)
        buses = (places[_evenly(places.size)][location], city.n_buses)  # stations in no order of time or name
        return (sessions_as_devices(self.name, self.kind, self.place, clock, sessions, buses, connection),)

    def _charging(self, played: Replay, clock: Clock) -> RecordedCharging:
        """The sessions in steps, with the power of the charging points.

        Raises:
            InputError: If more than a fifth of the energy does not fit into the stays at that power.
        """
        vehicle, start, stop, energy, location = _merged(played, clock)
        hours = (stop - start) * clock.step_hours
        charger_mw = np.full(int(vehicle.max(initial=-1)) + 1, (self.charger_kw or USUAL_KW) / 1000)
        if self.charger_kw is None:
            np.maximum.at(charger_mw, vehicle, np.minimum(energy / hours, FASTEST_KW / 1000))
        fits = np.minimum(energy, hours * charger_mw[vehicle])
        if energy.sum() - fits.sum() > MOST_INVENTED * energy.sum():
            needed = float(np.quantile(energy / hours, 0.99)) * 1000
            rule = (
                f"cuts {1e3 * energy.sum():,.1f} kWh to {1e3 * fits.sum():,.1f} kWh, at most {MOST_INVENTED:.0%} may "
            )
            raise InputError.single("charger_kw", f"{rule}be cut; 99 % of the sessions need up to {needed:,.0f} kW",
                                    self.charger_kw)  # fmt: skip
        return RecordedCharging(vehicle, start, stop, energy, location, charger_mw)

    def _sessions(self, played: Replay, clock: Clock, weather: Weather) -> tuple[PeriodSessions, Ints, Floats, Floats]:
        """Sessions within the clock, their locations, (M,), batteries, (V,) [MWh], and charging points, (V,) [MW]."""
        vehicle, start, stop, energy, location, charger_mw = self._charging(played, clock)
        of_class, p_stored = vehicle_classes()[self.vehicle_class], charger_mw * self.efficiency_charge
        stored = energy * self.efficiency_charge
        most = (stop - start) * clock.step_hours * p_stored[vehicle]
        asked = np.minimum(stored, most)
        battery = np.full(int(vehicle.max(initial=-1)) + 1, (self.battery_kwh or of_class.battery_kwh) / 1000)
        np.maximum.at(battery, vehicle, asked / (self.soc_target - LEAST_SOC))
        target = self.soc_target * battery[vehicle]
        mwh_per_km = (self.consumption_kwh_per_km or of_class.consumption_kwh_per_km) / 1000
        used = mwh_per_km * _winter_factors(start, clock, weather, of_class.winter_increase_per_degc)
        all_of_them = Sessions(vehicle, start, stop, target - asked, target, used, stored > most + 1e-12)
        order = np.flatnonzero((stop > 0) & (start < clock.n_steps))  # as `within` keeps them, already sorted
        return within(clock, all_of_them, p_stored), location[order], battery, charger_mw


def _merged(played: Replay, clock: Clock) -> tuple[Ints, Ints, Ints, Floats, Ints]:
    """Vehicle, first step, step after the last, energy and location, sorted; overlapping sessions of one become one."""
    minutes = clock.step_hours * 60
    start = np.ceil(played.start_min / minutes).astype(np.int64)
    stop = np.maximum(np.floor(played.stop_min / minutes).astype(np.int64), start + 1)
    order = np.lexsort((start, played.vehicle))
    vehicle, start, stop = played.vehicle[order], start[order], stop[order]
    span = int(stop.max(initial=0) - start.min(initial=0)) + 1
    latest = np.maximum.accumulate(vehicle * span + stop - start.min(initial=0))
    fresh = np.ones(vehicle.size, dtype=bool)
    fresh[1:] = vehicle[1:] * span + start[1:] - start.min(initial=0) >= latest[:-1]
    first = np.flatnonzero(fresh)
    if not first.size:
        return vehicle, start, stop, played.energy_mwh[order], played.location[order]
    last = np.maximum.reduceat(stop, first)
    energy = np.add.reduceat(played.energy_mwh[order], first)
    return vehicle[first], start[first], last, energy, played.location[order][first]


def _winter_factors(start: Ints, clock: Clock, weather: Weather, increase_per_degc: float) -> Floats:
    """Consumption against that at 20 °C by the mean temperature of the 24 hours of arrival, shape (M,)."""
    days = np.arange(0, weather.clock.n_steps, weather.clock.steps_per_day)
    steps = np.diff(np.append(days, weather.clock.n_steps))
    mean = np.add.reduceat(weather.t_dry_bulb_degc, days) / steps
    day = np.clip(start // clock.steps_per_day, 0, days.size - 1)
    return np.asarray(1 + increase_per_degc * np.maximum(0.0, REFERENCE_DEGC - mean[day]))


def _evenly(n: int) -> Ints:
    """An order of 0..n-1 in which neighbours are far apart, shape (n,): ranks of multiples of the golden ratio."""
    golden_ratio = (5**0.5 - 1) / 2
    ranks = np.empty(n, dtype=np.int64)
    ranks[np.argsort((np.arange(n) * golden_ratio) % 1, kind="stable")] = np.arange(n)
    return ranks
