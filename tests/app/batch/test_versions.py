"""Workers of another version of gridcarbon than the client's run nothing."""

from __future__ import annotations

from importlib.metadata import version
from pathlib import Path

import pytest

from app.batch.cluster import cluster_at
from app.batch.worker import RunTask, run_in_worker
from grid.errors import InputError

OTHER = "0.0.7"


def test_a_worker_of_another_version_takes_no_run(tmp_path: Path) -> None:
    task = RunTask("0" * 64, "any", {}, tmp_path, str(tmp_path / "store"), None, "batch", 10.0, None, OTHER)
    report = run_in_worker(task)
    assert report.status == "unusable"
    assert report.reason == f"has gridcarbon {version('gridcarbon')}, and the batch was begun by {OTHER}"
    assert not (tmp_path / "store").exists()


@pytest.mark.slow
def test_a_cluster_whose_worker_has_another_version_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from distributed import LocalCluster  # noqa: PLC0415  slow to import

    about = tmp_path / f"gridcarbon-{OTHER}.dist-info"
    about.mkdir()
    (about / "METADATA").write_text(f"Metadata-Version: 2.1\nName: gridcarbon\nVersion: {OTHER}\n")
    with monkeypatch.context() as patched:
        patched.syspath_prepend(tmp_path)  # which the process of the worker inherits
        cluster = LocalCluster(n_workers=1, threads_per_worker=1, processes=True, dashboard_address="127.0.0.1:0")
    with cluster:
        assert version("gridcarbon") != OTHER
        with (
            pytest.raises(InputError, match=f"has gridcarbon {OTHER}, and here it is"),
            cluster_at(cluster.scheduler_address),
        ):
            pytest.fail("the cluster was used")
