"""The pandapower net with all assets at one step, for anyone to check with pandapower alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from grid import _pandapower
from grid.arrays import Floats
from grid.city.city import City
from grid.errors import Fault, raise_if_any
from grid.files.output import output_faults, written_whole
from grid.flexibility.flexibility import Element
from grid.time.clock import Clock

PLACE = "FILE"
"""What faults of the file are named after."""


@dataclass(frozen=True)
class AddedElement:
    """An asset at a bus, as it appears in the net.

    Args:
        element: Table of pandapower.
        name: Name of the element.
        bus: Name of the bus.
        p_mw: Withdrawal [MW].
        e_mwh: Energy stored [MWh].
        q_mvar: Reactive withdrawal [MVAr].
    """

    element: Element
    name: str
    bus: str
    p_mw: float
    e_mwh: float = 0.0
    q_mvar: float = 0.0


def check_step(clock: Clock, step: int, path: Path) -> None:
    """Looks whether a step can be written to a file.

    Raises:
        InputError: If there is no such step, or the file cannot be written.
    """
    faults = output_faults(path, (".json",), PLACE)
    if not 0 <= step < clock.n_steps:
        faults.append(Fault("--step", f"must lie within 0..{clock.n_steps - 1}", step))
    raise_if_any(faults, "the export")


def write_step(city: City, step: int, added: Sequence[AddedElement], path: Path) -> None:
    """Writes the net of the city at one step as pandapower JSON.

    Args:
        city: The city.
        step: Step of its clock.
        added: The assets.
        path: File to write; an existing one is replaced.

    Raises:
        InputError: If the step does not exist, or the file cannot be written.
    """
    check_step(city.clock, step, path)
    n_loads = len(city.network.elements["load"]["name"])
    n_sgens = len(city.network.elements["sgen"]["name"])
    load = {"p_mw": city.loads.p_mw()[step], "q_mvar": city.loads.q_mvar()[step]}
    sgen = {"p_mw": city.generators.p_mw()[step], "q_mvar": city.generators.q_mvar()[step]}
    columns = {
        "load": {quantity: values[:n_loads] for quantity, values in load.items()},
        "storage": {
            quantity: _stores(city, values[n_loads:], sgen[quantity][n_sgens:]) for quantity, values in load.items()
        },
        "sgen": {quantity: values[:n_sgens] for quantity, values in sgen.items()},
    }
    additions = [_columns(element, city.network.buses.find(element.bus)) for element in added]
    net = _pandapower.net_with(city.network, columns, additions)
    with written_whole(path, PLACE) as draft:
        _pandapower.write_file(net, draft)


def _stores(city: City, withdrawal: Floats, feed_in: Floats) -> Floats:
    """Withdrawal of the net's storage units in their order, from that of stores and of generation with a battery."""
    values = np.zeros(city.feeds_in.size)
    values[~city.feeds_in], values[city.feeds_in] = withdrawal, -feed_in
    return values


def _columns(element: AddedElement, bus: int) -> dict[str, object]:
    """An added element in pandapower's columns and sign."""
    sign = -1.0 if element.element == "sgen" else 1.0
    columns: dict[str, object] = {
        "table": element.element,
        "bus": bus,
        "name": element.name,
        "p_mw": sign * element.p_mw + 0.0,
        "q_mvar": sign * element.q_mvar + 0.0,
    }
    if element.element == "storage":
        columns["max_e_mwh"] = element.e_mwh
        columns["soc_percent"] = 100.0
    return columns
