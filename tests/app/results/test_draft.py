"""Drafts of results: whose they are, what removes them, and what their files leave behind."""

from __future__ import annotations

import errno
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from app.results import draft as drafts
from app.results.draft import PREFIX, new_draft, remove_abandoned, take_place
from app.results.folder import open_result
from grid import folder_lock
from grid.errors import InputError

HOLD = """
import sys, time, pathlib
from app.results.draft import new_draft, take_place
folder = pathlib.Path(sys.argv[1])
with new_draft(folder) as draft:
    for name in ("a", "b", "last"):
        (draft / name).write_text(name)
    if len(sys.argv) > 2:
        moved, move = [], pathlib.Path.replace
        def some(path, target):
            if path.name == "last":
                print(draft.name, flush=True)
                time.sleep(600)
            return move(path, target)
        pathlib.Path.replace = some
        take_place(draft, folder, "last")
    print(draft.name, flush=True)
    time.sleep(600)
"""


def _names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


@pytest.mark.parametrize("moving", [False, True])
def test_what_a_killed_process_leaves_is_removed_and_what_a_living_one_writes_is_not(
    tmp_path: Path, moving: bool
) -> None:
    command = [sys.executable, "-c", HOLD, str(tmp_path), *(["moving"] if moving else [])]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        name = process.stdout.readline().strip()
        assert name.startswith(f"{PREFIX}{process.pid}-")
        with pytest.raises(InputError, match="is a draft"):
            open_result(tmp_path / name)
        before = _names(tmp_path)
        assert before == ([name, "a", "b"] if moving else [name])
        if not moving:  # a draft that moves its files has the folder locked
            remove_abandoned(tmp_path)
            assert _names(tmp_path) == before
        process.send_signal(signal.SIGKILL)
    (tmp_path / f"{PREFIX}1-00000000-elsewhere").mkdir()
    (tmp_path / f"{PREFIX}unlike-a-draft").mkdir()
    remove_abandoned(tmp_path)
    assert _names(tmp_path) == [f"{PREFIX}1-00000000-elsewhere", f"{PREFIX}unlike-a-draft"]


def test_where_there_are_no_locks_the_number_of_the_process_tells(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_locks(*_arguments: object) -> None:
        raise OSError

    monkeypatch.setattr(folder_lock.fcntl, "flock", no_locks)
    host = drafts._host()
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    for number in (ended.pid, 2**80):
        (tmp_path / f"{PREFIX}{number}-00000000-{host}").mkdir()
    with new_draft(tmp_path) as draft:
        remove_abandoned(tmp_path)
        assert _names(tmp_path) == [draft.name]


def test_a_folder_that_is_missing_or_a_file_holds_no_drafts(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    remove_abandoned(tmp_path / "none")
    remove_abandoned(tmp_path / "file")
    assert _names(tmp_path) == ["file"]


def test_files_that_could_not_all_move_go_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    move = Path.replace

    def fail(path: Path, target: Path) -> Path:
        if path.name == "b" and path.parent != tmp_path:
            raise OSError(errno.EIO, "it broke")
        return move(path, target)

    with new_draft(tmp_path) as draft:
        for name in ("a", "b", "last"):
            (draft / name).touch()
        monkeypatch.setattr(Path, "replace", fail)
        with pytest.raises(OSError, match="it broke"):
            take_place(draft, tmp_path, "last")
        assert _names(tmp_path) == [draft.name]
        assert _names(draft) == ["a", "b", "last"]
