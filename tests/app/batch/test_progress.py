from __future__ import annotations

import io
import json

from rich.console import Console
from rich.live import Live

from app.batch.progress import JsonLines, LiveTable, PlainLines, standing
from app.batch.report import BatchSummary, BatchView, RunningRun, RunReport, duration

RUNNING = RunningRun("north [x]", "node:12:99:0123abcd", "dispatch", 0.5, 75.0)
VIEW = BatchView(
    total=10, before=2, done=4, infeasible=1, failed=1, held=1, running=(RUNNING,), workers=2, seconds=60.0
)  # fmt: skip
FAILED = RunReport(
    "k", "failed", "RuntimeError: it broke\nbadly", "node:12:99:0123abcd", {"read": 1.0}, 2.0, 300.0, 200.0
)
SUMMARY = BatchSummary(VIEW, (("south", "it broke"),), "the deadline has passed", "store/.failures")


def test_rate_and_time_left_are_those_of_this_batch() -> None:
    assert (VIEW.finished, VIEW.left, VIEW.per_hour, VIEW.seconds_left) == (6, 4, 240.0, 60.0)
    none_yet = BatchView(10, 2, 2, 0, 0, 0, (), 2, 5.0)
    assert (none_yet.per_hour, none_yet.seconds_left) == (0.0, None)


def test_where_a_batch_stands_is_one_line() -> None:
    assert standing(VIEW) == (
        "6 of 10 · 4 done, 1 infeasible, 1 failed, 4 left · 1 running on 2 workers · 1 run elsewhere · 240 an hour"
        " · 1 min 0 s left"
    )


def test_durations() -> None:
    assert [duration(s) for s in (0.4, 59.4, 61, 3599, 18_420)] == [
        "0 s",
        "59 s",
        "1 min 1 s",
        "59 min 59 s",
        "5 h 7 min",
    ]


def test_plain_lines_have_failures_and_the_end() -> None:
    stream = io.StringIO()
    lines = PlainLines(stream, every_s=3600)
    lines.run_ended("south", FAILED, VIEW)
    lines.show(VIEW)
    lines.end(SUMMARY)
    assert stream.getvalue().splitlines() == [
        "failed: south: RuntimeError: it broke badly",
        "10 runs: 4 done, 1 infeasible, 1 failed, 4 left; 2 were there before, 1 min 0 s",
        "ended early: the deadline has passed",
        "  failed: south: it broke",
        "tracebacks: store/.failures",
        "the same line again goes on with what is left",
    ]


def test_json_lines_are_objects_that_say_what_they_are() -> None:
    stream = io.StringIO()
    lines = JsonLines(stream)
    lines.run_ended("south", FAILED, VIEW)
    lines.show(VIEW)
    lines.note("a worker has died")
    lines.end(SUMMARY)
    run, progress, note, end = map(json.loads, stream.getvalue().splitlines())
    assert [each["event"] for each in (run, progress, note, end)] == ["run", "progress", "note", "end"]
    assert (run["name"], run["status"], run["phases"]) == ("south", "failed", {"read": 1.0})
    assert progress["running"] == [
        {"name": "north [x]", "worker": "node:12:99:0123abcd", "phase": "dispatch", "share": 0.5, "seconds": 75.0}
    ]
    assert (progress["done"], progress["left"], progress["seconds_left"]) == (4, 4, 60.0)
    assert (end["outcome"], end["stopped"]) == ("stopped", "the deadline has passed")
    assert end["failures"] == [{"name": "south", "reason": "it broke"}]


def test_the_table_shows_runs_with_phase_and_failures() -> None:
    console = Console(file=io.StringIO(), force_terminal=True, width=120, color_system=None)
    with Live(console=console, refresh_per_second=1) as live:
        table = LiveTable(live, console)
        table.run_ended("south", FAILED, VIEW)
        table.end(SUMMARY)
    shown = console.file.getvalue()  # type: ignore[attr-defined]
    for fragment in ("north [x]", "node:12", "dispatch", "50 %", "1 min 15 s", "failed: south: RuntimeError"):
        assert fragment in shown
    assert "the same line again" in shown


def test_the_worst_of_how_runs_ended_is_the_outcome() -> None:
    def outcome(done: int, infeasible: int, failed: int) -> str:
        return BatchSummary(BatchView(4, 0, done, infeasible, failed, 0, (), 1, 1.0), (), "", "").outcome

    assert [outcome(4, 0, 0), outcome(3, 1, 0), outcome(2, 1, 1), outcome(3, 0, 0)] == [
        "done", "infeasible", "failed", "stopped",
    ]  # fmt: skip
