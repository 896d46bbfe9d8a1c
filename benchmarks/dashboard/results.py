"""The results that are served: the demonstration's week unmanaged and optimal, and its year unmanaged."""

from __future__ import annotations

from importlib import resources
from pathlib import Path

from app.results.run import run_scenario
from app.scenario import load_scenario
from app.studies.demo import run_demo

YEAR_DAYS = 365


def make_results(place: Path, days: int = 7, year_days: int = YEAR_DAYS) -> tuple[Path, Path]:
    """Runs what is not there yet, which takes some minutes.

    Args:
        place: Where results are kept from one run of the benchmark to the next.
        days: Length of the week [d].
        year_days: Length of the year [d].

    Returns:
        The folder of the week's two results, and that of the year's one.
    """
    week, year = place / f"{days} days", place / f"{year_days} days"
    run_demo(week, days)
    with resources.as_file(resources.files("app") / "scenarios" / "demo.yaml") as path:
        loaded = load_scenario(path, year_days)
    run_scenario(loaded.with_changes({"dispatch.strategy": "unmanaged"}), year / "unmanaged")
    return week, year
