"""A scheduler and two workers as processes of their own, which are killed; the index is a server's."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.batch.client import run_batch
from app.batch.cluster import local_cluster
from app.batch.options import BatchOptions
from app.batch.sweep import check_sweep
from app.results.store.store import opened_store
from benchmarks.batch.campaign import IN_TURN, campaign
from tests.app.batch.recording import Recording
from tests.app.batch.sweeps import sweep_file
from tests.app.results.store.services import postgresql

pytestmark = pytest.mark.slow


def test_whoever_is_killed_all_results_are_there_once_and_as_if_nothing_had_happened(tmp_path: Path) -> None:
    sweep = sweep_file(tmp_path, {"assets[roofs].p_peak_mw": [1.0, 2.0], "seed": [0, 1]})
    with opened_store(tmp_path / "undisturbed") as store:
        summary = run_batch(check_sweep(sweep), store, lambda: local_cluster(1), BatchOptions(), Recording())
    assert summary.outcome == "done"
    with postgresql() as index:
        found = campaign(
            sweep, tmp_path / "store", tmp_path / "undisturbed", tmp_path / "cluster",
            kills=len(IN_TURN), seed=1, index=index, longest_s=0.5,
        )  # fmt: skip
    assert found.kills == IN_TURN
    assert (found.results, found.different, found.twice, found.leftovers) == (4, (), (), ())
