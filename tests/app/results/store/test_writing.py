"""Results of runs in stores: in a folder, in memory, and in a bucket of a server that speaks S3."""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import fsspec
import polars as pl
import pytest

from app.commands.serve import serve
from app.commands.verify import verify
from app.failures import StoreError
from app.results import scan
from app.results.folder import find_results
from app.results.run import store as write_single
from app.results.store.folders.local import LocalFolder
from app.results.store.folders.remote import UPLOADS, RemoteFolder
from app.results.store.key import KEY_LENGTH, key_of
from app.results.store.records import SweepRecord
from app.results.store.store import Store, open_store, opened_store
from app.results.verification import FILES, MANIFEST
from app.simulation.phases import SimulationResult
from grid.errors import InputError
from tests.app.results.store.conftest import ResultOf
from tests.app.results.store.keys import LEASE_S, keys, runs

pytestmark = pytest.mark.slow


@pytest.fixture(params=["folder", "memory", "s3"])
def any_store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    places = {"folder": f"file://{tmp_path}/a%20store", "memory": f"memory://{tmp_path}"}
    place = places.get(request.param)
    if place is None:
        place = f"{request.getfixturevalue('s3_bucket')}/{tmp_path.name}"
    with opened_store(place) as store:
        yield store
    fsspec.filesystem("memory").store.clear()


