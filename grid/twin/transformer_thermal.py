"""Thermal properties of oil-immersed transformers, and the temperatures that load and surroundings give them.

The top oil follows losses and ambient temperature, the hottest place of the winding follows the load, each as linear
differential equations of the first order [1, section 8.2.2]. Within a step of the clock load and ambient temperature
are constant, so that the exponential solution of each equation is exact.

References:
    [1] IEC 60076-7:2018, "Power transformers - Part 7: Loading guide for mineral-oil-immersed power transformers".
    [2] transformer-thermal-model 0.6.0 (Alliander), whose defaults of the constants that manufacturers state are taken.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, Self

import numpy as np
from pydantic import Field
from scipy.signal import lfilter

from grid.arrays import Floats
from grid.errors import InputError
from grid.spec import Spec
from grid.units import MINUTES_PER_HOUR


class TransformerThermal(Spec):
    """How an oil-immersed transformer warms: rises at rated load, and the constants of IEC 60076-7."""

    loss_ratio: float = Field(gt=0)
    """Load losses at rated current per no-load losses, R in IEC 60076-7 [1]."""
    top_oil_rise_k: float = Field(default=60.0, gt=0)
    """Rise of the top oil above the ambient temperature at rated losses [K]; IEC 60076-2 allows 60 K."""
    winding_gradient_k: float = Field(default=23.0, ge=0)
    """Rise of the mean winding above the mean oil at rated current [K]; default of [2]."""
    hot_spot_factor: float = Field(default=1.2, ge=1)
    """Rise of the hottest place above the top oil per winding gradient, H [1]; 1.1 for distribution, 1.3 for medium and
    large power transformers in IEC 60076-7, default of [2] for distribution."""
    oil_exponent: float = Field(default=0.8, gt=0)
    """Exponent of the losses in the rise of the oil, x [1]."""
    winding_exponent: float = Field(default=1.6, gt=0)
    """Exponent of the current in the rise of the winding above the oil, y [1]."""
    k11: float = Field(default=1.0, gt=0)
    """Constant of the oil's time constant, k11 [1]."""
    k21: float = Field(default=1.0, ge=1)
    """Constant of the overshoot of the hot spot, k21 [1]; 1 without overshoot."""
    k22: float = Field(default=2.0, gt=0)
    """Constant of the winding's time constant, k22 [1]."""
    oil_time_constant_min: float = Field(default=180.0, gt=0)
    """Time constant of the oil [min]."""
    winding_time_constant_min: float = Field(default=4.0, gt=0)
    """Time constant of the winding [min]."""
    enclosure_rise_k: float = Field(default=0.0, ge=0)
    """What an enclosure adds to the rise of the top oil at rated losses [K]; 10 K for a compact substation [2]."""

    @property
    def hot_spot_rise_k(self) -> float:
        """Rise of the hot spot above the top oil at rated current [K]."""
        return self.hot_spot_factor * self.winding_gradient_k

    @classmethod
    def distribution(cls, loss_ratio: float) -> Self:
        """A distribution transformer in a compact substation, cooled by natural air; constants of [1, 2]."""
        return cls(loss_ratio=loss_ratio, enclosure_rise_k=10.0)

    @classmethod
    def power(cls, loss_ratio: float, *, fans: bool = False) -> Self:
        """A power transformer outdoors, cooled by natural air (ONAN) or by fans (ONAF); constants of [1]."""
        return cls(
            loss_ratio=loss_ratio,
            hot_spot_factor=1.3,
            winding_exponent=1.3,
            k11=0.5,
            k21=2.0,
            k22=2.0,
            oil_time_constant_min=150.0 if fans else 210.0,
            winding_time_constant_min=7.0 if fans else 10.0,
        )


@dataclass(frozen=True, eq=False)
class TransformerTemperatures:
    """Temperatures at the end of each of T steps, of M transformers.

    Args:
        top_oil_degc: Of the oil at the top of the tank, shape (T, M) [°C].
        hot_spot_degc: Of the hottest place of the winding, shape (T, M) [°C].
    """

    top_oil_degc: Floats
    hot_spot_degc: Floats


@dataclass(frozen=True)
class ThermalState:
    """A transformer's temperatures at one instant.

    Args:
        top_oil_degc: Of the top oil [°C].
        winding_rise_k: Fast part of the hot spot's rise above the top oil [K].
        oil_rise_k: Slow part, which is taken off it [K]; 0 without overshoot.
    """

    top_oil_degc: float
    winding_rise_k: float
    oil_rise_k: float

    @classmethod
    def steady(cls, thermal: TransformerThermal, load_pu: float, ambient_degc: float) -> ThermalState:
        """What constant load and ambient temperature lead to."""
        oil_k, hot_spot_k = _ultimate_rises_k(thermal, np.array([load_pu]))
        return cls(
            top_oil_degc=float(ambient_degc + oil_k[0]),
            winding_rise_k=float(thermal.k21 * hot_spot_k[0]),
            oil_rise_k=float((thermal.k21 - 1) * hot_spot_k[0]),
        )


