"""The key figures of a result, each declared once in ``key_figures.yaml``."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Set
from dataclasses import dataclass, field
from functools import cache
from importlib import resources
from typing import Any, Literal

import polars as pl
from pydantic import Field

from grid.errors import InputError, nearest
from grid.files.plain_yaml import plain_yaml
from grid.sharing import keep_latest
from grid.spec import Spec
from grid.units import PERCENT

Tables = Callable[[str], pl.LazyFrame]
"""Gives a table of a result by its name, one of `app.results.columns.TABLES`."""
Value = float | int | None
"""A key figure: a count is an int; None is a figure that does not exist in the run."""
Compared = Literal["relative", "points", "count", "amount"]
"""How two runs are compared: in per cent, by percentage points of two shares, by the difference of counts, or by the
amount of the difference, with its share in per cent."""
DIGITS = 12
"""Significant digits of key figures: later ones depend on the order in which threads add up the rows of a table."""
CURRENCY = "currency"
"""Unit of an amount of money in the currency of the scenario."""
_MEMBER = "{member}"
_WORD = re.compile(r"\w+")


@dataclass(frozen=True)
class WrittenTable:
    """A table of a result that has been written.

    Args:
        sha256: Hash of its file.
        read: Gives the table, as it will be read again.
        columns: What tells a column from that of another run, by name; empty where the hash alone does.
    """

    sha256: str
    read: Callable[[], pl.LazyFrame]
    columns: Mapping[str, Hashable] = field(default_factory=dict)

    def state(self, words: Set[str]) -> Hashable:
        """What tells what a query reads of it from that of another run.

        Args:
            words: All words of the query: a column whose name is none of them is not read.
        """
        found = tuple(column for name, column in self.columns.items() if name in words)
        return found or self.sha256


@dataclass(frozen=True)
class WrittenTables:
    """`Tables` of a result that has been written, by name."""

    written: Mapping[str, WrittenTable]

    def __call__(self, name: str) -> pl.LazyFrame:
        """The table of a name."""
        return self.written[name].read()

    def states(self, names: Iterable[str], sql: str) -> tuple[Hashable, ...]:
        """What tells what a query reads of some tables from that of another run."""
        words = frozenset(_WORD.findall(sql))
        return tuple(self.written[name].state(words) for name in names)


class KeyFigure(Spec):
    """The declaration of a key figure."""

    label: str
    """What it is called, in lower case unless a name or abbreviation."""
    unit: str
    """Unit of the value: `1` for a number without unit, `currency` for the scenario's currency."""
    digits: int = Field(default=1, ge=0)
    """Digits after the decimal point where it is shown."""
    sql: str
    """Formula over the tables of the result; `{member}` stands for the quoted name of a member of a family."""
    meaning: str
    """What it counts."""
    by_factors: bool = False
    """Whether emission factors are behind it."""
    percent: bool = False
    """Whether a share is shown in per cent."""
    compared: Compared = "relative"
    """How two runs are compared: in per cent, by points of shares, by the difference of counts, or by amount."""
    only_differences: bool = False
    """Whether only the difference of two runs means something, so that the value of one run is not shown."""
    share_of: str | None = None
    """Key of the figure of which a difference is stated in per cent; null for the figure itself."""
    use: str = ""
    """What it may be used for, in one sentence, where there is another figure of the same thing."""
    better: Literal["lower", "higher"] | None = None
    """Which of two values is the better one; null where neither is."""
    absent: str = "not computed in this result"
    """Why there may be no figure."""
    shown: tuple[Literal["demo", "overview"], ...] = ()
    """Where it is shown besides the summary: the comparison of the demonstration, the tiles of the page Overview."""

    @property
    def tables(self) -> tuple[str, ...]:
        """Names of the tables that the formula reads, in the order in which it names them."""
        return tuple(dict.fromkeys(re.findall(r"\b(?:FROM|JOIN)\s+(\w+)", self.sql)))

    def shown_unit(self, currency: str) -> str:
        """Its unit as shown: per cent for shares, the scenario's `currency` for money, empty for plain numbers."""
        if self.percent:
            return "%"
        return {CURRENCY: currency, "1": ""}.get(self.unit, self.unit)

    def shown_value(self, value: Value) -> float | None:
        """A value in the unit in which it is shown."""
        return None if value is None else float(value) * (PERCENT if self.percent else 1.0)

    def of_member(self, member: str) -> KeyFigure:
        """The figure of one member of its family."""
        quoted = "'" + member.replace("'", "''") + "'"
        return self.model_copy(update={"sql": self.sql.replace(_MEMBER, quoted)})


class Family(Spec):
    """Key figures that each of several members has, such as every data centre, with keys ``family.member.figure``."""

    table: str
    """Table that has rows of every member."""
    column: str
    """Column of the table that names the member."""
    figures: dict[str, KeyFigure]
    """The figures of a member by the last part of their keys."""

    def members(self, table: Tables) -> list[str]:
        """Names of the members in a result, in the order of its table."""
        if isinstance(table, WrittenTables):
            takes = self.column, table.states([self.table], self.column)
            return list(keep_latest(f"members in {self.table}", takes, lambda: self._named(table)))
        return self._named(table)

    def _named(self, table: Tables) -> list[str]:
        names = table(self.table).select(pl.col(self.column).unique(maintain_order=True).cast(pl.String))
        return names.collect()[self.column].to_list()


