"""The command line in the tests' own process, and the shortest scenario."""

from __future__ import annotations

import io
import sys
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path

import pytest

from app.cli import main

THREE_LINES = "name: three lines\ncity: {network: case33bw}\nperiod: {start: 2030-01-01, days: 1}\n"


@dataclass
class Done:
    returncode: int
    stdout: str
    stderr: str


def gridcarbon(*arguments: str | Path) -> Done:
    """The command line in this process: what `main` prints and how it ends."""
    out, err, status = io.StringIO(), io.StringIO(), 0
    with pytest.MonkeyPatch.context() as patch, redirect_stdout(out), redirect_stderr(err):
        patch.setattr(sys, "argv", ["gridcarbon", *map(str, arguments)])
        try:
            main()
        except SystemExit as end:
            status = end.code if isinstance(end.code, int) else 0
    return Done(status, out.getvalue(), err.getvalue())


def scenario(folder: Path, text: str, name: str = "scenario.yaml") -> Path:
    path = folder / name
    path.write_text(text)
    return path


def refused(done: Done, *fragments: str) -> None:
    """Status 2, every fragment on standard error, no traceback."""
    assert done.returncode == 2, done
    assert "Traceback" not in done.stderr + done.stdout
    for fragment in fragments:
        assert fragment in done.stderr
