"""The demonstration: the reference city in a week of winter, unmanaged and optimal."""

from __future__ import annotations

from importlib import resources
from pathlib import Path

from app.results.folder import Result
from app.results.key_figures import Compared, comparable, shown_in
from app.results.run import finished, run_scenario
from app.scenario import load_scenario
from app.simulation.phases import Progress
from grid.sharing import sharing_preparation

STRATEGIES = ("unmanaged", "optimal")


def run_demo(out: Path, days: int, progress: Progress | None = None) -> tuple[Result, Result]:
    """Runs the demonstration into ``out/unmanaged`` and ``out/optimal``; what is there already is not run again."""
    with resources.as_file(resources.files("app") / "scenarios" / "demo.yaml") as path:
        loaded = load_scenario(path, days)
    variants = [loaded.with_changes({"dispatch.strategy": strategy}) for strategy in STRATEGIES]
    for variant, strategy in zip(variants, STRATEGIES, strict=True):
        finished(out / strategy, variant)  # refuse a foreign folder before the first run, not after it
    results = []
    with sharing_preparation():
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
    alike = comparable(unmanaged.summary, optimal.summary)
    for key, figure in shown_in("demo").items():
        unit = figure.shown_unit(str(optimal.manifest["currency"]))
        before, after = (figure.shown_value(result.summary.get(key)) for result in (unmanaged, optimal))
        whole = before if figure.share_of is None else unmanaged.summary.get(figure.share_of)
        shown = [_shown(None if figure.only_differences else value, figure.digits, unit) for value in (before, after)]
        change = change_in_words(before, after, figure.compared, unit, whole) if alike else ""
        table.add_row(figure.label, *shown, change)
    console = Console()
    console.print(table)
    if not alike:
        console.print("Not compared: a run has steps without a solution of the power flow.")
    for sentence in (figure.use for figure in shown_in("demo").values() if figure.use):
        console.print(sentence)


def _shown(value: float | None, digits: int, unit: str) -> str:
    return "–" if value is None else f"{value:,.{digits}f} {unit}".strip()


def change_in_words(
    before: float | None,
    after: float | None,
    compared: Compared = "relative",
    unit: str = "",
    whole: float | None = None,
) -> str:
    """``12.0 % less``, ``1.6 points more``, ``2 less``, ``26.9 t less (2.3 %)`` and the like.

    Args:
        before: The figure of the first run, as shown.
        after: That of the second.
        compared: How they are compared.
        unit: Unit of an amount.
        whole: What an amount is stated in per cent of; without it, or if it is 0, only the amount is stated.
    """
    if before is None or after is None:
        return ""
    difference = after - before
    way = "less" if difference < 0 else "more"
    if compared != "relative":
        digits = 0 if compared == "count" else 1
        if round(abs(difference), digits) == 0:
            return "the same"
        named = {"points": " points", "count": "", "amount": f" {unit}"}[compared]
        share = f" ({100 * abs(difference / whole):.1f} %)" if compared == "amount" and whole else ""
        return f"{abs(difference):,.{digits}f}{named} {way}{share}"
    if before == 0:
        return "the same" if after == 0 else f"{abs(after):,.4g} {unit}".rstrip() + f" {way}"
    percent = 100 * (after / before - 1)
    return "the same" if abs(percent) < 0.05 else f"{abs(percent):.1f} % {way}"
