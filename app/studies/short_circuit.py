"""Short-circuit currents before and after the plants of a scenario (IEC 60909)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import polars as pl

from app.scenario.loaded import LoadedScenario
from grid.network.fault_levels import FaultSource, FaultStrength
from grid.powerflow.fault_levels import fault_levels

ROTATING = ("chp", "diesel")
"""Kinds of assets with synchronous generators."""
BY_CONVERTER = ("pv", "wind", "battery")
"""Kinds of assets behind converters; heat pumps, cars and electrolysers feed no fault."""
SAME_VOLTAGE = 0.1
"""Share by which rated voltages that a breaking limit is meant for may differ."""


@dataclass(frozen=True, eq=False)
class ShortCircuits:
    """Short-circuit currents of a grid, without and with the plants of a scenario.

    Args:
        table: A row a bus, the nearest to its limit first: `bus`, `vn_kv`, `ikss_max_before_ka`, `ikss_max_ka`,
            `ikss_min_before_ka`, `ikss_min_ka`, `rise_ka`, `breaking_limit_ka` (null where none was given), `exceeded`.
        assumptions: What was assumed, in words.
    """

    table: pl.DataFrame
    assumptions: tuple[str, ...]


def short_circuits(
    loaded: LoadedScenario, strength: FaultStrength, breaking_ka: Mapping[float, float], inverter_k: float = 1.2
) -> ShortCircuits:
    """Currents of three-phase faults at every bus.

    Args:
        loaded: The scenario.
        strength: Short-circuit power of the grid above, where the net does not state it.
        breaking_ka: Breaking limits of switchgear by rated voltage [kA by kV].
        inverter_k: Short-circuit over rated current of converters [1].

    Raises:
        InputError: If the net lacks what is needed, by name.
    """
    city = loaded.city
    network, sources = city.network, tuple(_sources(loaded))
    before_max, before_min, assumed = fault_levels(network, strength, inverter_k=inverter_k)
    most, least, _ = fault_levels(network, strength, sources, inverter_k=inverter_k) if sources else (
        before_max, before_min, ()
    )  # fmt: skip
    limit = np.array([_limit(kv, breaking_ka) for kv in network.buses.vn_kv])
    frame = pl.DataFrame(
        {
            "bus": network.buses.names,
            "vn_kv": network.buses.vn_kv,
            "ikss_max_before_ka": before_max,
            "ikss_max_ka": most,
            "ikss_min_before_ka": before_min,
            "ikss_min_ka": least,
            "rise_ka": most - before_max,
            "breaking_limit_ka": limit,
            "exceeded": most > limit,
        }
    )
    numbers = pl.col(pl.Float64).fill_nan(None)
    nearest = (pl.col("ikss_max_ka") / pl.col("breaking_limit_ka"), pl.col("rise_ka"))
    ranked = frame.with_columns(numbers).sort(*nearest, descending=True, nulls_last=True)
    return ShortCircuits(ranked, (*assumed, *_of_plants(sources, inverter_k)))


def _limit(vn_kv: float, breaking_ka: Mapping[float, float]) -> float:
    """The breaking limit that is meant for a rated voltage; NaN where there is none."""
    near = [ka for kv, ka in breaking_ka.items() if abs(kv - vn_kv) <= SAME_VOLTAGE * vn_kv]
    return min(near, default=np.nan)


def _sources(loaded: LoadedScenario) -> Iterator[FaultSource]:
    """The plants of a scenario that feed a fault, bus by bus."""
    for asset in loaded.assets:
        if asset.kind in (*ROTATING, *BY_CONVERTER):
            placement = asset.placement(loaded.city)
            for bus, share in zip(placement.buses, placement.shares, strict=True):
                yield FaultSource(asset.name, int(bus), asset.power_mw * float(share), asset.kind in ROTATING)


def _of_plants(sources: tuple[FaultSource, ...], inverter_k: float) -> Iterator[str]:
    if any(not source.rotating for source in sources):
        yield f"plants behind converters feed {inverter_k:g} times their rated current (unverified)"
    if any(source.rotating for source in sources):
        yield "synchronous generators: subtransient reactance 0.16 pu, power factor 0.8 (unverified)"
    if sources:
        yield "rated apparent power of plants is their rated active power"
