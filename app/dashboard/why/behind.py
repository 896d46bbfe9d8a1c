"""What a chart or a table is made from, declared beside it, and the button that asks for it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

from dash import html
from dash.development.base_component import Component

from app.dashboard.view import View
from app.dashboard.why.attributes import hyphened
from app.dashboard.why.formula_names import names_in, of_key_figures
from app.results.columns import DECLARED
from grid.errors import Fault, InputError, nearest, raise_if_any

OF_CHART = "chart:"
"""How the subject of a chart or a table begins in an address; what follows is its key. Others are key figures."""
_LONGEST = 2000


@dataclass(frozen=True)
class Behind:
    """What a chart or a table is made from.

    Args:
        tables: Tables of the result that it reads, of `app.results.columns.DECLARED`.
        columns: Columns of these tables that it shows, or follows from.
        how: What is done with them, in words.
        convention: The accounting convention; empty where no carbon is in it.
        figures: Key figures of the summary that it shows.
        headings: Of its table, each heading with its formula over columns of `tables` and key figures. Names without an
            underscore stand in backticks; the rest is words.

    Raises:
        InputError: If there is no such table or column.
    """

    tables: tuple[str, ...]
    columns: tuple[str, ...]
    how: str
    convention: str = ""
    figures: tuple[str, ...] = ()
    headings: tuple[tuple[str, str], ...] = ()

    def of_columns(self, formulae: Mapping[str, str]) -> Behind:
        """The same with how each column of its table is made, by its heading."""
        return replace(self, headings=tuple(formulae.items()))

    def __post_init__(self) -> None:
        raise_if_any([*self._faults()], "what a chart is made from")

    def _faults(self) -> list[Fault]:
        unknown = [Fault("tables", "no such table", name, nearest(name, DECLARED))
                   for name in self.tables if name not in DECLARED]  # fmt: skip
        if unknown:
            return unknown
        known = {column for name in self.tables for column in DECLARED[name].columns}
        found = [Fault("columns", f"no such column in {', '.join(self.tables)}", name, nearest(name, known))
                 for name in self.columns if name not in known]  # fmt: skip
        named = {name for _, formula in self.headings for name in names_in(formula) if name not in known}
        lacking = named - of_key_figures() if named else named
        return found + [Fault("headings", "no such column or key figure", name, nearest(name, known))
                        for name in sorted(lacking)]  # fmt: skip

    def as_json(self) -> str:
        """As a page carries it, so that the server needs not to remember what it showed."""
        return json.dumps(asdict(self), ensure_ascii=False)


def read_behind(text: object) -> Behind | None:
    """What a page carried; None if it is no such thing, as when somebody else made the request."""
    if not isinstance(text, str):
        return None
    try:
        content: Any = json.loads(text)
    except (ValueError, RecursionError):
        return None
    if not isinstance(content, Mapping) or content.keys() != Behind.__dataclass_fields__.keys():
        return None
    lists = {name: content[name] for name in ("tables", "columns", "figures")}
    words = {name: content[name] for name in ("how", "convention")}
    listed = all(isinstance(value, list) and all(isinstance(one, str) for one in value) for value in lists.values())
    headings = _pairs(content["headings"])
    if (
        headings is None
        or not listed
        or not all(isinstance(value, str) and len(value) < _LONGEST for value in words.values())
    ):
        return None
    try:
        return Behind(tuple(content["tables"]), tuple(content["columns"]), content["how"], content["convention"],
                      tuple(content["figures"]), headings)  # fmt: skip
    except InputError:
        return None


def _pairs(content: object) -> tuple[tuple[str, str], ...] | None:
    """Headings with their formulae; None if it is no such thing."""
    if not isinstance(content, list) or not all(isinstance(one, list) and len(one) == 2 for one in content):
        return None
    texts = all(isinstance(text, str) and len(text) < _LONGEST for one in content for text in one)
    return tuple((str(heading), str(formula)) for heading, formula in content) if texts else None


def button(view: View, subject: str, of: str = "") -> Component:
    """The button that opens the account of a key figure; nothing where the result has no such figure.

    Args:
        view: The result looked at.
        subject: Key of the figure in the summary, e.g. ``emissions_t``, ``data_centres.north.pue``.
        of: What it is called, for those who do not see the page; the key if empty.
    """
    return why_button(subject, of or subject) if subject in view.result.summary else html.Span()


def why_button(subject: str, of: str, behind: Behind | None = None) -> Component:
    """The button that opens the account of a subject.

    Args:
        subject: A key figure, or `OF_CHART` and the key of a chart.
        of: What it is called.
        behind: What a chart is made from.
    """
    carried = {} if behind is None else {"data_behind": behind.as_json()}
    named = hyphened(aria_label=f"Why? {of}", data_why=subject, data_title=of, aria_haspopup="dialog", **carried)
    return html.Button("Why?", className="why", type="button", **named)
