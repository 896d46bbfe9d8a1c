from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import cache

import numpy as np
import pytest
from pydantic import ValidationError

from carbon.factors import load_factor_set
from carbon.upstream import load_region, reference_region, simulate_region
from carbon.upstream.region import region_files
from grid.clock import Clock
from grid.weather import weather_for

YEAR = Clock(datetime(2023, 1, 1, tzinfo=UTC), timedelta(hours=1), 8760)
CITIES = {
    "china": ("Asia/Shanghai", 34.3, 108.9),
    "china_north": ("Asia/Shanghai", 39.9, 116.4),
    "china_east": ("Asia/Shanghai", 31.2, 121.5),
    "china_south": ("Asia/Shanghai", 23.1, 113.3),
    "japan": ("Asia/Tokyo", 35.7, 139.7),
    "great_britain": ("Europe/London", 52.5, -1.9),
    "california": ("America/Los_Angeles", 37.8, -122.4),
    "germany": ("Europe/Berlin", 51.3, 9.5),
}
PRESETS = [name for name in region_files() if name != "reference"]


@cache
def mean_ci(name: str, place: tuple[str, float, float]) -> float:
    weather = weather_for("greensboro-tmy3", YEAR, *place)
    upstream = simulate_region(load_region(name), weather, YEAR, place[0], load_factor_set())
    assert upstream.p_mw[:, -1].sum() == 0  # no unknown imports
    return float(np.average(upstream.ci_kg_per_mwh, weights=upstream.demand_mw))


def test_every_preset_is_tested():
    assert set(PRESETS) == set(CITIES)


@pytest.mark.parametrize("name", PRESETS)
def test_a_year_reproduces_the_published_factor(name: str):
    published = load_region(name).published
    assert published is not None
    factor = load_factor_set(published.factor_set).find("grid", region=published.region, year=published.year)
    assert mean_ci(name, CITIES[name]) == pytest.approx(factor.value_kg_per_mwh, rel=0.01)


@pytest.mark.parametrize("name", ["china"])
def test_the_mean_holds_for_a_city_with_another_sun(name: str):
    assert mean_ci(name, CITIES["germany"]) == pytest.approx(mean_ci(name, CITIES[name]), rel=0.01)


@pytest.mark.parametrize("name", PRESETS)
def test_what_was_calibrated_is_physical(name: str):
    region = load_region(name)
    assert region.calibrated
    ranges = {"lignite": (0.33, 0.43), "coal": (0.36, 0.44), "hard_coal": (0.36, 0.46), "gas": (0.42, 0.56)}
    for entry in region.calibrated:
        technology, parameter = entry.split(".")
        fleet = next(tech for tech in region.technologies if tech.name == technology)
        low, high = ranges[technology]
        assert low < getattr(fleet, parameter) < high
        assert "calibrated" in fleet.sources[parameter]
        assert fleet.fuel.efficiency_worst <= getattr(fleet, parameter) <= fleet.fuel.efficiency_best


def test_own_heat_rate_takes_the_chain_from_the_set():
    place = CITIES["china"]
    weather = weather_for("greensboro-tmy3", YEAR, *place)
    region, factors = load_region("china"), load_factor_set()
    direct, chain = (
        simulate_region(region, weather, YEAR, place[0], factors, view) for view in ("direct", "lifecycle")
    )
    names = [*(tech.factor for tech in region.technologies), "unknown"]
    added = [factors.value(name, "lifecycle") - factors.value(name) for name in names]
    added[direct.technologies.index("pumped_storage")] = 0.0
    difference = ((chain.ci_kg_per_mwh - direct.ci_kg_per_mwh) * direct.demand_mw).sum()
    assert difference == pytest.approx((direct.p_mw @ np.array(added)).sum(), rel=1e-9)


def test_a_calibrated_parameter_must_exist():
    with pytest.raises(ValidationError, match=r"no parameter called lignite\.colour"):
        reference_region().with_changes({"calibrated": ["lignite.colour"]})
