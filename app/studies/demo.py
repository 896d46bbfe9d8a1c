"""The demonstration: the reference city in its worst week, unmanaged and optimal."""

from __future__ import annotations

from importlib import resources
from pathlib import Path
from typing import Any

from app.results.folder import Result
from app.results.run import finished, run_scenario
from app.scenario import load_scenario
from app.simulation.phases import Progress

STRATEGIES = ("unmanaged", "optimal")
ROWS = (
    ("cost", "cost", "{currency}", 1.0, 0),
    ("emissions", "emissions_t", "t", 1.0, 1),
    ("mean intensity", "ci_mean_g_per_kwh", "g/kWh", 1.0, 1),
    ("renewable share", "renewable_share", "%", 100.0, 1),
    ("peak import", "peak_import_mw", "MW", 1.0, 2),
    ("worst line", "line_loading_max_percent", "%", 1.0, 1),
    ("steps with violations", "violation_steps", "", 1.0, 0),
    ("charged by cars", "ev_energy_mwh", "MWh", 1.0, 1),
    ("fed in by cars", "v2g_energy_mwh", "MWh", 1.0, 1),
    ("cars, charged", "ev_ci_g_per_kwh", "g/kWh", 1.0, 1),
    ("cars, driven", "ev_g_per_km", "g/km", 1.0, 1),
    ("PUE", "pue_mean", "", 1.0, 3),
)
"""What is compared: label, key of the summary, unit, factor, digits."""


def run_demo(out: Path, days: int, progress: Progress | None = None) -> tuple[Result, Result]:
    """Runs the demonstration into ``out/unmanaged`` and ``out/optimal``; what is there already is not run again."""
    with resources.as_file(resources.files("app") / "scenarios" / "demo.yaml") as path:
        loaded = load_scenario(path, days)
    variants = [loaded.with_changes({"dispatch.strategy": strategy}) for strategy in STRATEGIES]
    for variant, strategy in zip(variants, STRATEGIES, strict=True):
        finished(out / strategy, variant)  # refuse a foreign folder before the first run, not after it
    results = []
    for variant, strategy in zip(variants, STRATEGIES, strict=True):
        tell = None if progress is None else _named(progress, strategy)
        results.append(run_scenario(variant, out / strategy, tell))
    return results[0], results[1]


def _named(progress: Progress, strategy: str) -> Progress:
    return lambda phase, share: progress(f"{strategy}: {phase}", share)


def print_comparison(unmanaged: Result, optimal: Result) -> None:
    """Prints the key figures of both runs and what changed, in words."""
    from rich.console import Console  # noqa: PLC0415  slow to import
    from rich.table import Table  # noqa: PLC0415

    table = Table(title=f"{optimal.manifest['name']}: what managing changes")
    for column in ("", "unmanaged", "optimal", "change"):
        table.add_column(column, justify="left" if not column else "right")
    for label, key, unit, factor, digits in ROWS:
        unit_text = unit.format(currency=optimal.manifest["currency"])
        values = [_scaled(result.summary.get(key), factor) for result in (unmanaged, optimal)]
        shown = [_shown(value, digits, unit_text) for value in values]
        table.add_row(label, *shown, change_in_words(*values))
    Console().print(table)


def _scaled(value: Any, factor: float) -> float | None:
    return None if value is None else float(value) * factor


def _shown(value: float | None, digits: int, unit: str) -> str:
    return "–" if value is None else f"{value:,.{digits}f} {unit}".strip()


def change_in_words(before: float | None, after: float | None) -> str:
    """``12 % less``, ``3 more`` and the like."""
    if before is None or after is None:
        return ""
    if before == 0:
        return "the same" if after == 0 else f"{after:+,.4g}"
    percent = 100 * (after / before - 1)
    if abs(percent) < 0.05:
        return "the same"
    return f"{abs(percent):.1f} % {'less' if percent < 0 else 'more'}"
