"""Which equipment to replace within a budget: how worn it is, how often it will fail, and what that costs supply."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import numpy as np
import polars as pl

from app.results.folder import Result
from app.scenario import check_scenario
from app.studies.halls.site import folder_of
from app.studies.reinforcement.costs import MeasureCost, read_costs, shipped_costs
from app.twin.ageing import equipment_ageing
from app.twin.named_numbers import read_named_numbers
from app.twin.reliability import ReliabilityCase, supply_reliability
from grid.arrays import Floats
from grid.errors import Fault, InputError, raise_if_any
from grid.network.network import Network
from grid.twin.equipment import line_table, transformer_table
from optimizer.studies.budget import most_valuable_set

ASSUMED_AGE_YEARS = 20.0
"""Years in service of equipment of which none are stated; ours, unverified [a]."""
MOST_AGE_YEARS = 150.0
"""An age beyond it is a year, such as 1995 [a]."""
WEIBULL_SHAPE = 4.0
"""How steeply faults by wear rise with age; ours, unverified."""


@dataclass(frozen=True)
class MaintenanceCase:
    """What a plan takes beside a result.

    Args:
        budget: What the replacements may cost [currency].
        years: Years over which faults are counted [a].
        ages: Table of elements and their years in service; by default `ASSUMED_AGE_YEARS` for all.
        costs: Table of costs; the shipped one by default.
        reliability: Fault rates and customers.
    """

    budget: float
    years: float = 10.0
    ages: Path | None = None
    costs: Path | None = None
    reliability: ReliabilityCase = field(default_factory=ReliabilityCase)


@dataclass(frozen=True, eq=False)
class MaintenancePlan:
    """What to replace.

    Args:
        elements: A row for each element: ``element``, ``kind``, ``age_years`` and ``service_years`` (its whole service
            under the loads of the result, see `equipment_ageing`), ``health_percent`` (share of it that is left),
            ``faults_expected`` in the years (those by wear, and all others), ``faults_by_wear``, ``ens_mwh`` and
            ``customers_interrupted`` by one fault, ``ens_avoided_mwh`` and ``emergency_avoided_kg`` if it is replaced
            now, ``cost``, ``replace``.
        spent: Cost of what is replaced [currency].
        currency: Currency of the table of costs.
        ens_avoided_mwh: Energy that is supplied after all in the years [MWh].
        emergency_avoided_kg: Emissions of emergency supply that are avoided [kg].
        notes: What is assumed.
    """

    elements: pl.DataFrame
    spent: float
    currency: str
    ens_avoided_mwh: float
    emergency_avoided_kg: float
    notes: tuple[str, ...]


def maintenance_plan(result: Result, case: MaintenanceCase) -> MaintenancePlan:
    """The replacements that keep most energy supplied within a budget, all others ranked behind.

    Faults by wear follow a Weibull hazard whose scale is the service under the loads of the result:
    between two ages ``(t₂/η)^β − (t₁/η)^β`` are expected. Replacing an element takes its age back to 0; other faults
    stay.

    Raises:
        InputError: If a table or the budget is wrong, or the grid is not radial in operation.
    """
    raise_if_any(_faults(case), "the plan")
    loaded = check_scenario(dict(result.scenario), folder_of(result), str(result.path / "scenario.yaml"))
    supply = supply_reliability(loaded, case.reliability)
    costs = read_costs(case.costs or shipped_costs())
    worn = equipment_ageing(result).select("element", "kind", "service_years")
    table = worn.join(supply.branches, left_on="element", right_on="branch", how="inner")
    ages, said = _ages(case, table["element"].to_list())
    old, new = (_by_wear(start, table["service_years"].to_numpy(), case.years) for start in (ages, np.zeros(1)))
    saved = np.maximum(old - new, 0.0) * table["ens_mwh"].to_numpy()
    cost, unsure = _replacement_cost(loaded.city.network, table["element"].to_list(), costs)
    replaced = most_valuable_set(saved, cost, case.budget)
    elements = table.select(
        "element", "kind", pl.Series("age_years", ages), "service_years",
        pl.Series("health_percent", np.maximum(0.0, 1 - ages / table["service_years"].to_numpy()) * 100),
        (pl.col("faults_per_year") * case.years + pl.Series(old)).alias("faults_expected"),
        pl.Series("faults_by_wear", old), "ens_mwh", "customers_interrupted",
        pl.Series("ens_avoided_mwh", saved),
        pl.Series("emergency_avoided_kg", saved * supply.emergency_kg_per_mwh),
        pl.Series("cost", cost), pl.Series("replace", replaced),
    ).sort("replace", "ens_avoided_mwh", "element", descending=[True, True, False])  # fmt: skip
    kept = float(saved[replaced].sum())
    return MaintenancePlan(
        elements, float(cost[replaced].sum()), costs[0].currency, kept, kept * supply.emergency_kg_per_mwh,
        (
            said,
            f"faults by wear: Weibull with shape {WEIBULL_SHAPE:g} (ours, unverified), scale the years of service",
            *unsure, *supply.notes,
        ),
    )  # fmt: skip


def _faults(case: MaintenanceCase) -> list[Fault]:
    given = (("--budget", case.budget), ("--years", case.years))
    return [Fault(name, "must be greater than 0 and finite", value) for name, value in given if not 0 < value < 1e12]


def _ages(case: MaintenanceCase, elements: list[str]) -> tuple[Floats, str]:
    """Years in service of each element, shape (M,) [a], and where they come from."""
    if case.ages is None:
        said = f"every element is taken to be {ASSUMED_AGE_YEARS:g} years old (ours, unverified; --ages states them)"
        return np.full(len(elements), ASSUMED_AGE_YEARS), said
    given = read_named_numbers(case.ages, "--ages", "element", "age_years", elements, MOST_AGE_YEARS)
    left = sum(name not in given for name in elements)
    others = f"; {left} that it does not name are {ASSUMED_AGE_YEARS:g} years old (unverified)" if left else ""
    return np.array([given.get(name, ASSUMED_AGE_YEARS) for name in elements]), f"ages of {case.ages.name}{others}"


def _by_wear(age_years: Floats, life_years: Floats, years: float) -> Floats:
    """Faults by wear that are expected of each element in some years, shape (M,)."""
    return np.asarray(((age_years + years) / life_years) ** WEIBULL_SHAPE - (age_years / life_years) ** WEIBULL_SHAPE)


def _replacement_cost(
    network: Network, elements: list[str], costs: tuple[MeasureCost, ...]
) -> tuple[Floats, list[str]]:
    """Cost of a new one of each element, shape (M,) [currency], by the row of the nearest rated voltage.

    Returns:
        The costs, and the sources of those that are not verified.
    """
    lines, transformers, branches = line_table(network), transformer_table(network), network.branches
    place = {name: at for at, name in enumerate(branches.names)}
    paid, sources = [], dict[str, None]()
    for name in elements:
        vn_kv = float(network.buses.vn_kv[branches.to_bus[place[name]]])
        machine = transformers.get(name)
        kind = "cable" if machine is None else "transformer"
        rows = [row for row in costs if row.measure == kind and row.vn_kv > 0]
        if not rows:
            raise InputError.single("--costs", "has no row with a rated voltage", kind)
        row = min(rows, key=partial(_distance, vn_kv))
        mva = 0.0 if machine is None else machine["sn_mva"] * machine["parallel"]
        paid.append(row.investment(km=lines[name]["length_km"] if machine is None else 0.0, mva=mva))
        if row.status != "verified":
            sources[f"cost of {row.detail} ({row.status}): {row.source}"] = None
    return np.array(paid), list(sources)


def _distance(vn_kv: float, cost: MeasureCost) -> tuple[float, float, float]:
    """How far a row of the table of costs is from a rated voltage; among equals the cheapest counts."""
    return abs(float(np.log(cost.vn_kv / vn_kv))), cost.per_km, cost.per_mva
