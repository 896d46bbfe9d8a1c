"""What goes wrong with stores is said in words, and the store can be used afterwards."""

from __future__ import annotations

import errno
import os
import sqlite3
import sys
from collections.abc import Callable
from importlib import import_module
from pathlib import Path

import fsspec
import pytest
from sqlalchemy import update

from app.failures import StoreError
from app.results.folder import Result
from app.results.store import database
from app.results.store.database import file_system, open_database
from app.results.store.folders import places
from app.results.store.folders.reach import reaching
from app.results.store.index_tables import INDEX_FORMAT
from app.results.store.store import open_store, opened_store
from grid.errors import InputError
from tests.app.command_line import gridcarbon, refused
from tests.app.results.store.conftest import ResultOf
from tests.app.results.store.keys import LEASE_S, keys, runs


@pytest.mark.parametrize(
    ("place", "said"),
    [("s4://bucket/x", "did you mean 's3'"), ("gs://bucket/x", "Please install gcsfs"), ("s3://", "names no bucket")],
)
def test_a_wrong_place_is_refused(place: str, said: str) -> None:
    with pytest.raises(InputError, match=said):
        open_store(place)


def test_a_missing_driver_comes_with_its_cure(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(import_module("fsspec.registry")._registry, "s3", raising=False)
    for module in ("s3fs", "psycopg"):
        monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(InputError, match=r"pip install 'gridcarbon\[s3\]'"):
        open_store("s3://bucket/x")
    with pytest.raises(InputError, match=r"pip install 'gridcarbon\[postgresql\]'"):
        open_database("postgresql://user:secret@127.0.0.1/x")


@pytest.mark.parametrize("url", ["mysql://x/y", "sqlite://", "://", "nothing://x"])
def test_a_wrong_index_is_refused(tmp_path: Path, url: str) -> None:
    with pytest.raises(InputError, match="--index"):
        open_store(tmp_path, url)


def test_names_that_no_folder_and_no_file_can_have_are_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    os.mkfifo(tmp_path / "pipe")
    for place in (tmp_path / "file" / "store", tmp_path / ("x" * 300)):
        with pytest.raises(InputError, match="STORE"):
            open_store(place)
    for index in (tmp_path, tmp_path / "pipe", tmp_path / "file" / "index", tmp_path / ("x" * 300)):
        with pytest.raises(InputError, match="--index"):
            open_store(tmp_path / "store", str(index))


def test_a_file_and_a_single_result_are_no_stores(tmp_path: Path, one_result: Result) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="must name a folder or a URL"):
        open_store("")
    with pytest.raises(InputError, match="is no folder"):
        open_store(tmp_path / "file")
    with pytest.raises(InputError, match="is a single result"):
        open_store(one_result.path)


def test_a_folder_that_another_process_makes_meanwhile_is_a_store(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def made_afterwards(look: Callable[[Path], bool]) -> Callable[[Path], bool]:
        def looked(path: Path) -> bool:
            found = look(path)
            (tmp_path / "store").mkdir(exist_ok=True)
            return found

        return looked

    monkeypatch.setattr(places, "exists", made_afterwards(places.exists))
    monkeypatch.setattr(places, "is_folder", made_afterwards(places.is_folder))
    with opened_store(tmp_path / "store") as store:
        assert not list(store.keys())


def test_a_wrong_size_of_copies_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GRIDCARBON_CACHE_GB", "much")
    with pytest.raises(InputError, match="must be a number of gigabytes"):
        open_store("memory://x/y")


def test_a_server_that_does_not_answer_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "any")
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    fsspec.get_filesystem_class("s3").clear_instance_cache()
    with pytest.raises(StoreError, match="s3://bucket/x: cannot be reached"):
        open_store("s3://bucket/x")
    fsspec.get_filesystem_class("s3").clear_instance_cache()
    with pytest.raises(StoreError, match=r"postgresql\+psycopg://user:\*\*\*@/x.*cannot be used now"):
        open_store(tmp_path, f"postgresql://user:secret@/x?host={tmp_path}")


def test_a_folder_that_cannot_be_made_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))

    monkeypatch.setattr(Path, "mkdir", refuse)
    with pytest.raises(StoreError, match="permission denied"):
        open_store(tmp_path / "store")


def test_runs_of_one_name_are_refused(tmp_path: Path) -> None:
    one, two = runs(keys(2))
    with opened_store(tmp_path) as store:
        with pytest.raises(InputError, match="run 0: is the name of several runs"):
            store.index.register("sweep", [one, two, one])
        assert store.sweeps() == {}


