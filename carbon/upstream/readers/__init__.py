"""Upstream data in files, one layout a module."""
