"""The emission factors of a region's fleets: those of a set, or of a fleet's own heat rate."""

from __future__ import annotations

from typing import Final

from carbon.factors import Boundary, EmissionFactor, FactorSet, UsedFactor, lacking_factors
from carbon.factors.used import derived, published
from carbon.upstream.market.region import TRADED, Region, Trade
from carbon.upstream.market.technology import UNVERIFIED, Technology
from carbon.upstream.supply import IMPORT_UNKNOWN, IMPORTS
from grid.errors import Fault

UNKNOWN: Final = "unknown"
"""What imports of unknown origin count as in the factor sets."""


def lacking_of_region(region: Region, factors: FactorSet, boundary: Boundary, at: str) -> tuple[Fault, ...]:
    """A fault that names what a region needs of a set and does not find; none where it finds all.

    Args:
        region: The region.
        factors: The set.
        boundary: What is counted.
        at: Place of the set in the input.
    """
    needed = [technology.factor for technology in region.technologies if not _carries_on(technology)]
    if region.trade is not None:
        needed.append(region.trade.marginal_factor)
    return lacking_factors([*needed, UNKNOWN], f"the region {region.name}", factors, boundary, at)


def region_factors(region: Region, factors: FactorSet, boundary: Boundary) -> tuple[UsedFactor | None, ...]:
    """The factor of each technology of a region, of its trade if any and, last, of unknown imports; None for storage.

    A fleet with an efficiency of its own has the direct factor of its heat rate; for life-cycle it takes of the set
    what the chain adds to the direct factor.

    Raises:
        InputError: If the set lacks one of them, which `lacking_of_region` tells.
    """
    fleets = [None if _carries_on(one) else _of(one, region, factors, boundary) for one in region.technologies]
    trade = () if region.trade is None else (_of_trade(region.trade, region, boundary),)
    return (*fleets, *trade, published(IMPORT_UNKNOWN, IMPORTS, factors.find(UNKNOWN, boundary)))


def _carries_on(technology: Technology) -> bool:
    """Whether a fleet stores, and so carries on what it took instead of emitting."""
    return technology.operation == "storage"


def marginal_trade_factor(region: Region, factors: FactorSet, boundary: Boundary) -> UsedFactor | None:
    """What one more MWh of trade emits; None if the region trades with nobody.

    Raises:
        InputError: If the set has no such factor.
    """
    if region.trade is None:
        return None
    return published(f"{TRADED}, marginal", IMPORTS, factors.find(region.trade.marginal_factor, boundary))


def _of_trade(trade: Trade, region: Region, boundary: Boundary) -> UsedFactor:
    """The mean factor of what neighbours deliver."""
    direct = boundary == "direct"
    name = "direct_kg_per_mwh" if direct else "lifecycle_kg_per_mwh"
    return derived(
        TRADED, UNKNOWN, IMPORTS, trade.direct_kg_per_mwh if direct else trade.lifecycle_kg_per_mwh,
        f"trade.{name} of the region, a mean of what neighbours deliver",
        boundary=boundary,
        gas="CO2" if direct else "CO2e",
        issuer=f"region {region.name}",
        source=f"{name}: {trade.sources[name]}",
        status="unverified",
        year=region.mix_year,
    )  # fmt: skip


def _of(technology: Technology, region: Region, factors: FactorSet, boundary: Boundary) -> UsedFactor:
    """The factor of a fleet that generates."""
    row, own, fuel = factors.find(technology.factor, boundary), technology.direct_kg_per_mwh, technology.fuel
    if own is None or fuel is None:
        return published(technology.name, IMPORTS, row)
    numbers = {
        "co2_kg_per_mwh_th": fuel.sources["co2_kg_per_mwh_th"],
        "fleet_efficiency": technology.sources["fleet_efficiency"],
    }
    value, efficiency = own, technology.fleet_efficiency
    derivation = f"{fuel.co2_kg_per_mwh_th:g} kg of CO2 per MWh of fuel / {efficiency:g} net efficiency"
    checked = f"{technology.name}.fleet_efficiency" not in region.calibrated
    checked &= not any(UNVERIFIED in source for source in numbers.values())
    if boundary == "lifecycle":
        direct = factors.find(technology.factor)
        chain = _as_published(row) - _as_published(direct)
        value += chain
        derivation += f" + {chain:g} kg/MWh of the chain (life-cycle less direct factor of {factors.name})"
        numbers["chain"] = row.source
        checked &= row.status == "verified"
    if row.adjustment:
        derivation, value, checked = f"({derivation}) × {row.ratio:.6g}: {row.adjustment}", value * row.ratio, False
    return derived(
        technology.name, technology.factor, IMPORTS, value, derivation,
        boundary=boundary,
        gas="CO2" if boundary == "direct" else row.gas,
        issuer=f"region {region.name}",
        source="; ".join(f"{name}: {source}" for name, source in numbers.items()),
        status="verified" if checked else "unverified",
        year=None if region.published is None else region.published.year,
    )  # fmt: skip


def _as_published(row: EmissionFactor) -> float:
    return row.value_kg_per_mwh if row.published_kg_per_mwh is None else row.published_kg_per_mwh
