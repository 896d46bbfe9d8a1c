"""Reductions of grid charges for controllable loads, as `ControllableLoads` states them."""

from __future__ import annotations

from typing import Literal

from app.tariffs.tariff import EnergyCharge, Tariff

FLAT, BY_PERCENTAGE, BY_TIME = 1, 2, 3


def grid_charge(tariff: Tariff) -> EnergyCharge:
    """The charge for energy of the grid, of which `Tariff` knows that there is one."""
    return next(charge for charge in tariff.energy if charge.component == "grid")


def flat_reduction(tariff: Tariff) -> float:
    """Module 1: reduction for each customer and year [currency].

    The base, and a premium for stability: a share of the grid's work price of a typical consumption.
    """
    given, price = tariff.controllable, grid_charge(tariff).periods[0].price_per_mwh
    if given is None or price is None:
        return 0.0
    return given.base_per_year + given.premium_mwh_per_year * price * given.premium_share


def reduced(tariff: Tariff, module: Literal[1, 2, 3] | None) -> Tariff:
    """The rate sheet under module 2 or 3: another work price of the grid; under module 2 without its fixed charges.

    Args:
        tariff: The rate sheet.
        module: The module; None and 1 leave the rates as they are.
    """
    given = tariff.controllable
    if given is None or module not in (BY_PERCENTAGE, BY_TIME):
        return tariff
    charge = grid_charge(tariff)
    (always,) = charge.periods
    price = always.price_per_mwh or 0.0
    if module == BY_PERCENTAGE:
        less = always.model_copy(update={"price_per_mwh": price * given.work_price_share})
        new = charge.model_copy(update={"periods": (less,)})
        fixed = tuple(one for one in tariff.fixed if one.component != "grid")
    else:
        new, fixed = charge.model_copy(update={"periods": (*given.periods, always)}), tariff.fixed
    energy = tuple(new if one is charge else one for one in tariff.energy)
    return tariff.model_copy(update={"energy": energy, "fixed": fixed})
