"""Grids in UCTE-DEF have the voltages of the format's own equations, and what is wrong in a file is named."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.optimize import root

from grid import _pandapower
from grid.errors import InputError
from grid.readers import ReadGrid, read_grid_file
from grid.readers.ucte.reading import LEVELS_KV
from tests.grid.readers.right_files import ucte_text

Row = dict[str, Any]
File = dict[str, list[Row]]
AT = {
    "##N": {"code": 0, "name": 9, "status": 22, "type": 24, "voltage": 26, "p": 33, "q": 41, "pg": 49, "qg": 57},
    "##L": {"a": 0, "b": 9, "order": 18, "status": 20, "r": 22, "x": 29, "c": 36, "limit": 45, "name": 52},
    "##T": {"a": 0, "b": 9, "order": 18, "status": 20, "u1": 22, "u2": 28, "s": 34, "r": 40, "x": 47, "c": 54, "g": 63,
            "limit": 70, "name": 77},
    "##R": {"a": 0, "b": 9, "order": 18, "du": 20, "n": 26, "at": 29, "da": 39, "theta": 45, "na": 51, "ata": 54,
            "kind": 64},
}  # fmt: skip
"""Columns of the fields, the first being 0."""


def small_file() -> File:
    """Five nodes of two levels with a generator that holds a voltage, a transformer from the higher level and taps."""
    return {
        "##N": [
            {"code": "DMAIN121", "name": "main", "status": 0, "type": 3, "voltage": 225.0},
            {"code": "DTOWN121", "name": "town", "status": 0, "type": 0, "p": 50, "q": 10},
            {"code": "DPLNT121", "name": "plant", "status": 0, "type": 2, "voltage": 222.0, "p": 5, "pg": -30, "qg": 0},
            {"code": "DLOWR151", "status": 0, "type": 0, "p": 20, "q": 5, "pg": -5, "qg": 1},
            {"code": "DEND  51", "status": 0, "type": 0, "p": 7},
        ],
        "##L": [
            {"a": "DMAIN121", "b": "DTOWN121", "order": 1, "status": 0, "r": 1.2, "x": 8.0, "c": 50.0, "limit": 800},
            {"a": "DTOWN121", "b": "DPLNT121", "order": 1, "status": 1, "r": 2.0, "x": 9.0, "c": 40.0, "limit": 800},
            {"a": "DLOWR151", "b": "DEND  51", "order": 1, "status": 0, "r": 1.0, "x": 3.0, "c": 9.0, "limit": 300},
        ],
        "##T": [{"a": "DTOWN121", "b": "DLOWR151", "order": 1, "status": 0, "u1": 225.0, "u2": 112.0, "s": 100.0,
                 "r": 0.5, "x": 40.0, "c": -8.0, "g": 2.0, "limit": 300}],
        "##R": [{"a": "DTOWN121", "b": "DLOWR151", "order": 1, "du": 1.25, "n": 8, "at": 3}],
    }  # fmt: skip


def written(file: File) -> str:
    lines = ["##C 2030.01.01", "a grid of our own", "##N", "##ZDE"]
    for block, rows in file.items():
        lines += [block] if block != "##N" else []
        for row in rows:
            cells = [" "] * 128
            for name, value in row.items():
                cells[AT[block][name] : AT[block][name] + len(str(value))] = str(value)
            lines.append("".join(cells).rstrip())
    return "\n".join([*lines, "##TT", "##E", ""])


def read(folder: Path, text: str) -> ReadGrid:
    path = folder / "grid.uct"
    path.write_text(text, encoding="utf-8")
    return read_grid_file(path)


def faults(folder: Path, text: str) -> list[str]:
    with pytest.raises(InputError) as error:
        read(folder, text)
    return [str(fault) for fault in error.value.faults]


def solved(file: File) -> np.ndarray[Any, np.dtype[np.float64]]:
    """Voltages of the nodes [pu], by nodal equations in kV, Ω and µS."""
    nodes = file["##N"]
    place = {row["code"]: k for k, row in enumerate(nodes)}
    vn_kv = np.array([LEVELS_KV[row["code"][6]] for row in nodes])
    y = np.zeros((len(nodes), len(nodes)), dtype=complex)
    for row in file["##L"]:
        if row["status"] in {0, 1}:
            ends = np.ix_(*[[place[row["a"]], place[row["b"]]]] * 2)
            series = 1 / (row["r"] + 1j * row["x"])
            y[ends] += np.array([[series, -series], [-series, series]]) + 0.5e-6j * row["c"] * np.eye(2)
    for row in file["##T"]:
        tap = next((each for each in file["##R"] if each["a"] == row["a"]), {})
        added = tap.get("ata", 0) * tap.get("da", 0) / 100 * np.exp(1j * np.deg2rad(tap.get("theta", 90)))
        turned = (2 + added) / (2 + added.conjugate()) if tap.get("kind") == "SYMM" else 1 + added
        ratio = row["u2"] / row["u1"] * (1 + tap.get("at", 0) * tap.get("du", 0) / 100) * turned
        z, shunt = row["r"] + 1j * row["x"], 1e-6 * row.get("g", 0)
        k = 1 + z * shunt / 4
        series, half = 1 / (z * k), shunt / 2 / k  # of a T as a pi
        two_port = np.array([[(series + half), -series / ratio],
                             [-series / ratio.conjugate(), (series + half) / abs(ratio) ** 2]])  # fmt: skip
        two_port[1, 1] += 1e-6j * row.get("c", 0) / abs(ratio) ** 2
        y[np.ix_(*[[place[row["a"]], place[row["b"]]]] * 2)] += two_port
    mva = -np.array([row.get("p", 0) + row.get("pg", 0) + 1j * (row.get("q", 0) + row.get("qg", 0)) for row in nodes])
    kinds = np.array([row["type"] for row in nodes])
    held = np.array([row.get("voltage", kv) for row, kv in zip(nodes, vn_kv, strict=True)])
    free, loads = np.flatnonzero(kinds != 3), np.flatnonzero(kinds < 2)

    def voltage(x: Any) -> Any:
        size, angle = np.where(kinds >= 2, held, vn_kv).astype(float), np.zeros(len(nodes))
        angle[free], size[loads] = x[: free.size], x[free.size :] * vn_kv[loads]
        return size * np.exp(1j * angle)

    def gap(x: Any) -> Any:
        u = voltage(x)
        missing = u * np.conj(y @ u) - mva
        return np.concatenate([missing[free].real, missing[loads].imag])

    found = root(gap, np.concatenate([np.zeros(free.size), np.ones(loads.size)]), tol=1e-12)
    assert np.abs(gap(found.x)).max() < 1e-6
    return np.asarray(np.abs(voltage(found.x)) / vn_kv)


def _set(block: str, row: int, **cells: Any) -> Callable[[File], None]:
    return lambda file: file[block][row].update(cells)


def _turned(file: File) -> None:
    """The regulated winding is that of the higher voltage."""
    file["##T"][0] |= {"a": "DLOWR151", "b": "DTOWN121", "u1": 112.0, "u2": 225.0, "r": 0.2, "x": 10.0}
    file["##R"][0] |= {"a": "DLOWR151", "b": "DTOWN121"}


def _turned_with_capacitance(file: File) -> None:
    _turned(file)
    file["##T"][0]["c"] = 6.0


def _shifter(kind: str, theta: float) -> Callable[[File], None]:
    def change(file: File) -> None:
        file["##T"].append({"a": "DMAIN121", "b": "DPLNT121", "order": 1, "status": 0, "u1": 220.0, "u2": 220.0,
                            "s": 200.0, "r": 0.1, "x": 15.0, "limit": 500})  # fmt: skip
        regulation = {"da": 0.5, "theta": theta, "na": 10, "ata": -6, "kind": kind}
        file["##R"].append({"a": "DMAIN121", "b": "DPLNT121", "order": 1, **regulation})

    return change


KINDS: dict[str, Callable[[File], None]] = {
    "as it is": lambda _: None,
    "neutral": lambda file: file["##R"].clear(),
    "from the lower voltage": _turned,
    "with capacitance": _set("##T", 0, c=6.0),
    "with capacitance, regulated at the higher voltage": _turned_with_capacitance,
    "a line out of operation": lambda file: file["##L"].append({**file["##L"][0], "order": 2, "status": 8}),
    "a shifter that adds across": _shifter("ASYM", 90.0),
    "a shifter that adds aslant": _shifter("ASYM", 60.0),
    "a symmetrical shifter": _shifter("SYMM", 90.0),
    "a shifter of the same transformer": _set("##R", 0, da=0.5, theta=90.0, na=10, ata=7, kind="ASYM"),
    "negative reactance": _set("##L", 2, x=-3.0),
    "generation of reactive power alone": _set("##N", 4, qg=-3.0),
}


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_voltages_are_those_of_the_formats_equations(tmp_path: Path, kind: str) -> None:
    file = small_file()
    KINDS[kind](file)
    found = _pandapower.voltages(read(tmp_path, written(file)).net)
    assert found is not None
    assert np.abs(found - solved(file)).max() < 1e-8


@pytest.mark.slow
def test_couplers_and_lines_without_impedance_are_switches(tmp_path: Path) -> None:
    file = small_file()
    file["##N"].append({"code": "DTOWN122", "status": 0, "type": 0, "p": 3, "q": 1})
    coupler = {"a": "DTOWN121", "b": "DTOWN122", "order": 1, "status": 2, "r": 0, "x": 0, "limit": 5000}
    file["##L"] += [coupler, {**coupler, "order": 2, "status": 7}, {**coupler, "order": 3, "status": 0}]
    read_ = read(tmp_path, written(file))
    assert read_.net.switch.closed.tolist() == [True, False, True]
    assert any("1 lines without impedance are switches" in sentence for sentence in read_.report.guessed)
    found = _pandapower.voltages(read_.net)
    assert found is not None
    assert found[1] == found[5]


@pytest.mark.slow
def test_what_a_row_leaves_blank_takes_no_other_number_along(tmp_path: Path) -> None:
    net = read(tmp_path, written(small_file())).net
    assert net.load.p_mw.tolist() == [50.0, 5.0, 20.0, 7.0]
    assert net.load.q_mvar.tolist() == [10.0, 0.0, 5.0, 0.0]
    assert net.bus.name.tolist() == ["main", "town", "plant", "DLOWR151", "DEND  51"]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (_set("##L", 0, r="1,2"), "##L DMAIN121 DTOWN121 1 (line 11), R: must be a finite number; got '1,2'"),
        (_set("##L", 0, x=""), "(line 11), X: is missing"),
        (_set("##T", 0, u1=112.0, u2=225.0), "rated voltage 1: is that of node 1, of 220 kV; are both exchanged?"),
        (_set("##T", 0, u1="x"), "rated voltage 1: must be a finite number; got 'x'"),
        (_set("##T", 0, r=0, x=0), "X: must not be 0 beside an R of 0"),
        (_set("##T", 0, u1=1.0), "rated voltage 1: must be in kV, near the 220 kV of its node; got 1.0"),
        (_set("##N", 2, voltage=1.01), "voltage: must be in kV, and 220 kV is rated; got 1.01"),
        (_set("##N", 2, voltage=""), "voltage: is missing, and the node holds its voltage"),
        (_set("##N", 1, type=7), "type: must be 0 (P and Q), 1 (Q and angle), 2 (P and voltage) or 3"),
        (_set("##N", 4, p="7 MW"), "active load: must be a finite number; got '7 MW'"),
        (_set("##N", 4, code="DEND  ?1"), "code: must state its voltage by the seventh character"),
        (_set("##L", 2, status=3), "status: must be one of 0, 1, 2, 7, 8, 9; got '3'"),
        (_set("##L", 2, b="DEND  52"), "node 2: no such node; got 'DEND  52'; did you mean 'DEND  51'?"),
        (_set("##L", 2, b="DTOWN121"), "must join nodes of one rated voltage; a transformer (##T) joins others; got "),
        (_set("##R", 0, at=11), "phase position: must lie within the 8 steps to either side; got 11.0"),
        (_set("##R", 0, n=""), "phase steps: is missing beside the others of the phase regulation"),
        (_set("##R", 0, order=2), "no such transformer in ##T"),
        (lambda file: file["##R"][0].update(a="DLOWR151", b="DTOWN121"), "has them the other way round"),
        (lambda file: file["##N"].append(file["##N"][1]), "must be there once; it is too in; got 'DTOWN121 (line 6)'"),
        (lambda file: file["##L"].append({**file["##L"][0], "a": "DTOWN121", "b": "DMAIN121"}),
         "must be there once; parallel ones have an order code each"),
        (lambda file: [row.update(pg=abs(row.get("pg", 0))) for row in file["##N"]],
         "active generation: must be negative where power is fed in, as this format has it; it is nowhere"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_named(tmp_path: Path, change: Callable[[File], Any], words: str) -> None:
    file = small_file()
    change(file)
    found = faults(tmp_path, written(file))
    assert any(words in fault for fault in found), found


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        (" 1 0 1.2000", " 1 0  1.2000", "line 9: ##L DMAIN121 DTOWN121 1: must be blank in column 29, behind the R in"),
        ("DMAIN121 DTOWN121", "DMAIN121\tDTOWN121", "line 9: ##L DMAIN121\tDTOWN121 1: holds a tab"),
        ("##L", "##LINES", "line 8: city.network: no block of the format"),
        ("##C", "XMAIN121\n##C", "line 1: city.network: stands before any block; got 'XMAIN121'"),
        ("##N", "##M", "is not a UCTE-DEF file: it has no block ##N"),
    ],
)
def test_fields_that_are_not_at_their_places_are_told_with_the_column(
    tmp_path: Path, old: str, new: str, words: str
) -> None:
    found = faults(tmp_path, ucte_text().replace(old, new, 1))
    assert any(words in fault for fault in found), found
    assert len(found) == 1


def test_faults_of_all_blocks_come_at_once(tmp_path: Path) -> None:
    file = small_file()
    for change in (_set("##N", 1, p="x"), _set("##L", 0, r="y"), _set("##T", 0, x="z"), _set("##R", 0, du="w")):
        change(file)
    assert len(faults(tmp_path, written(file))) == 4
