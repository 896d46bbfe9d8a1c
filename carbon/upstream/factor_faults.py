"""Technologies that a set of emission factors lacks."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from carbon.factors import Boundary, FactorSet
from carbon.upstream.market.region import Region
from grid.errors import Fault, InputError, nearest


def lacking_factors(technologies: Iterable[str], factors: FactorSet, boundary: Boundary) -> list[str]:
    """Those of the technologies for which a set has no factor on a boundary that holds everywhere, each once.

    Args:
        technologies: Names as in the factor sets.
        factors: The set.
        boundary: What its factors are to count; direct ones are needed for life-cycle too.
    """
    return [name for name in dict.fromkeys(technologies) if not _has(factors, name, {boundary, "direct"})]


def _has(factors: FactorSet, technology: str, boundaries: Iterable[Boundary]) -> bool:
    try:
        for boundary in boundaries:
            factors.value(technology, boundary)
    except InputError:
        return False
    return True


def region_technologies(region: Region) -> Iterator[str]:
    """What a region's fleets, marginal trade and unknown imports count as in the factor sets; storage carries on."""
    yield from (technology.factor for technology in region.technologies if technology.operation != "storage")
    if region.trade is not None:
        yield region.trade.marginal_factor
    yield "unknown"


def factor_faults(
    region: Region | None, local: Iterable[str], factors: FactorSet, boundary: Boundary, at: str
) -> Iterator[Fault]:
    """What a run needs of a factor set and does not find.

    Args:
        region: Whose fleets imports come from; None where they come from a file.
        local: Technologies of what feeds in within the city.
        factors: The set.
        boundary: What is counted.
        at: Place of the set in the input.
    """
    for of_whom, names in (
        ("" if region is None else f"the region {region.name}", () if region is None else region_technologies(region)),
        ("what feeds in within the city", local),
    ):
        lacking = lacking_factors(names, factors, boundary)
        if lacking:
            rule = f"lacks {', '.join(lacking)} ({boundary}), which {of_whom} needs: add rows for them"
            yield Fault(at, rule, factors.name, nearest(lacking[0], factors.technologies))
