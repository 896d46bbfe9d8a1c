"""Air-cooled chillers the year round."""

from __future__ import annotations

from typing import Literal

from carbon.data_centre.air.outdoor import OutdoorAir
from carbon.data_centre.plant.air_plant import AirChiller, air_cooled
from carbon.data_centre.plant.hall import WaterCoils
from carbon.data_centre.plant.part_load import PlantOperation
from carbon.data_centre.plant.technology import CoolingDemand, HeatBalance, WeatherDriver
from grid.arrays import Floats


class AirChilled(WaterCoils):
    """Air-cooled chillers without any free cooling: no tower, and water for the humidifier only.

    The hall is that of Lei and Masanet, Resour. Conserv. Recycl. 182:106323, 2022, with its balance; their regression
    of the chillers is not published as a formula, so the chillers are EnergyPlus'.
    """

    kind: Literal["air_chiller"] = "air_chiller"
    """Air-cooled chillers all year, without free cooling."""
    balance: HeatBalance = "published"
    """Which heat the plant removes: `published` excludes the heat of its own fans and pumps, as in the paper; `closed`
    includes it."""
    chiller: AirChiller = AirChiller()
    """The air-cooled chillers."""

    @property
    def driven_by(self) -> WeatherDriver:
        """See `CoolingTechnology.driven_by`."""
        return "dry_bulb"

    def remove(self, air: OutdoorAir, heat_mw: Floats, operation: PlantOperation) -> CoolingDemand:
        """Power and water, see `CoolingTechnology.demand`."""
        hall = self.hall(air, heat_mw, operation)
        reused = self.reused(hall.coil_mw, self.t_return_water_degc)
        plant = air_cooled(hall.coil_mw - reused.taken_mw, air, self.chiller, operation)
        return hall.demand + CoolingDemand(reused.p_by_machine_mw, {}, reused.heat_by_sink_mw) + plant
