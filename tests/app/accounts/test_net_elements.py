"""Elements of a net beyond loads and generators: what they carry is transfer, what they draw is consumption."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandapower as pp
import pandapower.networks
import pytest

from app.scenario.load import check_scenario
from app.simulation import SimulationResult, simulate

pytestmark = pytest.mark.slow


def simulated(net: Any, folder: Path) -> SimulationResult:
    pp.to_json(net, str(folder / "net.json"))
    scenario = {
        "name": "elements",
        "city": {"network": "net.json"},
        "period": {"start": "2030-06-01", "days": 1, "step_minutes": 60},
    }
    return simulate(check_scenario(scenario, folder, "elements"))


def feeder() -> Any:
    """An external grid, a line of 20 km and a bus that draws 2 MW."""
    net = pp.create_empty_network(name="feeder")
    first, second = (pp.create_bus(net, 20.0, name=name) for name in ("first", "second"))
    pp.create_ext_grid(net, first)
    pp.create_line_from_parameters(net, first, second, 20.0, 0.3, 0.3, 10.0, 0.3, name="line")
    pp.create_load(net, second, 2.0, name="load")
    return net


def test_a_direct_current_line_transfers_and_loses_and_is_no_generation(tmp_path: Path) -> None:
    net = feeder()
    pp.create_dcline(net, 0, 1, p_mw=1.0, loss_percent=2.0, loss_mw=0.01, vm_from_pu=1.0, vm_to_pu=1.0, name="dc")
    result = simulated(net, tmp_path)
    pp.runpp(net, calculate_voltage_angles=True)
    energy = result.accounts.energy
    assert result.balanced
    np.testing.assert_allclose(energy.generation_mwh, 0.0, atol=1e-9)
    np.testing.assert_allclose(energy.consumption_mwh, 2.0, atol=1e-9)
    np.testing.assert_allclose(energy.import_mwh, net.res_ext_grid.p_mw.sum(), atol=1e-6)
    lost = net.res_line.pl_mw.sum() + net.res_dcline.pl_mw.sum()
    np.testing.assert_allclose(energy.loss_mwh, lost, atol=1e-6)


@pytest.mark.parametrize("table", ["ward", "xward"])
def test_the_constant_impedance_of_a_ward_consumes(table: str, tmp_path: Path) -> None:
    net = feeder()
    if table == "ward":
        pp.create_ward(net, 1, ps_mw=0.2, qs_mvar=0.0, pz_mw=0.5, qz_mvar=0.0, name="ward")
    else:
        pp.create_xward(net, 1, ps_mw=0.2, qs_mvar=0.0, pz_mw=0.5, qz_mvar=0.0, r_ohm=10.0, x_ohm=50.0, vm_pu=1.0)
    result = simulated(net, tmp_path)
    pp.runpp(net, calculate_voltage_angles=True)
    vm_pu = net.res_bus.vm_pu[1]
    energy = result.accounts.energy
    assert result.balanced
    np.testing.assert_allclose(energy.consumption_mwh, 2.2 + 0.5 * vm_pu**2, atol=1e-6)
    np.testing.assert_allclose(energy.import_mwh, net.res_ext_grid.p_mw.sum(), atol=1e-6)
