"""A batch: what is missing of a sweep is run, each run once."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, suppress
from typing import TYPE_CHECKING

from app.batch.options import BatchOptions
from app.batch.report import BatchDisplay, BatchSummary
from app.batch.running import RunningBatch
from app.failures import StoreError

if TYPE_CHECKING:
    from distributed import Client

    from app.batch.sweep import CheckedSweep
    from app.results.store.store import Store


def run_batch(
    sweep: CheckedSweep,
    store: Store,
    workers: Callable[[], AbstractContextManager[Client]],
    options: BatchOptions,
    display: BatchDisplay,
) -> BatchSummary:
    """Runs what is missing of a sweep in a store; what is there, or runs elsewhere, is not run again.

    One failing run is recorded with its reason, and the others go on. On Ctrl+C, runs end where they tell their
    progress next and are given back before the interrupt goes on.

    Args:
        sweep: The sweep.
        store: Where results go; its runs are registered there.
        workers: Opens the workers; called only if something is missing.
        options: How.
        display: What is told of it.

    Raises:
        StoreError: If the store cannot be used at the beginning; if that happens later, the summary says so.
        InputError: If the workers cannot be used.
    """
    batch = RunningBatch(sweep, store, options, display)
    batch.register()
    try:
        if batch.missing:
            with workers() as client:
                batch.run_on(client)
    except KeyboardInterrupt:
        display.end(batch.summary())
        raise
    with suppress(StoreError):
        store.folder.clean(store.index.running())
    summary = batch.summary()
    display.end(summary)
    return summary
