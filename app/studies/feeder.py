"""A feeder in phase coordinates: its power flow against that of the engine that read it, and what it lacks as a net."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from grid.errors import InputError, listed
from grid.phase_coordinates import node_flow
from grid.readers.opendss.phases import ReadFeeder
from grid.readers.opendss.reading import NO_SEQUENCES

SHOWN = 10
"""Elements that a line names before it counts the others."""


def against_engine(read: ReadFeeder) -> Iterator[str]:
    """One step with the feeder's own loads, solved here and by the engine, a sentence each.

    Args:
        read: The feeder.
    """
    flow = node_flow(read.network, keep="phasors")
    if flow.failed[0]:
        yield "The fixed point between phase nodes finds no solution; OpenDSS does."
        return
    vm_pu, nodes = np.abs(flow.phasors()[:, 0]), read.network.nodes
    phases = nodes.is_phase
    lowest, worst = phases[int(np.argmin(vm_pu[phases]))], int(np.argmax(np.abs(vm_pu - read.vm_pu)))
    yield (
        f"Losses {1e3 * flow.loss_mw[0]:.2f} kW, lowest voltage of a phase {vm_pu[lowest]:.5f} pu at "
        f"{nodes.names[lowest]!r}, highest loading {flow.loading_max_percent[0]:.1f} %."
    )
    yield (
        f"Voltages of {vm_pu.size} nodes differ from those of OpenDSS by at most "
        f"{abs(vm_pu[worst] - read.vm_pu[worst]):.1e} pu (at {nodes.names[worst]!r})."
    )


def refused_elements(error: InputError) -> str:
    """What a net of sequences does not represent, by name; empty where something else is wrong.

    Args:
        error: What reading the feeder as such a net found.
    """
    if not any(fault.rule == NO_SEQUENCES for fault in error.faults):
        return ""
    named = list(dict.fromkeys(fault.place for fault in error.faults if fault.rule != NO_SEQUENCES))
    return f"{len(named)} elements: {listed(named, SHOWN)}"
