"""A batch as it is told: a live table on a terminal, plain lines without one, JSON lines for programs."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TextIO

from app.batch.process import in_short
from app.batch.report import BatchSummary, BatchView, RunReport, counts, duration, first_line, summary_in_words

if TYPE_CHECKING:
    from rich.console import Console, RenderableType
    from rich.live import Live

LINE_EVERY_S = 30.0
"""How often plain lines say where a batch stands, besides each failure [s]."""
MOST_SHOWN = 16
"""Running runs that the table lists; the others are counted."""
_LAST_FAILURES = 3


class PlainLines:
    """Lines of text: every failure, and now and then where the batch stands."""

    def __init__(self, stream: TextIO, every_s: float = LINE_EVERY_S) -> None:
        self._stream, self._every_s, self._last = stream, every_s, time.monotonic()

    def run_ended(self, name: str, report: RunReport, view: BatchView) -> None:
        """A failure at once, all else by count."""
        if report.status == "failed":
            self.note(f"failed: {name}: {first_line(report.reason)}")
        self.show(view)

    def show(self, view: BatchView) -> None:
        """Where the batch stands."""
        if time.monotonic() - self._last >= self._every_s:
            self._last = time.monotonic()
            self.note(standing(view))

    def note(self, text: str) -> None:
        """A line."""
        self._stream.write(f"{text}\n")
        self._stream.flush()

    def end(self, summary: BatchSummary) -> None:
        """What came of it."""
        for line in summary_in_words(summary):
            self.note(line)


class JsonLines:
    """An object of JSON a line; the fields are those of `docs/batch.md`."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def run_ended(self, name: str, report: RunReport, view: BatchView) -> None:
        """``run``: a finished run."""
        self._write(
            "run", name=name, key=report.key, status=report.status, reason=report.reason, worker=report.worker,
            elsewhere=report.elsewhere, seconds=round(report.seconds, 3),
            phases={phase: round(seconds, 3) for phase, seconds in report.phases.items()},
            peak_memory_mb=round(report.peak_memory_mb, 1), memory_mb=round(report.memory_mb, 1),
            finished=view.finished, total=view.total,
        )  # fmt: skip

    def show(self, view: BatchView) -> None:
        """``progress``: where the batch stands."""
        running = [
            {"name": run.name, "worker": run.worker, "phase": run.phase, "share": round(run.share, 3),
             "seconds": round(run.seconds, 1)}
            for run in view.running
        ]  # fmt: skip
        self._write("progress", **_numbers(view), running=running)

    def note(self, text: str) -> None:
        """``note``: something that a user should know now."""
        self._write("note", text=text)

    def end(self, summary: BatchSummary) -> None:
        """``end``: what came of it; the last line."""
        failures = [{"name": name, "reason": reason} for name, reason in summary.failures]
        self._write(
            "end", outcome=summary.outcome, stopped=summary.stopped, **_numbers(summary.view), failures=failures
        )

    def _write(self, event: str, **fields: Any) -> None:
        self._stream.write(json.dumps({"event": event, **fields}, ensure_ascii=False) + "\n")
        self._stream.flush()


class LiveTable:
    """A table on a terminal that is drawn anew: runs that go on, with phase, and the last failures."""

    def __init__(self, live: Live, console: Console) -> None:
        self._live, self._console = live, console
        self._failures: list[str] = []

    def run_ended(self, name: str, report: RunReport, view: BatchView) -> None:
        """Keeps failures; the rest is seen in the counts."""
        if report.status == "failed":
            self._failures = [*self._failures, f"failed: {name}: {first_line(report.reason)}"][-_LAST_FAILURES:]
        self.show(view)

    def show(self, view: BatchView) -> None:
        """Draws where the batch stands."""
        self._live.update(_drawn(view, self._failures))

    def note(self, text: str) -> None:
        """A line above the table."""
        self._console.print(text, markup=False, highlight=False)

    def end(self, summary: BatchSummary) -> None:
        """What came of it, below the table."""
        self.show(summary.view)
        self._live.stop()
        for line in summary_in_words(summary):
            self.note(line)


def _drawn(view: BatchView, failures: list[str]) -> RenderableType:
    """The table."""
    from rich.console import Group  # noqa: PLC0415  slow to import
    from rich.progress_bar import ProgressBar  # noqa: PLC0415
    from rich.table import Table  # noqa: PLC0415
    from rich.text import Text  # noqa: PLC0415

    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading in ("running", "worker", "phase"):
        table.add_column(heading)
    table.add_column("of phase", justify="right")
    table.add_column("for", justify="right")
    for run in view.running[:MOST_SHOWN]:
        table.add_row(
            Text(run.name), Text(in_short(run.worker)), run.phase, f"{100 * run.share:.0f} %", duration(run.seconds)
        )
    if len(view.running) > MOST_SHOWN:
        table.add_row(f"… and {len(view.running) - MOST_SHOWN} more", "", "", "", "")
    bar = ProgressBar(total=max(view.total, 1), completed=view.finished, width=60)
    return Group(bar, Text(standing(view)), table, *(Text(line, style="red") for line in failures))


def standing(view: BatchView) -> str:
    """Where a batch stands, on one line."""
    parts = [
        f"{view.finished:,} of {view.total:,}",
        counts(view),
        f"{len(view.running)} running on {view.workers} workers",
    ]
    if view.held:
        parts.append(f"{view.held:,} run elsewhere")
    if view.per_hour:
        parts.append(f"{view.per_hour:,.0f} an hour")
    if view.seconds_left is not None:
        parts.append(f"{duration(view.seconds_left)} left")
    return " · ".join(parts)


def _numbers(view: BatchView) -> dict[str, Any]:
    """The numbers of a view, for programs."""
    left_s = view.seconds_left
    return {
        "total": view.total, "before": view.before, "done": view.done, "infeasible": view.infeasible,
        "failed": view.failed, "left": view.left, "elsewhere": view.held, "workers": view.workers,
        "seconds": round(view.seconds, 1), "per_hour": round(view.per_hour, 1),
        "seconds_left": None if left_s is None else round(left_s, 1),
    }  # fmt: skip


@contextmanager
def display(*, as_json: bool) -> Iterator[PlainLines | JsonLines | LiveTable]:
    """What suits where the output goes: JSON lines on standard output if asked for, else text on standard error."""
    if as_json:
        yield JsonLines(sys.stdout)
        return
    if not sys.stderr.isatty():
        yield PlainLines(sys.stderr)
        return
    from rich.console import Console  # noqa: PLC0415  slow to import
    from rich.live import Live  # noqa: PLC0415

    console = Console(stderr=True)
    with Live(console=console, refresh_per_second=4) as live:
        yield LiveTable(live, console)
