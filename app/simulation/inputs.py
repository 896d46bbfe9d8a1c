"""A scenario with everything that does not depend on decisions: weather, upstream, assets, data centres, limits."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from app.scenario.loaded import LoadedScenario, factors_of, in_folder
from app.scenario.place import CityPlace, city_place
from app.scenario.plausibility import forecast_doubts, idle_limits, profile_doubts, upstream_doubts
from app.scenario.tariffs import city_prices
from app.simulation.forecast import forecast_notes
from app.simulation.limits import GridLimits, resolve_limits
from app.tariffs import CityPrices
from carbon.data_centre import DataCentre, FacilityModel, OutdoorAir, it_demand_mw
from carbon.data_centre.flexibility import DataCentreLoad
from carbon.factors import FactorSet
from carbon.upstream import Upstream, load_region, region_sites, simulate_region, upstream_from_csv
from grid.arrays import Floats
from grid.assets import site_of
from grid.assets.own_generation import Followed, follow_weather
from grid.city.city import City
from grid.flexibility.flexibility import Flexibility
from grid.sharing import shared
from grid.time.clock import Clock
from grid.weather.weather import Weather, hours_of_year, weather_for


@dataclass(frozen=True, eq=False)
class SimulationInputs:
    """A scenario with everything that does not depend on decisions.

    Args:
        loaded: The scenario and its city.
        weather: Weather on the clock.
        factors: Emission factors.
        upstream: Carbon intensity and wholesale price of imports in every step.
        ci_year_kg_per_mwh: Mean intensity of imports over a year, with which stocks begin [kg/MWh].
        renewable_share_year: Renewable share of imports over a year.
        flexibilities: Assets, and data centres as flexible loads.
        data_centres: The data centres.
        notes: What a reader of the result should know.
    """

    loaded: LoadedScenario
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

    @cached_property
    def limits(self) -> GridLimits:
        """Limits of the grid."""
        return resolve_limits(self.loaded.scenario.limits, self.loaded.city.network)

    @cached_property
    def prices(self) -> CityPrices:
        """Prices of imports, exports and peaks."""
        return city_prices(self.loaded.scenario, self.loaded.folder, self.clock, self.upstream.price_per_mwh)

    @property
    def import_price_per_mwh(self) -> Floats:
        """What imports cost, shape (T,) [currency/MWh]."""
        return self.prices.import_per_mwh

    @property
    def export_price_per_mwh(self) -> Floats:
        """What exports earn, shape (T,) [currency/MWh]."""
        return self.prices.export_per_mwh


def prepare(loaded: LoadedScenario) -> SimulationInputs:
    """Weather, upstream region, assets and data centres of a scenario, before any decision."""
    scenario, clock = loaded.scenario, loaded.city.clock
    zone = scenario.city.time_zone
    place = city_place(scenario.city, loaded.city.network.buses)
    source = in_folder(scenario.weather, loaded.folder)
    weather = weather_for(source, clock, zone, place.latitude, place.longitude)
    followed: tuple[Followed, ...] = ()
    if scenario.city.own_generation == "weather":
        following, followed = follow_weather(loaded.city, weather)
        loaded = replace(loaded, city=following)
    city = loaded.city
    factors = factors_of(scenario.carbon, loaded.folder)
    upstream, ci_year, renewable_year = _upstream(loaded, weather, factors)
    site = site_of(city, weather, zone, v2g=scenario.dispatch.v2g, seed=scenario.seed, power_limits=loaded.power_limits)
    air = outdoor_air(weather, zone)
    data_centres = tuple(_data_centre_load(spec, air, city, zone, loaded.folder) for spec in scenario.data_centres)
    flexibilities = [flexibility for asset in loaded.assets for flexibility in asset.flexibilities(site)]
    for data_centre in data_centres:
        flexibilities += data_centre.flexibilities()
    prices = city_prices(scenario, loaded.folder, clock, upstream.price_per_mwh)
    import_price = float(prices.import_per_mwh.mean())
    notes = (
        *_notes_of_inputs(loaded, place, weather, upstream, followed),
        *_notes_of_run(loaded, flexibilities),
        *forecast_notes(loaded),
        *(note for flexibility in flexibilities for note in _owed(flexibility, import_price, scenario.currency)),
    )
    return SimulationInputs(
        loaded, weather, factors, upstream, ci_year, renewable_year, tuple(flexibilities), data_centres, notes
    )


def _utilisation_file(given: Mapping[str, Any]) -> list[Path]:
    """The file that the work of a data centre is read of, if any; arguments of `_data_centre_load`."""
    load = given["spec"].it_load
    return [] if load is None or load.csv is None else [given["folder"] / load.csv]


@shared(files=_utilisation_file)
def _data_centre_load(spec: DataCentre, air: OutdoorAir, city: City, time_zone: str, folder: Path) -> DataCentreLoad:
    """A data centre in the city, ready for the dispatch."""
    clock = city.clock
    return DataCentreLoad(
        FacilityModel(spec, air, clock.step_hours),
        clock,
        city.network.buses.find(spec.bus),
        city.n_buses,
        it_demand_mw(spec, clock, time_zone, air, folder),
    )


def _notes_of_inputs(
    loaded: LoadedScenario, place: CityPlace, weather: Weather, upstream: Upstream, followed: tuple[Followed, ...]
) -> list[str]:
    """What a reader should know of the net, the weather and the upstream region that a run rests on."""
    network = loaded.city.network
    notes = [
        *loaded.phases.misstated,
        *loaded.phases.notes,
        *network.not_followed,
        *([place.note] if place.note else []),
    ]
    if loaded.city.grid_report is not None:
        notes += loaded.city.grid_report.notes
    profiles = loaded.city.profiles_report
    if profiles is not None:
        notes += [f"Profiles: {each}." for each in (*profiles.mended, *profiles.dropped)]
    if weather.filled_hours:
        notes.append(f"{weather.filled_hours} hours of the weather had gaps and were filled linearly.")
    if weather.report is not None:
        notes += [f"Weather: {each}." for each in weather.report.mended]
    if upstream.missing_hours:
        notes.append(f"{upstream.missing_hours} hours of the upstream file were missing and were filled.")
    if upstream.report is not None:
        told = (*upstream.report.mended, *upstream.report.dropped, *upstream_doubts(upstream, place.longitude))
        notes += [f"Upstream: {each}." for each in told]
    notes += [*loaded.caveats, *(str(change) for change in followed)]
    return notes


def _notes_of_run(loaded: LoadedScenario, flexibilities: list[Flexibility]) -> list[str]:
    """What a reader should know of recorded sessions, of limits on power, and of how the power flow is solved."""
    network = loaded.city.network
    notes = [f"{asset.name}: {note}" for asset in loaded.assets for note in asset.notes()]
    notes += [f"{each}." for each in (*idle_limits(loaded), *forecast_doubts(loaded), *profile_doubts(loaded))]
    notes += [_limited(flexibility) for flexibility in flexibilities if flexibility.limited_sessions]
    if loaded.phases.sequences is None:
        notes += [f"Solved by pandapower's Newton-Raphson because of {reason}." for reason in network.uncovered]
    return [*notes, network.buses.without_supply] if network.buses.without_supply else notes


def _limited(flexibility: Flexibility) -> str:
    """What a reader should know of sessions that power limits leave short."""
    name, count, lacking_mwh = flexibility.name, flexibility.limited_sessions, flexibility.limited_mwh
    return f"{name}: {count} of {flexibility.n_devices} sessions end {lacking_mwh:.3g} MWh short, by power limits."


def _owed(flexibility: Flexibility, import_price_per_mwh: float, currency: str) -> Iterator[str]:
    """What a reader should know of sessions that go on after the end."""
    store = flexibility.reservoir
    if store is None or store.owed_mwh is None or not store.owed_mwh.any():
        return
    owed_mwh = float((store.owed_mwh / flexibility.at_slots(store.eta_charge, flexibility.offsets[:-1])).sum())
    yield (
        f"{flexibility.name}: {np.count_nonzero(store.owed_mwh)} of {flexibility.n_devices} sessions go on after the "
        f"end, where {owed_mwh:.3g} MWh are due to them (worth {owed_mwh * import_price_per_mwh:,.0f} {currency} at "
        "the mean import price, in no cost); what cars have at the beginning and end is the same under every strategy."
    )


@shared()
def outdoor_air(weather: Weather, time_zone: str) -> OutdoorAir:
    """The outdoor air of data centres, with the hour of the year that the temperature of open water follows."""
    return OutdoorAir(
        weather.t_dry_bulb_degc,
        weather.relative_humidity_percent,
        weather.pressure_pa,
        hour_of_year=hours_of_year(weather.clock, time_zone).mean(axis=1),
    )


def _upstream(loaded: LoadedScenario, weather: Weather, factors: FactorSet) -> tuple[Upstream, float, float]:
    """Imports on the clock, and their mean intensity and renewable share over a year."""
    scenario, clock, boundary = loaded.scenario, loaded.city.clock, loaded.scenario.carbon.boundary
    zone = scenario.city.time_zone
    if scenario.upstream.csv is not None:
        upstream = upstream_from_csv(
            loaded.folder / scenario.upstream.csv,
            clock,
            boundary,
            factors=factors,
            area=scenario.upstream.area,
            currency=scenario.currency,
        )
        return upstream, float(upstream.ci_kg_per_mwh.mean()), float(upstream.renewable_share.mean())
    region = load_region(in_folder(scenario.upstream.region or "reference", loaded.folder))
    sites = region_sites(scenario.upstream.weather, loaded.folder, region, clock.start.year)
    upstream = simulate_region(region, weather, clock, zone, factors, boundary, sites)
    year = clock.year()
    source = Path(weather.source) if Path(weather.source).is_file() else weather.source
    yearly = weather_for(source, year, zone, weather.latitude, weather.longitude)
    whole = simulate_region(region, yearly, year, zone, factors, boundary, sites)
    supply = whole.demand_mw
    return (
        upstream,
        float(np.average(whole.ci_kg_per_mwh, weights=supply)),
        float(np.average(whole.renewable_share, weights=supply)),
    )
