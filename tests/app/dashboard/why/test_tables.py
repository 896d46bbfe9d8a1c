"""Tables of pages: which stand open, what is kept of the others, and what the server gives when one is opened."""

from __future__ import annotations

import datetime as dt
import io
import json
import re
from typing import Any
from urllib.parse import quote

import polars as pl
import pytest

from app.dashboard import cards, create_app
from app.dashboard.why.grid import MOST_ROWS, grid_of
from app.dashboard.why.table_rows import csv_of, file_name
from app.dashboard.why.tables import KEPT, KeptTables, PageTable, summed, table_view, total_row
from app.results.folder import Result

ROWS = pl.DataFrame({"Sector": ["Homes", "Shops", "岸"], "Energy [MWh]": [1.5, float("nan"), None], "Steps": [3, 1, 2]})


def table(frame: pl.DataFrame = ROWS, title: str = "Totals", **total: Any) -> PageTable:
    return PageTable(title, frame, 2, total)


def opened(frame: pl.DataFrame, **total: Any) -> Any:
    """The component of a table that was opened."""
    where = {"path": "/ev", "search": "?result=a", "theme": "dark"}
    return grid_of(table(frame, **total), "key", theme="dark", zone="Europe/Berlin", name="a", where=where)


def test_a_key_is_that_of_the_content() -> None:
    assert table().key == table(ROWS.clone()).key
    others = [table(ROWS.head(2)), table(title="Others"), table(Steps=6), PageTable("Totals", ROWS, 3, {})]
    assert len({one.key for one in (table(), *others)}) == 5


def test_those_not_asked_for_longest_go_first() -> None:
    tables = [table(pl.DataFrame({"x": [float(k)] * 1000})) for k in range(3)]
    kept = KeptTables(most_bytes=2 * 8000)
    first, second = kept.keep(tables[0]), kept.keep(tables[1])
    assert kept.find(first) is tables[0]
    third = kept.keep(tables[2])
    assert [kept.find(key) for key in (first, second, third)] == [tables[0], None, tables[2]]
    large = table(pl.DataFrame({"x": [0.5] * 10_000}))
    assert kept.find(kept.keep(large)) is large


def test_short_tables_stand_open_and_long_ones_fetch_their_rows() -> None:
    assert "Homes" in str(table_view(table()))
    long = table(pl.DataFrame({"x": range(200)}))
    closed = table_view(long)
    assert "AgGrid" not in str(closed)
    assert KEPT.find(long.key) is long
    assert "200 rows" in str(closed)
    assert "3 rows" in str(table_view(table(), opens="The numbers as a table"))


def test_totals_are_of_all_rows_and_say_so() -> None:
    totals = summed(ROWS, ["Energy [MWh]", "Steps"])
    assert totals["Steps"] == 6
    assert total_row(table(Steps=6.0)) == {"Sector": "Total", "Energy [MWh]": None, "Steps": 6.0}
    many = pl.DataFrame({"name": ["a"] * (MOST_ROWS + 5), "kg": [1.0] * (MOST_ROWS + 5)})
    shown = opened(many, **summed(many, ["kg"])).children[1].children
    assert len(shown.rowData) == MOST_ROWS
    assert shown.dashGridOptions["pinnedBottomRowData"] == [{"c0": "Total", "c1": MOST_ROWS + 5.0}]


def test_cells_are_what_json_holds_and_times_are_local() -> None:
    at = pl.DataFrame({"time": [dt.datetime(2030, 6, 3, 17, 15, tzinfo=dt.UTC)], "x": [float("inf")]})
    rows = opened(at).children[1].children.rowData
    assert json.loads(json.dumps(rows, allow_nan=False)) == [{"c0": "2030-06-03 19:15", "c1": None}]


def test_the_file_has_every_row_as_it_is() -> None:
    frame = pl.read_csv(io.StringIO(csv_of(table())))
    assert frame["Sector"].to_list() == ["Homes", "Shops", "岸"]
    assert frame.columns == ROWS.columns
    moment = pl.Series("at", [dt.datetime(2030, 6, 3, 17, tzinfo=dt.UTC)]).dt.convert_time_zone("Europe/Berlin")
    wall = pl.Series("wall", [dt.datetime(2030, 6, 3, 19)])
    kind = pl.Series("kind", ["line"], dtype=pl.Categorical)
    told = csv_of(table(pl.DataFrame([moment, wall, kind]))).splitlines()
    assert told[1] == "2030-06-03T17:00:00Z,2030-06-03T19:00:00,line"


@pytest.mark.parametrize(
    ("name", "file"),
    [
        ("Übung 城市: a/b", "Übung 城市- a-b.csv"),
        ("..\\x\0", "x.csv"),
        ("???", "table.csv"),
        ("a" * 300, "a" * 150 + ".csv"),
    ],
)
def test_names_of_files_are_possible_everywhere(name: str, file: str) -> None:
    assert file_name(name, "csv") == file


def test_rows_that_were_dropped_are_made_again(results: dict[str, Result], monkeypatch: pytest.MonkeyPatch) -> None:
    client = create_app(results).server.test_client()
    card = str(cards.table_card("Sums", "", pl.DataFrame({"x": range(100)})))
    key = re.findall(r"'key': '([0-9a-f]+)'", card)[0]
    name = quote("最 Sums")
    answer = client.get(f"/rows/{key}.csv?name={name}")
    assert (answer.status_code, len(answer.data.splitlines())) == (200, 101)
    assert name.replace("%20", " ")[-4:] in answer.headers["Content-Disposition"]
    monkeypatch.setattr("app.dashboard.why.table_rows.KEPT", KeptTables())
    assert client.get(f"/rows/{key}.csv?path=/emissions&search=%3Fresult%3Doptimal").status_code == 404
    assert client.get("/rows/none.csv").status_code == 404
    assert client.get("/rows/none.csv?path=/&search=%3Fresult%3Dgone").status_code == 404
