"""A right file of every format of grids."""

from __future__ import annotations

import gzip
import io
import json
import tempfile
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandapower as pp
from scipy.io import savemat

DATA = Path(__file__).parent / "data"

BUS_ROWS = (
    "1 3 0 0 0 0 1 1 0 20 1 1.1 0.9", "2 1 2 0.5 0 0.1 1 1 0 20 1 1.1 0.9", "3 1 1 0.2 0 0 1 1 0 20 1 1.1 0.9",
    "7 2 0 0 0 0 1 1 0 0.4 1 1.1 0.9",
)  # fmt: skip
GEN_ROWS = ("1 3 0 30 -30 1.01 10 1 50 0", "7 0.2 0 1 -1 1 10 1 1 0")
BRANCH_ROWS = (
    "1 2 0.01 0.02 0.001 8 0 0 0 0 1 -360 360", "2 3 0.02 0.02 0.001 0 0 0 0 0 1 -360 360",
    "3 7 0.02 0.3 0 1 0 0 0 0 1 -360 360",
)  # fmt: skip
CASE = """function mpc = feeder
% a case of four buses
mpc.version = '2';
mpc.baseMVA = 10;
%{
block
%}
mpc.bus = [
 1 3 0   0    0 0    1 1.0     0      20  1 1.1 0.9;
 2 1 2.0 0.5  0 0.1  1 1.0     0      20  1 1.1 0.9;  % a load
 3 1 1.0, 0.2, 0 0   1 1.0     0      20  1 1.1 0.9;
 7 2 0   0    0 0    1 1.0     0      0.4 1 1.1 0.9
];
mpc.gen = [
 1 3.0 0 30 -30 1.01 10 1 50 0;
 7 0.2 0 1  -1  1.00 10 1 1  0;
];
mpc.branch = [
 1 2 0.01 0.02 0.001 8 0 0 0 0 1 -360 360;
 2 3 0.02 0.02 0.001 0 0 0 0 0 1 -360 360;
 3 7 0.02 0.30 0     1 0 0 0 0 1 -360 360;
];
mpc.gencost = [2 0 0 3 0.1 5 0; 2 0 0 3 0.1 5 0];
"""
CIRCUIT = """Clear
New circuit.street basekv=11 pu=1.02 phases=3 bus1=head MVAsc3=500 MVAsc1=400
~ baseFreq=50
New linecode.cable nphases=3 r1=0.32 x1=0.08 r0=1.2 x0=0.3 c1=0 c0=0 units=km normamps=200
New transformer.sub phases=3 windings=2 xhl=4 buses=[head main] conns=[delta wye] kvs=[11 0.4]
~ kvas=[400 400] %rs=[0.5 0.5]
New line.one bus1=main bus2=corner linecode=cable length=0.12 units=km
New line.two bus1=corner bus2=end linecode=cable length=0.2 units=km
New load.shop bus1=corner phases=3 conn=wye kv=0.4 kw=30 kvar=8 vminpu=0.8
New load.house bus1=end.2 phases=1 conn=wye kv=0.231 kw=4 kvar=1 vminpu=0.8
New generator.roof bus1=end phases=3 kv=0.4 kw=6 kvar=0 model=1
Set voltagebases=[11 0.4]
CalcVoltageBases
Solve
Show voltages
"""
PGM: dict[str, Any] = {
    "version": "1.0", "type": "input", "is_batch": False,
    "attributes": {"node": ["id", "u_rated"]},
    "data": {
        "node": [[1, 10500.0], [2, 10500.0], [3, 400.0], [14, 400.0]],
        "line": [{"id": 4, "from_node": 1, "to_node": 2, "from_status": 1, "to_status": 1, "r1": 0.25, "x1": 0.2,
                  "c1": 1e-5, "tan1": 0.0, "i_n": 300.0}],
        "link": [{"id": 13, "from_node": 3, "to_node": 14, "from_status": 1, "to_status": 1}],
        "transformer": [{"id": 5, "from_node": 2, "to_node": 3, "from_status": 1, "to_status": 1, "u1": 10250.0,
                         "u2": 400.0, "sn": 4e5, "uk": 0.04, "pk": 4000.0, "i0": 0.005, "p0": 600.0, "winding_from": 2,
                         "winding_to": 1, "clock": 11, "tap_side": 0, "tap_pos": 1, "tap_min": -2, "tap_max": 2,
                         "tap_size": 262.5}],
        "source": [{"id": 6, "node": 1, "status": 1, "u_ref": 1.02, "sk": 1e14}],
        "sym_load": [{"id": 7, "node": 14, "status": 1, "type": 0, "p_specified": 150000.0, "q_specified": 30000.0},
                     {"id": 8, "node": 2, "status": 1, "type": 2, "p_specified": 5e5, "q_specified": 1e5}],
        "sym_gen": [{"id": 9, "node": 3, "status": 1, "type": 0, "p_specified": 20000.0, "q_specified": 0.0}],
        "shunt": [{"id": 10, "node": 2, "status": 1, "g1": 0.0, "b1": 1e-4, "g0": 0.0, "b0": 0.0}],
        "sym_voltage_sensor": [{"id": 11, "measured_object": 2, "u_sigma": 10.0, "u_measured": 10400.0}],
    },
}  # fmt: skip


def _feature(layer: str, geometry: dict[str, Any], **properties: Any) -> dict[str, Any]:
    return {"type": "Feature", "properties": {"element": layer, **properties}, "geometry": geometry}


