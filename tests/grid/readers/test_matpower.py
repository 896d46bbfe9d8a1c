"""Cases of MATPOWER have the voltages of MATPOWER's own equations (User's Manual 7.1, chapters 3 and 4)."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.io import savemat

from grid import _pandapower
from grid.errors import InputError
from grid.readers import ReadGrid, read_grid_file
from grid.readers.matpower.binary import case_in_mat
from grid.readers.matpower.text import case_in_text

pytestmark = pytest.mark.slow

Case = dict[str, Any]


def small_case() -> Case:
    return {
        "baseMVA": 100.0,
        "bus": [[1, 3, 0, 0, 0, 0, 1, 1, 0, 110, 1, 1.1, 0.9], [2, 1, 20, 5, 0, 0, 1, 1, 0, 110, 1, 1.1, 0.9],
                [3, 1, 10, 2, 0, 0, 1, 1, 0, 20, 1, 1.1, 0.9], [40, 2, 5, 1, 0, 0, 1, 1, 0, 20, 1, 1.1, 0.9],
                [5, 1, 3, 1, 0, 0, 1, 1, 0, 20, 1, 1.1, 0.9]],
        "gen": [[1, 30, 0, 100, -100, 1.02, 100, 1, 200, 0], [40, 6, 0, 10, -10, 1.01, 100, 1, 20, 0]],
        "branch": [[1, 2, 0.01, 0.05, 0.02, 0, 0, 0, 0, 0, 1, -360, 360],
                   [2, 3, 0.005, 0.1, 0, 40, 0, 0, 0.98, 0, 1, -360, 360],
                   [3, 40, 0.02, 0.04, 0.001, 0, 0, 0, 0, 0, 1, -360, 360],
                   [40, 5, 0.02, 0.04, 0.001, 0, 0, 0, 0, 0, 1, -360, 360],
                   [1, 3, 0.01, 0.12, 0, 0, 0, 0, 1.02, 0, 1, -360, 360]],
    }  # fmt: skip


def written(case: Case) -> str:
    tables = (
        f"mpc.{name} = [\n" + "".join("\t" + "\t".join(map(_cell, row)) + ";\n" for row in case[name]) + "];\n"
        for name in ("bus", "gen", "branch")
    )
    return "function mpc = small\nmpc.version = '2';\n" + f"mpc.baseMVA = {case['baseMVA']};\n" + "".join(tables)


def _cell(value: float) -> str:
    return repr(float(value)).replace("inf", "Inf")


def solved(case: Case) -> dict[float, float]:
    """Voltages by bus [pu]: a dense Newton-Raphson on MATPOWER's admittances and types of buses."""
    bus, gen, branch = (np.array(case[name], dtype=float) for name in ("bus", "gen", "branch"))
    bus = bus[bus[:, 1] != 4]
    place = {number: k for k, number in enumerate(bus[:, 0])}
    gen = np.array([row for row in gen if row[0] in place and row[7] > 0])
    at = [place[number] for number in gen[:, 0]]
    has = np.isin(np.arange(len(bus)), at)
    slack, held = (np.flatnonzero((bus[:, 1] == kind) & has) for kind in (3, 2))
    if not slack.size:
        slack, held = held[:1], held[1:]
    admittance = np.diag(bus[:, 4] + 1j * bus[:, 5]) / case["baseMVA"]
    for row in branch:
        if row[10] and row[0] in place and row[1] in place:
            ends = np.ix_(*[[place[row[0]], place[row[1]]]] * 2)
            series, ratio = 1 / (row[2] + 1j * row[3]), (row[8] or 1) * np.exp(1j * np.deg2rad(row[9]))
            own = series + 0.5j * row[4]
            two_port = [[own / abs(ratio) ** 2, -series / np.conj(ratio)], [-series / ratio, own]]
            admittance[ends] += two_port
    power = -(bus[:, 2] + 1j * bus[:, 3]).astype(complex)
    np.add.at(power, at, gen[:, 1] + 1j * gen[:, 2])
    voltage = np.exp(1j * np.deg2rad(bus[:, 8]))
    for k, row in zip(at, gen, strict=True):
        voltage[k] *= row[5] / abs(voltage[k])
    free = np.setdiff1d(np.arange(len(bus)), slack)
    loads = np.setdiff1d(free, held)
    for _ in range(20):
        current = admittance @ voltage
        gap = voltage * np.conj(current) - power / case["baseMVA"]
        direction = np.diag(voltage / abs(voltage))
        by_size = np.diag(voltage) @ np.conj(admittance @ direction) + np.diag(np.conj(current)) @ direction
        by_angle = 1j * np.diag(voltage) @ np.conj(np.diag(current) - admittance @ np.diag(voltage))
        jacobian = np.block([[by_angle[np.ix_(free, free)].real, by_size[np.ix_(free, loads)].real],
                             [by_angle[np.ix_(loads, free)].imag, by_size[np.ix_(loads, loads)].imag]])  # fmt: skip
        step = np.linalg.solve(jacobian, np.concatenate([gap[free].real, gap[loads].imag]))
        angle, size = np.angle(voltage), abs(voltage)
        angle[free] -= step[: free.size]
        size[loads] -= step[free.size :]
        voltage = size * np.exp(1j * angle)
    return dict(zip(bus[:, 0], abs(voltage), strict=True))


