"""Actions that are proposed, each with what decides on it; the fields are made by ``assets/operations.js``."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator
from datetime import datetime
from zoneinfo import ZoneInfo

from dash import html
from dash.development.base_component import Component

from app.dashboard.text import figure
from app.dashboard.why.attributes import hyphened
from grid.twin.learning.records import AlertRecord

DECIDE_CLASS = "operations-decide"
"""Class of the place in which an action is decided on."""
_QUANTITIES = {"loading_percent": "loading", "vm_pu": "voltage", "import_mw": "import", "power_flow": "power flow"}
_UNITS = {"loading_percent": "\u00a0%", "vm_pu": " pu", "import_mw": " MW"}
_NAMED = re.compile(r"(?:(?P<quantity>\w+) (?P<side>high|low) )?(?P<element>.+) (?P<time>\d{4}-\d\d-\d\dT[\d:]{8}Z)")
"""The name of an alert: what is beyond which limit where, or what happened, and when that was first said."""


def proposal_card(proposal: AlertRecord, local: ZoneInfo, *, decides: bool) -> Component:
    """An action that nobody has decided on.

    Args:
        proposal: The alert that holds it.
        local: Time zone in which times are shown.
        decides: Whether it can be decided on here.
    """
    said = (html.P(line) for line in _sentences(proposal, local))
    return html.Section(
        [
            html.H2("Proposed action"),
            *said,
            html.Ul([*_moves(proposal, local), *map(html.Li, _lines(proposal))]),
            _decision(proposal, decides=decides),
        ],
        className="card operations-proposal", **hyphened(data_part=proposal.action),
    )  # fmt: skip


def quantity_words(quantity: str) -> str:
    """What is limited, in words."""
    return _QUANTITIES.get(quantity, quantity)


def measured_words(value: float | None, quantity: str) -> str:
    """A value of what is limited, with its unit; a dash where there is none."""
    return "–" if value is None or math.isnan(value) else f"{significant(value, 4)}{_UNITS.get(quantity, '')}"


def significant(value: float, digits: int) -> str:
    """A number with so many digits that count, and no more after the point than there are."""
    least = digits - 1 - (math.floor(math.log10(abs(value))) if value else 0)
    shown = figure(value, min(max(least, 0), 9))
    return shown.rstrip("0").rstrip(".") if "." in shown else shown


def alert_words(name: str, local: ZoneInfo) -> str:
    """The name of an alert in words, with its time as the page shows times."""
    found = _NAMED.fullmatch(name)
    if found is None:
        return name
    said = moment(datetime.fromisoformat(found["time"]), local)
    if found["quantity"] is None:
        return f"{found['element']}, {said}"
    return f"{quantity_words(found['quantity'])} of {found['element']} too {found['side']}, {said}"


def _sentences(proposal: AlertRecord, local: ZoneInfo) -> Iterator[str]:
    likely = f"{100 * proposal.probability:.0f}\u00a0% likely without it"
    with_it = proposal.probability_with_action
    likely += "" if with_it is None else f", {100 * with_it:.0f}\u00a0% with it"
    yield f"For {alert_words(proposal.alert, local)}: {proposal.level}, {likely}."
    if proposal.limit is not None and proposal.begins is not None and proposal.ends is not None:
        shown = [measured_words(one, proposal.quantity) for one in (proposal.value, proposal.limit)]
        when = f"{moment(proposal.begins, local)} to {moment(proposal.ends, local)}"
        yield f"{when}: one course of the forecast in ten passes {shown[0]}; the limit is {shown[1]}."


def _moves(proposal: AlertRecord, local: ZoneInfo) -> Iterator[Component]:
    """What each asset is to do."""
    for move in proposal.moves:
        most = max(abs(before - after) for before, after in zip(move.without_mw, move.with_mw, strict=True))
        energy = significant(proposal.predicted_mwh.get(move.asset, 0.0), 3)
        begins = moment(move.begins, local)
        said = f"{move.kind}, {energy} MWh, up to {significant(most, 3)} MW, from {begins}"
        yield html.Li([html.B(move.asset), ": ", said])


def _lines(proposal: AlertRecord) -> Iterator[str]:
    if proposal.cost is not None and proposal.carbon_kg is not None:
        cost = f"{_signed(proposal.cost, 2)} {proposal.currency}".rstrip()
        yield f"Against the plan: {cost}, {_signed(proposal.carbon_kg, 0)} kg CO₂e"
    yield from proposal.corrected_by
    yield from proposal.advice


def _signed(value: float, digits: int) -> str:
    """A difference, of which more has a sign, too."""
    return f"{'+' if round(value, digits) > 0 else ''}{figure(value, digits)}"


def _decision(proposal: AlertRecord, *, decides: bool) -> Component:
    if not decides:
        said = f"Decided on by gridcarbon twin decide LOG '{proposal.alert}' accepted --by NAME."
        return html.P(said, className="subtitle")
    moved = json.dumps({asset: float(f"{mwh:.4g}") for asset, mwh in sorted(proposal.predicted_mwh.items())})
    named = {"data_alert": proposal.alert, "data_action": proposal.action, "data_moved": moved}
    return html.Div(className=DECIDE_CLASS, **hyphened(**named))


def moment(when: datetime, local: ZoneInfo) -> str:
    """A moment as the page shows it."""
    shown = when.astimezone(local)
    return f"{shown.day} {shown:%b %Y %H:%M}"
