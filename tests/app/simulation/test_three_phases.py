"""A scenario in three phases: exact ledgers, violations by phase, what balancing gains, and nothing of it elsewhere."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from app.scenario import check_scenario
from app.scenario.phases import solved_phases
from app.simulation import PhaseReuse, SimulationResult, simulate
from app.simulation.marginal import OF_PHASES
from app.simulation.three_phases import phase_loads
from app.simulation.violations import beyond_unbalance, find_violations
from grid.city.source import read_grid
from grid.errors import InputError, ScenarioError
from grid.three_phase import PhaseLoads, phase_power_flow
from grid.time.clock import Clock

pytestmark = pytest.mark.slow

STREET: dict[str, Any] = {
    "name": "street",
    "city": {"network": "create_kerber_landnetz_freileitung_1", "phases": "three"},
    "period": {"start": "2030-01-07", "days": 1, "step_minutes": 60},
    "assets": [
        {"kind": "ev_fleet", "name": "cars", "vehicles": 12, "charger_kw": 3.7, "where": {}, "v2g_share": 0.5},
        {"kind": "pv", "name": "roof", "p_peak_mw": 0.004, "bus": "bus_1_1", "phases": "b"},
    ],
}


def run(changes: dict[str, Any], reuse: PhaseReuse | None = None) -> SimulationResult:
    return simulate(check_scenario({**STREET, **changes}, Path(), "test"), reuse=reuse)


@pytest.fixture(scope="module")
def street() -> SimulationResult:
    return run({"assets": [{**STREET["assets"][0], "vehicles": 12}]})


def test_ledgers_close_and_losses_are_those_of_the_phases(street: SimulationResult) -> None:
    flow = street.by_phase
    assert flow is not None
    assert street.balanced
    assert street.accounts.energy_error_mwh < 1e-9
    lost_mwh = (np.add(*flow.branch_powers_mw()).sum(axis=1) + flow.shunt_mw().sum(axis=1)) * flow.clock.step_hours
    np.testing.assert_allclose(street.accounts.energy.grid_loss_mwh, lost_mwh, atol=1e-9)
    assert street.accounts.carbon_error_kg < 1e-6
    assert flow.unbalance().max() > 1e-3


def test_phases_draw_together_what_the_buses_do(street: SimulationResult) -> None:
    inputs = street.inputs
    loads = phase_loads(inputs, street.schedule, street.p_mw)
    by_bus = inputs.loaded.city.withdrawal()[0] + sum(
        flexibility.at_buses(street.p_mw[flexibility.name]) for flexibility in inputs.flexibilities
    )
    found = (loads.wye.p_mw @ loads.wye.profiles).reshape(3, -1, inputs.clock.n_steps).sum(axis=0).T
    np.testing.assert_allclose(found, by_bus, atol=1e-12)


def test_balancing_never_raises_losses_and_is_what_one_phase_gives(street: SimulationResult) -> None:
    flow, even = street.by_phase, street.even
    assert flow is not None
    assert even is not None
    assert (np.add(*flow.branch_powers_mw()).sum(axis=1) >= even.loss_mw - 1e-12).all()
    assert flow.vm_pu().min() < even.vm_min_pu.min()
    one = run({"assets": STREET["assets"][:1], "city": {**STREET["city"], "phases": "one"}})
    assert one.by_phase is None
    assert one.even is None
    assert one.flow.vm_pu().min() == pytest.approx(even.vm_min_pu.min(), abs=1e-9)


def test_marginal_losses_are_those_of_a_third_in_each_phase(street: SimulationResult) -> None:
    flow, clock = street.by_phase, street.inputs.clock
    assert flow is not None
    bus, step_mw, lost_mw = 7, 1e-4, []
    loads = phase_loads(street.inputs, street.schedule, street.p_mw)
    for sign in (1, -1):
        more = np.zeros((clock.n_steps, 3, len(flow.network.buses.names)), dtype=complex)
        more[:, :, bus] = sign * step_mw / 3
        drawn = replace(loads, wye=loads.wye.plus(PhaseLoads.dense(more).wye))
        moved = phase_power_flow(flow.network, flow.sequences, clock, drawn)
        lost_mw.append(moved.injected_mw().sum(axis=1))
    expected = (lost_mw[0] - lost_mw[1]) / (2 * step_mw)
    np.testing.assert_allclose(street.marginal.loss_sensitivity[:, bus], expected, rtol=1e-4)
    assert OF_PHASES in street.marginal.notes


def test_units_on_all_phases_give_the_balanced_result() -> None:
    three, one = (run({"assets": [], "city": {"network": "case33bw", "phases": n}}) for n in ("three", "one"))
    np.testing.assert_allclose(three.flow.vm_pu(), one.flow.vm_pu(), atol=1e-9)
    np.testing.assert_allclose(
        three.accounts.carbon.emissions_kg, one.accounts.carbon.emissions_kg, rtol=1e-9, atol=1e-9
    )


def test_violations_name_the_phase() -> None:
    outcome = run({"limits": {"vm_min_pu": 0.98, "line_loading_max_percent": 5.0}})
    flow, found = outcome.by_phase, find_violations(outcome)
    assert flow is not None
    low = [one for one in found if one.quantity == "vm_pu" and one.step.size]
    assert low
    vm, buses = flow.phase_vm_pu(), list(flow.network.buses.names)
    for violations in low:
        for step, bus, phase, value in zip(
            violations.step, violations.element, violations.phase, violations.value, strict=True
        ):
            assert vm[step, "abc".index(phase), buses.index(bus)] == value < 0.98
    assert sum(one.step.size for one in low) == (vm < 0.98 - 1e-4).sum()


def test_a_run_takes_the_flow_of_another(tmp_path: Path) -> None:
    reuse = PhaseReuse(tmp_path)
    first, second = run({}, reuse), run({}, reuse)
    assert "power flow" not in first.reused
    assert "power flow" in second.reused
    np.testing.assert_array_equal(first.flow.vm_pu(), second.flow.vm_pu())


def test_unbalance_counts_where_it_is_beyond_the_limit_for_more_than_a_twentieth_of_a_week() -> None:
    clock = Clock(datetime(2030, 1, 7, tzinfo=UTC), timedelta(minutes=10), 2 * 1008)
    unbalance = np.full((clock.n_steps, 3), 0.01)
    unbalance[:50, 0] = 0.03  # 4.96 % of the first week
    unbalance[:51, 1] = 0.03  # 5.06 %
    unbalance[984:1034, 2] = 0.03  # 5 %, across two weeks
    found = beyond_unbalance(unbalance, clock)
    assert found.sum(axis=0).tolist() == [0, 51, 0]
    assert found[:51, 1].all()


def test_means_over_ten_minutes_count_not_moments() -> None:
    clock = Clock(datetime(2030, 1, 7, tzinfo=UTC), timedelta(minutes=5), 288)
    moments = np.tile([[0.035], [0.001]], (144, 1))
    assert not beyond_unbalance(moments, clock).any()
    assert beyond_unbalance(moments + 0.01, clock).sum() == 144


def test_what_is_not_solved_in_three_phases_is_refused_by_name() -> None:
    with pytest.raises(ScenarioError, match=r"city.phases: net.gen: these elements are not solved in three phases"):
        check_scenario({**STREET, "assets": [], "city": {"network": "case14", "phases": "three"}}, Path(), "test")


def test_three_phases_with_controllers_are_refused_and_auto_stays_balanced_and_says_so() -> None:
    network = read_grid("ieee_european_lv_asymmetric").network
    with pytest.raises(InputError, match=r"city.phases: controllers"):
        solved_phases("three", network, controlled=True)
    found = solved_phases("auto", network, controlled=True)
    assert found.sequences is None
    assert "controllers" in found.misstated[-1]


WITHOUT_PHASES = """
import sys
from pathlib import Path
from app.scenario import check_scenario
from app.simulation import simulate

raw = {"name": "x", "city": {"network": "reference"}, "period": {"start": "2030-01-07", "days": 1}}
simulate(check_scenario(raw, Path(), "x"))
assert not [name for name in sys.modules if name.startswith("grid.three_phase")]
"""


def test_a_balanced_city_loads_nothing_of_it() -> None:
    subprocess.run([sys.executable, "-c", WITHOUT_PHASES], check=True)
