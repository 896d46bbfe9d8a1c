"""Controllers in time: tap changers, capacitor banks, reactive power by voltage or by power. One kind a file."""

from typing import TYPE_CHECKING, Annotated

from pydantic import Field

from grid.controllers.base import Controller
from grid.controllers.capacitor_bank import CapacitorBank
from grid.controllers.power_factor import PowerFactorByPower
from grid.controllers.reactive_power import ReactivePowerByVoltage
from grid.controllers.tap_changer import TapChanger
from grid.public_names import on_demand

if TYPE_CHECKING:
    from grid.controllers.flow import ControlledFlow, GridControl, controlled_flow

AnyController = Annotated[
    TapChanger | CapacitorBank | ReactivePowerByVoltage | PowerFactorByPower, Field(discriminator="kind")
]
"""Any kind of controller, told by its `kind`."""

__all__ = [
    "AnyController",
    "CapacitorBank",
    "ControlledFlow",
    "Controller",
    "GridControl",
    "PowerFactorByPower",
    "ReactivePowerByVoltage",
    "TapChanger",
    "controlled_flow",
]

__getattr__ = on_demand(__name__, dict.fromkeys(("ControlledFlow", "GridControl", "controlled_flow"), "flow"))
