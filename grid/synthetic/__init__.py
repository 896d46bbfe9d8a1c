"""A grid made by rule from loads with coordinates, where there is no model of the real one; labelled as such."""

from __future__ import annotations

from typing import TYPE_CHECKING

from grid.public_names import on_demand
from grid.synthetic.spec import SyntheticSpec

if TYPE_CHECKING:
    from grid.synthetic.making import synthetic_grid

__all__ = ["SyntheticSpec", "synthetic_grid"]

__getattr__ = on_demand(__name__, {"synthetic_grid": "making"})
