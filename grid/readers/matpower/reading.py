"""MATPOWER cases: a text file ``.m`` that states them, or a ``.mat`` file that holds them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import numpy as np

from grid import _pandapower
from grid.arrays import Bools, Floats
from grid.errors import Fault, InputError, raise_if_any
from grid.files.content import shown_path
from grid.readers.compared import compare_voltages
from grid.readers.matpower.binary import case_in_mat
from grid.readers.matpower.tables import BASE_KV, F_HZ, VM, CaseTables
from grid.readers.matpower.text import case_in_text
from grid.readers.report import GridReport, ReadGrid

WIDTHS: Final = {"bus": 13, "gen": 10, "branch": 11}
"""Columns that the tables of a case have at least (MATPOWER User's Manual 7.1, appendix B)."""
ASSUMED_KV: Final = 1.0
SOLVED_WIDTH: Final = 17
"""Columns of a branch table that holds results."""
_NAMES: Final[Mapping[str, tuple[str, ...]]] = {
    "bus": ("bus_i", "type", "Pd", "Qd", "Gs", "Bs", "area", "Vm", "Va", "baseKV"),
    "gen": ("bus", "Pg", "Qg", "Qmax", "Qmin", "Vg", "mBase", "status"),
    "branch": ("fbus", "tbus", "r", "x", "b", "rateA", "rateB", "rateC", "ratio", "angle", "status"),
}
_UNREAD: Final = {"area", "Qmax", "Qmin", "mBase", "rateA", "rateB", "rateC"}
"""Columns that may be infinite or NaN: limits, and what is not read."""
_KINDS: Final = (1, 2, 3, 4)


def read_matpower(path: Path) -> ReadGrid:
    """The grid of a MATPOWER case.

    Raises:
        InputError: With all that is wrong: no such file, statements that compute, tables that are missing, of the wrong
            shape, or refer to buses that do not exist.
    """
    case, unread = case_in_mat(path) if path.suffix.casefold() == ".mat" else case_in_text(path)
    if "dcline" in unread:
        rule = "links of direct current are not read: make each a load at one end and a generator at the other"
        raise InputError([Fault("mpc.dcline", rule)], shown_path(path))
    raise_if_any(_faults(case), shown_path(path))
    guessed = [f"The frequency is not stated: {F_HZ:g} Hz is assumed, which decides nothing of a power flow."]
    bus, vm_pu = case["bus"], case["bus"][:, VM].copy()
    without = bus[:, BASE_KV] == 0
    if without.any():
        bus[without, BASE_KV] = ASSUMED_KV
        guessed.append(
            f"{np.count_nonzero(without)} buses state no rated voltage: {ASSUMED_KV:g} kV is assumed; currents in A "
            "mean nothing then, powers, voltages in pu and loadings do."
        )
    net = _pandapower.net_of_tables(path.stem, CaseTables(case, guessed).tables(), F_HZ)
    net.sn_mva = case["baseMVA"]
    what = (
        "A solved case" if case["branch"].shape[1] >= SOLVED_WIDTH else "The case, whose voltages may be a start only,"
    )
    report = GridReport(
        source=path.name, form=f"MATPOWER case, version {case.get('version', 'not stated')}", converter="gridcarbon",
        read=_pandapower.element_counts(net), guessed=tuple(guessed),
        dropped=tuple(f"Table {name} is not read." for name in unread),
        compared=compare_voltages(_pandapower.checked(net, path), vm_pu, what),
    )  # fmt: skip
    return ReadGrid(net, report)


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
        else:
            faults += _not_finite(name, table)
    return faults or [*_faults_of_rows(case["bus"], case["gen"], case["branch"])]


def _not_finite(name: str, table: Floats) -> Iterator[Fault]:
    """Cells that a power flow needs and that are infinite or NaN."""
    for column, what in enumerate(_NAMES[name]):
        if what not in _UNREAD:
            for k in np.flatnonzero(~np.isfinite(table[:, column])):
                yield Fault(f"mpc.{name} row {k + 1}, {what}", "must be a finite number", float(table[k, column]))


def _faults_of_rows(bus: Floats, gen: Floats, branch: Floats) -> Iterator[Fault]:
    """All that is wrong with the rows of a case whose tables have the right shape."""
    numbers = bus[:, 0]
    if len(np.unique(numbers)) < len(numbers) or (numbers != np.round(numbers)).any() or (numbers < 0).any():
        yield Fault("mpc.bus, column 1", "must number the buses by different whole numbers", _repeated(numbers))
    if numbers.size and numbers.max() > _pandapower.HIGHEST_INDEX:
        yield Fault("mpc.bus, column 1", f"must be at most {_pandapower.HIGHEST_INDEX:,}", float(numbers.max()))
    for name, table, columns in (("gen", gen, (0,)), ("branch", branch, (0, 1))):
        for column in columns:
            yield from _at(name, column, table, ~np.isin(table[:, column], numbers), "no such bus")
    yield from _at("bus", BASE_KV, bus, bus[:, BASE_KV] < 0, "must be at least 0")
    yield from _at("bus", 1, bus, ~np.isin(bus[:, 1], _KINDS), "must be a type of bus: 1, 2, 3 or 4")
    yield from _at("gen", 5, gen, (gen[:, 7] > 0) & (gen[:, 5] <= 0), "must be greater than 0")
    yield from _at("branch", 5, branch, ~(branch[:, 5] >= 0), "must be at least 0, which is no rating")
    yield from _at("branch", 8, branch, branch[:, 8] < 0, "must be at least 0, which is no transformer")
    for k in np.flatnonzero((branch[:, 2] == 0) & (branch[:, 3] == 0) & (branch[:, 10] != 0)):
        yield Fault(f"mpc.branch row {k + 1}, r, x", "must not both be 0")
    if not (bus[:, 1] == 3).any():
        yield Fault("mpc.bus, column 2", "no bus is the reference (type 3), so nothing feeds the grid")
    elif not (np.isin(gen[:, 0], numbers[np.isin(bus[:, 1], (2, 3))]) & (gen[:, 7] > 0)).any():
        yield Fault("mpc.gen, status", "no generator is in service at a bus of type 2 or 3, so nothing feeds the grid")


def _at(name: str, column: int, table: Floats, wrong: Bools, rule: str) -> Iterator[Fault]:
    """Rows of a table where a cell is wrong."""
    for k in np.flatnonzero(wrong):
        yield Fault(f"mpc.{name} row {k + 1}, {_NAMES[name][column]}", rule, float(table[k, column]))


def _repeated(numbers: Floats) -> float | None:
    """The first number that occurs twice, is no whole number, or below 0."""
    values, counts = np.unique(numbers, return_counts=True)
    wrong = values[(counts > 1) | (values != np.round(values)) | (values < 0)]
    return float(wrong[0]) if wrong.size else None
