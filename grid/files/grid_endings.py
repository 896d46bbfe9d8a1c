"""Endings of files that hold a grid, for those who need to know before the readers are loaded."""

GRID_ENDINGS = (
    ".json", ".json.gz", ".geojson", ".gpkg", ".xlsx", ".zip", ".xml", ".m", ".mat", ".nc", ".uct", ".dss", ".pfd",
    ".dz", ".dgs",
)  # fmt: skip
"""Those of all formats in `grid.readers.registry`; folders hold PyPSA's CSV or CIM profiles."""
