from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from grid.errors import InputError
from grid.flexibility.per_slot import values_of
from optimizer.problem.problem import DispatchProblem, with_strategy
from tests.optimizer.small_cases import battery, clock_of, feeder, fleet, must_run, problem_on, pv

NETWORK, CLOCK = feeder(3), clock_of(6)


def plain() -> DispatchProblem:
    return problem_on(NETWORK, CLOCK, [battery(NETWORK, CLOCK, 2)], 1.0)


def places(error: pytest.ExceptionInfo[InputError]) -> list[str]:
    return [fault.place for fault in error.value.faults]


@pytest.mark.parametrize(
    ("changes", "place", "rule"),
    [
        ({"p_fixed_mw": np.zeros((6, 2))}, "p_fixed_mw", r"must have shape \(6, 3\); got \(6, 2\)"),
        ({"q_fixed_mvar": np.zeros((5, 3))}, "q_fixed_mvar", "must have shape"),
        ({"import_price_per_mwh": np.array([1, 2, np.nan, 4, 5, 6.0])}, "import_price_per_mwh", "step 2 is not"),
        ({"import_ci_kg_per_mwh": np.full(6, np.inf)}, "import_ci_kg_per_mwh", "must be finite; step 0"),
        ({"export_price_per_mwh": np.array([20, 20, 20, 51, 20, 20.0])}, "export_price_per_mwh", "step 3; got 51.0"),
        ({"horizon_steps": 0}, "horizon_steps", "at least one step"),
        ({"look_ahead_steps": -1}, "look_ahead_steps", "must not be negative"),
        ({"flexibilities": (battery(NETWORK, clock_of(5), 2),)}, "battery 2", "must be on the clock"),
        ({"flexibilities": (battery(feeder(4), CLOCK, 2),)}, "battery 2", "must know 3 buses; got 4"),
        ({"flexibilities": (battery(NETWORK, CLOCK, 1, name="x"),) * 2}, "x", "two flexibilities have this name"),
    ],
)
def test_a_fault_is_named_with_place_and_rule(changes: dict[str, Any], place: str, rule: str) -> None:
    with pytest.raises(InputError, match=rule) as error:
        replace(plain(), **changes)
    assert places(error) == [place]


def test_all_faults_are_raised_at_once() -> None:
    with pytest.raises(InputError, match="the dispatch problem has 5 problems") as error:
        replace(
            plain(),
            p_fixed_mw=np.zeros((1, 1)),
            import_price_per_mwh=np.full(6, np.nan),
            horizon_steps=0,
            flexibilities=(
                battery(NETWORK, clock_of(5), 2, name="x"),
                battery(NETWORK, CLOCK, 1, name="x"),
            ),
        )
    assert set(places(error)) == {"p_fixed_mw", "import_price_per_mwh", "horizon_steps", "x"}


def test_exports_may_earn_as_much_as_imports_cost_with_their_carbon() -> None:
    allowed = replace(plain(), export_price_per_mwh=np.full(6, 70.0), carbon_price_per_kg=0.05)
    np.testing.assert_allclose(allowed.import_cost_per_mwh, 50 + 0.05 * 400)
    with pytest.raises(InputError, match="must not exceed the import price with its carbon"):
        replace(allowed, carbon_price_per_kg=0.049)


def test_one_limit_holds_for_all_branches() -> None:
    limited = replace(plain(), loading_max_percent=np.array([60.0]))
    np.testing.assert_array_equal(limited.loading_max_percent, np.full(len(NETWORK.branches), 60.0))


def test_strategies_leave_what_they_say() -> None:
    roofs = pv(NETWORK, CLOCK, 1, np.full(6, 0.5))
    assets = (battery(NETWORK, CLOCK, 2), fleet(NETWORK, CLOCK, 1), roofs, must_run(NETWORK, CLOCK, 1, 0.2))
    assert with_strategy(assets, "optimal") == assets
    store, cars, sun, pump = with_strategy(assets, "smart")
    assert (values_of(store.p_min_mw) == 0).all()
    assert (values_of(store.p_max_mw) == 0).all()
    assert (values_of(cars.p_min_mw) == 0).all()
    assert (values_of(cars.p_max_mw) > 0).all()
    np.testing.assert_array_equal(values_of(sun.p_max_mw), values_of(roofs.p_min_mw))
    np.testing.assert_array_equal(values_of(pump.p_min_mw), 0.2)
    for before, after in zip(assets, with_strategy(assets, "unmanaged"), strict=True):
        np.testing.assert_array_equal(values_of(after.p_min_mw), before.unmanaged_power())
        np.testing.assert_array_equal(values_of(after.p_max_mw), before.unmanaged_power())
