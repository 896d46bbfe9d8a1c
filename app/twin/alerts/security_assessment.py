"""Security of the grid in the hours ahead, assessed once for a command, with the best action."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import polars as pl

from app.twin.alerts.action import ProposedAction, propose, switching_relief
from app.twin.alerts.logged import log_alerts
from app.twin.alerts.state_file import write_states
from app.twin.alerts.tables import action_lines, alert_table, relief_line
from app.twin.alerts.watch import GridWatch, watch_over
from app.twin.forecasts.measured import stored_histories
from app.twin.forecasts.period import operated_city
from app.twin.log.lessons import NOTHING, Lessons, lessons_of
from app.twin.log.store import opened_log
from grid.files.content import is_file
from grid.twin.alerts import AlertEvent, AlertState, advance
from grid.twin.alerts.levels import Key


@dataclass(frozen=True, eq=False)
class FoundAlerts:
    """What a look found.

    Args:
        events: What is to be said.
        action: The action that is proposed; None where none was sought.
        corrected_by: What learned corrections changed, in words.
        states: Alerts as they stand now.
        lines: All of it in words, but for the table.
    """

    events: Sequence[AlertEvent]
    action: ProposedAction | None
    corrected_by: Sequence[str]
    states: Mapping[Key, AlertState]
    lines: Sequence[str]

    @property
    def table(self) -> pl.DataFrame:
        """A row for each alert."""
        return alert_table(self.events, self.action)

    def keep(self, log: str | None, state: Path | None) -> None:
        """Adds what was said to a log, then writes how alerts stand: what was said and not logged is said again."""
        if log is not None:
            with opened_log(log) as opened:
                log_alerts(opened, self.events, self.action, self.corrected_by)
        if state is not None:
            write_states(state, self.states)


def looked_at(
    city: Path, start: date | None, days: int, past_days: int, kept: tuple[str | None, str | None], samples: int
) -> tuple[GridWatch, Lessons, list[str]]:
    """The grid under watch, what a log teaches, and what the forecasts rest on in words.

    Args:
        city: A scenario file or the folder of a result.
        start: Day ahead; None: the first of the scenario.
        days: Days ahead.
        past_days: Days before.
        kept: Store of measurements and log; None each without one.
        samples: Courses of the forecast.

    Raises:
        InputError: With all that is wrong with them.
    """
    measurements, log = kept
    operated = operated_city(city, start, days, past_days)
    histories, lines = None, list[str]()
    if measurements is not None:
        histories, words = stored_histories(operated, measurements)
        lines += words
    known = lessons_in(log)
    return watch_over(operated, samples, histories=histories, correction=known.correction), known, lines


def lessons_in(log: str | None) -> Lessons:
    """What a log teaches; nothing without one, or where it is not made yet."""
    if log is None or ("://" not in log and not is_file(Path(log))):
        return NOTHING
    with opened_log(log) as opened:
        return lessons_of(opened)


def alerts_now(
    watch: GridWatch, known: Lessons, before: Mapping[Key, AlertState], *, act: bool, switch: bool
) -> FoundAlerts:
    """Alerts at the beginning of the hours ahead.

    Args:
        watch: The grid under watch.
        known: What a log teaches.
        before: Alerts as they stood.
        act: Whether an action is sought.
        switch: Whether another open point is sought.
    """
    begun = time.perf_counter()
    states, events = advance(before, watch.risks(), watch.clock.start)
    seconds = time.perf_counter() - begun
    lines = [forecaster.statement for forecaster in watch.forecasters]
    lines.append(f"forecast, {watch.n_samples} power flows and alerts took {seconds:.2f} s")
    action = propose(watch, rate=known.rate) if act and events else None
    if action is not None:
        scenario = watch.ahead.loaded.scenario
        lines.append("the cheapest action that is enough:")
        lines += action_lines(action, scenario.currency, scenario.dispatch.strategy)
    actions = [] if action is None else [move.kind for move in action.moves]
    corrected_by = known.words([forecaster.series.kind for forecaster in watch.forecasters], actions)
    lines += corrected_by
    if switch and events:
        lines.append(relief_line(switching_relief(watch)))
    return FoundAlerts(events, action, corrected_by, states, lines)
