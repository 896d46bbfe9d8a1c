"""Grids in UCTE-DEF, the exchange format of European transmission operators."""
