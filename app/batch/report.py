"""What is told of a batch: how a run ended, where the batch stands, and what came of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Literal, Protocol

ReportStatus = Literal["done", "infeasible", "failed", "held", "ended", "unusable"]
"""How a worker comes back from a run: with one of the states in which a run is finished; `held`: somebody else has it;
`ended`: it was asked to stop; `unusable`: store, index or installation do not work, which is no fault of the run."""
FINISHED: Final = ("done", "infeasible", "failed")
"""States of runs that are finished."""


@dataclass(frozen=True)
class RunReport:
    """How one run ended.

    Args:
        key: Address of its result.
        status: How it ended.
        reason: Why it failed, or why the worker is of no use; empty otherwise.
        worker: Name of the process that ran it; empty where it was not run.
        phases: Time spent in each phase [s].
        seconds: Time from taking it to its end [s].
        peak_memory_mb: The most memory of the process during it [MB].
        memory_mb: Memory of the process after it [MB].
        elsewhere: Whether somebody else finished it.
    """

    key: str
    status: ReportStatus
    reason: str = ""
    worker: str = ""
    phases: Mapping[str, float] = field(default_factory=dict)
    seconds: float = 0.0
    peak_memory_mb: float = 0.0
    memory_mb: float = 0.0
    elsewhere: bool = False


class KnownRun(Protocol):
    """A run, as far as the index of a store knows it."""

    @property
    def key(self) -> str:
        """Address of its result."""

    @property
    def status(self) -> str:
        """Its state."""

    @property
    def reason(self) -> str:
        """Why it failed."""

    @property
    def worker(self) -> str | None:
        """Who ran it."""


def finished_elsewhere(state: KnownRun) -> RunReport | None:
    """The report of a run that somebody else finished, or ended for good; None if it is neither."""
    if state.status == "cancelled":
        return RunReport(state.key, "failed", "it was cancelled", state.worker or "", elsewhere=True)
    for status in FINISHED:
        if state.status == status:
            return RunReport(state.key, status, state.reason, state.worker or "", elsewhere=True)
    return None


@dataclass(frozen=True)
class RunningRun:
    """A run that goes on now.

    Args:
        name: Its name.
        worker: Name of the process that runs it.
        phase: Its phase.
        share: Share of the phase that is done.
        seconds: Time since it was handed out [s].
    """

    name: str
    worker: str
    phase: str
    share: float
    seconds: float


@dataclass(frozen=True)
class BatchView:
    """Where a batch stands.

    Args:
        total: Runs of the sweep.
        before: Those that were finished before the batch began.
        done: Those with a result, `before` included.
        infeasible: Those with a result that breaks a need or limit.
        failed: Those without a result, that will not be run again.
        held: Those that another batch runs now.
        running: Those that run now.
        workers: Workers that there are.
        seconds: Time since the batch began [s].
    """

    total: int
    before: int
    done: int
    infeasible: int
    failed: int
    held: int
    running: tuple[RunningRun, ...]
    workers: int
    seconds: float

    @property
    def finished(self) -> int:
        """Runs that are finished."""
        return self.done + self.infeasible + self.failed

    @property
    def left(self) -> int:
        """Runs that are not finished."""
        return self.total - self.finished

    @property
    def per_hour(self) -> float:
        """Runs finished in an hour, as far as this batch goes."""
        return 3600 * (self.finished - self.before) / self.seconds if self.seconds > 0 else 0.0

    @property
    def seconds_left(self) -> float | None:
        """Time until all are finished at this rate [s]; None while it is not known."""
        return 3600 * self.left / self.per_hour if self.per_hour > 0 else None


@dataclass(frozen=True)
class BatchSummary:
    """What came of a batch.

    Args:
        view: How it stood at its end.
        failures: Name and reason of each failed run, in the order of the sweep.
        stopped: Why it ended before all runs were finished; empty otherwise.
        log: Where the tracebacks of failed runs lie.
    """

    view: BatchView
    failures: tuple[tuple[str, str], ...]
    stopped: str
    log: str

    @property
    def outcome(self) -> Literal["done", "infeasible", "failed", "stopped"]:
        """The worst of how its runs ended; `stopped` if some are left."""
        if self.view.left:
            return "stopped"
        if self.view.failed:
            return "failed"
        return "infeasible" if self.view.infeasible else "done"


class BatchDisplay(Protocol):
    """Where a batch is told about."""

    def run_ended(self, name: str, report: RunReport, view: BatchView) -> None:
        """A run is finished."""

    def show(self, view: BatchView) -> None:
        """Where the batch stands, about once a second."""

    def note(self, text: str) -> None:
        """Something that a user should know now."""

    def end(self, summary: BatchSummary) -> None:
        """What came of it."""


_MOST_FAILURES = 5
"""Failed runs that are listed; the others are counted."""
_LONGEST_REASON = 300


def duration(seconds: float) -> str:
    """A time as people read it: ``48 s``, ``3 min 20 s``, ``5 h 7 min``."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    minutes, rest = divmod(whole, 60)
    if minutes < 60:
        return f"{minutes} min {rest} s"
    return f"{minutes // 60} h {minutes % 60} min"


def counts(view: BatchView) -> str:
    """How many runs ended in which way."""
    parts = [f"{view.done:,} done"]
    if view.infeasible:
        parts.append(f"{view.infeasible:,} infeasible")
    if view.failed:
        parts.append(f"{view.failed:,} failed")
    if view.left:
        parts.append(f"{view.left:,} left")
    return ", ".join(parts)


def first_line(reason: str) -> str:
    """A reason on one line, cut where it is long."""
    text = " ".join(line.strip() for line in reason.splitlines())
    return text if len(text) <= _LONGEST_REASON else f"{text[:_LONGEST_REASON]}…"


def summary_in_words(summary: BatchSummary) -> list[str]:
    """What is said at the end, line by line."""
    view = summary.view
    lines = [f"{view.total:,} runs: {counts(view)}; {view.before:,} were there before, {duration(view.seconds)}"]
    if summary.stopped:
        lines.append(f"ended early: {summary.stopped}")
    lines += [f"  failed: {name}: {first_line(reason)}" for name, reason in summary.failures[:_MOST_FAILURES]]
    if len(summary.failures) > _MOST_FAILURES:
        lines.append(f"  … and {len(summary.failures) - _MOST_FAILURES:,} more")
    if summary.failures:
        lines.append(f"tracebacks: {summary.log}")
    if view.left:
        lines.append("the same line again goes on with what is left")
    return lines
