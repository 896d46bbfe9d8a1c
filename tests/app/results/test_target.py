"""Where a result can be written and where not: said before the work, and no finished result is lost after it."""

from __future__ import annotations

import errno
import os
import resource
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from app.results import folder as result_folder
from app.results.draft import PREFIX
from app.results.folder import Result, find_results, open_result
from app.results.target import check_target, is_empty, resolve_target
from grid.errors import InputError
from grid.files.output import check_output
from tests.app.synthetic_results import write_synthetic

NOBODY = 65534
"""Number of the user who owns nothing."""


def _file(folder: Path) -> Path:
    (folder / "file").touch()
    return folder / "file"


def _loop(folder: Path) -> Path:
    (folder / "there").symlink_to("back")
    (folder / "back").symlink_to("there")
    return folder / "there"


@pytest.mark.parametrize(
    ("target", "words"),
    [
        (_file, "is no folder"),
        (lambda folder: _file(folder) / "out", "is no folder"),
        (_loop, "loop of symbolic links"),
        (lambda folder: _loop(folder) / "out", "loop of symbolic links"),
        (lambda folder: folder / ("x" * 256), "too long"),
        (lambda folder: folder / "none" / ("x" * 256), "too long"),
        (lambda folder: folder.joinpath(*["y" * 200] * 21), "too long"),
        (lambda folder: folder / "a\0b", "is not the name of a folder"),
        (lambda folder: folder / os.fsdecode(b"\xff"), "is not the name of a folder"),
    ],
)
def test_what_can_be_no_folder_is_refused_before_the_work(tmp_path: Path, target, words: str) -> None:
    with pytest.raises(InputError, match=f"--out: .*{words}") as refused:
        resolve_target(target(tmp_path))
    assert len(str(refused.value)) < 400


def test_missing_folders_links_and_the_longest_name_are_targets(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to("missing")
    assert resolve_target(tmp_path / "link" / "x") == tmp_path / "missing" / "x"
    assert is_empty(resolve_target(tmp_path / "link"))
    check_target(resolve_target(tmp_path / "a" / "b" / ("x" * 255)), 1.0)
    assert [path.name for path in tmp_path.iterdir()] == ["link"]


@pytest.mark.parametrize("number", [errno.EROFS, errno.EACCES, errno.ENOSPC])
def test_what_the_probe_meets_is_said(tmp_path: Path, number: int, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_path: Path, _content: bytes) -> int:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(Path, "write_bytes", fail)
    with pytest.raises(InputError, match=r"--out: cannot be written: (permission|the file system|the disk is full)"):
        check_target(tmp_path / "out", 1.0)
    assert list(tmp_path.iterdir()) == []


def test_room_is_compared_with_what_is_needed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resource, "getrlimit", lambda _which: (1 << 20, resource.RLIM_INFINITY))
    with pytest.raises(InputError) as refused:
        check_target(tmp_path, 1e18)
    needed, limited = (fault.rule for fault in refused.value.faults)
    assert needed.startswith("needs 1,000,000,000,000.0 MB or more, and ")
    assert limited.endswith("`ulimit -f` allows 1.0")


@pytest.mark.parametrize("before", ["missing", "empty", "link", "with an ended draft"])
def test_a_result_takes_its_place(tmp_path: Path, results_folder: Path, before: str) -> None:
    out, kept_mode = tmp_path / "out", 0o750
    if before != "missing":
        (tmp_path / "folder").mkdir(mode=kept_mode)
        out.symlink_to("folder") if before == "link" else (tmp_path / "folder").rename(out)
    if before == "with an ended draft":
        (out / f"{PREFIX}1-00000000-elsewhere").mkdir()
    result = write_synthetic(out, "optimal", with_devices=False)
    assert result.path == out
    assert result.scenario_hash == open_result(results_folder / "optimal").scenario_hash
    assert before == "missing" or out.stat().st_mode & 0o777 == kept_mode
    left = [path.name for path in (*tmp_path.iterdir(), *out.iterdir()) if path.name.startswith(".")]
    assert left == ([f"{PREFIX}1-00000000-elsewhere"] if before == "with an ended draft" else [])


@pytest.mark.parametrize("there", [False, True])
def test_of_two_runs_to_one_target_the_first_stays_and_both_return_it(
    tmp_path: Path, there: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "out"
    if there:
        out.mkdir()
    taken = result_folder.take_place
    first: list[Result] = []

    def after_another(draft: Path, target: Path, last: str) -> bool:
        monkeypatch.setattr(result_folder, "take_place", taken)
        first.append(write_synthetic(out, "optimal", with_devices=False))
        return taken(draft, target, last)

    monkeypatch.setattr(result_folder, "take_place", after_another)
    second = write_synthetic(out, "optimal", with_devices=False)
    assert second.manifest == first[0].manifest
    assert [path.name for path in tmp_path.iterdir()] == ["out"]
    monkeypatch.setattr(result_folder, "take_place", after_another)
    with pytest.raises(InputError, match=r"another scenario.*the finished result is kept in (.*);") as refused:
        write_synthetic(out, "unmanaged", with_devices=False)
    kept = [path for path in (*tmp_path.iterdir(), *out.iterdir()) if path.name.startswith("gridcarbon-kept")]
    assert str(kept[0]) in str(refused.value)
    assert open_result(kept[0]).manifest["strategy"] == "unmanaged"
    assert open_result(out).manifest["strategy"] == "optimal"


@pytest.fixture
def unwritable_at_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_arguments: object) -> bool:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    monkeypatch.setattr(result_folder, "take_place", fail)


@pytest.mark.usefixtures("unwritable_at_the_end")
def test_a_result_that_cannot_take_its_place_is_kept(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="Input/output error; the finished result is kept in"):
        write_synthetic(tmp_path / "out", "optimal", with_devices=False)
    (name,) = find_results(tmp_path)
    assert name.startswith("gridcarbon-kept-")


@contextmanager
def _as_somebody_else() -> Iterator[None]:
    """As a user to whom the administrator's folders are closed; tests of most machines run as one already."""
    before = os.geteuid()
    if before == 0:
        os.seteuid(NOBODY)
    try:
        yield
    finally:
        os.seteuid(before)


@pytest.mark.parametrize("mode", [0o555, 0o000])
def test_without_permission_nothing_begins(mode: int) -> None:
    closed = Path(tempfile.mkdtemp())
    try:
        closed.chmod(mode)
        with _as_somebody_else(), pytest.raises(InputError, match="--out: cannot be written: permission denied"):
            check_target(resolve_target(closed / "new" / "out"), 1.0)
        with _as_somebody_else(), pytest.raises(InputError, match="FILE: cannot be written: permission denied"):
            check_output(closed / "x.csv", (".csv",), "FILE")
    finally:
        closed.chmod(0o755)
        closed.rmdir()
