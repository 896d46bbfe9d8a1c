"""The exported net, solved by plain pandapower, has the voltages and losses of the result."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandapower as pp
import polars as pl
import pytest

from app.reports.pandapower_net import export_step
from app.results.folder import Result
from grid.errors import InputError


@pytest.mark.parametrize("step", [0, 73, 191])
def test_plain_pandapower_finds_the_same(demo: tuple[Result, Result], tmp_path: Path, step: int) -> None:
    for result in demo:
        file = tmp_path / f"{result.name}.json"
        export_step(result.path, file, step)
        net = pp.from_json(str(file))
        pp.runpp(net)
        time = result.table("city").collect()["time"][step]
        buses = result.table("buses").filter(pl.col("time") == time).collect()
        ours = dict(zip(buses["bus"].cast(pl.String), buses["vm_pu"], strict=True))
        theirs = dict(zip(net.bus.name, net.res_bus.vm_pu, strict=True))
        assert set(ours) == set(theirs)
        assert max(abs(ours[name] - theirs[name]) for name in ours) < 1e-6
        branches = result.table("branches").filter(pl.col("time") == time).collect()
        lost = (branches["p_from_mw"] + branches["p_to_mw"]).sum()
        assert lost == pytest.approx(net.res_line.pl_mw.sum() + net.res_trafo.pl_mw.sum(), abs=1e-6)
        loading = dict(zip(branches["branch"].cast(pl.String), branches["loading_percent"], strict=True))
        expected = dict(zip(net.line.name, net.res_line.loading_percent, strict=True))
        assert np.allclose([loading[name] for name in expected], list(expected.values()), atol=1e-5)


def test_assets_are_standard_elements(demo: tuple[Result, Result], tmp_path: Path) -> None:
    export_step(demo[1].path, tmp_path / "net.json", 73)
    net = pp.from_json(str(tmp_path / "net.json"))
    assert net.storage.name.str.startswith("feeder 8 @").sum() == 1
    assert net.storage.name.str.startswith("homes @").sum() > 100
    assert net.sgen.name.str.startswith("roofs @").sum() > 200
    assert net.load.name.eq("north @ MV3.101 Bus 86").sum() == 1


def test_a_step_outside_the_run_is_refused_and_nothing_is_written(demo: tuple[Result, Result], tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"must lie within 0\.\.191"):
        export_step(demo[0].path, tmp_path / "net.json", 192)
    assert list(tmp_path.iterdir()) == []
