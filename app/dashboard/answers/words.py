"""Moments, elements and results as sentences name them, each a link to where it is seen."""

from __future__ import annotations

import datetime as dt
from zoneinfo import ZoneInfo

from app.dashboard.cards import Place
from app.dashboard.text import figure
from app.dashboard.view import View
from app.studies.answers.limits import IMPORT, LOADING, UNBALANCE, VOLTAGE, Extreme

QUANTITIES = {
    LOADING: ("%", 1, "loading"), VOLTAGE: ("pu", 4, "voltage"), UNBALANCE: ("of the positive sequence", 4, "voltage"),
    IMPORT: ("MW", 2, "loading"),
}  # fmt: skip
"""Unit, digits and map layer of a quantity."""


def moment_words(moment: dt.datetime, zone: str) -> str:
    """A moment in local time, e.g. ``Tue 10 Dec 18:15``."""
    local = moment.astimezone(ZoneInfo(zone))
    return f"{local:%a} {local.day} {local:%b %H:%M}"


def quantity_words(value: float, quantity: str) -> str:
    """A value of a quantity with its unit."""
    unit, digits, _ = QUANTITIES[quantity]
    return f"{figure(value, digits)} {unit}"


def element_place(view: View, found: Extreme) -> Place:
    """The element of an extreme, which leads to it on the map at that time."""
    if found.quantity == IMPORT:
        return Place("the import of the city", view.link("/grid", at=found.time))
    kind = "bus" if found.quantity in {VOLTAGE, UNBALANCE} else "branch"
    _, _, layer = QUANTITIES[found.quantity]
    return Place(found.element, view.link("/grid", at=found.time, layer=layer, select=f"{kind}:{found.element}"))


def moment_place(view: View, moment: dt.datetime, path: str = "/grid") -> Place:
    """A moment, which leads to the page at that time."""
    return Place(moment_words(moment, view.zone), view.link(path, at=moment))


def joined(words: list[str]) -> str:
    """Words as a list in a sentence: ``a, b and c``."""
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}" if words else ""
