"""The net's own sun and wind by the scenario's weather, and SimBench's photovoltaics with batteries."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pandapower as pp
import pandapower.networks as pn
import pytest

from grid.assets import Site
from grid.assets.own_generation import ROOF_STOCK, follow_weather
from grid.assets.pv import pv_specific_power
from grid.city.city import City, make_city
from grid.city.export import write_step
from grid.city.source import GridSource, read_grid
from grid.errors import InputError
from grid.time.clock import Clock
from grid.weather.weather import Weather, weather_for

pytestmark = pytest.mark.slow

CLOCK = Clock(datetime(2030, 6, 3, tzinfo=UTC), timedelta(minutes=15), 4 * 96)
WITH_STORAGE = "1-LV-rural1--2-sw"


@pytest.fixture(scope="module")
def weather() -> Weather:
    return weather_for("greensboro-tmy3", CLOCK, "Europe/Berlin", 53.6, 11.4)


@pytest.fixture(scope="module")
def buffered_source() -> GridSource:
    return read_grid(WITH_STORAGE)


@pytest.fixture(scope="module")
def buffered(buffered_source: GridSource) -> City:
    return make_city(buffered_source, CLOCK)


def of_a_file(folder: Path, **types: str) -> City:
    """A net with one generator of each type, 2 MW of rating and 0.5 MW of reactive power."""
    net = pn.create_cigre_network_mv()
    for name, kind in types.items():
        pp.create_sgen(net, 5, p_mw=2.0, q_mvar=0.5, name=name, type=kind)
    pp.to_json(net, str(folder / "net.json"))
    return make_city(read_grid("net.json", folder=folder), CLOCK)


def test_solar_generators_are_rating_times_the_roof_stock(summer_site: Site) -> None:
    city, weather = summer_site.city, summer_site.weather
    after, (change,) = follow_weather(city, weather)
    rows = np.array([technology == "solar" for technology in city.technologies])
    expected = pv_specific_power(ROOF_STOCK, weather)[:, None] * city.generators.p_scale[rows]
    assert after.generators.p_mw()[:, rows] == pytest.approx(expected)
    assert after.generators.p_mw()[:, ~rows] == pytest.approx(city.generators.p_mw()[:, ~rows])
    assert after.generators.q_mvar() == pytest.approx(city.generators.q_mvar())
    assert after.loads is city.loads
    assert (change.technology, change.generators) == ("solar", rows.sum())
    assert change.p_rated_mw == pytest.approx(city.generators.p_scale[rows].sum())
    assert change.energy_after_mwh == pytest.approx(expected.sum() * 0.25)
    assert change.energy_before_mwh == pytest.approx(city.generators.p_mw()[:, rows].sum() * 0.25)
    assert "solar generators of the net" in str(change)


def test_wind_on_land_and_at_sea_and_the_rest(tmp_path: Path, weather: Weather) -> None:
    city = of_a_file(tmp_path, hill="WP", sea="Wind_Offshore", river="run of river", roof="PV")
    names = list(city.generators.names)
    windy = replace(weather, wind_speed_m_per_s=np.full(CLOCK.n_steps, 12.0))
    after, changes = follow_weather(city, windy)
    assert [change.technology for change in changes] == ["solar", "wind_offshore", "wind_onshore"]
    power = after.generators.p_mw()
    for name in ("hill", "sea"):
        assert power[:, names.index(name)] == pytest.approx(0.9 * 2.0, rel=0.01)
    assert (power[:, names.index("river")] == 2.0).all()
    assert city.technologies[names.index("river")] == "hydro"
    assert after.generators.q_mvar()[:, names.index("roof")] == pytest.approx(0.5)
    calm = replace(weather, wind_speed_m_per_s=np.zeros(CLOCK.n_steps))
    becalmed, _ = follow_weather(city, calm)
    assert (becalmed.generators.p_mw()[:, names.index("hill")] == 0).all()


def test_profiles_of_ones_own_are_replaced_by_the_rating(tmp_path: Path, weather: Weather) -> None:
    city = of_a_file(tmp_path, roof="PV")
    place = city.generators.names.index("roof")
    measured = replace(city.generators, p_scale=city.generators.p_scale * 0.1)
    after, _ = follow_weather(replace(city, generators=measured), weather)
    assert after.generators.p_mw()[:, place] == pytest.approx(2.0 * pv_specific_power(ROOF_STOCK, weather))


def test_without_sun_and_wind_nothing_changes(weather: Weather) -> None:
    city = make_city(read_grid("case33bw"), CLOCK)
    assert follow_weather(city, weather) == (city, ())


def test_a_weather_without_irradiance_is_refused(summer_site: Site) -> None:
    blind = replace(summer_site.weather, has_irradiance=False, source="london.csv")
    with pytest.raises(InputError, match=r"weather: has no irradiance.*london\.csv"):
        follow_weather(summer_site.city, blind)


def test_photovoltaics_with_a_battery_are_generation(buffered: City, buffered_source: GridSource) -> None:
    net = buffered_source.net
    assert set(net.storage["type"]) == {"PV_Storage"}
    n_stores = len(net.storage)
    assert n_stores == buffered.feeds_in.sum() == 5
    assert buffered.generators.names[-n_stores:] == tuple(net.storage.name)
    assert buffered.technologies[-n_stores:] == ("solar",) * n_stores
    assert len(buffered.loads.names) == len(net.load)
    assert buffered.sector_shares.shape[0] == buffered.energy_year_mwh.size == len(net.load)
    assert buffered.loads.p_mw().min() >= 0


def test_their_power_is_simbenchs_own(buffered_source: GridSource) -> None:
    import simbench  # noqa: PLC0415  slow to import

    whole = Clock(datetime(2016, 1, 1, tzinfo=UTC), timedelta(minutes=15), 35_136)
    city = make_city(buffered_source, whole)
    truth = simbench.get_absolute_values(buffered_source.net, profiles_instead_of_study_cases=True)
    fed_in = city.generators.p_mw()[:, -5:]
    assert fed_in == pytest.approx(-truth["storage", "p_mw"].to_numpy(), abs=1e-12)
    assert fed_in.min() >= 0


def test_they_keep_their_profile_when_the_rest_follows_the_weather(buffered: City, weather: Weather) -> None:
    after, (change,) = follow_weather(buffered, weather)
    assert change.generators == len(buffered.generators.names) - 5
    assert after.generators.p_mw()[:, -5:] == pytest.approx(buffered.generators.p_mw()[:, -5:])


def test_the_export_has_them_where_the_net_has_them(buffered: City, tmp_path: Path) -> None:
    step = 50
    write_step(buffered, step, [], tmp_path / "step.json")
    net = pp.from_json(str(tmp_path / "step.json"))
    assert net.storage.p_mw.to_numpy() == pytest.approx(-buffered.generators.p_mw()[step, -5:])
    n_sgens = len(net.sgen)
    assert net.sgen.p_mw.to_numpy() == pytest.approx(buffered.generators.p_mw()[step, :n_sgens])
    withdrawn = net.load.p_mw.sum() + net.storage.p_mw.sum() - net.sgen.p_mw.sum()
    assert withdrawn == pytest.approx(buffered.withdrawal()[0][step].sum())


def test_other_storage_units_stay_stores(tmp_path: Path) -> None:
    net = pn.create_cigre_network_mv()
    pp.create_storage(net, 5, p_mw=-0.3, max_e_mwh=1.0, name="battery", type="Li-ion")
    pp.create_storage(net, 6, p_mw=-0.2, max_e_mwh=1.0, name="house", type="PV_Storage")
    pp.to_json(net, str(tmp_path / "net.json"))
    city = make_city(read_grid("net.json", folder=tmp_path), CLOCK)
    assert city.feeds_in.tolist() == [False, True]
    assert city.loads.names[-1] == "battery"
    assert city.generators.names[-1] == "house"
    assert city.generators.p_mw()[0, -1] == pytest.approx(0.2)
    write_step(city, 0, [], tmp_path / "step.json")
    assert pp.from_json(str(tmp_path / "step.json")).storage.p_mw.tolist() == [-0.3, -0.2]
