"""What single changes to a scenario do, from stored results that differ from it in one input."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import polars as pl

from app.results.folder import Result
from app.studies.differences.run_ledger import AVERAGE, COST, MARGINAL
from app.studies.ensembles.sources import differences

_OF_ASSET = re.compile(r"((?:assets|data_centres)\[[^\]]+\])\.?(.*)")
_LISTS = ("assets", "data_centres")
"""Lists of named things; an empty one differs from one that is not by the things."""
MOST_EFFECTIVE = 3
"""How many measures are told."""


@dataclass(frozen=True)
class ScenarioChange:
    """The one input in which a scenario differs from another.

    Args:
        path: Where it stands, as a sweep writes it; ``assets[depot]`` where a whole asset differs.
        before: What stands there; None for nothing, or a whole asset.
        after: What stands there in the other scenario, the same.
    """

    path: str
    before: Any = None
    after: Any = None


@dataclass(frozen=True)
class ReductionMeasure:
    """What one change does.

    Args:
        change: The change.
        name: Name of the result with the change.
        saved_t: What it saves by marginal intensity: what the change causes [t].
        saved_in_inventory_t: What it saves in the inventory, by average intensity [t].
        added_cost: What it costs more, without the scenario's price of carbon [currency].
    """

    change: ScenarioChange
    name: str
    saved_t: float
    saved_in_inventory_t: float
    added_cost: float

    @property
    def cost_per_t(self) -> float | None:
        """What a tonne costs [currency/t]; None where nothing is saved, or nothing is paid for it."""
        return self.added_cost / self.saved_t if self.saved_t > 0 and self.added_cost > 0 else None


def single_change(scenario: Mapping[str, Any], other: Mapping[str, Any]) -> ScenarioChange | None:
    """The one input in which two scenarios differ; None if they differ in several, or in none.

    All fields of one asset or data centre count as one input, so one that only one of them has is one change.
    """
    found = {path: values for path, values in differences([scenario, other]).items() if path not in _LISTS}
    parts = {(match.group(1) if (match := _OF_ASSET.fullmatch(path)) else path) for path in found}
    if len(parts) != 1:
        return None
    if len(found) == 1:
        ((path, values),) = found.items()
        return ScenarioChange(path, *values)
    return ScenarioChange(parts.pop())


def cost_without_carbon_price(result: Result) -> float:
    """The cost of a result without the scenario's price of carbon: what a tonne less is to be compared with."""
    paid = result.table("ledger").select(pl.col("carbon_cost").sum()).collect().item()
    return float(result.summary[COST]) - float(paid)


def measures_of(reference: Result, others: Iterable[tuple[str, Result]]) -> tuple[ReductionMeasure, ...]:
    """What single changes to a result's scenario do, those that save most first.

    Args:
        reference: The result.
        others: Results that may be compared with it, by name.
    """
    known = (AVERAGE, MARGINAL, COST)
    found = []
    for name, other in others:
        if any(one.summary.get(key) is None for one in (reference, other) for key in known):
            continue
        change = single_change(reference.scenario, other.scenario)
        if change is None:
            continue
        average, marginal = (float(reference.summary[key]) - float(other.summary[key]) for key in (AVERAGE, MARGINAL))
        cost = cost_without_carbon_price(other) - cost_without_carbon_price(reference)
        found.append(ReductionMeasure(change, name, marginal, average, cost))
    return tuple(sorted(found, key=lambda one: (-one.saved_t, one.added_cost, one.name)))


def most_effective(measures: Iterable[ReductionMeasure]) -> tuple[ReductionMeasure, ...]:
    """The measures that save most, each input once: of several values of one the one that saves most."""
    best: dict[str, ReductionMeasure] = {}
    for one in measures:
        if one.saved_t > 0:
            best.setdefault(one.change.path, one)
    return tuple(best.values())[:MOST_EFFECTIVE]
