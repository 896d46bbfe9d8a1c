"""Tables of elements as plain columns."""

from __future__ import annotations

from typing import Any

import numpy as np

from grid.arrays import Floats


def element_table(net: Any, table: str) -> dict[str, list[Any]]:
    """The table of loads or static generators as plain columns, for the city to read.

    Returns:
        ``name, index, bus (place), p_mw, q_mvar, in_service`` and every text column that the city knows of.
    """
    frame = net[table]
    position = {index: place for place, index in enumerate(net.bus.index)}
    scaling = frame.scaling.to_numpy(dtype=float)
    columns: dict[str, list[Any]] = {
        "name": list(unique([str(name) for name in frame.name], table)),
        "index": frame.index.tolist(),
        "bus": [position[bus] for bus in frame.bus],
        "p_mw": (frame.p_mw.to_numpy(dtype=float) * scaling).tolist(),
        "q_mvar": (frame.q_mvar.to_numpy(dtype=float) * scaling).tolist(),
        "in_service": frame.in_service.to_numpy(dtype=bool).tolist(),
    }
    for column in ("sector", "technology", "profile", "profile_p", "profile_q", "type"):
        values = frame[column].tolist() if column in frame else [None] * len(frame)
        columns[column] = [value if isinstance(value, str) and value else None for value in values]
    return columns


def unique(names: list[str], prefix: str) -> tuple[str, ...]:
    """`names` made unique: an empty one is numbered, a repeated one gets its place appended."""
    seen: dict[str, int] = {}
    unique = []
    for place, name in enumerate(names):
        wanted = name if name not in {"", "None", "nan"} else f"{prefix} {place}"
        unique.append(f"{wanted} #{place}" if wanted in seen else wanted)
        seen[unique[-1]] = place
    return tuple(unique)


def numbers(frame: Any, name: str, default: float) -> Floats:
    """A numeric column with `default` where it is missing."""
    if name not in frame:
        return np.full(len(frame), default)
    return np.asarray(frame[name].astype(float).fillna(default).to_numpy(), dtype=np.float64)
