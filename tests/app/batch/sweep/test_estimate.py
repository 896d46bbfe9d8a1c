"""What a sweep would run, and what it will take."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.batch.sweep import CheckedSweep, check_sweep
from app.batch.sweep.describe import describe_sweep
from app.batch.sweep.estimate import RunCost, estimate_from_one_run, estimate_from_store, extrapolated
from app.results.store.store import opened_store
from app.scenario import check_scenario
from app.simulation.phases import simulate
from grid.errors import InputError
from grid.sharing import sharing_preparation

SWEEP = """
name: small
base: {name: small, city: {network: case33bw}, period: {start: 2030-01-14, days: 1, step_minutes: 60}}
tags: [trial]
design: {kind: grid, parameters: {seed: [1, 2, 3], dispatch.carbon_price_per_t: [0, 10, 20]}}
"""


@pytest.fixture(scope="module")
def sweep(tmp_path_factory: pytest.TempPathFactory) -> CheckedSweep:
    path = tmp_path_factory.mktemp("sweep") / "sweep.yaml"
    path.write_text(SWEEP)
    return check_sweep(path)


def test_described_by_number_design_and_what_varies(sweep: CheckedSweep) -> None:
    said = describe_sweep(sweep)
    assert "runs       9\n" in said
    assert "varies     dispatch.carbon_price_per_t: 0.0, 10.0, 20.0" in said
    assert "1 d in steps of 60 min, unmanaged" in said
    assert "tags       trial" in said


def test_error_of_a_sum_grows_with_the_spread_and_falls_with_the_runs_known() -> None:
    few = extrapolated([RunCost(9, 100, 5), RunCost(11, 120, 5)], 10, 0, "two")
    more = extrapolated([RunCost(9, 100, 5), RunCost(11, 120, 5)] * 5, 10, 0, "ten")
    assert few.seconds[0] == more.seconds[0] == 100
    assert few.seconds[1] > more.seconds[1] > 0
    assert few.memory_mb == 120
    assert few.disk_bytes == (50, 0)
    # two runs: t(0.975, 1) = 12.706, deviation sqrt(2), sqrt(10 + 100 / 2) draws
    assert few.seconds[1] == pytest.approx(12.7062 * 2**0.5 * 60**0.5, rel=1e-5)


def test_estimate_from_stored_runs_counts_those_that_are_done(sweep: CheckedSweep, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such store"):
        estimate_from_store(sweep, str(tmp_path / "nowhere"))
    with opened_store(tmp_path) as store, sharing_preparation():
        store.index.register(sweep.name, sweep.runs)
        for run, seconds in zip(sweep.runs[:2], (2.0, 4.0), strict=True):
            assert store.index.take("w", [run.key], 60) == run.key
            store.write(run.key, simulate(check_scenario(run.content, run.folder, run.name)))
            store.index.finish(
                run.key, "w", status="done", reason="", figures={}, seconds=seconds, peak_memory_mb=300.0,
                size_bytes=1000,
            )  # fmt: skip
    estimate = estimate_from_store(sweep, str(tmp_path))
    assert (estimate.n_runs, estimate.n_done) == (7, 2)
    assert estimate.seconds[0] == pytest.approx(7 * 3.0)
    assert "7, 2 are done" in str(estimate)


def test_estimate_from_one_timed_run(sweep: CheckedSweep) -> None:
    estimate = estimate_from_one_run(sweep)
    assert estimate.n_runs == 9
    total, error = estimate.seconds
    assert 0 < error < total
    assert estimate.memory_mb is not None
    assert estimate.memory_mb > 50
    assert estimate.disk_bytes is not None
    assert estimate.disk_bytes[0] > 9 * 10_000
