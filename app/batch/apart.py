"""Spans of the dispatch of one scenario, decided side by side by worker processes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING

from grid.errors import InputError
from optimizer.horizon.spans import Map, Task
from optimizer.problem.schedule import Schedule

if TYPE_CHECKING:
    from distributed import Client

    from app.scenario.loaded import LoadedScenario


@contextmanager
def spans_apart(loaded: LoadedScenario, processes: int | None, scheduler: str | None) -> Iterator[Map]:
    """What applies a function to spans: one after another by default, else by worker processes while the context lasts.

    Args:
        loaded: The scenario.
        processes: How many processes on this machine.
        scheduler: Address of a Dask scheduler instead.

    Raises:
        InputError: If the scenario has no spans, both are given, or the cluster cannot be used.
    """
    option = "--scheduler" if scheduler is not None else "--processes"
    if (processes or 1) > 1 or scheduler is not None:
        if loaded.scenario.dispatch.spans is None:
            rule = "needs a scenario whose dispatch is cut into spans, such as dispatch: {spans: {days: 30}}"
            raise InputError.single(option, rule, scheduler or processes)
        if processes is not None and scheduler is not None:
            raise InputError.single("--processes", "must be left out with --scheduler", processes)
        from app.batch.cluster import opened_workers  # noqa: PLC0415  slow to import

        with opened_workers(processes, scheduler) as client:
            yield partial(_on_workers, client)
    else:
        yield map


def _on_workers(client: Client, function: Callable[[Task], Schedule], tasks: Sequence[Task]) -> Iterator[Schedule]:
    """The answers of workers, in the order of the tasks; each task goes to one worker and is dropped there."""
    futures = client.map(function, client.scatter(list(tasks), hash=False), pure=False)
    for future in futures:
        yield future.result()
        future.release()
