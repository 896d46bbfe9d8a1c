"""How to read one file of a published series: which columns hold what, and where its times are placed."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

from grid.errors import InputError
from grid.time.zones import Zone, zone_in_header

_STORES: Final = ("pump", "storage", "battery", "batterie", "speicher", "stockage")
STORAGE_WHY: Final = "storage, whose origin is not in the file"
_UNKNOWN_WHY: Final = "of no type that is known"


@dataclass(frozen=True)
class Layout:
    """How to read one file.

    Args:
        name: Of the layout.
        time_column: Its time.
        zone: Of cells that state none: that of the header, else of the layout.
        values: For each of our columns, the file's column and what its numbers are multiplied by.
        generation: For columns of power [MW], the technology.
        single: Columns in which all rows must agree (one zone a file).
        cure: What to do where it has no prices.
        ends_after_min: What its times are later than the beginning of their interval [min].
        left_out: Columns of generation that are no part of the mix, and why.
        energy: Whether cells of generation are the energy of their interval [MWh], not its power [MW].
        sparse: Whether rows without a value in any column that is read are no rows, as in files of hours that have
            quarters for other quantities.
        any_order: Whether rows may stand in any order, because their times state an offset.
        absent: Cells that say, for more than a week, that there is nothing of a type.
        currency: Of its prices; empty where it states none.
        required: Technologies without which generation is no whole mix.
        alternatives: Columns that hold what others hold in other years' files, never both in one row: the whole, and
            the parts that it was split into or the same before it was adjusted.
    """

    name: str
    time_column: str
    zone: Zone
    values: dict[str, tuple[str, float]] = field(default_factory=dict)
    generation: dict[str, str] = field(default_factory=dict)
    single: tuple[str, ...] = ()
    cure: str = "add a column of this name"
    ends_after_min: int = 0
    alternatives: tuple[tuple[str, tuple[str, ...]], ...] = ()
    left_out: dict[str, str] = field(default_factory=dict)
    energy: bool = False
    sparse: bool = False
    any_order: bool = False
    absent: tuple[str, ...] = ("n/e", "not expected")
    required: tuple[str, ...] = ()
    currency: str = ""


def header_zone(name: str, otherwise: Zone) -> Zone:
    """The zone that the name of a time column states.

    Args:
        name: Such as ``Date (GMT+1)`` or ``MTU (EET/EEST)``.
        otherwise: Where it states none.

    Raises:
        InputError: If it states one that is not known.
    """
    words, zone = zone_in_header(name)
    if words is None:
        return otherwise
    if zone is None:
        raise InputError.single(name, "names a time zone that is not known; write it as (UTC+01:00), say", words)
    return zone


def left_out_why(names: Iterable[str]) -> dict[str, str]:
    """Columns of generation that are no part of the mix, and why."""
    return {name: STORAGE_WHY if any(word in name.casefold() for word in _STORES) else _UNKNOWN_WHY for name in names}


def starting(columns: Iterable[str], beginnings: Iterable[str]) -> str | None:
    """The first column that begins with one of these, in lower case."""
    wanted = tuple(beginnings)
    return next((name for name in columns if name.lower().startswith(wanted)), None)
