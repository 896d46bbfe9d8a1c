from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import linprog

from optimizer.aggregation.pricing import PricedSessions
from tests.examples import examples

H = 0.25


def random_sessions(rng: np.random.Generator, n_sessions: int = 4) -> PricedSessions:
    n = rng.integers(1, 12, n_sessions)
    offsets = np.concatenate([[0], np.cumsum(n)])
    k = offsets[-1]
    feeds = rng.random(n_sessions) < 0.6
    charge, discharge = rng.uniform(0, 0.011, k), np.repeat(feeds, n) * rng.uniform(0, 0.011, k)
    start, eta = rng.uniform(0.01, 0.03, n_sessions), rng.uniform(0.8, 1, n_sessions)
    high = rng.uniform(0.031, 0.04, n_sessions)
    most = np.add.reduceat(charge, offsets[:-1]) * H * eta
    due = np.minimum(start + rng.random(n_sessions) * most, high)
    return PricedSessions(
        offsets=offsets,
        charge_max_mw=charge,
        discharge_max_mw=discharge,
        e_start_mwh=start,
        e_low_mwh=np.where(feeds, np.minimum(start, 0.012), start),
        e_high_mwh=high,
        e_due_low_mwh=due,
        e_due_high_mwh=np.where(rng.random(n_sessions) < 0.5, due, high),
        eta_charge=eta,
        eta_discharge=rng.uniform(0.8, 1, n_sessions),
        wear_per_mwh=rng.uniform(0, 40, n_sessions),
        step_hours=H,
    )


def by_linear_programme(sessions: PricedSessions, i: int, price: np.ndarray) -> float:
    at = slice(sessions.offsets[i], sessions.offsets[i + 1])
    steps = np.tril(np.ones((price[at].size, price[at].size))) * H
    gain = np.hstack([steps * sessions.eta_charge[i], -steps / sessions.eta_discharge[i]])
    most = np.full(len(steps), sessions.e_high_mwh[i])
    least = np.full(len(steps), sessions.e_low_mwh[i])
    most[-1] = min(most[-1], sessions.e_due_high_mwh[i])
    least[-1] = max(least[-1], sessions.e_due_low_mwh[i])
    bounds = np.concatenate([sessions.charge_max_mw[at], sessions.discharge_max_mw[at]])
    result = linprog(
        H * np.concatenate([price[at], sessions.wear_per_mwh[i] - price[at]]),
        A_ub=np.vstack([gain, -gain]),
        b_ub=np.concatenate([most, -least]) + np.repeat([-1, 1], len(steps)) * sessions.e_start_mwh[i],
        bounds=[(0, bound) for bound in bounds],
    )
    assert result.status == 0, result.message
    return float(result.fun)


@examples(60)
@given(st.integers(0, 2**32 - 1), st.sampled_from([-60.0, 0.0, 50.0]))
def test_it_finds_the_optimum_of_the_linear_programme_at_any_price(seed: int, mean_price: float) -> None:
    rng = np.random.default_rng(seed)
    sessions = random_sessions(rng)
    price = rng.normal(mean_price, 80, sessions.charge_max_mw.size)
    charge, discharge = sessions.cheapest(price)
    assert (charge >= -1e-12).all()
    assert (charge <= sessions.charge_max_mw + 1e-12).all()
    assert (discharge >= -1e-12).all()
    assert (discharge <= sessions.discharge_max_mw + 1e-12).all()
    for i in range(sessions.e_start_mwh.size):
        at = slice(sessions.offsets[i], sessions.offsets[i + 1])
        gain = H * (sessions.eta_charge[i] * charge[at] - discharge[at] / sessions.eta_discharge[i])
        energy = sessions.e_start_mwh[i] + np.cumsum(gain)
        assert (energy >= sessions.e_low_mwh[i] - 1e-12).all()
        assert (energy <= sessions.e_high_mwh[i] + 1e-12).all()
        assert sessions.e_due_low_mwh[i] - 1e-12 <= energy[-1] <= sessions.e_due_high_mwh[i] + 1e-12
        cost = H * (price[at] * (charge[at] - discharge[at]) + sessions.wear_per_mwh[i] * discharge[at]).sum()
        assert cost == pytest.approx(by_linear_programme(sessions, i, price), abs=1e-8)


def test_the_cheapest_hours_are_charged_first() -> None:
    sessions = PricedSessions(
        np.array([0, 4]), np.full(4, 4.0), np.zeros(4), *(np.array([value]) for value in (0.0, 0.0, 9.0, 1.5, 1.5)),
        np.ones(1), np.ones(1), np.zeros(1), H,
    )  # fmt: skip
    charge, _ = sessions.cheapest(np.array([3.0, 1.0, 2.0, 4.0]))
    np.testing.assert_allclose(charge, [0, 4, 2, 0])
