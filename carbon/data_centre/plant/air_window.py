"""When outdoor air may enter a hall: by its enthalpy, or by its temperature and humidity.

References:
    [1] N. Lei and E. Masanet, Energy, vol. 201, 117556, 2020.
    [2] N. Lei and E. Masanet, Resour. Conserv. Recycl., vol. 182, 106323, 2022, and the program published with it.
"""

from __future__ import annotations

import numpy as np
from pydantic import Field, model_validator

from carbon.data_centre.air.outdoor import OutdoorAir
from carbon.data_centre.air.psychrometrics import enthalpy_kj_per_kg, humidity_ratio, saturation_pressure_pa
from grid.arrays import Bools, Floats
from grid.spec import Spec

RH_MAX_PERCENT = 80.0
T_CORNER_DEGC = 27.0
T_DEW_CORNER_DEGC = 15.0


class HumidityWindow(Spec):
    """Limits of outdoor air: at most as warm as the warmest supply, humidity within bounds (Lei and Masanet 2022).

    A hall with a humidifier humidifies air that is too dry; one without closes its dampers to it. Air colder than the
    coldest supply is warmed with return air: a hall with a humidifier warms it until its relative humidity is low
    enough, so that only its dew point counts. Defaults: middle of the published ranges for colocation halls.
    """

    humidify: bool = False
    """Whether air that is too dry is humidified adiabatically. Published hyperscale halls: true; colocation: false."""
    t_dew_min_degc: float = Field(default=-10.5, ge=-40, le=20)
    """Lowest dew point of admitted air [°C]. Published range: -12 to -9."""
    t_dew_max_degc: float = Field(default=21.0, ge=0, le=30)
    """Highest dew point of admitted air [°C]. Published range: 15-27."""
    rh_min_percent: float = Field(default=20.0, ge=0, le=60)
    """Lowest relative humidity inside [%]. Published range: 10-30."""
    rh_max_percent: float = Field(default=70.0, ge=30, le=100)
    """Highest relative humidity inside [%]. Published range: 60-80."""

    @model_validator(mode="after")
    def _bounds(self) -> HumidityWindow:
        if self.t_dew_min_degc > self.t_dew_max_degc or self.rh_min_percent > self.rh_max_percent:
            raise ValueError("the least humidity must not exceed the highest")
        return self

    def lowest_ratio(self, t_degc: Floats, pressure_pa: Floats) -> Floats:
        """Least vapour per dry air inside [kg/kg], at a temperature [°C]; arrays that broadcast."""
        by_rh = humidity_ratio(t_degc, np.asarray(self.rh_min_percent), pressure_pa)
        return np.maximum(by_rh, _dew_ratio(self.t_dew_min_degc, pressure_pa))

    def highest_ratio(self, t_degc: Floats, pressure_pa: Floats) -> Floats:
        """Most vapour per dry air inside [kg/kg], at a temperature [°C]; arrays that broadcast."""
        by_rh = humidity_ratio(t_degc, np.asarray(self.rh_max_percent), pressure_pa)
        return np.minimum(by_rh, _dew_ratio(self.t_dew_max_degc, pressure_pa))

    def allows(self, air: OutdoorAir, t_min_degc: float, t_max_degc: float) -> Bools:
        """Whether outdoor air may enter a hall with these bounds of its supply [°C], shape (T,)."""
        t_inside = np.maximum(air.t_dry_bulb_degc, t_min_degc)
        inside = air.humidity_ratio <= self.highest_ratio(t_inside, air.pressure_pa)
        if self.humidify:
            dew_allows = air.humidity_ratio <= _dew_ratio(self.t_dew_max_degc, air.pressure_pa)
            inside |= (air.t_dry_bulb_degc < t_min_degc) & dew_allows
        else:
            inside &= air.humidity_ratio >= self.lowest_ratio(t_inside, air.pressure_pa)
        return np.asarray(inside & (air.t_dry_bulb_degc < t_max_degc))


def enthalpy_allows(air: OutdoorAir, t_supply_degc: Floats) -> Bools:
    """Whether outdoor air holds less enthalpy than the warmest and moistest air allowed inside, shape (T,) [1]."""
    dew_pa, corner_pa = (saturation_pressure_pa(np.asarray(t)) for t in (T_DEW_CORNER_DEGC, T_CORNER_DEGC))
    corner = _enthalpy(np.asarray(T_CORNER_DEGC), 100.0 * dew_pa / corner_pa, air.pressure_pa)
    moist_supply = _enthalpy(t_supply_degc, np.asarray(RH_MAX_PERCENT), air.pressure_pa)
    return np.asarray(air.enthalpy_kj_per_kg < np.maximum(corner, moist_supply))


def _dew_ratio(t_dew_degc: float, pressure_pa: Floats) -> Floats:
    return humidity_ratio(np.asarray(t_dew_degc), np.asarray(100.0), pressure_pa)


def _enthalpy(t_degc: Floats, relative_humidity_percent: Floats, pressure_pa: Floats) -> Floats:
    ratio = humidity_ratio(t_degc, relative_humidity_percent, pressure_pa)
    return enthalpy_kj_per_kg(t_degc, ratio)
