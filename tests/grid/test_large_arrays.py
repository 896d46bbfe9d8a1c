"""Large arrays of a long run are in files without names: they hold what was written, and leave nothing behind."""

from __future__ import annotations

import gc
import os
from pathlib import Path

import numpy as np
import pytest

from grid import large_arrays
from grid.large_arrays import large_array, large_arrays_in, let_go_of_pages, moved_out

MB = 2**20
SIZE = 32 * MB // 8

pytestmark = pytest.mark.skipif(not Path("/proc/self/maps").is_file(), reason="asks the system what is in memory")


def _mapped(array: np.ndarray) -> bool:
    """Whether an array stands in a file."""
    address = array.__array_interface__["data"][0]
    for line in Path("/proc/self/maps").read_text(encoding="utf-8").splitlines():
        first, last = (int(bound, 16) for bound in line.split()[0].split("-"))
        if first <= address < last:
            return "(deleted)" in line
    return False


def _resident_mb() -> float:
    pages = int(Path("/proc/self/statm").read_text(encoding="utf-8").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / MB


def test_only_what_is_large_is_in_a_file_and_only_where_a_folder_is_stated(tmp_path: Path) -> None:
    assert not _mapped(large_array(SIZE))
    with large_arrays_in(tmp_path):
        small, large = large_array((10, 20)), large_array((2, SIZE // 2), np.int64)
        assert not _mapped(small)
        assert _mapped(large)
        assert not list(tmp_path.iterdir())
    assert (small.shape, small.dtype) == ((10, 20), np.float64)
    assert (large.shape, large.dtype) == ((2, SIZE // 2), np.int64)
    assert large.flags.c_contiguous
    assert large.flags.writeable


def test_what_was_written_is_there_again_when_its_memory_was_given_back(tmp_path: Path) -> None:
    with large_arrays_in(tmp_path):
        array = large_array(SIZE)
    array[:] = np.arange(SIZE)
    before_mb = _resident_mb()
    let_go_of_pages()
    assert before_mb - _resident_mb() > 30
    assert array[12_345] == 12_345
    np.testing.assert_array_equal(array, np.arange(SIZE))


def test_a_copy_in_a_file_holds_the_same(tmp_path: Path) -> None:
    values = np.linspace(0.0, 1.0, SIZE).reshape(4, -1)
    assert moved_out(values) is values
    with large_arrays_in(tmp_path):
        assert moved_out(values[:, :10]).base is values.base
        moved = moved_out(values)
    assert _mapped(moved)
    np.testing.assert_array_equal(moved, values)


def test_without_room_it_is_in_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "posix_fallocate", full)
    with large_arrays_in(tmp_path):
        assert not _mapped(large_array(SIZE))
    monkeypatch.undo()
    with large_arrays_in(tmp_path / "missing"):
        assert not _mapped(large_array(SIZE))


def test_a_mapping_ends_with_the_last_array_on_it(tmp_path: Path) -> None:
    with large_arrays_in(tmp_path):
        part = large_array(SIZE)[5:10]
    known = len(large_arrays._mapped)
    part[:] = 7.0
    assert part.sum() == 35.0
    del part
    gc.collect()
    assert len(large_arrays._mapped) == known - 1
