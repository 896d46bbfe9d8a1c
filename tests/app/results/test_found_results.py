"""Which results a folder holds: damaged ones are told of and left out where there are others."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from app.results.folder import find_results
from grid.errors import InputError


def test_a_damaged_result_and_one_being_written_leave_the_others_alone(results_folder: Path, tmp_path: Path) -> None:
    for name in ("optimal", ".optimal.draft", "damaged"):
        shutil.copytree(results_folder / "optimal", tmp_path / name)
    (tmp_path / "damaged" / "buses.parquet").unlink()
    told: list[str] = []
    assert list(find_results(tmp_path, told.append)) == ["optimal"]
    (message,) = told
    assert message.startswith("left out: ")
    assert "buses.parquet" in message
    shutil.rmtree(tmp_path / "optimal")
    with pytest.raises(InputError, match=r"buses\.parquet"):
        find_results(tmp_path)
