"""Grids of CGMES have the voltages of the program that wrote them, and of nodal equations in ohms."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import pytest

from grid import _pandapower
from grid.errors import InputError
from grid.readers import ReadGrid, read_grid_file
from grid.readers.cgmes.files import read_profiles
from grid.readers.cgmes.tap_changers import TapChangers
from tests.grid.readers.right_files import DATA

pytestmark = pytest.mark.slow

PACKED = {
    "eurostag": DATA / "eurostag_cgmes3.zip",
    "four": DATA / "four_substations_cgmes.zip",
    "ieee9": DATA / "ieee9_cgmes.zip",
}


def voltages(found: ReadGrid) -> dict[str, float]:
    solved = _pandapower.voltages(found.net)
    assert solved is not None
    return dict(zip(found.net.bus.name, solved, strict=True))


def changed(name: str, *changes: tuple[str, str, str], without: tuple[str, ...] = ()) -> bytes:
    """A packed grid with texts replaced: profile, pattern, replacement."""
    content = io.BytesIO()
    with zipfile.ZipFile(PACKED[name]) as packed, zipfile.ZipFile(content, "w") as made:
        for entry in packed.namelist():
            profile = entry.rpartition("_")[2].removesuffix(".xml")
            text = packed.read(entry).decode()
            for where, pattern, replacement in changes:
                if where == profile:
                    text, count = re.subn(pattern, replacement, text, flags=re.DOTALL)
                    assert count, pattern
            if profile not in without:
                made.writestr(entry, text)
    return content.getvalue()


def read(folder: Path, content: bytes, name: str = "grid.zip") -> ReadGrid:
    (folder / name).write_bytes(content)
    return read_grid_file(folder / name)


@pytest.mark.parametrize(("name", "form"), [("eurostag", "CGMES 3.0"), ("four", "CGMES 2.4.15")])
def test_voltages_are_those_of_the_state_variables(name: str, form: str) -> None:
    report = read_grid_file(PACKED[name]).report
    assert form in report.form
    assert float(report.compared[0].split("at most ")[1].split()[0]) < 1e-9


def test_without_a_topology_buses_are_connectivity_nodes(tmp_path: Path) -> None:
    found = read(tmp_path, changed("four", without=("TP", "SV")))
    assert _different(found) == _different(read_grid_file(PACKED["four"]))
    assert any("connectivity nodes" in sentence for sentence in found.report.guessed)


def _different(found: ReadGrid) -> set[float]:
    """Voltages that occur in a net [pu]."""
    solved = _pandapower.voltages(found.net)
    assert solved is not None
    return set(np.round(solved[np.isfinite(solved)], 9))


def test_clocks_of_vector_groups_and_magnetising_are_told(tmp_path: Path) -> None:
    end = r"(<cim:PowerTransformerEnd.r>)"
    more = r"<cim:PowerTransformerEnd.phaseAngleClock>5</cim:PowerTransformerEnd.phaseAngleClock>\1"
    report = read(tmp_path, changed("eurostag", ("EQ", end, more))).report
    assert any("state a clock of their vector group" in sentence for sentence in report.guessed)
    some = ("EQ", r"<cim:PowerTransformerEnd.b>[^<]*<", "<cim:PowerTransformerEnd.b>1e-6<")
    report = read(tmp_path, changed("eurostag", some)).report
    assert any("magnetising admittance" in sentence for sentence in report.guessed)


def test_identifiers_may_be_urns(tmp_path: Path) -> None:
    marks = [(profile, pattern, "urn:uuid:") for profile in ("EQ", "TP", "SSH", "SV") for pattern in ("#_",)]
    content = changed("eurostag", *marks, ("EQ", 'rdf:ID="_', 'rdf:about="urn:uuid:'),
                      ("TP", 'rdf:ID="_', 'rdf:about="urn:uuid:'))  # fmt: skip
    assert voltages(read(tmp_path, content)) == voltages(read_grid_file(PACKED["eurostag"]))


@pytest.mark.parametrize("end", [1, 2])
def test_a_line_that_is_open_at_an_end_is_charged_from_the_other(tmp_path: Path, end: int) -> None:
    found = read_grid_file(PACKED["eurostag"])
    with zipfile.ZipFile(PACKED["eurostag"]) as packed:
        equipment = next(packed.read(name).decode() for name in packed.namelist() if "_EQ" in name)
    keys = re.findall(r'<cim:Terminal rdf:ID="_([^"]+)">(?:(?!</cim:Terminal>).)*?ConductingEquipment rdf:resource='
                      r'"#_NHV1_NHV2_1"', equipment, flags=re.DOTALL)  # fmt: skip
    terminal = rf'(Terminal rdf:about="#_{re.escape(keys[end - 1])}">\s*<cim:ACDCTerminal.connected>)true'
    opened = read(tmp_path, changed("eurostag", ("SSH", terminal, r"\g<1>false")))
    import pandapower as pp  # noqa: PLC0415  for what it has of a line that is open at an end

    net, line = found.net, int(np.flatnonzero(found.net.line.name == "NHV1_NHV2_1")[0])
    pp.create_switch(net, net.line[("from_bus", "to_bus")[end - 1]].iloc[line], line, "l", closed=False)
    expected = voltages(found)
    assert {name: voltages(opened)[name] for name in expected} == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (("EQ", r"(ACLineSegment.r>)[^<]*", r"\g<1>3,0"), "'NHV1_NHV2_1', r: must be a finite number; got '3,0'"),
        (("EQ", r"<cim:ACLineSegment.x>[^<]*</cim:ACLineSegment.x>", ""), "ACLineSegment 'NHV1_NHV2_2', x: is missing"),
        (("SSH", r"<cim:EnergyConsumer.p>[^<]*</cim:EnergyConsumer.p>", ""), "EnergyConsumer 'LOAD', p: is missing"),
        (("EQ", r"(BaseVoltage.nominalVoltage>)380", r"\g<1>220"), "must be near 220 kV, the base voltage of node"),
        (("EQ", r"(BaseVoltage.nominalVoltage)>380</\S*>", r"\g<1>/>"), "base voltage that no profile states"),
        (("TP", r"(TopologicalNode rdf:resource=\"#_)NGEN", r"\g<1>X"), "a TopologicalNode that no profile states"),
        (("EQ", r"cim:ACLineSegment\b(?=[ >])", "cim:Mixer"), "Mixer 'NHV1_NHV2_1': joins 2 buses and is not read"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_named(tmp_path: Path, change: tuple[str, str, str], said: str) -> None:
    with pytest.raises(InputError) as caught:
        read(tmp_path, changed("eurostag", change))
    assert said in str(caught.value)


@pytest.mark.parametrize(("missing", "said"), [("EQ", "equipment"), ("SSH", "steady state"), ("TP", "topology")])
def test_a_missing_profile_is_named(tmp_path: Path, missing: str, said: str) -> None:
    with pytest.raises(InputError, match=f"the profile of {said}"):
        read(tmp_path, changed("ieee9", without=(missing,)))


# A grid in which nothing depends on power: a machine, transformers, lines and shunts, solved by nodal equations.

HEAD = (
    '<rdf:RDF xmlns:cim="http://iec.ch/TC57/2013/CIM-schema-cim16#" xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"'
    ' xmlns:md="http://iec.ch/TC57/61970-552/ModelDescription/1#"><md:FullModel rdf:about="urn:uuid:m">'
    "<md:Model.profile>http://entsoe.eu/CIM/EquipmentCore/3/1</md:Model.profile>"
    "<md:Model.profile>http://entsoe.eu/CIM/Topology/4/1</md:Model.profile>"
    "<md:Model.profile>http://entsoe.eu/CIM/SteadyStateHypothesis/1/1</md:Model.profile></md:FullModel>"
)
KV = {"a": 110.0, "b": 20.0, "c": 10.0, "d": 21.0}


def stated(kind: str, key: str, values: Mapping[str, object], **refs: str) -> str:
    """An object as XML; attributes without a class are of its own."""
    parts = [f"<cim:{_full(kind, name)}>{value}</cim:{_full(kind, name)}>" for name, value in values.items()]
    parts += [f'<cim:{_full(kind, name.replace("__", "."))} rdf:resource="#_{key}"/>' for name, key in refs.items()]
    return f'<cim:{kind} rdf:ID="_{key}">{"".join(parts)}</cim:{kind}>'


def _full(kind: str, name: str) -> str:
    return name if "." in name else f"{kind}.{name}"


def _ends(equipment: str, *nodes: str) -> str:
    return "".join(
        stated("Terminal", f"{equipment}.{k}", {"ACDCTerminal.sequenceNumber": k, "ACDCTerminal.connected": "true"},
               ConductingEquipment=equipment, TopologicalNode=node)
        for k, node in enumerate(nodes, 1)
    )  # fmt: skip


def _grid(priority: int = 1, controlled: str = "m.1", target: float = 112.2, windings: int = 3) -> str:
    """Buses a to d: a transformer of three windings a-b-c with a ratio at a, a shifter at b; lines b-d, 20 to 21 kV."""
    nodes = [stated("BaseVoltage", f"v{name}", {"nominalVoltage": kv}) for name, kv in KV.items()]
    nodes += [stated("TopologicalNode", name, {"IdentifiedObject.name": name}, BaseVoltage=f"v{name}") for name in KV]
    machine = stated("SynchronousMachine", "m",
                     {"RotatingMachine.p": 0, "RotatingMachine.q": 0, "referencePriority": priority,
                      "RegulatingCondEq.controlEnabled": "true"}, RegulatingCondEq__RegulatingControl="rc")  # fmt: skip
    control = stated("RegulatingControl", "rc", {"enabled": "true", "targetValue": target},
                     mode="RegulatingControlModeKind.voltage", Terminal=controlled)  # fmt: skip
    ends = [
        stated("PowerTransformerEnd", f"e{k}",
               {"TransformerEnd.endNumber": k, "r": r, "x": x, "g": g, "b": b, "ratedU": u, "ratedS": 40},
               PowerTransformer="t", TransformerEnd__Terminal=f"t.{k}")
        for k, (r, x, g, b, u) in enumerate(ENDS[:windings], 1)
    ]  # fmt: skip
    taps = [
        stated("RatioTapChanger", "r",
               {"TapChanger.step": 14, "TapChanger.neutralStep": 10, "stepVoltageIncrement": 1.25},
               TransformerEnd="e1"),
        stated("PhaseTapChangerAsymmetrical", "p",
               {"TapChanger.step": 3, "TapChanger.neutralStep": 0, "TapChanger.highStep": 5, "TapChanger.lowStep": -5,
                "PhaseTapChangerNonLinear.voltageStepIncrement": 2, "windingConnectionAngle": 60},
               PhaseTapChanger__TransformerEnd="e2"),
    ]  # fmt: skip
    lines = [
        stated("ACLineSegment", "l", {"r": 0.4, "x": 1.1, "bch": 1e-4}),
        stated("ACLineSegment", "k", {"r": 0.6, "x": 2.0}),
    ]
    shunts = [stated("EquivalentShunt", f"s{name}", {"g": y.real, "b": y.imag}) for name, y in SHUNTS.items()]
    at = [_ends("m", "a"), _ends("t", *"abc"[:windings]), _ends("l", "b", "d"), _ends("k", "b", "d")]
    at += [_ends(f"s{name}", name) for name in SHUNTS]
    transformer = stated("PowerTransformer", "t", {})
    return "".join([HEAD, *nodes, machine, control, transformer, *ends, *taps, *lines, *shunts, *at, "</rdf:RDF>"])


ENDS = ((1.2, 30.0, 1e-6, -8e-6, 112.0), (0.05, -0.3, 0.0, -2e-5, 20.5), (0.03, 0.4, 0.0, 0.0, 10.2))
SHUNTS = {"b": 0.01 - 0.004j, "c": 0.03 - 0.01j, "d": 0.008 + 0.002j}


def nodal(held_kv: float) -> dict[str, float]:
    """Voltages by nodal equations in siemens and kilovolts [pu]."""
    names = ["a", "b", "c", "d", "star"]
    admittance = np.zeros((5, 5), dtype=complex)
    shift = 1 + 3 * 0.02 * np.exp(1j * np.pi / 3)
    for name, (r, x, g, b, rated), tap in zip("abc", ENDS, (1.05, shift, 1.0), strict=True):
        series, ratio, at = 1 / (r + 1j * x), tap * rated / ENDS[0][4], names.index(name)
        seen = series * (rated / ENDS[0][4]) ** 2  # at the star point, whose rated voltage is that of the first end
        admittance[at, at] += (series + g + 1j * b) / abs(tap) ** 2
        admittance[4, 4] += seen
        admittance[at, 4] -= seen / np.conj(ratio)
        admittance[4, at] -= seen / ratio
    for r, x, b in ((0.4, 1.1, 1e-4), (0.6, 2.0, 0.0)):
        series = 1 / (r + 1j * x)
        admittance[np.ix_([1, 3], [1, 3])] += np.array([[series + 0.5j * b, -series], [-series, series + 0.5j * b]])
    for name, y in SHUNTS.items():
        admittance[names.index(name), names.index(name)] += y
    found = np.linalg.solve(admittance[1:, 1:], -admittance[1:, 0] * held_kv)
    return {name: abs(kv) / KV[name] for name, kv in zip("abcd", [held_kv, *found[:3]], strict=True)}


def test_transformers_taps_and_lines_are_those_of_nodal_equations(tmp_path: Path) -> None:
    found = read(tmp_path, _grid().encode(), "grid.xml")
    ours = voltages(found)
    assert {name: ours[name] for name in KV} == pytest.approx(nodal(112.2), abs=1e-8)
    assert "1 transformers of three windings are three of two at a star point each." in found.report.guessed


def test_a_machine_may_hold_the_voltage_of_another_bus(tmp_path: Path) -> None:
    held = nodal(112.2)["d"] * KV["d"]
    found = read(tmp_path, _grid(controlled="l.2", target=held).encode(), "grid.xml")
    assert voltages(found)["a"] == pytest.approx(112.2 / 110, abs=1e-7)
    assert any("control the voltage of another bus" in sentence for sentence in found.report.guessed)


def _changer(kind: str, values: Mapping[str, object], **refs: str) -> str:
    end = "TransformerEnd" if kind == "RatioTapChanger" else "PhaseTapChanger__TransformerEnd"
    return stated(kind, "tap", {"TapChanger.step": 2, "TapChanger.neutralStep": 0, "TapChanger.highStep": 4,
                                "TapChanger.lowStep": -4, **values}, **{end: "e"}, **refs)  # fmt: skip


POINT = {"TapChangerTablePoint.step": 2, "TapChangerTablePoint.ratio": 0.97, "TapChangerTablePoint.x": 10}
NON_LINEAR = "PhaseTapChangerNonLinear"
X_OHM = 2.5


def _asymmetrical(theta: float, du: float, most: float) -> tuple[float, float, float]:
    """Ratio, angle and reactance from 1 to 5 ohms, of the latter by ENTSO-E's formula in the angle."""
    alpha, alpha_max = (np.arctan2(u * np.sin(theta), 1 + u * np.cos(theta)) for u in (du, most))
    grown = np.tan(alpha) / np.tan(alpha_max) * (np.sin(theta) - np.tan(alpha_max) * np.cos(theta))
    grown /= np.sin(theta) - np.tan(alpha) * np.cos(theta)
    return float(abs(1 + du * np.exp(1j * theta))), float(np.rad2deg(alpha)), float(1 + 4 * grown**2)


