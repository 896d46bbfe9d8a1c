"""How often and how long the buses of a city are without supply, by whose faults, and what emergency supply emits."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl

from app.scenario.loaded import LoadedScenario
from app.simulation.inputs import prepare
from app.twin.fault_rates import SWITCHING_H, fault_rates_of, read_fault_rates, shipped_rates
from app.twin.named_numbers import read_named_numbers
from app.twin.withdrawal import unmanaged_withdrawal
from grid.arrays import Floats
from grid.assets.generators import Diesel, fuel
from grid.errors import InputError
from grid.network.switching import SwitchableNetwork
from grid.twin.equipment import switchable_network
from grid.twin.reliability import (
    FaultRates,
    NodeReliability,
    ReliabilityIndices,
    SupplyTopology,
    reliability,
    reliability_indices,
)


@dataclass(frozen=True)
class ReliabilityCase:
    """What a study of reliability takes beside a scenario.

    Args:
        rates: Table of fault rates; the shipped one by default.
        customers: Table of buses and their customers; by default one at each bus with demand.
        switching_h: Time until a fault is isolated and other ways are closed [h].
    """

    rates: Path | None = None
    customers: Path | None = None
    switching_h: float = SWITCHING_H


@dataclass(frozen=True, eq=False)
class SupplyReliability:
    """Reliability of supply of a city.

    Args:
        indices: Indices of the city.
        branches: A row for each branch that is closed in operation, that with the most energy not supplied first:
            ``branch``, ``kind``, ``faults_per_year``, ``customers_interrupted`` and ``ens_mwh`` by one fault,
            ``customer_hours_per_year``, ``ens_mwh_per_year``, ``emergency_kg_per_year``.
        buses: A row for each bus with demand: ``bus``, ``customers``, ``p_mean_mw``, ``interruptions_per_year``,
            ``hours_per_year``, ``ens_mwh_per_year``.
        emergency_kg_per_mwh: Direct emissions of mobile diesel generators [kg/MWh].
        notes: What is assumed.
    """

    indices: ReliabilityIndices
    branches: pl.DataFrame
    buses: pl.DataFrame
    emergency_kg_per_mwh: float
    notes: tuple[str, ...]


def supply_reliability(loaded: LoadedScenario, case: ReliabilityCase | None = None) -> SupplyReliability:
    """Reliability under the mean demand of a scenario in which nobody manages anything.

    Args:
        loaded: The scenario and its city.
        case: What else is given.

    Raises:
        InputError: If a table is wrong, or the grid is not radial in operation.
    """
    case = case or ReliabilityCase()
    table = read_fault_rates(case.rates or shipped_rates())
    network = switchable_network(loaded.city.network)
    if not network.is_radial(network.open):
        raise InputError.single("city", "is not operated radially: a fault has no single way to it")
    rates = fault_rates_of(network.meshed, table, case.switching_h)
    found = reliability(SupplyTopology.of_network(network), rates)
    drawn = unmanaged_withdrawal(prepare(loaded))
    p_mean_mw = np.maximum(np.asarray(drawn.p_mw @ drawn.profiles), 0.0).mean(axis=1)
    customers, counted = _customers(loaded, case.customers, p_mean_mw)
    node = network.meshed.buses.node
    p_mean_mw, customers = np.where(node >= 0, p_mean_mw, 0.0), np.where(node >= 0, customers, 0.0)
    ci_kg_per_mwh = emergency_kg_per_mwh()
    unsure = table.filter((pl.col("status") != "verified") & pl.col("kind").is_in(set(network.meshed.branches.kinds)))
    return SupplyReliability(
        reliability_indices(
            found.interruptions_per_year[node], found.hours_per_year[node], customers, p_mean_mw
        ),
        _by_branch(network, rates, found, customers, p_mean_mw, ci_kg_per_mwh),
        _by_bus(loaded, found, node, customers, p_mean_mw),
        ci_kg_per_mwh,
        (
            counted,
            *(f"faults of {row['kind']} ({row['status']}): {row['source']}" for row in unsure.to_dicts()),
            "emergency supply by diesel generators at their rated efficiency (unverified), direct emissions",
        ),
    )  # fmt: skip


def emergency_kg_per_mwh() -> float:
    """Direct emissions of electricity from mobile diesel generators [kg/MWh]."""
    return fuel("diesel").kg_per_mwh / float(Diesel.model_fields["efficiency"].default)


def _customers(loaded: LoadedScenario, path: Path | None, p_mean_mw: Floats) -> tuple[Floats, str]:
    """Customers at each bus, shape (B,), and how they were counted."""
    names = loaded.city.network.buses.names
    if path is None:
        return (p_mean_mw > 0).astype(np.float64), "each bus with demand counts as one customer"
    given = read_named_numbers(path, "--customers", "bus", "customers", names)
    if not sum(given.values()):
        raise InputError.single("--customers", "must have customers at any bus; all are", 0)
    left = sum(name not in given for name, p_mw in zip(names, p_mean_mw.tolist(), strict=True) if p_mw > 0)
    others = f"; {left} buses with demand that it does not name have none" if left else ""
    return np.array([given.get(name, 0.0) for name in names]), f"customers of {path.name}{others}"


def _by_branch(
    network: SwitchableNetwork,
    rates: FaultRates,
    found: NodeReliability,
    customers: Floats,
    p_mean_mw: Floats,
    ci_kg_per_mwh: float,
) -> pl.DataFrame:
    """The table by branch."""
    node, branches = network.meshed.buses.node, network.meshed.branches
    ens_mwh = found.lost_hours[:, node] @ p_mean_mw
    return pl.DataFrame({
        "branch": branches.names,
        "kind": branches.kinds,
        "faults_per_year": rates.per_year,
        "customers_interrupted": found.lost_interruptions[:, node] @ customers,
        "ens_mwh": ens_mwh,
        "customer_hours_per_year": rates.per_year * (found.lost_hours[:, node] @ customers),
        "ens_mwh_per_year": rates.per_year * ens_mwh,
        "emergency_kg_per_year": rates.per_year * ens_mwh * ci_kg_per_mwh,
    }).filter(~pl.Series(network.open)).sort("ens_mwh_per_year", "branch", descending=[True, False])  # fmt: skip


def _by_bus(
    loaded: LoadedScenario, found: NodeReliability, node: np.ndarray, customers: Floats, p_mean_mw: Floats
) -> pl.DataFrame:
    """The table by bus."""
    hours = found.hours_per_year[node]
    table = pl.DataFrame({
        "bus": loaded.city.network.buses.names,
        "customers": customers,
        "p_mean_mw": p_mean_mw,
        "interruptions_per_year": found.interruptions_per_year[node],
        "hours_per_year": hours,
        "ens_mwh_per_year": hours * p_mean_mw,
    })  # fmt: skip
    wanted = (pl.col("p_mean_mw") > 0) | (pl.col("customers") > 0)
    return table.filter(wanted).sort("hours_per_year", "bus", descending=[True, False])


def indices_in_words(indices: ReliabilityIndices) -> str:
    """The indices, as a table of one row says them."""
    saved = indices.ens_mwh_per_year
    return (
        f"SAIFI {indices.saifi_per_year:.3f} interruptions/a, SAIDI {indices.saidi_h_per_year:.2f} h/a, "
        f"CAIDI {indices.caidi_h:.2f} h, ASAI {indices.asai:.6f}, energy not supplied {saved:,.3f} MWh/a "
        f"({indices.aens_kwh_per_year:,.2f} kWh/a of a customer)"
    )
