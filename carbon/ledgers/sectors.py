"""Who answers for the carbon, by sector."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from carbon.stocks.trace import ClassTrace
from carbon.tracing.flows import Consumers
from grid.arrays import Floats, ratio

_GRID_SUPPLIED, _GRID_LOSSES = ".2", ".3"


@dataclass(frozen=True, eq=False)
class SectorTable:
    """Energy and carbon of each sector, step by step [1].

    Args:
        codes: GPC codes, Q of them: ".2" is electricity used (scope 2), ".3" losses of the grid (scope 3).
        energy_mwh: Energy used, shape (T, Q) [MWh]: of vehicles charging less discharging; of losses 0, as the
            sector's energy is in its ".2".
        emissions_kg: Carbon, shape (T, Q) [kg].

    References:
        [1] World Resources Institute, C40, ICLEI: "Global Protocol for Community-Scale Greenhouse Gas Inventories",
            version 1.1, 2021.
    """

    codes: tuple[str, ...]
    energy_mwh: Floats
    emissions_kg: Floats


def sector_table(
    consumers: Consumers,
    consumer_kg: Floats,
    vehicles: ClassTrace,
    stationary: ClassTrace,
    *,
    loss_kg: Floats,
    step_hours: float,
    vehicle_sector: str,
    storage_sector: str,
) -> SectorTable:
    """Shares out the city's emissions, so that the sectors sum to them.

    Consumers and vehicles pay for what they take. Fuel drawn from a stationary tank goes to the vehicles, standing
    losses of stationary stores to the storage sector. The network's losses follow each sector's energy in the step; a
    sector that feeds back counts 0 there, and in a step without consumption they go to the storage sector.

    Args:
        consumers: Final consumers.
        consumer_kg: Carbon of each, shape (T, M) [kg].
        vehicles: The stocks of all vehicles.
        stationary: All stationary stocks.
        loss_kg: Carbon of the network's losses, shape (T,) [kg].
        step_hours: Length of a step [h].
        vehicle_sector: Sub-sector of the vehicles, such as "II.1".
        storage_sector: Sub-sector of the stationary stores, such as "I.4".
    """
    names = tuple(dict.fromkeys([*consumers.sectors, storage_sector, vehicle_sector]))
    vehicle, storage = names.index(vehicle_sector), names.index(storage_sector)
    energy_mwh, used_kg = np.zeros((2, len(loss_kg), len(names)))
    n_sectors = len(consumers.sectors)
    energy_mwh[:, :n_sectors] = step_hours * consumers.sector_mw
    energy_mwh[:, vehicle] += vehicles.charge_meter_mwh - vehicles.discharge_meter_mwh
    energy_mwh[:, vehicle] += stationary.energy.fuel
    used_kg[:, :n_sectors] = consumer_kg @ consumers.share
    used_kg[:, vehicle] += vehicles.carbon.charge - vehicles.carbon.discharge + stationary.carbon.fuel
    used_kg[:, storage] += stationary.carbon.standing
    return SectorTable(
        codes=tuple(name + scope for name in names for scope in (_GRID_SUPPLIED, _GRID_LOSSES)),
        energy_mwh=_interleaved(energy_mwh, np.zeros_like(energy_mwh)),
        emissions_kg=_interleaved(used_kg, loss_kg[:, None] * _loss_share(energy_mwh, storage)),
    )


def _loss_share(energy_mwh: Floats, storage: int) -> Floats:
    """Share of the losses each sector bears, shape (T, S); rows sum to 1."""
    taken_mwh = np.maximum(energy_mwh, 0.0)
    total_mwh = taken_mwh.sum(axis=1, keepdims=True)
    to_storage = np.zeros(energy_mwh.shape[1])
    to_storage[storage] = 1.0
    return ratio(taken_mwh, total_mwh, to_storage)


def _interleaved(first: Floats, second: Floats) -> Floats:
    """Columns of `first` and `second` in turn, shape (T, 2 S)."""
    return np.stack([first, second], axis=2).reshape(len(first), 2 * first.shape[1])
