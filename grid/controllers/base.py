"""What every controller is: a frozen specification, checked against a network."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator, Mapping
from typing import Annotated

from pydantic import Field

from grid.controllers.switching import SwitchedDevice
from grid.errors import Fault, nearest
from grid.flexibility.flexibility import Flexibility
from grid.network.network import Network
from grid.spec import Spec
from grid.time.clock import Clock

Corner = Annotated[tuple[float, ...], Field(min_length=2, max_length=2)]
"""A corner of a characteristic: where, and the value there."""


class Controller(Spec):
    """A kind of controller. A new kind is a subclass with a `kind` in a file of its own."""

    kind: str
    """Which kind it is; each has its own."""
    name: str = Field(min_length=1)
    """Name, unique among the controllers."""

    @abstractmethod
    def faults(self, network: Network, assets: Mapping[str, str], at: str) -> Iterator[Fault]:
        """All that is wrong with it.

        Args:
            network: The network.
            assets: Kind of each asset of the scenario by name.
            at: Its place in the file.
        """

    @abstractmethod
    def moves(self, assets: Mapping[str, str]) -> tuple[str, ...]:
        """What it controls and no other may, in words.

        Args:
            assets: Kind of each asset by name.
        """


class SwitchingController(Controller):
    """A controller that holds a voltage within a band by moving in steps, and keeps its position in between."""

    delay_minutes: float = Field(default=0.0, ge=0, le=24 * 60)
    """How long the voltage must be outside of the band before it moves [min]. Delays of less than a step end within
    the step: it then moves until the voltage is within the band."""

    @abstractmethod
    def device(self, network: Network, clock: Clock) -> SwitchedDevice:
        """What it moves, ready for the power flow.

        Raises:
            InputError: If the network does not have what it needs.
        """

    def wait_steps(self, clock: Clock) -> int:
        """Whole steps that the voltage must have been outside of the band before it moves."""
        return int(self.delay_minutes / 60 / clock.step_hours)


class AssetController(Controller):
    """A controller of the reactive power of assets."""

    assets: tuple[str, ...] = Field(min_length=1)
    """Names of the assets that it controls; `pv` and other kinds stand for all assets of the kind."""

    def faults(self, network: Network, assets: Mapping[str, str], at: str) -> Iterator[Fault]:
        """Assets that there are none of."""
        del network
        known = {*assets, *assets.values()}
        for place, name in enumerate(self.assets):
            if name not in known:
                rule = f"no asset and no kind of asset called {name!r}"
                yield Fault(f"{at}.assets[{place}]", rule, suggestion=nearest(name, known))

    def moves(self, assets: Mapping[str, str]) -> tuple[str, ...]:
        """See `Controller.moves`."""
        return tuple(f"asset {name}" for name, kind in assets.items() if {name, kind} & {*self.assets})

    def controls(self, flexibility: Flexibility) -> bool:
        """Whether it controls an asset or a part of it."""
        return flexibility.kind in self.assets or flexibility.name.split(":")[0] in self.assets
