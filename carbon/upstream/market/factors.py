"""The emission factors of a region's fleets: those of a set, or of a fleet's own heat rate."""

from __future__ import annotations

from carbon.factors import Boundary, FactorSet, UsedFactor
from carbon.factors.used import derived, published
from carbon.upstream.market.region import TRADED, Region, Trade
from carbon.upstream.market.technology import UNVERIFIED, Technology
from carbon.upstream.supply import IMPORT_UNKNOWN, IMPORTS
from grid.errors import Fault, InputError


def region_factors(
    region: Region, factors: FactorSet, boundary: Boundary
) -> tuple[tuple[UsedFactor | None, ...], list[Fault]]:
    """The factor of each technology of a region, of its trade if any and, last, of unknown imports; None for storage.

    A fleet with an efficiency of its own has the direct factor of its heat rate; for life-cycle it takes of the set
    what the chain adds to the direct factor.

    Returns:
        The factors, and a fault for each technology that the set lacks.
    """
    faults, found = list[Fault](), list[UsedFactor | None]()
    for technology in region.technologies:
        try:
            found.append(None if technology.operation == "storage" else _of(technology, region, factors, boundary))
        except InputError as error:
            faults.extend(error.faults)
    if region.trade is not None:
        found.append(_of_trade(region.trade, region, boundary))
    try:
        found.append(published(IMPORT_UNKNOWN, IMPORTS, factors.find("unknown", boundary)))
    except InputError as error:
        faults.extend(error.faults)
    return tuple(found), faults


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
        TRADED, "unknown", IMPORTS, trade.direct_kg_per_mwh if direct else trade.lifecycle_kg_per_mwh,
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
        chain = row.value_kg_per_mwh - factors.value(technology.factor)
        value += chain
        derivation += f" + {chain:g} kg/MWh of the chain (life-cycle less direct factor of {factors.name})"
        numbers["chain"] = row.source
        checked &= row.status == "verified"
    return derived(
        technology.name, technology.factor, IMPORTS, value, derivation,
        boundary=boundary,
        gas="CO2" if boundary == "direct" else row.gas,
        issuer=f"region {region.name}",
        source="; ".join(f"{name}: {source}" for name, source in numbers.items()),
        status="verified" if checked else "unverified",
        year=None if region.published is None else region.published.year,
    )  # fmt: skip
