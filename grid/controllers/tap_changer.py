"""An on-load tap changer that holds the voltage of one side of a transformer within a dead band."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Literal

import numpy as np
from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from grid import _pandapower
from grid.controllers.base import SwitchingController
from grid.controllers.switching import SwitchedDevice
from grid.errors import Fault, InputError, nearest
from grid.network.network import Network
from grid.time.clock import Clock


class TapChanger(SwitchingController):
    """An on-load tap changer with set point, dead band and delay; positions are those of the net."""

    kind: Literal["tap_changer"] = "tap_changer"
    """An on-load tap changer."""
    transformer: str
    """Name of the two-winding transformer."""
    side: Literal["hv", "lv"] = "lv"
    """Side whose voltage is held: `hv` or `lv`."""
    vm_set_pu: float = Field(default=1.0, gt=0.5, lt=1.5)
    """Voltage that is held [pu]."""
    dead_band_pu: float = Field(default=0.03, gt=0, lt=0.5)
    """Width of the band around it in which it does not move [pu]; less than a step of the tap changer makes it hunt."""
    position_start: int | None = None
    """Position before the first step. Default: that of the net."""

    @model_validator(mode="after")
    def _band_above_zero(self) -> TapChanger:
        if self.dead_band_pu / 2 >= self.vm_set_pu:
            raise PydanticCustomError("tap_changer", "dead_band_pu must be less than twice vm_set_pu")
        return self

    def faults(self, network: Network, assets: Mapping[str, str], at: str) -> Iterator[Fault]:
        """A transformer that is missing or has no taps, and a position that it does not have."""
        del assets
        names = [network.branches.names[k] for k in network.branches.of_kind("trafo")]
        if self.transformer not in names:
            rule = f"no two-winding transformer in service is called {self.transformer!r}"
            yield Fault(f"{at}.transformer", rule, suggestion=nearest(self.transformer, names))
            return
        try:
            taps = _pandapower.tap_positions(network, self.transformer)
        except InputError as error:
            yield from (Fault(f"{at}.transformer", fault.rule, fault.value) for fault in error.faults)
            return
        if self.position_start is not None and self.position_start not in taps.positions:
            rule = f"must be one of the positions {taps.positions.min()} to {taps.positions.max()}"
            yield Fault(f"{at}.position_start", rule, self.position_start)

    def moves(self, assets: Mapping[str, str]) -> tuple[str, ...]:
        """See `Controller.moves`."""
        del assets
        return (f"transformer {self.transformer}",)

    def device(self, network: Network, clock: Clock) -> SwitchedDevice:
        """See `SwitchingController.device`."""
        taps = _pandapower.tap_positions(network, self.transformer)
        branches = network.branches
        node = branches.to_node if self.side == "lv" else branches.from_node
        start = taps.start if self.position_start is None else self.position_start
        return SwitchedDevice(
            name=self.name,
            kind=self.kind,
            node=int(node[taps.branch]),
            vm_low_pu=self.vm_set_pu - self.dead_band_pu / 2,
            vm_high_pu=self.vm_set_pu + self.dead_band_pu / 2,
            positions=taps.positions,
            start=int(np.flatnonzero(taps.positions == start)[0]),
            raises=taps.raises if self.side == "lv" else -taps.raises,
            wait_steps=self.wait_steps(clock),
            branch=taps.branch,
            series=taps.series,
        )
