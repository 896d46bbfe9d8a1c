"""The result folder: manifest, key figures, where they come from."""

from app.results.folder import Result, find_results, open_result

__all__ = ["Result", "find_results", "open_result"]
