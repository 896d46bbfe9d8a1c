"""The actions that were proposed on a day, and the plan under those that were accepted."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from app.twin.alerts.action import propose
from app.twin.alerts.moves import in_part
from app.twin.alerts.plan import Plan
from app.twin.alerts.watch import GridWatch
from app.twin.operation.cases import decided_shares
from grid.twin.forecast.history import PowerHistory
from grid.twin.learning.records import AlertRecord, DecisionRecord, LogRecord

Histories = Callable[[int, int, bool], Sequence[PowerHistory] | None]
"""What was measured of the first steps, of the rows up to a number; whether the last step was still running."""


class DayActions:
    """Actions of a day; what it holds is enough to find all plans again.

    Args:
        proposed: By name of the action: the number of steps that were known, that of the last row, how many actions had
            been accepted by then, and whether the last step was still running.
        accepted: Names of accepted actions in their order, each with the share of each asset's move.

    Attributes:
        first: Number of the first entry of the log on which decisions of the day may rest; None without one.
    """

    def __init__(
        self, proposed: Mapping[str, tuple[int, int, int, bool]] | None = None,
        accepted: Sequence[tuple[str, dict[str, float]]] = (),
    ) -> None:  # fmt: skip
        self.proposed, self.accepted = dict(proposed or {}), list(accepted)
        self.first: int | None = None
        self._of_alert: dict[str, str] = {}
        self._told: dict[str, AlertRecord] = {}
        self._plans: dict[str, Plan] = {}
        self._watches: dict[int, GridWatch] = {}

    def plain(self) -> dict[str, Any]:
        """It as JSON has it."""
        return {
            "proposed": {name: list(each) for name, each in self.proposed.items()},
            "accepted": [list(each) for each in self.accepted],
        }  # fmt: skip

    @classmethod
    def from_plain(cls, content: Mapping[str, Any]) -> DayActions:
        """The actions that `plain` made plain."""
        proposed = {
            name: (int(each[0]), int(each[1]), int(each[2]), bool(each[3]))
            for name, each in content["proposed"].items()
        }
        accepted = [(str(name), dict(shares)) for name, shares in content["accepted"]]
        return cls(proposed, accepted)

    def propose(self, name: str, known: tuple[int, int, bool], plan: Plan) -> None:
        """Keeps an action that is proposed, with what `Histories` is asked for what was known."""
        steps, number, running = known
        self.proposed[name] = steps, number, len(self.accepted), running
        self._plans[name] = plan

    def remember(self, number: int, record: LogRecord) -> None:
        """Takes the next entry of the log, on which decisions may rest; what it decides itself is known."""
        if isinstance(record, AlertRecord) and record.action:
            self._of_alert[record.alert] = record.action
            if record.action in self.proposed:
                self.first = number if self.first is None else self.first
                if record.moves or record.action not in self._told:
                    self._told[record.action] = record

    def take(self, number: int, record: LogRecord) -> None:
        """Takes the next entry of the log; an action that it accepts, whole or changed, is the plan from now on."""
        self.remember(number, record)
        if not isinstance(record, DecisionRecord) or record.decision == "rejected":
            return
        name = self._of_alert.get(record.alert, "")
        if name in self._told:
            shares = decided_shares(self._told[name], record) if record.decision == "changed" else {}
            self.accepted.append((name, shares))

    def watch(self, first: GridWatch, histories: Histories, accepted: int | None = None) -> GridWatch:
        """The grid under the plan with the accepted actions, or with the first of them."""
        watch = first
        for number, (name, shares) in enumerate(self.accepted[:accepted], start=1):
            if number not in self._watches:
                plan = in_part(watch.plan, self._plan(name, first, histories), shares)
                self._watches[number] = watch.with_plan(plan)
            watch = self._watches[number]
        return watch

    def _plan(self, name: str, first: GridWatch, histories: Histories) -> Plan:
        """The plan with an action; made again after a restart."""
        if name not in self._plans:
            steps, number, before, running = self.proposed[name]
            watch = self.watch(first, histories, before)
            self._plans[name] = propose(watch, histories(steps, number, running)).plan
        return self._plans[name]
