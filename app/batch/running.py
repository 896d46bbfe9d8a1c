"""A batch while it goes on: runs are handed out, come back, or are taken over from workers that died."""

from __future__ import annotations

import queue
import secrets
import threading
import time
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from app.batch.options import DIED_OF_IT, MOST_DEATHS, BatchOptions, absolute_place
from app.batch.order import WaitingRuns
from app.batch.process import in_short, is_gone, process_name
from app.batch.report import FINISHED, BatchDisplay, BatchSummary, BatchView, RunningRun, RunReport, finished_elsewhere
from app.batch.tracebacks import place_of_tracebacks
from app.batch.worker import RunTask, end_batch, own_version, run_in_worker
from app.failures import StoreError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from distributed import Client, Future

    from app.batch.sweep import CheckedSweep, SweepRun
    from app.results.store.states import RunState
    from app.results.store.store import Store

TICK_S = 1.0
"""How often workers and states are asked for [s]."""
RESULT_S = 60.0
"""How long the report of a finished run may take from its worker [s]."""
ENDING_S = 15.0
"""How long runs may take to end when they are asked to [s]."""


@dataclass
class _HandedOut:
    """A run that was handed to a worker of an address; the rest is what the index says of it."""

    key: str
    address: str
    begun: float
    worker: str = ""
    phase: str = ""
    share: float = 0.0


