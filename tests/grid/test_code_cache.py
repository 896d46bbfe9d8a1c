"""Where compiled code is kept when neither the program's folder nor the user's cache can be written."""

from __future__ import annotations

import os
import subprocess
import sys
from importlib import import_module
from pathlib import Path
from types import SimpleNamespace

import pytest
from numba import njit
from numba.core.caching import FunctionCache
from numba.core.dispatcher import Dispatcher

from grid import code_cache
from grid._pandapower import compiled
from grid.code_cache import keep_code_where_it_can_be_written, telling_of_compilation
from grid.powerflow import zbus_kernel


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """numba's settings, before anything was chosen, on a machine whose temporary files are in `tmp_path`."""
    config = SimpleNamespace(CACHE_DIR="")
    monkeypatch.setattr(code_cache, "SETTINGS", config)
    monkeypatch.setattr(code_cache.tempfile, "gettempdir", lambda: str(tmp_path))
    monkeypatch.setattr(code_cache.tempfile, "tempdir", str(tmp_path))
    monkeypatch.setenv("MPLCONFIGDIR", "")
    return config


def _only_within(folder: Path):
    return lambda place: place.is_relative_to(folder)


def test_code_is_kept_in_a_folder_of_the_users_own_where_nothing_else_can_be_written(
    config: SimpleNamespace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(code_cache, "_writable", _only_within(tmp_path))
    keep_code_where_it_can_be_written()
    chosen = Path(config.CACHE_DIR)
    assert (chosen.parent, chosen.stat().st_mode & 0o777) == (tmp_path, 0o700)
    assert [record.name for record in caplog.records] == ["gridcarbon"]
    assert str(chosen) in caplog.text
    config.CACHE_DIR = ""
    keep_code_where_it_can_be_written()
    assert Path(config.CACHE_DIR) == chosen  # the next start finds it again


@pytest.mark.parametrize("taken", ["open to others", "a link", "a file"])
def test_a_folder_that_others_can_write_holds_no_code(
    config: SimpleNamespace, tmp_path: Path, taken: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(code_cache, "_writable", _only_within(tmp_path))
    keep_code_where_it_can_be_written()
    usual = Path(config.CACHE_DIR)
    if taken == "open to others":
        usual.chmod(0o777)
    else:
        usual.rmdir()
        usual.symlink_to(tmp_path) if taken == "a link" else usual.touch()
    config.CACHE_DIR = ""
    keep_code_where_it_can_be_written()
    assert Path(config.CACHE_DIR) != usual
    assert Path(config.CACHE_DIR).stat().st_mode & 0o777 == 0o700


@pytest.mark.usefixtures("config")
def test_nothing_is_chosen_where_numba_finds_a_place(
    config: SimpleNamespace, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    for writable in (lambda place: "numba" in place.name, lambda place: place.name == "__pycache__"):
        monkeypatch.setattr(code_cache, "_writable", writable)
        keep_code_where_it_can_be_written()
        assert config.CACHE_DIR == ""
    monkeypatch.setattr(code_cache, "_writable", lambda _place: False)
    config.CACHE_DIR = "the user's choice"
    keep_code_where_it_can_be_written()
    assert config.CACHE_DIR == "the user's choice"
    assert caplog.records == []


def test_a_folder_that_cannot_be_made_is_not_writable(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    assert not code_cache._writable(tmp_path / "file" / "folder")
    assert code_cache._writable(tmp_path / "new" / "folder")


def test_kernels_keep_their_code_so_and_work_where_it_cannot_be_written(monkeypatch: pytest.MonkeyPatch) -> None:
    kernels = [kernel for kernel in vars(zbus_kernel).values() if hasattr(kernel, "_cache")]
    assert kernels
    assert {type(kernel._cache) for kernel in kernels} == {code_cache._LockedCache}

    def full(*_arguments: object) -> None:
        raise OSError

    monkeypatch.setattr(FunctionCache, "save_overload", full)
    kernels[0]._cache.save_overload(None, None)


def test_pandapower_keeps_its_code_like_ours() -> None:
    compiled.keep_compiled_functions()
    for name in compiled.MODULES:
        kernels = [kernel for kernel in vars(import_module(name)).values() if isinstance(kernel, Dispatcher)]
        assert kernels
        assert {type(kernel._cache) for kernel in kernels} == {code_cache._LockedCache}


ADDED = """
from typing import NamedTuple

import numba

import grid.code_cache


class {name}(NamedTuple):
    value: float


@numba.njit(cache=True)
def twice(given):
    return 2 * given.value


print(twice({name}(1.5)), twice.stats.cache_hits.total())
"""


def test_code_that_was_kept_for_types_of_another_version_is_compiled_again(tmp_path: Path) -> None:
    def printed(name: str) -> str:
        (tmp_path / "added.py").write_text(ADDED.format(name=name))
        environment = os.environ | {"NUMBA_CACHE_DIR": str(tmp_path / "code"), "PYTHONPATH": os.pathsep.join(sys.path)}
        command = [sys.executable, "-c", "import added"]
        return subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=True).stdout

    assert printed("Given") == "3.0 0\n"
    assert printed("Other") == "3.0 0\n"
    for index in (tmp_path / "code").rglob("*.nbi"):
        index.write_bytes(index.read_bytes()[:-5])
    assert printed("Other") == "3.0 0\n"


SLOW = """
import time

import numba
from numba.extending import overload

import grid.code_cache


def waited(value):
    pass


@overload(waited)
def _waited(value):
    time.sleep(1.0)
    return lambda value: value


@numba.njit(cache=True)
def twice(value):
    return 2 * waited(value)


kept = grid.code_cache.is_kept(twice)
twice(1.5)
print(kept, twice.stats.cache_misses.total() - twice.stats.cache_hits.total())
"""


def test_of_two_first_starts_at_once_one_compiles_and_the_other_takes_it(tmp_path: Path) -> None:
    (tmp_path / "slow.py").write_text(SLOW)
    environment = os.environ | {"NUMBA_CACHE_DIR": str(tmp_path / "code"), "PYTHONPATH": os.pathsep.join(sys.path)}
    command = [sys.executable, "-c", "import slow"]
    options = {"cwd": tmp_path, "env": environment, "stdout": subprocess.PIPE, "text": True}
    started = [subprocess.Popen(command, **options) for _ in range(2)]
    printed = [process.communicate()[0].split() for process in started]
    assert sorted(words[-1] for words in printed) == ["-1", "1"]
    last = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=True)
    assert last.stdout == "True -1\n"


def test_compilation_is_told_of_and_a_call_of_what_is_compiled_is_not() -> None:
    told = []
    twice = njit(lambda value: 2 * value)
    with telling_of_compilation(lambda: told.append(1)):
        assert twice(2) == 4
        n_told = len(told)
        assert twice(3) == 6
    assert n_told > 0
    assert len(told) == n_told
    assert twice(0.5) == 1.0
    assert len(told) == n_told
