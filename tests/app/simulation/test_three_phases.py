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

from app.results.manifest import manifest, status
from app.scenario import check_scenario
from app.scenario.phases import NO_UNBALANCE
from app.simulation import PhaseReuse, SimulationResult, simulate
from app.simulation.marginal import OF_PHASES
from app.simulation.phases import dispatch_problem
from app.simulation.three_phases import phase_loads
from app.simulation.violations import beyond_unbalance, find_violations
from grid.errors import ScenarioError
from grid.three_phase import PhaseLoads, PhasePowerFlow, phase_power_flow
from grid.time.clock import Clock
from optimizer.horizon.rolling import dispatch
from optimizer.problem.totals import schedule_totals, scheduled_flow

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


CELLAR = {"kind": "battery", "name": "cellar", "bus": "bus_1_3", "p_rated_mw": 0.003, "e_rated_mwh": 0.006}


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


@pytest.fixture(scope="module")
def limited() -> SimulationResult:
    """Thirty cars that an optimal dispatch charges where it is cheapest, at limits that one phase would break."""
    limits = {"vm_min_pu": 0.915, "line_loading_max_percent": 100, "voltage_unbalance_max_percent": 0.6}
    cars = {**STREET["assets"][0], "vehicles": 30, "v2g_share": 0.0}
    return run({"assets": [cars], "limits": limits, "dispatch": {"strategy": "optimal"}})


def test_an_optimal_dispatch_keeps_the_limits_of_every_phase(limited: SimulationResult) -> None:
    inputs, flow = limited.inputs, limited.by_phase
    assert flow is not None
    problem = dispatch_problem(inputs, *inputs.loaded.city.withdrawal())
    balanced = dispatch(replace(problem, phases=None))
    assert not balanced.shortfalls
    before = scheduled_flow(problem, balanced)
    assert isinstance(before, PhasePowerFlow)
    assert before.phase_vm_pu().min() < 0.91
    assert before.loading_percent().max() > 105
    assert before.unbalance().max() > 0.008
    assert status(limited) == "done"
    assert flow.phase_vm_pu().min() >= 0.915 - 1e-4
    assert np.nanmax(flow.loading_percent()) <= 100.2
    assert np.nanmax(flow.unbalance()) <= 0.006
    np.testing.assert_allclose(limited.schedule.import_mw, limited.accounts.energy.import_mwh, atol=1e-7)
    assert schedule_totals(problem, balanced).cost < schedule_totals(problem, limited.schedule).cost


def test_what_no_programme_keeps_is_named_with_phase_and_time(limited: SimulationResult) -> None:
    limits = {"vm_min_pu": 0.96, "voltage_unbalance_max_percent": 50}
    outcome = run({"assets": [CELLAR], "limits": limits, "dispatch": {"strategy": "optimal"}})
    assert status(outcome) == "infeasible"
    named = manifest(outcome, {})["limits_in_conflict"]
    assert {one["phase"] for one in named} == {"a", "b", "c"}
    assert all(one["time"].startswith("2030-01-07T") for one in named)
    assert all(one["why"].endswith("no programme that the dispatch found keeps it") for one in named)
    assert manifest(limited, {})["limits_in_conflict"] == []


def test_a_limit_of_unbalance_is_told_to_limit_nothing_where_phases_are_balanced() -> None:
    balanced = {"city": {**STREET["city"], "phases": "one"}, "limits": {"voltage_unbalance_max_percent": 1.0}}
    loaded = check_scenario({**STREET, **balanced}, Path(), "test")
    assert NO_UNBALANCE in loaded.phases.notes
    assert NO_UNBALANCE not in check_scenario(STREET, Path(), "test").phases.notes


def test_a_run_takes_the_flow_of_another(tmp_path: Path) -> None:
    reuse = PhaseReuse(tmp_path)
    changes = {"assets": [CELLAR], "dispatch": {"strategy": "optimal"}}
    first, second = run(changes, reuse), run(changes, reuse)
    assert "power flow" not in first.reused
    assert "dispatch" in second.reused
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


def test_controllers_work_in_three_phases_and_the_dispatch_holds_them() -> None:
    changes = {
        "assets": [
            {"kind": "pv", "name": "roof", "p_peak_mw": 0.004, "bus": "bus_1_1", "phases": "b"},
            {**CELLAR, "phases": "c"},
        ],
        "controllers": [
            {
                "kind": "capacitor_bank",
                "name": "bank",
                "bus": "bus_1_3",
                "q_step_mvar": 0.01,
                "steps": 3,
                "vm_low_pu": 0.99,
                "vm_high_pu": 1.05,
            },
            {"kind": "reactive_power_by_voltage", "name": "Q(U)", "assets": ["pv"], "curve": [[0.98, -1], [1.02, 1]]},
            {"kind": "power_factor_by_power", "name": "cos phi", "assets": ["cellar"]},
        ],
        "dispatch": {"strategy": "optimal"},
    }
    outcome = run(changes)
    flow, control, even = outcome.by_phase, outcome.control, outcome.even
    assert flow is not None
    assert control is not None
    assert even is not None
    assert outcome.balanced
    assert control.operations.sum() > 0
    buses, n_buses = list(flow.network.buses.names), len(flow.network.buses.names)
    at = n_buses + buses.index("bus_1_1")
    q_max = next(one for one in outcome.inputs.flexibilities if one.name == "roof").q_max_mvar.sum()
    expected = q_max * np.interp(flow.phase_vm_pu()[:, 1, buses.index("bus_1_1")], [0.98, 1.02], [-1, 1])
    np.testing.assert_allclose(control.q_curves_mvar[:, at], expected, atol=1e-9)
    assert np.abs(np.delete(control.q_curves_mvar, at, axis=1)).max() == 0
    assert (even.vm_min_pu >= flow.vm_pu().min(axis=1)).all()
    assert np.isfinite(outcome.marginal.loss_sensitivity).all()


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
