"""How each column of a table on a page is made: formula, inputs, unit, and whether emission factors are in it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from dash import html
from dash.development.base_component import Component

from app.dashboard.why.behind import Behind
from app.dashboard.why.formula_names import names_in
from app.results.columns import DECLARED
from app.results.key_figures import KeyFigure, declarations

_UNIT = re.compile(r"\[([^\]]+)\]")
_OF_CARBON = re.compile(r"^(t|t/year|kg|kg/h|kg/kWh|kg/MWh|kg/kg|g/kWh|g/km|k?g)$")
"""Units of what rests on emission factors; kilograms of hydrogen are named in `_NO_CARBON`."""
_NO_CARBON = frozenset({"refuelled_kg", "tank_kg", "hydrogen_kg"})


def column_accounts(behind: Behind, n_factors: int) -> Component:
    """The columns of a table, one below the other.

    Args:
        behind: What the table is made from.
        n_factors: Number of emission factors that the result used.
    """
    return html.Ul([html.Li([*_account(heading, formula, behind.tables, n_factors)])
                    for heading, formula in behind.headings], className="columns")  # fmt: skip


def _account(heading: str, formula: str, tables: Sequence[str], n_factors: int) -> Iterator[Component]:
    columns, figures = _columns(formula, tables), _figures(formula, tables)
    yield html.Strong(heading)
    yield html.Div(html.Code(formula.replace("`", "")))
    for place, meaning, unit in columns:
        yield html.Div([html.Code(place), f": {meaning}{f' [{unit}]' if unit else ''}"])
    for name, figure in figures.items():
        unit = "" if figure.unit == "1" else f" [{figure.unit}]"
        yield html.Div([html.Code(name), f": {figure.meaning}{unit}; ", html.Code(figure.sql)])
    if rests_on_factors(heading, formula, tables):
        words = f"Rests on the emission factors that the run used: {n_factors}, named below."
    else:
        words = "No emission factor is in it."
    yield html.Div(words, className="muted")


def rests_on_factors(heading: str, formula: str, tables: Sequence[str]) -> bool:
    """Whether emission factors are in a column: by what its formula reads, else by the unit in its heading."""
    columns, figures = _columns(formula, tables), _figures(formula, tables)
    if columns or figures:
        of_columns = any(_OF_CARBON.match(unit) and place.partition(".")[2] not in _NO_CARBON
                         for place, _, unit in columns)  # fmt: skip
        return of_columns or any(figure.by_factors for figure in figures.values())
    unit = _UNIT.search(heading)
    return unit is not None and _OF_CARBON.match(unit[1].split(",")[0].split(" ")[0]) is not None


def _columns(formula: str, tables: Sequence[str]) -> list[tuple[str, str, str]]:
    """Columns that a formula names: place, meaning, unit."""
    return [(f"{table}.{name}", DECLARED[table].columns[name].meaning, DECLARED[table].columns[name].unit)
            for name in names_in(formula) for table in tables if name in DECLARED[table].columns]  # fmt: skip


def _figures(formula: str, tables: Sequence[str]) -> dict[str, KeyFigure]:
    """Key figures that a formula names, and no column of the tables."""
    known = declarations()
    of_families = {name: one for family in known.families.values() for name, one in family.figures.items()}
    found = of_families | known.figures
    columns = {column for table in tables for column in DECLARED[table].columns}
    return {name: found[name] for name in names_in(formula) if name in found and name not in columns}
