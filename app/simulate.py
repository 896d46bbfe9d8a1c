"""From a scenario to what happens: dispatch, AC power flow, carbon tracing, accounts."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Literal

import numpy as np

from app.accounts import Accounts, account
from app.marginal import Marginal, marginal_of
from app.reading import Loaded, in_folder
from app.scenario import ForecastSpec, branch_limits
from carbon.data_centre import Facility, FacilityModel, OutdoorAir, it_demand_mw
from carbon.data_centre.flexibility import DataCentreLoad
from carbon.factors import FactorSet, load_factor_set
from carbon.upstream import Upstream, load_region, simulate_region, upstream_from_csv
from grid.assets import EVRecorded, Site
from grid.clock import Clock
from grid.flexibility import Flexibility
from grid.powerflow import PowerFlow, power_flow
from grid.series import Floats
from grid.weather import Weather, hours_of_year, weather_for
from grid.weather_generation import Followed, follow_weather
from optimizer.forecast import AutoregressiveError, Forecast, Persistence
from optimizer.problem import DispatchProblem, Schedule, with_strategy
from optimizer.rolling import dispatch

MIDDLE_OF_GERMANY = (51.16, 10.45)
"""Latitude and longitude of a city that states none: where the reference region is."""
KG_PER_T = 1000.0
BALANCE_TOLERANCE = 1e-6
"""A run whose ledgers miss more than this share of consumption or of emissions is not stored as done."""

Progress = Callable[[str, float], None]
"""Told the phase and the share of it that is done."""
Status = Literal["done", "infeasible", "out_of_balance"]


@dataclass(frozen=True, eq=False)
class Prepared:
    """A scenario with everything that does not depend on decisions.

    Args:
        loaded: The scenario and its city.
        weather: Weather on the clock.
        factors: Emission factors.
        upstream: What imports are made of.
        ci_year_kg_per_mwh: Mean intensity of imports over a year, with which stocks begin [kg/MWh].
        renewable_share_year: Renewable share of imports over a year.
        flexibilities: Assets, and data centres as flexible loads.
        data_centres: The data centres.
        notes: What a reader of the result should know.
    """

    loaded: Loaded
    weather: Weather
    factors: FactorSet
    upstream: Upstream
    ci_year_kg_per_mwh: float
    renewable_share_year: float
    flexibilities: tuple[Flexibility, ...]
    data_centres: tuple[DataCentreLoad, ...]
    notes: tuple[str, ...]

    @property
    def clock(self) -> Clock:
        """The time axis."""
        return self.loaded.city.clock

    @property
    def loading_max_percent(self) -> Floats:
        """Limit of every branch, shape (L,) [%]."""
        branches = self.loaded.city.network.branches
        return branch_limits(self.loaded.scenario.limits, branches.kinds, branches.loading_max_percent)

    @property
    def voltage_limits_pu(self) -> tuple[Floats, Floats]:
        """Least and greatest voltage of every bus, shape (B,) each [pu]: the scenario's, else the net's own."""
        limits, buses = self.loaded.scenario.limits, self.loaded.city.network.buses
        low = buses.vm_min_pu if limits.vm_min_pu is None else np.full(buses.vm_min_pu.shape, limits.vm_min_pu)
        high = buses.vm_max_pu if limits.vm_max_pu is None else np.full(buses.vm_max_pu.shape, limits.vm_max_pu)
        return low, high

    @property
    def import_price_per_mwh(self) -> Floats:
        """What imports cost, shape (T,) [currency/MWh]."""
        return self.upstream.price_per_mwh + self.loaded.scenario.tariff.import_markup_per_mwh

    @property
    def export_price_per_mwh(self) -> Floats:
        """What exports earn, shape (T,) [currency/MWh]."""
        return self.upstream.price_per_mwh - self.loaded.scenario.tariff.export_discount_per_mwh


@dataclass(frozen=True, eq=False)
class Outcome:
    """What happens in a scenario.

    Args:
        prepared: The scenario.
        schedule: What the flexible assets were told.
        p_mw: What they did, by name, shape (K,) each [MW].
        facilities: Data centres as dispatched, by name.
        flow: The AC power flow.
        accounts: Energy and carbon.
        seconds: Time spent in each phase [s].
    """

    prepared: Prepared
    schedule: Schedule
    p_mw: dict[str, Floats]
    facilities: dict[str, Facility]
    flow: PowerFlow
    accounts: Accounts
    seconds: dict[str, float] = field(default_factory=dict)

    @cached_property
    def marginal(self) -> Marginal:
        """Marginal intensities and prices of the region and of every bus."""
        return marginal_of(self.prepared.upstream, self.flow, self.schedule)

    @property
    def balanced(self) -> bool:
        """Whether both ledgers close, in every step and over the run."""
        return self.accounts.closes(BALANCE_TOLERANCE)


def simulate(loaded: Loaded, progress: Progress | None = None) -> Outcome:
    """Runs a scenario.

    Args:
        loaded: The scenario and its city.
        progress: Told the phase and how much of it is done.
    """
    tell = progress or (lambda _phase, _share: None)
    seconds: dict[str, float] = {}
    with _phase("prepare", seconds, tell):
        prepared = prepare(loaded)
    city, clock = prepared.loaded.city, prepared.clock
    p_fixed, q_fixed = city.withdrawal()
    with _phase("dispatch", seconds, tell):
        problem = dispatch_problem(prepared, p_fixed, q_fixed)
        schedule = dispatch(problem, lambda done, total: tell("dispatch", done / total))
        p_mw, facilities = _as_done(prepared, schedule)
    with _phase("power flow", seconds, tell):
        drawn, reactive = p_fixed.copy(), q_fixed.copy()
        for flexibility in prepared.flexibilities:
            drawn += flexibility.at_buses(p_mw[flexibility.name])
            if flexibility.name in schedule.q_mvar:
                reactive += flexibility.at_buses(schedule.q_mvar[flexibility.name])
        flow = power_flow(city.network, clock, drawn, reactive, threads=os.cpu_count() or 1)
    with _phase("carbon tracing", seconds, tell):
        accounts = account(
            city, flow, prepared.flexibilities, p_mw, prepared.upstream, prepared.factors,
            ci_year_kg_per_mwh=prepared.ci_year_kg_per_mwh, renewable_share_year=prepared.renewable_share_year,
            conventions=prepared.loaded.scenario.carbon.conventions,
            data_centres={load.name: (load.name, load.deferrable_name) for load in prepared.data_centres},
        )  # fmt: skip
    return Outcome(prepared, schedule, p_mw, facilities, flow, accounts, seconds)


@contextmanager
def _phase(name: str, seconds: dict[str, float], tell: Progress) -> Iterator[None]:
    tell(name, 0.0)
    begun = time.perf_counter()
    yield
    seconds[name] = round(time.perf_counter() - begun, 3)
    tell(name, 1.0)


def prepare(loaded: Loaded) -> Prepared:
    """Weather, upstream region, assets and data centres of a scenario, before any decision."""
    scenario, clock = loaded.scenario, loaded.city.clock
    zone = scenario.city.time_zone
    latitude, longitude, located = _location(loaded)
    weather = weather_for(in_folder(scenario.weather, loaded.folder), clock, zone, latitude, longitude)
    followed: tuple[Followed, ...] = ()
    if scenario.city.own_generation == "weather":
        following, followed = follow_weather(loaded.city, weather)
        loaded = replace(loaded, city=following)
    city = loaded.city
    factors = load_factor_set(in_folder(scenario.carbon.factor_set, loaded.folder))
    upstream, ci_year, renewable_year = _upstream(loaded, weather, factors)
    site = Site(city, weather, zone, v2g=scenario.dispatch.v2g, seed=scenario.seed)
    air = outdoor_air(weather, zone)
    data_centres = tuple(
        DataCentreLoad(
            FacilityModel(spec, air, clock.step_hours),
            clock,
            city.network.buses.find(spec.bus),
            city.n_buses,
            it_demand_mw(spec, clock, zone, air, loaded.folder),
        )
        for spec in scenario.data_centres
    )
    flexibilities = [flexibility for asset in loaded.assets for flexibility in asset.flexibilities(site)]
    for data_centre in data_centres:
        flexibilities += data_centre.flexibilities()
    notes = [] if located else ["The grid has no geographic coordinates: the sun is that of the middle of Germany."]
    if weather.filled_hours:
        notes.append(f"{weather.filled_hours} hours of the weather had gaps and were filled linearly.")
    if weather.year is not None and weather.year.assumed:
        notes.append(f"The weather file has no {', '.join(weather.year.assumed)}; standard values stand for them.")
    if upstream.missing_hours:
        notes.append(f"{upstream.missing_hours} hours of the upstream file were missing and were filled.")
    notes += [*loaded.caveats, *(str(change) for change in followed)]
    notes += [f"{asset.name}: {asset.records()[1].text}" for asset in loaded.assets if isinstance(asset, EVRecorded)]
    notes += [f"Solved by pandapower's Newton-Raphson because of {reason}." for reason in city.network.uncovered]
    dead = sum(node < 0 for node in city.network.buses.node)
    if dead:
        notes.append(f"{dead} buses are de-energised; their loads are not supplied.")
    return Prepared(
        loaded, weather, factors, upstream, ci_year, renewable_year, tuple(flexibilities), data_centres, tuple(notes)
    )


def outdoor_air(weather: Weather, time_zone: str) -> OutdoorAir:
    """The outdoor air of data centres, with the hour of the year that the temperature of open water follows."""
    return OutdoorAir(
        weather.t_dry_bulb_degc,
        weather.relative_humidity_percent,
        weather.pressure_pa,
        hour_of_year=hours_of_year(weather.clock, time_zone).mean(axis=1),
    )


def _location(loaded: Loaded) -> tuple[float, float, bool]:
    """Latitude and longitude of the city, and whether they were stated by scenario or grid."""
    spec, buses = loaded.scenario.city, loaded.city.network.buses
    if spec.latitude is not None and spec.longitude is not None:
        return spec.latitude, spec.longitude, True
    known = np.isfinite(buses.x) & np.isfinite(buses.y)
    if known.any():
        longitude, latitude = float(buses.x[known].mean()), float(buses.y[known].mean())
        if abs(longitude) <= 180 and 20 <= abs(latitude) <= 75:  # schematic plans have small or large numbers
            return latitude, longitude, True
    return *MIDDLE_OF_GERMANY, False


def _upstream(loaded: Loaded, weather: Weather, factors: FactorSet) -> tuple[Upstream, float, float]:
    """Imports on the clock, and their mean intensity and renewable share over a year."""
    scenario, clock, boundary = loaded.scenario, loaded.city.clock, loaded.scenario.carbon.boundary
    zone = scenario.city.time_zone
    if scenario.upstream.csv is not None:
        upstream = upstream_from_csv(loaded.folder / scenario.upstream.csv, clock, boundary, factors=factors)
        return upstream, float(upstream.ci_kg_per_mwh.mean()), float(upstream.renewable_share.mean())
    region = load_region(in_folder(scenario.upstream.region or "reference", loaded.folder))
    upstream = simulate_region(region, weather, clock, zone, factors, boundary)
    year = _year_of(clock)
    source = Path(weather.source) if Path(weather.source).is_file() else weather.source
    yearly = weather_for(source, year, zone, weather.latitude, weather.longitude)
    whole = simulate_region(region, yearly, year, zone, factors, boundary)
    supply = whole.demand_mw
    return (
        upstream,
        float(np.average(whole.ci_kg_per_mwh, weights=supply)),
        float(np.average(whole.renewable_share, weights=supply)),
    )


def _year_of(clock: Clock) -> Clock:
    """The hours of the year in which the clock begins."""
    from datetime import timedelta  # noqa: PLC0415

    start = clock.start.replace(month=1, day=1, hour=0, minute=0)
    return Clock(start, timedelta(hours=1), (start.replace(year=start.year + 1) - start) // timedelta(hours=1))


def dispatch_problem(prepared: Prepared, p_fixed_mw: Floats, q_fixed_mvar: Floats) -> DispatchProblem:
    """The scenario as the optimizer sees it."""
    scenario, clock = prepared.loaded.scenario, prepared.clock
    import_max = scenario.limits.import_max_mw
    per_hour = 1 / clock.step_hours
    return DispatchProblem(
        clock=clock,
        network=prepared.loaded.city.network,
        p_fixed_mw=p_fixed_mw,
        q_fixed_mvar=q_fixed_mvar,
        flexibilities=with_strategy(prepared.flexibilities, scenario.dispatch.strategy),
        import_price_per_mwh=prepared.import_price_per_mwh,
        export_price_per_mwh=prepared.export_price_per_mwh,
        import_ci_kg_per_mwh=prepared.upstream.ci_kg_per_mwh,
        import_marginal_ci_kg_per_mwh=prepared.upstream.ci_marginal_kg_per_mwh,
        carbon_price_per_kg=scenario.dispatch.carbon_price_per_t / KG_PER_T,
        import_max_mw=np.inf if import_max is None else import_max,
        demand_charge_per_mw_month=scenario.tariff.demand_charge_per_mw_month,
        loading_max_percent=prepared.loading_max_percent,
        vm_min_pu=prepared.voltage_limits_pu[0],
        vm_max_pu=prepared.voltage_limits_pu[1],
        horizon_steps=max(1, round(scenario.dispatch.horizon_hours * per_hour)),
        look_ahead_steps=round(scenario.dispatch.look_ahead_hours * per_hour),
        forecast=_forecast(scenario.dispatch.forecast, scenario.seed),
    )


def _forecast(spec: Literal["perfect", "persistence"] | ForecastSpec, seed: int) -> Forecast | None:
    """What a window of the dispatch knows of the steps ahead."""
    if spec == "perfect":
        return None
    return Persistence() if spec == "persistence" else AutoregressiveError(**spec.model_dump(), seed=seed)


def _as_done(prepared: Prepared, schedule: Schedule) -> tuple[dict[str, Floats], dict[str, Facility]]:
    """What the assets do: the schedule, with data centres at the facility power of their dispatched IT load.

    The dispatch knows a data centre by its marginal facility power; the losses of its power chain are not quite
    linear, and what the grid sees is the real facility.
    """
    p_mw, facilities = dict(schedule.p_mw), {}
    for load in prepared.data_centres:
        deferrable = p_mw.get(load.deferrable_name)
        facility = load.facility(deferrable)
        facilities[load.name] = facility
        p_mw[load.name] = facility.p_total_mw - (0.0 if deferrable is None else load.by_step(deferrable))
    return p_mw, facilities
