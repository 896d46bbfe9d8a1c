"""Folders of SimBench's tables are read with their profiles, and what is wrong in any of them is named."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import numpy as np
import pytest

from grid.city.city import make_city
from grid.city.source import read_grid
from grid.errors import InputError
from grid.readers import read_grid_file
from grid.time.clock import Clock

pytest.importorskip("simbench", reason="simbench is optional")

START = dt.datetime(2016, 1, 1, tzinfo=dt.UTC)
STEPS = 96 * 7
TABLES = {
    "Node": "id;type;vmSetp;vaSetp;vmR;vmMin;vmMax;substation;coordID;subnet;voltLvl\n"
    "grid;busbar;1.02;0;20;0.9;1.1;NULL;c1;MV1;5\nstation;busbar;NULL;NULL;0.4;0.9;1.1;NULL;c2;LV1;7\n"
    "street;busbar;NULL;NULL;0.4;0.9;1.1;NULL;c3;LV1;7\n",
    "Coordinates": "id;x;y;subnet;voltLvl\nc1;11.41;53.64;MV1;5\nc2;11.42;53.64;LV1;7\nc3;11.43;53.65;LV1;7\n",
    "ExternalNet": "id;node;calc_type;dspf;pExtNet;qExtNet;pWardShunt;qWardShunt;rXWard;xXWard;vmXWard;subnet;voltLvl\n"
    "supply;grid;vavm;1;NULL;NULL;NULL;NULL;NULL;NULL;NULL;MV1;5\n",
    "LineType": "id;r;x;b;iMax;type\ncable;0.206;0.08;260;270;cable\n",
    "Line": "id;nodeA;nodeB;type;length;loadingMax;subnet;voltLvl\nline;station;street;cable;0.3;100;LV1;7\n",
    "TransformerType": "id;sR;vmHV;vmLV;va0;vmImp;pCu;pFe;iNoLoad;tapable;tapside;dVm;dVa;tapNeutr;tapMin;tapMax\n"
    "T;0.4;20;0.4;150;6;4.6;0.9;0.2;1;HV;2.5;0;0;-2;2\n",
    "Transformer": "id;nodeHV;nodeLV;type;tappos;autoTap;autoTapSide;loadingMax;substation;subnet;voltLvl\n"
    "trafo;grid;station;T;1;0;NULL;100;NULL;MV1_LV1;6\n",
    "Load": "id;node;profile;pLoad;qLoad;sR;subnet;voltLvl\nhomes;street;H0-A;0.05;0.02;0.054;LV1;7\n"
    "lamp;station;NULL;0.001;0;0.001;LV1;7\n",
    "RES": "id;node;type;profile;calc_type;pRES;qRES;sR;subnet;voltLvl\nroof;street;PV;PV1;pq;0.03;0;0.03;LV1;7\n",
}
"""A transformer, a line, two loads and a roof."""


def written(folder: Path, separator: str = ";", mark: str = ".", **changes: str | None) -> Path:
    """The folder; profiles of a week of quarter hours are added."""
    times = [f"{START + dt.timedelta(minutes=15 * k):%d.%m.%Y %H:%M}" for k in range(STEPS)]
    load = "".join(f"{time};{0.2 + k % 96 / 200};0.1\n" for k, time in enumerate(times))
    sun = "".join(f"{time};{max(0.0, 48 - abs(k % 96 - 48)) / 48}\n" for k, time in enumerate(times))
    profiles = {"LoadProfile": f"time;H0-A_pload;H0-A_qload\n{load}", "RESProfile": f"time;PV1\n{sun}"}
    folder.mkdir()
    for name, text in {**TABLES, **profiles, **changes}.items():
        if text is not None:
            numbers = text if mark == "." or name.endswith("Profile") else text.replace(".", mark)
            (folder / f"{name}.csv").write_text(numbers.replace(";", separator))
    return folder


def faults(folder: Path, **changes: str | None) -> list[str]:
    with pytest.raises(InputError) as error:
        read_grid_file(written(folder, ";", ".", **changes))
    return [str(fault) for fault in error.value.faults]


@pytest.mark.slow
@pytest.mark.parametrize(("separator", "mark"), [(";", "."), (",", "."), ("\t", ","), (";", ",")])
def test_a_folder_is_read_with_its_profiles(tmp_path: Path, separator: str, mark: str) -> None:
    written(tmp_path / "town", separator, mark)
    source = read_grid("town", folder=tmp_path)
    assert dict(source.report.read if source.report else {}) == {
        "bus": 3, "load": 2, "sgen": 1, "ext_grid": 1, "line": 1, "trafo": 1
    }  # fmt: skip
    city = make_city(source, Clock(START, dt.timedelta(minutes=15), 96))
    homes, lamp = city.loads.p_mw().T
    np.testing.assert_allclose(homes, 0.05 * (0.2 + np.arange(96) / 200), rtol=1e-12)
    np.testing.assert_allclose(lamp, 0.001)
    np.testing.assert_allclose(city.loads.q_mvar()[:, 0], 0.02 * 0.1)
    assert city.generators.p_mw().max() == pytest.approx(0.03)
    assert source.net.line.r_ohm_per_km.tolist() == [0.206]
    assert source.net.trafo.tap_pos.tolist() == [1]
    assert source.report is not None
    assert source.report.guessed[0].startswith("Profiles hold 2016-01-01 00:00 to 2016-01-08 00:00, of which days")


@pytest.mark.slow
def test_a_folder_without_profiles_keeps_the_values_of_its_tables(tmp_path: Path) -> None:
    read = read_grid_file(written(tmp_path / "town", LoadProfile=None, RESProfile=None, Measurements="id\n"))
    assert read.profiles is None
    assert read.report.dropped == ("Measurements.csv is not read.",)
    assert read.net.load.p_mw.tolist() == [0.05, 0.001]


@pytest.mark.parametrize(
    ("table", "old", "new", "words"),
    [
        ("Line", "street;cable", "sreet;cable", "Line.csv, nodeB: must be an id of Node.csv; not so in rows; got [2]"),
        ("Line", ";cable;", ";cabel;", "must be an id of LineType.csv or DCLineType.csv; not so in rows; got [2], the"),
        ("Line", "0.3", "0.3 km", "Line.csv, length: must be a number; not so in rows; got [2], the first of '0.3 km'"),
        ("Line", "0.3", "", "Line.csv, length: must be a number; not so in rows; got [2], the first of an empty cell"),
        ("Line", "length", "laenge", "Line.csv, length: is a required column"),
        ("Load", "0.05", "-999", "Load.csv, pLoad: -999 stands for a missing value, it seems"),
        ("Load", "H0-A", "H0_A", "Load.csv, profile: must be a profile of LoadProfile.csv in P and Q, or empty"),
        ("Load", "lamp", "homes", "Load.csv, id: must be there once; not so in rows; got [3], the first of 'homes'"),
        ("Node", "c3", "c4", "Node.csv, coordID: must be an id of Coordinates.csv; not so in rows; got [4]"),
        ("TransformerType", "0.4;20", "x;20", "TransformerType.csv, sR: must be a number; not so in rows; got [2]"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_named_with_file_and_row(tmp_path: Path, table: str, old: str, new: str, words: str) -> None:
    found = faults(tmp_path / "town", **{table: TABLES[table].replace(old, new, 1)})
    assert any(words in fault for fault in found), found
    assert len(found) == 1


def test_faults_of_all_tables_come_at_once(tmp_path: Path) -> None:
    found = faults(
        tmp_path / "town", Line=TABLES["Line"].replace("0.3", "long"), Load=TABLES["Load"].replace("street", "steet"),
        RESProfile="time;PV1\n01.01.2016 00:00;1\nnoon;x\n",
    )  # fmt: skip
    assert [fault.partition(":")[0] for fault in found] == [
        "Line.csv, length", "Load.csv, node", "RESProfile.csv, time", "RESProfile.csv, PV1"
    ]  # fmt: skip
    assert "did you mean 'street'?" in found[1]


def test_missing_tables_are_named(tmp_path: Path) -> None:
    assert faults(tmp_path / "town", ExternalNet=None) == ["ExternalNet.csv: is a required table"]


def test_profiles_of_other_steps_are_told(tmp_path: Path) -> None:
    (found,) = faults(tmp_path / "town", RESProfile="time;PV1\n01.01.2016 00:00;1\n01.01.2016 01:00;0\n")
    assert "RESProfile.csv, time: must be those of the other profiles, 672 from 2016-01-01 00:00; got '2 from" in found
