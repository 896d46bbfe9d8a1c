"""YAML files as their content, unchecked."""

from __future__ import annotations

from collections.abc import Hashable
from pathlib import Path
from typing import Any

import yaml

from grid.errors import Fault, ScenarioError, nearest


class _Loader(yaml.SafeLoader):
    """YAML that refuses to say the same key twice."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        seen = set()
        for key_node, _ in node.value:
            key = self.construct_object(key_node, deep=True)
            if isinstance(key, Hashable) and key in seen:
                raise yaml.constructor.ConstructorError(None, None, f"key {key!r} stands twice", key_node.start_mark)
            seen.add(key)
        return super().construct_mapping(node, deep)


def read_yaml(path: Path) -> Any:
    """The content of a YAML file, unchecked."""
    if not path.is_file():
        names = [other.name for other in path.parent.glob("*.y*ml")] if path.parent.is_dir() else []
        raise ScenarioError([Fault(str(path), "no such file", suggestion=nearest(path.name, names))], str(path))
    try:
        return yaml.load(path.read_text(encoding="utf-8"), _Loader)  # noqa: S506  it is a SafeLoader
    except (OSError, UnicodeDecodeError, yaml.YAMLError, ValueError) as error:
        raise ScenarioError([Fault("", f"is not readable YAML: {' '.join(str(error).split())}")], str(path)) from error
