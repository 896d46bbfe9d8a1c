"""A city: a net read from somewhere, put on a clock with its profiles and sectors; where assets go in it."""

from grid.city.city import City, Elements, make_city
from grid.city.placement import Placement, Where, place
from grid.city.source import GridSource, read_grid, source_of_net

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
