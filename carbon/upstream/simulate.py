"""What imports are made of, hour by hour: the mix of a region, its carbon intensity and its price."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from carbon.factors import Boundary, FactorSet
from carbon.upstream.demand import demand_mw
from carbon.upstream.merit_order import Clearing, clear_market
from carbon.upstream.region import Region, Technology
from carbon.upstream.renewables import solar_availability, wind_availability
from grid.clock import Clock
from grid.errors import Fault, InputError, raise_if_any
from grid.series import Floats, read_only
from grid.weather import Weather

IMPORT_UNKNOWN = "import_unknown"
"""What fills the gap when demand exceeds supply; its factor is that of ``unknown``."""


@dataclass(frozen=True, eq=False)
class Upstream:
    """The electricity at the city's connection to the grid above; arrays are read-only.

    Args:
        clock: The time axis, T steps.
        price_per_mwh: Wholesale price, shape (T,).
        ci_kg_per_mwh: Average carbon intensity of the mix, shape (T,) [kg/MWh].
        ci_marginal_kg_per_mwh: Intensity of one more MWh, shape (T,) [kg/MWh]; never to be multiplied by a whole load.
        renewable_share: Share of the mix from renewable sources, shape (T,), 0 to 1.
        technologies: Names of the K columns of `p_mw`.
        p_mw: Output of each technology in the region, shape (T, K) [MW]; no columns if it is not known.
        boundary: What the intensities count.

    Raises:
        InputError: If shapes disagree, a value is not finite, an intensity is negative, or a share is outside 0..1.
    """

    clock: Clock
    price_per_mwh: Floats
    ci_kg_per_mwh: Floats
    ci_marginal_kg_per_mwh: Floats
    renewable_share: Floats
    technologies: tuple[str, ...]
    p_mw: Floats
    boundary: Boundary

    def __post_init__(self) -> None:
        steps = self.clock.n_steps
        faults = []
        for name in ("price_per_mwh", "ci_kg_per_mwh", "ci_marginal_kg_per_mwh", "renewable_share", "p_mw"):
            values = read_only(getattr(self, name))
            object.__setattr__(self, name, values)
            shape = (steps, len(self.technologies)) if name == "p_mw" else (steps,)
            if values.shape != shape:
                faults.append(Fault(f"upstream.{name}", f"must have shape {shape}", values.shape))
            elif not np.isfinite(values).all():
                faults.append(Fault(f"upstream.{name}", "must be finite in every step"))
            elif name != "price_per_mwh" and values.size and values.min() < 0:
                faults.append(Fault(f"upstream.{name}", "must not be negative", float(values.min())))
        if not faults and self.renewable_share.max() > 1 + 1e-9:
            faults.append(Fault("upstream.renewable_share", "must not exceed 1", float(self.renewable_share.max())))
        raise_if_any(faults)


def simulate_region(
    region: Region, weather: Weather, clock: Clock, time_zone: str, factors: FactorSet, boundary: Boundary = "direct"
) -> Upstream:
    """Simulates the electricity market of a region under the city's weather.

    Demand follows standard load profiles, wind and sun follow the weather, and the rest is supplied in order of
    marginal cost. When wind, sun and must-run plants exceed demand they are curtailed at the price of the cheapest;
    when demand exceeds supply, unknown imports fill the gap at the region's scarcity price. Storage and trade
    with neighbours are not modelled.

    Args:
        region: Power stations, load and prices.
        weather: Of the city, on the same clock, with the whole year of its source.
        clock: The time axis.
        time_zone: Of the city.
        factors: Emission factors of the region's technologies.
        boundary: Direct or life-cycle.

    Returns:
        Mix, intensities and price; the columns of `p_mw` are the region's technologies and `IMPORT_UNKNOWN`.

    Raises:
        InputError: If the clocks differ, the weather lacks its year, or a technology has no factor; all at once.
    """
    ci, renewable = _factors_of(region, factors, boundary, weather, clock)
    load_mw = demand_mw(region.demand, clock, time_zone)
    available_mw = np.column_stack(
        [
            technology.capacity_mw * _availability(technology, region, weather, time_zone)
            for technology in region.technologies
        ]
    )
    must_run_share = np.array([technology.must_run_share for technology in region.technologies])
    costs = np.array([tech.cost_range_per_mwh(region.carbon_price_per_t) for tech in region.technologies])
    must_run_mw = available_mw * must_run_share
    clearing = clear_market(load_mw, must_run_mw, available_mw - must_run_mw, costs[:, 0], costs[:, 1])
    p_mw = np.column_stack((clearing.p_mw, clearing.unserved_mw))
    return Upstream(
        clock=clock,
        price_per_mwh=_price(clearing, region.scarcity_price_per_mwh),
        ci_kg_per_mwh=p_mw @ ci / load_mw,
        ci_marginal_kg_per_mwh=np.where(clearing.unserved_mw > 0, ci[-1], clearing.p_marginal @ ci[:-1]),
        renewable_share=np.clip(p_mw @ renewable / load_mw, 0.0, 1.0),
        technologies=(*(technology.name for technology in region.technologies), IMPORT_UNKNOWN),
        p_mw=p_mw,
        boundary=boundary,
    )


def _factors_of(
    region: Region, factors: FactorSet, boundary: Boundary, weather: Weather, clock: Clock
) -> tuple[Floats, Floats]:
    """Factor [kg/MWh] and whether renewable (0 or 1) of each technology and of unknown imports, shape (K + 1,) each."""
    faults = []
    if weather.clock != clock:
        faults.append(Fault("weather.clock", "must be the clock of the simulation"))
    if weather.year is None:
        faults.append(Fault("weather.year", "must be given; a region takes its climate from the whole year"))
    names = [*(technology.factor for technology in region.technologies), "unknown"]
    ci = np.zeros(len(names))
    for position, name in enumerate(names):
        try:
            ci[position] = factors.value(name, boundary)
        except InputError as error:
            faults.extend(error.faults)
    raise_if_any(dict.fromkeys(faults), f"region {region.name!r}")
    return ci, np.array([float(factors.renewable(name)) for name in names])


def _availability(technology: Technology, region: Region, weather: Weather, time_zone: str) -> Floats:
    clock, year = weather.clock, weather.year
    if isinstance(technology.availability, float):
        return np.full(clock.n_steps, technology.availability)
    if year is None or technology.capacity_factor is None:
        raise InputError.of(technology.name, "needs a capacity factor and the whole year of the weather")
    if technology.availability == "wind":
        return wind_availability(
            year,
            clock,
            time_zone,
            capacity_factor=technology.capacity_factor,
            efficiency=region.wind_farm_efficiency,
            smoothing_hours=region.wind_smoothing_hours,
        )
    return solar_availability(weather, year, clock, time_zone, technology.capacity_factor)


def _price(clearing: Clearing, scarcity_price_per_mwh: float) -> Floats:
    return np.where(clearing.unserved_mw > 0, scarcity_price_per_mwh, np.nan_to_num(clearing.price_per_mwh))
