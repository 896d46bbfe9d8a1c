"""Why there is no dispatch: a smallest set of limits and wishes, by name, time and limit; physics never gives way."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from optimizer.horizon.rolling import dispatch
from optimizer.problem.problem import DispatchProblem
from optimizer.window.diagnosis import Conflict, InfeasibleDispatchError
from tests.optimizer.small_cases import battery, clock_of, feeder, fleet, problem_on, pv

PHYSICS = ("balance", "store_balance", "sessions_total", "loss", "import_mw", "export_mw")


def conflict_of(problem: DispatchProblem) -> Conflict:
    with pytest.raises(InfeasibleDispatchError) as caught:
        dispatch(replace(problem, elastic=False))
    assert str(caught.value) == str(caught.value.conflict)
    named = (*caught.value.conflict.constraints, *(name for name, _ in caught.value.conflict.relaxation))
    assert not [name for name in named if name.startswith(PHYSICS)]
    return caught.value.conflict


def test_an_inelastic_problem_names_what_is_in_conflict_and_the_least_that_helps() -> None:
    clock, network = clock_of(3), feeder()
    problem = problem_on(network, clock, [battery(network, clock, 2, e_mwh=0.2, e_start=0.1)], 1.0,
                         import_max_mw=1.5, grid_limits=False)  # fmt: skip
    conflict = conflict_of(problem)
    (limit,) = conflict.constraints
    assert limit.startswith("import_limit at 2030-03-04T0")
    assert limit.endswith(": at most 1.5 MW")
    assert any(line.startswith("balance at") for line in conflict.physics)
    assert conflict.smallest
    least = sum(amount for _, amount in conflict.relaxation)
    assert 3 * 1.5 - 0.2 <= least <= 3 * 1.5
    assert "the least that would help" in str(conflict)


@pytest.mark.parametrize(
    ("limits", "expected"),
    [
        ({"loading_max_percent": 100.0}, "loading of line 1 at 2030-03-04T05:00 UTC: at most 100 %"),
        ({"vm_min_pu": 0.97}, "voltage of bus 2 at 2030-03-04T05:00 UTC: at least 0.97 pu"),
    ],
)
def test_limits_of_the_network_are_named_by_element_step_and_limit(limits: dict[str, float], expected: str) -> None:
    clock, network, p_mw = clock_of(8), feeder(3, max_i_ka=0.05), np.zeros((8, 3))
    p_mw[5, 2] = 3.0
    store = battery(network, clock, 1, e_mwh=0.1, e_start=0.0)
    conflict = conflict_of(problem_on(network, clock, [store], p_mw, **limits))
    assert expected in conflict.constraints
    assert len(conflict.constraints) <= 3
    name = expected.rpartition(":")[0]
    assert name in dict(conflict.relaxation)


def test_a_voltage_that_is_too_high_is_named_by_its_bus() -> None:
    clock, network, p_mw = clock_of(4), feeder(), np.zeros((4, 3))
    p_mw[2, 2] = -4.0
    roof = pv(network, clock, 1, np.full(4, 0.1))
    conflict = conflict_of(problem_on(network, clock, [roof], p_mw, vm_max_pu=1.03, export_price_per_mwh=0.0))
    assert conflict.constraints == ("voltage of bus 2 at 2030-03-04T02:00 UTC: at most 1.03 pu",)


def test_carbon_that_cannot_be_saved_is_named() -> None:
    clock, network = clock_of(4), feeder()
    problem = problem_on(network, clock, [battery(network, clock, 2)], 0.5, carbon_cap_kg=500.0, grid_limits=False)
    conflict = conflict_of(problem)
    assert conflict.constraints[0] == "carbon cap: at most 500 kg"
    assert dict(conflict.relaxation)["carbon cap"] > 0


def test_sessions_that_cannot_all_leave_full_are_counted_in_one_line() -> None:
    clock, network = clock_of(24), feeder()
    problem = problem_on(network, clock, [fleet(network, clock, 4, 60)], 0.1, import_max_mw=0.35, grid_limits=False)
    conflict = conflict_of(problem)
    text = str(conflict)
    assert "sessions of cars" in text
    assert len(text.splitlines()) < 20
    due = [name for name in conflict.constraints if "session" in name]
    assert due
    assert all("at least" in name for name in due)


def test_without_any_one_of_them_there_is_a_dispatch() -> None:
    clock, network, load = clock_of(6), feeder(), np.ones((6, 3)) / 3
    load[3] = 2.2 / 3
    given = {"grid_limits": False, "elastic": False}
    store = battery(network, clock, 2, p_mw=0.4, e_mwh=1.0, e_start=0.5)
    conflict = conflict_of(problem_on(network, clock, [store], load, import_max_mw=1.6, **given))
    assert set(conflict.constraints) == {
        "import_limit at 2030-03-04T03:00 UTC: at most 1.6 MW",
        "discharge_mw of battery 2 at 2030-03-04T03:00 UTC: at most 0.4 MW",
    }
    dispatch(problem_on(network, clock, [store], load, import_max_mw=1.81, **given))
    stronger = battery(network, clock, 2, p_mw=0.61, e_mwh=2.0, e_start=1.0)
    dispatch(problem_on(network, clock, [stronger], load, import_max_mw=1.6, **given))
