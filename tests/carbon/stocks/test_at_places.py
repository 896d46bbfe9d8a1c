"""Stores of which only the power of their place is known: one gives what it gives in a run, several what they share."""

from __future__ import annotations

import numpy as np
import pytest

from carbon.stocks.at_places import StoresAtPlaces, followed_contents
from carbon.stocks.operation import StockOperation
from carbon.tracing.flows import Flows, Sources
from carbon.tracing.proportional_sharing import trace

HOURS = 0.25


def stores_at_one_place(n=1, *, feeds=(True,), e_start=2.0, eta=(0.9, 0.8), n_steps=12):
    """So many stores of 4 MWh and 1 MW, always connected."""
    each = np.ones(n)
    least = np.repeat([-1.0 if feeds[k % len(feeds)] else 0.0 for k in range(n)], n_steps)
    return StoresAtPlaces(
        np.array([0, n]), np.zeros(n, dtype=int), np.full(n, n_steps), np.arange(n), np.arange(n) * n_steps,
        np.ones(n * n_steps), least, e_start * each, 4.0 * each, eta[0] * each, eta[1] * each, np.zeros(n, dtype=int),
    )  # fmt: skip


def followed(stores, p_mw, ci, before=300.0, priority=None):
    p_mw = np.asarray(p_mw, dtype=float)[:, None]
    ci = np.broadcast_to(np.asarray(ci, dtype=float), len(p_mw))[:, None]
    return followed_contents(stores, p_mw, ci, np.array([before]), HOURS, priority)


def test_one_store_gives_what_it_gives_in_a_run() -> None:
    rng = np.random.default_rng(1)
    p_mw, ci = rng.uniform(-0.5, 0.9, 12), rng.uniform(100, 500, 12)
    nothing = np.zeros((12, 0))
    operation = StockOperation(
        owner=np.array([0]), node=np.array([0]), start=np.array([0]), stop=np.array([12]), p_mw=p_mw,
        e_start_mwh=np.array([2.0]), eta_charge=np.array([0.9]), eta_discharge=np.array([0.8]),
        retention_per_step=np.array([1.0]), vehicle=np.array([False]), ci_initial_kg_per_mwh=np.array([300.0 / 0.9]),
        renewable_share_initial=np.array([0.5]),
    )  # fmt: skip
    flows = Flows(1, np.array([], int), np.array([], int), nothing, nothing)
    source = Sources(np.array([0]), np.full((12, 1), 100.0), ci[:, None], np.array([0.5]))
    traced = trace(flows, source, HOURS, operation)
    found = followed(stores_at_one_place(), p_mw, traced.ci_kg_per_mwh[:, 0])
    fed = p_mw < 0
    without = trace(flows, source, HOURS).ci_kg_per_mwh[:, 0]
    given = (100.0 * without[fed] + np.abs(p_mw[fed]) * found.given[fed, 0]) / (100.0 + np.abs(p_mw[fed]))
    np.testing.assert_allclose(traced.ci_kg_per_mwh[fed, 0], given, rtol=1e-9)


@pytest.mark.parametrize("priority", [None, np.array([0.7, 0.2, 0.4])])
def test_carbon_that_is_drawn_is_held(priority: np.ndarray | None) -> None:
    found = followed(stores_at_one_place(3), [0.6, 2.4, 0.0, 1.2], [100.0, 200.0, 0.0, 400.0], priority=priority)
    drawn = HOURS * np.array([0.6, 2.4, 1.2])
    carbon = 3 * 2.0 / 0.9 * 300.0 + drawn @ [100.0, 200.0, 400.0]
    energy = 3 * 2.0 + 0.9 * drawn.sum()
    if priority is None:  # all three alike
        assert found.held[0] == pytest.approx(0.9 * carbon / energy)
    weights = followed(stores_at_one_place(3), [0.0], 0.0).given[0, 0]
    assert weights == pytest.approx(300.0 / (0.9 * 0.8))
    assert found.held[0] == pytest.approx(0.9 * carbon / energy, rel=1e-9)


def test_only_stores_that_may_feed_in_give_what_they_hold() -> None:
    stores = stores_at_one_place(2, feeds=(True, False))
    first = np.array([0.0, 1.0])
    charged = followed(stores, [1.0, -0.5], [0.0, 0.0], priority=first).given
    other = followed(stores, [1.0, -0.5], [0.0, 0.0], priority=first[::-1]).given
    assert charged[1, 0] == pytest.approx(300.0 * 2.0 / (2.0 + 0.9 * HOURS) / (0.9 * 0.8))
    assert other[1, 0] == pytest.approx(300.0 / (0.9 * 0.8))


def test_power_beyond_what_is_plugged_in_still_says_what_is_held() -> None:
    full = stores_at_one_place(e_start=4.0)
    found = followed(full, [1.0] * 8, 0.0)
    assert np.isfinite(found.given).all()
    assert found.held[0] == pytest.approx(300.0 * (1 - 0.9 * HOURS / 4.0) ** 8)
    empty = followed(stores_at_one_place(e_start=0.0), [-1.0, 0.0], 0.0)
    np.testing.assert_allclose(empty.given, 300.0 / (0.9 * 0.8))
