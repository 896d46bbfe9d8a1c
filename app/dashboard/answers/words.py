"""Moments, elements and results as sentences name them, each a link to where it is seen."""

from __future__ import annotations

import datetime as dt
from string import Formatter
from zoneinfo import ZoneInfo

from app.dashboard.cards import Place
from app.dashboard.language.numbers import number_in
from app.dashboard.text import figure
from app.dashboard.view import View
from app.studies.answers.limits import IMPORT, LOADING, UNBALANCE, VOLTAGE, Extreme

QUANTITIES = {
    LOADING: ("%", 1, "loading"), VOLTAGE: ("pu", 4, "voltage"), UNBALANCE: ("of the positive sequence", 4, "voltage"),
    IMPORT: ("MW", 2, "loading"),
}  # fmt: skip
"""Unit, digits and map layer of a quantity."""


Parts = list[str | Place]
"""A sentence, or a piece of one: text, and the places in it."""
WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def told(view: View, text: str, **values: str | Place | Parts) -> Parts:
    """A text in the view's language, of which values may be places or sentences themselves.

    Args:
        view: Whose language it is.
        text: The English text, with ``{name}`` where a value stands.
        values: Values by name.
    """
    parts: Parts = []
    for literal, name, _, _ in Formatter().parse(view.say(text)):
        parts.append(literal)
        if name is not None:
            value = values[name]
            said = number_in(view.language, value) if isinstance(value, str) else value
            parts += said if isinstance(said, list) else [said]
    return _joined_texts(parts)


def _joined_texts(parts: Parts) -> Parts:
    """The same with texts that follow one another in one piece, and none that is empty."""
    found: Parts = []
    for part in parts:
        if isinstance(part, str) and found and isinstance(found[-1], str):
            found[-1] += part
        elif part:
            found.append(part)
    return found


def steps_words(view: View, n: int) -> str:
    """A number of steps."""
    return view.say("1 step") if n == 1 else view.say("{n} steps", n=figure(n, 0))


def moment_words(view: View, moment: dt.datetime) -> str:
    """A moment in local time, e.g. ``Tue 10 Dec 18:15``."""
    local = moment.astimezone(ZoneInfo(view.zone))
    return view.say(
        "{weekday} {day} {month} {time}", weekday=view.say(WEEKDAYS[local.weekday()]), day=local.day,
        month=view.say(MONTHS[local.month - 1]), time=f"{local:%H:%M}",
    )  # fmt: skip


def quantity_words(value: float, quantity: str) -> str:
    """A value of a quantity with its unit."""
    unit, digits, _ = QUANTITIES[quantity]
    return f"{figure(value, digits)} {unit}"


def element_place(view: View, found: Extreme) -> Place:
    """The element of an extreme, which leads to it on the map at that time."""
    if found.quantity == IMPORT:
        return Place(view.say("the import of the city"), view.link("/grid", at=found.time))
    kind = "bus" if found.quantity in {VOLTAGE, UNBALANCE} else "branch"
    _, _, layer = QUANTITIES[found.quantity]
    return Place(found.element, view.link("/grid", at=found.time, layer=layer, select=f"{kind}:{found.element}"))


def moment_place(view: View, moment: dt.datetime, path: str = "/grid") -> Place:
    """A moment, which leads to the page at that time."""
    return Place(moment_words(view, moment), view.link(path, at=moment))


def joined(view: View, words: list[str]) -> str:
    """Words as a list in a sentence: ``a, b and c``."""
    if len(words) < 2:
        return "".join(words)
    return view.say("{first} and {last}", first=view.say(", ").join(words[:-1]), last=words[-1])