def transformer_temperatures(
    thermal: TransformerThermal,
    load_pu: Floats,
    ambient_degc: Floats,
    step_hours: float,
    *,
    start: ThermalState | None = None,
    form: Literal["exponential", "difference"] = "exponential",
) -> TransformerTemperatures:
    """Temperatures of transformers of one kind, by IEC 60076-7 [1].

    Args:
        thermal: How they warm.
        load_pu: Current of each transformer per its rated current, shape (T, M) [pu].
        ambient_degc: Outdoor air, shape (T,) or (T, M) [°C].
        step_hours: Length of a step [h].
        start: State before the first step; by default what the first step leads to when it lasts.
        form: The exact solution, or the standard's difference equations, which want steps of at most half the
            winding's time constant.

    Raises:
        InputError: If shapes disagree, a value is negative (load) or not finite, or a step is too long.
    """
    load_pu = np.asarray(load_pu, dtype=np.float64)
    ambient = np.asarray(ambient_degc, dtype=np.float64)
    _check(load_pu, ambient)
    step_min = step_hours * MINUTES_PER_HOUR
    if form == "difference" and step_min > thermal.winding_time_constant_min / 2:
        rule = "must be at most half the winding's time constant for difference equations"
        raise InputError.single("step_hours", rule, step_hours)
    ambient = ambient[:, None] if ambient.ndim == 1 else ambient
    ambient = np.broadcast_to(ambient, load_pu.shape)
    oil_k, hot_spot_k = _ultimate_rises_k(thermal, load_pu)
    rest = _REST[form]
    rest_oil = rest(step_min / (thermal.k11 * thermal.oil_time_constant_min))
    rest_fast = rest(step_min / (thermal.k22 * thermal.winding_time_constant_min))
    rest_slow = rest(step_min * thermal.k22 / thermal.oil_time_constant_min)
    top_oil = _first_order(ambient + oil_k, rest_oil, None if start is None else start.top_oil_degc)
    fast = _first_order(thermal.k21 * hot_spot_k, rest_fast, None if start is None else start.winding_rise_k)
    slow = _first_order((thermal.k21 - 1) * hot_spot_k, rest_slow, None if start is None else start.oil_rise_k)
    return TransformerTemperatures(top_oil, top_oil + fast - slow)


_REST: dict[str, Callable[[float], float]] = {
    "exponential": lambda elapsed: float(np.exp(-elapsed)),
    "difference": lambda elapsed: 1 - elapsed,
}
"""What is left of a difference after a step, by the step's length in time constants."""


def _ultimate_rises_k(thermal: TransformerThermal, load_pu: Floats) -> tuple[Floats, Floats]:
    """Rises that a constant load leads to, each of its shape [K]: oil above ambient, hot spot above oil."""
    losses_pu = (1 + thermal.loss_ratio * load_pu**2) / (1 + thermal.loss_ratio)
    return (
        (thermal.top_oil_rise_k + thermal.enclosure_rise_k) * losses_pu**thermal.oil_exponent,
        thermal.hot_spot_rise_k * load_pu**thermal.winding_exponent,
    )


def _first_order(ultimate: Floats, rest: float, start: float | None) -> Floats:
    """Values at the end of each step that approach `ultimate`; of a difference `rest` is left after a step."""
    before = ultimate[:1] if start is None else np.full((1, ultimate.shape[1]), start)
    values, _ = lfilter([1 - rest], [1, -rest], ultimate, axis=0, zi=rest * before)
    return np.asarray(values)


def _check(load_pu: Floats, ambient_degc: Floats) -> None:
    if load_pu.ndim != 2:
        raise InputError.single("load_pu", "must have the axes step and transformer", load_pu.shape)
    if ambient_degc.shape not in {load_pu.shape[:1], load_pu.shape}:
        raise InputError.single("ambient_degc", f"must have the {len(load_pu)} steps of the load", ambient_degc.shape)
    if not np.isfinite(load_pu).all() or (load_pu < 0).any():
        raise InputError.single("load_pu", "must be 0 or more, and finite")
    if not np.isfinite(ambient_degc).all():
        raise InputError.single("ambient_degc", "must be finite")
