"""A circuit of OpenDSS as its engine reads it, for `grid.readers.opendss.reading`: run as a process of its own.

`python engine.py FILE ANSWER` writes what the engine holds as JSON. The engine is native code that reads files of
others, so it runs apart, and imports nothing of ours: whatever it does to itself is a fault of the file.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

TOLERANCE = 1e-9
"""Largest change of a voltage in the last iteration [pu]; the engine's own is 1e-4, too much to compare with."""
PROPERTIES = {
    "Line": ("Switch", "Length", "Units", "NormAmps", "Enabled"),
    "Load": (
        "Model",
        "Conn",
        "kW",
        "kvar",
        "kV",
        "ZIPV",
        "Vminpu",
        "Vmaxpu",
        "VLowpu",
        "CVRwatts",
        "CVRvars",
        "Status",
        "Rneut",
    ),
    "Transformer": ("Windings", "LeadLag", "%NoLoadLoss", "%IMag", "XHL"),
    "Capacitor": ("Conn", "kvar", "kV", "States"),
    "Reactor": ("Conn", "kvar", "kV", "R", "X", "Parallel"),
    "Generator": ("Model", "Status", "kW", "kvar", "Conn", "kV", "Vminpu", "Vmaxpu"),
    "Vsource": ("BasekV", "pu", "Angle", "MVAsc3", "Sequence"),
}
"""Properties of elements that are passed on as the engine writes them."""
LINEAR = ("Vsource", "Line", "Transformer", "AutoTrans", "Capacitor", "Reactor", "Fault")
"""Classes of elements that are an admittance matrix, beside the voltage of a source."""


def describe(file: str) -> dict[str, Any]:
    """Everything that a net is made of, and the engine's own solution."""
    import opendssdirect as dss  # noqa: PLC0415  optional

    dss.Basic.AllowEditor(False)
    dss.Basic.AllowForms(False)
    dss.Text.Command("Clear")
    dss.Text.Command(f'Redirect "{file}"')
    dss.Solution.Solve()  # controls move here
    dss.Solution.Convergence(TOLERANCE)
    dss.Solution.Solve()
    elements = [_element(dss, name) for name in dss.Circuit.AllElementNames()]
    return {
        "name": dss.Circuit.Name(),
        "frequency": float(dss.Solution.Frequency()),
        "load_factor": float(dss.Solution.LoadMult()),
        "generator_factor": float(dss.Solution.GenMult()),
        "converged": bool(dss.Solution.Converged()),
        "losses_kw": dss.Circuit.Losses()[0] / 1e3,
        "buses": list(_buses(dss)),
        "elements": elements,
        "lines": {name: _line(dss) for name in _each(dss.Lines)},
        "transformers": {name: _transformer(dss) for name in _each(dss.Transformers)},
    }


def _each(collection: Any) -> Iterator[str]:
    """Names of the elements of one class, each active in its turn."""
    at = collection.First()
    while at:
        yield str(collection.Name()).casefold()
        at = collection.Next()


def _buses(dss: Any) -> Iterator[dict[str, Any]]:
    for name in dss.Circuit.AllBusNames():
        dss.Circuit.SetActiveBus(name)
        yield {
            "name": str(name).casefold(), "kv_base": float(dss.Bus.kVBase()), "nodes": list(dss.Bus.Nodes()),
            "x": float(dss.Bus.X()) if dss.Bus.Coorddefined() else None,
            "y": float(dss.Bus.Y()) if dss.Bus.Coorddefined() else None,
            "vm_pu": list(dss.Bus.puVmagAngle()[::2]),
        }  # fmt: skip


def _element(dss: Any, name: str) -> dict[str, Any]:
    dss.Circuit.SetActiveElement(name)
    kind = name.partition(".")[0]
    return {
        "name": name, "kind": kind, "enabled": bool(dss.CktElement.Enabled()),
        "phases": int(dss.CktElement.NumPhases()),
        "buses": [str(bus).casefold() for bus in dss.CktElement.BusNames()],
        "nodes": [int(node) for node in dss.CktElement.NodeOrder()],
        "amps": float(dss.CktElement.NormalAmps()),
        "admittance_s": [float(part) for part in dss.CktElement.YPrim()] if kind in LINEAR else [],
        "open": [[bool(dss.CktElement.IsOpen(k + 1, phase + 1)) for phase in range(int(dss.CktElement.NumPhases()))]
                 for k in range(int(dss.CktElement.NumTerminals()))],
        "properties": {key: _property(dss, key) for key in PROPERTIES.get(kind, ())},
    }  # fmt: skip


def _property(dss: Any, key: str) -> str:
    """A property of the active element, as text."""
    return str(dss.Properties.Value(key))


def _line(dss: Any) -> dict[str, Any]:
    return {
        "n": int(dss.Lines.Phases()), "r": list(dss.Lines.RMatrix()), "x": list(dss.Lines.XMatrix()),
        "c": list(dss.Lines.CMatrix()), "length": float(dss.Lines.Length()), "units": int(dss.Lines.Units()),
        "amps": float(dss.Lines.NormAmps()), "switch": bool(dss.Lines.IsSwitch()), "code": str(dss.Lines.LineCode()),
    }  # fmt: skip


def _transformer(dss: Any) -> dict[str, Any]:
    windings = []
    for number in range(1, int(dss.Transformers.NumWindings()) + 1):
        dss.Transformers.Wdg(number)
        windings.append({
            "kv": float(dss.Transformers.kV()), "kva": float(dss.Transformers.kVA()),
            "tap": float(dss.Transformers.Tap()),
            "r_percent": float(dss.Transformers.R()), "delta": bool(dss.Transformers.IsDelta()),
        })  # fmt: skip
    return {"xhl_percent": float(dss.Transformers.Xhl()), "windings": windings}


def main() -> None:
    """Describes the circuit in the file that is named, or says in one line what the engine says."""
    try:
        found = describe(sys.argv[1])
    except Exception as error:  # the engine's own errors, and what a broken circuit provokes in its interface
        found = {"error": " ".join(str(error).split())[:300]}
    Path(sys.argv[2]).write_text(json.dumps(found), encoding="utf-8")


if __name__ == "__main__":
    main()
