"""A city: a net read from somewhere, put on a clock with its profiles and sectors; where assets go in it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from grid.public_names import on_demand

if TYPE_CHECKING:
    from grid.city.city import City, Elements, make_city
    from grid.city.placement import Placement, Where, place
    from grid.city.source import GridSource, read_grid, source_of_net

_MODULE = {
    "City": "city",
    "Elements": "city",
    "GridSource": "source",
    "Placement": "placement",
    "Where": "placement",
    "make_city": "city",
    "place": "placement",
    "read_grid": "source",
    "source_of_net": "source",
}
__all__ = [
    "City",
    "Elements",
    "GridSource",
    "Placement",
    "Where",
    "make_city",
    "place",
    "read_grid",
    "source_of_net",
]

__getattr__ = on_demand(__name__, _MODULE)
