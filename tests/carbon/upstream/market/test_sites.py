"""The weather of a region: of several sites, of its own, of files; and what its score says."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from carbon.factors import load_factor_set
from carbon.upstream import caveats, load_region, reference_region, region_sites, score_sentence, simulate_region
from carbon.upstream.market.renewables import region_year
from carbon.upstream.market.scores import preset_scores, score_of
from grid.errors import InputError
from grid.time.clock import Clock
from grid.weather.files import WeatherYear, read_weather_year
from grid.weather.weather import weather_for

PLACE = (51.2, 10.4)
CLOCK = Clock(datetime(2023, 6, 1, tzinfo=UTC), timedelta(hours=1), 24 * 14)


@pytest.fixture(scope="module")
def greensboro() -> WeatherYear:
    return read_weather_year("greensboro-tmy3", *PLACE, 1.0)


def test_sites_are_joined_at_the_same_moment(greensboro: WeatherYear):
    gust = np.full(8760, 2.0)
    gust[100] = 20.0
    west = replace(greensboro, wind_speed_m_per_s=gust, utc_offset_hours=0.0, longitude=PLACE[1])
    east = replace(greensboro, wind_speed_m_per_s=np.roll(gust, 2), utc_offset_hours=2.0, longitude=PLACE[1])
    joined = region_year((west, east), PLACE, 1.0)
    assert np.argmax(joined.wind_speed_m_per_s) == 101
    assert np.sort(joined.wind_speed_m_per_s)[-2] == pytest.approx(2.0)
    assert joined.wind_speed_m_per_s.mean() == pytest.approx(gust.mean())
    as_local = region_year((west, east), PLACE, None)  # noon stays noon
    assert {100, 102} == set(np.argsort(as_local.wind_speed_m_per_s)[-2:])


def test_wind_reaches_the_region_when_the_weather_has_crossed(greensboro: WeatherYear):
    gust = np.full(8760, 2.0)
    gust[100] = 20.0
    east_of = 240 / (6371.0 * np.cos(np.radians(PLACE[0]))) * 180 / np.pi  # four hours at 60 km/h
    for longitude, hour in ((PLACE[1] - east_of, 104), (PLACE[1] + east_of, 96), (-79.95, 100)):
        site = replace(greensboro, wind_speed_m_per_s=gust, utc_offset_hours=1.0, longitude=longitude)
        assert np.argmax(region_year((site,), PLACE, 1.0).wind_speed_m_per_s) == hour


def test_no_site_outweighs_the_others_and_clouds_count_near(greensboro: WeatherYear):
    calm = replace(greensboro, wind_speed_m_per_s=np.tile([1.0, 3.0], 4380), latitude=51.2, longitude=10.4)
    windy = replace(
        greensboro,
        wind_speed_m_per_s=np.tile([9.0, 3.0], 4380),
        ghi_w_per_m2=np.zeros(8760),
        latitude=51.2,
        longitude=10.4 + 300 / (6371.0 * np.cos(np.radians(51.2))) * 180 / np.pi,
    )
    joined = region_year((calm, windy), PLACE, None)
    assert joined.wind_speed_m_per_s[:2] == pytest.approx([4 * (0.5 + 1.5) / 2, 4 * (1.5 + 0.5) / 2])
    alone = region_year((calm,), PLACE, None)
    assert joined.clearness == pytest.approx(alone.clearness / (1 + np.exp(-1)), rel=1e-3)


def test_sites_count_instead_of_the_weather_of_the_city(greensboro: WeatherYear):
    factors, zone = load_factor_set(), "Europe/Berlin"
    weather = weather_for("greensboro-tmy3", CLOCK, zone, *PLACE)

    def wind(sites: tuple[WeatherYear, ...]) -> np.ndarray:
        upstream = simulate_region(reference_region(), weather, CLOCK, zone, factors, "direct", sites)
        return upstream.p_mw[:, upstream.technologies.index("wind_onshore")]

    calm = replace(greensboro, wind_speed_m_per_s=np.zeros(8760))
    assert wind(()).any()
    assert not wind((calm,)).any()
    assert not np.allclose(wind(()), wind((greensboro,)))  # the moment of the site, not its hour


def test_files_of_sites_are_read_and_faults_are_told_all_at_once(tmp_path: Path):
    assert region_sites((), tmp_path, reference_region(), 2023) == ()
    assert len(region_sites(("greensboro-tmy3",), tmp_path, reference_region(), 2023)) == 1
    with pytest.raises(InputError) as caught:
        region_sites(("one.epw", "two.epw"), tmp_path, reference_region(), 2023)
    assert len(caught.value.faults) == 2
    with pytest.raises(InputError, match="needs a place"):
        region_sites(("greensboro-tmy3",), tmp_path, load_region("china"), 2023)


def test_a_score_is_told_in_a_sentence():
    score = score_of("reference", weather="own")
    assert score is not None
    assert score == score_of("germany", weather="own")
    assert score.months == "held out"
    said = score_sentence("germany", own_weather=True)
    assert f"{score.r:.2f}" in said
    assert "its own weather" in said
    assert "another" in score_sentence("germany", own_weather=False)
    assert "not compared" in score_sentence("china", own_weather=False)
    assert "not compared" in score_sentence("my_region.yaml", own_weather=False)


def test_every_score_is_of_a_shipped_region():
    assert {score.preset for score in preset_scores()} == {"germany", "great_britain", "japan", "california"}
    for score in preset_scores():
        fitted = load_region(score.preset).fitted
        assert (score.months == "all") == (fitted is None)


def test_a_mix_of_another_year_is_said():
    assert not any("The period is in" in sentence for sentence in caveats(reference_region(), 2023))
    assert any(
        "The period is in 2030" in sentence and "of 2023" in sentence for sentence in caveats(reference_region(), 2030)
    )
    assert not any("The period is in" in sentence for sentence in caveats(load_region("germany_2030"), 2030))