def _set(name: str, row: int, **cells: float) -> Callable[[Case], None]:
    columns = {"kind": 1, "p": 1 if name == "gen" else 2, "r": 2, "x": 3, "b": 4, "gs": 4, "bs": 5, "rate": 5, "vg": 5,
               "status": 7 if name == "gen" else 10, "ratio": 8, "angle": 9 if name == "branch" else 8, "kv": 9,
               "from_": 0, "to": 1, "vmax": 11}  # fmt: skip

    def change(case: Case) -> None:
        for cell, value in cells.items():
            case[name][row][columns[cell]] = value

    return change


def _all(*changes: Callable[[Case], None]) -> Callable[[Case], None]:
    def change(case: Case) -> None:
        for each in changes:
            each(case)

    return change


def _add(name: str, *row: float) -> Callable[[Case], None]:
    return lambda case: case[name].append(list(row))


LIMITS = (-360, 360)
ISOLATED = _all(_add("bus", 6, 4, 5, 1, 0, 0, 1, 1, 0, 20, 1, 1.1, 0.9),
                _add("branch", 5, 6, 0.02, 0.04, 0.2, 0, 0, 0, 0, 0, 1, *LIMITS),
                _add("gen", 6, 2, 1, 10, -10, 1.03, 100, 1, 20, 0))  # fmt: skip
SECOND = (40, 6, 0, 10, -10, 1.03, 100, 1, 20, 0)
KINDS = {
    "as it is": _all(),
    "a transformer that magnetises": _set("branch", 1, b=-0.03),
    "a transformer with capacitance": _set("branch", 1, b=0.03),
    "a transformer from the lower voltage": _set("branch", 1, from_=3, to=2),
    "the same, and it shifts and magnetises": _set("branch", 1, from_=3, to=2, angle=5, b=-0.02),
    "a shifter": _set("branch", 1, angle=-4),
    "a shifter without a ratio": _set("branch", 1, angle=3, ratio=0),
    "a shifter between buses of one rated voltage": _set("branch", 2, angle=3),
    "a cable with a ratio": _set("branch", 2, ratio=0.97, b=0.05),
    "a transformer without a ratio": _set("branch", 1, ratio=0),
    "a cable between two rated voltages": _set("branch", 1, ratio=1, b=0.05),
    "negative reactances": _all(_set("branch", 3, x=-0.01), _set("branch", 1, x=-0.02)),
    "negative resistance": _set("branch", 1, r=-0.005),
    "nothing but resistance": _all(_set("branch", 2, x=0), _set("branch", 1, x=0)),
    "a branch out of service without impedance": _add("branch", 1, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, *LIMITS),
    "the first generator of a bus out of service": _all(_set("gen", 1, status=0), _add("gen", *SECOND)),
    "two generators with two voltages": _add("gen", *SECOND),
    "two at the reference": _add("gen", 1, 6, 3, 10, -10, 1.03, 100, 1, 20, 0),
    "the first at the reference out of service": _all(
        _set("gen", 0, status=0), _add("gen", 1, 6, 3, 10, -10, 1.03, 100, 1, 20, 0)),
    "none at the reference in service": _set("gen", 0, status=0),
    "a generator at a bus of loads": _add("gen", 5, 2, 1, 10, -10, 1.03, 100, 1, 20, 0),
    "a held bus without a generator": _set("bus", 4, kind=2),
    "feeding in as a load, drawing as a generator": _all(_set("bus", 4, p=-4), _set("gen", 1, p=-3)),
    "shunts": _all(_set("bus", 4, gs=1, bs=3), _set("bus", 1, bs=-8)),
    "an isolated bus": ISOLATED,
    "two references": _set("bus", 3, kind=3, angle=-1.5),
    "no rated voltage at one bus": _set("bus", 4, kv=0),
    "limits that are none": _all(_set("branch", 0, rate=np.inf), _set("bus", 1, vmax=np.inf)),
}  # fmt: skip


def read(folder: Path, content: str) -> ReadGrid:
    (folder / "small.m").write_text(content)
    return read_grid_file(folder / "small.m")


def largest_gap(found: ReadGrid, case: Case) -> float:
    voltages = _pandapower.voltages(found.net)
    assert voltages is not None
    ours = dict(zip(found.net.bus.index, voltages, strict=True))
    return max(abs(ours[int(number)] - value) for number, value in solved(case).items())


