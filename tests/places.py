"""Where the tests find the project and the shared data beside it."""

from __future__ import annotations

from pathlib import Path

ROOT = Path(__file__).parents[1]
SHARED = ROOT.parent / "shared"
SHARED_DATA = SHARED / "data"
