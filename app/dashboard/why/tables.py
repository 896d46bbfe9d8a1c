"""Tables of pages: short ones as HTML, long ones behind a disclosure whose rows are fetched when it is opened."""

from __future__ import annotations

import datetime as dt
import hashlib
import io
import math
import threading
from collections import OrderedDict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

import polars as pl
from dash import html
from dash.development.base_component import Component

from app.dashboard.text import counted, figure
from app.dashboard.why.attributes import hyphened

SUMMARY, ROWS = "table-summary", "table-rows"
"""Types of the ids of what opens a table and of where its rows go; their key is that of the table."""
MOST_CELLS = 60
"""Cells up to which a table stands on the page as HTML: each is a component, which costs the browser time."""
MOST_BYTES = 64 << 20
"""Memory of the tables that are kept [B]."""
TOTAL = "Total"
MANY = 10_000
"""Whole numbers from which thousands are set apart; below it they may be years."""


@dataclass(frozen=True, eq=False)
class PageTable:
    """A table as a page shows it.

    Args:
        title: What it is called.
        frame: Its rows.
        digits: Digits after the decimal point of its numbers.
        total: Values of a last row over all rows, by column; empty if nothing can be summed.
    """

    title: str
    frame: pl.DataFrame
    digits: int
    total: Mapping[str, Any]

    @property
    def key(self) -> str:
        """A digest of its content, which names it in addresses."""
        found, content = hashlib.blake2b(digest_size=12), io.BytesIO()
        self.frame.write_ipc(content)
        found.update(content.getbuffer())
        found.update(repr((self.title, self.digits, sorted(self.total.items()))).encode())
        return found.hexdigest()


class KeptTables:
    """The tables of the pages made last, by key; those not asked for longest go when all take too much memory.

    Args:
        most_bytes: Memory that they may take [B]; the last one stays whatever it takes.
    """

    def __init__(self, most_bytes: int = MOST_BYTES) -> None:
        self._most_bytes = most_bytes
        self._tables: OrderedDict[str, PageTable] = OrderedDict()
        self._bytes = 0.0
        self._lock = threading.Lock()

    def keep(self, table: PageTable) -> str:
        """Keeps a table and gives its key."""
        key = table.key
        with self._lock:
            if key not in self._tables:
                self._tables[key] = table
                self._bytes += table.frame.estimated_size()
            self._tables.move_to_end(key)
            while self._bytes > self._most_bytes and len(self._tables) > 1:
                _, gone = self._tables.popitem(last=False)
                self._bytes -= gone.frame.estimated_size()
        return key

    def find(self, key: str) -> PageTable | None:
        """The table of a key; None if it is not kept."""
        with self._lock:
            if key in self._tables:
                self._tables.move_to_end(key)
            return self._tables.get(key)


KEPT = KeptTables()
"""The tables of the pages that this process serves."""


def summed(frame: pl.DataFrame, columns: Iterable[str]) -> dict[str, float | None]:
    """A row of totals: the sums of some columns, null where a column has no value."""
    return {name: _sum(frame[name]) for name in columns}


def _sum(values: pl.Series) -> float | None:
    known = values.drop_nulls()
    return float(known.sum()) if len(known) else None


def table_view(table: PageTable, *, opens: str = "") -> Component:
    """A table: as HTML if it is short, else what opens it.

    Args:
        table: The table.
        opens: The words that open it. If empty, a short table stands open.
    """
    if not opens and table.frame.height * table.frame.width <= MOST_CELLS:
        return html.Div(
            html_table(table), className="scroll", tabIndex=0, role="region", **hyphened(aria_label=table.title)
        )
    key = KEPT.keep(table)
    words = f"{opens or 'The table'}: {counted(table.frame.height, 'row')}"
    return html.Details(
        [html.Summary(words, id={"type": SUMMARY, "key": key}), html.Div("…", id={"type": ROWS, "key": key})],
        className="disclosure", **hyphened(data_table=table.title),
    )  # fmt: skip


def html_table(table: PageTable) -> Component:
    """A table as HTML."""
    frame = table.frame
    numeric = [dtype.is_numeric() for dtype in frame.dtypes]
    head = [html.Th(name, scope="col", className="number" if is_number else "")
            for name, is_number in zip(frame.columns, numeric, strict=True)]  # fmt: skip
    body = [html.Tr(_cells(row, numeric, table.digits)) for row in frame.iter_rows()]
    foot = [html.Tfoot(html.Tr(_cells(total_row(table).values(), numeric, table.digits)))] if table.total else []
    return html.Table([html.Thead(html.Tr(head)), html.Tbody(body), *foot])


def total_row(table: PageTable) -> dict[str, Any]:
    """The last row of a table by its columns: the totals, and the word for them in the first column without one."""
    row = {name: table.total.get(name) for name in table.frame.columns}
    first = next((name for name in table.frame.columns if name not in table.total), None)
    return row if first is None else {**row, first: TOTAL}


def _cells(row: Iterable[Any], numeric: Iterable[bool], digits: int) -> list[Component]:
    return [html.Td(shown(value, digits), className="number" if is_number else "")
            for value, is_number in zip(row, numeric, strict=True)]  # fmt: skip


def shown(value: object, digits: int) -> str:
    """A cell as people read it."""
    if isinstance(value, float):
        return figure(value, digits)
    if isinstance(value, int) and abs(value) >= MANY:
        return figure(value, 0)
    return "" if value is None else str(value)


def plain(value: object, zone: str) -> object:
    """A cell as JSON holds it: a number without infinities, a time as local text, else text."""
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dt.datetime):
        moment = value if value.tzinfo is None else value.astimezone(ZoneInfo(zone))
        return f"{moment:%Y-%m-%d %H:%M}"
    return str(value)
