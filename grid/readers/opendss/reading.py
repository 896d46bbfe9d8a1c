"""Circuits of OpenDSS: read by its own engine, kept where positive and zero sequence describe them, else refused."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

import numpy as np

from grid import _pandapower
from grid.errors import Fault, InputError, raise_if_any
from grid.files.content import shown_path
from grid.readers.compared import compare_voltages
from grid.readers.opendss.circuit import CircuitTables
from grid.readers.opendss.scripts import gather_scripts
from grid.readers.report import PLACE, GridReport, ReadGrid

ENGINE: Final = Path(__file__).with_name("engine.py")
NO_SEQUENCES: Final = (
    "is no net of sequences, which dispatch, tracing, limits and the studies of a grid need; "
    "'gridcarbon grid' and 'gridcarbon feeder' solve its power flow in phase coordinates"
)
LONGEST_S: Final = 120
"""Time after which the engine is given up [s]."""


def read_opendss(path: Path) -> ReadGrid:
    """The grid in a script of OpenDSS.

    Raises:
        InputError: With all that is wrong: files that are missing or lie elsewhere, what the engine says, and every
            element that a net of sequences does not represent, by name.
    """
    circuit, left_out = describe_circuit(path)
    faults: list[Fault] = []
    made = CircuitTables(circuit, faults)
    tables = made.tables()
    if faults:
        faults.append(Fault(PLACE, NO_SEQUENCES))
    raise_if_any(faults, shown_path(path))
    net = _pandapower.net_of_tables(str(circuit["name"]), tables, float(circuit["frequency"]))
    vm_pu = np.array([np.mean(bus["vm_pu"]) if bus["vm_pu"] else np.nan for bus in circuit["buses"]], dtype=float)
    compared = compare_voltages(_pandapower.checked(net, path), vm_pu, "OpenDSS (mean of the phases)")
    lowest = min((value for bus in circuit["buses"] for value in bus["vm_pu"]), default=np.nan)
    own = f"OpenDSS itself: losses {circuit['losses_kw']:.2f} kW, lowest voltage of a phase {lowest:.5f} pu."
    dropped = [f"{what} ({count} times)." for what, count in sorted(left_out.items())]
    report = GridReport(
        source=path.name, form="OpenDSS", converter="OpenDSSDirect.py (the engine of OpenDSS)",
        read=_pandapower.element_counts(net), guessed=tuple(made.guessed), dropped=(*dropped, *made.dropped),
        compared=(*compared, own),
    )  # fmt: skip
    return ReadGrid(net, report)


def describe_circuit(path: Path) -> tuple[Mapping[str, Any], Mapping[str, int]]:
    """What the engine holds of a circuit, and commands that were not run.

    The engine is native code, so it runs in a process of its own, on a copy of the scripts from which everything but
    the circuit was taken out.

    Raises:
        InputError: If the engine is not installed, or refuses the scripts.
    """
    if find_spec("opendssdirect") is None:
        raise InputError.single(PLACE, "OpenDSS needs its engine: pip install 'gridcarbon[opendss]'", path.name)
    script = gather_scripts(path)
    with tempfile.TemporaryDirectory() as folder:
        for name, content in script.files.items():
            copy = Path(folder) / name
            copy.parent.mkdir(parents=True, exist_ok=True)
            copy.write_bytes(content)
        found = _asked(Path(folder) / next(iter(script.files)), Path(folder) / "circuit.json")
    if "error" in found:
        raise InputError.single(PLACE, f"OpenDSS refuses it: {_without_folder(str(found['error']), folder)}", path.name)
    if not found["converged"] or not found["buses"]:
        raise InputError.single(PLACE, "OpenDSS finds no solution of the circuit", path.name)
    if without := [str(bus["name"]) for bus in found["buses"] if not bus["kv_base"] > 0]:
        rule = f"{len(without)} buses have no base voltage: end with 'Set VoltageBases=[…]' and 'CalcVoltageBases'"
        raise InputError.single(PLACE, rule, ", ".join(without[:5]))
    return found, script.left_out


def _asked(main: Path, answer: Path) -> dict[str, Any]:
    """What the engine says of a script, in a process of its own."""
    environment = {**os.environ, "DSS_CAPI_ALLOW_EDITOR": "0", "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    command = [sys.executable, "-P", str(ENGINE), str(main), str(answer)]
    try:
        ended = subprocess.run(  # noqa: S603  our own module, and files that we wrote
            command, cwd=main.parent, env=environment, capture_output=True, timeout=LONGEST_S, check=False
        )
    except subprocess.TimeoutExpired:
        return {"error": f"it has no answer after {LONGEST_S} s"}
    try:
        found: dict[str, Any] = json.loads(answer.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {"error": f"its engine ended with status {ended.returncode}"}
    return found


def _without_folder(text: str, folder: str) -> str:
    """What the engine says, without the name of the temporary folder."""
    return text.replace(f"{folder}{os.sep}", "")
