"""YAML that the program ships or has written, which has no faults to be told of."""

from __future__ import annotations

from typing import Any


def plain_yaml(text: str) -> Any:
    """The content of a YAML text, of plain values; read by libyaml where it is there, ten times as fast."""
    import yaml  # noqa: PLC0415  only where something is read

    return yaml.load(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))  # noqa: S506  both are safe loaders
