"""Weather years that are shipped as they were read, so that having them needs neither pvlib nor pandas."""

from __future__ import annotations

import gzip
import json
from importlib import resources

from grid.files.plain import from_plain, plain
from grid.files.report import FileReport
from grid.weather.year import WeatherYear

STORED = ("greensboro-tmy3", "potsdam-try")
"""Shipped weather that is stored; its sources and terms are in ``grid/data/weather/README.md``."""


def stored_year(name: str) -> WeatherYear | None:
    """The shipped year of that name; None where it is not stored."""
    if name not in STORED:
        return None
    file = resources.files("grid.data") / "weather" / f"{name}.json.gz"
    stored = from_plain(json.loads(gzip.decompress(file.read_bytes())))
    report = FileReport(**stored.pop("report"))
    return WeatherYear(**stored, report=report)


def year_bytes(year: WeatherYear) -> bytes:
    """A year as `stored_year` reads it."""
    return gzip.compress(json.dumps(plain(year)).encode(), compresslevel=9, mtime=0)
