from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from app.results.folder import Result, find_results
from app.studies.demo import run_demo
from tests.app.synthetic_results import write_synthetic


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
def demo_folder(made_once: Callable[[str, Callable[[Path], object]], Path]) -> Path:
    """The demonstration's first two days: the first has the worst evening of the year."""
    return made_once("demo", lambda folder: run_demo(folder, days=2))


@pytest.fixture(scope="session")
def demo(demo_folder: Path) -> tuple[Result, Result]:
    """The demonstration unmanaged and optimal."""
    results = find_results(demo_folder)
    return results["unmanaged"], results["optimal"]
