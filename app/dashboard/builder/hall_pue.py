"""The PUE that the halls of a draft come to: a consequence of cooling, power chain, load and weather, no input."""

from __future__ import annotations

from app.scenario import LoadedScenario
from app.scenario.loaded import in_folder
from app.scenario.place import city_place
from app.simulation.inputs import outdoor_air
from carbon.data_centre import FacilityModel, it_demand_mw
from grid.errors import InputError
from grid.weather.weather import weather_for


def hall_pue(loaded: LoadedScenario) -> dict[str, float]:
    """PUE of each data centre over the period [1]: energy of the facility over that of its IT, before any shifting.

    Args:
        loaded: A scenario without faults.

    Returns:
        PUE by name; without those whose load or weather cannot be used.
    """
    scenario, clock = loaded.scenario, loaded.city.clock
    if not scenario.data_centres:
        return {}
    place, zone = city_place(scenario.city, loaded.city.network.buses), scenario.city.time_zone
    weather = weather_for(in_folder(scenario.weather, loaded.folder), clock, zone, place.latitude, place.longitude)
    air, found = outdoor_air(weather, zone), {}
    for spec in scenario.data_centres:
        try:
            p_it_mw = it_demand_mw(spec, clock, zone, air, loaded.folder)
            p_total_mw = FacilityModel(spec, air, clock.step_hours).total_at(p_it_mw)
        except InputError:  # a run says the same when it begins
            continue
        found[spec.name] = float(p_total_mw.sum() / p_it_mw.sum())
    return found
