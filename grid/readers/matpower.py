"""MATPOWER cases: a text file ``.m`` that states them, or a ``.mat`` file that holds them."""

from __future__ import annotations

import io
import re
from pathlib import Path
from typing import Any, Final

import numpy as np

from grid import _pandapower
from grid.arrays import Floats
from grid.errors import Fault, InputError, raise_if_any
from grid.files.content import read_bytes, read_text, shown_path
from grid.files.json_file import what_it_says
from grid.readers.compared import compare_voltages
from grid.readers.report import PLACE, GridReport, ReadGrid

WIDTHS: Final = {"bus": 13, "gen": 10, "branch": 11}
"""Columns that the tables of a case have at least (MATPOWER User's Manual 7.1, appendix B)."""
F_HZ: Final = 50.0
ASSUMED_KV: Final = 1.0
SOLVED_WIDTH: Final = 17
"""Columns of a branch table that holds results."""
BASE_KV, VM = 9, 7
TAP, STATUS = 8, 10
_STATEMENT: Final = re.compile(r"mpc\.(\w+)\s*=\s*(\[[^\]]*\]|\{[^}]*\}|'[^']*'|\"[^\"]*\"|[-+\w.]+)\s*;?")
_BEGUN: Final = re.compile(r"mpc\.(\w+)\s*=\s*[\[{]")
_VERSION_1: Final = re.compile(r"^\s*function\s*\[[^\]]*\]\s*=", re.MULTILINE)
_BLOCK_COMMENT: Final = re.compile(r"^\s*%\{\s*$.*?^\s*%\}\s*$", re.MULTILINE | re.DOTALL)
_COMMENT: Final = re.compile(r"%[^\n]*")
_HARMLESS: Final = re.compile(r"function\s+mpc\s*=\s*\w+\s*(\(\s*\))?|end(function)?|return|[;,]")


def read_matpower(path: Path) -> ReadGrid:
    """The grid of a MATPOWER case.

    Raises:
        InputError: With all that is wrong: no such file, statements that compute, tables that are missing, of the wrong
            shape, or refer to buses that do not exist.
    """
    case, unread = _from_mat(path) if path.suffix.casefold() == ".mat" else _from_text(path)
    raise_if_any(_faults(case), shown_path(path))
    guessed = [f"The frequency is not stated: {F_HZ:g} Hz is assumed, which decides nothing of a power flow."]
    bus, branch, vm_pu = case["bus"], case["branch"], case["bus"][:, VM].copy()
    without = bus[:, BASE_KV] == 0
    if without.any():
        bus[without, BASE_KV] = ASSUMED_KV
        guessed.append(
            f"{np.count_nonzero(without)} buses state no rated voltage: {ASSUMED_KV:g} kV is assumed; currents in A "
            "mean nothing then, powers, voltages in pu and loadings do."
        )
    branch[branch[:, TAP] == 0, TAP] = 1  # as pandapower has a branch that is no transformer
    what = "A solved case" if branch.shape[1] >= SOLVED_WIDTH else "The case, whose voltages may be a start only,"
    net, said = _pandapower.net_of_case(case, F_HZ)
    net.name = path.stem
    version = case.get("version", "not stated")
    report = GridReport(
        source=path.name, form=f"MATPOWER case, version {version}", converter="pandapower.converter (from_ppc)",
        read=_pandapower.element_counts(net), guessed=tuple(guessed),
        dropped=(*(f"Table {name} is not read." for name in unread), *said),
        compared=compare_voltages(_pandapower.checked(net, path), vm_pu, what),
    )  # fmt: skip
    return ReadGrid(net, report)


def _from_text(path: Path) -> tuple[dict[str, Any], list[str]]:
    """The case in a text file, and tables that are not read.

    The file is a program; what it computes is not run but refused.
    """
    text = _COMMENT.sub("", _BLOCK_COMMENT.sub("", read_text(path, PLACE)).replace("...\n", " "))
    if _VERSION_1.search(text):
        rule = "is a case of version 1, a function of many results: load it in MATPOWER and save it with savecase"
        raise InputError.single(PLACE, rule, shown_path(path))
    found = dict(_STATEMENT.findall(text))
    rest = _STATEMENT.sub("", text)
    if begun := _BEGUN.search(rest):
        rule = f"ends within the table mpc.{begun[1]}, whose bracket is not closed: is the file truncated?"
        raise InputError.single(PLACE, rule, shown_path(path))
    left = [statement.strip() for statement in _HARMLESS.sub("", rest).splitlines()]
    faults = [
        Fault(PLACE, "a case that computes is not run: save it with MATPOWER's savecase", statement)
        for statement in left
        if statement
    ]
    case: dict[str, Any] = {}
    for name in ("baseMVA", *WIDTHS):
        if name not in found:
            faults.append(Fault(f"mpc.{name}", "is missing"))
            continue
        value = _matrix(found[name], name, faults)
        if value is not None:
            case[name] = value
    raise_if_any(faults, shown_path(path))
    if "version" in found:
        case["version"] = found["version"].strip("\"'")
    return case, sorted(set(found) - {"version", "baseMVA", *WIDTHS})


