"""Results side by side as one table: which columns, which runs, in which order."""

from __future__ import annotations

import re

import polars as pl
from polars.exceptions import PolarsError

from app.studies.ensembles.runs import Ensemble, check_columns, is_shown
from grid.errors import InputError

ALL = "all"
"""Stands for every column."""
FIRST = ("name", "status")
_TEXT = r"'(?:[^']|'')*'|\"(?:[^\"]|\"\")*\""


def results_table(
    ensemble: Ensemble,
    columns: tuple[str, ...] = (),
    *,
    sort: str | None = None,
    descending: bool = False,
    where: str | None = None,
) -> pl.DataFrame:
    """A row a run, whatever its status.

    Args:
        ensemble: The runs.
        columns: Which columns, `all` for every one; without any, name, status, what was varied, and the figures that
            the dashboard and the demonstration show, if any run has them.
        sort: Column to sort by; runs without a value are last.
        descending: Whether the greatest value is first.
        where: Only runs of which this condition is true, in SQL: ``cost < 1000 AND status = 'done'``.

    Raises:
        InputError: If a column is unknown, or the condition is none; all faults of the columns at once.
    """
    known = ensemble.runs.columns
    if columns == (ALL,):
        columns = tuple(known)
    check_columns({"--columns": columns, "--sort": [] if sort is None else [sort]}, known)
    runs = ensemble.runs if where is None else _where(ensemble.runs, where)
    if sort is not None:
        runs = runs.sort(sort, descending=descending, nulls_last=True, maintain_order=True)
    return runs.select(columns or _usual(ensemble))


def _usual(ensemble: Ensemble) -> list[str]:
    """The columns that are shown without being asked for."""
    figures = [key for key in ensemble.figures if is_shown(key) and ensemble.runs[key].is_not_null().any()]
    return [*(name for name in FIRST if name in ensemble.runs.columns), *ensemble.parameters, *figures]


def _where(runs: pl.DataFrame, condition: str) -> pl.DataFrame:
    """The runs of which an SQL condition is true. Names of columns need no quotes, whatever signs are in them."""
    try:
        found = pl.sql_expr(_quoted(condition, runs.columns))
        check_columns({"--where": found.meta.root_names()}, runs.columns)
        return runs.filter(found)
    except PolarsError as error:
        reason = str(error).split("\n")[0]
        rule = f"must be a condition in SQL on the columns ({reason})"
        raise InputError.single("--where", rule, condition) from error


def _quoted(condition: str, columns: list[str]) -> str:
    """The condition with quotes around the columns whose names SQL would take for something else."""
    unusual = sorted((name for name in columns if not name.isidentifier()), key=len, reverse=True)
    names = "|".join(re.escape(name) for name in unusual)
    pattern = rf"{_TEXT}|(?<![\w.])(?P<name>{names})(?![\w.])" if names else _TEXT

    def quote(found: re.Match[str]) -> str:
        name = found.groupdict().get("name")
        return found[0] if name is None else '"' + name.replace('"', '""') + '"'

    return re.sub(pattern, quote, condition)
