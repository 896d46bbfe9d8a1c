"""Grids in the formats that others use: one module a format, with a report of what was read, guessed and dropped."""

from grid.readers.registry import FORMATS, names_grid_file, read_grid_file
from grid.readers.report import GridReport, ReadGrid

__all__ = ["FORMATS", "GridReport", "ReadGrid", "names_grid_file", "read_grid_file"]
