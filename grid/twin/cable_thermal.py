"""How buried cables warm under a changing load, and how their insulation ages by it.

The rise of the conductor above the undisturbed soil is that at rated current, times the response of cable and soil to
the losses of the steps before [1, 2]. Inside the cable it follows with one time constant; outside it spreads from line
sources and their images above the surface, as exponential integrals [2]. Losses grow with the conductor's temperature.
This is the standards' method in a simple form: one time constant inside instead of a ladder of two, equal losses in
the three cables, no drying of the soil, no losses in sheaths beyond those that the rating contains.

References:
    [1] IEC 60287-1-1 and 60287-2-1, "Electric cables - Calculation of the current rating".
    [2] IEC 60853-2, "Calculation of the cyclic and emergency current rating of cables".
    [3] G. Mazzanti, "Analysis of the combined effects of load cycling, thermal transients, and electrothermal stress on
        life expectancy of high-voltage AC cables", IEEE Trans. Power Delivery, vol. 22, no. 4, pp. 2000-2009, 2007.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from pydantic import Field
from scipy.signal import oaconvolve
from scipy.special import exp1

from grid.arrays import Floats
from grid.errors import InputError
from grid.spec import Spec
from grid.units import SECONDS_PER_HOUR, ZERO_DEGC_K

REFERENCE_DEGC = 20.0
"""Temperature at which resistances are stated [°C] [1]."""
RESISTANCE_PER_K = 0.00403
"""Temperature coefficient of aluminium at 20 °C [1/K] [1]; copper has 0.00393."""
XLPE_ACTIVATION_K = 12_430.0
"""Activation energy per gas constant of cross-linked polyethylene [K]; recalled from [3], unverified."""
LIFE_AT_RATED_H = 40 * 8760.0
"""Life of cross-linked polyethylene at 90 °C without pause [h]; usual design life, unverified."""
MEMORY_H = 28 * 24.0
"""How far back losses are remembered in full [h]; what soil still takes up later is added as if it were steady."""
_ITERATIONS = 12
_SETTLED_K = 1e-6


class CableThermal(Spec):
    """Three single-core cables in trefoil, or one of three cores, buried in soil."""

    conductor_max_degc: float = Field(default=90.0, gt=0)
    """Conductor temperature at rated current in steady state [°C]; 90 °C for cross-linked polyethylene [1]."""
    soil_at_rating_degc: float = 20.0
    """Soil temperature for which the rated current holds [°C]; of pandapower's standard types and IEC 60287-3-1."""
    diameter_m: float = Field(default=0.035, gt=0)
    """Outer diameter of a single-core cable [m]; that of 150 to 240 mm² at 20 kV."""
    depth_m: float = Field(default=0.8, gt=0)
    """Depth of the axis [m]."""
    external_share: float = Field(default=0.7, gt=0, lt=1)
    """Part of the rise at rated current that is in the soil, not in the cable; ours, for 1 K m/W, unverified."""
    cable_time_constant_h: float = Field(default=1.0, gt=0)
    """Time constant inside the cable [h]; order of medium-voltage cables, unverified."""
    soil_diffusivity_m2_per_s: float = Field(default=0.5e-6, gt=0)
    """Thermal diffusivity of the soil [m²/s]; value of [2] where it was not measured."""

    @property
    def rated_rise_k(self) -> float:
        """Rise of the conductor above the soil at rated current in steady state [K]."""
        return self.conductor_max_degc - self.soil_at_rating_degc

    def attained(self, hours: Floats) -> Floats:
        """Part of the steady rise that constant losses have reached after a time, of its shape; 0 at once, 1 for ever.

        Args:
            hours: Time since the losses began, at least 0 [h].
        """
        hours = np.asarray(hours, dtype=np.float64)
        inside = -np.expm1(-hours / self.cable_time_constant_h)
        with np.errstate(divide="ignore"):
            per_s = 1 / (hours * SECONDS_PER_HOUR * self.soil_diffusivity_m2_per_s)
        own = exp1(self.diameter_m**2 / 16 * per_s) - exp1(self.depth_m**2 * per_s)
        others = 2 * (exp1(self.diameter_m**2 / 4 * per_s) - exp1(self.depth_m**2 * per_s))
        steady = 2 * np.log(4 * self.depth_m / self.diameter_m) + 4 * np.log(2 * self.depth_m / self.diameter_m)
        outside = (own + others) / steady
        return np.asarray((1 - self.external_share) * inside + self.external_share * outside)


