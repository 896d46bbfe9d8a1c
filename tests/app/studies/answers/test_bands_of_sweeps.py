"""Bands of a key figure: from sweeps over the same scenario only, with enough runs, and told when there are too few."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from app.results.folder import Result
from app.results.store.states import NamedRun
from app.results.store.store import opened_store
from app.studies.answers.certainty import figure_bands
from tests.app.results.store.keys import give_key, keys

N_RUNS = 12
PRICE = "dispatch.carbon_price_per_t"


@pytest.fixture(scope="module")
def store(results: dict[str, Result], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Twelve runs that vary the carbon price of the optimal one, in one sweep whole and in two others in part."""
    place = tmp_path_factory.mktemp("bands") / "store"
    known = keys(N_RUNS)
    for number, key in enumerate(known):
        folder = Path(shutil.copytree(results["optimal"].path, place / key))
        scenario = (folder / "scenario.yaml").read_text(encoding="utf-8")
        priced = scenario.replace("carbon_price_per_t: 80", f"carbon_price_per_t: {10 * number}")
        (folder / "scenario.yaml").write_text(priced, encoding="utf-8")
        summary = {**results["optimal"].summary, "emissions_t": 100.0 + number}
        (folder / "summary.json").write_text(json.dumps(summary), encoding="utf-8")
        give_key(folder, key)
    runs = [NamedRun(f"price {number}", key, (), {PRICE: 10 * number}) for number, key in enumerate(known)]
    with opened_store(place) as opened:
        opened.index.register("prices", runs)
        opened.index.register("few", runs[:3])
        opened.index.register("of another base", [NamedRun("a", known[0], (), {"seed": 1})])
    return place


def test_the_band_is_of_the_sweep_over_the_scenario(store: Path, results: dict[str, Result]) -> None:
    found = figure_bands(store, results["optimal"], "emissions_t")
    (band,) = found.found
    assert (band.sweep, band.runs, band.varied) == ("prices", N_RUNS, (PRICE,))
    expected = np.percentile(100.0 + np.arange(N_RUNS), [10, 50, 90])
    assert [band.low, band.middle, band.high] == pytest.approx(expected)
    (reason,) = found.reasons
    assert reason.startswith("Sweep few: needs at least 10 runs that count")


def test_another_scenario_has_none(store: Path, results: dict[str, Result]) -> None:
    found = figure_bands(store, results["unmanaged"], "emissions_t")
    assert (found.found, found.reasons) == ((), ())


def test_a_figure_that_is_not_there_is_told(store: Path, results: dict[str, Result]) -> None:
    found = figure_bands(store, results["optimal"], "hydrogen_kgs")
    assert found.found == ()
    assert all("hydrogen_kgs" in reason or "at least 10 runs" in reason for reason in found.reasons)