TAPS: Mapping[str, tuple[str, Callable[[], tuple[float, float, float]]]] = {
    "linear": (_changer("PhaseTapChangerLinear", {"stepPhaseShiftIncrement": 1.5, "xMin": 1, "xMax": 5}),
               lambda: (1.0, 3.0, 1 + 4 * (np.sin(np.deg2rad(1.5)) / np.sin(np.deg2rad(3))) ** 2)),
    "symmetrical": (_changer("PhaseTapChangerSymmetrical", {f"{NON_LINEAR}.voltageStepIncrement": 5}),
                    lambda: (1.0, np.rad2deg(2 * np.arctan(0.05)), X_OHM)),
    "asymmetrical": (_changer("PhaseTapChangerAsymmetrical",
                              {f"{NON_LINEAR}.voltageStepIncrement": 10, "windingConnectionAngle": 70,
                               f"{NON_LINEAR}.xMin": 1, f"{NON_LINEAR}.xMax": 5}),
                     lambda: _asymmetrical(np.deg2rad(70), 0.2, -0.4)),
    "without a least reactance": (
        _changer("PhaseTapChangerAsymmetrical",
                 {f"{NON_LINEAR}.voltageStepIncrement": 10, "windingConnectionAngle": 90, f"{NON_LINEAR}.xMax": 5}),
        lambda: (np.hypot(1, 0.2), np.rad2deg(np.arctan(0.2)), X_OHM + (5 - X_OHM) * 0.25)),
    "a table of ratios": (
        _changer("RatioTapChanger", {"stepVoltageIncrement": 9}, RatioTapChangerTable="table")
        + stated("RatioTapChangerTablePoint", "q", POINT, RatioTapChangerTable="table"),
        lambda: (0.97, 0.0, 1.1 * X_OHM)),
    "a table of angles": (
        _changer("PhaseTapChangerTabular", {}, PhaseTapChangerTable="table")
        + stated("PhaseTapChangerTablePoint", "q", {**POINT, "angle": -4}, PhaseTapChangerTable="table"),
        lambda: (0.97, -4.0, 1.1 * X_OHM)),
}  # fmt: skip


