"""From outdoor air and IT load to facility power and water."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np

from carbon.data_centre.air.outdoor import OutdoorAir, out_of_range
from carbon.data_centre.cooling import CoolingDemand
from carbon.data_centre.it_load import ItLoad, local_hours, supply_air_degc
from carbon.data_centre.spec import DataCentre
from carbon.data_centre.stated import StatedPlant
from grid.arrays import Floats, read_only
from grid.errors import Fault, InputError, raise_if_any
from grid.time.clock import Clock
from grid.units import HOURS_PER_DAY, SECONDS_PER_HOUR

RATING_TOLERANCE = 1e-6
"""Share by which a solver may exceed the rated IT power."""
P_IDLE_MW = 1e-6
"""IT power below which PUE and other ratios to it are undefined."""


@dataclass(frozen=True, eq=False)
class Facility:
    """Power and water of a data centre over T steps, withdrawal positive.

    Args:
        p_it_mw: Power of the servers, shape (T,) [MW].
        p_power_chain_mw: Conversion and distribution losses, the lighting and the transformers' losses, (T,) [MW].
        cooling: Power and water of each part of the cooling.
        step_hours: Length of a step [h].
        p_lighting_mw: The lighting alone [MW].
        p_transformer_mw: The losses of the data centre's own transformers alone, shape (T,) [MW]; None without any.
    """

    p_it_mw: Floats
    p_power_chain_mw: Floats
    cooling: CoolingDemand
    step_hours: float
    p_lighting_mw: float = 0.0
    p_transformer_mw: Floats | None = None

    @cached_property
    def p_cooling_mw(self) -> Floats:
        """Power of the cooling, shape (T,) [MW]."""
        return read_only(self.cooling.p_mw)

    @cached_property
    def p_total_mw(self) -> Floats:
        """Power at the grid's meter, shape (T,) [MW]: IT, power chain (with lighting) and cooling."""
        return read_only(self.p_it_mw + self.p_power_chain_mw + self.p_cooling_mw)

    @cached_property
    def heat_mw(self) -> Floats:
        """Heat that the cooling removes, shape (T,) [MW]: all but the transformers', which stand outside the hall."""
        inside = self.p_it_mw + self.p_power_chain_mw
        return read_only(inside if self.p_transformer_mw is None else inside - self.p_transformer_mw)

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
    """A data centre under the outdoor air of T steps, from which power and water follow at any IT load.

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
        inside_mw = read_only(self.spec.power_chain.loss_mw(p_it_mw, rated_mw) + lighting_mw)
        if self.spec.stated is not None:
            return self._as_stated(self.spec.stated, p_it_mw, inside_mw, lighting_mw)
        full = np.array([rated_mw])
        heat_rated_mw = rated_mw + float(self.spec.power_chain.loss_mw(full, rated_mw)[0]) + lighting_mw
        cooling = self.spec.cooling.demand(self.air, p_it_mw + inside_mw, heat_rated_mw)
        if self.spec.transformer is None:
            return Facility(p_it_mw, inside_mw, cooling, self.step_hours, lighting_mw)
        lost_mw = read_only(self.spec.transformer.loss_mw(p_it_mw + inside_mw + cooling.p_mw, rated_mw))
        return Facility(p_it_mw, read_only(inside_mw + lost_mw), cooling, self.step_hours, lighting_mw, lost_mw)

    def _as_stated(self, plant: StatedPlant, p_it_mw: Floats, inside_mw: Floats, lighting_mw: float) -> Facility:
        """The facility at its stated PUE, with losses inside and of its transformers as described where these fit."""
        transformer, rated_mw = self.spec.transformer, self.spec.p_it_rated_mw
        lost_mw = np.zeros_like(p_it_mw) if transformer is None else transformer.loss_mw(plant.pue * p_it_mw, rated_mw)
        inside_mw, lost_mw, cooling = plant.split(p_it_mw, inside_mw, lost_mw)
        lost = None if transformer is None else lost_mw
        return Facility(p_it_mw, read_only(inside_mw + lost_mw), cooling, self.step_hours, lighting_mw, lost)

    def total_at(self, p_it_mw: Floats) -> Floats:
        """Power at the grid's meter at an IT load, shape (T,) [MW]; see `at`."""
        return self.at(p_it_mw).p_total_mw

    def pue_at(self, p_it_mw: Floats) -> Floats:
        """PUE at an IT load, shape (T,) [1]; see `at`."""
        return self.at(p_it_mw).pue


def simulate_facility(
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


def it_demand_mw(
    spec: DataCentre, clock: Clock, time_zone: str, air: OutdoorAir | None = None, folder: Path = Path()
) -> Floats:
    """IT power before any of it is deferred.

    Flat, a cosine of the local hour with its peak at `peak_hour`, or what `it_load` says of work and servers.

    Args:
        spec: The data centre.
        clock: The time axis, T steps.
        time_zone: IANA name of the city's time zone.
        air: Outdoor air of those steps; needed where the power of the servers depends on their inlet air.
        folder: Folder that the file of a utilisation is relative to.

    Returns:
        IT power, shape (T,) [MW], never above rated.

    Raises:
        InputError: If there is no such time zone, a file is faulty, or outdoor air is needed and not given.
    """
    if spec.it_load is not None:
        inlet_degc = _inlet_degc(spec, spec.it_load, clock, air)
        return read_only(spec.p_it_rated_mw * spec.it_load.power_share(clock, time_zone, inlet_degc, folder))
    mean_mw = spec.utilisation * spec.p_it_rated_mw
    hour, _ = local_hours(clock, time_zone)
    swing = spec.daily_swing * np.cos(2.0 * np.pi * (hour - spec.peak_hour) / HOURS_PER_DAY)
    return read_only(np.minimum(mean_mw * (1.0 + swing), spec.p_it_rated_mw))


def _inlet_degc(spec: DataCentre, load: ItLoad, clock: Clock, air: OutdoorAir | None) -> Floats:
    """Inlet air of the servers, shape (T,) [°C]; the reference temperature where their power does not depend on it."""
    t_reference = load.server.t_reference_degc
    if not load.server.depends_on_inlet:
        return np.full(clock.n_steps, t_reference)
    if air is None:
        raise InputError.single("it_load.server", "needs the outdoor air, on which their power depends")
    return supply_air_degc(spec.cooling, air, t_reference)


def _load_faults(spec: DataCentre, p_it_mw: Floats, shape: tuple[int, ...]) -> list[Fault]:
    return out_of_range("p_it_mw", p_it_mw, 0.0, spec.p_it_rated_mw * (1.0 + RATING_TOLERANCE), shape)
