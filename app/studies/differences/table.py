"""What explains the difference between two results, as one table."""

from __future__ import annotations

from collections.abc import Iterator

import polars as pl

from app.results.comparison import what_differs
from app.results.folder import Result
from app.studies.differences.cost import COST_KINDS, cost_difference
from app.studies.differences.emissions import KINDS, average_difference, marginal_difference
from app.studies.differences.explanation import Explanation
from app.studies.differences.run_ledger import run_ledger
from grid.errors import InputError

BY_AVERAGE, BY_MARGINAL = "by average intensity [t]", "by marginal intensity [t]"
"""Columns of the two ways to count emissions: the first is the inventory, the second what the change causes."""
_LEAST = 1e-9
"""Share of a figure below which a cause is rounding: it is shown as none, and a use of it is not listed."""


def explain(before: Result, after: Result) -> tuple[Explanation, Explanation, Explanation]:
    """What explains the difference of two results: emissions by average and by marginal intensity, and cost.

    Raises:
        InputError: If the two may not be compared, or one lacks a key figure.
    """
    why = what_differs(before, after)
    if why:
        raise InputError.single(str(after.path), f"{why}, so it is not compared with {before.path}")
    ledgers = run_ledger(before), run_ledger(after)
    currency = str(after.manifest.get("currency", ""))
    return average_difference(*ledgers), marginal_difference(*ledgers), cost_difference(*ledgers, currency)


def explanation_table(before: Result, after: Result) -> pl.DataFrame:
    """A row for each figure of the two results, then one for each kind of cause and each use of energy in it.

    Returns:
        Columns `what`, `of` (the use; empty for the sum of a kind), `BY_AVERAGE`, `BY_MARGINAL` and the cost. The
        figure by marginal intensity of one result is no total and is left out; kinds of cause are null where the figure
        has none of the kind.

    Raises:
        InputError: If the two may not be compared, or one lacks a key figure.
    """
    average, marginal, cost = explain(before, after)
    named = {BY_AVERAGE: average, BY_MARGINAL: marginal, f"cost [{cost.unit}]": cost}
    shown = [(one.before, one.after) for one in (average, cost)]
    rows: list[tuple[str, str, *tuple[float | None, ...]]] = [
        (after.name, "", shown[0][1], None, shown[1][1]),
        (before.name, "", shown[0][0], None, shown[1][0]),
        ("difference", "", *(one.change for one in named.values())),
        *_rows_of_causes(tuple(named.values())),
    ]
    schema = {"what": pl.String, "of": pl.String, **dict.fromkeys(named, pl.Float64)}
    return pl.DataFrame(rows, schema=schema, orient="row")


def _rows_of_causes(explained: tuple[Explanation, ...]) -> Iterator[tuple[str, str, *tuple[float | None, ...]]]:
    kinds = dict.fromkeys([*KINDS[:-1], *COST_KINDS[:-1], KINDS[-1]])
    for kind in kinds:
        yield kind, "", *(_shown(one.by_kind().get(kind), one) for one in explained)
        uses = dict.fromkeys(c.of for one in explained for c in one.causes if c.kind == kind and c.of)
        for use in uses:
            amounts = [
                sum(c.amount for c in one.causes if (c.kind, c.of) == (kind, use)) if kind in one.kinds else None
                for one in explained
            ]
            shown = [_shown(amount, one) for amount, one in zip(amounts, explained, strict=True)]
            if any(shown):
                yield kind, use, *shown


def _shown(amount: float | None, one: Explanation) -> float | None:
    """An amount without what rounding leaves of a figure."""
    return 0.0 if amount is not None and abs(amount) <= _LEAST * abs(one.before) else amount
