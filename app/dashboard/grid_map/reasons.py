"""Why a district has the carbon intensity it has at a moment: where its power comes from and what stands there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from app.dashboard.grid_map.chunks import branch_powers, brought_by_branches, layer_values, time_axis
from app.dashboard.grid_map.geometry import branch_names, bus_names, ends_of
from app.dashboard.grid_map.symbols import KINDS, kind_of_asset
from app.results.folder import Result

_LEAST_MW = 1e-6


@dataclass(frozen=True)
class Inflow:
    """Power that reaches a district.

    Args:
        origin: Where from: another district, or what feeds in within this one.
        through: The line or transformer it comes through; empty within the district.
        p_mw: How much arrives [MW].
        ci_kg_per_mwh: Its carbon intensity, that of the bus that sends it; None where it is not known.
    """

    origin: str
    through: str
    p_mw: float
    ci_kg_per_mwh: float | None


@dataclass(frozen=True)
class Reason:
    """Where a district's power comes from at a step.

    Args:
        zone: The district.
        at_ms: When the step begins, in milliseconds since 1970, UTC.
        ci_kg_per_mwh: Mean intensity at its buses by what they draw; None where nothing is known.
        renewable_share: Mean renewable share likewise.
        inflows: What reaches it from other districts, the most first.
        entering: Its buses where more is fed in than drawn, from the grid above or by generation: (bus, MW, kg/MWh or
            None), the most first.
        devices: What feeds in or draws within it by kind: (kind, MW drawn or negative fed in, kg/MWh or None).
        city: The city at that step: `ci_kg_per_mwh`, `import_ci_kg_per_mwh`, `import_mw`, `generation_mw`.
        sources: The city's sources at that step: (source, MWh, kg), the most first.
    """

    zone: str
    at_ms: int
    ci_kg_per_mwh: float | None
    renewable_share: float | None
    inflows: tuple[Inflow, ...]
    entering: tuple[tuple[str, float, float | None], ...]
    devices: tuple[tuple[str, float, float | None], ...]
    city: Mapping[str, float | None]
    sources: tuple[tuple[str, float, float], ...]


def reason_of(result: Result, zone: str, at_ms: float) -> Reason:
    """Where the power of a district comes from in the step that a moment lies in."""
    axis = time_axis(result)
    step = axis.step_at(at_ms)
    steps = range(step, step + 1)
    inside = np.array([str(bus.get("zone") or "") == zone for bus in result.topology["buses"]])
    of_ends = branch_powers(result, steps)
    p_from, p_to = (powers[0] for powers in of_ends)
    ci, share = (layer_values(result, layer, steps)[0, : len(inside)] for layer in ("carbon", "renewable"))
    drawn = brought_by_branches(result, of_ends)[0]
    return Reason(
        zone, axis.ms_at(step), _mean(ci, drawn, inside),
        _mean(share / 100, drawn, inside),  # the layer is in per cent
        tuple(_inflows(result, inside, p_from, p_to, ci)), tuple(_entering(result, inside, drawn, ci)),
        tuple(_devices(result, inside, steps)),
        _city(result, steps), tuple(_sources(result, steps)),
    )  # fmt: skip


def _mean(values: np.ndarray, drawn: np.ndarray, inside: np.ndarray) -> float | None:
    known = inside & np.isfinite(values)
    weights = np.maximum(drawn[known], 0.0)
    if not known.any():
        return None
    return float(np.average(values[known], weights=weights) if weights.sum() > 0 else values[known].mean())


def _inflows(result: Result, inside: np.ndarray, p_from: np.ndarray, p_to: np.ndarray, ci: np.ndarray) -> list[Inflow]:
    ends, zones = ends_of(result), [str(bus.get("zone") or "") for bus in result.topology["buses"]]
    names, found = branch_names(result), []
    for branch, (first, second) in enumerate(ends.tolist()):
        if min(first, second) < 0 or inside[first] == inside[second]:
            continue
        arriving, outside = (-p_from[branch], second) if inside[first] else (-p_to[branch], first)
        if arriving > _LEAST_MW:
            origin = zones[outside] or bus_names(result)[outside]
            known = float(ci[outside]) if np.isfinite(ci[outside]) else None
            found.append(Inflow(origin, names[branch], float(arriving), known))
    return sorted(found, key=lambda one: -one.p_mw)


def _entering(
    result: Result, inside: np.ndarray, drawn: np.ndarray, ci: np.ndarray
) -> list[tuple[str, float, float | None]]:
    names = bus_names(result)
    found = [(names[bus], -float(drawn[bus]), _known(ci[bus]))
             for bus in np.flatnonzero(inside & (drawn < -_LEAST_MW)).tolist()]  # fmt: skip
    return sorted(found, key=lambda one: -one[1])


def _devices(result: Result, inside: np.ndarray, steps: range) -> list[tuple[str, float, float | None]]:
    """What each kind of device draws, and what it feeds in, with the intensity of either."""
    kinds = kind_of_asset(result)
    names = [name for name, there in zip(bus_names(result), inside, strict=True) if there]
    rows = (
        result.table("assets").filter(pl.col("time") == _moment(time_axis(result).ms_at(steps.start)))
        .with_columns(pl.col("asset", "bus").cast(pl.String)).filter(pl.col("bus").is_in(names))
        .select("asset", "drawn_mw", "ci_kg_per_mwh", "fed_in_mw", "fed_in_ci_kg_per_mwh").collect()
    )  # fmt: skip
    power: dict[tuple[str, bool], float] = {}
    carbon: dict[tuple[str, bool], float] = {}
    for asset, drawn_mw, ci, fed_in_mw, fed_in_ci in rows.iter_rows():
        for fed_in, p_mw, intensity in ((False, drawn_mw, ci), (True, fed_in_mw, fed_in_ci)):
            if (p_mw or 0.0) > _LEAST_MW:
                key = (kinds.get(asset, "other"), fed_in)
                power[key] = power.get(key, 0.0) + p_mw
                carbon[key] = carbon.get(key, 0.0) + p_mw * (np.nan if intensity is None else intensity)
    found = [(KINDS[kind], -p_mw if fed_in else p_mw, _known(carbon[kind, fed_in] / p_mw))
             for (kind, fed_in), p_mw in power.items()]  # fmt: skip
    return sorted(found, key=lambda one: one[1])


def _city(result: Result, steps: range) -> Mapping[str, float | None]:
    columns = ("ci_kg_per_mwh", "import_ci_kg_per_mwh", "import_mw", "generation_mw")
    rows = result.table("city").filter(pl.col("time") == _moment(time_axis(result).ms_at(steps.start))).select(columns)
    return rows.collect().row(0, named=True)


def _sources(result: Result, steps: range) -> Sequence[tuple[str, float, float]]:
    rows = (
        result.table("sources").filter(pl.col("time") == _moment(time_axis(result).ms_at(steps.start)))
        .select(pl.col("source").cast(pl.String), "energy_mwh", "emissions_kg").sort("energy_mwh", descending=True)
    )  # fmt: skip
    return [(source, mwh or 0.0, kg or 0.0) for source, mwh, kg in rows.collect().iter_rows()]


def _moment(at_ms: int) -> Any:
    return pl.from_epoch(pl.Series([at_ms]), "ms").dt.replace_time_zone("UTC")[0]


def _known(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None
