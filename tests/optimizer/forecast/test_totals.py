from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from grid.flexibility.per_slot import values_of
from optimizer.forecast.totals import TotalsForecast
from optimizer.horizon.rolling import dispatch
from tests.optimizer.small_cases import battery, clock_of, feeder, problem_on, pv

NETWORK, CLOCK = feeder(), clock_of(24)
SUN = np.maximum(0, np.sin((np.arange(24) - 6) / 12 * np.pi))
PROBLEM = problem_on(
    NETWORK, CLOCK, [battery(NETWORK, CLOCK, 2, wear=5.0, name="store"), pv(NETWORK, CLOCK, 1, SUN)],
    np.tile([0.0, 0.2, 0.3], (24, 1)), import_price_per_mwh=60 + 40 * np.sin(np.arange(24) / 3),
    export_price_per_mwh=np.zeros(24), horizon_steps=24,
)  # fmt: skip


def totals(load: float = 1.0, sun: float = 1.0) -> TotalsForecast:
    """Loads and sun as a share of the truth."""
    p_mw, q_mvar = ((load - 1) * values for values in (PROBLEM.p_fixed_mw, PROBLEM.q_fixed_mvar))
    return TotalsForecast(p_mw, q_mvar, {"roofs": np.full(24, sun)})


def test_a_window_sees_it_in_its_steps_only_and_no_more_sun_than_there_can_be() -> None:
    seen = totals(load=2.0, sun=0.5)(PROBLEM, 4, 12)
    within = (np.arange(24) >= 4) & (np.arange(24) < 12)
    np.testing.assert_allclose(seen.p_fixed_mw, PROBLEM.p_fixed_mw * np.where(within, 2.0, 1.0)[:, None])
    np.testing.assert_allclose(values_of(seen.flexibilities[1].p_min_mw), -SUN * np.where(within, 0.5, 1.0))
    bright = values_of(totals(sun=9.0)(PROBLEM, 0, 24).flexibilities[1].p_min_mw)
    assert bright.min() == -SUN.max()
    assert bright[0] == 0.0


def test_the_truth_gives_the_schedule_of_perfect_foresight_and_nothing_wrong_a_cheaper_one() -> None:
    perfect, right = (dispatch(replace(PROBLEM, forecast=each)) for each in (None, totals()))
    for name, p_mw in perfect.p_mw.items():
        np.testing.assert_array_equal(right.p_mw[name], p_mw)
    assert right.imbalance_mwh == 0.0
    for load, sun in ((1.5, 0.2), (0.2, 1.5), (1.0, 0.0)):
        wrong = dispatch(replace(PROBLEM, forecast=totals(load, sun)))
        assert wrong.imbalance_mwh > 0.1
        assert np.abs(wrong.p_mw["store"] - perfect.p_mw["store"]).max() > 1e-3
        assert wrong.costs.total >= perfect.costs.total * (1 - 1e-6)


@pytest.mark.parametrize("window", [(0, 12), (12, 24)])
def test_the_truth_changes_no_bit_of_the_problem(window: tuple[int, int]) -> None:
    seen = totals()(PROBLEM, *window)
    np.testing.assert_array_equal(seen.p_fixed_mw, PROBLEM.p_fixed_mw)
    np.testing.assert_array_equal(
        values_of(seen.flexibilities[1].p_min_mw), values_of(PROBLEM.flexibilities[1].p_min_mw)
    )
