"""The three-bus example of Abur and Gómez Expósito, chapter 2."""

from pathlib import Path

import numpy as np
import pandapower as pp
import polars as pl
import pytest

from grid import _pandapower
from grid.twin.estimation.estimate import StateEstimate, estimate
from grid.twin.estimation.measured import MeasuredValues
from grid.twin.estimation.pseudo import PseudoInjections

HERE = Path(__file__).parent


@pytest.fixture(scope="module")
def found() -> StateEstimate:
    net = pp.create_empty_network(sn_mva=1.0)
    for name in ("1", "2", "3"):
        pp.create_bus(net, vn_kv=1.0, name=name)  # at 1 kV and 1 MVA, ohms are per unit
    pp.create_ext_grid(net, 0)
    for start, end, r_pu, x_pu in pl.read_csv(HERE / "branches.csv").iter_rows():
        pp.create_line_from_parameters(
            net, start - 1, end - 1, 1.0, r_ohm_per_km=r_pu, x_ohm_per_km=x_pu, c_nf_per_km=0.0, max_i_ka=1.0
        )
    rows = pl.read_csv(HERE / "measurements.csv")
    measured = MeasuredValues(
        tuple(rows["quantity"]), rows["place"].to_numpy(), rows["value"].to_numpy()[None],
        rows["standard_deviation"].to_numpy(),
    )  # fmt: skip
    nothing = PseudoInjections.unknown(np.array([1, 2]), 1)
    return estimate(_pandapower.network_of(net), measured, nothing, grid_voltage_spread=None)


def test_printed_state(found: StateEstimate) -> None:
    printed = pl.read_csv(HERE / "expected.csv")
    assert np.abs(found.vm_pu()[0] - printed["vm_pu"].to_numpy()).max() < 1e-4
    assert np.abs(found.va_degree()[0] - printed["va_degree"].to_numpy()).max() < 0.5e-4


def test_state_of_another_program(found: StateEstimate) -> None:
    other = pl.read_csv(HERE / "second_implementation.csv")
    voltage = other["real_pu"].to_numpy() + 1j * other["imag_pu"].to_numpy()
    assert np.abs(found.voltage[0] - voltage).max() < 1e-8
