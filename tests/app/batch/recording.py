"""What a batch tells, kept for a test."""

from __future__ import annotations

from app.batch.report import BatchSummary, BatchView, RunReport


class Recording:
    """A display that keeps what it is told."""

    def __init__(self) -> None:
        self.reports: dict[str, RunReport] = {}
        self.views: list[BatchView] = []
        self.notes: list[str] = []
        self.summary: BatchSummary | None = None

    def run_ended(self, name: str, report: RunReport, view: BatchView) -> None:
        assert name not in self.reports, "finished twice"
        self.reports[name] = report
        self.views.append(view)

    def show(self, view: BatchView) -> None:
        self.views.append(view)

    def note(self, text: str) -> None:
        self.notes.append(text)

    def end(self, summary: BatchSummary) -> None:
        self.summary = summary
