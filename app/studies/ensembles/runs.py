"""The runs of a sweep, or any results side by side: what was varied, how each ended, and its key figures."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache

import polars as pl

from app.results.key_figures import CURRENCY, Declared, declarations, figure_named
from grid.errors import Fault, InputError, nearest

DONE, INFEASIBLE = "done", "infeasible"
SAMPLE = ("sample", "matrix", "column", "replication")
"""Columns of a sampled sweep: which sample a run belongs to; of a Saltelli design its matrix and, of A with a column of
B, that parameter; which replication (weather, year, seed) of it the run is."""
SHARE_DIGITS = 2
"""Digits that a share has more than the same share in per cent."""
UNSOLVED = "failed_steps"
"""Key figure that counts steps without a solution of the power flow; a run with any is compared with none."""


@dataclass(frozen=True)
class Ensemble:
    """Runs side by side.

    Args:
        source: Where they lie, as the user wrote it.
        runs: A row a run, in the order of the sweep: `name`, `status`, what was varied, and the key figures, which are
            null where a run has none.
        parameters: Columns of what was varied.
        figures: Columns that are key figures.
        currency: Currency of the runs; empty if it is not known, or not the same in all.
    """

    source: str
    runs: pl.DataFrame
    parameters: tuple[str, ...]
    figures: tuple[str, ...]
    currency: str = ""

    def counted(self) -> str:
        """How many runs there are, by how they ended: ``40 runs: 37 done, 2 infeasible, 1 failed``."""
        counts = self.runs.group_by("status", maintain_order=True).len().sort("len", descending=True)
        ended = ", ".join(f"{number} {status}" for status, number in counts.iter_rows())
        return f"{self.runs.height} run{'s' * (self.runs.height != 1)}: {ended}"

    def unit(self, key: str) -> str:
        """Unit of a column; empty for a number without one and for what is no key figure."""
        declared = declared_figure(key)
        if declared is None:
            return ""
        return {CURRENCY: self.currency or CURRENCY, "1": ""}.get(declared.figure.unit, declared.figure.unit)

    def words(self, key: str) -> str:
        """A column in words: ``emissions, average intensity``, ``north: PUE``; what was varied by its path."""
        declared = declared_figure(key)
        if declared is None:
            return key
        return declared.figure.label if declared.member is None else f"{declared.member}: {declared.figure.label}"

    def label(self, key: str) -> str:
        """A column in words, with its unit: ``emissions, average intensity [t]``."""
        return f"{self.words(key)} [{self.unit(key)}]" if self.unit(key) else self.words(key)


@dataclass(frozen=True)
class Chosen:
    """The runs that a study counts, and what it says of the others.

    Args:
        runs: The runs counted.
        notes: A sentence for each group of runs that is left out, or counted although it is infeasible.
    """

    runs: pl.DataFrame
    notes: tuple[str, ...]


@lru_cache(maxsize=1024)
def declared_figure(key: str) -> Declared | None:
    """The declaration of a key figure; None for another column."""
    try:
        return figure_named(key)
    except InputError:
        return None


def in_order(figures: Iterable[str]) -> tuple[str, ...]:
    """Key figures in the order of their declaration, those of families after the others, in theirs."""
    place = {key: number for number, key in enumerate(declarations().figures)}
    return tuple(sorted(figures, key=lambda key: place.get(key, len(place))))


def is_shown(key: str) -> bool:
    """Whether a column is a key figure that the dashboard or the demonstration shows by its value."""
    declared = declared_figure(key)
    return declared is not None and bool(declared.figure.shown) and not declared.figure.only_differences


def number_format(key: str) -> str:
    """How numbers of a column are formatted: with the digits that a key figure is declared to have, else with six."""
    declared = declared_figure(key)
    if declared is None:
        return ",.6g"
    return f",.{declared.figure.digits + SHARE_DIGITS * declared.figure.percent}f"


def check_columns(asked: Mapping[str, Iterable[str]], known: Iterable[str]) -> None:
    """Compares names, by the option that asks for them, with the columns that there are.

    Raises:
        InputError: If any is unknown; all at once, each with the nearest one.
    """
    columns = list(known)
    faults = [Fault(place, "no such column", name, nearest(name, columns))
              for place, names in asked.items() for name in names if name not in columns]  # fmt: skip
    if faults:
        raise InputError(faults, "the columns asked for")


def choose(ensemble: Ensemble, columns: Iterable[str], *, with_infeasible: bool = False) -> Chosen:
    """The runs that a study of `columns` may count.

    A run that kept not every limit or met not every need answers another question than one that did, so it is counted
    only if asked for; a run with steps without a solution of the power flow is not even then.

    Args:
        ensemble: The runs.
        columns: Columns in which a run must have a value.
        with_infeasible: Whether infeasible runs count too.

    Raises:
        InputError: If no run is left.
    """
    ended = (DONE, INFEASIBLE) if with_infeasible else (DONE,)
    runs, notes = ensemble.runs, []
    for status, number in runs.group_by("status", maintain_order=True).len().iter_rows():
        if status == INFEASIBLE and with_infeasible:
            notes.append(f"{_runs(number)} infeasible and counted")
        elif status not in ended:
            notes.append(f"left out: {_runs(number)} {status}")
    runs = runs.filter(pl.col("status").is_in(ended))
    if UNSOLVED in runs.columns:
        unsolved = pl.col(UNSOLVED).fill_null(0) > 0
        runs, notes = _leave_out(runs, unsolved, "with steps without a solution of the power flow", notes)
    for name in columns:
        runs, notes = _leave_out(runs, ~pl.col(name).is_not_null(), f"without {name}", notes)
    if runs.is_empty():
        raise InputError.single("", f"no run to count ({'; '.join(notes) or 'there is none'})")
    return Chosen(runs, tuple(notes))


def _leave_out(runs: pl.DataFrame, which: pl.Expr, reason: str, notes: list[str]) -> tuple[pl.DataFrame, list[str]]:
    kept = runs.filter(~which)
    dropped = runs.height - kept.height
    return kept, [*notes, f"left out: {_runs(dropped)} {reason}"] if dropped else notes


def _runs(number: int) -> str:
    return f"{number} run{'s' * (number != 1)}"
