from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from grid.errors import InputError
from grid.flexibility.per_slot import values_of
from optimizer.forecast.issued import IssuedForecasts, IssuedPowers
from optimizer.horizon.rolling import dispatch
from tests.optimizer.small_cases import battery, clock_of, feeder, problem_on, pv

NETWORK, CLOCK = feeder(), clock_of(24)
SUN = np.maximum(0, np.sin((np.arange(24) - 6) / 12 * np.pi))
PROBLEM = problem_on(
    NETWORK, CLOCK, [battery(NETWORK, CLOCK, 2, wear=5.0, name="store"), pv(NETWORK, CLOCK, 1, SUN)],
    np.tile([0.0, 0.5, 1.0], (24, 1)), import_price_per_mwh=60 + 40 * np.sin(np.arange(24) / 3), horizon_steps=12,
)  # fmt: skip


def issued(load: float = 1.0, sun: float = 1.0, name: str = "roofs") -> IssuedForecasts:
    def issue(first: int, stop: int) -> IssuedPowers:
        p_mw, q_mvar = (load * values[first:stop] for values in (PROBLEM.p_fixed_mw, PROBLEM.q_fixed_mvar))
        return IssuedPowers(p_mw, q_mvar, {name: sun * SUN[first:stop]})

    return IssuedForecasts(issue)


def test_what_is_issued_is_what_a_window_sees() -> None:
    seen = issued(load=2.0, sun=0.5)(PROBLEM, 4, 12)
    np.testing.assert_array_equal(seen.p_fixed_mw[4:12], 2 * PROBLEM.p_fixed_mw[4:12])
    np.testing.assert_array_equal(np.delete(seen.p_fixed_mw, np.s_[4:12], 0), PROBLEM.p_fixed_mw[np.r_[:4, 12:24]])
    halved = np.where((np.arange(24) >= 4) & (np.arange(24) < 12), 0.5, 1.0)
    np.testing.assert_allclose(values_of(seen.flexibilities[1].p_min_mw), -SUN * halved)


def test_a_right_forecast_is_worth_perfect_foresight_and_a_wrong_one_is_balanced() -> None:
    perfect, right, wrong = (
        dispatch(replace(PROBLEM, forecast=forecast)) for forecast in (None, issued(), issued(load=1.5, sun=0.2))
    )
    assert right.costs.total == pytest.approx(perfect.costs.total, rel=1e-9)
    assert right.imbalance_mwh == pytest.approx(0.0, abs=1e-9)
    assert wrong.imbalance_mwh > 1.0


def test_a_forecast_of_something_else_is_refused() -> None:
    with pytest.raises(InputError, match=r"store: is no asset that sun or wind drives"):
        issued(name="store")(PROBLEM, 0, 12)
    short = IssuedForecasts(lambda _first, _stop: IssuedPowers(np.zeros((2, 3)), np.zeros((2, 3))))
    with pytest.raises(InputError, match="2 problems"):
        short(PROBLEM, 0, 12)