def test_what_a_driver_raises_is_said_in_words() -> None:
    errors = {
        PermissionError("Forbidden"): "permission denied: Forbidden",
        TimeoutError(): "cannot be reached",
        OSError(errno.ENOSPC, "x"): "the disk is full",
        KeyError("x"): "cannot be used now: KeyError",
    }
    for error, said in errors.items():
        with pytest.raises(StoreError, match=said), reaching("s3://x"):
            raise error


def test_an_index_that_another_writes_to_is_locked_and_goes_on_later(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database, "BUSY_TIMEOUT_S", 0.05)
    (key,) = keys(1)
    with opened_store(tmp_path) as store:
        other = sqlite3.connect(tmp_path / ".index.sqlite", isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreError, match=r"\.index\.sqlite: is locked"):
            store.index.take("worker", [key], LEASE_S)
        assert store.index.states([key]) == {}  # who only reads does not wait
        other.execute("ROLLBACK")
        other.close()
        assert store.index.take("worker", [key], LEASE_S) == key


def test_a_full_index_is_said(tmp_path: Path) -> None:
    with opened_store(tmp_path) as store:
        with store.index.database.writing() as connection:
            connection.exec_driver_sql("PRAGMA max_page_count = 1")
        with pytest.raises(StoreError, match="the disk is full"):
            store.index.register("sweep", runs(keys(500)))


def test_a_file_system_is_found_in_the_list_of_mounts(tmp_path: Path) -> None:
    mounts = tmp_path / "mounts"
    shared = (tmp_path / "a shared folder").as_posix().replace(" ", r"\040")
    mounts.write_text(f"/dev/a / ext4 rw 0 0\nserver:/b {shared} nfs4 rw 0 0\n")
    assert file_system(tmp_path / "a shared folder" / "store", mounts) == "nfs4"
    assert file_system(tmp_path, mounts) == "ext4"


@pytest.mark.parametrize("kind", ["damaged", "cut", "older"])
def test_an_index_that_cannot_be_used_is_refused_and_made_again(tmp_path: Path, result_of: ResultOf, kind: str) -> None:
    one, two = keys(2)
    file = tmp_path / ".index.sqlite"
    with opened_store(tmp_path) as store:
        store.index.register("sweep", runs([one, two]))
        result_of(one).path.rename(tmp_path / one)
        if kind == "older":
            with store.index.database.writing() as connection:
                connection.execute(update(INDEX_FORMAT).values(number=0))
    if kind == "damaged":
        file.write_bytes(b"no database at all" * 1000)
    if kind == "cut":
        file.write_bytes(file.read_bytes()[:5000])
    with pytest.raises(InputError, match="gridcarbon reindex"):
        open_store(tmp_path)
    done = gridcarbon("reindex", tmp_path)
    assert done.returncode == 0, done
    assert "was set aside" in done.stdout
    assert "in the index is 1 result and 1 sweep\n" in done.stdout
    with opened_store(tmp_path) as store:
        states = store.index.states([one, two]).values()
    assert [state.status for state in states] == ["done", "waiting"]
    assert len(list(tmp_path.glob(".index.sqlite.set-aside-*"))) == 1
    assert gridcarbon("verify", tmp_path).returncode == 0


def test_a_database_of_something_else_is_left_alone(tmp_path: Path) -> None:
    file = tmp_path / "books.sqlite"
    with sqlite3.connect(file) as connection:
        connection.execute("CREATE TABLE books (title TEXT)")
    before = file.read_bytes()
    with pytest.raises(InputError, match="is a database of something else"):
        open_store(tmp_path / "store", str(file))
    refused(gridcarbon("reindex", tmp_path / "store", "--index", file), "is a database of something else")
    assert file.read_bytes() == before


def test_a_store_that_cannot_be_reached_ends_with_status_1(tmp_path: Path) -> None:
    done = gridcarbon("reindex", tmp_path, "--index", f"postgresql://user@/x?host={tmp_path}")
    assert done.returncode == 1
    assert "cannot be used now" in done.stderr
    assert "defect" not in done.stderr


def test_reindex_says_what_is_wrong_and_keeps_the_others(tmp_path: Path) -> None:
    refused(gridcarbon("reindex", tmp_path / "missing"), "no such folder")
    (tmp_path / "store" / ".sweeps").mkdir(parents=True)
    (tmp_path / "store" / ".sweeps" / "a.json").write_text("{")
    refused(gridcarbon("reindex", tmp_path / "store"), "is no record of a sweep")
