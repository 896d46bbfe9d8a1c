"""A bank of capacitors that is switched in steps by the voltage of its bus."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Literal

import numpy as np
from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from grid.controllers.base import SwitchingController
from grid.controllers.switching import SwitchedDevice
from grid.errors import Fault
from grid.network.network import Network
from grid.time.clock import Clock


class CapacitorBank(SwitchingController):
    """Capacitors at a bus, switched on one by one below a voltage and off above another."""

    kind: Literal["capacitor_bank"] = "capacitor_bank"
    """A switched bank of capacitors."""
    bus: str
    """Name of the bus that it is connected to, and whose voltage switches it."""
    q_step_mvar: float = Field(gt=0, le=1000)
    """Reactive power that each step feeds in at 1 pu [MVAr]."""
    steps: int = Field(default=1, ge=1, le=50)
    """Number of steps."""
    vm_low_pu: float = Field(default=0.97, gt=0.5, lt=1.5)
    """Voltage below which a step is switched on [pu]."""
    vm_high_pu: float = Field(default=1.03, gt=0.5, lt=1.5)
    """Voltage above which a step is switched off [pu]."""
    steps_start: int = Field(default=0, ge=0)
    """Steps that are on before the first step of time."""

    @model_validator(mode="after")
    def _in_order(self) -> CapacitorBank:
        if self.vm_low_pu >= self.vm_high_pu:
            raise PydanticCustomError("capacitor_bank", "vm_low_pu must be less than vm_high_pu")
        if self.steps_start > self.steps:
            raise PydanticCustomError("capacitor_bank", "steps_start must be at most steps")
        return self

    def faults(self, network: Network, assets: Mapping[str, str], at: str) -> Iterator[Fault]:
        """A bus that is missing or de-energised."""
        del assets
        fault = network.buses.fault(self.bus, f"{at}.bus")
        if fault is not None:
            yield fault

    def moves(self, assets: Mapping[str, str]) -> tuple[str, ...]:
        """See `Controller.moves`."""
        del assets
        return ()

    def device(self, network: Network, clock: Clock) -> SwitchedDevice:
        """See `SwitchingController.device`."""
        node = int(network.buses.node[network.buses.find(self.bus)])
        on = np.arange(self.steps + 1)
        return SwitchedDevice(
            name=self.name,
            kind=self.kind,
            node=node,
            vm_low_pu=self.vm_low_pu,
            vm_high_pu=self.vm_high_pu,
            positions=on,
            start=self.steps_start,
            raises=1,
            wait_steps=self.wait_steps(clock),
            shunt_pu=(1j * on * self.q_step_mvar / network.base_mva).astype(np.complex128),
        )