@dataclass(frozen=True, eq=False)
class CableTemperatures:
    """Temperatures of M cables.

    Args:
        conductor_degc: At the end of each of T steps, shape (T, M) [°C].
        cyclic_factor: By how much the peak of the load of the same shape may exceed the rated current, shape (M,)
            [pu]; NaN for a cable that carries nothing.
    """

    conductor_degc: Floats
    cyclic_factor: Floats


def cable_temperatures(
    thermal: CableThermal, load_pu: Floats, soil_degc: Floats, step_hours: float
) -> CableTemperatures:
    """Temperatures of the conductors of cables of one kind.

    Before the first step each cable carried the mean losses of the period for ever.

    Args:
        thermal: How they warm.
        load_pu: Current of each cable per its rated current, shape (T, M) [pu].
        soil_degc: Undisturbed soil at the depth of the cable, shape (T,) [°C].
        step_hours: Length of a step [h].

    Raises:
        InputError: If shapes disagree, a value is negative (load) or not finite, or a cable would warm without end.
    """
    load_pu, soil = np.asarray(load_pu, dtype=np.float64), np.asarray(soil_degc, dtype=np.float64)
    if load_pu.ndim != 2 or soil.shape != load_pu.shape[:1]:
        raise InputError.single("soil_degc", f"must have the {len(load_pu)} steps of the load", soil.shape)
    if not np.isfinite(load_pu).all() or (load_pu < 0).any() or not np.isfinite(soil).all():
        raise InputError.single("load_pu", "must be 0 or more, and all values finite")
    response = _response(thermal, len(load_pu), step_hours)
    square = load_pu**2
    conductor = soil[:, None] + thermal.rated_rise_k * _convolved(square, response)
    for _ in range(_ITERATIONS):
        losses = square * _resistance_pu(thermal, conductor)
        warmer = soil[:, None] + thermal.rated_rise_k * _convolved(losses, response)
        apart = np.abs(warmer - conductor).max(initial=0.0)
        conductor = warmer
        if apart < _SETTLED_K:
            return CableTemperatures(conductor, _cyclic_factor(square, response))
    worst = int(np.argmax(load_pu.max(axis=0)))
    rule = "no steady temperature: losses grow faster with temperature than the soil takes heat away"
    raise InputError.single(f"load_pu[:, {worst}]", rule, float(load_pu[:, worst].max()))


def cable_ageing_rate(conductor_degc: Floats, thermal: CableThermal) -> Floats:
    """Ageing of cross-linked polyethylene per time, relative to that at the rated temperature, by Arrhenius [3]."""
    rated_k = thermal.conductor_max_degc + ZERO_DEGC_K
    return np.asarray(np.exp(XLPE_ACTIVATION_K * (1 / rated_k - 1 / (np.asarray(conductor_degc) + ZERO_DEGC_K))))


def _response(thermal: CableThermal, n_steps: int, step_hours: float) -> Floats:
    """Part of the steady rise that the losses of one step cause at its end and at those of the following steps."""
    remembered = min(n_steps, max(1, round(MEMORY_H / step_hours)))
    return np.diff(thermal.attained(np.arange(remembered + 1, dtype=np.float64) * step_hours))


def _convolved(losses_pu: Floats, response: Floats) -> Floats:
    """Rise per that at rated current, shape (T, M); what is not remembered lasts as the mean of the period."""
    mean = losses_pu.mean(axis=0)
    changing = oaconvolve(losses_pu - mean, response[:, None], axes=0)[: len(losses_pu)]
    return np.asarray(changing + mean)


def _resistance_pu(thermal: CableThermal, conductor_degc: Floats) -> Floats:
    """Resistance per that at the rated temperature [1]."""
    at_rated = 1 + RESISTANCE_PER_K * (thermal.conductor_max_degc - REFERENCE_DEGC)
    return np.asarray((1 + RESISTANCE_PER_K * (conductor_degc - REFERENCE_DEGC)) / at_rated)


def _cyclic_factor(square_pu: Floats, response: Floats) -> Floats:
    """Peak of the load that brings the conductor to its limit, per rated current: the factor M of IEC 60853."""
    peak = square_pu.max(axis=0)
    with np.errstate(divide="ignore", invalid="ignore"):
        attained = _convolved(square_pu / np.where(peak > 0, peak, np.nan), response).max(axis=0)
        return np.asarray(1 / np.sqrt(attained))
