"""What the server says of runs, and who may change them."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.batch.jobs import open_jobs
from app.dashboard import create_app
from app.dashboard.catalogue import open_catalogue
from app.results.folder import Result
from app.results.store.store import opened_store
from grid.errors import InputError
from tests.app.batch.sweeps import BASE
from tests.app.command_line import gridcarbon, refused


def test_runs_are_told_cancelled_and_tried_again_by_our_own_pages_only(tmp_path: Path) -> None:
    with opened_store(tmp_path / "store") as store, open_jobs(store, 0) as jobs:
        key = jobs.submit({**BASE, "name": "<b>"}, tmp_path).key
        client = create_app(open_catalogue(tmp_path / "store"), jobs=jobs).server.test_client()
        told = client.get("/runs.json").get_json()
        assert (told["problem"], told["read_only"]) == ("", False)
        assert [(run["name"], run["status"], run["result"]) for run in told["runs"]] == [("<b>", "waiting", None)]
        foreign = {"Origin": "http://elsewhere.example"}
        assert client.post(f"/runs/{key}/cancel", headers=foreign).status_code == 403
        assert jobs.job(key).status == "waiting"  # type: ignore[union-attr]
        assert client.post(f"/runs/{key}/cancel").get_json()["run"]["status"] == "cancelled"
        assert client.post(f"/runs/{key}/retry").get_json()["run"]["status"] == "waiting"
        assert client.post("/runs/no such/cancel").status_code == 404
        assert client.post(f"/runs/{key}/delete").status_code in {404, 405}
        kinds = [event["kind"] for event in client.get(f"/runs/{key}/log.json").get_json()["events"]]
        assert kinds == ["submitted", "cancelled", "retried"]


def test_where_results_are_only_shown_there_are_no_runs(results: dict[str, Result]) -> None:
    client = create_app(results).server.test_client()
    assert client.get("/runs.json").get_json() == {"problem": "", "read_only": True, "runs": [], "workers": 0}
    assert client.post("/runs/any/cancel").status_code == 404
    with pytest.raises(InputError, match="at least one result"):
        create_app({})


def test_options_of_runs_are_refused_where_nothing_is_run(tmp_path: Path) -> None:
    done = gridcarbon("serve", tmp_path, "--read-only", "--jobs", "2")
    refused(done, "--jobs: must be left out with --read-only")
