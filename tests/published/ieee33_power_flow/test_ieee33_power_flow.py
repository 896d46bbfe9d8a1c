from __future__ import annotations

import csv
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pandapower as pp
import pandapower.networks as pn
import pytest

from grid.city.city import make_city
from grid.city.source import read_grid
from grid.powerflow.powerflow import PowerFlow, power_flow
from grid.time.clock import Clock

pytestmark = pytest.mark.slow

CLOCK = Clock(datetime(2030, 1, 1, tzinfo=UTC), timedelta(hours=1), 1)
with (Path(__file__).parent / "expected.csv").open() as file:
    ROWS = list(csv.DictReader(file))


def solved(network: str, folder: Path | None = None) -> PowerFlow:
    city = make_city(read_grid(network, folder=folder), CLOCK)
    return power_flow(city.network, CLOCK, *city.withdrawal())


def loss_kw(flow: PowerFlow) -> float:
    p_from, p_to = flow.branch_powers_mw()
    return 1000 * float((p_from + p_to).sum())


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row["case"])
def test_losses_and_lowest_voltage(row: dict[str, str]) -> None:
    flow = solved(row["case"])
    assert not flow.by_newton.any()
    assert loss_kw(flow) == pytest.approx(float(row["loss_kw"]), abs=float(row["loss_half_digit"]))
    assert np.nanmin(flow.vm_pu()) == pytest.approx(float(row["vm_min_pu"]), abs=float(row["vm_half_digit"]))


def test_the_lowest_voltage_of_the_33_bus_feeder_is_at_bus_18() -> None:
    assert int(solved("case33bw").vm_pu()[0].argmin()) == 17
    i_from, _ = solved("case33bw").branch_currents_pu()
    assert i_from.shape == (1, 32)


def test_the_best_configuration_of_the_33_bus_feeder(tmp_path: Path) -> None:
    net = pn.case33bw()
    net.line["in_service"] = True
    net.line.loc[[k - 1 for k in (7, 9, 14, 32, 37)], "in_service"] = False
    pp.to_json(net, str(tmp_path / "net.json"))
    flow = solved("net.json", tmp_path)
    assert loss_kw(flow) == pytest.approx(139.551, abs=0.0005)
    assert flow.vm_pu().min() == pytest.approx(0.93782, abs=0.000005)
    assert int(flow.vm_pu()[0].argmin()) == 31