def _matrix(text: str, name: str, faults: list[Fault]) -> Floats | float | None:
    """A number or a matrix as the language writes it; its faults are added to `faults`."""
    rows = [row.replace(",", " ").split() for row in re.split(r"[;\n]", text.strip("[] \t\r\n")) if row.strip()]
    if len({len(row) for row in rows}) > 1:
        faults.append(Fault(f"mpc.{name}", "must have rows of equal length", sorted({len(row) for row in rows})))
        return None
    try:
        values = np.array([[float(cell) for cell in row] for row in rows], dtype=float)
    except ValueError as error:
        faults.append(Fault(f"mpc.{name}", f"must hold numbers only: {error}"))
        return None
    return float(values[0, 0]) if name == "baseMVA" and values.size == 1 else values


def _from_mat(path: Path) -> tuple[dict[str, Any], list[str]]:
    """The case in a file of MATLAB up to version 7, and tables that are not read."""
    from scipy.io import loadmat  # noqa: PLC0415  slow to import

    content = read_bytes(path, PLACE)
    try:
        held = loadmat(io.BytesIO(content), squeeze_me=True, struct_as_record=False)
        mpc = held.get("mpc")
    except Exception as error:  # whatever a broken file provokes inside SciPy is a fault of the file
        raise InputError.single(PLACE, f"is not a complete MATLAB file of version 7 or before: {what_it_says(error)}",
                                shown_path(path)) from error  # fmt: skip
    names = getattr(mpc, "_fieldnames", [])
    faults = [Fault(f"mpc.{name}", "is missing") for name in ("baseMVA", *WIDTHS) if name not in names]
    raise_if_any(faults, shown_path(path))
    case: dict[str, Any] = {}
    for name in ("baseMVA", *WIDTHS):
        try:
            values = np.asarray(getattr(mpc, name), dtype=float)
        except (TypeError, ValueError):
            faults.append(Fault(f"mpc.{name}", "must hold numbers only"))
        else:
            case[name] = float(values) if values.ndim == 0 else np.atleast_2d(values)
    raise_if_any(faults, shown_path(path))
    if "version" in names:
        case["version"] = str(mpc.version)
    return case, sorted(set(names) - {"version", "baseMVA", *WIDTHS})


def _faults(case: dict[str, Any]) -> list[Fault]:
    """All that is wrong with the tables of a case."""
    base = case["baseMVA"]
    faults = []
    if not isinstance(base, float) or not 0 < base < np.inf:
        faults.append(
            Fault("mpc.baseMVA", "must be a number greater than 0", base if isinstance(base, float) else None)
        )
    for name, width in WIDTHS.items():
        table = case[name]
        if not isinstance(table, np.ndarray) or table.ndim != 2 or table.shape[1] < width:
            faults.append(Fault(f"mpc.{name}", f"must be a table of at least {width} columns"))
        elif name == "bus":
            finite = np.isfinite(table).all(axis=1)
            faults += [Fault(f"mpc.bus row {k + 1}", "must hold finite numbers") for k in np.flatnonzero(~finite)]
    return faults or _faults_of_rows(case["bus"], case["gen"], case["branch"])


def _faults_of_rows(bus: Floats, gen: Floats, branch: Floats) -> list[Fault]:
    """All that is wrong with the rows of a case whose tables have the right shape."""
    faults, numbers = [], bus[:, 0]
    if len(np.unique(numbers)) < len(numbers) or (numbers != np.round(numbers)).any() or (numbers < 0).any():
        faults.append(Fault("mpc.bus, column 1", "must number the buses by different whole numbers"))
    if numbers.size and numbers.max() > _pandapower.HIGHEST_INDEX:
        faults.append(
            Fault("mpc.bus, column 1", f"must be at most {_pandapower.HIGHEST_INDEX:,}", float(numbers.max()))
        )
    faults += [Fault(f"mpc.bus {numbers[k]:g}, baseKV", "must be at least 0", float(bus[k, BASE_KV]))
               for k in np.flatnonzero(bus[:, BASE_KV] < 0)]  # fmt: skip
    for name, table, columns in (("gen", gen, (0,)), ("branch", branch, (0, 1))):
        for column in columns:
            for k in np.flatnonzero(~np.isin(table[:, column], numbers)):
                faults.append(
                    Fault(f"mpc.{name} row {k + 1}, column {column + 1}", "no such bus", float(table[k, column]))
                )
    for k in np.flatnonzero(~np.isfinite(branch[:, : STATUS + 1]).all(axis=1)):
        faults.append(Fault(f"mpc.branch row {k + 1}", "must hold finite numbers"))
    for k in np.flatnonzero((branch[:, 2] == 0) & (branch[:, 3] == 0)):
        faults.append(Fault(f"mpc.branch row {k + 1}, r, x", "must not both be 0"))
    if not (bus[:, 1] == 3).any():
        faults.append(Fault("mpc.bus, column 2", "no bus is the reference (type 3), so nothing feeds the grid"))
    return faults
