"""Scope 2 of the city's consumers: location-based and market-based side by side, matched hour by hour."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Literal

import numpy as np

from carbon.validation import array_faults
from grid.arrays import Floats, read_only
from grid.errors import Fault, nearest, raise_if_any

Instrument = Literal["contract", "supplier", "residual mix", "grid"]
"""The hierarchy of the market-based method [1]: what is claimed by contract or certificate, the supplier's own rate,
the residual mix of what nobody claims, and last the average of the grid."""
Matching = Literal["hourly", "annual"]


@dataclass(frozen=True, eq=False)
class Consumer:
    """A consumer over time, T steps.

    Args:
        name: Its name.
        region: Market in which it buys, for the deliverability of contracts.
        energy_mwh: What it takes from the grid, shape (T,) [MWh].
        ci_kg_per_mwh: Traced intensity of it, shape (T,) [kg/MWh].
        carbon_free_share: Traced carbon-free share of it, shape (T,) [1].
        returned_mwh: What it feeds back from stores of its own (cars with V2G), shape (T,) [MWh]; empty: nothing.
        returned_kg: Traced carbon that goes with it, shape (T,) [kg]; empty: nothing.
        on_site_mwh: What it takes from generation of its own behind its meter, beside `energy_mwh`, shape (T,) [MWh];
            empty: nothing.
    """

    name: str
    region: str
    energy_mwh: Floats
    ci_kg_per_mwh: Floats
    carbon_free_share: Floats
    returned_mwh: Floats = field(default_factory=lambda: np.empty(0))
    returned_kg: Floats = field(default_factory=lambda: np.empty(0))
    on_site_mwh: Floats = field(default_factory=lambda: np.empty(0))

    def __post_init__(self) -> None:
        for name in ("energy_mwh", "ci_kg_per_mwh", "carbon_free_share"):
            object.__setattr__(self, name, read_only(np.nan_to_num(getattr(self, name))))
        for name in ("returned_mwh", "returned_kg", "on_site_mwh"):
            values = getattr(self, name)
            filled = np.nan_to_num(values) if values.size else np.zeros_like(self.energy_mwh)
            object.__setattr__(self, name, read_only(filled))

    def faults(self) -> Iterator[Fault]:
        """All that is wrong with it."""
        shape = self.energy_mwh.shape
        for name, high in (("energy_mwh", None), ("ci_kg_per_mwh", None), ("carbon_free_share", 1 + 1e-9)):
            yield from array_faults(f"{self.name}.{name}", getattr(self, name), shape, low=0, high=high)
        for name in ("returned_mwh", "returned_kg", "on_site_mwh"):
            yield from array_faults(f"{self.name}.{name}", getattr(self, name), shape, low=0)


@dataclass(frozen=True, eq=False)
class Contract:
    """Energy claimed by contract or certificate.

    Args:
        name: Its name.
        consumer: Who claims it.
        energy_mwh: Energy in each step, shape (T,) [MWh].
        ci_kg_per_mwh: Emission rate that it conveys [kg/MWh].
        carbon_free: Whether its source is carbon-free (renewable or nuclear).
        matching: ``hourly``: it covers load of the step in which it was made; ``annual``: of the whole period.
        region: Market in which it was made.
        vintage: Year in which it was made.
        certificates: Serial numbers of the certificates behind it.
        source: Registry or contract.
        origin: What the energy is, whatever the contract is called, such as ``asset roofs``; empty where not known.
        origin_share: Share of it that is claimed.
    """

    name: str
    consumer: str
    energy_mwh: Floats
    ci_kg_per_mwh: float
    carbon_free: bool
    matching: Matching
    region: str
    vintage: int
    certificates: tuple[str, ...] = ()
    source: str = ""
    origin: str = ""
    origin_share: float = 1.0


@dataclass(frozen=True, eq=False)
class MarketRates:
    """What the part of a load costs in carbon that no contract covers.

    Args:
        region: Market of the city.
        year: Year of the report; contracts must be of this vintage.
        supplier_kg_per_mwh: Rate of a consumer's own supplier, by consumer [kg/MWh].
        residual_mix_kg_per_mwh: Rate of the residual mix, shape (T,) or (1,) [kg/MWh]; None where none is published.
    """

    region: str
    year: int
    supplier_kg_per_mwh: Mapping[str, float] = field(default_factory=lambda: MappingProxyType({}))
    residual_mix_kg_per_mwh: Floats | None = None


@dataclass(frozen=True, eq=False)
class Scope2:
    """Scope 2 of one consumer; shape (T,) each.

    Both methods count all that it takes. What it feeds back stands beside them: whoever receives it counts it, so that
    the consumers of a city sum to the city without it.

    Args:
        consumer: The consumer.
        location_kg: Location-based: what it takes at its traced intensity [kg].
        market_kg: Market-based [kg].
        covered_mwh: Load covered by each contract [MWh].
        refused: Why a contract does not count, by contract.
        rest: Which rate the load without a contract has.
    """

    consumer: Consumer
    location_kg: Floats
    market_kg: Floats
    covered_mwh: Mapping[str, Floats]
    refused: Mapping[str, str]
    rest: Instrument

    @property
    def contracted_mwh(self) -> Floats:
        """Load covered by contracts, shape (T,) [MWh]."""
        return sum(self.covered_mwh.values(), np.zeros_like(self.location_kg))


def scope2_by_consumer(
    consumers: Sequence[Consumer], contracts: Sequence[Contract], market: MarketRates
) -> dict[str, Scope2]:
    """Both methods for every consumer [1].

    A contract counts where it was made in the market and in the year of the report. Contracts cover load in their
    order. Hourly ones cover at most the load of their own step: a surplus is lost, as it would be to the grid. Annual
    ones cover what the hourly ones leave, in the same share of every step.

    Args:
        consumers: The consumers.
        contracts: What they claim.
        market: Rates of what is left, by the hierarchy supplier, residual mix, grid.

    Returns:
        By the name of the consumer.

    Raises:
        InputError: If shapes disagree, names repeat, a contract is for nobody, or a certificate is claimed twice.

    References:
        [1] World Resources Institute: "GHG Protocol Scope 2 Guidance", 2015, tables 6.2 and 6.3.
    """
    raise_if_any(_faults(consumers, contracts, market), "scope 2")
    return {
        consumer.name: _scope2(consumer, [c for c in contracts if c.consumer == consumer.name], market)
        for consumer in consumers
    }


def _scope2(consumer: Consumer, contracts: Sequence[Contract], market: MarketRates) -> Scope2:
    open_mwh = consumer.energy_mwh.copy()
    market_kg = np.zeros_like(open_mwh)
    covered, refused = {}, {}
    for contract in sorted(contracts, key=lambda contract: contract.matching != "hourly"):
        reason = _refusal(contract, market)
        if reason:
            refused[contract.name] = reason
            continue
        if contract.matching == "hourly":
            part = np.minimum(contract.energy_mwh, open_mwh)
        else:
            left = open_mwh.sum()
            part = open_mwh * (min(float(contract.energy_mwh.sum()) / left, 1.0) if left > 0 else 0.0)
        covered[contract.name] = part
        market_kg += part * contract.ci_kg_per_mwh
        open_mwh = open_mwh - part
    rate, rest = _rest(consumer, market)
    return Scope2(
        consumer, consumer.energy_mwh * consumer.ci_kg_per_mwh, market_kg + open_mwh * rate, covered, refused, rest
    )


def _refusal(contract: Contract, market: MarketRates) -> str:
    if contract.region != market.region:
        return f"made in {contract.region}, not deliverable in {market.region}"
    if contract.vintage != market.year:
        return f"of {contract.vintage}, not of {market.year}"
    return ""


def _rest(consumer: Consumer, market: MarketRates) -> tuple[Floats, Instrument]:
    if consumer.name in market.supplier_kg_per_mwh:
        return np.array([market.supplier_kg_per_mwh[consumer.name]]), "supplier"
    if market.residual_mix_kg_per_mwh is not None:
        return market.residual_mix_kg_per_mwh, "residual mix"
    return consumer.ci_kg_per_mwh, "grid"


def _faults(consumers: Sequence[Consumer], contracts: Sequence[Contract], market: MarketRates) -> Iterator[Fault]:
    names = [consumer.name for consumer in consumers]
    for kind, given in (("consumer", names), ("contract", [contract.name for contract in contracts])):
        yield from (
            Fault(name, f"two {kind}s have this name") for name in sorted({n for n in given if given.count(n) > 1})
        )
    steps = consumers[0].energy_mwh.shape if consumers else (0,)
    for consumer in consumers:
        yield from consumer.faults()
        if consumer.energy_mwh.shape != steps:
            yield Fault(consumer.name, f"must have {steps[0]} steps", consumer.energy_mwh.shape)
    owner: dict[str, str] = {}
    for contract in contracts:
        yield from array_faults(f"{contract.name}.energy_mwh", contract.energy_mwh, steps, low=0)
        if contract.consumer not in names:
            yield Fault(
                f"{contract.name}.consumer", "no such consumer", contract.consumer, nearest(contract.consumer, names)
            )
        if not 0 <= contract.ci_kg_per_mwh < np.inf:
            yield Fault(f"{contract.name}.ci_kg_per_mwh", "must be at least 0", contract.ci_kg_per_mwh)
        for certificate in contract.certificates:
            if certificate in owner:
                yield Fault(f"{contract.name}.certificates", f"is claimed by {owner[certificate]} too", certificate)
            owner.setdefault(certificate, contract.name)
    yield from _market_faults(market, names, steps)


def _market_faults(market: MarketRates, names: Sequence[str], steps: tuple[int, ...]) -> Iterator[Fault]:
    for name, rate in market.supplier_kg_per_mwh.items():
        if name not in names:
            yield Fault("supplier_kg_per_mwh", "no such consumer", name, nearest(name, names))
        if not 0 <= rate < np.inf:
            yield Fault(f"supplier_kg_per_mwh.{name}", "must be at least 0", rate)
    mix = market.residual_mix_kg_per_mwh
    if mix is not None and mix.shape not in {steps, (1,)}:
        yield Fault("residual_mix_kg_per_mwh", f"must have shape {steps} or (1,)", mix.shape)
    elif mix is not None:
        yield from array_faults("residual_mix_kg_per_mwh", mix, mix.shape, low=0)
