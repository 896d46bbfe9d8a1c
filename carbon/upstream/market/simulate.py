"""What imports are made of, hour by hour: the mix of a region, its carbon intensity and its price."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta

import numpy as np
import numpy.typing as npt

from carbon.factors import Boundary, FactorSet
from carbon.upstream.market.demand import demand_mw
from carbon.upstream.market.merit_order import Clearing, supply_curve
from carbon.upstream.market.offers import Offers, by_owner, months_of, offers_of, with_minimum_load
from carbon.upstream.market.region import Region, Trade
from carbon.upstream.market.renewables import (
    RegionYear,
    region_year,
    solar_availability,
    wind_availability,
)
from carbon.upstream.market.sources import MixSources, factors_of
from carbon.upstream.market.storage import DAY, WEEK, arbitrage_mw, carried_over, peak_shaving_mw, windows_of
from carbon.upstream.market.technology import Technology
from carbon.upstream.supply import Upstream
from grid.arrays import Floats, Ints
from grid.errors import InputError
from grid.sharing import shared
from grid.time.clock import Clock
from grid.weather.files import HOURS_OF_YEAR, WeatherYear
from grid.weather.weather import Weather, standard_offset

HOUR = timedelta(hours=1)


@shared()
def simulate_region(
    region: Region,
    weather: Weather,
    clock: Clock,
    time_zone: str,
    factors: FactorSet,
    boundary: Boundary = "direct",
    sites: Sequence[WeatherYear] = (),
) -> Upstream:
    """Simulates the electricity market of a region under its weather.

    Demand follows standard load profiles, wind and sun follow the weather, reservoirs shave the peaks of the residual
    load, storage follows the spread of prices (`carbon.upstream.market.storage`), neighbours take and give by price,
    and the rest is supplied in order of marginal cost, where running plants offer their minimum load below it
    (`carbon.upstream.market.offers`). When wind, sun and must-run plants exceed demand and what lines take they are
    curtailed at the price of the cheapest; when demand exceeds supply, unknown imports fill the gap at the region's
    scarcity price. Reservoirs and storage keep their schedule in the marginal intensities.

    Args:
        region: Power stations, load, trade and prices.
        weather: Of the city, on the same clock, with the whole year of its source.
        clock: The time axis.
        time_zone: Of the city; it stands for the region's where that has no place of its own.
        factors: Emission factors of the region's technologies.
        boundary: Direct or life-cycle.
        sites: The region's own weather at one site or several, each in its own standard time; by default the year of
            `weather`, whose hour is then taken for the hour of the region.

    Returns:
        Mix, intensities and price; the columns of `p_mw` are the region's technologies, less what is exported in the
        proportion of what is generated, then `TRADED` if the region trades, and `IMPORT_UNKNOWN`.

    Raises:
        InputError: If the clocks differ, the weather lacks its year, or a technology has no factor; all at once.
    """
    sources = factors_of(region, factors, boundary, weather, clock)
    zone = time_zone if region.place is None else region.place.time_zone
    market = _cleared(region, weather, tuple(sites), clock, zone)
    clearing = market.clearing
    p_mw, exported_mw = market.supplied_mw.copy(), market.exported_mw
    unserved = clearing.unserved_mw > 0
    generates = ~sources.is_store & (np.arange(p_mw.shape[1]) < len(region.technologies))
    home_mw = p_mw[:, generates].sum(axis=1)
    p_mw[:, generates] *= (1.0 - exported_mw / np.where(home_mw > 0, home_mw, 1.0))[:, None]
    mix = _mix(p_mw, market.charge_mw, sources, clock)
    none_above = clearing.p_marginal_above.sum(axis=1) == 0
    ci_unknown = sources.properties[0, -1]
    below = np.where(unserved, ci_unknown, clearing.p_marginal @ sources.ci_marginal[market.owners])
    above = clearing.p_marginal_above @ sources.ci_marginal[market.owners]
    above = np.where(none_above, ci_unknown, above)
    return Upstream(
        clock=clock,
        price_per_mwh=np.where(unserved, region.scarcity_price_per_mwh, np.nan_to_num(clearing.price_per_mwh)),
        ci_kg_per_mwh=mix[0],
        ci_marginal_kg_per_mwh=below,
        renewable_share=np.clip(mix[1], 0.0, 1.0),
        technologies=sources.names,
        p_mw=p_mw,
        boundary=boundary,
        carbon_free_share=np.clip(mix[2], 0.0, 1.0),
        ci_marginal_below_kg_per_mwh=below,
        ci_marginal_above_kg_per_mwh=above,
        storage_charge_mw=market.charge_mw,
        factors=sources.used(np.asarray(p_mw.any(axis=0)), unknown=bool((unserved | none_above).any())),
    )


def _weather_of(region: Region, weather: Weather, sites: Sequence[WeatherYear], offset_hours: float) -> RegionYear:
    """The weather of the region: of its sites, or the city's."""
    place = region.place
    where = (weather.latitude, weather.longitude) if place is None else (place.latitude, place.longitude)
    if sites:
        return region_year(sites, where, offset_hours)
    if weather.year is None:
        raise InputError.single("weather.year", "must be given; a region takes its climate from the whole year")
    return region_year((weather.year,), where, None)


