"""Water-cooled chillers the year round."""

from __future__ import annotations

from typing import Literal

import numpy as np

from carbon.data_centre.air.outdoor import OutdoorAir
from carbon.data_centre.plant.hall import WaterCoils
from carbon.data_centre.plant.part_load import PlantOperation
from carbon.data_centre.plant.technology import CoolingDemand, HeatBalance, WeatherDriver
from carbon.data_centre.plant.water_plant import CoolingTower, WaterChiller, tower_cooled
from grid.arrays import Floats


class WaterChilled(WaterCoils):
    """Water-cooled chillers without any free cooling, after Lei and Masanet, Resour. Conserv. Recycl. 182:106323, 2022.

    Defaults: middle of that paper's ranges for colocation halls, and its balance.
    """

    kind: Literal["water_chiller"] = "water_chiller"
    """Water-cooled chillers and a cooling tower all year, without free cooling."""
    balance: HeatBalance = "published"
    """Which heat the plant removes: `published` excludes the heat of its own fans and pumps, as in the paper; `closed`
    includes it."""
    tower: CoolingTower = CoolingTower()
    """The cooling tower."""
    chiller: WaterChiller = WaterChiller()
    """The water-cooled chillers."""

    @property
    def driven_by(self) -> WeatherDriver:
        """See `CoolingTechnology.driven_by`."""
        return "wet_bulb"

    def remove(self, air: OutdoorAir, heat_mw: Floats, operation: PlantOperation) -> CoolingDemand:
        """Power and water, see `CoolingTechnology.demand`."""
        hall = self.hall(air, heat_mw, operation)
        reused = self.reused(hall.coil_mw, self.t_return_water_degc)
        left_mw = hall.coil_mw - reused.taken_mw
        plant = tower_cooled(left_mw, np.zeros_like(left_mw), air, self.chiller, self.tower, operation)
        return hall.demand + CoolingDemand(reused.p_by_machine_mw, {}, reused.heat_by_sink_mw) + plant
