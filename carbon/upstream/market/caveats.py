"""What a reader of figures that rest on a region should know of it, in words."""

from __future__ import annotations

from carbon.factors import load_factor_set
from carbon.upstream.market.region import Region
from grid.errors import listed

_SHOWN = 6


def caveats(region: Region, year: int | None = None) -> tuple[str, ...]:
    """Sentences on what a region was made to reproduce, and on which of its numbers were not checked.

    Args:
        region: The region.
        year: Year that is simulated.

    Returns:
        One sentence each on the published factor and the calibrated parameters, on parameters set by measured hours, on
        a mix of another year, and on unverified numbers, if any.

    Raises:
        InputError: If the region names a published factor that does not exist.
    """
    sentences = []
    if region.published is not None:
        of = region.published
        factor = load_factor_set(of.factor_set).find("grid", region=of.region, year=of.year)
        without = (
            ""
            if of.loss_share == 0
            else f" less the {of.loss_share:.1%} that grids lose, {of.sent_out_kg_per_mwh(factor.value_kg_per_mwh):.0f}"
            f" kg/MWh ({of.loss_source})"
        )
        sentences.append(
            f"The yearly mean of {region.name} is the published {factor.value_kg_per_mwh:g} kg/MWh of {factor.gas} "
            f"({factor.issuer}, {factor.status}){without}, by calibration of {', '.join(region.calibrated)}."
        )
    if region.fitted is not None:
        sentences.append(
            f"{', '.join(region.fitted.parameters)} were set by hours of {region.fitted.year} "
            f"(months {', '.join(map(str, region.fitted.months))}): {region.fitted.measured}."
        )
    if year is not None and region.mix_year is not None and year != region.mix_year:
        sentences.append(
            f"The period is in {year}; power stations, load, trade and prices of {region.name} are those of "
            f"{region.mix_year}."
        )
    unverified = region.unverified
    if unverified:
        sentences.append(
            f"{len(unverified)} of the {region.n_sourced} numbers of {region.name} are unverified: "
            f"{listed(unverified, _SHOWN)}."
        )
    return tuple(sentences)
