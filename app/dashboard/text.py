"""Figures and differences in words, as people read them."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

GPC_SECTORS = {
    "I.1": "Homes",
    "I.2": "Commerce and public buildings",
    "I.3": "Industry and construction",
    "I.4": "Energy industries",
    "I.5": "Farming, forestry, fishing",
    "I.6": "Unspecified",
    "II.1": "Road transport",
    "II.2": "Railways",
    "II.3": "Shipping",
    "II.4": "Aviation",
    "II.5": "Off-road transport",
}
"""Plain names of the GPC sub-sectors (Global Protocol for Community-Scale Inventories, v1.1, 2021, tables 6.1, 7.1)."""

GPC_SCOPES = {"1": "fuel burnt here", "2": "electricity", "3": "grid losses"}
"""Last digit of a GPC code in sectors I and II: scope 1, 2, 3."""

BOUNDARIES = {"direct": "direct emissions", "lifecycle": "life-cycle emissions"}

COOLING = {
    "air_economiser": "outdoor air",
    "water_economiser": "tower, chillers when warm",
    "water_chiller": "water-cooled chillers",
    "air_chiller": "air-cooled chillers",
    "direct_expansion": "direct expansion",
    "indirect_evaporative": "indirect evaporative",
    "direct_to_chip": "liquid at the chips",
    "immersion": "immersion",
    "seawater": "sea, lake or river water",
}
"""Kinds of cooling in words."""

POWER_CHAINS = {
    "double_conversion": "UPS, double conversion",
    "eco_mode": "UPS in eco mode",
    "hvdc_240": "240 V DC",
    "hvdc_336": "336 V DC",
    "mains_hvdc": "mains and 240 V DC",
    "panama": "10 kV to 240 V DC",
    "staged": "modern UPS, two strings",
    "fixed_efficiency": "fixed efficiencies",
    "measured_efficiency": "measured efficiencies",
}
"""Kinds of power chains in words."""

NO_FIGURE = "—"


def sector_name(gpc_code: str) -> str:
    """Plain name of a GPC code, e.g. ``Homes (I.1.2)``; grid losses (scope 3) are called so."""
    sector, _, scope = gpc_code.rpartition(".")
    name = GPC_SECTORS.get(sector) or GPC_SECTORS.get(gpc_code)
    if name is None:
        return gpc_code
    what = f", {GPC_SCOPES[scope]}" if sector in GPC_SECTORS and scope in {"1", "3"} else ""
    return f"{name}{what} ({gpc_code})"


def boundary_words(boundary: object) -> str:
    """What a result's emission factors count, in words."""
    return BOUNDARIES.get(str(boundary), f"boundary: {boundary}")


def convention(boundary: object, gas: object) -> str:
    """The accounting convention of every traced figure, as shown beneath each chart.

    Args:
        boundary: ``direct`` or ``lifecycle``.
        gas: ``CO2`` where carbon dioxide alone is counted, ``CO2e`` with the other greenhouse gases.
    """
    counted_as = "CO₂ alone" if gas == "CO2" else "CO₂ equivalents"
    return (
        "Average, consumption-based intensity; the grid operator bears losses (x.3); "
        f"{boundary_words(boundary)}, {counted_as}."
    )


def figure(value: float | None, digits: int) -> str:
    """A number with thin spaces between thousands, or a dash for no figure."""
    if value is None or not math.isfinite(value):
        return NO_FIGURE
    shown = f"{value:,.{digits}f}".replace(",", "\N{NARROW NO-BREAK SPACE}")
    return shown.replace("-", "\N{MINUS SIGN}") if float(f"{value:.{digits}f}") != 0 else shown.lstrip("-")


@dataclass(frozen=True)
class Change:
    """A difference from the baseline in words, and which way it goes.

    Args:
        words: E.g. ``12 % less than unmanaged``; empty if there is nothing to compare.
        direction: Down, up, same, or none if there is nothing to compare.
    """

    words: str
    direction: Literal["down", "up", "same", "none"]


_RELATIVE = ("{amount} less than {name}", "{amount} more than {name}")
_POINTS = ("{amount} points below {name}", "{amount} points above {name}")
_COUNT = ("{amount} fewer than {name}", "{amount} more than {name}")
DIFFERENCES = (*_RELATIVE, *_POINTS, *_COUNT)
"""How two values differ, in English: less or more."""


def _english(text: str, **values: object) -> str:
    return text.format(**values)


def change(
    value: float | None,
    reference: float | None,
    baseline: str,
    kind: Literal["relative", "points", "count"],
    digits: int,
    say: Callable[..., str] = _english,
) -> Change:
    """How `value` differs from the `reference` of `baseline`.

    Args:
        value: The figure shown.
        reference: The same figure of the baseline.
        baseline: What the baseline is called.
        kind: `relative` in per cent, `points` as a difference of shares in percentage points, `count` as a number.
        digits: Digits after the point of a count.
        say: Says the words in a language; English by default.
    """
    if value is None or reference is None:
        return Change("", "none")
    if kind == "relative":
        if reference == 0:
            words = say("none in {name}", name=baseline) if value else say("as in {name}", name=baseline)
            return Change(words, "up" if value else "same")
        amount, unit, ways = 100 * (value - reference) / abs(reference), "\u00a0%", _RELATIVE
        digits = 0 if abs(amount) >= 9.5 else 1
    elif kind == "points":
        amount, unit, ways = 100 * (value - reference), "", _POINTS
        digits = 1
    else:
        amount, unit, ways = value - reference, "", _COUNT
    shown = figure(abs(amount), digits)
    if float(f"{amount:.{digits}f}") == 0:
        return Change(say("as in {name}", name=baseline), "same")
    down = amount < 0
    return Change(say(ways[0 if down else 1], amount=f"{shown}{unit}", name=baseline), "down" if down else "up")


def counted(number: int, noun: str) -> str:
    """A number and its noun, e.g. ``1 step``, ``3 steps``."""
    return f"{figure(number, 0)} {noun}{'' if number == 1 else 's'}"
