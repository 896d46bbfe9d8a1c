"""Taps of transformers in UCTE-DEF: of the voltage, and of the angle."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from grid.arrays import Floats, Ints
from grid.errors import Fault
from grid.network.network import Complexes
from grid.readers.records import FileRecords
from grid.readers.ucte.rows import UcteFile

SYMMETRICAL: Final = "SYMM"
KINDS: Final = ("ASYM", SYMMETRICAL)


@dataclass(frozen=True, eq=False)
class Taps:
    """Taps of the regulated windings, which are those at the second node, of L transformers.

    Args:
        step_percent: Change of voltage a step, shape (L,) [%]; 0 where there are no steps.
        steps: Steps to either side, shape (L,).
        position: Where they stand, shape (L,).
        angle: What the angle regulation multiplies the voltage of the second node by, shape (L,), complex [1].
    """

    step_percent: Floats
    steps: Floats
    position: Floats
    angle: Complexes


def taps_of(file: UcteFile, transformers: FileRecords, faults: list[Fault]) -> Taps:
    """The taps of transformers, neutral where none are stated."""
    rows = file.records("##R", faults)
    keys = [_key(transformers, k) for k in range(len(transformers))]
    place = {key: k for k, key in enumerate(keys)}
    at = np.array([place.get(_key(rows, k), -1) for k in range(len(rows))], dtype=np.int64)
    for k in np.flatnonzero(at < 0).tolist():
        turned = (rows.rows[k]["node 2"], rows.rows[k]["node 1"], rows.rows[k]["order code"]) in place
        cure = "; the transformer has them the other way round" if turned else ""
        rows.fault(k, "node 1, node 2, order code", f"no such transformer in ##T{cure}")
    kept = rows.where(at >= 0)
    step, steps, position = _stated(kept, "phase")
    angle = _angles(kept)
    n = len(transformers)
    return Taps(_spread(step, at, n), _spread(steps, at, n), _spread(position, at, n), 1 + _spread(angle - 1, at, n))


def _key(records: FileRecords, k: int) -> tuple[str, str, str]:
    row = records.rows[k]
    return row["node 1"], row["node 2"], row["order code"]


def _spread(values: Floats | Complexes, at: Ints, n: int) -> np.ndarray:
    """Values of regulations at the places of their transformers, 0 at the others."""
    found = np.zeros(n, dtype=values.dtype)
    found[at[at >= 0]] = values
    return found


def _stated(rows: FileRecords, kind: str) -> tuple[Floats, Floats, Floats]:
    """Change a step [%], steps to either side and position of a regulation, 0 where none is stated."""
    names = [f"{kind} {what}" for what in ("step", "steps", "position")]
    there = np.array([rows.stated(name) for name in names])
    for k in np.flatnonzero(there.any(axis=0) & ~there.all(axis=0)):
        lacking = next(name for name, has in zip(names, there[:, k], strict=True) if not has)
        rows.fault(int(k), lacking, f"is missing beside the others of the {kind} regulation")
    step, steps, position = (rows.number(name, 0.0) for name in names)
    for k in np.flatnonzero(np.abs(position) > np.abs(steps)):
        rows.fault(int(k), names[2], f"must lie within the {abs(steps[k]):g} steps to either side", float(position[k]))
    return step, np.abs(steps), position


def _angles(rows: FileRecords) -> Complexes:
    """What angle regulations multiply the voltage by, shape (R,): `1 + n·δu·e^{jΘ}`, or with its magnitude kept."""
    step, _, position = _stated(rows, "angle")
    degree, kinds = rows.number("angle", 90.0), [kind.upper() or KINDS[0] for kind in rows.text("angle kind")]
    wrong = [k for k, kind in enumerate(kinds) if kind not in KINDS]
    rows.fault_of_rows(wrong, "angle kind", f"must be {' or '.join(KINDS)}", [kinds[k] for k in wrong])
    added = position * step / 100 * np.exp(1j * np.deg2rad(degree))
    half = 1 + added / 2
    symmetrical = half / np.conj(half)
    return np.where([kind == SYMMETRICAL for kind in kinds], symmetrical, 1 + added)
