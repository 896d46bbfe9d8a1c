"""What is open in a log, entry after entry, against the whole log read at once."""

from __future__ import annotations

import random
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from app.twin.log import TwinLog, opened_log
from app.twin.operation.cases import AlertCase, OpenCases
from app.twin.operation.entries import LogEntries
from grid.twin.learning.records import AlertRecord, DecisionRecord, LogRecord, OutcomeRecord, PlannedMove

START = datetime(2030, 1, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)


def at_once(records: Sequence[LogRecord], now: datetime) -> list[AlertCase]:
    """The alerts without outcome whose time is over, by all entries: the slow reference."""
    raised: dict[str, AlertRecord] = {}
    offered: dict[str, AlertRecord] = {}
    by_action: dict[str, AlertRecord] = {}
    taken: dict[str, tuple[AlertRecord, DecisionRecord]] = {}
    for record in records:
        if isinstance(record, AlertRecord) and record.what in {"raised", "escalated"}:
            raised[record.alert] = record
            if record.moves:
                offered[record.alert] = by_action[record.action] = record
        elif isinstance(record, DecisionRecord) and record.alert in raised:
            action = by_action.get(raised[record.alert].action)
            if action is not None:
                taken[action.alert] = (action, record)
    done = {record.alert for record in records if isinstance(record, OutcomeRecord)}
    cases = [AlertCase(alert, *taken.get(name, (offered.get(name), None))) for name, alert in raised.items()]
    return [each for each in cases if each.alert.alert not in done and each.due is not None and each.due <= now]


def shown(cases: Sequence[AlertCase]) -> list[tuple[LogRecord | None, ...]]:
    return [(case.alert, case.action, case.decision) for case in cases]


def some_log(chance: random.Random) -> list[LogRecord]:
    """A log as it may come: alerts share actions and rise again after their outcome, and any of them is decided on."""
    records: list[LogRecord] = []
    names: list[str] = []
    for k in range(chance.randint(1, 30)):
        now, what = START + k * HOUR, chance.choice(["look", "look", "decision", "outcome"])
        if what == "look":
            move = PlannedMove("a", "shifted", now, 3600.0, (0.0,), (1.0,))
            new = [f"alert {k}.{n}" for n in range(chance.randint(0, 2))]
            for n, name in enumerate([*new, *chance.sample(names, min(len(names), chance.randint(0, 2)))]):
                ends = now + chance.randint(0, 5) * HOUR
                what = "raised" if name in new else "escalated"
                records.append(AlertRecord(name, now, what, limit=1.0, begins=now, ends=ends, action=f"action {k}",
                                           moves=(move,) if n == 0 else ()))  # fmt: skip
            names += new
        elif names and what == "decision":
            verdict = chance.choice(["accepted", "rejected"])
            records.append(DecisionRecord(chance.choice(names), now, verdict, "shift", "because"))
        elif names:
            records.append(OutcomeRecord(chance.choice(names), now))
    return records


@pytest.mark.parametrize("seed", range(60))
def test_entry_after_entry_is_as_the_whole_log_also_from_the_first_that_is_needed(seed: int) -> None:
    chance = random.Random(seed)  # noqa: S311  not for secrets
    records = some_log(chance)
    numbered, restarted = list(enumerate(records, 1)), chance.randint(0, len(records))
    log = records[:restarted]

    def over(name: str) -> bool:
        return any(isinstance(each, OutcomeRecord) and each.alert == name for each in log)

    read, again, now = OpenCases(over), OpenCases(over), START + 100 * HOUR
    for number, record in numbered[:restarted]:
        read.take(number, record)
    for number, record in numbered[(read.first or restarted + 1) - 1 : restarted]:
        again.take(number, record)
    assert shown(read.due(now)) == shown(at_once(log, now))
    assert shown(again.due(now)) == shown(read.due(now))
    log += records[restarted:]
    for number, record in numbered[restarted:]:
        again.take(number, record)
        read.take(number, record)
    assert shown(again.due(now)) == shown(read.due(now)) == shown(at_once(records, now))


def test_a_long_log_is_read_once_and_what_is_over_is_forgotten(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is read follows from what is new, and what is kept from what is open, however long the log is."""
    read = list[int]()
    numbered = TwinLog.numbered

    def counted(log: TwinLog, *arguments: int | None) -> list[tuple[int, LogRecord]]:
        found = numbered(log, *arguments)  # type: ignore[arg-type]
        read.append(len(found))
        return found

    monkeypatch.setattr(TwinLog, "numbered", counted)
    with opened_log(tmp_path / "log.db") as log:
        entries, told = LogEntries(log), list[int]()
        for k in range(300):
            now = START + k * HOUR
            alert = AlertRecord(f"alert {k}", now, limit=1.0, begins=now, ends=now + 3 * HOUR)
            log.add([alert, *([OutcomeRecord(f"alert {k - 3}", now)] if k > 2 else [])])
            entries.read(lambda number, _record: told.append(number))
            assert len(entries.cases) <= 3
        assert sum(read) == len(told) == 597
        needed = entries.needed(None)
        assert needed >= 590
        again = LogEntries(log, needed)
        read.clear()
        again.read(lambda *_: None, entries.number)
        assert sum(read) <= 7
        late = START + 1000 * HOUR
        assert shown(again.cases.due(late)) == shown(entries.cases.due(late))
        assert len(again.cases.due(late)) == 3
