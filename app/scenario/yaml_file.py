"""YAML 1.2 files: their content, unchecked, and the line on which each part of it stands."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.constructor import DuplicateKeyError
from ruamel.yaml.error import YAMLError
from ruamel.yaml.nodes import MappingNode, Node, SequenceNode

from grid.errors import Fault, InputError, ScenarioError, nearest

_PART = re.compile(r"\[(\d+)\]|([^.\[\]]+)")


@dataclass(frozen=True, eq=False)
class YamlFile:
    """A YAML file that has been read.

    Args:
        content: What it says, as plain mappings, lists and values; merge keys (``<<``) are resolved.
        root: The same as nodes that know their lines; None for an empty file.
    """

    content: Any
    root: Node | None

    def line_of(self, place: str) -> int | None:
        """The line, from 1, of a place such as ``assets[3].bus``, or of the innermost part around it that stands there.

        None where the file is empty, or the place does not begin within it.
        """
        if self.root is None:
            return None
        node, line = self.root, None
        for index, key in _PART.findall(place.partition(": ")[0]):
            if index and isinstance(node, SequenceNode) and int(index) < len(node.value):
                node = node.value[int(index)]
                line = _line(node)
            elif key and isinstance(node, MappingNode):
                found = next(((name, value) for name, value in node.value if name.value == key), None)
                if found is not None:  # a place may name the kind of an asset too, which is no key
                    line, node = _line(found[0]), found[1]
        return line

    @contextmanager
    def naming_lines(self) -> Iterator[None]:
        """Gives faults of the file, raised within the context, the lines on which they stand."""
        try:
            yield
        except InputError as error:
            faults = [
                fault if fault.line is not None else replace(fault, line=self.line_of(fault.place))
                for fault in error.faults
            ]
            raise type(error)(faults, error.source) from error


def read_yaml(path: Path) -> YamlFile:
    """Reads a YAML file.

    Raises:
        ScenarioError: If there is no such file, it is not readable YAML, or a mapping has a key twice.
    """
    if not path.is_file():
        names = [other.name for other in path.parent.glob("*.y*ml")] if path.parent.is_dir() else []
        raise ScenarioError([Fault(str(path), "no such file", suggestion=nearest(path.name, names))], str(path))
    reader = YAML(typ="safe", pure=True)
    try:
        text = path.read_text(encoding="utf-8")
        return YamlFile(reader.load(text), reader.compose(text))
    except DuplicateKeyError as error:
        key = re.search(r'duplicate key "(.*?)" with', str(error.problem))
        named = f"key {key.group(1)!r} stands twice" if key else str(error.problem)
        raise ScenarioError([Fault("", named, line=error.problem_mark.line + 1)], str(path)) from error
    except (OSError, UnicodeDecodeError, YAMLError, ValueError) as error:
        mark = getattr(error, "problem_mark", None)
        problem = " ".join(str(getattr(error, "problem", None) or error).split())
        fault = Fault("", f"is not readable YAML: {problem}", line=None if mark is None else mark.line + 1)
        raise ScenarioError([fault], str(path)) from error


def _line(node: Node) -> int:
    return int(node.start_mark.line) + 1