@dataclass(frozen=True, eq=False)
class _Market:
    """The cleared market: columns of `clearing` belong to `owners`, a fleet or, after the last of K fleets, trade.

    Args:
        clearing: Of all offers, T steps and J columns.
        owners: Shape (J,), 0 to K.
        supplied_mw: Output of fleets, imports if there is trade, and unknown imports, shape (T, N) [MW].
        exported_mw: What is exported, shape (T,) [MW].
        charge_mw: What storage takes, shape (T,) [MW].
    """

    clearing: Clearing
    owners: Ints
    supplied_mw: Floats
    exported_mw: Floats
    charge_mw: Floats


def _supplied_mw(
    clearing: Clearing, owners: Ints, fixed_mw: Floats, abroad_mw: Floats, trade: Trade | None
) -> tuple[Floats, Floats]:
    """Output of fleets, imports if there is trade, and unknown imports, and what is exported, see `_Market` [MW].

    Args:
        clearing: Of all offers.
        owners: Of its columns.
        fixed_mw: Output of reservoirs and storage, shape (T, K) [MW].
        abroad_mw: What neighbours take at the lowest prices, shape (T,) [MW].
        trade: With neighbours, if there is any.
    """
    n_fleets = fixed_mw.shape[1]
    p_mw = by_owner(clearing.p_mw, owners, n_fleets + (trade is not None))
    p_mw[:, :n_fleets] += fixed_mw
    exported_mw = np.zeros(len(p_mw))
    if trade is not None:
        balance_mw = p_mw[:, n_fleets] - abroad_mw
        exported_mw = np.maximum(-balance_mw, 0.0)
        p_mw[:, n_fleets] = np.maximum(balance_mw, 0.0)
    return np.column_stack((p_mw, clearing.unserved_mw)), exported_mw


@shared()
def _cleared(region: Region, weather: Weather, sites: tuple[WeatherYear, ...], clock: Clock, time_zone: str) -> _Market:
    """The market of a region, whatever its technologies emit; arguments as `simulate_region`."""
    year = _weather_of(region, weather, sites, standard_offset(time_zone, clock.start.year) / HOUR)
    fleets = region.technologies
    load_mw = demand_mw(region.demand, clock, time_zone)
    available_mw = np.column_stack([t.capacity_mw * _availability(t, region, year, clock, time_zone) for t in fleets])
    must_run_mw = available_mw * np.array([technology.must_run_share for technology in fleets])
    in_market = np.array([technology.operation == "market" for technology in fleets])
    must_run_mw, flexible_mw = must_run_mw * in_market, (available_mw - must_run_mw) * in_market
    offers = offers_of(region, must_run_mw, flexible_mw, months_of(clock))
    abroad_mw = _taken_abroad_mw(region, load_mw, available_mw)
    fixed_mw, charge_mw = _reservoirs(region, load_mw, abroad_mw, offers, clock)
    total_mw = fixed_mw.sum(axis=1)
    needed_mw = load_mw + charge_mw + abroad_mw
    spilled = np.minimum(1.0, needed_mw / np.where(total_mw > 0, total_mw, 1.0))  # rivers beyond all demand
    fixed_mw = fixed_mw * np.where(total_mw > 0, spilled, 1.0)[:, None]
    served_mw = np.maximum(needed_mw - fixed_mw.sum(axis=1), 0.0)
    clearing = offers.clear(served_mw)
    kept = with_minimum_load(offers, region, clearing, clock.step_hours)
    if kept is not offers:
        clearing = kept.clear(served_mw)
    supplied_mw, exported_mw = _supplied_mw(clearing, kept.owners, fixed_mw, abroad_mw, region.trade)
    return _Market(clearing, kept.owners, supplied_mw, exported_mw, charge_mw)


def _taken_abroad_mw(region: Region, load_mw: Floats, available_mw: Floats) -> Floats:
    """What neighbours take at the lowest prices, shape (T,) [MW]: more in their hours of load, less in those of sun."""
    trade = region.trade
    if trade is None:
        return np.zeros(len(load_mw))
    above_mean_mw = load_mw - region.demand.annual_mwh / HOURS_OF_YEAR
    for fleet, fleet_mw in zip(region.technologies, available_mw.T, strict=True):
        if fleet.availability == "solar":
            above_mean_mw = above_mean_mw - (fleet_mw - fleet.capacity_mw * float(fleet.capacity_factor or 0.0))
    return np.asarray(np.maximum(trade.export_max_mw + trade.neighbours_alike * above_mean_mw, 0.0))


