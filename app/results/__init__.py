"""The result folder: manifest, key figures, where they come from; stores of many results."""

from app.results.folder import Result, find_results, open_result
from grid.public_names import on_demand

__all__ = ["Result", "find_results", "open_result", "scan"]

__getattr__ = on_demand(__name__, {"scan": "store.scan"})
