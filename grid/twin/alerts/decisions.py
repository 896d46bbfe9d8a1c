"""What a person decided about a proposed action."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Literal

from grid.errors import Fault, nearest, raise_if_any

Verdict = Literal["accepted", "changed", "rejected"]
VERDICTS: tuple[Verdict, ...] = ("accepted", "changed", "rejected")


@dataclass(frozen=True)
class AlertDecision:
    """An answer to the action that an alert proposes.

    Args:
        alert: Name of the alert.
        time: When it was decided, with time zone; kept in UTC.
        verdict: Whether the action is taken as it is proposed, otherwise, or not.
        by: Who decided.
        reason: Why; needed unless the action is accepted.
        energy_mwh: What is moved instead, by asset [MWh]; needed where the action is changed, and only there.

    Raises:
        InputError: With all that is wrong.
    """

    alert: str
    time: datetime
    verdict: Verdict
    by: str
    reason: str = ""
    energy_mwh: Mapping[str, float] = field(default_factory=lambda: MappingProxyType({}))

    def __post_init__(self) -> None:
        raise_if_any(self._faults(), "the decision")
        object.__setattr__(self, "time", self.time.astimezone(UTC))

    def _faults(self) -> Iterator[Fault]:
        for name in ("alert", "by"):
            if not getattr(self, name):
                yield Fault(name, "must not be empty")
        if self.time.tzinfo is None:
            yield Fault("time", "must have a time zone", self.time.isoformat())
        if self.verdict not in VERDICTS:
            yield Fault("verdict", f"must be one of {', '.join(VERDICTS)}", self.verdict,
                        nearest(self.verdict, VERDICTS))  # fmt: skip
        elif self.verdict != "accepted" and not self.reason.strip():
            yield Fault("reason", f"must be given where an action is {self.verdict}")
        if (self.verdict == "changed") != bool(self.energy_mwh):
            yield Fault("energy_mwh", "must say what is moved instead where an action is changed, and only there")
