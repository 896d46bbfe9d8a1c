"""Direct expansion: compressors in or beside the air handlers, as small halls have them."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from carbon.data_centre.air.outdoor import OutdoorAir
from carbon.data_centre.air.psychrometrics import latent_heat_kj_per_kg
from carbon.data_centre.plant.air_plant import DirectExpansionUnit
from carbon.data_centre.plant.hall import RecirculatedAir
from carbon.data_centre.plant.part_load import PlantOperation
from carbon.data_centre.plant.technology import CoolingDemand, HeatBalance, WeatherDriver
from grid.arrays import Floats, read_only


class DirectExpansion(RecirculatedAir):
    """Direct expansion with electric steam humidifiers, after Lei and Masanet, Resour. Conserv. Recycl. 182, 2022.

    The COP above 15 °C is a substitute of ours, see `DirectExpansionUnit`.
    """

    kind: Literal["direct_expansion"] = "direct_expansion"
    """Direct expansion: the refrigerant cools the hall's air in or beside the air handlers; usual in small halls."""
    balance: HeatBalance = "published"
    """Which heat the coils remove: `published` excludes the fans' heat, as in the paper; `closed` includes it."""
    sensible_heat_ratio: float = Field(default=0.97, gt=0, le=1)
    """Share of the coils' cooling that lowers the air's temperature; the rest condenses vapour [1]. Published range:
    0.95-0.99."""
    unit: DirectExpansionUnit = DirectExpansionUnit()
    """The compressors and condensers."""

    @property
    def driven_by(self) -> WeatherDriver:
        """See `CoolingTechnology.driven_by`."""
        return "dry_bulb"

    def remove(self, air: OutdoorAir, heat_mw: Floats, operation: PlantOperation) -> CoolingDemand:
        """Power and water, see `CoolingTechnology.demand`; steam brings the heat that its condensing gives back."""
        fan = self.fan_mw(air, heat_mw, operation)
        sensible_mw = heat_mw + operation.heat_of(fan)
        steam = sensible_mw / self.sensible_heat_ratio - sensible_mw
        humidified = steam * 1e3 / latent_heat_kj_per_kg(read_only(self.t_supply_degc))
        coil_mw = sensible_mw + steam
        reused = self.reused(coil_mw, self.t_return_degc)
        machines = {"supply_fan": fan, "humidifier": steam, **reused.p_by_machine_mw}
        own = CoolingDemand(machines, {"humidifier": humidified}, reused.heat_by_sink_mw)
        return own + self.unit.remove(coil_mw - reused.taken_mw, air)
