"""Dispatch of flexible assets by linear programming, with network limits."""