@pytest.mark.parametrize("kind", TAPS)
def test_a_tap_changer_stands_where_its_step_says(tmp_path: Path, kind: str) -> None:
    text, expected = TAPS[kind]
    end = stated("PowerTransformerEnd", "e", {}) + _ends("transformer", "a")
    (tmp_path / "grid.xml").write_text(f"{HEAD}{end}{text}</rdf:RDF>")
    objects = read_profiles(tmp_path / "grid.xml")
    state = TapChangers(objects).state(next(objects.of("PowerTransformerEnd")), X_OHM)
    assert (state.ratio, state.angle_degree, state.factors[1] * X_OHM) == pytest.approx(expected())
    assert objects.faults == []


@pytest.mark.parametrize("end", [1, 2])
def test_a_tap_changer_acts_on_all_of_the_impedance_at_whichever_end_of_two(tmp_path: Path, end: int) -> None:
    changer = _changer("PhaseTapChangerLinear", {"stepPhaseShiftIncrement": 1.5, "xMin": 30, "xMax": 60})
    text = _grid(windings=2).replace("PowerTransformerEnd.x>-0.3<", "PowerTransformerEnd.x>0<")
    text = text.replace("</rdf:RDF>", changer.replace('"#_e"', f'"#_e{end}"') + "</rdf:RDF>")
    found = read(tmp_path, text.encode(), "grid.xml").net.trafo.set_index("name").loc["t"]
    x_ohm = np.sqrt(found.vk_percent**2 - found.vkr_percent**2) / 100 * ENDS[0][4] ** 2 / found.sn_mva
    assert x_ohm == pytest.approx(30 + 30 * (np.sin(np.deg2rad(1.5)) / np.sin(np.deg2rad(3))) ** 2)


