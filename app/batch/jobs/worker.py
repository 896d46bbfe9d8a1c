"""A worker process: takes the jobs that wait in a store, one after the other.

The server that started it writes orders to its standard input, a line each: ``look`` (something waits) and ``end``.
When the input ends, the server is gone: then the worker finishes the run it has, so that no work is lost, and ends. To
the server it writes lines of JSON: its name, which job it runs, and what is wrong with store or index.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

from app.batch.process import in_short
from app.batch.report import FINISHED, RunReport, duration
from app.batch.worker import RunTask, end_batch, run_in_worker, this_process
from app.failures import StoreError
from grid.errors import InputError

if TYPE_CHECKING:
    from app.results.store.queue.queue import Queue
    from app.results.store.store import Store

NICENESS = 10
"""How much more readily than others a worker yields the processor: pages are answered while runs go on."""
LOOK_S = 2.0
"""How often a worker that has nothing to do looks for jobs that another server was given [s]."""
IDLE_S = 300.0
"""How long a worker stays that has nothing to do, since its libraries are loaded [s]."""
FIRST_PAUSE_S, LONGEST_PAUSE_S = 5.0, 300.0
"""How long a worker waits that cannot use the store, at first and at most [s]."""
IN_WORDS = {"read": "reads the scenario", "prepare": "prepares demand, weather and prices", "dispatch": "dispatch",
            "power flow": "power flow", "carbon tracing": "carbon tracing", "write": "writes the result"}  # fmt: skip
"""What a run does in a phase, for its log."""
MOST_TRIED = 8
"""Jobs that a worker tries to take in turn, as others may have them."""


NamedStudy = Callable[[str, RunTask, "Store", Callable[[str, float], None]], dict[str, float]]
"""A study that is told what of it is wanted, see `app.batch.worker.Study`."""


class Orders:
    """What the server wants of a worker, read beside its work."""

    def __init__(self) -> None:
        self.ended, self.alone = False, False
        self._woken = threading.Event()

    def listen(self, descriptor: int) -> None:
        """Reads orders from an open file until there are no more, since the server is gone."""
        with suppress(OSError):
            while read := os.read(descriptor, 4096):  # not by a buffer, whose lock would hinder the end of the process
                if b"end" in read.split():
                    self.ended = True
                    end_batch(this_process().name)
                self._woken.set()
        self.alone = True
        self._woken.set()

    @property
    def over(self) -> bool:
        """Whether no further job is to be taken."""
        return self.ended or self.alone

    def wait(self, seconds: float) -> None:
        """Waits, at most until there is an order."""
        self._woken.wait(seconds)
        self._woken.clear()


class JobNotes:
    """What happens to a job that goes on, for its log; kept here while the index cannot be written."""

    def __init__(self) -> None:
        self._kept: list[tuple[str, str, str, float]] = []

    def add(self, queue: Queue, key: str, kind: str, text: str) -> None:
        """Writes something down, now or later."""
        self._kept.append((key, kind, text, time.time()))
        with suppress(StoreError):
            self.write(queue)

    def write(self, queue: Queue) -> None:
        """Writes down what could not be before.

        Raises:
            StoreError: If that cannot be done now either.
        """
        while self._kept:
            key, kind, text, at = self._kept[0]
            queue.note([key], kind, text, at)
            self._kept.pop(0)


class JobWorker:
    """Takes jobs of a store until it is to end."""

    def __init__(
        self, asked: argparse.Namespace, orders: Orders, to_server: TextIO, studies: Mapping[str, NamedStudy]
    ) -> None:
        self._asked, self._orders, self._to_server, self._studies = asked, orders, to_server, studies
        self._notes = JobNotes()
        self._ended: dict[str, RunReport] = {}
        """Jobs that ended, as long as that could not be written down."""
        self.name = this_process().name

    def run(self) -> None:
        """Takes jobs one after the other."""
        self._tell(worker=self.name)
        idle_since, pause_s = time.monotonic(), FIRST_PAUSE_S
        while not self._orders.over:
            report = self._one()
            if report is None:
                if time.monotonic() - idle_since > IDLE_S:
                    return
                self._tell(problem="")
                self._orders.wait(LOOK_S)
                continue
            if report.status == "unusable":
                self._tell(problem=report.reason)
                self._orders.wait(pause_s)
                pause_s = min(2 * pause_s, LONGEST_PAUSE_S)
            else:
                self._tell(problem="")
                pause_s = FIRST_PAUSE_S
            idle_since = time.monotonic()

    def _one(self) -> RunReport | None:
        """Runs the next job. None if none waits; a report `unusable` where store, index or installation do not work."""
        here = version("gridcarbon")
        if here != self._asked.version:
            rule = f"gridcarbon {here} is installed now, and the server is of {self._asked.version}: start it again"
            return RunReport("", "unusable", rule, self.name)
        try:
            store = this_process().store(self._asked.store, self._asked.index)
            store.queue.give_back(self.name)
            self._write_down(store.queue)
            for key in store.queue.waiting(MOST_TRIED):
                report = self._run(store, key)
                if report.status != "held":
                    return report
        except (StoreError, InputError) as error:
            return RunReport("", "unusable", str(error), self.name)
        return None

    def _run(self, store: Store, key: str) -> RunReport:
        asked = self._asked
        try:
            record = store.queue.record(key)
        except InputError as error:
            return self._unreadable(store, key, error)
        task = RunTask(
            key, record.name, record.content, Path(record.folder), asked.store, asked.index, self.name,
            asked.lease, asked.memory_limit, asked.version,
        )  # fmt: skip

        def on_phase(phase: str) -> None:
            if phase == "read":
                self._tell(began=key)
                self._notes.add(store.queue, key, "began", f"begun by worker {in_short(self.name)}")
            self._notes.add(store.queue, key, "phase", IN_WORDS.get(phase, phase))

        kind, _, what = record.study.partition(" ")
        if kind and kind not in self._studies:
            return RunReport(key, "held", worker=self.name)  # a worker that knows it takes it
        report = run_in_worker(task, on_phase, partial(self._studies[kind], what) if kind else None)
        self._note_end(store, report)
        self._tell(ended=key)
        return report

    def _note_end(self, store: Store, report: RunReport) -> None:
        if report.status in FINISHED and not report.elsewhere:
            self._notes.add(store.queue, report.key, "ended", ended_in_words(report))
            self._ended[report.key] = report
            with suppress(StoreError):
                self._write_down(store.queue)
        elif report.status == "ended":
            self._notes.add(store.queue, report.key, "given back", "given back, as the server ends; it waits")
        elif report.status == "unusable":
            self._notes.add(store.queue, report.key, "given back", f"given back, it waits: {report.reason}")

    def _write_down(self, queue: Queue) -> None:
        """Writes down what could not be before."""
        self._notes.write(queue)
        for key, report in list(self._ended.items()):
            queue.ended(key, report.status, report.reason, dict(report.phases))  # type: ignore[arg-type]  # finished
            del self._ended[key]

    def _unreadable(self, store: Store, key: str, error: InputError) -> RunReport:
        """A job whose scenario cannot be read any more has failed."""
        index = store.index
        if not index.take(self.name, [key], self._asked.lease):
            return RunReport(key, "held", worker=self.name)
        index.finish(key, self.name, status="failed", reason=str(error))
        report = RunReport(key, "failed", str(error), self.name)
        self._notes.add(store.queue, key, "ended", ended_in_words(report))
        return report

    def _tell(self, **said: Any) -> None:
        """Tells the server something; one that is gone need not know."""
        with suppress(OSError, ValueError):
            self._to_server.write(json.dumps(said) + "\n")
            self._to_server.flush()


def ended_in_words(report: RunReport) -> str:
    """How a run ended, for its log."""
    took = f" after {duration(report.seconds)}" if report.seconds else ""
    if report.status == "infeasible":
        return f"done{took}; not every need and limit can be kept, the result says which"
    return f"done{took}" if report.status == "done" else f"failed{took}: {report.reason}"


def main(studies: Mapping[str, NamedStudy] | None = None) -> None:
    """Takes jobs until the server is gone or says so.

    Args:
        studies: What else than a run can be asked for, by the first word of `JobRecord.study`; it is given the rest.
    """
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--store", required=True)
    parser.add_argument("--index")
    parser.add_argument("--lease", type=float, required=True)
    parser.add_argument("--memory-limit", type=float, required=True)
    parser.add_argument("--version", required=True)
    asked = parser.parse_args()
    os.nice(NICENESS)
    to_server = os.fdopen(os.dup(sys.stdout.fileno()), "w", encoding="utf-8")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # what libraries print does not go to the server
    orders = Orders()
    threading.Thread(target=orders.listen, args=(sys.stdin.fileno(),), name="orders", daemon=True).start()
    JobWorker(asked, orders, to_server, studies or {}).run()
    os._exit(0)  # what is loaded takes seconds to be let go of in order, and nothing of it is left


if __name__ == "__main__":
    main()
