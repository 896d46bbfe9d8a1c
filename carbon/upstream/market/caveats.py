"""What a reader of figures that rest on a region should know of it, in words."""

from __future__ import annotations

from carbon.factors import load_factor_set
from carbon.upstream.market.region import Region

_SHOWN = 6


def caveats(region: Region) -> tuple[str, ...]:
    """Sentences on what a region was made to reproduce, and on which of its numbers were not checked.

    Args:
        region: The region.

    Returns:
        One sentence each on the published factor and the calibrated parameters, and on unverified numbers, if any.

    Raises:
        InputError: If the region names a published factor that does not exist.
    """
    sentences = []
    if region.published is not None:
        of = region.published
        factor = load_factor_set(of.factor_set).find("grid", region=of.region, year=of.year)
        sentences.append(
            f"The yearly mean of {region.name} is the published {factor.value_kg_per_mwh:g} kg/MWh of {factor.gas} "
            f"({factor.issuer}, {factor.status}), by calibration of {', '.join(region.calibrated)}."
        )
    unverified = region.unverified
    if unverified:
        more = len(unverified) - _SHOWN
        shown = ", ".join(unverified[:_SHOWN]) + (f" and {more} more" if more > 0 else "")
        sentences.append(
            f"{len(unverified)} of the {region.n_sourced} numbers of {region.name} are unverified: {shown}."
        )
    return tuple(sentences)
