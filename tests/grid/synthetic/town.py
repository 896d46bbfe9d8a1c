"""A town of loads and streets, made with a seed."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np


def write_town(folder: Path, n: int = 120, seed: int = 3, *, streets: bool = False) -> Path:
    """A CSV of loads in blocks of 100 m, some large, in longitudes and latitudes; streets as GeoJSON beside it."""
    generator = np.random.default_rng(seed)
    blocks = generator.integers(0, 12, size=(n, 2))
    metres = blocks * 100.0 + generator.uniform(5, 95, size=(n, 2)) * np.array([1.0, 0.1])
    p_kw = generator.gamma(3.0, 4.0, n)
    p_kw[: max(1, n // 60)] = 900.0
    at = 50.0 + metres[:, 1] / 111_195, 8.0 + metres[:, 0] / (111_195 * np.cos(np.deg2rad(50)))
    rows = [f"house {k},{x:.7f},{y:.7f},{p:.3f},I.1" for k, (y, x, p) in enumerate(zip(*at, p_kw, strict=True))]
    (folder / "loads.csv").write_text("\n".join(["name,longitude,latitude,p_kw,sector", *rows, ""]))
    if streets:
        (folder / "streets.geojson").write_text(json.dumps(_streets()))
    return folder / "loads.csv"


def _streets() -> dict[str, object]:
    """A street along the south of every row of blocks with a corner every 20 m, and one across every 200 m."""
    x, y = (lambda m: 8.0 + m / (111_195 * np.cos(np.deg2rad(50)))), (lambda m: 50.0 + m / 111_195)
    rows = [[[x(20.0 * k), y(100.0 * row)] for k in range(61)] for row in range(12)]
    across = [[[x(200.0 * k), y(100.0 * row)] for row in range(12)] for k in range(7)]
    features = [{"type": "Feature", "properties": {}, "geometry": {"type": "LineString", "coordinates": line}}
                for line in (*rows, *across)]  # fmt: skip
    return {"type": "FeatureCollection", "features": features}
