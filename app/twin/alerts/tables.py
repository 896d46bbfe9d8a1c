"""Alerts and actions as tables."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from app.twin.alerts.action import ProposedAction
from grid.twin.alerts.levels import AlertEvent
from optimizer.switching import OpenPointRelief

SCHEMA: dict[str, pl.DataType | type[pl.DataType]] = {
    "alert": pl.String, "time_utc": pl.Datetime("us"), "what": pl.String, "level": pl.String, "quantity": pl.String,
    "element": pl.String, "begins_utc": pl.Datetime("us"), "ends_utc": pl.Datetime("us"), "probability": pl.Float64,
    "value": pl.Float64, "limit": pl.Float64, "probability_with_action": pl.Float64,
    "others": pl.Int64,
}  # fmt: skip


def alert_table(events: Sequence[AlertEvent], action: ProposedAction | None) -> pl.DataFrame:
    """What is to be said, the most urgent first.

    Returns:
        A row for each: ``alert``, ``time_utc``, ``what`` (raised, escalated, lowered, cleared), ``level``, what may
        exceed which limit from when to when and how likely, ``value`` (which one sample in ten passes in the likeliest
        step), ``limit``, ``probability_with_action``, null without one, and ``others``: how many other places are about
        as likely by the same cause.
    """
    rows = [
        {
            "alert": event.identifier,
            "time_utc": event.time.replace(tzinfo=None),
            "what": event.what,
            "level": event.level.name.lower(),
            "quantity": event.risk.quantity,
            "element": event.risk.element,
            "begins_utc": event.risk.begins.replace(tzinfo=None),
            "ends_utc": event.risk.ends.replace(tzinfo=None),
            "probability": event.risk.probability,
            "value": event.risk.value,
            "limit": event.risk.limit,
            "probability_with_action": None if action is None else action.probability(event.risk),
            "others": event.risk.others,
        }
        for event in sorted(events, key=lambda event: (-event.level, -event.risk.probability, event.identifier))
    ]
    return pl.DataFrame(rows, schema=SCHEMA)


def action_lines(action: ProposedAction, currency: str, strategy: str) -> list[str]:
    """An action in words, line by line.

    Args:
        action: The action.
        currency: Currency of its cost.
        strategy: Strategy of the plan that it is compared with.
    """
    lines = [
        f"  {part.asset}: {part.what}: {part.less_mwh:.3g} MWh less and {part.more_mwh:.3g} MWh more, "
        f"{part.begins:%d %b %H:%M} to {part.ends:%d %b %H:%M} UTC"
        for part in action.parts
    ]
    lines += [f"  {name}: reactive power, up to {most:.3g} MVAr" for name, most in action.reactive_mvar.items()]
    lines.append(f"  costs {action.cost:,.2f} {currency} and {action.carbon_kg:,.0f} kg CO2e more than the plan")
    if strategy != "optimal":
        lines.append(f"  (the plan is {strategy}: what all that can move saves beside keeping limits is in this)")
    lines += [f"  of {asset} {share:.0%} of this is to be expected" for asset, share in action.expected.items()]
    if action.left:
        elements = ", ".join(dict.fromkeys(f"{shortfall.quantity} of {shortfall.element}" for shortfall in action.left))
        lines.append(f"  is not enough on the cautious forecast: {elements}")
    return lines


def relief_line(relief: OpenPointRelief | None) -> str:
    """What switching could do instead, in words."""
    if relief is None:
        return "no exchange of an open point breaks fewer limits"
    more = relief.loss_mwh - relief.loss_before_mwh
    return (
        f"instead, close {relief.closed} and open {relief.opened}: {relief.violations} steps and elements beyond a "
        f"limit on the cautious forecast in place of {relief.violations_before}, {more:+.3g} MWh of losses"
    )
