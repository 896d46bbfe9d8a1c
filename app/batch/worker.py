"""One run in a worker: take it, simulate, write the result, finish it; whatever goes wrong, the worker says so.

Dask sends `run_in_worker` to a worker's process, which keeps its store open and what runs share in memory. Modules that
compute are imported when a run is there, after the number of threads was set.
"""

from __future__ import annotations

import gc
import os
import threading
import time
import traceback
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from app.batch.lease import Lease, RunEndedError
from app.batch.process import process_name
from app.batch.report import RunReport, finished_elsewhere
from app.batch.tracebacks import keep_traceback
from app.failures import StoreError
from grid.errors import InputError
from grid.memory import MB, FreedMemory, give_back_memory, memory_mb
from grid.threads import environment

if TYPE_CHECKING:
    from app.results.store.store import Store
    from app.scenario.loaded import LoadedScenario
    from app.simulation.reuse import PhaseReuse
    from grid.sharing import SharedPreparation

EXIT_FOR_MEMORY = 81
"""How a process ends that has more memory than it may."""
SHARE_OF_WORKERS_LIMIT = 0.9
"""Share of the memory limit of a worker that a run may need."""
MOST_PHASE_BYTES = 32_000_000
"""Arrays of earlier runs' phases that a process keeps [byte], some eight weeks of the reference city; runs that share
them follow one another."""
FORGETTING_SHARE = 0.5
"""Share of the memory limit above which a process lets go of what runs have in common, between two of them."""


@dataclass(frozen=True)
class RunTask:
    """What a worker needs to run one scenario; small, since it is sent.

    Args:
        key: Address of its result.
        name: Its name.
        content: The scenario.
        folder: What file names in it are relative to.
        place: The store.
        index: URL of its index; None for the default.
        batch: Which batch asks.
        lease_s: How long a lease lasts without a renewal [s].
        memory_limit_mb: The most memory that the process may have [MB]; None for what its worker was started with.
        version: Of the gridcarbon that asks.
    """

    key: str
    name: str
    content: Mapping[str, Any]
    folder: Path
    place: str
    index: str | None
    batch: str
    lease_s: float
    memory_limit_mb: float | None
    version: str


Study = Callable[[RunTask, "Store", Callable[[str, float], None]], dict[str, float]]
"""Works something out of a scenario and keeps it in the store, telling phase and share; gives seconds by phase."""


class RunProcess:
    """What a worker's process keeps from run to run."""

    def __init__(self) -> None:
        self.name = process_name()
        self.one_at_a_time = threading.Lock()
        """A worker with several threads runs one scenario at a time all the same: memory is the process's."""
        self._freed = FreedMemory()
        self._stores: dict[tuple[str, str | None], Store] = {}
        self._ended: set[str] = set()
        self._lease: tuple[str, Lease] | None = None
        self._kept: tuple[SharedPreparation, PhaseReuse] | None = None

    def store(self, place: str, index: str | None) -> Store:
        """The store at a place, which stays open."""
        from app.results.store.store import open_store  # noqa: PLC0415  when threads are set

        if (place, index) not in self._stores:
            self._stores[place, index] = open_store(place, index)
        return self._stores[place, index]

    def kept(self) -> tuple[SharedPreparation, PhaseReuse]:
        """What runs have in common, and the phases of earlier ones; both up to a size of their own."""
        from app.simulation.reuse import PhaseReuse  # noqa: PLC0415  when threads are set
        from grid.sharing import SharedPreparation  # noqa: PLC0415

        if self._kept is None:
            self._kept = SharedPreparation(), PhaseReuse(memory_bytes=MOST_PHASE_BYTES)
        return self._kept

    def begin(self, batch: str, lease: Lease) -> None:
        """Notes the run that goes on."""
        self._lease = (batch, lease)
        if batch in self._ended:
            lease.end("its batch ends")

    def over(self) -> None:
        """Notes that no run goes on."""
        self._lease = None

    def end_batch(self, batch: str) -> None:
        """Ends the run of a batch where it tells its progress next, and those that come to this process later."""
        self._ended.add(batch)
        lease = self._lease
        if lease is not None and lease[0] == batch:
            lease[1].end("its batch ends")

    def settle(self, limit_mb: float | None) -> None:
        """Between two runs gives memory back as far as need be, and lets go of what runs have in common.

        Args:
            limit_mb: The most memory that the process may have [MB]; None for any.
        """
        self._freed.give_back()
        if limit_mb is None or memory_mb() <= FORGETTING_SHARE * limit_mb:
            return
        give_back_memory()
        if memory_mb() > FORGETTING_SHARE * limit_mb:
            self._kept = None
            gc.collect()
            give_back_memory()

    def has_ended(self, batch: str) -> bool:
        """Whether a batch has ended."""
        return batch in self._ended


