from __future__ import annotations

import os
from pathlib import Path

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from app.results import prepared as module
from app.results.folder import Result, open_result
from app.results.prepared import CHECKED, FOLDER, folder_of, prepared
from grid.errors import InputError
from tests.app.synthetic_results import write_synthetic

SUMS = "emissions by line"


class Counted:
    """Makes a table of a result and counts how often it was asked to."""

    def __init__(self, result: Result) -> None:
        self.result, self.times = result, 0

    def __call__(self) -> pl.DataFrame:
        self.times += 1
        sectors = self.result.table("sectors").with_columns(pl.col("gpc_code").cast(pl.String))
        return sectors.group_by("gpc_code", maintain_order=True).agg(pl.col("emissions_kg").sum()).collect()


@pytest.fixture
def place(tmp_path: Path) -> Path:
    return write_synthetic(tmp_path / "one", "optimal").path


def test_a_table_is_made_once_and_found_by_who_opens_the_result_next(place: Path) -> None:
    first = Counted(open_result(place, may_keep=True))
    made = prepared(first.result, SUMS, first)
    assert_frame_equal(prepared(first.result, SUMS, first), made)
    again = Counted(open_result(place))  # may read what is kept, not keep anything
    assert_frame_equal(prepared(again.result, SUMS, again), made)
    assert (first.times, again.times) == (1, 0)
    assert_frame_equal(first(), made)  # to the last bit


def test_nothing_is_kept_beside_a_result_that_is_only_shown(place: Path) -> None:
    one = Counted(open_result(place))
    prepared(one.result, SUMS, one)
    prepared(one.result, SUMS, one)
    assert one.times == 1  # memory keeps it
    assert not (place.parent / FOLDER).exists()


def test_what_is_damaged_or_of_another_program_is_made_anew(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    one = Counted(open_result(place, may_keep=True))
    made = prepared(one.result, SUMS, one)
    folder = folder_of(one.result)
    assert folder is not None
    (file,) = (one for one in folder.iterdir() if one.name != CHECKED)
    content = file.read_bytes()
    for damaged in (content[:-1], content[:40] + bytes([content[40] ^ 1]) + content[41:], b""):
        file.write_bytes(damaged)
        again = Counted(open_result(place, may_keep=True))
        assert_frame_equal(prepared(again.result, SUMS, again), made)
        assert (again.times, file.read_bytes()) == (1, content)
    monkeypatch.setattr(module, "_program", lambda: "another")
    other = Counted(open_result(place))
    prepared(other.result, SUMS, other)
    assert other.times == 1


def test_a_folder_that_cannot_be_written_keeps_nothing_and_breaks_nothing(place: Path) -> None:
    (place.parent / FOLDER).write_text("a file where the folder should be")
    one = Counted(open_result(place, may_keep=True))
    assert prepared(one.result, SUMS, one).height
    assert one.times == 1


def test_a_table_is_compared_with_its_hash_again_only_if_it_was_touched(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    open_result(place, may_keep=True).table("sectors")
    assert len(list((place.parent / FOLDER).rglob(CHECKED))) == 1
    file = place / "sectors.parquet"
    again = open_result(place)
    with monkeypatch.context() as patched:
        patched.setattr("app.results.folder.check_files", lambda *_: pytest.fail("was compared again"))
        assert again.table("sectors").collect().height
    before = file.stat()
    content = bytearray(file.read_bytes())
    content[100] ^= 1
    file.write_bytes(content)
    with pytest.raises(InputError, match="SHA-256 differs"):
        open_result(place).table("sectors")
    content[100] ^= 1
    file.write_bytes(content)
    os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns + 1))
    assert open_result(place).table("sectors").collect().height


def test_kept_tables_take_a_bounded_amount_of_memory(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_BYTES", 100_000)
    result = open_result(place)
    for number in range(20):
        prepared(result, f"numbers {number}", lambda: pl.DataFrame({"x": range(2000)}))
    assert sum(frame.estimated_size() for frame in module._kept.values()) <= 100_000
    assert prepared(result, "numbers 19", lambda: pytest.fail("was made again")).height == 2000
