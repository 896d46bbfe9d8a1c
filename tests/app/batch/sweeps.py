"""Small sweeps: a winter day of the reference city, whose net a new process reads in a moment, in hours."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

BASE = {
    "name": "small",
    "city": {"network": "reference"},
    "period": {"start": "2030-01-01", "days": 1, "step_minutes": 60},
    "dispatch": {"strategy": "unmanaged"},
    "assets": [{"kind": "pv", "name": "roofs", "bus": "MV3.101 Bus 60", "p_peak_mw": 1.0}],
}


def sweep_file(folder: Path, parameters: Mapping[str, list[Any]], base: Mapping[str, Any] = BASE) -> Path:
    """A full grid of parameters over a base (JSON is YAML)."""
    design = {"kind": "grid", "parameters": dict(parameters)}
    return _written(folder, {"name": "sweep", "base": dict(base), "design": design})


def variants_file(folder: Path, variants: Mapping[str, Mapping[str, Any]], base: Mapping[str, Any] = BASE) -> Path:
    """Runs by name, each with its changes."""
    listed = [{"name": name, "changes": dict(changes)} for name, changes in variants.items()]
    design = {"kind": "variants", "variants": listed}
    return _written(folder, {"name": "variants", "base": dict(base), "design": design})


def _written(folder: Path, content: Mapping[str, Any]) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{content['name']}.yaml"
    path.write_text(json.dumps(content), encoding="utf-8")
    return path
