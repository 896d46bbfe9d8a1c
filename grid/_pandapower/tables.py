"""Tables of elements as plain columns."""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np

from grid.arrays import Floats


def element_table(net: Any, table: str) -> dict[str, tuple[Any, ...]]:
    """The table of loads or static generators as plain columns, for the city to read.

    Returns:
        ``name, index, bus (place), p_mw, q_mvar, in_service`` and every text column that the city knows of; where the
        net states phases, also ``p_shares, q_shares`` (of a, b, c) and ``connection``.
    """
    frame = net[table]
    position = {index: place for place, index in enumerate(net.bus.index)}
    scaling = frame.scaling.to_numpy(dtype=float)
    columns: dict[str, list[Any]] = {
        "name": list(unique(frame, table)),
        "index": frame.index.tolist(),
        "bus": [position[bus] for bus in frame.bus],
        "p_mw": (frame.p_mw.to_numpy(dtype=float) * scaling).tolist(),
        "q_mvar": (frame.q_mvar.to_numpy(dtype=float) * scaling).tolist(),
        "in_service": frame.in_service.to_numpy(dtype=bool).tolist(),
    }
    for column in ("sector", "technology", "profile", "profile_p", "profile_q", "type"):
        values = frame[column].tolist() if column in frame else [None] * len(frame)
        columns[column] = [value if isinstance(value, str) and value else None for value in values]
    if "connection" in frame:
        columns |= _phases(frame)
    return {name: tuple(values) for name, values in columns.items()}


def _phases(frame: Any) -> dict[str, list[Any]]:
    """What the net states of the phases: shares of active and reactive power in a, b, c, and ``wye`` or ``delta``."""
    found: dict[str, list[Any]] = {}
    for quantity in ("p", "q"):
        shares = frame[[f"{quantity}_share_{phase}" for phase in "abc"]].to_numpy(dtype=float)
        found[f"{quantity}_shares"] = [None if np.isnan(row).any() else tuple(row) for row in shares.tolist()]
    found["connection"] = [value if isinstance(value, str) else None for value in frame["connection"]]
    return found


def unique(frame: Any, prefix: str) -> tuple[str, ...]:
    """Names of the elements of a table, unique and leading back to the table's index.

    An element without a name is called by the table and its index; of a repeated name, or one that an unnamed element
    has been given, each gets its index appended.
    """
    called = []
    for name, index in zip(frame.name, frame.index, strict=True):
        missing = name is None or name != name or str(name) in {"", "None", "nan"}  # noqa: PLR0124  NaN
        called.append(f"{prefix} {index}" if missing else str(name))
    while len(set(called)) < len(called):
        count = Counter(called)
        called = [f"{name} #{k}" if count[name] > 1 else name for name, k in zip(called, frame.index, strict=True)]
    return tuple(called)


def numbers(frame: Any, name: str, default: float) -> Floats:
    """A numeric column with `default` where it is missing."""
    if name not in frame:
        return np.full(len(frame), default)
    return np.asarray(frame[name].astype(float).fillna(default).to_numpy(), dtype=np.float64)
