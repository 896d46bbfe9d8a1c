"""The energy ledger of a city: every megawatt-hour, step by step."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from carbon.tracing.flows import Consumers, Exports, Flows, Sources
from carbon.tracing.proportional_sharing import Tracing
from carbon.validation import array_faults, check_step_hours
from grid.arrays import Bools, Floats
from grid.errors import raise_if_any


@dataclass(frozen=True, eq=False)
class EnergyLedger:
    """All energy of every step; shape (T,) each [MWh].

    generation + import + arriving = consumption + export + loss + storage change.

    Args:
        generation_mwh: Local sources at their terminals, after curtailment; never discharge.
        import_mwh: What sources outside the city feed in.
        arriving_mwh: Energy that stationary stores were given from outside the grid between two connections.
        consumption_mwh: Final consumers, vehicles net at the meter (charging less discharging) and fuel drawn from
            stationary tanks (lower heating value).
        export_mwh: What leaves the city.
        loss_mwh: Losses of the network, and conversion and standing losses of stationary stores.
        grid_loss_mwh: The part of it that the network loses.
        storage_change_mwh: Change of the energy in stationary stores.
    """

    generation_mwh: Floats
    import_mwh: Floats
    arriving_mwh: Floats
    consumption_mwh: Floats
    export_mwh: Floats
    loss_mwh: Floats
    grid_loss_mwh: Floats
    storage_change_mwh: Floats

    @property
    def residual_mwh(self) -> Floats:
        """What the balance misses, shape (T,) [MWh]."""
        supplied_mwh = self.generation_mwh + self.import_mwh + self.arriving_mwh
        return supplied_mwh - self.consumption_mwh - self.export_mwh - self.loss_mwh - self.storage_change_mwh


def energy_ledger(
    flows: Flows,
    sources: Sources,
    consumers: Consumers,
    exports: Exports,
    tracing: Tracing,
    *,
    step_hours: float,
    imported: Bools,
) -> EnergyLedger:
    """Accounts for all energy of a traced city.

    Args:
        flows: Power at both ends of every branch, T steps.
        sources: Generation and imports.
        consumers: Final consumers.
        exports: What leaves the city.
        tracing: The trace of the same flows and sources; its stocks hold the energy of the stores.
        step_hours: Length of a step [h].
        imported: Whether each source lies outside the city, shape (G,).

    Raises:
        InputError: If the inputs do not fit together.
    """
    check_step_hours(step_hours)
    imported = np.asarray(imported, dtype=np.bool_)
    raise_if_any(array_faults("imported", imported.astype(np.float64), sources.node.shape))
    vehicles, stationary = tracing.vehicles, tracing.stationary
    conversion_mwh = (stationary.charge_meter_mwh - stationary.energy.charge) + (
        stationary.energy.discharge - stationary.discharge_meter_mwh
    )
    grid_loss_mwh = step_hours * flows.loss_by_step_mw()
    vehicle_mwh = vehicles.charge_meter_mwh - vehicles.discharge_meter_mwh
    return EnergyLedger(
        generation_mwh=step_hours * sources.p_mw[:, ~imported].sum(axis=1),
        import_mwh=step_hours * sources.p_mw[:, imported].sum(axis=1),
        arriving_mwh=stationary.energy.arriving,
        consumption_mwh=step_hours * consumers.p_mw.sum(axis=1) + vehicle_mwh + stationary.energy.fuel,
        export_mwh=step_hours * exports.p_mw.sum(axis=1),
        loss_mwh=grid_loss_mwh + conversion_mwh + stationary.energy.standing,
        grid_loss_mwh=grid_loss_mwh,
        storage_change_mwh=stationary.energy.change,
    )