@cache
def this_process() -> RunProcess:
    """What this process keeps."""
    for name, value in environment(threads=1).items():
        os.environ.setdefault(name, value)  # read when a library is imported, which a run does
    return RunProcess()


def end_batch(batch: str) -> None:
    """Ends the run of a batch in this process; called beside it."""
    this_process().end_batch(batch)


@cache
def own_version() -> str:
    """Version of gridcarbon in this process; finding it takes milliseconds."""
    return version("gridcarbon")


def worker_version() -> tuple[str, str]:
    """Version of gridcarbon in this process, and the name of the process."""
    return own_version(), this_process().name


def _memory_limit_mb(task: RunTask) -> float | None:
    """The most memory that this process may have [MB]; None for any.

    The limit of a worker of Dask is that above which it is killed; ours is below, so that the run is known to have
    failed by it.
    """
    if task.memory_limit_mb is not None:
        return task.memory_limit_mb
    from distributed import get_worker  # noqa: PLC0415  here it is loaded already

    with suppress(ValueError, AttributeError):  # not in a worker, or one without a limit
        limit = get_worker().memory_manager.memory_limit
        return SHARE_OF_WORKERS_LIMIT * limit / MB if limit else None
    return None


def run_in_worker(
    task: RunTask, on_phase: Callable[[str], None] | None = None, study: Study | None = None
) -> RunReport:
    """Runs a scenario unless it is done or somebody else's; every failure is in the report.

    A failure of the scenario, of whatever kind, is written into the index with its reason, and its traceback beside the
    results. Where store or index do not work the run is given back.

    Args:
        task: What to run.
        on_phase: Told each phase when it begins.
        study: What is to be done with the scenario instead of running it.
    """
    process = this_process()
    with process.one_at_a_time:
        if process.has_ended(task.batch):
            return RunReport(task.key, "ended", "its batch ends", process.name)
        if task.version != own_version():
            rule = f"has gridcarbon {own_version()}, and the batch was begun by {task.version}"
            return RunReport(task.key, "unusable", rule, process.name)
        try:
            store = process.store(task.place, task.index)
            taken = store.index.take(process.name, [task.key], task.lease_s)
            return _run(task, store, process, on_phase, study) if taken else _not_taken(task, store, process)
        except (StoreError, InputError) as error:  # faults of the scenario do not come here
            return RunReport(task.key, "unusable", str(error), process.name)


def _not_taken(task: RunTask, store: Store, process: RunProcess) -> RunReport:
    """What became of a run that is not free."""
    state = store.index.states([task.key]).get(task.key)
    found = None if state is None else finished_elsewhere(state)
    return RunReport(task.key, "held", worker=process.name) if found is None else found


