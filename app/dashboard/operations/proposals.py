"""Actions that are proposed, each with what decides on it; the fields are made by ``assets/operations.js``."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime
from zoneinfo import ZoneInfo

from dash import html
from dash.development.base_component import Component

from app.dashboard.why.attributes import hyphened
from grid.twin.learning.records import AlertRecord

DECIDE_CLASS = "operations-decide"
"""Class of the place in which an action is decided on."""


def proposal_card(proposal: AlertRecord, local: ZoneInfo, *, decides: bool) -> Component:
    """An action that nobody has decided on.

    Args:
        proposal: The alert that holds it.
        local: Time zone in which times are shown.
        decides: Whether it can be decided on here.
    """
    return html.Section(
        [
            html.H2("Proposed action"),
            html.P(f"For {proposal.alert}: {proposal.level}, {_likely(proposal)}."),
            html.Ul([html.Li(line) for line in _lines(proposal, local)]),
            _decision(proposal, decides=decides),
        ],
        className="card operations-proposal",
    )


def _likely(proposal: AlertRecord) -> str:
    likely = f"{proposal.probability:.0%} likely without it"
    with_it = proposal.probability_with_action
    return likely if with_it is None else f"{likely}, {with_it:.0%} with it"


def _lines(proposal: AlertRecord, local: ZoneInfo) -> Iterator[str]:
    for move in proposal.moves:
        most = max(abs(before - after) for before, after in zip(move.without_mw, move.with_mw, strict=True))
        energy = proposal.predicted_mwh.get(move.asset, 0.0)
        yield (f"{move.asset}: {move.kind}, {energy:.3g} MWh, up to {most:.3g} MW, from {moment(move.begins, local)}")
    if proposal.cost is not None and proposal.carbon_kg is not None:
        yield f"Costs {proposal.cost:,.2f} and {proposal.carbon_kg:,.0f} kg CO2e more than the plan"
    yield from proposal.corrected_by
    yield from proposal.advice


def _decision(proposal: AlertRecord, *, decides: bool) -> Component:
    if not decides:
        said = f"Decided on by gridcarbon twin decide LOG '{proposal.alert}' accepted --by NAME."
        return html.P(said, className="subtitle")
    moved = json.dumps({asset: round(mwh, 6) for asset, mwh in sorted(proposal.predicted_mwh.items())})
    named = {"data_alert": proposal.alert, "data_action": proposal.action, "data_moved": moved}
    return html.Div(className=DECIDE_CLASS, **hyphened(**named))


def moment(when: datetime, local: ZoneInfo) -> str:
    """A moment as the page shows it."""
    shown = when.astimezone(local)
    return f"{shown.day} {shown:%b %Y %H:%M}"
