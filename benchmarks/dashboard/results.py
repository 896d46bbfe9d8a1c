"""The results that are served: the demonstration's week unmanaged and optimal, its year unmanaged, and a large grid."""

from __future__ import annotations

from importlib import resources
from pathlib import Path

from app.results.run import run_scenario
from app.scenario import load_scenario
from app.studies.demo import run_demo

YEAR_DAYS = 365
LARGE = """\
schema_version: 1
name: Urban grid with all of its low voltage
city: {network: 1-MVLV-urban-all-0-sw, time_zone: Europe/Berlin}
period: {start: 2030-11-25, days: 1, step_minutes: 15}
weather: potsdam-try
upstream: {region: reference}
dispatch: {strategy: unmanaged}
"""
"""A day of a SimBench grid of 10,328 lines, nearly all of them low voltage."""


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


def make_large(place: Path) -> Path:
    """Runs a day of an urban grid with all of its low voltage, if it is not there yet: SimBench, 10,328 lines.

    Args:
        place: Where results are kept from one run of the benchmark to the next.

    Returns:
        The folder of the result ``urban``.
    """
    folder, scenario = place / "large", place / "urban.yaml"
    if not (folder / "urban").exists():
        scenario.write_text(LARGE, encoding="utf-8")
        run_scenario(load_scenario(scenario), folder / "urban")
    return folder
