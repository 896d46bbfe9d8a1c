"""Networks that PyPSA itself wrote, solved or not, are read as PyPSA solves them."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pypsa
import pytest

from grid import _pandapower
from grid.errors import InputError
from grid.readers import read_grid_file

pytestmark = pytest.mark.slow

OWN_TYPE = {
    "f_nom": 50, "s_nom": 20, "v_nom_0": 110, "v_nom_1": 20, "vsc": 10, "vscr": 0.4, "pfe": 12, "i0": 0.1,
    "tap_neutral": 0, "tap_min": -2, "tap_max": 2, "tap_step": 1.5,
}  # fmt: skip


@pytest.fixture(autouse=True)
def quiet() -> Iterator[None]:
    """PyPSA says at length what it stores and what it has not been told."""
    logging.disable(logging.WARNING)
    with warnings.catch_warnings(action="ignore"):
        yield
    logging.disable(logging.NOTSET)


def network(*, tap_side: int = 0, tap_position: int = 0, turned: bool = False) -> Any:
    """Two transformers side by side, lines of a type of the file and of a standard type, a station."""
    n = pypsa.Network(snapshots=range(2))
    for name, v_nom in {"grid": 110.0, "station": 20.0, "town": 20.0, "street": 0.4}.items():
        n.add("Bus", name, v_nom=v_nom)
    n.add("TransformerType", "own", tap_side=tap_side, **OWN_TYPE)
    n.add(
        "LineType", "cable", f_nom=50, r_per_length=0.1, x_per_length=0.2, c_per_length=200, i_nom=0.3, mounting="cs",
        cross_section=1,
    )  # fmt: skip
    main = {"bus0": "grid", "bus1": "station", "type": "own", "tap_position": tap_position}
    n.add("Transformer", "one", **main)
    n.add("Transformer", "two", num_parallel=2, **main)
    if turned:  # without a type, so that either end may be the lower one
        own = {"s_nom": 0.63, "r": 0.012, "x": 0.058, "g": 0.001, "b": -0.002}
        n.add("Transformer", "local", bus0="street", bus1="town", tap_ratio=1.03, tap_side=tap_side, **own)
    else:
        n.add("Transformer", "local", bus0="town", bus1="street", type="0.4 MVA 20/0.4 kV", tap_position=tap_position)
    n.add("Line", "near", bus0="station", bus1="town", type="cable", length=7, num_parallel=2)
    n.add("Line", "far", bus0="station", bus1="town", type="NA2XS2Y 1x240 RM/25 12/20 kV", length=5)
    n.add("Load", "homes", bus="street", p_set=[0.2, 0.3], q_set=0.05)
    n.add("Load", "works", bus="town", p_set=3.0)
    n.add("Generator", "supply", bus="grid", control="Slack")
    n.add("Generator", "closed", bus="town", p_set=3.0, active=False)
    n.add("Generator", "roofs", bus="town", p_set=[1.0, 0.0], p_nom=2)
    return n


def vm_pu(path: Path) -> dict[str, float]:
    """Our voltages by name of the bus."""
    net = read_grid_file(path).net
    voltages = _pandapower.voltages(net)
    assert voltages is not None
    return dict(zip(net.bus.name, voltages, strict=True))


@pytest.mark.parametrize(
    ("tap_side", "tap_position", "turned"), [(0, -2, False), (0, 2, True), (1, 2, False), (1, -2, True)]
)
def test_voltages_are_those_of_pypsa(tmp_path: Path, tap_side: int, tap_position: int, turned: bool) -> None:
    n = network(tap_side=tap_side, tap_position=tap_position, turned=turned)
    n.export_to_netcdf(tmp_path / "unsolved.nc")
    n.export_to_csv_folder(tmp_path / "unsolved")
    n.lpf()
    n.pf(use_seed=True, x_tol=1e-11)
    n.export_to_netcdf(tmp_path / "solved.nc")
    theirs = n.buses_t.v_mag_pu.iloc[0]
    assert np.ptp(theirs) > 0.01
    for name in ("unsolved.nc", "unsolved", "solved.nc"):
        ours = vm_pu(tmp_path / name)
        np.testing.assert_allclose([ours[bus] for bus in theirs.index], theirs, atol=1e-9, rtol=0, err_msg=name)
    assert "differ by at most" in read_grid_file(tmp_path / "solved.nc").report.compared[0]


def test_a_type_that_nobody_defines_is_named(tmp_path: Path) -> None:
    n = network()
    n.transformers.loc["local", "type"] = "0.4 MVA 20/0.4kV"
    n.lines.loc["far", "type"] = ""
    n.export_to_csv_folder(tmp_path / "valley")
    with pytest.raises(InputError) as caught:
        read_grid_file(tmp_path / "valley")
    assert {fault.place for fault in caught.value.faults} == {"transformers local, type", "lines far, type"}
    assert any(fault.suggestion == "0.4 MVA 20/0.4 kV" for fault in caught.value.faults)


def unusual() -> Any:
    """What PyPSA follows beyond a plain grid: types over stale values, slacks by part, links, stores, set voltages."""
    n = network()
    n.lines.loc["far", ["r", "x", "b"]] = [9.0, 9.0, 1.0]
    n.add("LineType", "sixty", f_nom=60, r_per_length=0.1, x_per_length=0.2, c_per_length=900, i_nom=0.3)
    n.add("Line", "cross", bus0="station", bus1="town", type="sixty", length=3)
    n.add("Bus", "high", v_nom=110.0)
    n.add("Transformer", "aside", bus0="high", bus1="station", type="40 MVA 110/20 kV", phase_shift=0)
    n.add("Transformer", "pi", bus0="grid", bus1="high", s_nom=50, x=0.08, r=0.002, g=0.01, b=-0.05, model="pi")
    n.add("Generator", "second", bus="high", control="Slack", p_set=1)
    n.buses_t.v_mag_pu_set["grid"] = [1.03, 1.0]
    n.buses.loc["high", "v_mag_pu_set"] = 1.02
    for name in ("a", "b"):
        n.add("Bus", name, v_nom=20.0)
    n.add("Line", "apart", bus0="a", bus1="b", r=1, x=1)
    n.add("Load", "alone", bus="b", p_set=1)
    n.add("Generator", "own", bus="a")
    n.add("Link", "tie", bus0="town", bus1="b", p_set=0.5, efficiency=0.9)
    n.add("Link", "idle", bus0="town", bus1="b")
    n.add("Bus", "heat", carrier="heat")
    n.add("Load", "warmth", bus="heat", p_set=1)
    n.add("Generator", "boiler", bus="heat")  # PyPSA solves no part without one
    n.add("Link", "pump", bus0="town", bus1="heat", p_set=0.3, efficiency=3)
    n.add("Store", "tank", bus="town", p_set=0.2, q_set=0.1)
    n.add("StorageUnit", "battery", bus="town", p_set=-0.4, q_set=0.2)
    n.add("Generator", "drawn", bus="town", p_set=0.5, q_set=0.3, sign=-1)
    return n


def test_types_slacks_links_and_set_voltages_are_followed_as_pypsa_does(tmp_path: Path) -> None:
    n = unusual()
    n.export_to_netcdf(tmp_path / "unusual.nc")
    n.lpf()
    n.pf(use_seed=True, x_tol=1e-11)
    theirs = n.buses_t.v_mag_pu.iloc[0].drop("heat")
    assert np.ptp(theirs) > 0.01
    ours = vm_pu(tmp_path / "unusual.nc")
    np.testing.assert_allclose([ours[bus] for bus in theirs.index], theirs, atol=1e-9, rtol=0)
    report = read_grid_file(tmp_path / "unusual.nc").report
    said = " ".join((*report.guessed, *report.dropped))
    assert all(words in said for words in ("those that they state: far", "(heat)", "1 links that carry nothing",
                                           "1 slacks beside another", "in 1 parts"))  # fmt: skip


def test_what_a_power_flow_cannot_follow_is_refused(tmp_path: Path) -> None:
    n = unusual()
    n.lines.loc["far", "length"] = 0.0
    n.transformers.loc["pi", "b"] = 0.2
    n.links.loc["tie", "bus2"] = "grid"
    n.export_to_csv_folder(tmp_path / "valley")
    with pytest.raises(InputError) as caught:
        read_grid_file(tmp_path / "valley")
    assert {fault.place for fault in caught.value.faults} == {
        "lines far, length", "transformers pi, g, b", "links tie, bus2"
    }  # fmt: skip
