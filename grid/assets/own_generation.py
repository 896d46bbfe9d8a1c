"""One weather for all generation: the net's own solar and wind power, recomputed from the scenario's weather.

SimBench's profiles are weather of 2016 somewhere in Germany. Beside photovoltaics that follow the scenario's weather,
that would be a second sun over the same roofs.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from grid.arrays import Bools, Floats, Ints
from grid.assets.pv import PV, pv_specific_power
from grid.assets.wind import Wind, wind_specific_power
from grid.city.city import City, Elements
from grid.sharing import shared
from grid.weather.weather import Weather

ROOF_STOCK = PV(name="the net's photovoltaics", bus="-", p_peak_mw=1.0)
"""What stands for the net's photovoltaics: the standard stock of pitched roofs, per rated power of the modules."""
TURBINE_ONSHORE = Wind(name="the net's wind turbines", bus="-", p_rated_mw=1.0)
"""What stands for the net's wind turbines on land."""
TURBINE_OFFSHORE = TURBINE_ONSHORE.with_changes(
    {"technology": "wind_offshore", "roughness_length_m": 0.0002, "turbine_type": "V164/8000", "hub_height_m": 105.0}
)
"""The same at sea."""


@dataclass(frozen=True)
class Followed:
    """What changed for the generators of one technology.

    Args:
        technology: Of the factor sets.
        generators: How many follow the weather now.
        p_rated_mw: Their rated power [MW].
        energy_before_mwh: Energy over the clock with the net's own profiles [MWh].
        energy_after_mwh: Energy over the clock with the weather [MWh].
    """

    technology: str
    generators: int
    p_rated_mw: float
    energy_before_mwh: float
    energy_after_mwh: float

    def __str__(self) -> str:
        return (
            f"{self.generators} {self.technology} generators of the net ({self.p_rated_mw:.3g} MW) follow the weather: "
            f"{self.energy_before_mwh:.4g} MWh by their own profiles, {self.energy_after_mwh:.4g} MWh by the weather"
        )


@shared()
def follow_weather(city: City, weather: Weather) -> tuple[City, tuple[Followed, ...]]:
    """Makes the net's solar and wind generators follow the weather, whatever profile they had.

    Their active power becomes rated power (``p_mw`` × ``scaling`` of the net) × specific power of a standard roof
    stock or turbine. So the weather and not the net's profile says how much energy there is in a year. Reactive power
    stays. Generation with a battery (SimBench's PV_Storage) stays too: its profile is what battery and household
    leave, of which the weather alone says nothing.

    Args:
        city: The city.
        weather: Weather on the city's clock.

    Returns:
        The city, and what changed, by technology in alphabetical order; nothing if there is neither sun nor wind.

    Raises:
        InputError: If it has solar generators and the weather file has no irradiance.
    """
    table = city.network.elements["sgen"]
    rated_mw = np.zeros(len(city.technologies))
    rated_mw[: len(table["name"])] = np.array(table["p_mw"]) * np.array(table["in_service"], dtype=float)
    own = np.arange(len(city.technologies)) < len(table["name"])
    columns: list[Floats] = []
    column_of = np.full(len(city.technologies), -1)
    for standard in (ROOF_STOCK, TURBINE_ONSHORE, TURBINE_OFFSHORE):
        rows = own & _of_technology(city.technologies, standard)
        if rows.any():
            column_of[rows] = len(columns)
            columns.append(_specific_power(standard, weather))
    if not columns:
        return city, ()
    generators = _with_columns(city.generators, columns, column_of, rated_mw)
    changed: Bools = column_of >= 0
    return replace(city, generators=generators), _changes(city, generators, changed, rated_mw)


def _of_technology(technologies: Sequence[str], standard: PV | Wind) -> Bools:
    """Which generators a standard plant stands for; wind without further word is on land."""
    if isinstance(standard, PV):
        names = {"solar"}
    else:
        names = {"wind_offshore"} if standard.technology == "wind_offshore" else {"wind", "wind_onshore"}
    return np.array([technology in names for technology in technologies], dtype=bool)


def _specific_power(standard: PV | Wind, weather: Weather) -> Floats:
    return pv_specific_power(standard, weather) if isinstance(standard, PV) else wind_specific_power(standard, weather)


def _with_columns(elements: Elements, columns: Sequence[Floats], column_of: Ints, rated_mw: Floats) -> Elements:
    """The elements with new profiles where `column_of`, shape (E,), is not -1."""
    changed = column_of >= 0
    n_profiles = elements.profiles.shape[1]
    return replace(
        elements,
        profiles=np.column_stack([elements.profiles, *columns]),
        p_profile=np.where(changed, n_profiles + column_of, elements.p_profile),
        p_scale=np.where(changed, rated_mw, elements.p_scale),
    )


def _changes(city: City, after: Elements, changed: Bools, rated_mw: Floats) -> tuple[Followed, ...]:
    names = np.array(city.technologies)
    hours = city.clock.step_hours
    before_mwh, after_mwh = city.generators.energy_mwh(hours), after.energy_mwh(hours)
    found = []
    for technology in sorted(set(names[changed])):
        rows = changed & (names == technology)
        sums = (float(values[rows].sum()) for values in (rated_mw, before_mwh, after_mwh))
        found.append(Followed(str(technology), int(rows.sum()), *sums))
    return tuple(found)
