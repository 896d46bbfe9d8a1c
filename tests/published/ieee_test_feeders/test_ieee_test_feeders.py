from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest

from grid.phase_coordinates import node_flow
from grid.readers.opendss.phases import read_feeder
from tests.app.command_line import gridcarbon

pytestmark = pytest.mark.slow

HERE = Path(__file__).parent
with (HERE / "expected.csv").open() as file:
    ROWS = list(csv.DictReader(file))


@pytest.mark.parametrize("row", ROWS, ids=[row["script"].partition("/")[0] for row in ROWS])
def test_losses_and_voltages_are_those_of_the_engine(row: dict[str, str]) -> None:
    read = read_feeder(HERE / row["script"])
    flow = node_flow(read.network, keep="phasors")
    assert len(read.network.nodes) == int(row["nodes"])
    assert 1e3 * flow.loss_mw[0] == pytest.approx(float(row["loss_kw"]), abs=0.005)
    assert flow.vm_min_pu[0] == pytest.approx(float(row["vm_min_pu"]), abs=5e-6)
    np.testing.assert_allclose(np.abs(flow.phasors()[:, 0]), read.vm_pu, rtol=0, atol=1e-7)
    assert flow.loss_mw[0] == pytest.approx(read.loss_mw, rel=1e-7)


def test_the_command_line_says_what_it_finds_and_what_the_feeder_is_not() -> None:
    done = gridcarbon("grid", HERE / "13Bus" / "IEEE13Nodeckt.dss")
    assert done.returncode == 0
    assert "Losses 112.39 kW, lowest voltage of a phase 0.96084 pu at '611.3'" in done.stdout
    assert "OpenDSS itself: losses 112.39 kW, lowest voltage of a phase 0.96084 pu at '611.3'" in done.stdout
    assert "Voltages of 41 nodes differ from those of OpenDSS by at most" in done.stdout
    assert "22 elements: RegControl.reg1" in done.stdout
