"""What a planner asks before a whole run: what each tonne less costs, and a long period by a few of its days."""

from __future__ import annotations

from dataclasses import asdict, fields, replace
from math import isinf
from pathlib import Path
from typing import TYPE_CHECKING

from app.scenario.loaded import LoadedScenario
from app.simulation.inputs import prepare
from app.simulation.phases import Progress, dispatch_problem
from grid.errors import InputError
from grid.files.output import written_whole
from grid.units import KG_PER_T
from optimizer.problem.problem import DispatchProblem
from optimizer.problem.totals import ScheduleTotals
from optimizer.studies.frontier import Frontier, frontier
from optimizer.studies.representative_days import Estimate, dispatch_representative

if TYPE_CHECKING:
    import polars as pl

_LABELS = {
    "cost": ("cost", "{currency}", 1.0, 0),
    "emissions_kg": ("emissions", "t", 1 / KG_PER_T, 1),
    "import_mwh": ("import", "MWh", 1.0, 0),
    "export_mwh": ("export", "MWh", 1.0, 0),
    "peak_import_mw": ("peak import", "MW", 1.0, 2),
    "failed_steps": ("no solution", "steps", 1.0, 0),
}
"""What is printed of each of `ScheduleTotals`: name, unit, factor, digits."""


def cost_against_carbon(loaded: LoadedScenario, points: int, progress: Progress | None = None) -> Frontier:
    """Dispatches from the cheapest to the cleanest, whatever strategy and price of carbon the scenario names.

    Args:
        loaded: The scenario and its city.
        points: Most points.
        progress: Told the share of the points that is found.

    Raises:
        InputError: If fewer than two points are asked for.
    """
    problem = _problem(loaded.with_changes({"dispatch.strategy": "optimal"}))
    tell = progress or (lambda _phase, _share: None)
    return frontier(problem, points, lambda found, asked: tell("frontier", found / asked))


def estimate(loaded: LoadedScenario, days: int, *, against_full: bool = False) -> Estimate:
    """The totals of a scenario from a few of its days, chosen and weighted by tsam.

    Args:
        loaded: The scenario and its city.
        days: Days to dispatch.
        against_full: Whether to dispatch the whole period too, and state the error.

    Raises:
        InputError: If the period has fewer days.
    """
    if days > loaded.scenario.period.days:
        raise InputError.single(
            "--representative", f"must be at most the {loaded.scenario.period.days} days there are", days
        )
    return dispatch_representative(_problem(loaded), days, against_full=against_full)


def _problem(loaded: LoadedScenario) -> DispatchProblem:
    """The dispatch alone, without a forecast: it is the period that is asked about, not how well it was foreseen."""
    inputs = prepare(loaded)
    return replace(dispatch_problem(inputs, *inputs.loaded.city.withdrawal()), forecast=None)


def frontier_table(found: Frontier) -> pl.DataFrame:
    """One row a point, the cheapest first; a tonne less costs so much more than at the point before."""
    import polars as pl  # noqa: PLC0415  slow to import

    steps = (None, *(cost * KG_PER_T for cost in found.abatement_cost_per_kg()))
    rows = [
        {
            "carbon_price_per_t": point.carbon_price_per_kg * KG_PER_T,
            **asdict(point.totals),
            "abatement_cost_per_t": step,
            "shortfalls": len(point.schedule.shortfalls),
        }
        for point, step in zip(found.points, steps, strict=True)
    ]
    return pl.DataFrame(rows)


def write_frontier(found: Frontier, path: Path) -> None:
    """Writes the points, one a row.

    Raises:
        InputError: If that cannot be done.
    """
    with written_whole(path, "--out") as draft:
        frontier_table(found).write_csv(draft)


def print_frontier(found: Frontier, currency: str) -> None:
    """Prints the frontier, a row a point."""
    from rich.console import Console  # noqa: PLC0415  slow to import
    from rich.table import Table  # noqa: PLC0415

    table = Table(title="From the cheapest dispatch to the cleanest")
    for heading in ("cost " + currency, "t CO2e", "peak MW", f"a tonne less, {currency}", f"best at {currency}/t"):
        table.add_column(heading, justify="right")
    for row in frontier_table(found).iter_rows(named=True):
        step = row["abatement_cost_per_t"]
        table.add_row(
            f"{row['cost']:,.0f}",
            f"{row['emissions_kg'] / KG_PER_T:,.1f}",
            f"{row['peak_import_mw']:.2f}",
            "–" if step is None else f"{step:,.0f}",
            "any more" if isinf(row["carbon_price_per_t"]) else f"{row['carbon_price_per_t']:,.0f}",
        )
    Console().print(table)


def estimate_in_words(found: Estimate, loaded: LoadedScenario) -> str:
    """The estimate line by line, with its error where it is known."""
    period, clock = loaded.scenario.period, loaded.city.clock
    days = clock.times[found.days.days * clock.steps_per_day + found.days.begin].astype("datetime64[D]")
    chosen = ", ".join(f"{day} ×{weight:.1f}" for day, weight in zip(days, found.days.weights, strict=True))
    starts = str(clock.times[found.days.begin].astype("datetime64[m]"))[-5:]
    lines = [f"{period.days} days by {len(days)} from {starts} UTC: {chosen}"]
    for field in fields(ScheduleTotals):
        label, unit, factor, digits = _LABELS[field.name]
        value = getattr(found.totals, field.name) * factor
        error = "" if found.error is None else f"   {100 * found.error[field.name]:+.2f} % against the full period"
        lines.append(f"  {label:12} {value:14,.{digits}f} {unit.format(currency=loaded.scenario.currency):4}{error}")
    if found.totals.failed_steps:
        lines.append("  steps without a solution of the power flow count without losses: compare this with nothing")
    if found.error is None:
        lines.append("  the error is not known: --against-full dispatches the whole period too")
    return "\n".join(lines)
