from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from app.results.folder import Result, find_results
from app.results.run import store
from app.scenario import check_scenario
from app.simulation.phases import SimulationResult, simulate
from app.studies.demo import run_demo
from grid.sharing import SharedPreparation, sharing_preparation
from tests.app.synthetic_results import write_synthetic
from tests.app.three_results import make_three_results


@pytest.fixture(scope="session")
def kept() -> SharedPreparation:
    """What scenarios have in common (nets, weather, regions), made once for all tests of a process."""
    return SharedPreparation()


@pytest.fixture(scope="module", autouse=True)
def shared_preparation(kept: SharedPreparation) -> Iterator[None]:
    with sharing_preparation(kept):
        yield


@pytest.fixture(scope="session")
def results_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("results")
    for strategy in ("unmanaged", "optimal"):
        write_synthetic(folder / strategy, strategy)
    return folder


@pytest.fixture(scope="session")
def results(results_folder: Path) -> dict[str, Result]:
    return find_results(results_folder)


@pytest.fixture(scope="session")
def plain_results(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Result]:
    """One result of a city without cars and data centres, whose key figures of them are null."""
    folder = tmp_path_factory.mktemp("plain")
    write_synthetic(folder / "plain", "unmanaged", with_devices=False)
    return find_results(folder)


@pytest.fixture(scope="session")
def demo_folder(made_once: Callable[[str, Callable[[Path], object]], Path], kept: SharedPreparation) -> Path:
    """The demonstration's first two days: charging on arrival breaks a limit on the first, feeding in pays on both."""

    def make(folder: Path) -> None:
        with sharing_preparation(kept):
            run_demo(folder, days=2)

    return made_once("demo", make)


@pytest.fixture(scope="session")
def demo(demo_folder: Path) -> tuple[Result, Result]:
    """The demonstration unmanaged and optimal."""
    results = find_results(demo_folder)
    return results["unmanaged"], results["optimal"]


@pytest.fixture(scope="session")
def three_folder(made_once: Callable[[str, Callable[[Path], object]], Path], kept: SharedPreparation) -> Path:
    """A small city on one day, see `tests.app.three_results`: folders ``unmanaged``, ``smart`` and ``v2g``."""

    def make(folder: Path) -> None:
        with sharing_preparation(kept):
            make_three_results(folder)

    return made_once("three", make)


@pytest.fixture(scope="session")
def three_results(three_folder: Path) -> dict[str, Result]:
    """The same opened, by name; `unmanaged` first."""
    return find_results(three_folder)


@pytest.fixture(scope="session")
def fuel_outcome(kept: SharedPreparation) -> SimulationResult:
    """Two winter days with engines for heat and power, sun, and a data centre with sun and tested generators."""
    assets = [
        {"kind": "chp", "name": "works", "bus": "Bus 34", "p_rated_mw": 1.0, "heat_sector": "I.1"},
        {"kind": "chp", "name": "farm", "bus": "Bus 60", "p_rated_mw": 0.5, "fuel": "biogas", "allocation": "energy"},
        {"kind": "pv", "name": "roofs", "bus": "Bus 60", "p_peak_mw": 1.0},
    ]
    on_site = {"pv_peak_mw": 6.0, "generators": {"p_rated_mw": 2.0}}
    hall = {"name": "hall", "bus": "Bus 34", "p_it_rated_mw": 1.0, "on_site": on_site}
    scenario = {
        "name": "fuel", "city": {"network": "mv_oberrhein"},
        "period": {"start": "2030-01-14", "days": 2, "step_minutes": 60},
        "dispatch": {"strategy": "unmanaged"}, "assets": assets, "data_centres": [hall],
    }  # fmt: skip
    with sharing_preparation(kept):
        return simulate(check_scenario(scenario, Path(), "fuel"))


@pytest.fixture(scope="session")
def fuel_result(fuel_outcome: SimulationResult, tmp_path_factory: pytest.TempPathFactory) -> Result:
    """The same as a folder."""
    return store(fuel_outcome, tmp_path_factory.mktemp("fuel") / "run")