class Declarations(Spec):
    """The content of ``key_figures.yaml``."""

    figures: dict[str, KeyFigure]
    """Figures of the run by key, in the order of the summary."""
    families: dict[str, Family]
    """Families of figures by the first part of their keys."""


@dataclass(frozen=True)
class Declared:
    """A key figure with its key; of a family, with the names of the family and of the member.

    Args:
        key: Key of the summary.
        figure: Its declaration, for this member.
        family: Name of its family; None for a figure of the run.
        member: Name of the member; None for a figure of the run.
    """

    key: str
    figure: KeyFigure
    family: str | None = None
    member: str | None = None


@cache
def declarations() -> Declarations:
    """All key figures and families, as declared."""
    text = (resources.files("app.results") / "key_figures.yaml").read_text("utf-8")
    return Declarations.model_validate(plain_yaml(text))


def shown_in(place: Literal["demo", "overview"]) -> dict[str, KeyFigure]:
    """The key figures shown at a place, by key, in the order of the summary."""
    return {key: figure for key, figure in declarations().figures.items() if place in figure.shown}


def figure_named(key: str) -> Declared:
    """The declaration of a key of the summary.

    Raises:
        InputError: If no key figure is called so.
    """
    known = declarations()
    if key in known.figures:
        return Declared(key, known.figures[key])
    family, _, rest = key.partition(".")
    member, _, name = rest.rpartition(".")
    if member and family in known.families and name in known.families[family].figures:
        return Declared(key, known.families[family].figures[name].of_member(member), family, member)
    raise InputError.single("NAME", "no such key figure", key, nearest(key, known.figures))


def figures_of(table: Tables) -> Iterator[Declared]:
    """All key figures of a result with these tables, those of families for each member."""
    for key, figure in declarations().figures.items():
        yield Declared(key, figure)
    for name, family in declarations().families.items():
        for member in family.members(table):
            for key in family.figures:
                yield figure_named(f"{name}.{member}.{key}")


def evaluate(declared: Iterable[Declared], table: Tables) -> dict[str, Value]:
    """Computes key figures from the tables of a result, by their formulae.

    Only the columns that the formulae name are read, every table once.

    Args:
        declared: Which figures.
        table: Gives each table.

    Returns:
        The values by key; None where the formula gives nothing or no finite number.
    """
    chosen = list(declared)
    asked = list(_queries(chosen))
    answers = [_answer(query, table) for query in asked]
    missing = [(query, answer) for query, answer in zip(asked, answers, strict=True) if answer.row is None]
    read = sorted({name for query, _ in missing for name in query.tables})
    context = pl.SQLContext({name: table(name) for name in read})
    found = pl.collect_all([context.execute(query.sql) for query, _ in missing])
    for (_, answer), frame in zip(missing, found, strict=True):
        answer.row = frame.row(0)
    values = {key: value for query, answer in zip(asked, answers, strict=True)
              for key, value in zip(query.keys, answer.row or (), strict=True)}  # fmt: skip
    return {one.key: _known(values[one.key]) for one in chosen}


@dataclass
class _Answer:
    """What a query gives; None until it has been asked."""

    row: tuple[Any, ...] | None = None


def _answer(query: _Query, table: Tables) -> _Answer:
    """What a query gave in the run before, if that wrote the same of all that it reads; else none yet."""
    if not isinstance(table, WrittenTables):
        return _Answer()
    return keep_latest(f"key figures of {query.rows}", (query.sql, table.states(query.tables, query.sql)), _Answer)


@dataclass(frozen=True)
class _Query:
    """The formulae of figures of the same rows, as one: planning a query takes most of its time.

    Args:
        keys: Keys of the figures, in the order of the columns that it gives.
        rows: Which rows they are of, as SQL.
        sql: The query.
        tables: Names of the tables that it reads.
    """

    keys: tuple[str, ...]
    rows: str
    sql: str
    tables: tuple[str, ...]


def _queries(chosen: Iterable[Declared]) -> Iterator[_Query]:
    """The queries of all figures."""
    of_rows: dict[str, list[tuple[Declared, str]]] = {}
    for one in chosen:
        term, _, rows = one.figure.sql.removeprefix("SELECT ").rpartition(" FROM ")
        of_rows.setdefault(rows, []).append((one, term))
    for rows, asked in of_rows.items():
        terms = ", ".join(f"({term}) AS figure_{place}" for place, (_, term) in enumerate(asked))
        tables = tuple(dict.fromkeys(name for one, _ in asked for name in one.figure.tables))
        sql = f"SELECT {terms} FROM {rows}"  # noqa: S608  of our own declarations
        yield _Query(tuple(one.key for one, _ in asked), rows, sql, tables)


def summarise(table: Tables) -> dict[str, Value]:
    """The contents of ``summary.json``: every key figure of a result with these tables."""
    return evaluate(figures_of(table), table)


def comparable(*summaries: Mapping[str, Any]) -> bool:
    """Whether results may be compared: steps without a solution of the power flow are counted without their losses."""
    return not any(summary.get("failed_steps") for summary in summaries)


def _known(value: Value) -> Value:
    """A figure to `DIGITS` significant digits; None if it is no finite number."""
    if value is None or not math.isfinite(value):
        return None
    return float(f"{value:.{DIGITS}g}") if isinstance(value, float) else value
