"""From outdoor air and IT load to facility power and water."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

import numpy as np

from carbon.data_centre.cooling import CoolingDemand
from carbon.data_centre.outdoor_air import OutdoorAir, out_of_range
from carbon.data_centre.spec import DataCentre
from grid.clock import Clock
from grid.errors import Fault, InputError, nearest, raise_if_any
from grid.series import Floats, read_only

HOURS_PER_DAY = 24.0
SECONDS_PER_HOUR = 3600.0
RATING_TOLERANCE = 1e-6
"""Share by which a solver may exceed the rated IT power."""
P_IDLE_MW = 1e-6
"""IT power below which a ratio to it says nothing."""


@dataclass(frozen=True, eq=False)
class Facility:
    """Power and water of a data centre over T steps, withdrawal positive.

    Args:
        p_it_mw: Power of the servers, shape (T,) [MW].
        p_power_chain_mw: Conversion and distribution losses and the lighting, shape (T,) [MW].
        cooling: Power and water of each part of the cooling.
        step_hours: Length of a step [h].
    """

    p_it_mw: Floats
    p_power_chain_mw: Floats
    cooling: CoolingDemand
    step_hours: float

    @cached_property
    def p_cooling_mw(self) -> Floats:
        """Power of the cooling, shape (T,) [MW]."""
        return read_only(self.cooling.p_mw)

    @cached_property
    def p_total_mw(self) -> Floats:
        """Power at the grid's meter, shape (T,) [MW]: IT, power chain (with lighting) and cooling."""
        return read_only(self.p_it_mw + self.p_power_chain_mw + self.p_cooling_mw)

    @cached_property
    def pue(self) -> Floats:
        """Facility power per IT power, shape (T,) [1], at least 1; NaN where the servers draw less than a watt."""
        nothing = np.full_like(self.p_it_mw, np.nan)
        return read_only(np.divide(self.p_total_mw, self.p_it_mw, out=nothing, where=self.p_it_mw >= P_IDLE_MW))

    @cached_property
    def water_l(self) -> Floats:
        """Water made up during each step, shape (T,) [L], at 1 kg a litre."""
        return read_only(self.cooling.water_kg_per_s * SECONDS_PER_HOUR * self.step_hours)


@dataclass(frozen=True, eq=False)
class FacilityModel:
    """A data centre under the outdoor air of T steps, ready to answer for any IT load.

    Args:
        spec: The data centre.
        air: Outdoor air, T steps.
        step_hours: Length of a step [h].
    """

    spec: DataCentre
    air: OutdoorAir
    step_hours: float

    def at(self, p_it_mw: Floats) -> Facility:
        """The facility at an IT load.

        Args:
            p_it_mw: Power of the servers, shape (T,) [MW], 0 to rated.

        Raises:
            InputError: If the shape is not that of the air, or a value is not finite, negative or above rated.
        """
        p_it_mw = read_only(p_it_mw)
        raise_if_any(
            _load_faults(self.spec, p_it_mw, self.air.pressure_pa.shape),
            f"the IT load of data centre {self.spec.name!r}",
        )
        rated_mw = self.spec.p_it_rated_mw
        lighting_mw = self.spec.lighting_share * rated_mw
        p_power_chain_mw = read_only(self.spec.power_chain.loss_mw(p_it_mw, rated_mw) + lighting_mw)
        cooling = self.spec.cooling.demand(self.air, p_it_mw + p_power_chain_mw)
        return Facility(p_it_mw, p_power_chain_mw, cooling, self.step_hours)

    def total_at(self, p_it_mw: Floats) -> Floats:
        """Power at the grid's meter at an IT load, shape (T,) [MW]; see `at`."""
        return self.at(p_it_mw).p_total_mw

    def pue_at(self, p_it_mw: Floats) -> Floats:
        """PUE at an IT load, shape (T,) [1]; see `at`."""
        return self.at(p_it_mw).pue


def facility(
    spec: DataCentre,
    t_dry_bulb_degc: Floats,
    relative_humidity_percent: Floats,
    pressure_pa: Floats,
    p_it_mw: Floats,
    *,
    step_hours: float,
) -> Facility:
    """Power and water of a data centre under given outdoor air, at given IT load.

    The heat to remove is everything the hall draws: servers, losses of the power chain, lighting; the cooling
    technology turns it into power and water under the outdoor air of each step [1].

    Args:
        spec: The data centre.
        t_dry_bulb_degc: Dry bulb, shape (T,) [°C].
        relative_humidity_percent: Relative humidity, shape (T,) [%].
        pressure_pa: Pressure, shape (T,) [Pa].
        p_it_mw: Power of the servers, shape (T,) [MW], 0 to rated.
        step_hours: Length of a step [h].

    Raises:
        InputError: If shapes disagree or a value is out of its range; all faults at once.

    References:
        [1] N. Lei and E. Masanet, "Statistical analysis for predicting location-specific data center PUE and its
            improvement potential", Energy, vol. 201, 117556, 2020.
    """
    faults: list[Fault] = []
    try:
        air = OutdoorAir(t_dry_bulb_degc, relative_humidity_percent, pressure_pa)
    except InputError as error:
        faults += error.faults
    if not (np.isfinite(step_hours) and step_hours > 0):
        faults.append(Fault("step_hours", "must be longer than 0", step_hours))
    faults += _load_faults(spec, read_only(p_it_mw), np.shape(t_dry_bulb_degc))
    raise_if_any(faults, f"data centre {spec.name!r}")
    return FacilityModel(spec, air, step_hours).at(p_it_mw)


def it_demand_mw(spec: DataCentre, clock: Clock, time_zone: str) -> Floats:
    """IT power before any of it is deferred: flat, or a cosine of the local hour with its peak at `peak_hour`.

    Args:
        spec: The data centre.
        clock: The time axis, T steps.
        time_zone: IANA name of the city's time zone.

    Returns:
        IT power at the middle of each step, shape (T,) [MW], never above rated.

    Raises:
        InputError: If there is no such time zone.
    """
    mean_mw = spec.utilisation * spec.p_it_rated_mw
    hour = _local_hour(clock, time_zone)
    swing = spec.daily_swing * np.cos(2.0 * np.pi * (hour - spec.peak_hour) / HOURS_PER_DAY)
    return read_only(np.minimum(mean_mw * (1.0 + swing), spec.p_it_rated_mw))


def _load_faults(spec: DataCentre, p_it_mw: Floats, shape: tuple[int, ...]) -> list[Fault]:
    return out_of_range("p_it_mw", p_it_mw, 0.0, spec.p_it_rated_mw * (1.0 + RATING_TOLERANCE), shape)


def _local_hour(clock: Clock, time_zone: str) -> Floats:
    """Local hour of the day at the middle of each step, shape (T,) [h]."""
    try:
        zone = ZoneInfo(time_zone)
    except (ZoneInfoNotFoundError, ValueError) as error:
        suggestion = nearest(time_zone, available_timezones())
        raise InputError.of("time_zone", "must be an IANA time zone", time_zone, suggestion) from error
    local = (clock.pandas_index() + clock.step / 2).tz_convert(zone)
    return np.asarray(local.hour + local.minute / 60.0 + local.second / 3600.0, dtype=np.float64)
