"""What the irradiance of a file stands for, and whether it fits the sun of its place."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np

from grid.arrays import Floats
from grid.errors import Fault
from grid.weather.formats import Meaning, RawYear
from grid.weather.sun import SunCheck, check_against_sun

MOST_LAG_MIN: Final = 20.0
"""Irradiance that is farther from the sun of its place than this is refused [min]."""
SURE_LAG_MIN: Final = 5.0
"""Irradiance that fits the sun within this is taken as the format says [min]."""
HORIZONTAL: Final = 1.1
"""Direct normal irradiance of a year over the direct part of the horizontal, up to which it is that part itself: a sky
without clouds at the equator has 1.27, everywhere else it is more."""
FITTING_LAG_MIN: Final = 10.0
"""Irradiance that does not, but fits the sun within this in another meaning, is taken so [min]."""


def meaning_of_irradiance(raw: RawYear, ghi_w_per_m2: Floats) -> tuple[Meaning, SunCheck, tuple[str, ...]]:
    """What the irradiance of a row stands for: as the format says, unless the sun shows that it is otherwise."""
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
    if total <= 0 or dni_w_per_m2.sum() > HORIZONTAL * total or gap > (HORIZONTAL - 1) * total:
        return ()
    rule = "dni_w_per_m2: is global less diffuse in every hour, so it is direct irradiance on the horizontal, of which"
    return (f"{rule} photovoltaics get too little; divide it by the sine of the sun's elevation",)


def behind_words(lag_minutes: float) -> str:
    """A lag in words, before the name of what is followed."""
    return f"{abs(lag_minutes):.0f} min {'behind' if lag_minutes > 0 else 'ahead of'}"
