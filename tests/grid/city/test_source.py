"""Reading grids: every kind of source, and every way in which a file can be broken."""

from __future__ import annotations

import gzip
import json
import sys
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pandapower as pp
import pandapower.networks as pn
import polars as pl
import pytest

from grid.city.city import City, make_city
from grid.city.profile_file import read_profiles
from grid.city.source import read_grid
from grid.errors import InputError
from grid.powerflow.powerflow import power_flow
from grid.time.clock import Clock

pytestmark = pytest.mark.slow

CLOCK = Clock(datetime(2030, 1, 1, tzinfo=UTC), timedelta(minutes=15), 96)


@pytest.fixture(scope="module")
def net_text() -> str:
    return str(pp.to_json(pn.mv_oberrhein()))


@pytest.fixture
def net_file(tmp_path: Path, net_text: str) -> Path:
    path = tmp_path / "net.json"
    path.write_text(net_text)
    return path


def profiles(folder: Path, **columns: list[float]) -> Path:
    times = pl.datetime_range(pl.datetime(2030, 1, 1), pl.datetime(2030, 1, 2), "15m", closed="left", eager=True)
    path = folder / "profiles.parquet"
    pl.DataFrame({"time_utc": times, **columns}).write_parquet(path)
    return path


def test_the_reference_city_has_sectors_districts_and_a_licence(winter_city: City) -> None:
    assert winter_city.sectors == ("I.1", "I.2", "I.3")
    assert winter_city.sector_shares.sum(axis=1) == pytest.approx(1)
    assert winter_city.is_area.sum() == 132
    assert "Feeder 8" in winter_city.network.buses.zones
    assert "ODbL" in winter_city.licences[0]
    assert set(winter_city.technologies) == {"solar", "hydro"}


def test_growth_scales_loads_and_nothing_else(winter_city: City) -> None:
    grown = make_city(read_grid("reference"), winter_city.clock, holidays="DE", demand_growth=0.1)
    assert grown.loads.p_mw() == pytest.approx(1.1 * winter_city.loads.p_mw())
    assert grown.generators.p_mw() == pytest.approx(winter_city.generators.p_mw())


def test_a_file_and_its_gzip_are_the_same(net_file: Path) -> None:
    packed = net_file.with_suffix(".json.gz")
    packed.write_bytes(gzip.compress(net_file.read_bytes()))
    plain = make_city(read_grid(net_file.name, folder=net_file.parent), CLOCK)
    again = make_city(read_grid(packed.name, folder=net_file.parent), CLOCK)
    assert plain.loads.p_mw() == pytest.approx(again.loads.p_mw())
    assert plain.sectors == ("I.6",)


def test_profiles_of_ones_own_replace_the_net_and_leave_the_rest(net_file: Path) -> None:
    source = read_grid("net.json", folder=net_file.parent)
    name = make_city(source, CLOCK).loads.names[0]
    ramp = [k / 100 for k in range(96)]
    given = profiles(net_file.parent, **{f"load/{name}/p_mw": ramp, "sgen/0/q_mvar": [0.5] * 96})
    city = make_city(read_grid("net.json", Path(given.name), net_file.parent), CLOCK)
    assert city.loads.p_mw()[:, 0].tolist() == ramp
    before = make_city(source, CLOCK)
    assert city.loads.p_mw()[:, 1:] == pytest.approx(before.loads.p_mw()[:, 1:])
    assert city.generators.q_mvar()[:, 0].tolist() == [0.5] * 96


def test_a_simbench_code_is_read_where_simbench_is_installed() -> None:
    pytest.importorskip("simbench", reason="simbench is optional")
    city = make_city(read_grid("1-LV-rural1--0-sw"), CLOCK)
    assert city.network.buses.names
    assert city.loads.p_mw().std(axis=0).min() > 0
    with pytest.raises(InputError, match=r"no such SimBench code.*did you mean '1-LV-rural1--0-sw'"):
        read_grid("1-LV-rural1--0-s")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is not a complete JSON file"),
        (b'{"_module": "pandapower.auxiliary", "_class": "pandapowerNet", "_obj', "is not a complete JSON file"),
        (b"[1, 2]", "not a pandapower net"),
        (b'{"a": 1}', "not a pandapower net"),
        (b"\x1f\x8b\x08broken", "is not a complete JSON file"),
        (b"\xff\xfe\x00", "is not a complete JSON file"),
    ],
)
def test_a_broken_file_is_refused(tmp_path: Path, content: bytes, message: str) -> None:
    (tmp_path / "net.json").write_bytes(content)
    with pytest.raises(InputError, match=message):
        read_grid("net.json", folder=tmp_path)


def test_a_truncated_net_is_refused(net_file: Path) -> None:
    net_file.write_bytes(net_file.read_bytes()[:-5000])
    with pytest.raises(InputError, match="is not a complete JSON file"):
        read_grid("net.json", folder=net_file.parent)


def hidden(how: str) -> dict[str, Any]:
    intruder = {"_module": "intruder", "_class": "Intruder", "_object": "{}"}
    text = json.dumps(intruder)
    return {
        "plain": {"x": intruder},
        "in a text": {"x": text},
        "in a list": {"x": [[text]]},
        "twice wrapped": {"x": json.dumps({"y": text})},
        "with spaces": {"x": "   " + text},
    }[how]