def _run(
    task: RunTask, store: Store, process: RunProcess, on_phase: Callable[[str], None] | None = None,
    study: Study | None = None,
) -> RunReport:  # fmt: skip
    """A run whose lease this process has."""
    limit_mb = _memory_limit_mb(task)

    def on_excess(used_mb: float) -> None:
        reason = f"took {used_mb:,.0f} MB, more than the {limit_mb or 0:,.0f} MB that a worker may have"
        with suppress(Exception):  # whatever it is, this process must end
            store.index.finish(task.key, process.name, status="failed", reason=reason, peak_memory_mb=used_mb)
        os._exit(EXIT_FOR_MEMORY)

    begun = time.perf_counter()
    lease = Lease(
        store.index, task.key, process.name,
        lease_s=task.lease_s, memory_limit_mb=limit_mb, on_excess=on_excess, on_phase=on_phase,
    )  # fmt: skip
    process.begin(task.batch, lease)
    try:
        with lease:
            status, phases = _ended(task, store, lease, process, study)
        seconds = time.perf_counter() - begun
        peak_mb = round(lease.peak_memory_mb, 1)
        if study is None:
            mine = store.index.finish(task.key, process.name, seconds=round(seconds, 3), peak_memory_mb=peak_mb)
        else:
            mine = store.index.forget(task.key, process.name)
    except RunEndedError as error:
        store.index.release(task.key, process.name)
        return RunReport(task.key, "ended" if process.has_ended(task.batch) else "held", str(error), process.name)
    except StoreError:
        with suppress(StoreError):
            store.index.release(task.key, process.name)
        raise
    except Exception as error:  # one failing run is recorded, and the others go on
        return _failed(task, store, process, error, time.perf_counter() - begun, lease.peak_memory_mb)
    finally:
        process.over()
        after_mb = memory_mb()
        process.settle(limit_mb)
    return RunReport(
        task.key, status if mine else "held", worker=process.name, phases=phases, seconds=seconds,
        peak_memory_mb=lease.peak_memory_mb, memory_mb=after_mb,
    )  # fmt: skip


def _ended(
    task: RunTask, store: Store, lease: Lease, process: RunProcess, study: Study | None
) -> tuple[Literal["done", "infeasible"], dict[str, float]]:
    """Runs a scenario, or makes a study of it; as `_simulated`."""
    return _simulated(task, store, lease, process) if study is None else ("done", study(task, store, lease.tell))


def _simulated(
    task: RunTask, store: Store, lease: Lease, process: RunProcess
) -> tuple[Literal["done", "infeasible"], dict[str, float]]:
    """Simulates a scenario and writes its result. Returns how it ended, and the time spent in each phase [s]."""
    lease.tell("read", 0.0)
    begun = time.perf_counter()
    from app.scenario import check_scenario  # noqa: PLC0415  when threads are set
    from app.simulation.phases import simulate  # noqa: PLC0415
    from grid.sharing import sharing_preparation  # noqa: PLC0415

    prepared, phases = process.kept()
    with sharing_preparation(prepared):
        loaded = check_scenario(task.content, task.folder, task.name)
        _check_key(task, loaded)
        read_s = time.perf_counter() - begun
        outcome = simulate(loaded, lease.tell, phases, threads=1)
        begun = time.perf_counter()
        lease.tell("write", 0.0)
        result = store.write(task.key, outcome)  # without progress: this is no place to end at
    seconds = {"read": read_s, **outcome.seconds, "write": time.perf_counter() - begun}
    return "infeasible" if result.manifest["status"] == "infeasible" else "done", seconds


def _check_key(task: RunTask, loaded: LoadedScenario) -> None:
    """Raises an `InputError` if the files that the scenario names are not here those that the client read."""
    from app.results.store import key_of  # noqa: PLC0415  when threads are set

    if key_of(loaded) != task.key:
        rule = "files that the scenario names are not the same here as where the batch was begun"
        raise InputError.single(str(task.folder), rule)


def _failed(
    task: RunTask, store: Store, process: RunProcess, error: Exception, seconds: float, peak_memory_mb: float
) -> RunReport:
    """Records a failure."""
    reason = _in_words(error)
    keep_traceback(task.place, task.key, f"{task.name}\n\n{''.join(traceback.format_exception(error))}")
    store.index.finish(
        task.key, process.name, status="failed", reason=reason,
        seconds=round(seconds, 3), peak_memory_mb=round(peak_memory_mb, 1),
    )  # fmt: skip
    return RunReport(task.key, "failed", reason, process.name, {}, seconds, peak_memory_mb, memory_mb())


def _in_words(error: Exception) -> str:
    """Why a run failed, as people are told."""
    from optimizer import InfeasibleDispatchError  # noqa: PLC0415  loaded by now

    if isinstance(error, InputError):
        return str(error)
    return f"infeasible: {error}" if isinstance(error, InfeasibleDispatchError) else f"{type(error).__name__}: {error}"
