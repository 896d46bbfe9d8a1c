"""What can be wrong with the controllers of a scenario in its city."""

from __future__ import annotations

from collections.abc import Iterator

from app.scenario.loaded import LoadedScenario
from grid.controllers import AnyController, ReactivePowerByVoltage
from grid.errors import Fault


def controller_faults(loaded: LoadedScenario) -> Iterator[Fault]:
    """Names of nothing, transformers without taps, devices and assets that two controllers move."""
    network = loaded.city.network
    kinds = {asset.name: asset.kind for asset in loaded.assets}
    names: dict[str, str] = {}
    moved: dict[str, str] = {}
    for place, controller in enumerate(loaded.scenario.controllers):
        at = f"controllers[{place}]"
        if controller.name in names:
            yield Fault(f"{at}.name", f"is the name of {names[controller.name]} too", controller.name)
        names.setdefault(controller.name, at)
        faults = [*controller.faults(network, kinds, at), *_without_inverter(controller, loaded, at)]
        yield from faults
        if faults:
            continue
        for what in controller.moves(kinds):
            if what in moved:
                yield Fault(at, f"{what} is controlled by {moved[what]} already")
            moved.setdefault(what, at)
        if network.uncovered:
            yield Fault(at, f"a net that pandapower solves step by step has no controllers: {network.uncovered[0]}")


def _without_inverter(controller: AnyController, loaded: LoadedScenario, at: str) -> Iterator[Fault]:
    """Assets under Q(U) that have no reactive power to follow a voltage with."""
    if not isinstance(controller, ReactivePowerByVoltage):
        return
    for place, name in enumerate(controller.assets):
        meant = [asset for asset in loaded.assets if name in {asset.name, asset.kind}]
        if meant and all(getattr(asset, "power_factor_min", 1.0) >= 1 for asset in meant):
            rule = "has no reactive power that could follow a voltage: no `power_factor_min` below 1"
            yield Fault(f"{at}.assets[{place}]", rule, name)
