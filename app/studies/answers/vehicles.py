"""What cars that give energy back change: tonnes by either accounting, and overloads of lines and transformers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import polars as pl

from app.results.folder import Result
from app.studies.answers.limits import LOADING, broken_limits
from app.studies.ensembles.sources import differences

AVERAGE, MARGINAL = "emissions_t", "emissions_marginal_not_in_inventory_t"
"""Key figures of the city's emissions: by average intensity as in inventories, by marginal as the grid above reacts."""
UNMANAGED = "unmanaged"
LEAST_MWH = 1e-6
"""Less than this is no energy but the rounding of one."""


@dataclass(frozen=True)
class Overloads:
    """Lines and transformers beyond their limit.

    Args:
        elements: How many.
        steps: In how many steps any of them is.
    """

    elements: int
    steps: int


@dataclass(frozen=True)
class V2GEffect:
    """What a result with V2G differs by from another.

    Args:
        fed_mwh: Energy that cars fed in.
        average_t: Difference of the city's emissions by average intensity; None where either is not known.
        marginal_t: Difference by marginal intensity, which is what the change causes; None likewise.
        before: Overloads of the other result.
        after: Overloads of the result.
    """

    fed_mwh: float
    average_t: float | None
    marginal_t: float | None
    before: Overloads
    after: Overloads


def fed_in_mwh(result: Result) -> float:
    """Energy that cars fed in; 0 where there are none."""
    return float(result.summary.get("v2g_energy_mwh") or 0.0)


def charged_mwh(result: Result) -> float:
    """Energy that cars charged; 0 where there are none."""
    return float(result.summary.get("ev_energy_mwh") or 0.0)


def has_v2g(result: Result) -> bool:
    """Whether any car fed in."""
    return fed_in_mwh(result) > LEAST_MWH


def is_smart(result: Result) -> bool:
    """Whether charging is managed and no car feeds in: what a result with V2G has to be compared with."""
    managed = str(result.manifest.get("strategy") or UNMANAGED) != UNMANAGED
    return managed and charged_mwh(result) > LEAST_MWH and not has_v2g(result)


def smart_among(results: Mapping[str, Result], names: Iterable[str], result: Result) -> str:
    """Of some results whose charging is managed without V2G the one least different from `result`; empty if none is."""
    smart = [name for name in names if name in results and is_smart(results[name])]
    return min(smart, key=lambda name: len(other_differences(result, results[name])), default="")


def other_differences(result: Result, other: Result) -> tuple[str, ...]:
    """Entries besides those of V2G in which the scenarios of two results differ, by path."""
    paths = differences([result.scenario, other.scenario])
    return tuple(path for path in paths if "v2g" not in path)


def v2g_effect(result: Result, other: Result) -> V2GEffect:
    """What a result with V2G differs by from another, of the same city and period."""
    return V2GEffect(
        fed_mwh=fed_in_mwh(result),
        average_t=_difference(result, other, AVERAGE),
        marginal_t=_difference(result, other, MARGINAL),
        before=overloads(other),
        after=overloads(result),
    )


def overloads(result: Result) -> Overloads:
    """Lines and transformers that a result loads beyond their limit."""
    found = next((one for one in broken_limits(result) if one.quantity == LOADING), None)
    return Overloads(0, 0) if found is None else Overloads(found.elements, found.steps)


def _difference(result: Result, other: Result, key: str) -> float | None:
    mine, theirs = result.summary.get(key), other.summary.get(key)
    return None if mine is None or theirs is None else float(mine) - float(theirs)


@dataclass(frozen=True)
class ChargingHours:
    """When charging is cleanest and dirtiest, of the hours in which cars charge.

    Args:
        cleanest: Local hour of day with the least carbon of a charged kWh.
        cleanest_g_per_kwh: Its carbon.
        dirtiest: Local hour with the most.
        dirtiest_g_per_kwh: Its carbon.
    """

    cleanest: int
    cleanest_g_per_kwh: float
    dirtiest: int
    dirtiest_g_per_kwh: float


def charging_hours(result: Result) -> ChargingHours | None:
    """The cleanest and the dirtiest hour of charging over all places; None where no car charges."""
    rows = (
        result.table("charging_hours").group_by("hour").agg(pl.col("energy_kwh", "charged_kg").sum())
        .filter(pl.col("energy_kwh") > 0)
        .with_columns(g=pl.col("charged_kg") * 1000 / pl.col("energy_kwh")).sort("g", "hour").collect()
    )  # fmt: skip
    if rows.is_empty():
        return None
    first, last = rows.row(0, named=True), rows.row(-1, named=True)
    return ChargingHours(int(first["hour"]), float(first["g"]), int(last["hour"]), float(last["g"]))
