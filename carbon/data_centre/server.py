"""Power of servers by their utilisation and the temperature of their inlet air.

References:
    [1] X. Fan, W.-D. Weber, L. A. Barroso, "Power provisioning for a warehouse-sized computer", ISCA 2007, pp. 13-23:
        idle + (busy - idle) (2 u - u^r) with r = 1.4 (recalled, unverified).
    [2] SPECpower_ssj2008 result of the HP ProLiant ML110 G4 (Xeon 3040), watts at 0, 10 ... 100 % load, as quoted by
        several public simulators of clouds: 86 89.4 92.6 96 99.5 102 106 108 112 114 117. An old machine: give the
        points of your own.
    [3] EnergyPlus, object ElectricEquipment:ITE:AirCooled: power is a function of loading and inlet temperature that
        is 1 at full load and design temperature, its example file -1 + u + 0.06667 T at 15 °C; fans take a given
        fraction of the power at design flow and follow the flow. That slope of 6.7 % a kelvin is an example, not a
        measurement.
"""

from __future__ import annotations

from typing import Annotated, Literal

import numpy as np
from pydantic import Field, model_validator

from grid.arrays import Floats
from grid.spec import Spec


class LinearCurve(Spec):
    """Idle power, and the rest in proportion to utilisation."""

    kind: Literal["linear"] = "linear"
    """Power rises linearly with utilisation."""
    idle_share: float = Field(default=0.45, ge=0, le=1)
    """Power at idle as a share of the power at full load [1]. Default: an assumption (unverified)."""

    def share(self, utilisation: Floats) -> Floats:
        """Power as a share of that at full load, shape of `utilisation` [1]."""
        return self.idle_share + (1.0 - self.idle_share) * utilisation


class PowerLawCurve(Spec):
    """Idle power and a concave span, ``idle + (1 - idle) (2 u - u^r)``, measured in a large fleet (Fan et al. 2007)."""

    kind: Literal["power"] = "power"
    """Power rises with utilisation u as `idle + (1 - idle) (2 u - u^exponent)`."""
    idle_share: float = Field(default=0.45, ge=0, le=1)
    """Power at idle as a share of the power at full load [1]. Default: an assumption (unverified)."""
    exponent: float = Field(default=1.4, ge=1, le=2)
    """Exponent of the formula of `kind` [1]; 1 is a straight line, above 2 power would fall near full load."""

    def share(self, utilisation: Floats) -> Floats:
        """Power as a share of that at full load, shape of `utilisation` [1]."""
        return self.idle_share + (1.0 - self.idle_share) * (2.0 * utilisation - utilisation**self.exponent)


class PointsCurve(Spec):
    """Power at equal steps of load, as a SPECpower_ssj2008 report prints it; linear between them."""

    kind: Literal["points"] = "points"
    """Power by measured points, linear between them."""
    watts: tuple[Annotated[float, Field(gt=0)], ...] = (86, 89.4, 92.6, 96, 99.5, 102, 106, 108, 112, 114, 117)
    """Power at equal steps of load from active idle to 100 % [W], not falling. Default: an old machine, HP ProLiant
    ML110 G4 (SPECpower_ssj2008)."""

    @model_validator(mode="after")
    def _rising(self) -> PointsCurve:
        if len(self.watts) < 2 or np.any(np.diff(self.watts) < 0):
            raise ValueError("watts must be two points or more, from idle to full load, and must not fall")
        return self

    def share(self, utilisation: Floats) -> Floats:
        """Power as a share of that at full load, shape of `utilisation` [1]."""
        return np.interp(utilisation, np.linspace(0.0, 1.0, len(self.watts)), np.array(self.watts) / self.watts[-1])


ServerCurve = Annotated[LinearCurve | PowerLawCurve | PointsCurve, Field(discriminator="kind")]


class Server(Spec):
    """Servers of one type, as shares of their power at full load and reference inlet temperature.

    The effect of the inlet air takes the form of EnergyPlus: a term that is linear in temperature, and fans whose
    power is the cube of a flow that rises between two temperatures. Both are off by default, as in published models.
    """

    curve: ServerCurve = LinearCurve()
    """Power by utilisation of the processors."""
    t_reference_degc: float = Field(default=15.0, ge=5, le=35)
    """Inlet temperature at which `curve` holds [°C]."""
    rise_per_k: float = Field(default=0.0, ge=0, le=0.07)
    """Increase of power per kelvin of inlet temperature above the reference, as a share of the full power [1/K];
    0.06667 in EnergyPlus' example."""
    fan_share: float = Field(default=0.0, ge=0, le=0.5)
    """Power of the servers' fans at full flow as a share of the full power [1]; 0.4 in EnergyPlus' example, about 0.1
    in volume servers (unverified)."""
    fan_flow_min: float = Field(default=0.5, gt=0, le=1)
    """Lowest flow of the servers' fans as a share of their full flow [1]. Default: an assumption (unverified)."""
    t_fan_rise_degc: float = Field(default=25.0, ge=5, le=45)
    """Inlet temperature above which the fans speed up [°C]. Default: an assumption (unverified)."""
    t_fan_full_degc: float = Field(default=35.0, ge=5, le=60)
    """Inlet temperature from which the fans run at full flow [°C]. Default: an assumption (unverified)."""

    @model_validator(mode="after")
    def _fans_speed_up(self) -> Server:
        if self.t_fan_full_degc <= self.t_fan_rise_degc:
            raise ValueError("t_fan_full_degc must be above t_fan_rise_degc")
        return self

    @property
    def depends_on_inlet(self) -> bool:
        """Whether its power depends on the inlet temperature."""
        return self.rise_per_k > 0 or self.fan_share > 0

    def fan_power_share(self, t_inlet_degc: Floats) -> Floats:
        """Power of the servers' fans as a share of full power, shape of the argument [1]: the cube of the flow."""
        span = (t_inlet_degc - self.t_fan_rise_degc) / (self.t_fan_full_degc - self.t_fan_rise_degc)
        flow = self.fan_flow_min + (1.0 - self.fan_flow_min) * np.clip(span, 0.0, 1.0)
        return np.asarray(self.fan_share * flow**3)

    def power_share(self, utilisation: Floats, t_inlet_degc: Floats) -> Floats:
        """Power as a share of full power at the reference temperature, shape of the arguments [1].

        More work and warmer air never take less.

        Args:
            utilisation: Of the processors, 0 to 1 [1].
            t_inlet_degc: Inlet air of the servers [°C].
        """
        electronics = (1.0 - self.fan_share) * self.curve.share(utilisation)
        warmth = self.rise_per_k * np.maximum(t_inlet_degc - self.t_reference_degc, 0.0)
        return np.asarray(electronics + warmth + self.fan_power_share(t_inlet_degc))