class RunningBatch:
    """A batch while it goes on."""

    def __init__(self, sweep: CheckedSweep, store: Store, options: BatchOptions, display: BatchDisplay) -> None:
        self.sweep, self.store, self.options, self.display = sweep, store, options, display
        self.client: Client
        self.runs: dict[str, SweepRun] = {run.key: run for run in reversed(sweep.runs)}
        self.name = secrets.token_hex(4)
        self.begun = time.monotonic()
        self.stopped = ""
        self.finished: dict[str, RunReport] = {}
        self.before = 0
        self.waiting = WaitingRuns(())
        self.held: set[str] = set()
        self.in_work: dict[Future, _HandedOut] = {}
        self.returned: queue.SimpleQueue[Future] = queue.SimpleQueue()
        self.workers: tuple[str, ...] = ()
        self.last_with_workers, self.told_of_none = self.begun, False
        self.handed_out: dict[str, int] = {}
        self.deaths: dict[str, int] = {}
        self.lost: set[str] = set()
        self.missed = False
        self.same_store: set[str] = set()

    def register(self) -> None:
        """Makes the runs known in the store, and finds out which are there."""
        index = self.store.index
        index.register(self.sweep.name, self.sweep.runs, self.sweep.design)
        if self.options.retry_failed:
            index.retry(list(self.runs))
        states = index.states(list(self.runs))
        found = (finished_elsewhere(state) for state in states.values())
        self.finished = {report.key: report for report in found if report is not None}
        self.before = len(self.finished)
        self._take_over(states.values())
        self.waiting = WaitingRuns(run for key, run in self.runs.items() if key not in self.finished)

    def _take_over(self, states: Iterable[RunState]) -> set[str]:
        """Gives runs back whose workers have ended without doing so. Returns their keys."""
        gone = {state.key: state.worker for state in states if is_gone(state)}
        return {key for key, worker in gone.items() if worker and self.store.index.release(key, worker)}

    @property
    def missing(self) -> int:
        """Runs that are not finished."""
        return len(self.runs) - len(self.finished)

    def run_on(self, client: Client) -> None:
        """Runs what is missing. Faults of the store end it; `stopped` says why it ended early."""
        self.client, self.last_with_workers = client, time.monotonic()
        try:
            self._run()
        except StoreError as error:
            self.stopped = str(error)
        except OSError:  # of a connection: what the store raises is a StoreError
            self.stopped = _LOST
        except KeyboardInterrupt:
            self.stopped = "interrupted"
            raise
        finally:
            self._end_runs()

    def _run(self) -> None:
        """Hands out runs until all are finished, or there is a reason to stop."""
        next_tick = 0.0
        while self.missing and not self._is_over():
            if time.monotonic() >= next_tick:
                self._tick()
                next_tick = time.monotonic() + TICK_S
            if not self.stopped:
                self._hand_out()
            with suppress(queue.Empty):
                self._take_back(self.returned.get(timeout=TICK_S / 4))
                while True:
                    self._take_back(self.returned.get_nowait())

    def _is_over(self) -> bool:
        """Whether nothing more is to be waited for: after a failure runs that go on are waited for."""
        deadline_s = self.options.deadline_s
        if deadline_s is not None and time.monotonic() - self.begun > deadline_s:
            self.stopped = self.stopped or "the deadline has passed"
            return True
        return bool(self.stopped) and (self.stopped != _AFTER_FAILURE or not self.in_work)

    def _tick(self) -> None:
        """Asks for workers and states, and shows them."""
        now = time.monotonic()
        if self.client.status != "running":
            self.stopped = _LOST
            return
        self.workers = tuple(self.client.nthreads())
        self._wait_for_workers(now)
        self._miss_workers()
        states = self.store.index.states([*self.held, *(run.key for run in self.in_work.values())])
        for run in self.in_work.values():
            state = states.get(run.key)
            if state is not None:
                run.worker, run.phase, run.share = state.worker or "", state.phase, state.share
        self._look_after_held([states[key] for key in self.held if key in states])
        self.display.show(self.view())

    def _wait_for_workers(self, now: float) -> None:
        """Says at once that there is no worker, and gives up where none comes back in time."""
        wait_s = self.options.wait_for_workers_s
        if self.workers:
            self.last_with_workers, self.told_of_none = now, False
        elif now - self.last_with_workers > wait_s:
            self.stopped = f"there has been no worker for {wait_s:g} s (--wait-for-workers)"
        elif not self.told_of_none:
            self.told_of_none = True
            self.display.note(f"there is no worker; the batch ends with status 1 if none comes within {wait_s:g} s")

    def _miss_workers(self) -> None:
        """Looks after runs whose workers are gone as after those in other hands: what the index says of them counts."""
        for future, run in list(self.in_work.items()):
            if run.address not in self.workers and not future.done():
                del self.in_work[future]
                future.cancel()
                self.held.add(run.key)
                self.lost.add(run.key)
                self.missed = True

    def _look_after_held(self, states: list[RunState]) -> None:
        """Takes what others had: runs that are finished now, and those whose worker is gone.

        A worker that died with a run counts, whoever asked it: where Dask hands the run on before this batch misses the
        worker, the next one answers only that somebody has it.
        """
        gone = self._take_over(states)
        for state in states:
            found = finished_elsewhere(state)
            if found is not None:
                self._finish(found)
            elif state.key in gone or state.status == "waiting":
                self.held.discard(state.key)
                if state.key in gone or state.key in self.lost:
                    self._count_death(state.key)
                else:
                    self.waiting.put_back(state.key)

    def _count_death(self, key: str) -> None:
        """Counts a worker that died of a run, which waits again, or has failed if it is one too many."""
        self.lost.discard(key)
        self.deaths[key] = self.deaths.get(key, 0) + 1
        if self.deaths[key] >= MOST_DEATHS:
            self._give_up(key)
            return
        self.display.note(f"{self.runs[key].name}: its worker has died; it runs again")
        self.waiting.put_back(key)

    def _give_up(self, key: str) -> None:
        """Records a run that workers die of as failed."""
        index, me = self.store.index, process_name()
        self._take_over(index.states([key]).values())
        if index.take(me, [key], self.options.lease_s) and index.finish(key, me, status="failed", reason=DIED_OF_IT):
            self._finish(RunReport(key, "failed", DIED_OF_IT))
        else:
            self.held.add(key)

    def _hand_out(self) -> None:
        """Gives every worker that has nothing to do a run."""
        busy = {run.address for run in self.in_work.values()}
        for address in self.workers:
            if address in busy:
                continue
            key = self.waiting.next_for(address, self.workers)
            if key is None:
                return
            count = self.handed_out[key] = self.handed_out.get(key, 0) + 1
            future = self.client.submit(
                run_in_worker,
                self._task(self.runs[key]),
                key=f"gridcarbon-{self.name}-{key}-{count}",
                workers=[address],
                allow_other_workers=True,  # if this one dies
                pure=False,
            )
            self.in_work[future] = _HandedOut(key, address, time.monotonic())
            future.add_done_callback(self.returned.put)

    def _task(self, run: SweepRun) -> RunTask:
        options = self.options
        return RunTask(
            run.key, run.name, run.content, run.folder.absolute(), absolute_place(self.store.place),
            None if options.index is None else absolute_place(options.index), self.name,
            options.lease_s, options.memory_limit_mb, own_version(),
        )  # fmt: skip

    def _take_back(self, future: Future) -> None:
        """Takes what came of a run that was handed out."""
        run = self.in_work.pop(future, None)
        if run is None:
            return
        try:
            report: RunReport = future.result(timeout=RESULT_S)
        except Exception as error:
            self._not_run(run, error)
            return
        if report.status in FINISHED:
            if self._is_here(report):
                self._finish(report)
        elif report.status == "held":
            self.held.add(report.key)
        else:
            self.waiting.put_back(report.key)
            if report.status == "unusable":
                self.stopped = self.stopped or f"{run.address}: {report.reason}"

    def _is_here(self, report: RunReport) -> bool:
        """Whether what a worker finished is known here; asked once of each, as it may write to a folder of its own."""
        if report.worker in self.same_store:
            return True
        state = self.store.index.states([report.key]).get(report.key)
        if state is None or state.status not in FINISHED:
            self.waiting.put_back(report.key)
            where = f"{in_short(report.worker)} does not write to the same store and index as are read here"
            self.stopped = self.stopped or f"{where}: {self.store.place} must be one that all machines share"
            return False
        self.same_store.add(report.worker)
        return True

    def _not_run(self, run: _HandedOut, error: Exception) -> None:
        """A run that no worker comes back from: workers died, the scheduler did, or the call cannot be made there."""
        from distributed import CancelledError, KilledWorker  # noqa: PLC0415  slow to import

        if isinstance(error, KilledWorker):
            self._give_up(run.key)  # Dask counted more deaths than we allow
            return
        self.waiting.put_back(run.key)
        lost = isinstance(error, OSError | CancelledError)
        why = _LOST if lost else f"{run.address} cannot run it: {type(error).__name__}: {error}"
        self.stopped = self.stopped or why

    def _finish(self, report: RunReport) -> None:
        """Notes a finished run."""
        self.held.discard(report.key)
        self.finished[report.key] = report
        self.display.run_ended(self.runs[report.key].name, report, self.view())
        if report.status == "failed" and self.options.stop_on_failure:
            self.stopped = self.stopped or _AFTER_FAILURE

    def _end_runs(self) -> None:
        """Lets the runs that go on end, and gives back those that do not end in time.

        Of a worker that was missed Dask may have handed the run on, to one that has not begun it yet.
        """
        if not (self.in_work or self.missed) or self.client.status != "running":
            return
        asked = threading.Thread(target=self._ask_to_end, daemon=True)  # a worker that hangs does not answer
        asked.start()
        until = time.monotonic() + ENDING_S
        while self.in_work and time.monotonic() < until:
            with suppress(queue.Empty, StoreError):
                self._take_back(self.returned.get(timeout=0.1))
        asked.join(max(0.0, until - time.monotonic()))
        with suppress(StoreError):
            for state in self.store.index.states([run.key for run in self.in_work.values()]).values():
                if state.status == "running" and state.worker:
                    self.store.index.release(state.key, state.worker)

    def _ask_to_end(self) -> None:
        with suppress(Exception):
            self.client.run(end_batch, self.name, on_error="ignore")

    def view(self) -> BatchView:
        """Where the batch stands."""
        now = time.monotonic()
        ended = [report.status for report in self.finished.values()]
        running = (
            RunningRun(self.runs[one.key].name, one.worker or one.address, one.phase, one.share, now - one.begun)
            for one in self.in_work.values()
        )
        return BatchView(
            len(self.runs), self.before, ended.count("done"), ended.count("infeasible"), ended.count("failed"),
            len(self.held), tuple(running), len(self.workers), now - self.begun,
        )  # fmt: skip

    def summary(self) -> BatchSummary:
        """What came of it."""
        failed = [(run.name, self.finished[key].reason) for key, run in reversed(self.runs.items())
                  if key in self.finished and self.finished[key].status == "failed"]  # fmt: skip
        return BatchSummary(self.view(), tuple(failed), self.stopped, place_of_tracebacks(self.store.place))


_AFTER_FAILURE = "a run has failed"
_LOST = "the connection to the scheduler was lost"
