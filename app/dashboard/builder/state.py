"""A draft as the page shows it: levers, differences, faults, history."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from app.dashboard.builder.checking import Checked, schema_faults, told
from app.dashboard.builder.content import Content
from app.dashboard.builder.drafts.changes import changes, words
from app.dashboard.builder.drafts.draft import Draft
from app.dashboard.builder.levers.declared import BY_KEY, LEVERS
from app.dashboard.builder.levers.lever import ScenarioLever
from app.dashboard.builder.placing import stands


def state(draft: Draft, uploads: Path) -> dict[str, Any]:
    """All that the page shows of a draft.

    Args:
        draft: The draft.
        uploads: The folder of the uploads.
    """
    content = draft.content
    found = [(change, words(change, draft.base, content)) for change in changes(draft.base, content)]
    return {
        "id": draft.id, "revision": draft.revision, "name": draft.name, "template": draft.template,
        "templateLabel": draft.template_label, "content": content, "currency": currency_of(content),
        "levers": {lever.key: _of_lever(lever, content, draft.base) for lever in LEVERS},
        "chips": [{"path": change.path, "kind": change.kind, **said} for change, said in found],
        "faults": told(schema_faults(content, uploads), content),
        "undo": draft.undo_words, "redo": draft.redo_words, "stands": stands(content),
        "network": network_of(content),
    }  # fmt: skip


def _of_lever(lever: ScenarioLever, content: Content, base: Content) -> dict[str, Any]:
    return {
        "value": lever.read(content), "before": lever.read(base), "hindrance": lever.hindrance(content),
        "hint": lever.hint(content), "shown": lever.shown(content), "places": lever.paths(content),
    }  # fmt: skip


def currency_of(content: Content) -> str:
    """The scenario's currency, or that of the schema."""
    currency = content.get("currency")
    return currency if isinstance(currency, str) and currency else "EUR"


def network_of(content: Content) -> str:
    """What tells whether the net of two states is the same, as the map needs to know."""
    city = content.get("city")
    name = city.get("network") if isinstance(city, Mapping) else None
    return hashlib.sha256(str(name).encode()).hexdigest()[:16]


def checked_state(draft: Draft, checked: Checked) -> dict[str, Any]:
    """What a full check found, as the page shows it."""
    return {
        "revision": draft.revision, "faults": told(checked.faults, draft.content), "notes": list(checked.notes),
        "hints": _hints(draft.content, checked),
    }  # fmt: skip


def _hints(content: Content, checked: Checked) -> dict[str, str]:
    """What the check knows of levers, by their keys: the share of the cars, and the PUE that a design comes to."""
    found = {}
    fleet = BY_KEY["ev_vehicles"].read(content)
    if checked.cars and isinstance(fleet, int | float) and fleet > 0:
        found["ev_vehicles"] = f"{100 * fleet / checked.cars:.0f} % of the city's {checked.cars:,.0f} cars"
    if checked.pue:
        several = len(checked.pue) > 1
        values = ", ".join(f"{name} {pue:.3f}" if several else f"{pue:.3f}" for name, pue in checked.pue.items())
        if BY_KEY["dc_pue"].read(content) is None:
            found["dc_cooling"] = f"PUE {values} over this period, by cooling, power chain, load and weather"
    return found


def lever_declarations() -> list[dict[str, Any]]:
    """What of the levers does not depend on a draft, in the order of the page."""
    return [
        {
            "key": lever.key, "label": lever.label, "group": lever.group, "unit": lever.unit, "meaning": lever.meaning,
            "kind": lever.kind, "whole": lever.whole,
            "range": None if lever.range is None else vars(lever.range),
            "choices": [{"value": choice.value, "label": choice.label} for choice in lever.choices],
        }
        for lever in LEVERS
    ]  # fmt: skip
