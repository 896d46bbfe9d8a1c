"""What the irradiance of a file stands for, and whether it fits the sun of its place."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

import numpy as np

from grid.arrays import Floats
from grid.errors import Fault
from grid.weather.formats import IRRADIANCE, Meaning, RawYear
from grid.weather.sun import SunCheck, brightness, check_against_sun, sines_of_elevation

MOST_LAG_MIN: Final = 20.0
"""Irradiance that is farther from the sun of its place than this is refused [min]."""
SURE_LAG_MIN: Final = 5.0
"""Irradiance that fits the sun within this is taken as the format says [min]."""
MOST_OVER_HORIZONTAL: Final = 1.1
"""Direct normal irradiance of a year over the direct part of the horizontal, up to which it is that part itself: a sky
without clouds at the equator has 1.27, everywhere else it is more."""
MOST_UNEXPLAINED: Final = 0.15
"""Mean difference of global from diffuse and direct irradiance, as a share of global, from which on a column is looked
for that holds something else; 0.003 in the test reference years of three stations."""
EXPLAINED: Final = 0.05
"""Difference up to which an exchange of columns, or another unit, explains it."""
UNITS: Final = {
    "kW/m²": 1000.0, "MJ/m² an hour": 1000 / 3.6, "cal/cm² an hour": 11.63, "J/cm² an hour": 1 / 0.36,
    "kJ/m² an hour": 1 / 3.6, "mW/m²": 1e-3,
}  # fmt: skip
"""Other units of irradiance, and by what they are multiplied to be W/m²."""
LEAST_BRIGHT: Final = 0.45
"""Bright hours of the year over those of a clear sky, below which the unit is another: 0.92 to 0.99 at three stations,
one of them in the Aleutians."""
FITTING_LAG_MIN: Final = 10.0
"""Irradiance that does not fit within `SURE_LAG_MIN`, but within this in another meaning, is taken in that [min]."""


def meaning_of_irradiance(raw: RawYear, ghi_w_per_m2: Floats) -> tuple[Meaning, SunCheck, tuple[str, ...]]:
    """What the irradiance of a row stands for: as the format says, unless the sun shows that it is otherwise.

    Args:
        raw: The file.
        ghi_w_per_m2: Its global horizontal irradiance at the hours of a year, shape (8760,) [W/m2].

    Returns:
        The meaning, the irradiance in that meaning against the sun, and what is to be told of it, a sentence each.
    """
    word = raw.meanings[0]
    station = raw.station
    sun = check_against_sun(
        ghi_w_per_m2, station.latitude, station.longitude, station.utc_offset_hours, word.begins_min
    )
    if sun.lag_minutes is None or abs(sun.lag_minutes) <= SURE_LAG_MIN:
        return word, sun, ()
    lags = {each: sun.lag_minutes + each.begins_min - word.begins_min for each in raw.meanings}
    best = min(raw.meanings, key=lambda each: abs(lags[each]))
    if best is word or abs(lags[best]) > FITTING_LAG_MIN:
        return word, sun, ()
    told = f"irradiance read as {best.words}; as {word.words} it would be {behind_words(sun.lag_minutes)} the sun"
    return best, SunCheck(lags[best], sun.follows, sun.seasons), (told,)


def sun_faults(raw: RawYear, sun: SunCheck) -> Iterator[Fault]:
    """What does not fit the sun of the place.

    Args:
        raw: The file.
        sun: Its irradiance, in the meaning that was chosen, against the sun.
    """
    station = raw.station
    where = f"the sun at latitude {station.latitude:g}, longitude {station.longitude:g}"
    if not sun.follows:
        yield Fault("ghi_w_per_m2", f"must follow {where}; it is as bright by night as by day")
    elif sun.lag_minutes is not None and abs(sun.lag_minutes) > MOST_LAG_MIN:
        fits = (round(4 * (raw.clock_hours + sun.lag_minutes / 60)) / 4 + 12) % 24 - 12
        rule = f"is {behind_words(sun.lag_minutes)} {where}, and may be {MOST_LAG_MIN:g} min at most; its times fit "
        rule += f"a clock of UTC{fits:+g} h and are taken as UTC{raw.clock_hours:+g} h: {raw.cure}"
        yield Fault("ghi_w_per_m2", rule)
    elif sun.wrong_hemisphere:
        rule = f"is bright in the winter and dark in the summer of latitude {station.latitude:g}: is its sign right"
        yield Fault("latitude", f"{rule}, north positive?", station.latitude)


def horizontal_beam(ghi_w_per_m2: Floats, dni_w_per_m2: Floats, dhi_w_per_m2: Floats) -> tuple[str, ...]:
    """That direct normal irradiance is the direct part of the horizontal under another name; nothing where it is not.

    Args:
        ghi_w_per_m2: Global horizontal irradiance of the hours of a year, shape (8760,) [W/m2].
        dni_w_per_m2: Direct normal irradiance, the same.
        dhi_w_per_m2: Diffuse horizontal irradiance, the same.
    """
    direct = np.maximum(ghi_w_per_m2 - dhi_w_per_m2, 0.0)
    total, gap = float(direct.sum()), float(np.abs(dni_w_per_m2 - direct).sum())
    if total <= 0 or dni_w_per_m2.sum() > MOST_OVER_HORIZONTAL * total or gap > (MOST_OVER_HORIZONTAL - 1) * total:
        return ()
    rule = "dni_w_per_m2: is global less diffuse in every hour, so it is direct irradiance on the horizontal, of which"
    return (f"{rule} photovoltaics get too little; divide it by the sine of the sun's elevation",)


def behind_words(lag_minutes: float) -> str:
    """A lag in words, before the name of what is followed."""
    return f"{abs(lag_minutes):.0f} min {'behind' if lag_minutes > 0 else 'ahead of'}"


def component_faults(raw: RawYear, meaning: Meaning, year: Mapping[str, Floats]) -> Iterator[Fault]:
    """Columns of irradiance that are exchanged or in another unit.

    Global irradiance is the diffuse and the direct times the sine of the sun's elevation, and its bright hours are
    nearly those of a clear sky.

    Args:
        raw: The file.
        meaning: What its irradiance stands for.
        year: Irradiance at the hours of a year by name, shape (8760,) each [W/m2].
    """
    station = raw.station
    place = station.latitude, station.longitude, station.utc_offset_hours
    columns = tuple(year[name] for name in IRRADIANCE)
    sines = sines_of_elevation(*place, meaning.begins_min)
    if _gap(columns, sines) > MOST_UNEXPLAINED:
        yield from _explained(columns, sines)
        return
    share = brightness(year["ghi_w_per_m2"], *place)
    if share < LEAST_BRIGHT:
        unit = min(UNITS, key=lambda each: abs(np.log(share * UNITS[each])))
        rule = f"must be in W/m²; its bright hours have {share:.0%} of a clear sky's, as if in {unit}: multiply by "
        yield Fault(", ".join(IRRADIANCE), f"{rule}{UNITS[unit]:.4g}")


def _explained(columns: tuple[Floats, ...], sines: Floats) -> Iterator[Fault]:
    """The exchange of columns, or the unit of one, by which the parts of irradiance make up the whole."""
    for order in ((0, 2, 1), (1, 0, 2), (2, 1, 0)):
        if _gap(tuple(columns[k] for k in order), sines) <= EXPLAINED:
            first, second = (IRRADIANCE[k] for k in range(3) if order[k] != k)
            rule = "are exchanged: only the other way round is global irradiance diffuse and direct times the sine of "
            yield Fault(f"{first}, {second}", f"{rule}the sun's elevation")
            return
    for k, name in enumerate(IRRADIANCE):
        for unit, factor in UNITS.items():
            scaled = tuple(column * factor if at == k else column for at, column in enumerate(columns))
            if _gap(scaled, sines) <= EXPLAINED:
                rule = f"must be in W/m²; with the other columns it makes up the irradiance only as if in {unit}"
                yield Fault(name, f"{rule}: multiply by {factor:.4g}")
                return


def _gap(columns: tuple[Floats, ...], sines: Floats) -> float:
    """Mean difference of global irradiance from its parts, as a share of it."""
    ghi, dni, dhi = columns
    total = float(ghi.sum())
    return float(np.abs(ghi - dhi - dni * sines).sum()) / total if total > 0 else np.inf
