"""The weather of a region from files that the user gives."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

from carbon.upstream.market.region import Region
from grid.errors import Fault, InputError, raise_if_any
from grid.weather.files import SHIPPED, WeatherYear, read_weather_year
from grid.weather.weather import standard_offset


def region_sites(files: Sequence[str], folder: Path, region: Region, year: int) -> tuple[WeatherYear, ...]:
    """Reads the weather of a region's sites.

    A CSV file does not say where it was measured: it counts as from the middle of the region, in its standard time.

    Args:
        files: Names of shipped weather, or paths.
        folder: Folder that paths are relative to.
        region: Its place stands for what a file does not say.
        year: For the standard time of the region.

    Raises:
        InputError: If the region has no place, or a file does not exist or is faulty; all at once.
    """
    if not files:
        return ()
    place = region.place
    if place is None:
        raise InputError.single("upstream.weather", f"needs a place of the region {region.name!r}")
    offset_hours = standard_offset(place.time_zone, year) / timedelta(hours=1)
    sites: list[WeatherYear] = []
    faults: list[Fault] = []
    for name in files:
        try:
            source = name if name in SHIPPED else folder / name
            sites.append(read_weather_year(source, place.latitude, place.longitude, offset_hours))
        except InputError as error:
            faults.extend(error.faults)
    raise_if_any(faults)
    return tuple(sites)
