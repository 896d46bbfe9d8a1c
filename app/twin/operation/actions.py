"""The actions that were proposed on a day, and the plan under those that were accepted."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from app.twin.alerts.action import propose
from app.twin.alerts.moves import in_part
from app.twin.alerts.plan import Plan
from app.twin.alerts.watch import GridWatch
from app.twin.operation.outcomes import decided_shares
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
        decisions: How many decisions of the log were looked at.
    """

    def __init__(
        self, proposed: Mapping[str, tuple[int, int, int, bool]] | None = None,
        accepted: Sequence[tuple[str, dict[str, float]]] = (), decisions: int = 0,
    ) -> None:  # fmt: skip
        self.proposed, self.accepted, self.decisions = dict(proposed or {}), list(accepted), decisions
        self._plans: dict[str, Plan] = {}

    def plain(self) -> dict[str, Any]:
        """It as JSON has it."""
        return {
            "proposed": {name: list(each) for name, each in self.proposed.items()},
            "accepted": [list(each) for each in self.accepted], "decisions": self.decisions,
        }  # fmt: skip

    @classmethod
    def from_plain(cls, content: Mapping[str, Any]) -> DayActions:
        """The actions that `plain` made plain."""
        proposed = {
            name: (int(each[0]), int(each[1]), int(each[2]), bool(each[3]))
            for name, each in content["proposed"].items()
        }
        accepted = [(str(name), dict(shares)) for name, shares in content["accepted"]]
        return cls(proposed, accepted, int(content["decisions"]))

    def propose(self, name: str, known: tuple[int, int, bool], plan: Plan) -> None:
        """Keeps an action that is proposed, with what `Histories` is asked for what was known."""
        steps, number, running = known
        self.proposed[name] = steps, number, len(self.accepted), running
        self._plans[name] = plan

    def decide(self, records: Sequence[LogRecord]) -> list[str]:
        """Takes the decisions that came since it was asked last; returns the names of actions that are now accepted."""
        of_alert: dict[str, str] = {}
        of_action: dict[str, AlertRecord] = {}
        found, seen = [], 0
        for record in records:
            if isinstance(record, AlertRecord) and record.action:
                of_alert[record.alert] = record.action
                of_action[record.action] = record if record.moves else of_action.get(record.action, record)
            elif isinstance(record, DecisionRecord):
                seen += 1
                name = of_alert.get(record.alert, "")
                if seen <= self.decisions or name not in self.proposed or record.decision == "rejected":
                    continue
                shares = decided_shares(of_action[name], record) if record.decision == "changed" else {}
                self.accepted.append((name, shares))
                found.append(name)
        self.decisions = seen
        return found

    def watch(self, first: GridWatch, histories: Histories, accepted: int | None = None) -> GridWatch:
        """The grid under the plan with the accepted actions, or with the first of them."""
        watch = first
        for name, shares in self.accepted[:accepted]:
            watch = watch.with_plan(in_part(watch.plan, self._plan(name, first, histories), shares))
        return watch

    def _plan(self, name: str, first: GridWatch, histories: Histories) -> Plan:
        """The plan with an action; made again after a restart."""
        if name not in self._plans:
            steps, number, before, running = self.proposed[name]
            watch = self.watch(first, histories, before)
            self._plans[name] = propose(watch, histories(steps, number, running)).plan
        return self._plans[name]
