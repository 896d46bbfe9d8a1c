"""The carbon of hydrogen that is refuelled."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from grid.arrays import Floats, Ints, ratio
from grid.units import LHV_HYDROGEN_MWH_PER_KG

if TYPE_CHECKING:
    from carbon.stocks.trace import ClassTrace, StockRecord


@dataclass(frozen=True, eq=False)
class TankContents:
    """What stores held and gave as fuel, slot by slot, shape (K,) each.

    Args:
        step: Step of the clock.
        held_mwh: Energy in the store when the slot begins [MWh of the LHV].
        ci_kg_per_mwh: Carbon of it [kg/MWh]; the last known while the store is empty.
        fuel_mwh: Energy that left as fuel [MWh].
        fuel_kg: Carbon that left with it [kg].
    """

    step: Ints
    held_mwh: Floats
    ci_kg_per_mwh: Floats
    fuel_mwh: Floats
    fuel_kg: Floats


def carbon_per_kg(ci_stock_kg_per_mwh: Floats) -> Floats:
    """Carbon of a kilogram of hydrogen [kg/kg] from a tank that holds `ci_stock_kg_per_mwh` (of the LHV) [kg/MWh]."""
    return ci_stock_kg_per_mwh * LHV_HYDROGEN_MWH_PER_KG


def refuelled_carbon_per_kg(tanks: ClassTrace) -> Floats:
    """Mean carbon of the hydrogen refuelled in each step, shape (T,) [kg/kg]; NaN in steps without any.

    Args:
        tanks: The trace of stationary stores; only tanks give fuel.
    """
    drawn_mwh = tanks.energy.fuel
    per_mwh = ratio(tanks.carbon.fuel, drawn_mwh)
    return carbon_per_kg(per_mwh)


def tanks_by_slot(tanks: StockRecord, step_hours: float) -> TankContents:
    """What some stores held and gave as fuel.

    Fuel takes the mix that the tank holds when the step begins; what the tank does not hold then comes out of what is
    charged in the step (see `StockOperation.p_drain_mw`). Over all tanks it sums to the fuel of `ClassTrace.carbon`.

    Args:
        tanks: What the tracing found of them, K slots, one session an owner.
        step_hours: Length of a step [h].
    """
    operation = tanks.events.operation
    held_mwh = np.roll(tanks.e_end_mwh, 1)
    held_mwh[operation.first_slot] = operation.e_start_mwh
    p_mw, eta = operation.p_mw, operation.per_slot(operation.eta_discharge)
    ci = tanks.ci_discharge_kg_per_mwh * eta
    fuel_mwh = np.zeros(p_mw.size) if operation.p_drain_mw is None else step_hours * operation.p_drain_mw
    taken_mwh = step_hours * np.maximum(-p_mw, 0.0) / eta
    gained_mwh = step_hours * np.maximum(p_mw, 0.0) * operation.per_slot(operation.eta_charge)
    kept_mwh = operation.per_slot(operation.retention_per_step) * held_mwh
    from_tank = np.minimum(fuel_mwh, np.maximum(kept_mwh - taken_mwh, 0.0))
    through = ratio(fuel_mwh - from_tank, gained_mwh, 0.0)
    fuel_kg = from_tank * ci + np.minimum(through, 1.0) * tanks.charge_kg
    return TankContents(operation.slot_step, held_mwh, ci, fuel_mwh, fuel_kg)
