"""What imports are made of, hour by hour: the mix of a region, its carbon intensity and its price."""

from __future__ import annotations

import numpy as np

from carbon.factors import Boundary, FactorSet, UsedFactor
from carbon.upstream.market.demand import demand_mw
from carbon.upstream.market.factors import region_factors
from carbon.upstream.market.merit_order import Clearing, clear_market, supply_curve
from carbon.upstream.market.region import Region, Technology
from carbon.upstream.market.renewables import solar_availability, wind_availability
from carbon.upstream.market.storage import DAY, WEEK, arbitrage_mw, carried_over, peak_shaving_mw, windows_of
from carbon.upstream.supply import IMPORT_UNKNOWN, Upstream
from grid.arrays import Floats
from grid.errors import Fault, InputError, raise_if_any
from grid.time.clock import Clock
from grid.weather.weather import Weather


def simulate_region(
    region: Region, weather: Weather, clock: Clock, time_zone: str, factors: FactorSet, boundary: Boundary = "direct"
) -> Upstream:
    """Simulates the electricity market of a region under the city's weather.

    Demand follows standard load profiles, wind and sun follow the weather, reservoirs shave the peaks of the residual
    load, storage follows the spread of prices (`carbon.upstream.market.storage`), and the rest is supplied in order of
    marginal cost. When wind, sun and must-run plants exceed demand they are curtailed at the price of the cheapest;
    when demand exceeds supply, unknown imports fill the gap at the region's scarcity price. Trade with neighbours is
    modelled only where the region has it as a technology. Reservoirs and storage keep their schedule in the marginal
    intensities.

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
    used, faults = region_factors(region, factors, boundary)
    raise_if_any(dict.fromkeys([*_weather_faults(weather, clock), *faults]), f"region {region.name!r}")
    properties = _properties(used, factors)
    load_mw = demand_mw(region.demand, clock, time_zone)
    clearing, fixed_mw, charge_mw = _cleared(region, load_mw, weather, clock, time_zone)
    p_mw = np.column_stack((clearing.p_mw + fixed_mw, clearing.unserved_mw))
    mix = _mix(p_mw, charge_mw, properties, region, clock)
    ci = properties[0]
    unserved = clearing.unserved_mw > 0
    below = np.where(unserved, ci[-1], clearing.p_marginal @ ci[:-1])
    none_above = clearing.p_marginal_above.sum(axis=1) == 0
    needed = np.append((clearing.p_mw + fixed_mw).any(axis=0), (unserved | none_above).any())
    return Upstream(
        clock=clock,
        price_per_mwh=_price(clearing, region.scarcity_price_per_mwh),
        ci_kg_per_mwh=mix[0],
        ci_marginal_kg_per_mwh=below,
        renewable_share=np.clip(mix[1], 0.0, 1.0),
        technologies=(*(technology.name for technology in region.technologies), IMPORT_UNKNOWN),
        p_mw=p_mw,
        boundary=boundary,
        carbon_free_share=np.clip(mix[2], 0.0, 1.0),
        ci_marginal_below_kg_per_mwh=below,
        ci_marginal_above_kg_per_mwh=np.where(none_above, ci[-1], clearing.p_marginal_above @ ci[:-1]),
        storage_charge_mw=charge_mw,
        factors=tuple(one for one, counts in zip(used, needed, strict=True) if one is not None and counts),
    )


def _cleared(
    region: Region, load_mw: Floats, weather: Weather, clock: Clock, time_zone: str
) -> tuple[Clearing, Floats, Floats]:
    """The market, the output of reservoirs and storage (T, K), and what storage takes (T,) [MW]."""
    fleets = region.technologies
    available_mw = np.column_stack([t.capacity_mw * _availability(t, region, weather, time_zone) for t in fleets])
    must_run_mw = available_mw * np.array([technology.must_run_share for technology in fleets])
    costs = np.array([technology.cost_range_per_mwh(region.carbon_price_per_t) for technology in fleets])
    in_market = np.array([technology.operation == "market" for technology in fleets])
    must_run_mw, flexible_mw = must_run_mw * in_market, (available_mw - must_run_mw) * in_market
    fixed_mw, charge_mw = _reservoirs(region, load_mw, must_run_mw, flexible_mw, costs, clock)
    total_mw = fixed_mw.sum(axis=1)
    needed_mw = load_mw + charge_mw
    spilled = np.minimum(1.0, needed_mw / np.where(total_mw > 0, total_mw, 1.0))  # rivers beyond all demand
    fixed_mw = fixed_mw * np.where(total_mw > 0, spilled, 1.0)[:, None]
    served_mw = np.maximum(needed_mw - fixed_mw.sum(axis=1), 0.0)
    return clear_market(served_mw, must_run_mw, flexible_mw, costs[:, 0], costs[:, 1]), fixed_mw, charge_mw


def _reservoirs(
    region: Region, load_mw: Floats, must_run_mw: Floats, flexible_mw: Floats, costs: Floats, clock: Clock
) -> tuple[Floats, Floats]:
    """Output of reservoirs and storage, shape (T, K), and what storage takes, shape (T,) [MW]."""
    fixed_mw, charge_mw = np.zeros_like(must_run_mw), np.zeros(clock.n_steps)
    weather_driven = np.array([isinstance(technology.availability, str) for technology in region.technologies])
    residual_mw = load_mw - must_run_mw.sum(axis=1) - flexible_mw[:, weather_driven].sum(axis=1)
    weeks, days = windows_of(clock, WEEK), windows_of(clock, DAY)
    for position, technology in enumerate(region.technologies):
        if technology.operation == "peak_shaving" and technology.capacity_factor is not None:
            fixed_mw[:, position] = peak_shaving_mw(
                residual_mw,
                weeks,
                least_mw=technology.capacity_mw * technology.must_run_share,
                greatest_mw=technology.capacity_mw,
                mean_mw=technology.capacity_mw * technology.capacity_factor,
            )
            residual_mw = residual_mw - fixed_mw[:, position]
    dispatchable = ~weather_driven
    prices, supply_mw = supply_curve(flexible_mw[:, dispatchable].mean(axis=0), *costs[dispatchable].T)
    for position, technology in enumerate(region.technologies):
        if technology.storage_energy_mwh is not None and technology.round_trip_efficiency is not None:
            charge_mw, fixed_mw[:, position] = arbitrage_mw(
                residual_mw,
                days,
                lambda level_mw: np.interp(level_mw, supply_mw, prices),
                capacity_mw=technology.capacity_mw,
                energy_mwh=technology.storage_energy_mwh,
                round_trip_efficiency=technology.round_trip_efficiency,
                step_hours=clock.step_hours,
            )
    return fixed_mw, charge_mw


def _mix(p_mw: Floats, charge_mw: Floats, properties: Floats, region: Region, clock: Clock) -> Floats:
    """Intensity, renewable and carbon-free share of the mix, shape (3, T); storage passes on what it took."""
    is_store = np.array([*(technology.operation == "storage" for technology in region.technologies), False])
    produced_mw, discharge_mw = p_mw[:, ~is_store].sum(axis=1), p_mw[:, is_store].sum(axis=1)
    total_mw = produced_mw + discharge_mw
    days = windows_of(clock, DAY)
    mix = np.empty((len(properties), clock.n_steps))
    for position, values in enumerate(properties):
        produced = p_mw[:, ~is_store] @ values[~is_store]
        carried = carried_over(produced / total_mw, charge_mw, discharge_mw, days)
        shares = np.minimum(carried, 1.0) if position > 0 else carried  # losses consume shares, not carbon
        mix[position] = (produced + discharge_mw * shares) / total_mw
    return mix


def _weather_faults(weather: Weather, clock: Clock) -> list[Fault]:
    """What a region needs of the weather and does not have."""
    faults = []
    if weather.clock != clock:
        faults.append(Fault("weather.clock", "must be the clock of the simulation"))
    if weather.year is None:
        faults.append(Fault("weather.year", "must be given; a region takes its climate from the whole year"))
    return faults


def _properties(used: tuple[UsedFactor | None, ...], factors: FactorSet) -> Floats:
    """Factor [kg/MWh], whether renewable and whether carbon-free (0 or 1) of each technology and of unknown imports.

    Returns:
        Shape (3, K + 1); 0 for storage, which carries what it took.
    """
    return np.array(
        [
            (0.0, 0.0, 0.0)
            if one is None
            else (one.value_kg_per_mwh, factors.renewable(one.technology), factors.carbon_free(one.technology))
            for one in used
        ]
    ).T


def _availability(technology: Technology, region: Region, weather: Weather, time_zone: str) -> Floats:
    clock, year = weather.clock, weather.year
    if isinstance(technology.availability, float):
        return np.full(clock.n_steps, technology.availability)
    if year is None or technology.capacity_factor is None:
        raise InputError.single(technology.name, "needs a capacity factor and the whole year of the weather")
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
