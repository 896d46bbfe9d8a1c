"""What the mix of a region is made of: emission factor and kind of each technology, imports and unknown imports."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from carbon.factors import Boundary, FactorSet
from carbon.upstream.market.region import IMPORTS, Region
from carbon.upstream.supply import IMPORT_UNKNOWN
from grid.arrays import Floats
from grid.errors import Fault, InputError, raise_if_any
from grid.time.clock import Clock
from grid.weather.weather import Weather


@dataclass(frozen=True, eq=False)
class Sources:
    """Columns of a region's mix: K fleets, imports if it trades, unknown imports; N in all.

    Args:
        names: Of the columns.
        properties: Factor [kg/MWh], renewable and carbon-free share, shape (3, N); 0 for storage, which carries what
            it took.
        is_store: Whether the column is storage, shape (N,).
        ci_marginal: What one more MWh of the column emits, shape (N,) [kg/MWh]; differs from the factor for imports.
    """

    names: tuple[str, ...]
    properties: Floats
    is_store: npt.NDArray[np.bool_]
    ci_marginal: Floats


def factors_of(region: Region, factors: FactorSet, boundary: Boundary, weather: Weather, clock: Clock) -> Sources:
    """Factors of all columns.

    A fleet with an efficiency of its own has the direct factor of its heat rate; of the set it takes whether it is
    renewable and, for life-cycle, what the chain adds to the direct factor.

    Raises:
        InputError: If the clocks differ, the weather lacks its year, or a technology has no factor; all at once.
    """
    faults = []
    if weather.clock != clock:
        faults.append(Fault("weather.clock", "must be the clock of the simulation"))
    if weather.year is None:
        faults.append(Fault("weather.year", "must be given; a region takes its climate from the whole year"))
    columns = []
    for technology in region.technologies:
        if technology.operation == "storage":
            columns.append((0.0, 0.0, 0.0))
            continue
        try:
            columns.append(_of_factor(factors, technology.factor, boundary, technology.direct_kg_per_mwh))
        except InputError as error:
            faults.extend(error.faults)
    marginal: list[float] = [column[0] for column in columns]
    trade = region.trade
    if trade is not None:
        listed = trade.direct_kg_per_mwh if boundary == "direct" else trade.lifecycle_kg_per_mwh
        columns.append((listed, trade.renewable_share, trade.carbon_free_share))
        try:
            marginal.append(factors.value(trade.marginal_factor, boundary))
        except InputError as error:
            faults.extend(error.faults)
    raise_if_any(dict.fromkeys(faults), f"region {region.name!r}")
    columns.append(_of_factor(factors, "unknown", boundary, None))
    traded = () if trade is None else (IMPORTS,)
    return Sources(
        names=(*(technology.name for technology in region.technologies), *traded, IMPORT_UNKNOWN),
        properties=np.array(columns).T,
        is_store=np.array(
            [*(tech.operation == "storage" for tech in region.technologies), *(False for _ in traded), False]
        ),
        ci_marginal=np.array([*marginal, columns[-1][0]]),
    )


def _of_factor(factors: FactorSet, name: str, boundary: Boundary, direct: float | None) -> tuple[float, float, float]:
    """Factor [kg/MWh], whether renewable and whether carbon-free (0 or 1)."""
    listed = factors.value(name, boundary)
    chain = listed - factors.value(name) if boundary == "lifecycle" else 0.0
    ci = listed if direct is None else direct + chain
    return ci, float(factors.renewable(name)), float(factors.carbon_free(name))
