"""What servers draw: by the work they do, and by the air they breathe.

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
    """A straight line."""
    idle_share: float = Field(default=0.45, ge=0, le=1)
    """Power when idle, as a share of that at full load [1]; ours, unverified."""

    def share(self, utilisation: Floats) -> Floats:
        """Power as a share of that at full load, shape of `utilisation` [1]."""
        return self.idle_share + (1.0 - self.idle_share) * utilisation


class PowerLawCurve(Spec):
    """Idle power and a concave span, ``idle + (1 - idle) (2 u - u^r)``, as measured in a large fleet [1]."""

    kind: Literal["power"] = "power"
    """A concave curve with one exponent."""
    idle_share: float = Field(default=0.45, ge=0, le=1)
    """Power when idle, as a share of that at full load [1]; ours, unverified."""
    exponent: float = Field(default=1.4, ge=1, le=2)
    """r of the formula [1]; 1 is the straight line, more than 2 would fall near full load."""

    def share(self, utilisation: Floats) -> Floats:
        """Power as a share of that at full load, shape of `utilisation` [1]."""
        return self.idle_share + (1.0 - self.idle_share) * (2.0 * utilisation - utilisation**self.exponent)


class PointsCurve(Spec):
    """Power at equal steps of load, as a SPECpower_ssj2008 report prints it; linear between them."""

    kind: Literal["points"] = "points"
    """A measured curve."""
    watts: tuple[Annotated[float, Field(gt=0)], ...] = (86, 89.4, 92.6, 96, 99.5, 102, 106, 108, 112, 114, 117)
    """Power from active idle to full load at equal steps [W]; the default is an old machine [2]."""

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

    The effect of the inlet air takes the form of [3]: a term that is linear in temperature, and fans that follow the
    cube of a flow which rises between two temperatures. Both are off by default, as published PUE models have them.
    """

    curve: ServerCurve = LinearCurve()
    """Power by utilisation."""
    t_reference_degc: float = Field(default=15.0, ge=5, le=35)
    """Inlet temperature at which the curve holds [°C]."""
    rise_per_k: float = Field(default=0.0, ge=0, le=0.07)
    """By what share of full power each kelvin above the reference adds [1/K]; 0.06667 in the example of [3]."""
    fan_share: float = Field(default=0.0, ge=0, le=0.5)
    """Share of full power that the servers' fans take at full flow [1]; 0.4 in the example of [3], of the order of
    0.1 in volume servers (unverified)."""
    fan_flow_min: float = Field(default=0.5, gt=0, le=1)
    """Least flow, as a share of full flow [1]; ours, unverified."""
    t_fan_rise_degc: float = Field(default=25.0, ge=5, le=45)
    """Inlet temperature from which the fans speed up [°C]; ours, unverified."""
    t_fan_full_degc: float = Field(default=35.0, ge=5, le=60)
    """Inlet temperature at which they run at full flow [°C]; ours, unverified."""

    @model_validator(mode="after")
    def _fans_speed_up(self) -> Server:
        if self.t_fan_full_degc <= self.t_fan_rise_degc:
            raise ValueError("t_fan_full_degc must be above t_fan_rise_degc")
        return self

    @property
    def feels_inlet(self) -> bool:
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
            t_inlet_degc: Air that the servers breathe [°C].
        """
        electronics = (1.0 - self.fan_share) * self.curve.share(utilisation)
        warmth = self.rise_per_k * np.maximum(t_inlet_degc - self.t_reference_degc, 0.0)
        return np.asarray(electronics + warmth + self.fan_power_share(t_inlet_degc))