def files_of(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_a_key_is_that_of_the_scenario_and_its_files(outcome: SimulationResult) -> None:
    loaded = outcome.inputs.loaded
    assert key_of(loaded) == key_of(loaded.with_changes({}))
    assert key_of(loaded) != key_of(loaded.with_changes({"dispatch.carbon_price_per_t": 1.0}))
    assert len(key_of(loaded)) == KEY_LENGTH


def test_what_is_written_is_opened_and_scanned_everywhere(any_store: Store, outcome: SimulationResult) -> None:
    key, other = key_of(outcome.inputs.loaded), "f" * KEY_LENGTH
    any_store.index.register("one", runs([key]))
    assert any_store.index.take("worker", [key], LEASE_S) == key
    told: list[tuple[str, float]] = []
    written = any_store.write(key, outcome, lambda phase, share: told.append((phase, share)))
    assert told[0] == ("write", 0.0)
    assert told[-1][1] == 1.0
    assert any_store.index.finish(key, "worker")
    assert any_store.keys() == [key]
    assert any_store.has(key)
    assert not any_store.has(other)
    opened = any_store.open(key)
    opened.verify()
    assert files_of(opened.path) == files_of(written.path)
    found = scan(any_store.place).collect()
    assert found.select("key", "name", "status", "dispatch.carbon_price_per_t").row(0) == (key, "run 0", "done", 0.0)
    assert found["size_bytes"][0] == sum(len(content) for content in files_of(opened.path).values())
    buses = scan(any_store.place, "buses")
    assert buses.drop("run_key", "run_name").collect().equals(opened.table("buses").collect())
    assert (
        buses.filter(pl.col("run_key") == key, pl.col("run_name") == "run 0").collect().height == buses.collect().height
    )
    assert buses.filter(pl.col("run_key") == other).collect().height == 0
    again = any_store.write(key, outcome)  # what another wrote first is returned
    assert files_of(again.path) == files_of(opened.path)
    assert any_store.index.rebuild() == 1
    assert any_store.sweeps()["one"].runs == tuple(runs([key]))


def test_it_is_the_result_that_a_single_run_writes(tmp_path: Path, outcome: SimulationResult) -> None:
    single = write_single(outcome, tmp_path / "single")
    with opened_store(tmp_path / "store") as store:
        stored = store.write(key_of(outcome.inputs.loaded), outcome)
    assert stored.summary == single.summary
    hashes = {name: value for name, value in single.manifest["files"].items() if name.endswith(".parquet")}
    assert {name: stored.manifest["files"][name] for name in hashes} == hashes


def test_a_damaged_result_is_set_aside_and_written_again(tmp_path: Path, outcome: SimulationResult) -> None:
    key = key_of(outcome.inputs.loaded)
    with opened_store(tmp_path) as store:
        damaged = store.write(key, outcome).path / "buses.parquet"
        damaged.write_bytes(b"damaged")
        store.write(key, outcome).verify()
        (aside,) = tmp_path.glob(f".damaged-{key}-*")
        assert (aside / "buses.parquet").read_bytes() == b"damaged"
        assert list(find_results(tmp_path)) == [key]


def test_a_damaged_copy_of_a_remote_result_is_fetched_again(s3_bucket: str, result_of: ResultOf) -> None:
    (key,) = keys(1)
    one_result = result_of(key)
    with opened_store(f"{s3_bucket}/copies") as store:
        assert isinstance(store.folder, RemoteFolder)
        store.folder.send(key, one_result)
        copy = store.open(key).path
        (copy / "buses.parquet").write_bytes(b"damaged")
        assert files_of(store.open(key).path) == files_of(one_result.path)
        system, root = store.folder.system, store.folder.root
        system.pipe_file(f"{root}/{key}/buses.parquet", b"damaged")
        shutil.rmtree(copy)
        with pytest.raises(InputError, match=r"buses\.parquet: is not as it was written"):
            store.open(key)


def test_verify_reads_what_lies_in_a_bucket_not_its_copies(
    s3_bucket: str, result_of: ResultOf, capsys: pytest.CaptureFixture[str]
) -> None:
    one, two = keys(2)
    with opened_store(f"{s3_bucket}/verified") as store:
        with pytest.raises(InputError, match="holds no result"):
            verify(store.place)
        assert isinstance(store.folder, RemoteFolder)
        for key in (one, two):
            store.folder.send(key, result_of(key))
            store.open(key)
        verify(store.place)
        assert capsys.readouterr().out.count("files are as they were written") == 2
        system, root = store.folder.system, store.folder.root
        system.pipe_file(f"{root}/{one}/buses.parquet", b"damaged")
        system.rm_file(f"{root}/{two}/{MANIFEST}")
        with pytest.raises(InputError) as error:
            verify(store.place)
    told = str(error.value)
    assert f"{one}/buses.parquet: is not as it was written" in told
    assert f"{two}/{MANIFEST}: is missing" in told


@pytest.mark.parametrize("place", ["s3://bucket/results", "memory://results"])
def test_the_server_says_that_it_shows_folders_of_this_machine(place: str) -> None:
    with pytest.raises(InputError, match="must be a folder of this machine"):
        serve(place)


def test_copies_used_longest_ago_make_room(
    s3_bucket: str, result_of: ResultOf, monkeypatch: pytest.MonkeyPatch
) -> None:
    results = {key: result_of(key) for key in keys(3)}
    one, two, three = results
    size = sum(file.stat().st_size for file in results[one].path.iterdir())
    monkeypatch.setenv("GRIDCARBON_CACHE_GB", str(1.5 * size / 1e9))
    with opened_store(f"{s3_bucket}/room") as store:
        assert isinstance(store.folder, RemoteFolder)
        copies = {}
        for number, key in enumerate((one, two, three)):
            store.folder.send(key, results[key])
            copies[key] = store.open(key).path
            os.utime(copies[key], (number, number))
        assert [key for key, path in copies.items() if path.exists()] == [two, three]


def test_what_a_killed_writer_left_in_a_bucket_is_no_result_and_goes(s3_bucket: str, result_of: ResultOf) -> None:
    one, two = keys(2)
    with opened_store(f"{s3_bucket}/killed") as store:
        folder = store.folder
        assert isinstance(folder, RemoteFolder)
        for key in (one, two):
            folder.system.pipe_file(f"{folder.root}/{key}/buses.parquet", b"part")
            folder.system.pipe_file(f"{folder.root}/{UPLOADS}/{key}.json", b'{"begun": 0}')
        assert store.keys() == []
        assert scan(store.place).collect().height == 0
        assert store.index.take("worker", [one], LEASE_S) == one
        store.index.register("sweep", runs([one]))  # removes the second: nobody works on it
        assert folder.listed() == [one]
        folder.send(one, result_of(one))
        assert store.index.finish(one, "worker")
        left = [path.removeprefix(f"{folder.root}/{one}/") for path in folder.system.find(folder.root)]
        assert sorted(name for name in left if "/" not in name) == sorted([*FILES, MANIFEST])
        assert not [name for name in left if UPLOADS in name]


def test_a_full_disk_leaves_nothing_and_the_store_goes_on(
    tmp_path: Path, outcome: SimulationResult, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = key_of(outcome.inputs.loaded)
    said = "the disk is full"

    def fail(*_: object, **__: object) -> int:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with opened_store(tmp_path) as store:
        for place in (store.folder, _memory(tmp_path)):
            with monkeypatch.context() as patch:
                patch.setattr(Path, "write_text", fail)
                with pytest.raises(StoreError, match=said):
                    place.write(key, outcome, None)
                with pytest.raises(StoreError, match=said):
                    LocalFolder(tmp_path).write_record(SweepRecord("sweep", ()))
            assert place.listed() == []
            place.write(key, outcome, None).verify()
    assert [path.name for path in tmp_path.glob(".gridcarbon*")] == []


def _memory(tmp_path: Path) -> RemoteFolder:
    folder = open_store(f"memory://{tmp_path}").folder
    assert isinstance(folder, RemoteFolder)
    return folder


def test_a_bucket_that_is_not_there_is_named(s3_bucket: str) -> None:
    with pytest.raises(InputError, match="there is no bucket 'elsewhere'"):
        open_store("s3://elsewhere/x")
