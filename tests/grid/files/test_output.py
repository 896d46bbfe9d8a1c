"""Where a file can be written and where not, said before the work; a file is written whole or not at all."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from grid.errors import InputError
from grid.files import output
from grid.files.output import check_output, written_whole


def _made(kind: str, folder: Path) -> Path:
    place = folder / "x.csv"
    if kind == "folder":
        place.mkdir()
    elif kind == "pipe":
        os.mkfifo(place)
    elif kind == "loop":
        place.symlink_to("x.csv")
    elif kind == "device":
        place.symlink_to("/dev/zero")
    elif kind == "in a file":
        place.touch()
        return place / "y.csv"
    return {"long": folder / f"{'x' * 300}.csv", "nul": folder / "a\0.csv", "no folder": folder / "no" / "x.csv"}.get(
        kind, place
    )


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        ("folder", "is a folder"),
        ("pipe", "is no regular file"),
        ("device", "is no regular file"),
        ("loop", "is a loop of symbolic links"),
        ("in a file", "is no folder, or is in what is none"),
        ("no folder", "no such folder"),
        ("long", "is a name too long for the file system"),
        ("nul", "is not the name of a file"),
    ],
)
def test_what_can_be_no_file_is_refused_before_the_work(tmp_path: Path, kind: str, words: str) -> None:
    with pytest.raises(InputError, match=f"--out: .*{words}") as refused:
        check_output(_made(kind, tmp_path), (".csv",), "--out")
    assert len(str(refused.value)) < 400
    assert not list(tmp_path.glob(".gridcarbon*"))


def test_all_faults_of_a_file_come_at_once(tmp_path: Path) -> None:
    with pytest.raises(InputError) as refused:
        check_output(tmp_path / "no" / "x.cvs", (".csv", ".md"), "FILE")
    assert [fault.rule for fault in refused.value.faults] == ["must end in .csv, .md", "no such folder"]
    assert refused.value.faults[0].suggestion == ".csv"


@pytest.mark.parametrize("number", [errno.EROFS, errno.EACCES, errno.ENOSPC])
def test_what_the_probe_meets_is_said(tmp_path: Path, number: int, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(Path, "write_bytes", refuse)
    with pytest.raises(InputError, match="cannot be written: "):
        check_output(tmp_path / "x.csv", (".csv",), "--out")


def test_a_file_is_written_whole_or_stays_as_it_was(tmp_path: Path) -> None:
    file, link = tmp_path / "x.csv", tmp_path / "link.csv"
    link.symlink_to("x.csv")
    with written_whole(link, "--out") as draft:
        draft.write_text("whole")
        assert not file.exists()
    assert (file.read_text(), link.is_symlink()) == ("whole", True)
    with pytest.raises(InputError, match="--out: cannot be written: the disk is full"):
        _write_half(file)
    assert (file.read_text(), sorted(path.name for path in tmp_path.iterdir())) == ("whole", ["link.csv", "x.csv"])


def _write_half(file: Path) -> None:
    with written_whole(file, "--out") as draft:
        draft.write_text("half")
        raise OSError(errno.ENOSPC, "No space left on device")


def test_an_error_without_a_place_is_none_of_the_file_system() -> None:
    assert output.is_of_file_system(OSError(errno.ENAMETOOLONG, "too long", "x" * 300))
    assert not output.is_of_file_system(OSError(errno.ENAMETOOLONG, "too long"))
    assert not output.is_of_file_system(ConnectionResetError(errno.ECONNRESET, "reset", "x"))
