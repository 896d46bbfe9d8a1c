"""Laws of synthetic grids: everybody is supplied, radially, within limits, and after a fault in a ring by switching."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import networkx as nx
import numpy as np
import pandapower as pp
import pytest
from pandapower.topology import create_nxgraph

from app.dashboard.builder.files.named import file_faults
from app.scenario.describe import describe_scenario
from app.scenario.load import check_scenario
from grid import _pandapower
from grid.errors import InputError
from grid.synthetic import SyntheticSpec, synthetic_grid
from grid.synthetic.routes import clusters
from tests.grid.synthetic.town import write_town

pytestmark = pytest.mark.slow


def made(folder: Path, n: int, *, streets: bool = False, **more: Any) -> Any:
    write_town(folder, n, streets=streets)
    lines = "streets.geojson" if streets else None
    return synthetic_grid(SyntheticSpec(loads="loads.csv", streets=lines, **more), folder)


@pytest.mark.parametrize(("n", "streets"), [(1, False), (60, False), (60, True)])
def test_all_loads_are_supplied_radially_within_limits(tmp_path: Path, n: int, streets: bool) -> None:
    net = made(tmp_path, n, streets=streets).net
    assert len(net.load) == n
    assert len(set(net.load.name)) == n
    graph = create_nxgraph(net, multi=False)  # parallel transformers of the supply are one edge
    assert nx.is_connected(graph)
    assert nx.is_tree(graph)
    pp.runpp(net)
    assert net.res_bus.vm_pu.between(0.9, 1.1).all()
    assert max(net.res_line.loading_percent.max(), net.res_trafo.loading_percent.max()) <= 100
    assert set(net.line.std_type) <= set(_pandapower.standard_types("line"))
    assert set(net.trafo.std_type) <= set(_pandapower.standard_types("trafo"))


def test_after_a_fault_of_any_cable_of_a_ring_switching_supplies_everybody(tmp_path: Path) -> None:
    net = made(tmp_path, 60, substation_max_mva=0.25).net
    cables = net.line.index[net.line.std_type.str.startswith("NA2XS2Y")]
    assert len(cables) > len(net.switch) * 3
    for cable in cables:
        after = copy.deepcopy(net)
        after.line.loc[cable, "in_service"] = False
        after.switch["closed"] = True
        pp.runpp(after)
        assert after.res_bus.vm_pu.notna().all()
        assert after.res_bus.vm_pu.between(0.9, 1.1).all()
        assert after.res_line.loading_percent.max() <= 100
    for transformer in net.trafo.index[net.trafo.name.str.startswith("supply")]:
        after = copy.deepcopy(net)
        after.trafo.loc[transformer, "in_service"] = False
        pp.runpp(after)
        assert after.res_trafo.loading_percent.max() <= 100


def test_the_same_seed_makes_the_same_grid(tmp_path: Path) -> None:
    one, same, other = (made(tmp_path, 60, seed=seed).net for seed in (1, 1, 2))
    for table in ("bus", "line", "trafo", "load", "switch"):
        assert one[table].equals(same[table])
    assert not (one.bus.shape == other.bus.shape and one.bus.equals(other.bus))


def test_groups_keep_power_and_distance_and_hold_every_load_once() -> None:
    generator = np.random.default_rng(5)
    km, s_mva = generator.uniform(0, 2, (200, 2)), generator.uniform(0.001, 0.05, 200)
    km[:20] = km[0]  # many at one place
    groups = clusters(km, s_mva, 0.3, 0.4, seed=0)
    assert sorted(np.concatenate(groups).tolist()) == list(range(200))
    for group in groups:
        middle = np.average(km[group], axis=0, weights=s_mva[group])
        assert s_mva[group].sum() <= 0.3
        assert np.hypot(*(km[group] - middle).T).max() <= 0.4


def test_all_that_is_wrong_with_loads_is_said_at_once(tmp_path: Path) -> None:
    rows = "name,longitude,latitude,p_kw\na,8.0,50.0,x\na,8.1,95.0,3\nb,,50.0,-1\n"
    (tmp_path / "loads.csv").write_text(rows)
    (tmp_path / "streets.geojson").write_text('{"type": "FeatureCollection", "features": []}')
    with pytest.raises(InputError) as caught:
        synthetic_grid(SyntheticSpec(loads="loads.csv", streets="streets.geojson"), tmp_path)
    said = str(caught.value)
    for part in ("row 2, p_kw: must be a finite number; got 'x'", "row 3, coordinates: must be longitude and latitude",
                 "row 4, longitude: is missing", "row 4, p_kw: must be at least 0", "must have different names",
                 "streets.geojson: has no lines"):  # fmt: skip
        assert part in said, said


def test_the_web_app_reads_no_loads_outside_its_uploads(tmp_path: Path) -> None:
    content = {"city": {"network": "synthetic", "synthetic": {"loads": "../a.csv", "streets": "/b.gpkg"}}}
    assert [fault.place for fault in file_faults(content, tmp_path)] == [
        "city.synthetic.loads",
        "city.synthetic.streets",
    ]


def test_a_scenario_says_that_its_grid_is_synthetic(tmp_path: Path) -> None:
    write_town(tmp_path, 30)
    city = {"network": "synthetic", "synthetic": {"loads": "loads.csv"}, "default_sector": "I.1"}
    scenario = {"name": "town", "city": city, "period": {"start": "2030-01-01", "days": 1}}
    loaded = check_scenario(scenario, tmp_path, "town.yaml")
    assert "ATTENTION  This grid is synthetic" in describe_scenario(loaded)
    assert "loads.csv" in loaded.input_hashes()
    assert loaded.city.grid_report is not None
    assert loaded.city.grid_report.as_record["synthetic"].startswith("This grid is synthetic")
    with pytest.raises(InputError, match="need each other"):
        check_scenario({**scenario, "city": {"network": "synthetic"}}, tmp_path, "town.yaml")
