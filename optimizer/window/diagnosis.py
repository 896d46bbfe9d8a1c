"""Why a dispatch has no answer: the constraints in conflict and the least that would help, by name and time."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from grid.arrays import Ints
from optimizer._highs import Solver
from optimizer._highs.conflicts import conflict, free_direction, least_relaxation
from optimizer.window.programme import Window

SHOWN = 12
"""Most entries of each kind in a message."""
NOTHING = 1e-7


@dataclass(frozen=True)
class Conflict:
    """What cannot hold together, and what would help.

    Args:
        constraints: Names of a smallest set of rows and bounds in conflict: leaving any one out makes it feasible.
        relaxation: By how much each named row or bound would have to give way, least in sum.
    """

    constraints: tuple[str, ...]
    relaxation: tuple[tuple[str, float], ...]

    def __str__(self) -> str:
        lines = ["no dispatch meets all of these:"]
        lines += [f"  {name}" for name in self.constraints[:SHOWN]]
        if len(self.constraints) > SHOWN:
            lines.append(f"  … and {len(self.constraints) - SHOWN} more")
        lines.append("the least that would help:")
        lines += [f"  {name}: by {amount:.6g}" for name, amount in self.relaxation[:SHOWN]]
        if len(self.relaxation) > SHOWN:
            lines.append(f"  … and {len(self.relaxation) - SHOWN} more")
        return "\n".join(lines)


class InfeasibleDispatchError(RuntimeError):
    """An inelastic problem has no solution; `conflict` says why."""

    def __init__(self, conflict: Conflict) -> None:
        super().__init__(str(conflict))
        self.conflict = conflict


class UnboundedDispatchError(RuntimeError):
    """The cost falls without end; `direction` names what may grow together."""

    def __init__(self, direction: tuple[tuple[str, float], ...]) -> None:
        lines = [f"  {name}: {share:+.4g}" for name, share in direction[:SHOWN]]
        super().__init__("the cost falls without end along:\n" + "\n".join(lines))
        self.direction = direction


def explain_conflict(solver: Solver, window: Window) -> Conflict:
    """The constraints in conflict, and the least relaxation."""
    rows, columns = conflict(solver)
    names = [row_name(window, int(row)) for row in rows] + [f"bounds of {column_name(window, int(c))}" for c in columns]
    by_row, by_column = least_relaxation(solver)
    amounts = [
        (row_name(window, int(row)), float(abs(by_row[row]))) for row in np.flatnonzero(np.abs(by_row) > NOTHING)
    ]
    amounts += [
        (f"bounds of {column_name(window, int(c))}", float(abs(by_column[c])))
        for c in np.flatnonzero(np.abs(by_column) > NOTHING)
    ]
    return Conflict(tuple(names), tuple(sorted(amounts, key=lambda pair: -pair[1])))


def explain_direction(solver: Solver, window: Window) -> tuple[tuple[str, float], ...]:
    """Names of what grows without end, with its share, the largest first."""
    ray = free_direction(solver)[: window.n_columns]
    order = np.argsort(-np.abs(ray), kind="stable")
    return tuple((column_name(window, int(c)), float(ray[c])) for c in order if abs(ray[c]) > NOTHING)


def row_name(window: Window, row: int) -> str:
    """A row in words: constraint, element and time."""
    for name, places in window.compiled.rows.items():
        if (places == row).any():
            return _component(window, name, places.shape, np.argwhere(places == row)[0])
    for block, first in zip(window.blocks, window.block_rows_at, strict=True):
        if first <= row < first + block.program.row_lower.size:
            return f"energy of {block.flexibility.name}, row {row - first}"
    return "row of the network"


def column_name(window: Window, column: int) -> str:
    """A column in words: variable, element and time."""
    for name, places in window.compiled.columns.items():
        if (places == column).any():
            return _component(window, name, places.shape, np.argwhere(places == column)[0])
    for block, at in window.placed_blocks():
        if at.every.start <= column < at.every.stop:
            slot = min(column - at.every.start, block.slot.size - 1)
            return f"session {block.device[slot]} of {block.flexibility.name} at {_time(window, int(block.step[slot]))}"
    return "a column"


def _component(window: Window, name: str, shape: tuple[int, ...], place: Ints) -> str:
    """A member of a component of the model: its element and its time, where it has them."""
    if not shape or shape[-1] != window.n_steps:
        return f"{name}[{', '.join(map(str, place))}]" if shape else name
    who = _element(window, name, int(place[0])) if len(shape) > 1 else ""
    return f"{name}{f' of {who}' if who else ''} at {_time(window, int(place[-1]))}"


def _element(window: Window, name: str, element: int) -> str:
    """Name of the asset of a member, if it has one."""
    roles = window.roles
    stores = [f.name for f, _ in roles.stores for _ in range(f.n_devices)]
    sessions, connections = [f.name for f in roles.sessions], list(roles.connections)
    names = {
        "unit_mw": [f.name for f in roles.units for _ in range(f.n_devices)],
        "store_balance": stores,
        "energy_mwh": stores,
        "discharge_mw": stores,
        "charge_mw": [stores[device] for device in window.segment_store],
        "sessions_total": sessions,
        "sessions_mw": sessions,
        "connection_draw": connections,
        "connection_feed": connections,
        "connection_excess_mw": connections,
    }
    return names[name][element] if name in names and element < len(names[name]) else ""


def _time(window: Window, step: int) -> str:
    return f"{np.datetime_as_string(window.problem.clock.times[window.first + step], unit='m')} UTC"
