"""The last known state as the browser shows it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import timedelta
from zoneinfo import ZoneInfo

from dash import html
from dash.development.base_component import Component

from app.dashboard.operations.live import LiveState
from app.dashboard.operations.proposals import moment, proposal_card
from app.dashboard.why.attributes import hyphened
from grid.twin.learning.records import LogRecord, kind_of
from grid.twin.learning.words import entry_in_words
from grid.twin.quantities import QUANTITIES

PLACE_CLASS = "operations-live"
"""Class of the part of the page that is asked for again and again: ``assets/operations.js``."""
EARLY = timedelta(minutes=1)
"""How far ahead of the clock a measurement may be without that being said."""
_QUANTITIES = {"loading_percent": "loading", "vm_pu": "voltage", "import_mw": "import", "power_flow": "power flow"}
_UNITS = {"loading_percent": " %", "vm_pu": " pu", "import_mw": " MW"}


def live_panel(state: LiveState, zone: str, *, decides: bool = False) -> list[Component]:
    """What is known, in sentences and tables.

    Args:
        state: The state.
        zone: Time zone in which times are shown.
        decides: Whether what is proposed can be decided on here.
    """
    local = ZoneInfo(zone)
    return [
        html.Div([html.P(line) for line in _sentences(state, local)], className="answers", role="status"),
        _card("Alerts", _alerts(state, local)),
        *(proposal_card(proposal, local, decides=decides) for proposal in state.proposals),
        *([] if state.entries is None else [_card("Log", _log(state.entries, local))]),
        _card("Sensors", _sensors(state, local)),
        _card("Quality of what came in", _qualities(state)),
    ]


def _sentences(state: LiveState, local: ZoneInfo) -> list[Component | str | list[Component | str]]:
    if state.latest is None or state.age is None:
        return ["No measurement has come in yet."]
    when = moment(state.latest, local)
    ahead = state.age < -EARLY
    aged = "which is ahead of the clock of this machine" if ahead else f"{in_words(state.age)} ago"
    current = f"The latest measurement is of {when}, {aged}."
    lines: list[Component | str | list[Component | str]] = [current]
    if state.stopped:
        warned = html.Strong("Data have stopped: what is shown is the last known state, not the grid as it is.")
        lines = [[warned, f" {current}"]]
    with_value = state.sensors["value"].is_not_null().sum()
    lines.append(f"{with_value} of {state.sensors.height} sensors have a value that can be used.")
    urgent = [alert for alert in state.alerts if alert.level == "alarm"]
    lines.append(f"{len(state.alerts)} alerts stand, {len(urgent)} of them alarms." if state.alerts else
                 "No alert stands.")  # fmt: skip
    return lines


def _alerts(state: LiveState, local: ZoneInfo) -> Component:
    if not state.alerts:
        return html.P("None. Alerts come from gridcarbon twin alerts --state FILE, named to gridcarbon serve --alerts.",
                      className="nothing")  # fmt: skip
    heads = ("Level", "Element", "What", "Probability", "One in ten passes", "Limit", "From", "To", "Since")
    return titled_table("Alerts that stand", heads, (
        (alert.level, alert.element, _QUANTITIES.get(alert.quantity, alert.quantity), f"{alert.probability:.0%}",
         _number(alert.value, alert.quantity), _number(alert.limit, alert.quantity),
         *(moment(when, local) for when in (alert.begins, alert.ends, alert.since)))
        for alert in state.alerts
    ))  # fmt: skip


def _log(entries: Sequence[LogRecord], local: ZoneInfo) -> Component:
    if not entries:
        return html.P("It has no entry yet.", className="nothing")
    rows = ((moment(one.time, local), one.alert, kind_of(one), entry_in_words(one)) for one in entries)
    return titled_table("Latest entries of the log", ("Time", "Alert", "Entry", "What"), rows)


def _sensors(state: LiveState, local: ZoneInfo) -> Component:
    if state.sensors.is_empty():
        return html.P("None has sent anything.", className="nothing")
    heads = ("At", "Element", "Quantity", "Last value", "Unit", "Measured", "Age", "Quality of the last", "Usable")
    return titled_table("Last value of every sensor that can be used", heads, (
        (row["element_kind"], row["element"], row["quantity"],
         "none" if row["value"] is None else f"{row['value']:.5g}",
         QUANTITIES[row["element_kind"], row["quantity"]].unit,
         "–" if row["time"] is None else moment(row["time"], local),
         "–" if row["time"] is None else in_words(state.now - row["time"]),
         row["quality"].replace("_", " "), f"{row['usable']:.0%}")
        for row in state.sensors.iter_rows(named=True)
    ))  # fmt: skip


def _qualities(state: LiveState) -> Component:
    looked_at = sum(state.counts.values())
    rows = ((name.replace("_", " "), f"{count:,}", f"{count / looked_at:.1%}") for name, count in state.counts.items())
    held = f"The store holds {state.measurements:,} measurements; {state.rejected:,} messages held none. "
    return html.Div([
        html.P(f"{held}Looked at are the latest {looked_at:,}, by the rules of docs/twin.md.", className="subtitle"),
        titled_table("Measurements by quality", ("Quality", "Measurements", "Share"), rows),
    ])  # fmt: skip


def _card(title: str, content: Component) -> Component:
    return html.Section([html.H2(title), content], className="card")


def titled_table(caption: str, heads: Sequence[str], rows: Iterable[Sequence[str]]) -> Component:
    """A table that is scrolled by itself, with a name for those who do not see it."""
    body = [html.Tr([html.Td(cell) for cell in row]) for row in rows]
    head = html.Thead(html.Tr([html.Th(one, scope="col") for one in heads]))
    table = html.Table([head, html.Tbody(body)])
    return html.Div(table, className="scroll", tabIndex="0", role="region", **hyphened(aria_label=caption))


def _number(value: float, quantity: str) -> str:
    return "–" if value != value else f"{value:.4g}{_UNITS.get(quantity, '')}"  # noqa: PLR0124  NaN


def in_words(age: timedelta) -> str:
    """An age in words, in the largest unit of which it has at least two."""
    seconds = age.total_seconds()
    for length, unit in ((86_400, "days"), (3_600, "hours"), (60, "minutes")):
        if seconds >= 2 * length:
            return f"{seconds / length:.0f} {unit}"
    return f"{max(seconds, 0):.0f} seconds"
