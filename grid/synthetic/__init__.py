"""A grid made by rule from loads with coordinates, where there is no model of the real one; labelled as such."""

from grid.synthetic.making import synthetic_grid
from grid.synthetic.spec import SyntheticSpec

__all__ = ["SyntheticSpec", "synthetic_grid"]
