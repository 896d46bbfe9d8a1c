"""Hosting capacity of photovoltaics, cars and heat pumps: each answer is judged by the plain power flow."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from app.scenario import check_scenario
from app.scenario.loaded import LoadedScenario
from app.simulation.inputs import prepare
from app.simulation.limits import resolve_limits
from app.studies.hosting.growth import growth, hosting_in_scenario
from grid.errors import InputError
from grid.powerflow.powerflow import power_flow
from tests.app.command_line import gridcarbon

pytestmark = pytest.mark.slow

SCENARIO: dict[str, Any] = {
    "name": "hosting",
    "city": {"network": "reference"},
    "period": {"start": "2030-06-17", "days": 1, "step_minutes": 15},
    "assets": [{"kind": "pv", "name": "roofs", "bus": "LV5.303 Bus 73", "p_peak_mw": 0.05}],
    "limits": {
        "vm_min_pu": 0.95,
        "vm_max_pu": 1.05,
        "line_loading_max_percent": 60,
        "trafo_loading_max_percent": 100,
    },
}
BUSES = ["LV5.303 Bus 73", "LV5.303 Bus 12", "MV3.101 Bus 86", "MV3.101 Bus 30"]


@pytest.fixture(scope="module")
def loaded() -> LoadedScenario:
    return check_scenario(SCENARIO, Path(), "hosting")


def keeps(loaded: LoadedScenario, what: str, bus: str, size: float) -> bool:
    """Whether every step keeps all limits, judged without the code under test."""
    inputs = prepare(loaded)
    grown, city = growth(inputs, what), inputs.loaded.city
    drawn, q_mvar = city.withdrawal()
    drawn = drawn.copy()
    for flexibility in inputs.flexibilities:
        if flexibility.name != what:
            drawn += flexibility.at_buses(flexibility.unmanaged_power())
    drawn[:, city.network.buses.position[bus]] += size * grown.p_per_unit_mw
    flow = power_flow(city.network, city.clock, drawn, q_mvar)
    limits = resolve_limits(loaded.scenario.limits, city.network).tolerated
    vm = flow.vm_pu()
    return not (
        flow.failed.any() or (vm < limits.vm_min_pu).any() or (vm > limits.vm_max_pu).any()
        or (flow.loading_percent() > limits.loading_max_percent).any()
    )  # fmt: skip


@pytest.mark.parametrize("what", ["pv", "roofs", "ev_fleet", "heat_pump"])
def test_the_capacity_keeps_the_limits_and_one_more_breaks_one(loaded: LoadedScenario, what: str) -> None:
    found = hosting_in_scenario(loaded, what, BUSES, every_step=False)
    increment = growth(prepare(loaded), what).kind.increment
    assert len(found) == len(BUSES)
    for row in found:
        assert row.size > 0
        assert keeps(loaded, what, row.bus, row.size), row
        assert not keeps(loaded, what, row.bus, row.size + increment), row
        assert row.binding is not None
        assert abs(row.binding.value) > abs(row.binding.limit) or row.binding.quantity == "vm_pu"


def test_what_feeds_in_is_stopped_by_voltage_rise_or_reverse_flow(loaded: LoadedScenario) -> None:
    rows = hosting_in_scenario(loaded, "pv", BUSES[:2], every_step=False)
    noon = growth(prepare(loaded), "pv").p_per_unit_mw
    assert len(rows) == 2
    for row in rows:
        assert row.binding is not None
        assert noon[row.binding.step] < 0.5 * noon.min()  # at the height of the sun
        assert row.binding.quantity == "loading_percent" or row.binding.value > row.binding.limit


def test_all_buses_together_are_what_each_is(loaded: LoadedScenario) -> None:
    together = hosting_in_scenario(loaded, "ev_fleet", BUSES, every_step=False)
    assert len(together) == len(BUSES)
    for row in together:
        (alone,) = hosting_in_scenario(loaded, "ev_fleet", [row.bus], every_step=True)
        assert alone.size == row.size


def test_nothing_of_that_name_or_without_a_size(loaded: LoadedScenario) -> None:
    with pytest.raises(InputError, match="did you mean 'roofs'"):
        hosting_in_scenario(loaded, "rofs", BUSES)
    with pytest.raises(InputError, match="has no bus of its own"):
        hosting_in_scenario(loaded, "pv")
    battery = {"kind": "battery", "name": "store", "bus": BUSES[0], "p_rated_mw": 0.1, "e_rated_mwh": 0.2}
    with pytest.raises(InputError, match="battery has no size that could grow"):
        hosting_in_scenario(loaded.with_changes({"assets": [battery]}), "store", BUSES)


def test_the_command_writes_a_table_of_all_buses(tmp_path: Path) -> None:
    (tmp_path / "s.yaml").write_text(
        "name: small\ncity: {network: case33bw}\nperiod: {start: 2030-06-17, days: 1, step_minutes: 60}\n"
    )
    file = tmp_path / "hosting.parquet"
    done = gridcarbon("hosting", str(tmp_path / "s.yaml"), "--of", "pv", "--all", "--out", str(file))
    assert done.returncode == 0, done.stderr
    said = (
        r"  one increment more: \S+ (voltage \S+ pu against 1.1 pu|loading \S+ % against 100 %), 2030-06-17 \d\d:00 UTC"
    )
    assert re.search(said, done.stdout)
    table = pl.read_parquet(file)
    assert table.height == 33
    assert table["size"].min() >= 0
    assert table["p_peak_mw"].is_finite().all()
    wrong = gridcarbon("hosting", str(tmp_path / "s.yaml"), "--of", "pvv", "--all", "--out", str(tmp_path / "x.docx"))
    assert wrong.returncode == 2
    assert "--out: must end in" in wrong.stderr
