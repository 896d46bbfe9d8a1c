"""The scenario that a sweep varies: a file beside it, a shipped one by name, or one within it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any

from grid.errors import ScenarioError, nearest
from grid.files.content import is_file
from grid.files.yaml_file import YamlFile, read_yaml


@dataclass(frozen=True, eq=False)
class BaseScenario:
    """The content of the scenario that a sweep varies, unchecked.

    Args:
        content: What it says.
        folder: Folder that file names in it are relative to.
        source: What it was read from, for messages; empty where it stands in the sweep.
        file: The file; None where it stands in the sweep.
    """

    content: Any
    folder: Path
    source: str = ""
    file: YamlFile | None = None


def is_sweep(content: Any) -> bool:
    """Whether the content of a file is that of a sweep, right or wrong, and not of a scenario."""
    return isinstance(content, Mapping) and ("design" in content or "base" in content) and "city" not in content


def shipped_folder() -> Path:
    """The folder of the shipped scenarios."""
    return Path(str(resources.files("app") / "scenarios"))


def shipped_names() -> list[str]:
    """Names of the shipped scenarios."""
    return sorted(path.stem for path in shipped_folder().glob("*.yaml"))


def read_base(base: str | Mapping[str, Any], folder: Path) -> BaseScenario:
    """The base of a sweep.

    Args:
        base: The scenario, the path of its file, or the name of a shipped one.
        folder: The sweep's.

    Raises:
        ScenarioError: If there is no such file, it cannot be read, or is a sweep itself.
    """
    if not isinstance(base, str):
        return BaseScenario(base, folder)
    path = folder / base
    if not is_file(path):
        shipped = shipped_names()
        if base not in shipped:
            beside = [found.name for found in folder.glob("*.y*ml")]
            rule = f"no such file beside the sweep, and no shipped scenario ({', '.join(shipped)})"
            raise ScenarioError.single("base", rule, base, nearest(base, [*shipped, *beside]))
        path = shipped_folder() / f"{base}.yaml"
    file = read_yaml(path)
    if is_sweep(file.content):
        raise ScenarioError.single("base", "is a sweep itself; a base is a scenario", base)
    return BaseScenario(file.content, path.parent, str(path), file)
