"""Entries of the log in words."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from grid.twin.learning.records import AlertRecord, DecisionRecord, ForecastRecord, LogRecord, OutcomeRecord

_WITHOUT_LEVEL: Final = ("cleared", "advised")
"""What changes no level, or ends it."""


def entry_in_words(entry: LogRecord) -> str:
    """What an entry of the log says."""
    if isinstance(entry, AlertRecord):
        return "; ".join(_alert(entry))
    if isinstance(entry, DecisionRecord):
        instead = ", ".join(f"{asset} {mwh:.3g} MWh" for asset, mwh in sorted(entry.changed_mwh.items()))
        return " ".join(part for part in (f"{entry.decision} by {entry.by}.", entry.reason, instead) if part)
    if isinstance(entry, OutcomeRecord):
        return "; ".join(_outcome(entry))
    if isinstance(entry, ForecastRecord):
        known = sum(value is not None for value in entry.values_mw)
        return f"what came is known in {known} of {len(entry.values_mw)} steps"
    return ""


def _alert(entry: AlertRecord) -> Iterator[str]:
    likely = entry.what if entry.what in _WITHOUT_LEVEL else f"{entry.what}, {entry.level}"
    if entry.quantity != "supply" and entry.what != "cleared":
        likely += f", {entry.probability:.0%} likely"
    if entry.others and entry.what != "cleared":
        likely += f", at {entry.others} more places of the feeder too"
    if entry.probability_with_action is not None:
        does = "; ".join(f"{asset}: {kind}" for asset, kind in sorted(entry.kinds.items())) or "nothing to move"
        likely += f", {entry.probability_with_action:.0%} with the action ({does})"
    yield likely
    yield from entry.corrected_by
    yield from entry.advice


def _outcome(entry: OutcomeRecord) -> Iterator[str]:
    came = {True: "the limit was exceeded", False: "the limit was kept", None: "not measured"}[entry.exceeded]
    came += " by the estimate" if entry.estimated else ""
    yield came if entry.worst is None else f"{came}, {entry.worst:.4g} at worst"
    if entry.effects:
        done = sum(effect.enough for effect in entry.effects)
        yield f"{done} of {len(entry.effects)} assets did what they should"
    for effect in entry.effects:
        yield f"{effect.asset}: {effect.measured_mwh:.3g} of {effect.predicted_mwh:.3g} MWh"