@pytest.mark.parametrize("kind", KINDS)
def test_voltages_are_those_of_matpowers_equations(tmp_path: Path, kind: str) -> None:
    case = small_case()
    KINDS[kind](case)
    found = read(tmp_path, written(case))
    assert largest_gap(found, case) < 1e-9


WRITTEN = written(small_case())
STYLES = {
    "lines of Windows": WRITTEN.replace("\n", "\r\n"),
    "commas": WRITTEN.replace("\t", ", ").replace("\n, ", "\n"),
    "rows that end with their line": WRITTEN.replace(";\n\t", "\n\t"),
    "continued lines with remarks": WRITTEN.replace("\t110.0", "\t110.0 ... rated\r\n"),
    "remarks that look like statements": WRITTEN.replace(";\n", "; % 5 % of [all] mpc.bus = [\n"),
    "exponents": WRITTEN.replace("0.01", "1E-2").replace("0.05", "5d-2"),
    "names with marks": WRITTEN + "mpc.bus_name = {\n'50 % [x]';\n'St. John''s }';\n};\n",
    "fields of fields": WRITTEN + "mpc.if.map = [1 2];\nmpc.userdata.note = 'x';\n",
    "another variable": WRITTEN.replace("mpc", "ppc"),
    "a structure first": WRITTEN.replace("mpc.version", "mpc = struct();\nmpc.version", 1) + "end\n",
    "another encoding": WRITTEN.replace("function", "% Süd\nfunction").encode("latin-1"),
}


@pytest.mark.parametrize("style", STYLES)
def test_however_a_case_is_written_it_is_the_same(tmp_path: Path, style: str) -> None:
    content, path = STYLES[style], tmp_path / "small.m"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    found, _ = case_in_text(path)
    assert all(
        np.array_equal(found[name], np.array(small_case()[name])) for name in ("baseMVA", "bus", "gen", "branch")
    )


@pytest.mark.parametrize("named", ["mpc", "ppc", ""])
def test_a_file_of_matlab_may_call_its_case_anything(tmp_path: Path, named: str) -> None:
    case = small_case()
    savemat(tmp_path / "small.mat", {named: case} if named else case)
    found, unread = case_in_mat(tmp_path / "small.mat")
    assert np.array_equal(found["branch"], np.array(case["branch"]))
    assert unread == []


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (_set("branch", 1, rate=-1), "mpc.branch row 2, rateA: must be at least 0, which is no rating; got -1.0"),
        (_set("branch", 1, to=33), "mpc.branch row 2, tbus: no such bus; got 33.0"),
        (_set("bus", 1, kind=5), "mpc.bus row 2, type: must be a type of bus: 1, 2, 3 or 4; got 5.0"),
        (_set("bus", 1, p=np.inf), "mpc.bus row 2, Pd: must be a finite number; got inf"),
        (_set("gen", 0, vg=0), "mpc.gen row 1, Vg: must be greater than 0; got 0.0"),
        (_all(_set("gen", 0, status=0), _set("gen", 1, status=0)), "no generator is in service at a bus of type 2 or"),
    ],
)
def test_what_cannot_be_meant_is_refused_with_its_cell(
    tmp_path: Path, change: Callable[[Case], None], said: str
) -> None:
    case = small_case()
    change(case)
    with pytest.raises(InputError) as caught:
        read(tmp_path, written(case))
    assert said in str(caught.value)
    assert len(caught.value.faults) == 1


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (WRITTEN.replace("\t20.0", "\t40/2", 1), "mpc.bus row 2, column 3: must be a number; got '40/2'"),
        (
            WRITTEN.replace("0.01\t", "0,01\t", 1),
            "mpc.branch row 1: must have rows of equal length: most have 13; got 14",
        ),
        (WRITTEN.replace("];", "]';", 1), "computes with the table mpc.bus, which is not run"),
        (WRITTEN.replace("baseMVA", "basemva"), "mpc.baseMVA: is missing; did you mean 'basemva'?"),
    ],
)
def test_what_is_no_table_is_refused_with_its_cell(tmp_path: Path, content: str, said: str) -> None:
    with pytest.raises(InputError) as caught:
        read(tmp_path, content)
    assert said in str(caught.value)
    assert len(caught.value.faults) == 1


def test_what_was_decided_is_told(tmp_path: Path) -> None:
    case = small_case()
    ISOLATED(case)
    _all(_add("gen", *SECOND), _set("branch", 1, b=0.03))(case)
    told = " ".join(read(tmp_path, written(case)).report.guessed)
    assert "1 branches at isolated buses (type 4) are out of service" in told
    assert "Generators at 1 buses state different voltages" in told
    assert "The charging of 1 transformers stands as shunts at their buses." in told
