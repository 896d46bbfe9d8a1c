"""Emission factors that a scenario takes other than as published: scaled, or elsewhere in their published range."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import lru_cache

from carbon.factors.factor_set import Boundary, EmissionFactor, FactorSet
from grid.errors import Fault, nearest, raise_if_any


def adjusted(
    factors: FactorSet, scale: Mapping[str, float], position: Mapping[str, float], boundary: Boundary
) -> FactorSet:
    """The set with the factors of some technologies changed; those of regions stay as they are.

    Args:
        factors: The set.
        scale: What factors are multiplied by, by technology, on both boundaries.
        position: Where in its published range a factor lies, by technology: -1 its lower end, 0 the published value, 1
            its upper end, linearly between [1]. A factor whose range is known on one boundary only stays as published
            on the other.
        boundary: The one that is counted, on which a range must be known.

    Raises:
        InputError: If the set has no factor of a technology, or knows no range of it.
    """
    if not scale and not position:
        return factors
    raise_if_any(_faults(factors, scale, position, boundary), f"factor set {factors.name!r}")
    return _adjusted(factors, tuple(sorted(scale.items())), tuple(sorted(position.items())))


@lru_cache(maxsize=64)
def _adjusted(
    factors: FactorSet, scale: tuple[tuple[str, float], ...], position: tuple[tuple[str, float], ...]
) -> FactorSet:
    scales, positions = dict(scale), dict(position)
    rows = tuple(
        row if row.region else _placed(_scaled(row, scales.get(row.technology)), positions.get(row.technology))
        for row in factors.factors
    )
    return FactorSet(factors.name, rows)


def _scaled(row: EmissionFactor, scale: float | None) -> EmissionFactor:
    if scale is None or scale == 1:
        return row
    value = row.value_kg_per_mwh
    words = f"{value:g} kg/MWh as published × {scale:g} by the scenario"
    return replace(row, value_kg_per_mwh=value * scale, published_kg_per_mwh=value, adjustment=words)


def _placed(row: EmissionFactor, position: float | None) -> EmissionFactor:
    low, value, high = row.low_kg_per_mwh, row.value_kg_per_mwh, row.high_kg_per_mwh
    if position is None or position == 0 or low is None or high is None:
        return row
    end = high if position > 0 else low
    words = (
        f"{value:g} kg/MWh as published, {abs(position):.0%} of the way to {end:g}, the "
        f"{'upper' if position > 0 else 'lower'} end of its range by {row.range_source} ({row.range_status})"
    )
    moved = value + abs(position) * (end - value)
    return replace(row, value_kg_per_mwh=moved, published_kg_per_mwh=value, adjustment=words)


def _faults(
    factors: FactorSet, scale: Mapping[str, float], position: Mapping[str, float], boundary: Boundary
) -> Iterator[Fault]:
    known = {row.technology for row in factors.factors if not row.region}
    ranged = {
        row.technology for row in factors.factors if not row.region and row.boundary == boundary and row.has_range
    }
    for key, given in (("factor_scale", scale), ("factor_position", position)):
        for technology in given:
            at = f"carbon.{key}.{technology}"
            if technology not in known:
                yield Fault(at, f"factor set {factors.name!r} has no factor of it", None, nearest(technology, known))
            elif key == "factor_position" and technology not in ranged:
                rule = f"factor set {factors.name!r} knows no range of its {boundary} factor"
                yield Fault(at, f"{rule}, but of {', '.join(sorted(ranged)) or 'none'}; scale it by factor_scale")
    for technology in scale:
        if technology in position:
            yield Fault(f"carbon.factor_position.{technology}", "is scaled by factor_scale too")
