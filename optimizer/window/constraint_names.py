"""Rows and columns of the programme of a window in words, and which of their sides may give way."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from grid.arrays import Bools, Floats, Ints
from grid.flexibility.flexibility import Flexibility
from optimizer._highs import Solver
from optimizer.window.grid_rows import NetworkRows
from optimizer.window.model import (
    EXCESSES,
    PENALTY_PER_KG,
    PENALTY_PER_MWH,
    PENALTY_PER_PERCENT_HOUR,
    PENALTY_PER_PU_HOUR,
    PENALTY_PER_UNBALANCE_HOUR,
)
from optimizer.window.programme import Window
from optimizer.window.sessions import SessionBlock, SessionColumns

PHYSICS = ("balance", "store_balance", "sessions_total", "peak", "loss")
"""Rows that say what is, not what shall be: they never give way."""
FIXED_VARIABLES = ("import_mw", "export_mw", "loss_mw", "peak_mw", *EXCESSES)
"""Variables whose bounds are nobody's limit."""
OF_NETWORK = {
    "loading": ("loading", "%"), "vm_min": ("voltage", "pu"), "vm_max": ("voltage", "pu"),
    "unbalance": ("voltage unbalance", "%"), "carbon": ("carbon cap", "kg"), "loss": ("loss", "MW"),
}  # fmt: skip
"""What each kind of row of the network is called, and its unit."""
WEIGHT = {
    "loading": PENALTY_PER_PERCENT_HOUR / PENALTY_PER_MWH,
    **dict.fromkeys(("vm_min", "vm_max"), PENALTY_PER_PU_HOUR / PENALTY_PER_MWH),
    "unbalance": PENALTY_PER_UNBALANCE_HOUR / PENALTY_PER_MWH,
    "carbon": PENALTY_PER_KG / PENALTY_PER_MWH,
}
"""What giving way by a unit counts beside a MW or a MWh."""


@dataclass(frozen=True)
class PlaceName:
    """What a row or a column is about.

    Args:
        what: Constraint or variable.
        of: Branch, bus, asset or connection; empty where there is none.
        step: Step of the window; None for the whole window.
        unit: Unit of its sides; empty where it is not known.
        limit: What it asks for, where its side is another number; empty elsewhere.
        session: Session of the asset `of`; None where it is about no session.
        physics: Whether it says what is, so that it is a constraint of nobody's making.
    """

    what: str
    of: str
    step: int | None
    unit: str
    limit: str = ""
    session: int | None = None
    physics: bool = False

    def __str__(self) -> str:
        session = "" if self.session is None else f" of session {self.session}"
        return f"{self.what}{session}{f' of {self.of}' if self.of else ''}"


