"""Grids drawn on a map: features of GeoJSON and GeoPackage, and the net that they are."""
