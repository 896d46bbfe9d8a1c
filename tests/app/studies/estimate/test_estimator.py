"""Estimates against runs of a small city: exact where they must be, within their bands elsewhere, silent beyond."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from app.results.folder import Result
from app.results.run import run_scenario
from app.results.store.store import open_store
from app.scenario import check_scenario
from app.studies.estimate import FIGURES, Estimator, ScenarioEstimate, estimator_for

BASE: dict[str, Any] = {
    "name": "small",
    "city": {"network": "case33bw", "default_sector": "I.1"},
    "period": {"start": "2030-06-03", "days": 1, "step_minutes": 60},
    "dispatch": {"strategy": "unmanaged", "carbon_price_per_t": 50},
    "limits": {"line_loading_max_percent": 100},
    "assets": [
        {"kind": "pv", "name": "roofs", "bus": "5", "p_peak_mw": 1.0},
        {"kind": "battery", "name": "store", "bus": "17", "p_rated_mw": 0.3, "e_rated_mwh": 0.9},
        {"kind": "ev_fleet", "name": "cars", "bus": "9", "vehicles": 60, "v2g_share": 0.5},
    ],
}
N_STORED = 10


def moved(**changes: Any) -> dict[str, Any]:
    """The base with other sizes and another strategy."""
    content = copy.deepcopy(BASE)
    roofs, store, cars = content["assets"]
    roofs["p_peak_mw"] = changes.get("pv", roofs["p_peak_mw"])
    store["p_rated_mw"] = changes.get("battery", store["p_rated_mw"])
    cars["vehicles"] = changes.get("cars", cars["vehicles"])
    content["dispatch"]["strategy"] = changes.get("strategy", "unmanaged")
    content["dispatch"]["carbon_price_per_t"] = changes.get("carbon_price", 50)
    return content


def drawn(count: int, seed: int) -> list[dict[str, Any]]:
    """Scenarios with levers anywhere in their ranges."""
    draw = np.random.default_rng(seed)
    listed = []
    for _ in range(count):
        pv, battery, price = draw.uniform((0.5, 0.2, 0.0), (3.0, 0.6, 200.0)).tolist()
        listed.append(moved(pv=pv, battery=battery, cars=int(draw.integers(20, 120)), carbon_price=price))
    return listed


def run(content: Mapping[str, Any], out: Path) -> Result:
    return run_scenario(check_scenario(content, out.parent, "test"), out)


@pytest.fixture(scope="module")
def stored(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store with the base and `N_STORED` - 1 more of its city, both ends of the levers among them."""
    folder = tmp_path_factory.mktemp("store")
    run(BASE, folder / "base")
    ends = [
        moved(pv=0.5, battery=0.2, cars=20, carbon_price=0.0),
        moved(pv=3.0, battery=0.6, cars=120, carbon_price=200.0),
    ]
    for number, content in enumerate([*ends, *drawn(N_STORED - 3, seed=1)]):
        run(content, folder / f"run{number}")
    return folder


@pytest.fixture(scope="module")
def estimator(stored: Path) -> Estimator:
    return estimator_for(BASE, stored, open_store(stored))


def values(estimate: ScenarioEstimate) -> dict[str, float]:
    return {key: band.value for key, band in estimate.figures.items()}


def test_a_scenario_with_a_stored_result_has_its_figures_and_says_so(estimator: Estimator, stored: Path) -> None:
    found = estimator.estimate({**BASE, "name": "under another name"})
    known = {key: value for key, value in run(BASE, stored / "base").summary.items() if value is not None}
    assert found.exact == "base"
    assert values(found) == known
    assert all(band.low == band.value == band.high for band in found.figures.values())


def test_bands_hold_the_figures_of_runs_that_they_were_not_made_from(estimator: Estimator, tmp_path: Path) -> None:
    """A band of 90 % from as few runs holds fewer now and then; half of all would be another band."""
    inside = []
    for number, content in enumerate(drawn(3, seed=2)):
        estimate, summary = estimator.estimate(content), run(content, tmp_path / f"run{number}").summary
        assert not estimate.exact
        assert estimate.figures
        inside += [
            band.low * (1 - 1e-9) - 1e-9 <= summary[key] <= band.high * (1 + 1e-9) + 1e-9
            for key, band in estimate.figures.items()
        ]
    assert np.mean(inside) >= 0.75


def test_more_photovoltaics_never_raise_the_import_and_more_cars_never_lower_what_they_charge(
    estimator: Estimator,
) -> None:
    imports = [values(estimator.estimate(moved(pv=pv)))["import_mwh"] for pv in (0.6, 1.1, 1.9, 2.7)]
    charged = [values(estimator.estimate(moved(cars=cars)))["ev_energy_mwh"] for cars in (30, 61, 90, 110)]
    assert imports == sorted(imports, reverse=True)
    assert charged == sorted(charged)


def test_levers_beyond_those_of_known_errors_have_a_reason_and_no_figure(estimator: Estimator) -> None:
    found = estimator.estimate(moved(pv=40.0))
    assert not found.figures
    assert set(found.cannot) == set(FIGURES)
    assert "photovoltaics" in found.cannot["emissions_t"]


def test_what_errors_were_not_measured_with_has_a_reason(estimator: Estimator) -> None:
    content = copy.deepcopy(BASE)
    content["assets"].append({"kind": "wind", "name": "hill", "bus": "3", "p_rated_mw": 1.0})
    assert "wind" in estimator.estimate(content).cannot["emissions_t"]
    content = moved(strategy="optimal")
    assert "optimal" in estimator.estimate(content).cannot["emissions_t"]
    content["dispatch"]["forecast"] = "persistence"
    assert "forecast" in estimator.estimate(content).cannot["emissions_t"]


def test_another_period_needs_another_estimator(estimator: Estimator) -> None:
    other = {**BASE, "period": {**BASE["period"], "start": "2030-06-04"}}
    assert estimator.covers(moved(pv=2.0))
    assert not estimator.covers(other)
    assert "prepared" in estimator.estimate(other).cannot["emissions_t"]


def test_faults_of_a_scenario_are_the_reason(estimator: Estimator) -> None:
    assert (
        "roofs" in estimator.estimate(moved(pv=-1.0)).cannot["emissions_t"]
        or "p_peak_mw" in (estimator.estimate(moved(pv=-1.0)).cannot["emissions_t"])
    )


def test_without_stored_runs_of_a_city_that_was_not_measured_there_is_a_reason(tmp_path: Path) -> None:
    found = estimator_for(BASE, tmp_path, None).estimate(moved(pv=2.0))
    assert not found.figures
    assert "not measured for this city" in found.cannot["emissions_t"]