def _at(x: float, y: float) -> dict[str, Any]:
    return {"type": "Point", "coordinates": [x, y]}


MAP: dict[str, Any] = {"type": "FeatureCollection", "features": [
    _feature("bus", _at(8.0, 50.0), name="main", vn_kv=20),
    _feature("bus", _at(8.01, 50.0), name="town", vn_kv=20, zone="north"),
    _feature("bus", _at(8.0101, 50.0), name="town lv", vn_kv=0.4),
    _feature("ext_grid", _at(8.0, 50.0), name="supply", vm_pu=1.01),
    _feature("line", {"type": "LineString", "coordinates": [[8.0, 50.0], [8.005, 50.002], [8.01, 50.0]]}, name="cable",
             std_type="NA2XS2Y 1x150 RM/25 12/20 kV"),
    _feature("trafo", {"type": "LineString", "coordinates": [[8.01, 50.0], [8.0101, 50.0]]}, name="substation",
             std_type="0.4 MVA 20/0.4 kV"),
    _feature("load", _at(8.0101, 50.0), name="homes", p_mw=0.2, q_mvar=0.04, sector="I.1"),
    _feature("sgen", _at(8.0101, 50.0), name="roofs", p_mw=0.05, type="PV"),
    _feature("tree", _at(8.0, 50.01), height_m=12),
]}  # fmt: skip


def ucte_text() -> str:
    """A UCTE-DEF file of three nodes, a line and a transformer."""
    head = ["##C 2007.05.01", "a small grid", "##N", "##ZDE"]
    nodes = [
        _cells((0, "DMAIN121"), (9, "main"), (22, "0"), (24, "3"), (26, "225.00"), (33, "0.0"), (41, "0.0"), (49, "0"),
               (57, "0")),
        _cells((0, "DTOWN121"), (9, "town"), (22, "0"), (24, "0"), (33, "50.0"), (41, "10.0"), (49, "0"), (57, "0")),
        _cells((0, "DLOWR151"), (9, "lower"), (22, "0"), (24, "0"), (33, "20.0"), (41, "5.0"), (49, "-5.0"), (57, "0")),
    ]  # fmt: skip
    line = _cells((0, "DMAIN121"), (9, "DTOWN121"), (18, "1"), (20, "0"), (22, "1.2000"), (29, "8.0000"),
                  (36, "50.00000"), (45, "800"), (52, "line"))  # fmt: skip
    trafo = _cells((0, "DTOWN121"), (9, "DLOWR151"), (18, "1"), (20, "0"), (22, "225.0"), (28, "110.0"), (34, "100.0"),
                   (40, "0.5000"), (47, "40.000"), (54, "1.000000"), (63, "0.0000"), (70, "300"),
                   (77, "trafo"))  # fmt: skip
    return "\n".join([*head, *nodes, "##L", line, "##T", trafo, "##R", "##TT", "##E", ""])


def _cells(*cells: tuple[int, str]) -> str:
    row = [" "] * 128
    for at, text in cells:
        row[at : at + len(text)] = text
    return "".join(row).rstrip().ljust(110)


def matlab_file() -> bytes:
    """The case of `CASE` as a MATLAB file."""
    bus, gen, branch = (
        np.array([[float(cell) for cell in row.replace(",", " ").split()] for row in rows])
        for rows in (BUS_ROWS, GEN_ROWS, BRANCH_ROWS)
    )
    file = io.BytesIO()
    savemat(file, {"mpc": {"version": "2", "baseMVA": 10.0, "bus": bus, "gen": gen, "branch": branch}})
    return file.getvalue()


def small_net() -> Any:
    """A net of two levels with results, as pandapower makes it."""
    net = pp.create_empty_network(name="feeder")
    main, town = (
        pp.create_bus(net, 20.0, name=name, geodata=(8.0 + k / 100, 50.0)) for k, name in enumerate(("main", "town"))
    )
    low = pp.create_bus(net, 0.4, name="low", geodata=(8.01, 50.0))
    pp.create_ext_grid(net, main, vm_pu=1.01)
    pp.create_line(net, main, town, 3.0, "NA2XS2Y 1x150 RM/25 12/20 kV", name="cable")
    pp.create_transformer(net, town, low, "0.4 MVA 20/0.4 kV", name="substation")
    pp.create_load(net, low, 0.2, 0.04, name="homes", sector="I.1")
    pp.create_sgen(net, low, 0.05, name="roofs", type="PV")
    pp.runpp(net)
    return net


@cache
def workbook() -> bytes:
    """That net as pandapower writes it to Excel, results included."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "net.xlsx"
        pp.to_excel(small_net(), str(file), include_results=True)
        return file.read_bytes()


@cache
def right_files() -> dict[str, bytes]:
    """A right file of every format, by name."""
    return {
        "net_with_results.json": str(pp.to_json(small_net())).encode(),
        "net.xlsx": workbook(),
        "ieee9.zip": (DATA / "ieee9_cgmes.zip").read_bytes(),
        "case.m": CASE.encode(),
        "case.mat": matlab_file(),
        "valley.nc": gzip.decompress((DATA / "valley.nc.gz").read_bytes()),
        "pgm.json": json.dumps(PGM).encode(),
        "map.geojson": json.dumps(MAP).encode(),
        "small.uct": ucte_text().encode(),
        "street.dss": CIRCUIT.encode(),
    }
