"""Time zones as files name them: IANA names, offsets from UTC, abbreviations, pairs of winter and summer time."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache, lru_cache
from importlib import resources
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

_PAIRS: Final = {
    "cet/cest": "Europe/Brussels",
    "mez/mesz": "Europe/Brussels",
    "eet/eest": "Europe/Helsinki",
    "oez/oesz": "Europe/Helsinki",
    "wet/west": "Europe/Lisbon",
    "gmt/bst": "Europe/London",
    "et": "America/New_York",
    "est/edt": "America/New_York",
    "ct": "America/Chicago",
    "cst/cdt": "America/Chicago",
    "mt": "America/Denver",
    "mst/mdt": "America/Denver",
    "pt": "America/Los_Angeles",
    "pst/pdt": "America/Los_Angeles",
    "aest/aedt": "Australia/Sydney",
    "acst/acdt": "Australia/Adelaide",
    "nzst/nzdt": "Pacific/Auckland",
}
"""Winter and summer time of a region, by the zone whose rules they follow."""
_MINUTES: Final = {
    "z": 0, "utc": 0, "gmt": 0, "wet": 0, "west": 60, "bst": 60, "cet": 60, "cest": 120, "mez": 60, "mesz": 120,
    "eet": 120, "eest": 180, "oez": 120, "oesz": 180, "msk": 180, "trt": 180, "npt": 345, "sgt": 480, "hkt": 480,
    "awst": 480, "jst": 540, "kst": 540, "acst": 570, "acdt": 630, "aest": 600, "aedt": 660, "nzst": 720, "nzdt": 780,
    "sast": 120, "est": -300, "edt": -240, "cdt": -300, "mst": -420, "mdt": -360, "pst": -480, "pdt": -420,
    "akst": -540, "akdt": -480, "hst": -600, "brt": -180,
}  # fmt: skip
"""Offsets of abbreviations that mean one thing [min]; ``IST`` and ``CST`` mean several, and are taken from the zone."""
_OFFSET: Final = re.compile(r"(?:utc|gmt)?\s*([+-−])(\d{1,2})(?::?(\d{2}))?", re.IGNORECASE)
_IN_BRACKETS: Final = re.compile(r"[\[(]\s*([^\])]+?)\s*[\])]\s*$")
LARGEST_OFFSET_MIN: Final = 14 * 60
"""Of any zone on Earth: Kiribati's."""


@dataclass(frozen=True)
class Zone:
    """Where wall times are placed.

    Args:
        name: As it is shown: an IANA name, ``UTC``, or an offset such as ``UTC+05:30``.
        minutes: Its offset from UTC, if that is always the same [min].
    """

    name: str
    minutes: int | None = None


UTC_ZONE: Final = Zone("UTC", 0)


def fixed(minutes: int) -> Zone:
    """The zone of an offset from UTC [min]."""
    if minutes == 0:
        return UTC_ZONE
    hours, rest = divmod(abs(minutes), 60)
    return Zone(f"UTC{'-' if minutes < 0 else '+'}{hours:02}:{rest:02}", minutes)


@cache
def zone_names() -> frozenset[str]:
    """Names of all zones of the IANA database; looking for them takes longer than all else that checks a scenario."""
    return frozenset(available_timezones())


@lru_cache(maxsize=1024)
def zone_of(text: str) -> Zone | None:
    """The zone that a text names, or None: ``Europe/Oslo``, ``UTC``, ``GMT+1``, ``-03:30``, ``CET``, ``EET/EEST``."""
    folded = text.strip().casefold()
    if folded in _PAIRS:
        return Zone(_PAIRS[folded])
    if folded in _MINUTES:
        return fixed(_MINUTES[folded])
    offset = _OFFSET.fullmatch(folded)
    if offset is not None:
        minutes = int(offset[2]) * 60 + int(offset[3] or 0)
        return fixed(minutes if offset[1] == "+" else -minutes) if minutes <= LARGEST_OFFSET_MIN else None
    if "/" in text and text.strip() in zone_names():
        return Zone(text.strip())
    return None


def zone_in_header(name: str) -> tuple[str | None, Zone | None]:
    """What the name of a column says of its zone, such as ``Date (GMT+1)``: the words, and the zone they name.

    Returns:
        Both None where it says nothing; the words alone where they are no zone that is known.
    """
    found = _IN_BRACKETS.search(name)
    if found is None:
        return None, None
    return found[1], zone_of(found[1])


@lru_cache(maxsize=1024)
def abbreviation_minutes(abbreviation: str, zone: str | None) -> int | None:
    """Offset of an abbreviation in a cell [min]: by the stated zone if it uses it itself, else by its usual meaning.

    Args:
        abbreviation: Such as ``CEST`` or ``IST``.
        zone: IANA name of the stated zone.
    """
    if zone is not None:
        try:
            rules = ZoneInfo(zone)
        except (ZoneInfoNotFoundError, ValueError):
            rules = None
        for month in (1, 7):
            at = datetime(2023, month, 1, tzinfo=rules) if rules is not None else None
            if at is not None and (at.tzname() or "").casefold() == abbreviation.casefold():
                return round((at.utcoffset() or timedelta(0)) / timedelta(minutes=1))
    return _MINUTES.get(abbreviation.casefold())


@lru_cache(maxsize=1024)
def place_of_zone(name: str) -> tuple[float, float] | None:
    """Latitude and longitude of the principal place of a zone, from the IANA database; None where it lists none."""
    table = (resources.files("tzdata.zoneinfo") / "zone.tab").read_text(encoding="utf-8")
    for line in table.splitlines():
        cells = line.split("\t")
        if not line.startswith("#") and len(cells) >= 3 and cells[2] == name:
            latitude, longitude = re.findall(r"[+-]\d+", cells[1])
            return _degrees(latitude, 2), _degrees(longitude, 3)
    return None


def _degrees(text: str, n_degrees: int) -> float:
    """Degrees of ``+4024`` or ``-0034129``: sign, degrees, minutes and perhaps seconds."""
    digits = text[1:]
    parts = (digits[:n_degrees], digits[n_degrees : n_degrees + 2], digits[n_degrees + 2 :])
    value = sum((int(part or 0) / (1, 60, 3600)[k] for k, part in enumerate(parts)), 0.0)
    return value if text[0] == "+" else -value
