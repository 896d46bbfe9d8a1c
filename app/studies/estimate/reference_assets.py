"""Assets that differ only in size from one that was built before, so that a lever costs a multiplication.

Photovoltaics feed in, and heat pumps draw, in proportion to their size. So does a fleet of cars but for chance: a
larger fleet is another draw of the same habits. Which cars may feed in changes neither when they come nor what they
need, so a reference fleet has all of them willing, and a share of it is taken.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from threading import Lock

from app.scenario.loaded import LoadedScenario
from grid.assets import PV, Asset, EVFleet, HeatPump

MOST_REFERENCES = 64
"""References that are kept; those used last."""


@dataclass(frozen=True)
class Sizing:
    """How large an asset is against its reference.

    Args:
        factor: Its size over that of the reference [1].
        v2g_share: Share of its cars that may feed in [1]; None of what is no fleet.
    """

    factor: float = 1.0
    v2g_share: float | None = None


@dataclass(frozen=True)
class Referenced:
    """A scenario with reference assets in the places of its own.

    Args:
        loaded: The scenario; levers of adoption are written out as assets.
        sizing: By name of each asset.
    """

    loaded: LoadedScenario
    sizing: dict[str, Sizing]

    def of_part(self, name: str) -> Sizing:
        """The sizing of a part of an asset: parts begin with its name and a colon."""
        return self.sizing.get(name) or self.sizing.get(name.partition(": ")[0]) or Sizing()


class ReferenceAssets:
    """The first asset of each description is the reference of those that follow. Threads may share one."""

    def __init__(self) -> None:
        self._known: dict[str, tuple[Asset, float]] = {}
        self._lock = Lock()

    def referenced(self, loaded: LoadedScenario) -> Referenced:
        """The scenario with references, which are this scenario's own where there are none yet."""
        scenario, sizing, listed = loaded.scenario, dict[str, Sizing](), list[Asset]()
        for asset in (*scenario.assets, *loaded.adopted.assets):
            reference, sizing[asset.name] = self._of(asset, allowed=scenario.dispatch.v2g)
            listed.append(reference)
        dispatch = scenario.dispatch.model_copy(update={"v2g": True})
        changed = scenario.model_copy(update={"assets": tuple(listed), "adoption": None, "dispatch": dispatch})
        return Referenced(replace(loaded, scenario=changed), sizing)

    def _of(self, asset: Asset, *, allowed: bool) -> tuple[Asset, Sizing]:
        field = _size_field(asset)
        if field is None:
            return asset, Sizing()
        size = float(getattr(asset, field))
        others = {field: size, **({"v2g_share": 1.0} if isinstance(asset, EVFleet) else {})}
        key = f"{asset.kind} {asset.model_copy(update=dict.fromkeys(others, None)).model_dump_json(warnings=False)}"
        with self._lock:
            reference, known_size = self._known.pop(key, (None, size))
            if reference is None:
                whole = {"v2g_share": 1.0} if isinstance(asset, EVFleet) else {}
                reference = asset.model_copy(update=whole)
            self._known[key] = (reference, known_size)
            while len(self._known) > MOST_REFERENCES:
                del self._known[next(iter(self._known))]
        share = (asset.v2g_share if allowed else 0.0) if isinstance(asset, EVFleet) else None
        return reference, Sizing(size / known_size, share)


def _size_field(asset: Asset) -> str | None:
    """The field that an asset's power is in proportion to; None where there is none."""
    if isinstance(asset, PV):
        return "p_peak_mw"
    if isinstance(asset, EVFleet):
        return "vehicles"
    if isinstance(asset, HeatPump) and asset.p_rated_mw is None and asset.heater_mw is None and not asset.tank_mwh:
        return "annual_heat_mwh"
    return None