class ProgrammePlaces:
    """Rows and columns of the programme of a window, M and N of them, with the rows of its network.

    Args:
        solver: The programme.
        window: Its window.
        added: Rows of its network.
    """

    def __init__(self, solver: Solver, window: Window, added: list[NetworkRows]) -> None:
        self._window, self._added = window, added
        self._blocks: tuple[tuple[SessionBlock, SessionColumns, int], ...] = ()
        if not solver.decomposed:
            self._blocks = tuple(
                (block, at, first)
                for (block, at), first in zip(window.placed_blocks(), window.block_rows_at, strict=True)
            )
        self._lower, self._upper = solver.bounds()
        self.n_rows, self.n_columns = solver.n_rows, self._lower.size

    def soft_sides(self) -> tuple[Bools, Floats]:
        """Which sides may give way, and what a unit of each counts; order of `optimizer._highs.conflicts.all_sides`.

        Physics may not, nor may bounds of 0 that say which way power flows.
        """
        m, n = self.n_rows, self.n_columns
        rows, columns, row_weight, most_at_zero = np.zeros(m, bool), np.zeros(n, bool), np.ones(m), np.ones(n, bool)
        for name, places in self._window.compiled.rows.items():
            rows[places] = name not in PHYSICS
        for name, places in self._window.compiled.columns.items():
            columns[places] = name not in FIXED_VARIABLES
            most_at_zero[places] = name != "unit_mw"
        for block, at, first in self._blocks:
            rows[first : first + block.n_charging] = True
            columns[at.every] = True
        for added in self._added:
            rows[added.row] = added.kind not in PHYSICS
            row_weight[added.row] = WEIGHT.get(added.kind, 1.0)
        soft = [rows, rows, columns & (self._lower != 0), columns & (most_at_zero | (self._upper != 0))]
        return np.concatenate(soft), np.concatenate([row_weight, row_weight, np.ones(2 * n)])

    def name_of_side(self, place: int) -> tuple[PlaceName, bool]:
        """What a place in `all_sides` is about, and whether it is an upper side."""
        m, n = self.n_rows, self.n_columns
        if place < 2 * m:
            return self._row(place % m), place >= m
        return self.column((place - 2 * m) % n), place >= 2 * m + n

    def _row(self, place: int) -> PlaceName:
        """What a row is about."""
        if (found := self._member(self._window.compiled.rows, place)) is not None:
            return found
        for block, _, first in self._blocks:
            if 0 <= place - first < block.program.row_lower.size:
                return self._session_row(block, place - first)
        for rows in self._added:
            for at in np.flatnonzero(rows.row == place):
                return self._network_row(rows, int(at))
        return PlaceName("shares of schedules", "", None, "")

    @staticmethod
    def _session_row(block: SessionBlock, place: int) -> PlaceName:
        """What a row of a block of sessions is about: a session that only charges, or a slot of one that feeds in."""
        if place >= block.n_charging:
            slot = block.fed[place - block.n_charging]
            return _of_session("store_balance", block, slot, physics=True)
        charging = np.flatnonzero(~block.with_feed_in)
        slot = charging[np.flatnonzero(block.local[charging] == np.unique(block.local[charging])[place])[-1]]
        return _of_session("energy to charge", block, slot)

    def _network_row(self, rows: NetworkRows, at: int) -> PlaceName:
        """What a row of the network is about: branch or bus, phase, and its limit."""
        limits, element = self._window.limits, int(rows.element[at])
        (what, unit), step = OF_NETWORK[rows.kind], int(rows.step[at])
        if rows.kind in ("loss", "carbon"):
            return PlaceName(what, "", None if rows.kind == "carbon" else step, unit, physics=rows.kind == "loss")
        asked = "at least" if rows.kind == "vm_min" else "at most"
        name, phase = limits.name(rows.kind, element)
        limit = f"{asked} {limits.limit[rows.kind][element]:.6g} {unit}"
        return PlaceName(f"{what} in phase {phase}" if phase else what, name, step, unit, limit)

    def column(self, place: int) -> PlaceName:
        """What a column is about."""
        if (found := self._member(self._window.compiled.columns, place)) is not None:
            return found
        for block, at, _ in self._blocks:
            for name, part, slots in (("charge_mw", at.charge, np.arange(block.slot.size)),
                                      ("discharge_mw", at.discharge, block.fed),
                                      ("energy_mwh", at.energy, block.fed)):  # fmt: skip
                if part.start <= place < part.stop:
                    return _of_session(name, block, slots[place - part.start])
        return PlaceName("share of a schedule", "", None, "")

    def _member(self, components: dict[str, Ints], place: int) -> PlaceName | None:
        """A member of a component of the model: its element and its step, where it has them."""
        for name, places in components.items():
            if not (places == place).any():
                continue
            index, unit = np.argwhere(places == place)[0], _unit(name)
            if not places.shape or places.shape[-1] != self._window.n_steps:
                return PlaceName(f"{name}[{', '.join(map(str, index))}]" if places.shape else name, "", None, unit)
            who = self._elements.get(name, []) if places.ndim > 1 else []
            of = who[index[0]] if len(who) > index[0] else ""
            return PlaceName(name, of, int(index[-1]), unit, physics=name in PHYSICS)
        return None

    @cached_property
    def _elements(self) -> dict[str, list[str]]:
        """Names of the devices, groups of sessions or connections that the first index of a component counts."""
        roles = self._window.roles
        units, stores = _devices(roles.units), _devices(tuple(f for f, _ in roles.stores))
        sessions, connections = [f.name for f in roles.sessions], list(roles.connections)
        inverters = [(units + stores)[place] for place in roles.inverters]
        return {
            "unit_mw": units,
            "charge_mw": [stores[device] for device in self._window.segment_store],
            "ramp": _devices(tuple(f for f in roles.lasting if f.ramp_mw_per_h is not None)),
            **dict.fromkeys(("store_balance", "energy_mwh", "discharge_mw"), stores),
            **dict.fromkeys(("q_draw_mvar", "q_supply_mvar"), inverters),
            **dict.fromkeys(("sessions_total", "sessions_mw"), sessions),
            **dict.fromkeys(("connection_draw", "connection_feed", "connection_excess_mw"), connections),
        }


def _of_session(what: str, block: SessionBlock, slot: int, *, physics: bool = False) -> PlaceName:
    """What a slot of a session is about."""
    unit = "MW" if what.endswith("_mw") else "MWh"
    session, step = int(block.device[slot]), int(block.step[slot])
    return PlaceName(what, block.flexibility.name, step, unit, session=session, physics=physics)


def _devices(flexibilities: tuple[Flexibility, ...]) -> list[str]:
    """Name of each device, with its number where there are several."""
    return [f"{f.name}, device {k}" if f.n_devices > 1 else f.name for f in flexibilities for k in range(f.n_devices)]


def _unit(name: str) -> str:
    """Unit of a component of the model, from its name."""
    named = {"mwh": "MWh", "mvar": "MVAr", "mw": "MW", "percent": "%", "pu": "pu", "kg": "kg", "balance": "MWh"}
    limits = ("import_limit", "export_limit", "ramp", "connection_draw", "connection_feed", "balance")
    return "MW" if name in limits else named.get(name.rpartition("_")[2], "")
