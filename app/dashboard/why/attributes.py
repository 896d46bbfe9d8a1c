"""HTML attributes whose names have hyphens."""

from __future__ import annotations

from typing import Any


def hyphened(**attributes: str) -> dict[str, Any]:
    """HTML attributes whose names have hyphens, e.g. ``aria_label="Map"`` for ``aria-label="Map"``."""
    return {name.replace("_", "-"): value for name, value in attributes.items()}
