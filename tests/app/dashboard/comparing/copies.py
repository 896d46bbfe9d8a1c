"""Copies of results with other key figures and other entries of their scenarios."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import yaml

from app.results.folder import Result, open_result
from app.results.verification import MANIFEST, sealed


def copied(result: Result, folder: Path, summary: dict[str, Any] | None = None, **scenario: Any) -> Result:
    """A copy of a result with other key figures, and other entries of its scenario."""
    shutil.copytree(result.path, folder)
    (folder / "scenario.yaml").write_text(yaml.safe_dump({**result.scenario, **scenario}), encoding="utf-8")
    (folder / "summary.json").write_text(json.dumps({**result.summary, **(summary or {})}), encoding="utf-8")
    (folder / MANIFEST).write_text(json.dumps(sealed(result.manifest, folder)), encoding="utf-8")
    return open_result(folder)