@pytest.mark.parametrize("how", ["plain", "in a text", "in a list", "twice wrapped", "with spaces"])
@pytest.mark.parametrize("escaped", [False, True])
def test_a_foreign_module_is_refused_before_it_is_imported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, how: str, escaped: bool
) -> None:
    (tmp_path / "intruder.py").write_text("raise SystemExit('it ran')\n")
    monkeypatch.syspath_prepend(tmp_path)
    net = {"_module": "pandapower.auxiliary", "_class": "pandapowerNet", "_object": hidden(how)}
    text = json.dumps(net)
    (tmp_path / "net.json").write_text(text.replace("_module", "\\u005fmodule") if escaped else text)
    with pytest.raises(InputError, match="names a class of a module that no pandapower net needs; got 'intruder'"):
        read_grid("net.json", folder=tmp_path)
    assert "intruder" not in sys.modules


def test_names_that_lead_nowhere_are_refused_with_the_nearest(net_file: Path) -> None:
    with pytest.raises(InputError, match="did you mean 'mv_oberrhein'"):
        read_grid("mv_oberhein")
    with pytest.raises(InputError, match=r"no file .*did you mean 'net.json'"):
        read_grid("nett.json", folder=net_file.parent)
    with pytest.raises(InputError, match="no file"):
        read_profiles(net_file.parent / "none.parquet")


def test_all_that_is_wrong_with_profiles_is_said_at_once(tmp_path: Path) -> None:
    times = [datetime(2030, 1, 1), datetime(2030, 1, 1, 0, 15), datetime(2030, 1, 1, 0, 25)]
    pl.DataFrame(
        {"time_utc": times, "load/a/p_mw": [1.0, None, 3.0], "load/b/q_mvar": ["x", "y", "z"], "power": [1, 2, 3],
         "sgen/c/p_mw": [1.0, float("inf"), 2.0]}
    ).write_parquet(tmp_path / "p.parquet")  # fmt: skip
    with pytest.raises(InputError) as error:
        read_profiles(tmp_path / "p.parquet")
    assert [fault.place for fault in error.value.faults] == [
        "time_utc", "load/b/q_mvar", "power", "sgen/c/p_mw",
    ]  # fmt: skip
    (tmp_path / "q.parquet").write_bytes((tmp_path / "p.parquet").read_bytes()[:200])
    with pytest.raises(InputError, match="is not a complete Parquet file"):
        read_profiles(tmp_path / "q.parquet")


def test_profiles_of_elements_that_do_not_exist_are_refused(net_file: Path) -> None:
    given = profiles(net_file.parent, **{"load/nobody/p_mw": [0.0] * 96, "sgen/9999/p_mw": [0.0] * 96})
    source = read_grid("net.json", Path(given.name), net_file.parent)
    with pytest.raises(InputError) as error:
        make_city(source, CLOCK)
    assert len(error.value.faults) == 2


def test_a_net_that_nothing_feeds_is_refused(tmp_path: Path) -> None:
    net = pn.mv_oberrhein()
    net.ext_grid["in_service"] = False
    pp.to_json(net, str(tmp_path / "net.json"))
    with pytest.raises(InputError, match="no external grid in service"):
        make_city(read_grid("net.json", folder=tmp_path), CLOCK)


def test_a_sector_that_is_no_code_is_refused(tmp_path: Path) -> None:
    net = pn.mv_oberrhein()
    net.load["sector"] = "homes"
    pp.to_json(net, str(tmp_path / "net.json"))
    with pytest.raises(InputError, match=r"load\.sector: must be a GPC code"):
        make_city(read_grid("net.json", folder=tmp_path), CLOCK)


def test_all_that_is_wrong_with_elements_is_said_at_once(tmp_path: Path) -> None:
    net = pn.mv_oberrhein()
    net.line.loc[net.line.index[3], "length_km"] = 0.0
    net.line.loc[net.line.index[5], ["r_ohm_per_km", "x_ohm_per_km"]] = 0.0
    net.trafo.loc[net.trafo.index[0], "vk_percent"] = float("nan")
    net.load.loc[net.load.index[0], "p_mw"] = float("nan")
    net.load.loc[net.load.index[1], "bus"] = 99_999
    pp.to_json(net, str(tmp_path / "net.json"))
    with pytest.raises(InputError) as error:
        make_city(read_grid("net.json", folder=tmp_path), CLOCK)
    assert {str(fault) for fault in error.value.faults} == {
        "load 'LV Load 0', p_mw: must be finite; got nan",
        "load 'LV Load 1', bus: no such bus; got 99999",
        "line 'Line 3', length_km: must be greater than 0 (a branch without impedance is a switch); got 0.0",
        f"line '{net.line.name.iloc[5]}', r_ohm_per_km, x_ohm_per_km: must not both be 0: that is a switch",
        "trafo 'HV/MV Transformer 0', vk_percent: must not be 0 (a transformer without impedance is a switch); got nan",
    }


def test_a_net_whose_loads_are_too_much_is_judged_by_its_profiles(tmp_path: Path) -> None:
    net = pn.mv_oberrhein()
    names = [str(name) for name in net.load.name]
    light = {f"load/{name}/p_mw": [float(p)] * 96 for name, p in zip(names, net.load.p_mw, strict=True)}
    net.load["p_mw"] *= 50
    pp.to_json(net, str(tmp_path / "net.json"))
    given = profiles(tmp_path, **light)
    few = replace(CLOCK, n_steps=4)
    heavy = make_city(read_grid("net.json", folder=tmp_path), few)
    assert power_flow(heavy.network, few, *heavy.withdrawal()).failed.all()
    city = make_city(read_grid("net.json", Path(given.name), tmp_path), few)
    assert not power_flow(city.network, few, *city.withdrawal()).failed.any()