def test_boundary_nodes_alone_are_no_topology(tmp_path: Path) -> None:
    boundary = stated("TopologicalNode", "of the boundary", {"boundaryPoint": "true"}, BaseVoltage="x")
    head = HEAD.replace("CIM/Topology/4", "CIM/TopologyBoundary/3")
    base = stated("BaseVoltage", "x", {"nominalVoltage": 380})
    more = io.BytesIO(changed("four", without=("TP", "SV")))
    with zipfile.ZipFile(more, "a") as packed:
        packed.writestr("boundary_TPBD.xml", f"{head}{base}{boundary}</rdf:RDF>")
    assert _different(read(tmp_path, more.getvalue())) == _different(read_grid_file(PACKED["four"]))


def test_version_3_may_have_topological_nodes_only(tmp_path: Path) -> None:
    text = _grid().replace("2013/CIM-schema-cim16#", "CIM100#")
    for old, new in (("entsoe.eu/CIM/Topology/4/1", "iec.ch/TC57/ns/CIM/Topology-EU/3.0"),
                     ("entsoe.eu/CIM/SteadyStateHypothesis/1/1", "iec.ch/TC57/ns/CIM/SteadyStateHypothesis-EU/3.0"),
                     ("entsoe.eu/CIM/EquipmentCore/3/1", "iec.ch/TC57/ns/CIM/CoreEquipment-EU/3.0")):  # fmt: skip
        text = text.replace(old, new)
    assert voltages(read(tmp_path, text.encode(), "grid.xml"))["a"] == pytest.approx(112.2 / 110)


def test_windings_without_a_rated_power_are_told(tmp_path: Path) -> None:
    text = _grid().replace("<cim:PowerTransformerEnd.ratedS>40</cim:PowerTransformerEnd.ratedS>", "", 1)
    guessed = read(tmp_path, text.encode(), "grid.xml").report.guessed
    assert any("1 transformers lack the rated power of a winding or of all" in sentence for sentence in guessed)


def test_a_line_without_impedance_keeps_its_charging(tmp_path: Path) -> None:
    whole = read(tmp_path, _grid().replace(">20.0<", ">21.0<").encode(), "grid.xml").net
    text = re.sub(r"(ACLineSegment\.[rx]>)(0.4|1.1)<", r"\g<1>0<", _grid().replace(">20.0<", ">21.0<"))
    switched = read(tmp_path, text.encode(), "grid.xml").net
    assert len(whole.line) == len(switched.line) + 1
    charging = switched.shunt[switched.shunt.name == "l"]
    assert charging.q_mvar.sum() == pytest.approx(-1e-4 * 21.0**2)