def _reservoirs(
    region: Region, load_mw: Floats, abroad_mw: Floats, offers: Offers, clock: Clock
) -> tuple[Floats, Floats]:
    """Output of reservoirs and storage, shape (T, K), and what storage takes, shape (T,) [MW]."""
    n_fleets = len(region.technologies)
    fixed_mw, charge_mw = np.zeros((clock.n_steps, n_fleets)), np.zeros(clock.n_steps)
    weather_driven = np.array([isinstance(technology.availability, str) for technology in region.technologies])
    residual_mw = load_mw - offers.must_run_mw.sum(axis=1)
    residual_mw = residual_mw - offers.flexible_mw[:, :n_fleets][:, weather_driven].sum(axis=1)
    weeks, days = windows_of(clock, WEEK), windows_of(clock, DAY)
    for position, technology in enumerate(region.technologies):
        if technology.operation == "peak_shaving" and technology.capacity_factor is not None:
            fixed_mw[:, position] = peak_shaving_mw(
                residual_mw,
                weeks,
                least_mw=technology.capacity_mw * technology.must_run_share,
                greatest_mw=technology.capacity_mw,
                mean_mw=technology.capacity_mw
                * technology.capacity_factor
                * _means_of(_course(technology, clock), weeks),
            )
            residual_mw = residual_mw - fixed_mw[:, position]
    dispatchable = np.ones(offers.flexible_mw.shape[1], dtype=bool)
    dispatchable[:n_fleets] = ~weather_driven
    for position, technology in enumerate(region.technologies):
        if technology.operation != "storage":
            continue
        charge_mw, fixed_mw[:, position] = arbitrage_mw(
            residual_mw + abroad_mw,
            days,
            _prices_of_days(offers, dispatchable, days),
            capacity_mw=technology.capacity_mw,
            energy_mwh=float(technology.storage_energy_mwh or 0.0),
            round_trip_efficiency=float(technology.round_trip_efficiency or 1.0),
            step_hours=clock.step_hours,
        )
    return fixed_mw, charge_mw


def _means_of(values: Floats, windows: Ints) -> Floats:
    """Mean of each window, shape (W,)."""
    return np.bincount(windows, values) / np.bincount(windows)


def _prices_of_days(offers: Offers, dispatchable: npt.NDArray[np.bool_], days: Ints) -> Callable[[Floats], Floats]:
    """Price at a residual load of each day, shape (D,), by the supply curve of its month."""
    first = np.unique(days, return_index=True)[1]
    month_of_day = np.zeros(days[-1] + 1, dtype=np.int64)
    month_of_day[days[first]] = offers.months[first]
    supply = offers.flexible_mw[:, dispatchable].mean(axis=0)
    curves = {
        month: supply_curve(supply, *offers.cost_per_mwh[month, dispatchable].T) for month in np.unique(month_of_day)
    }

    def prices(level_mw: Floats) -> Floats:
        found = np.empty_like(level_mw)
        for month, (price, supply_mw) in curves.items():
            here = month_of_day == month
            found[here] = np.interp(level_mw[here], supply_mw, price)
        return found

    return prices


def _mix(p_mw: Floats, charge_mw: Floats, sources: MixSources, clock: Clock) -> Floats:
    """Intensity, renewable and carbon-free share of the mix, shape (3, T); storage passes on what it took."""
    is_store = sources.is_store
    produced_mw, discharge_mw = p_mw[:, ~is_store].sum(axis=1), p_mw[:, is_store].sum(axis=1)
    total_mw = produced_mw + discharge_mw
    days = windows_of(clock, DAY)
    mix = np.empty((len(sources.properties), clock.n_steps))
    for position, values in enumerate(sources.properties):
        produced = p_mw[:, ~is_store] @ values[~is_store]
        carried = carried_over(produced / total_mw, charge_mw, discharge_mw, days)
        shares = np.minimum(carried, 1.0) if position > 0 else carried  # losses consume shares, not carbon
        mix[position] = (produced + discharge_mw * shares) / total_mw
    return mix


def _course(technology: Technology, clock: Clock) -> Floats:
    """Availability of the month of each step over that of the year, shape (T,)."""
    if technology.course is None:
        return np.ones(clock.n_steps)
    return np.array(technology.course)[months_of(clock)]


def _availability(technology: Technology, region: Region, year: RegionYear, clock: Clock, time_zone: str) -> Floats:
    if isinstance(technology.availability, float):
        return np.minimum(technology.availability * _course(technology, clock), 1.0)
    if technology.capacity_factor is None:
        raise InputError.single(technology.name, "needs a capacity factor")
    if technology.availability == "wind":
        return wind_availability(
            year,
            clock,
            time_zone,
            capacity_factor=technology.capacity_factor,
            efficiency=region.wind_farm_efficiency,
            smoothing_hours=region.wind_smoothing_hours,
        )
    return solar_availability(year, clock, time_zone, technology.capacity_factor)
