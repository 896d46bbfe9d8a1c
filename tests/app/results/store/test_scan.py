"""All results of a store as one table."""

from __future__ import annotations

import shutil
from pathlib import Path

import polars as pl
import pytest

from app.results import scan
from app.results.columns import TABLES
from app.results.folder import Result
from app.results.store.states import NamedRun
from app.results.store.store import Store
from grid.errors import InputError
from tests.app.results.store.conftest import Put
from tests.app.results.store.keys import LEASE_S, keys

CARBON_PRICE = "dispatch.carbon_price_per_t"


def varied(key: str, name: str, **parameters: float | str | bool | None) -> NamedRun:
    return NamedRun(name, key, ("tagged",), parameters)


def test_summaries_have_what_was_varied_as_columns_of_their_types(store: Store, put: Put, index: str | None) -> None:
    one, two, three = keys(3)
    runs = [
        NamedRun("a", one, ("x", "y"), {CARBON_PRICE: 80, "weather": "here", "flat": True, "size": 1, "name": "b"}),
        NamedRun("b", two, (), {CARBON_PRICE: 12.5, "weather": 3, "flat": None, "size": 2, "name": "c"}),
        NamedRun("c", three, (), {CARBON_PRICE: 0, "weather": True}),
    ]
    put(one)
    store.index.register("prices", runs)
    store.index.take("worker", [two], LEASE_S)
    store.index.finish(two, "worker", status="failed", reason="why")
    found = scan(store.place, index=index).sort("name").collect()
    assert found["name"].to_list() == ["a", "b", "c"]
    assert found["sweep"].unique().to_list() == ["prices"]
    assert found["key"].to_list() == [one, two, three]
    assert found["tags"].to_list() == [["x", "y"], [], []]
    assert found["status"].to_list() == ["done", "failed", "waiting"]
    assert found["reason"].to_list() == ["", "why", ""]
    assert found[CARBON_PRICE].to_list() == [80.0, 12.5, 0.0]
    assert found["weather"].to_list() == ["here", "3", "true"]
    assert found["flat"].to_list() == [True, None, None]
    assert found["flat"].dtype == pl.Boolean
    assert found["size"].to_list() == [1, 2, None]
    assert found["size"].dtype == pl.Int64
    assert found["parameters.name"].to_list() == ["b", "c", None]
    summary = store.open(one).summary
    assert {key: found[key][0] for key in summary} == summary
    assert found["emissions_t"][1] is None
    assert found["finished"][0] is not None


def test_the_folders_are_the_truth(store: Store, put: Put, index: str | None) -> None:
    one, two = keys(2)
    folder = put(one)
    store.index.register("sweep", [varied(one, "one"), varied(two, "two")])
    put(two)
    shutil.rmtree(folder)
    found = scan(store.place, index=index).sort("name").collect()
    assert found["status"].to_list() == ["waiting", "done"]
    assert found["emissions_t"].is_null().to_list() == [True, False]


def test_a_result_that_cannot_be_read_says_why(store: Store, put: Put, index: str | None) -> None:
    one, two = keys(2)
    put(one)
    (put(two) / "summary.json").unlink()
    found = scan(store.place, index=index).sort("key").collect()
    assert found["status"].to_list() == ["done", "damaged"]
    assert "summary.json: is missing" in found["reason"][1]


def test_a_folder_of_results_needs_no_index(results_folder: Path) -> None:
    before = sorted(results_folder.iterdir())
    found = scan(results_folder).sort("name").collect()
    assert found["name"].to_list() == ["optimal", "unmanaged"]
    assert found["sweep"].to_list() == [None, None]
    assert found["cost"].is_not_null().all()
    assert sorted(results_folder.iterdir()) == before


def test_a_table_over_all_runs_says_whose_each_row_is(store: Store, put: Put, one_result: Result) -> None:
    one, two, three = keys(3)
    store.index.register("sweep", [varied(one, "first"), varied(two, "second")])
    for key in (one, two, three):
        put(key)
    found = scan(store.place, "city").collect()
    of_one = one_result.table("city").collect()
    assert found.columns == ["run_key", "run_name", *TABLES["city"]]
    assert dict(found.group_by("run_key", "run_name").len().select("run_key", "len").iter_rows()) == dict.fromkeys(
        (one, two, three), of_one.height
    )
    assert set(found["run_name"]) == {"first", "second", three}
    assert found.filter(run_name="second").drop("run_key", "run_name").equals(of_one)


def test_an_empty_store_has_no_rows(store: Store) -> None:
    assert scan(store.place).collect().height == 0
    assert scan(store.place, "buses").collect().height == 0


def test_what_is_not_there_is_refused(tmp_path: Path, store: Store) -> None:
    with pytest.raises(InputError, match="no such folder"):
        scan(tmp_path / "missing")
    with pytest.raises(InputError, match="did you mean 'buses'"):
        scan(store.place, "bus")
