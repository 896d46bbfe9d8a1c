"""What can be placed at a bus by a click on the map: kinds, their size, and what else they begin with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from app.dashboard.builder.content import Content
from app.dashboard.builder.levers.places import appended
from grid.errors import InputError, nearest

HALL = "data_centre"


@dataclass(frozen=True)
class Placeable:
    """A kind of thing that stands at one bus.

    Args:
        kind: As the scenario names it; `HALL` for a data centre.
        label: What people read.
        size: The field of its size.
        unit: Unit of the size.
        start: Size that is offered first (ours).
        whole: Whether sizes are whole numbers.
        with_size: Further fields that grow with the size: each its amount for a size of 1 (ours).
        others: Further fields that it begins with (ours).
    """

    kind: str
    label: str
    size: str
    unit: str
    start: float
    whole: bool = False
    with_size: Mapping[str, float] = field(default_factory=dict)
    others: Mapping[str, Any] = field(default_factory=dict)

    def item(self, size: Any) -> dict[str, Any]:
        """One of this size, without its name and place."""
        kind = {} if self.kind == HALL else {"kind": self.kind}
        known = isinstance(size, int | float) and not isinstance(size, bool)
        grown = {name: round(per * size, 9) for name, per in self.with_size.items()} if known else {}
        return {**kind, self.size: size, **grown, **self.others}


PLACEABLE: tuple[Placeable, ...] = (
    Placeable("battery", "Battery", "p_rated_mw", "MW", 1.0, with_size={"e_rated_mwh": 4.0}),
    Placeable("pv", "Photovoltaics", "p_peak_mw", "MWp", 1.0),
    Placeable("wind", "Wind turbine", "p_rated_mw", "MW", 4.2),
    Placeable("ev_fleet", "Charging place", "vehicles", "vehicles", 100, whole=True, others={"place": "public"}),
    Placeable(HALL, "Data centre", "p_it_rated_mw", "MW of IT", 1.0),
    Placeable("hydrogen_station", "Hydrogen station", "electrolyser_mw", "MW", 1.0, with_size={"tank_kg": 400.0}),
    Placeable("heat_pump", "Heat pump", "annual_heat_mwh", "MWh of heat a year", 1000.0),
    Placeable("chp", "Heat and power", "p_rated_mw", "MW", 1.0),
    Placeable("diesel", "Diesel generator", "p_rated_mw", "MW", 1.0),
    Placeable("industrial_demand", "Industry", "p_mean_mw", "MW", 1.0),
    Placeable("base_station", "Mobile radio masts", "sites", "sites", 10, whole=True),
)
"""Everything that can be placed; a new kind of asset that is to be placed by a click is one line here."""

BY_KIND = {one.kind: one for one in PLACEABLE}


def placed(content: Content, kind: str, bus: str, size: Any) -> tuple[Content, str]:
    """The content with something more at a bus, and the name that it got.

    Args:
        content: The scenario's.
        kind: Of `PLACEABLE`.
        bus: Name of the bus.
        size: Its size; what is no size is told by the check at its field.

    Raises:
        InputError: If there is no such kind, or no bus is named.
    """
    found = BY_KIND.get(kind)
    if found is None:
        raise InputError.single("kind", "cannot be placed on the map", kind, nearest(kind, BY_KIND))
    if not bus:
        raise InputError.single("bus", "choose a bus first")
    key = "data_centres" if kind == HALL else "assets"
    made = appended(content, key, {**found.item(size), "bus": bus}, f"{found.label.lower()} {bus}".replace(".", " "))
    return made, str(made[key][-1]["name"])


def begun(kind: str, bus: str) -> dict[str, Any]:
    """A thing of a kind as the form adds it to a list: at a bus, with the size that is offered first."""
    found = BY_KIND.get(kind)
    return {"kind": kind, "bus": bus} if found is None else {**found.item(found.start), "bus": bus}


def stands(content: Content) -> list[dict[str, Any]]:
    """What the scenario lists at single buses, as the map marks it.

    Returns:
        ``bus``, ``kind``, ``name``, ``size`` and ``unit`` of each.
    """
    rows = []
    for key in ("assets", "data_centres"):
        items = content.get(key)
        for item in items if isinstance(items, list) else []:
            if isinstance(item, Mapping) and isinstance(item.get("bus"), str):
                kind = str(item.get("kind", HALL))
                found = BY_KIND.get(kind)
                rows.append({
                    "bus": item["bus"], "kind": kind, "name": str(item.get("name", "")),
                    "label": kind.replace("_", " ") if found is None else found.label,
                    "size": None if found is None else item.get(found.size),
                    "unit": "" if found is None else found.unit,
                })  # fmt: skip
    return rows
