"""What the mix of a region is made of: emission factor and kind of each technology, imports and unknown imports."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from carbon.factors import Boundary, FactorSet, UsedFactor
from carbon.upstream.market.factors import lacking_of_region, marginal_trade_factor, region_factors
from carbon.upstream.market.region import TRADED, Region
from carbon.upstream.supply import IMPORT_UNKNOWN
from grid.arrays import Bools, Floats
from grid.errors import Fault, raise_if_any
from grid.time.clock import Clock
from grid.weather.weather import Weather


@dataclass(frozen=True, eq=False)
class MixSources:
    """Columns of a region's mix: K fleets, imports if it trades, unknown imports; N in all.

    Args:
        names: Of the columns.
        factors: Of the columns; None for storage, which carries what it took.
        marginal_trade: What one more MWh of imports emits; None if the region does not trade.
        properties: Factor [kg/MWh], renewable and carbon-free share, shape (3, N); 0 for storage.
        is_store: Whether the column is storage, shape (N,).
        ci_marginal: What one more MWh of the column emits, shape (N,) [kg/MWh]; differs from the factor for imports.
    """

    names: tuple[str, ...]
    factors: tuple[UsedFactor | None, ...]
    marginal_trade: UsedFactor | None
    properties: Floats
    is_store: Bools
    ci_marginal: Floats

    def used(self, runs: Bools, unknown: bool) -> tuple[UsedFactor, ...]:
        """The factors that intensities follow from.

        Args:
            runs: Whether the column delivers in any step, shape (N,).
            unknown: Whether unknown imports are marginal in any step.
        """
        needed = [*runs[:-1], runs[-1] or unknown]
        found = [one for one, counts in zip(self.factors, needed, strict=True) if one is not None and counts]
        return (*found, *([] if self.marginal_trade is None else [self.marginal_trade]))


def factors_of(region: Region, factors: FactorSet, boundary: Boundary, weather: Weather, clock: Clock) -> MixSources:
    """Factors of all columns, by `carbon.upstream.market.factors`.

    Raises:
        InputError: If the clocks differ, the weather lacks its year, or a technology has no factor; all at once.
    """
    lacking = lacking_of_region(region, factors, boundary, "factors")
    raise_if_any([*_weather_faults(weather, clock), *lacking], f"region {region.name!r}")
    used = region_factors(region, factors, boundary)
    marginal_trade = marginal_trade_factor(region, factors, boundary)
    trade, n_fleets = region.trade, len(region.technologies)
    columns = [
        (0.0, 0.0, 0.0)
        if one is None
        else (
            one.value_kg_per_mwh,
            float(factors.renewable(one.technology)),
            float(factors.carbon_free(one.technology)),
        )
        for one in used
    ]
    marginal = [column[0] for column in columns]
    if trade is not None and marginal_trade is not None:
        columns[n_fleets] = (columns[n_fleets][0], trade.renewable_share, trade.carbon_free_share)
        marginal[n_fleets] = marginal_trade.value_kg_per_mwh
    traded = () if trade is None else (TRADED,)
    return MixSources(
        names=(*(technology.name for technology in region.technologies), *traded, IMPORT_UNKNOWN),
        factors=used,
        marginal_trade=marginal_trade,
        properties=np.array(columns).T,
        is_store=np.array([one is None for one in used]),
        ci_marginal=np.array(marginal),
    )


def _weather_faults(weather: Weather, clock: Clock) -> list[Fault]:
    """What a region needs of the weather and does not have."""
    faults = []
    if weather.clock != clock:
        faults.append(Fault("weather.clock", "must be the clock of the simulation"))
    if weather.year is None:
        faults.append(Fault("weather.year", "must be given; a region takes its climate from the whole year"))
    return faults
