"""The runs of a sweep."""

from __future__ import annotations

import datetime as dt
import re
from pathlib import Path
from typing import Annotated

import typer

from app.commands.exit_status import FAILED, INFEASIBLE
from app.commands.options import Days, IndexUrl
from grid.errors import InputError

_EXIT = {"done": 0, "infeasible": INFEASIBLE, "failed": FAILED, "stopped": FAILED}
"""Exit status by the worst of how runs ended."""


def batch(
    sweep: Annotated[Path, typer.Argument(metavar="SWEEP", help="Sweep file (YAML).")],
    out: Annotated[str, typer.Option(help="The store of results: a folder, or a URL such as s3://bucket/folder.")],
    jobs: Annotated[int | None, typer.Option(min=1, help="Worker processes; default: one for each processor.")] = None,
    scheduler: Annotated[
        str | None, typer.Option(help="Scheduler of a Dask cluster, such as tcp://host:8786, instead of this machine.")
    ] = None,
    index: IndexUrl = None,
    days: Days = None,
    retry_failed: Annotated[bool, typer.Option("--retry-failed", help="Run again what failed before.")] = False,
    stop_on_failure: Annotated[
        bool, typer.Option("--stop-on-failure", help="Begin no run after one has failed.")
    ] = False,
    deadline: Annotated[
        str | None, typer.Option(help="When to end: after a time such as 90min or 8h, or at 2026-12-01T06:00.")
    ] = None,
    memory_limit: Annotated[
        str | None, typer.Option(help="The most memory of a worker, such as 2GB; a run that needs more has failed.")
    ] = None,
    lease: Annotated[
        float, typer.Option(min=2, help="Seconds after which a run is taken from a worker without a sign of life.")
    ] = 60.0,
    wait_for_workers: Annotated[
        float, typer.Option(min=0, help="Seconds after which the batch ends when there is no worker.")
    ] = 120.0,
    as_json: Annotated[bool, typer.Option("--json", help="Tell progress as JSON lines on standard output.")] = False,
) -> None:
    """Run what is missing of a sweep into a store, on this machine or on a Dask cluster; the same line resumes it."""
    from app.batch.client import run_batch
    from app.batch.cluster import check_scheduler, megabytes, opened_workers, require_one_of
    from app.batch.options import BatchOptions
    from app.batch.progress import display
    from app.batch.sweep import check_sweep
    from app.results.store.folders.places import is_new
    from app.results.store.store import opened_store

    options = BatchOptions(
        index, retry_failed, stop_on_failure, _seconds_until(deadline), megabytes(memory_limit, jobs, scheduler), lease,
        wait_for_workers,
    )  # fmt: skip
    if scheduler is not None and "://" in out and index is None:
        rule = "must be given with --scheduler and a store at a URL, as all machines need the same index"
        raise InputError.single("--index", rule)
    require_one_of(jobs, scheduler)
    checked = check_sweep(sweep, days)
    if scheduler is not None and is_new(out):  # else nothing may be missing, and no worker be needed
        check_scheduler(scheduler)
    with opened_store(out, index) as store, display(as_json=as_json) as shown:
        summary = run_batch(checked, store, lambda: opened_workers(jobs, scheduler), options, shown)
    if _EXIT[summary.outcome]:
        raise typer.Exit(_EXIT[summary.outcome])


_UNITS_S = {"d": 86400.0, "h": 3600.0, "min": 60.0, "s": 1.0}
_DURATION = re.compile(r"(?:(\d+(?:\.\d+)?) *(d|h|min|s) *)")


def _seconds_until(deadline: str | None) -> float | None:
    """Time until a deadline [s]."""
    if deadline is None:
        return None
    left_s = sum(float(number) * _UNITS_S[unit] for number, unit in _DURATION.findall(deadline))
    if _DURATION.sub("", deadline):
        try:
            moment = dt.datetime.fromisoformat(deadline).astimezone()
        except ValueError as error:
            rule = "must be a time such as 90min or 8h, or a moment such as 2026-12-01T06:00"
            raise InputError.single("--deadline", rule, deadline) from error
        left_s = (moment - dt.datetime.now().astimezone()).total_seconds()
    if left_s <= 0:
        raise InputError.single("--deadline", "must not have passed", deadline)
    return left_s
