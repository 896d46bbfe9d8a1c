"""Loads of OpenDSS beyond the limits of voltage between which their models hold."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from grid.errors import listed


def outside_limits(circuit: Mapping[str, Any], loads: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    """Which loads are beyond their limits in the engine's own solution, where they are impedances; a sentence.

    Args:
        circuit: What the engine says of the circuit.
        loads: Its loads in service.
    """
    buses = {bus["name"]: bus for bus in circuit["buses"]}
    found, looked_at = [], 0
    for element in loads:
        said, looked_at = element["properties"], looked_at + 1
        bus = buses[element["buses"][0].partition(".")[0]]
        between = element["phases"] in {2, 3} or said["Conn"].casefold()[:1] == "d"
        scale = bus["kv_base"] * (3**0.5 if between else 1.0) / float(said["kV"])
        at = dict(zip(bus["nodes"], bus["vm_pu"], strict=True))
        vm_pu = [scale * at[node] for node in element["nodes"][: element["phases"]] if node in at]
        if vm_pu and not float(said["Vminpu"]) <= min(vm_pu) <= max(vm_pu) <= float(said["Vmaxpu"]):
            found.append(f"{element['name'].partition('.')[2]} ({min(vm_pu):.4f} pu)")
    if found:
        yield (
            f"{len(found)} loads are beyond their Vminpu or Vmaxpu in OpenDSS's own solution and impedances there; "
            f"here their model holds at any voltage: {listed(found)}."
        )
    elif looked_at:
        yield (
            "Limits of voltage beyond which loads become impedances (Vminpu, Vmaxpu) are not followed; in OpenDSS's "
            "own solution no load is beyond them."
        )
