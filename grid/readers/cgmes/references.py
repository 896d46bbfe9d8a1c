"""Machines that are the reference of a grid of CIM, and those that hold the voltage of another bus than their own."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import numpy as np

from grid import _pandapower
from grid.arrays import Ints
from grid.errors import listed
from grid.readers.cgmes.branches import Rows
from grid.readers.cgmes.injections import CimInjections
from grid.readers.cgmes.nodes import CimNodes
from grid.readers.cgmes.objects import CimObjects
from grid.readers.voltage_shares import joined_buses

ENDS: Final = {"line": ("from_bus", "to_bus"), "trafo": ("hv_bus", "lv_bus")}
MOST_ROUNDS: Final = 60
SETTLED_PU: Final = 1e-9
"""Voltages of controlled buses are found when they are this close [pu]."""


def hold_at_others(net: Any, remote: Mapping[int, tuple[int, float]], guessed: list[str]) -> None:
    """Sets the voltages of machines that control another bus so that this has its target, at the profiles' powers.

    Args:
        net: The net; it is changed.
        remote: Bus that is controlled, and its voltage [pu], by row of ``gen``.
        guessed: Where is told what was done.
    """
    if not remote:
        return
    rows, bus = list(remote), [bus for bus, _ in remote.values()]
    target = np.array([held for _, held in remote.values()])
    named, before = listed([str(net.gen.name.iloc[row]) for row in rows]), net.gen.vm_pu.copy()
    for _ in range(MOST_ROUNDS):
        voltages = _pandapower.voltages(net)
        if voltages is None or not np.isfinite(voltages[bus]).all():
            break
        gap = target - voltages[bus]
        if np.abs(gap).max() < SETTLED_PU:
            guessed.append(
                f"{len(rows)} machines control the voltage of another bus; at their own they hold what makes it so at "
                f"the powers of the profiles, also at other powers: {named}."
            )
            return
        net.gen.loc[net.gen.index[rows], "vm_pu"] += gap
    net.gen["vm_pu"] = before
    guessed.append(
        f"{len(rows)} machines control the voltage of another bus, which was not found; each holds the same voltage in "
        f"pu at its own: {named}."
    )


def references(
    objects: CimObjects, nodes: CimNodes, rows: Rows, injections: CimInjections, guessed: list[str]
) -> list[int]:
    """Rows of generators that are references, one for each part of the grid that has any.

    In each part that with the highest priority, else the largest at the angle reference of the state variables. Where
    the largest part with generators has neither, it is the largest there.
    """
    gens = rows["gen"]
    if not gens:
        return []
    part = _parts(len(nodes.names), rows)
    part_of_gen = [int(part[gen["bus"]]) for gen in gens]
    largest_part = max(set(part_of_gen), key=lambda each: int((part == each).sum()))
    at_angle_reference = {
        nodes.index.get(island.values.get("TopologicalIsland.AngleRefTopologicalNode", ""), -1)
        for island in objects.of("TopologicalIsland")
    }
    by_power = sorted(range(len(gens)), key=lambda row: -abs(gens[row]["p_mw"]))
    candidates = [(row, "") for row in sorted(injections.priority, key=injections.priority.__getitem__)]
    candidates += [(row, "at the angle reference of the state variables") for row in by_power
                   if gens[row]["bus"] in at_angle_reference]  # fmt: skip
    candidates += [(row, "the largest, for want of a reference,") for row in by_power
                   if part_of_gen[row] == largest_part]  # fmt: skip
    chosen: dict[int, int] = {}
    for row, why in candidates:
        if part_of_gen[row] not in chosen:
            chosen[part_of_gen[row]] = row
            if why:
                guessed.append(f"Generator {gens[row]['name']!r}, {why} holds the voltage.")
    return sorted(chosen.values())


def _parts(n_buses: int, rows: Rows) -> Ints:
    """Part of the grid that each bus is in, shape (B,)."""
    ends = [(row[a], row[b]) for table, (a, b) in ENDS.items() for row in rows[table]]
    closed = [(row["bus"], row["element"]) for row in rows["switch"] if row["closed"]]
    return joined_buses(n_buses, [*ends, *closed])
