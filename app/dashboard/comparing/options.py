"""What can be chosen: results of the same city and period, and the runs of sweeps, with cost and emissions."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import polars as pl

from app.dashboard.comparing.chosen import ComparedResult, ResultComparison, sweeps_beside
from app.dashboard.view import View
from app.failures import StoreError
from app.results.comparison import what_differs
from app.results.folder import Result
from app.results.store.scan import RUN_KEY, scan
from app.results.store.states import ABOUT_RUNS, WITH_RESULT
from app.studies.differences.abatement import Option
from app.studies.differences.measures import cost_without_carbon_price
from app.studies.differences.run_ledger import AVERAGE, COST, MARGINAL
from app.studies.ensembles.runs import UNSOLVED, declared_figure
from grid.errors import InputError

Accounting = Literal["marginal", "average"]
ACCOUNTINGS: dict[Accounting, str] = {"marginal": MARGINAL, "average": AVERAGE}
"""Ways to count emissions, by the key figure of each."""
_SETS_THE_STAGE = ("period.", "city.", "weather", "upstream", "currency", "carbon.boundary")
"""Beginnings of paths of what must be the same in results that are compared."""


@dataclass(frozen=True)
class ResultChoice:
    """A result that can be chosen.

    Args:
        name: Its name, as addresses hold it; of a run of a sweep the name of its folder.
        label: What people read.
        group: The sweep that it is of; empty for a result by itself.
        status: How it ended: done or infeasible.
        cost: Its cost without the scenario's price of carbon [currency].
        emissions_t: Its emissions by the ways of `ACCOUNTINGS` [t].
        parameters: What the sweep varied, by path.
    """

    name: str
    label: str
    group: str
    status: str
    cost: float
    emissions_t: Mapping[Accounting, float]
    parameters: Mapping[str, Any] = field(default_factory=dict)


def choices_of(view: View, compared: ResultComparison) -> tuple[ResultChoice, ...]:
    """Every result of the same city and period as the reference, and every run of the sweeps stored beside them."""
    swept = {choice.name: choice for choice in _of_sweeps(view, compared)}
    labels = {one.name: one.label for one in compared.every}
    in_sweeps = {run.key for record in sweeps_beside(view) for run in record.runs}
    alone = [
        choice
        for name, result in view.results.items()
        if name not in swept and (name in labels or name not in in_sweeps)
        for choice in _of_result(name, labels.get(name) or view.results.label(name), result, compared.reference)
    ]
    return (*alone, *swept.values())


def options_of(
    choices: tuple[ResultChoice, ...], reference: ResultChoice, accounting: Accounting
) -> tuple[Option, ...]:
    """Choices by how their cost and emissions differ from those of a reference."""
    return tuple(
        Option(one.name, one.cost - reference.cost, one.emissions_t[accounting] - reference.emissions_t[accounting])
        for one in choices
    )


def choice_of(name: str, label: str, result: Result) -> ResultChoice | None:
    """A result by itself; None if it has no cost or emissions."""
    figures = [result.summary.get(key) for key in (COST, AVERAGE, MARGINAL)]
    if any(value is None for value in figures):
        return None
    emissions: dict[Accounting, float] = {way: float(result.summary[key]) for way, key in ACCOUNTINGS.items()}
    status = str(result.manifest.get("status", ""))
    return ResultChoice(name, label, "", status, cost_without_carbon_price(result), emissions)


def _of_result(name: str, label: str, result: Result, reference: ComparedResult) -> Iterator[ResultChoice]:
    if name == reference.name or not what_differs(reference.result, result):
        found = choice_of(name, label, result)
        if found is not None:
            yield found


def _of_sweeps(view: View, compared: ResultComparison) -> Iterator[ResultChoice]:
    """The runs of sweeps whose first result may be compared and which vary nothing that must be the same."""
    if not sweeps_beside(view):
        return
    try:
        runs = scan(view.results.place).collect()
        paid = scan(view.results.place, "ledger").group_by(RUN_KEY).agg(pl.col("carbon_cost").sum()).collect()
    except (InputError, StoreError):  # a record or an index is damaged: the results by themselves are shown
        return
    carbon = dict(paid.iter_rows())
    ended = runs.filter(pl.col("sweep").is_not_null(), pl.col("status").is_in(WITH_RESULT))
    for (sweep,), rows in ended.group_by("sweep", maintain_order=True):
        varied = [name for name in rows.columns if name not in ABOUT_RUNS and declared_figure(name) is None
                  and rows[name].is_not_null().any()]  # fmt: skip
        first = view.results.get(str(rows["key"][0]))
        stage = any(path.startswith(_SETS_THE_STAGE) for path in varied)
        if first is None or stage or what_differs(compared.reference.result, first):
            continue
        for row in rows.iter_rows(named=True):
            if row.get(UNSOLVED) or row["key"] not in view.results:
                continue
            if all(row.get(key) is not None for key in (COST, AVERAGE, MARGINAL)):
                emissions: dict[Accounting, float] = {"marginal": row[MARGINAL], "average": row[AVERAGE]}
                yield ResultChoice(row["key"], row["name"], str(sweep), row["status"],
                             row[COST] - carbon.get(row["key"], 0.0), emissions,
                             {path: row[path] for path in varied})  # fmt: skip
