"""What is known of a run: its state, and what a sweep calls it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

import polars as pl

Parameter = bool | int | float | str | None
"""A value that a sweep varied."""
RunStatus = Literal["waiting", "running", "done", "infeasible", "failed", "cancelled"]
WITH_RESULT = ("done", "infeasible")
"""States of runs whose results are in the store."""
ENDED = (*WITH_RESULT, "failed", "cancelled")
"""States of runs that nobody runs unless he is asked to."""
_MOMENT = pl.Datetime("us", "UTC")
ABOUT_RUNS: dict[str, pl.DataType | type[pl.DataType]] = {
    "key": pl.String, "sweep": pl.String, "name": pl.String, "tags": pl.List(pl.String), "status": pl.String,
    "reason": pl.String, "started": _MOMENT, "finished": _MOMENT, "seconds": pl.Float64, "peak_memory_mb": pl.Float64,
    "size_bytes": pl.Int64,
}  # fmt: skip
"""Columns of the table of summaries before those of what was varied."""


class Variant(Protocol):
    """One run as a sweep names it."""

    @property
    def name(self) -> str:
        """Its name, unique in the sweep."""

    @property
    def tags(self) -> Sequence[str]:
        """Its tags."""

    @property
    def parameters(self) -> Mapping[str, Parameter]:
        """What was varied, by path."""

    @property
    def key(self) -> str:
        """Address of its result in a store."""


@dataclass(frozen=True)
class NamedRun:
    """A `Variant` as it is read back from a store."""

    name: str
    key: str
    tags: tuple[str, ...] = ()
    parameters: Mapping[str, Parameter] = field(default_factory=dict)


@dataclass(frozen=True)
class RunState:
    """What the index knows of a run. Times are seconds since 1970 (UTC) by the clock of the database.

    Args:
        key: Address of its result.
        status: Its state.
        reason: Why it failed; empty otherwise.
        worker: Who works on it, or did last; None if nobody did.
        phase: Phase in which a running one is.
        share: Share of that phase that is done.
        lease_left_s: Seconds until another worker may take it; negative when one may, None unless running.
        attempts: How often it was taken.
        started: When it was last taken.
        finished: When it ended.
        seconds: How long it took.
        peak_memory_mb: The most memory it needed.
        size_bytes: Size of its result.
        figures: Its key figures; empty unless it has a result.
    """

    key: str
    status: RunStatus
    reason: str = ""
    worker: str | None = None
    phase: str = ""
    share: float = 0.0
    lease_left_s: float | None = None
    attempts: int = 0
    started: float | None = None
    finished: float | None = None
    seconds: float | None = None
    peak_memory_mb: float | None = None
    size_bytes: int | None = None
    figures: Mapping[str, Any] = field(default_factory=dict)
