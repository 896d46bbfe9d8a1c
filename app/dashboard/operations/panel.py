"""The last known state as the browser shows it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from dash import html
from dash.development.base_component import Component

from app.dashboard.operations.live import LiveAlert, LiveState
from app.dashboard.operations.proposals import (
    alert_words,
    measured_words,
    moment,
    proposal_card,
    quantity_words,
)
from app.dashboard.text import figure
from app.dashboard.why.attributes import hyphened
from grid.twin.learning.records import LogRecord, kind_of
from grid.twin.learning.words import entry_in_words
from grid.twin.measurements import PLACE
from grid.twin.quantities import QUANTITIES

PLACE_CLASS = "operations-live"
"""Class of the part of the page that is asked for again and again: ``assets/operations.js``."""
MAP_CLASS: Final = "operations-map"
"""Class of the part that holds the map: ``assets/operations_map.js``."""
_SENSED = {
    "vm_pu": "voltage", "va_degree": "voltage angle", "p_mw": "active power", "q_mvar": "reactive power",
    "p_from_mw": "active power, from end", "p_to_mw": "active power, to end",
    "q_from_mvar": "reactive power, from end", "q_to_mvar": "reactive power, to end",
    "i_from_ka": "current, from end", "i_to_ka": "current, to end", "i_ka": "current", "loading_percent": "loading",
    "closed": "closed (1) or open (0)", "fault_passed": "fault seen (1) or not (0)", "e_mwh": "stored energy",
}  # fmt: skip
"""Quantities in words."""
_UNITS = {"degree": "°", "1": ""}
"""Units as they are shown, where that is not how they are kept."""
_DIGITS = {"pu": 4, "degree": 2, "MW": 4, "MVAr": 4, "kA": 4, "%": 1, "MWh": 3, "1": 0}
"""Digits after the point by unit: a tenth of a kW or of an A."""


Cells = tuple[tuple[str, str | None], ...]
"""Texts of the cells of a row, each with the class of its column."""


def plain_row(cells: Cells) -> Component:
    """A row of a table."""
    return html.Tr([html.Td(text, className=column) for text, column in cells])


def live_panel(
    state: LiveState, zone: str, *, decides: bool = False, mapped: bool = False,
    as_row: Callable[[Cells], Any] = plain_row,
) -> list[Component]:  # fmt: skip
    """What is known, in sentences and tables; each part has a name, by which the browser knows it again.

    Args:
        state: The state.
        zone: Time zone in which times are shown.
        decides: Whether what is proposed can be decided on here.
        mapped: Whether the map of the estimated state stands among the parts.
        as_row: Makes a row of the table of sensors, of which there are many.
    """
    local = ZoneInfo(zone)
    return [
        html.Div(list(_sentences(state, local)), className="answers", **hyphened(data_part="state")),
        _card("alerts", "Alerts", _alerts(state.alerts, local)),
        *(proposal_card(proposal, local, decides=decides) for proposal in state.proposals),
        *([map_place(zone)] if mapped else []),
        *([] if state.entries is None else [_card("log", "Log", _log(state.entries, local))]),
        _card("sensors", "Sensors", _sensors(state, local, as_row)),
        _card("quality", "Quality of what came in", _qualities(state)),
    ]


def map_place(zone: str) -> Component:
    """Where the map of the estimated state stands, which the browser asks for by itself."""
    return html.Div(className=MAP_CLASS, **hyphened(data_part="map", data_zone=zone))


def _sentences(state: LiveState, local: ZoneInfo) -> Iterable[Component]:
    """What matters first; what changes by itself alone, an age, is not spoken again and again."""
    if state.latest is None or state.age is None:
        yield html.P("No measurement has come in yet.", role="status")
        return
    if state.stopped:
        stopped = "Data have stopped: what is shown is the last known state, not the grid as it is."
        yield html.P(html.Strong(stopped), role="status")
    aged = (
        "which is ahead of the clock of this machine; ages are counted from it"
        if state.ahead else f"{in_words(state.age)} ago"
    )  # fmt: skip
    yield html.P(f"The latest measurement is of {moment(state.latest, local)}, {aged}.")
    with_value = figure(state.sensors["value"].is_not_null().to_list().count(True), 0)
    yield html.P(f"{with_value} of {figure(state.sensors.height, 0)} sensors have a value that can be used.",
                 role="status")  # fmt: skip
    if state.alerts is not None:
        urgent = sum(alert.level == "alarm" for alert in state.alerts)
        stand = f"Alerts that stand: {len(state.alerts)}, of which alarms: {urgent}."
        yield html.P(stand if state.alerts else "No alert stands.", role="status")


def _alerts(alerts: Sequence[LiveAlert] | None, local: ZoneInfo) -> Component:
    if alerts is None:
        return html.P("They are not shown here. gridcarbon serve --alerts FILE names the file that gridcarbon twin run "
                      "or gridcarbon twin alerts writes with --state FILE.", className="nothing")  # fmt: skip
    if not alerts:
        return html.P("None stands.", className="nothing")
    heads = ("Level", "Element", "What", "Probability", "One in ten passes", "Limit", "From", "To", "Since")
    return titled_table("Alerts that stand", heads, (
        (alert.level, alert.element, quantity_words(alert.quantity), f"{100 * alert.probability:.0f}\u00a0%",
         measured_words(alert.value, alert.quantity), measured_words(alert.limit, alert.quantity),
         *(moment(when, local) for when in (alert.begins, alert.ends, alert.since)))
        for alert in alerts
    ), numbers=(3, 4, 5))  # fmt: skip


def _log(entries: Sequence[LogRecord], local: ZoneInfo) -> Component:
    if not entries:
        return html.P("It has no entry yet.", className="nothing")
    rows = ((moment(one.time, local), alert_words(one.alert, local), kind_of(one), entry_in_words(one))
            for one in entries)  # fmt: skip
    return titled_table("Latest entries of the log", ("Time", "Alert", "Entry", "What"), rows)


def _sensors(state: LiveState, local: ZoneInfo, as_row: Callable[[Cells], Any]) -> Component:
    if state.sensors.is_empty():
        return html.P("None has sent anything.", className="nothing")
    troubled = state.troubled
    told = (
        "Sensors without a value of the last half hour that can be used, or whose last value cannot be: "
        f"{figure(troubled.to_list().count(True), 0)}."
    )
    heads = ("At", "Element", "Quantity", "Last value", "Unit", "Measured", "Age", "Quality of the last", "Usable")
    ordered = state.sensors.with_columns(troubled).sort("troubled", *PLACE, descending=[True, *[False] * len(PLACE)])
    rows = (_sensor(row, state.clock, local) for row in ordered.iter_rows(named=True))
    table = titled_table("Last value of every sensor that can be used", heads, rows, (3, 6, 8), as_row)
    return html.Div([html.P(f"{told} They come first.", className="subtitle"), table])


def _sensor(row: dict[str, Any], clock: datetime, local: ZoneInfo) -> tuple[str, ...]:
    quantity = QUANTITIES[row["element_kind"], row["quantity"]]
    return (
        row["element_kind"], row["element"], _SENSED.get(quantity.name, quantity.name),
        "none" if row["value"] is None else figure(row["value"], _DIGITS.get(quantity.unit, 4)),
        _UNITS.get(quantity.unit, quantity.unit),
        "–" if row["time"] is None else moment(row["time"], local),
        "–" if row["time"] is None else in_words(clock - row["time"]),
        row["quality"].replace("_", " "), f"{100 * row['usable']:.0f}\u00a0%",
    )  # fmt: skip


def _qualities(state: LiveState) -> Component:
    looked_at = sum(state.counts.values())
    rows = ((name.replace("_", " "), figure(count, 0), f"{figure(100 * count / looked_at, 1)}\u00a0%")
            for name, count in state.counts.items())  # fmt: skip
    held = (f"The store holds {figure(state.measurements, 0)} measurements; {figure(state.rejected, 0)} messages held "
            "none. ")  # fmt: skip
    return html.Div([
        html.P(f"{held}Looked at are the latest {figure(looked_at, 0)}, by the rules of docs/twin.md.",
               className="subtitle"),
        titled_table("Measurements by quality", ("Quality", "Measurements", "Share"), rows, numbers=(1, 2)),
    ])  # fmt: skip


def _card(part: str, title: str, content: Component) -> Component:
    return html.Section([html.H2(title), content], className="card", **hyphened(data_part=part))


def titled_table(
    caption: str, heads: Sequence[str], rows: Iterable[Sequence[str]], numbers: Sequence[int] = (),
    as_row: Callable[[Cells], Any] = plain_row,
) -> Component:  # fmt: skip
    """A table that is scrolled by itself, with a name for those who do not see it.

    Args:
        caption: Its name.
        heads: Of its columns.
        rows: Texts of its cells.
        numbers: Columns of numbers, which stand to the right.
        as_row: Makes a row.
    """
    of_column = ["number" if k in numbers else None for k in range(len(heads))]
    body = [as_row(tuple(zip(row, of_column, strict=True))) for row in rows]
    top = [html.Th(name, scope="col", className=one) for name, one in zip(heads, of_column, strict=True)]
    table = html.Table([html.Thead(html.Tr(top)), html.Tbody(body)])
    return html.Div(table, className="scroll", tabIndex="0", role="region", **hyphened(aria_label=caption))


def in_words(age: timedelta) -> str:
    """An age in words, in the largest unit of which it has at least two."""
    seconds = age.total_seconds()
    for length, unit in ((86_400, "days"), (3_600, "hours"), (60, "minutes")):
        if seconds >= 2 * length:
            return f"{seconds / length:.0f} {unit}"
    return f"{max(seconds, 0):.0f} seconds"
