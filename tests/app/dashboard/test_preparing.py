"""What is made of the tables of a result before anybody opens it: kept beside it, and not made again."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from app.commands import run
from app.dashboard.preparing import prepare
from app.results.folder import open_result
from app.results.prepared import FOLDER


@pytest.fixture(scope="module")
def prepared_result(results_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("results") / "optimal"
    shutil.copytree(results_folder / "optimal", place)
    prepare(place)
    return place


def test_what_pages_are_made_from_is_kept_and_not_made_again(
    prepared_result: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = sorted((prepared_result.parent / FOLDER).rglob("*.*"))
    assert len(kept) > 0

    def refuse(*_tables: object) -> None:
        raise AssertionError("made again")

    monkeypatch.setattr("app.dashboard.figures.city.hourly_sectors", refuse)
    monkeypatch.setattr("app.dashboard.figures.feeders.hourly_worst_loading", refuse)
    prepare(prepared_result)
    assert sorted((prepared_result.parent / FOLDER).rglob("*.*")) == kept


def test_only_long_results_are_prepared_with_their_run(
    prepared_result: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    result = open_result(prepared_result)
    run.prepare_long(result)
    assert not capsys.readouterr().out
    monkeypatch.setattr(run, "PREPARED_FROM", result.summary["steps"])
    run.prepare_long(result)
    assert "prepared for the dashboard in" in capsys.readouterr().out
