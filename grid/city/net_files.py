"""What files of nets are called."""

NET_FILES = (".json", ".json.gz")
"""Endings of files that hold a pandapower net."""
