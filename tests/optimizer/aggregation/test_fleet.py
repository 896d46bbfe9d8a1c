from __future__ import annotations

import datetime as dt
from dataclasses import replace

import numpy as np
import pytest
from scipy import sparse

from grid.errors import InputError
from grid.flexibility.flexibility import Flexibility, Reservoir, one_hot
from grid.time.clock import Clock
from optimizer._highs import LinearProgram, Solver
from optimizer.aggregation.fleet import AggregatedFleet, envelope, solve_aggregated
from optimizer.window.sessions import session_block

STEPS, H, STATIONS = 48, 0.5, 5
CLOCK = Clock(dt.datetime(2030, 1, 1, tzinfo=dt.UTC), dt.timedelta(minutes=30), STEPS)
PENALTY = 1000.0


def fleet(rng: np.random.Generator, n: int, v2g_share: float) -> Flexibility:
    """Sessions of one day at a few stations; efficiencies below 1 where cars may feed in."""
    arrival = np.clip(rng.normal(20, 8, n).astype(int), 0, STEPS - 8)
    departure = np.minimum(arrival + rng.integers(4, 24, n), STEPS)
    p_max, battery = rng.choice([7.4, 11.0, 22.0], n) / 1000, rng.uniform(40, 80, n) / 1000
    eta = np.full(n, 0.92 if v2g_share else 1.0)
    start = 0.2 * battery
    due = np.minimum(start + rng.uniform(0.1, 0.9, n) * p_max * H * (departure - arrival) * eta, 0.95 * battery)
    willing = rng.random(n) < v2g_share
    store = Reservoir(
        start, due, np.where(willing, np.minimum(start, 0.1 * battery), start), np.where(willing, battery, due),
        eta, eta, np.ones(n), np.arange(n), exact_end=True, vehicle=True,
    )  # fmt: skip
    station = rng.integers(0, STATIONS, n)
    return Flexibility(
        "cars", "ev_fleet", CLOCK, one_hot(station, STATIONS), arrival, departure, np.where(willing, -p_max, 0.0),
        p_max, "storage", store, wear_cost_per_mwh=np.full(n, 20.0),
    )  # fmt: skip


def stations_programme(cars: Flexibility, price: np.ndarray, cap_mw: np.ndarray) -> tuple[LinearProgram, np.ndarray]:
    """Every station pays the price, and a penalty above its cap; the columns of its power come first."""
    n = STATIONS * STEPS
    eye = sparse.eye_array(n)
    free = np.full(n, np.inf)
    programme = LinearProgram(
        sparse.csr_array(sparse.hstack([eye, -eye])), -free, np.repeat(cap_mw, STEPS),
        np.concatenate([-free, np.zeros(n)]), np.full(2 * n, np.inf),
        np.concatenate([np.tile(price, STATIONS) * H, np.full(n, PENALTY * H)]),
    )  # fmt: skip
    return programme, np.arange(n).reshape(STATIONS, STEPS)


def by_session(cars: Flexibility, programme: LinearProgram, columns: np.ndarray) -> float:
    """The same with every session in the programme."""
    assert cars.reservoir is not None
    block = session_block(cars, cars.reservoir.e_start_mwh.copy(), 0, STEPS)
    station = np.asarray(cars.shares.argmax(axis=1)).ravel()
    at = station[block.device] * STEPS + block.step
    gather = sparse.csr_array((np.ones(at.size), (at, np.arange(at.size))), shape=(columns.size, at.size))
    n = columns.size
    link = sparse.csr_array((np.ones(n), (np.arange(n), columns.ravel())), shape=(n, programme.cost.size))
    matrix = sparse.block_array(
        [[programme.matrix, None], [link, -(gather @ block.withdrawal())], [None, block.program.matrix]]
    )
    whole = LinearProgram(
        sparse.csr_array(matrix),
        np.concatenate([programme.row_lower, np.zeros(n), block.program.row_lower]),
        np.concatenate([programme.row_upper, np.zeros(n), block.program.row_upper]),
        *(
            np.concatenate([getattr(programme, name), getattr(block.program, name)])
            for name in ("lower", "upper", "cost")
        ),
    )
    return float(whole.cost @ Solver(whole).solve()[: whole.cost.size])


@pytest.mark.parametrize("v2g_share", [0.0, 0.4])
@pytest.mark.parametrize("cap", [0.3, 2.0], ids=["tight", "loose"])
def test_aggregated_sessions_cost_what_sessions_cost_and_every_one_is_delivered(v2g_share: float, cap: float) -> None:
    rng = np.random.default_rng(7)
    cars = fleet(rng, 200, v2g_share)
    store = cars.reservoir
    assert store is not None
    station = np.asarray(cars.shares.argmax(axis=1)).ravel()
    cap_mw = cap * np.bincount(station, weights=cars.p_max_mw, minlength=STATIONS)
    price = 60 + 40 * np.sin(np.arange(STEPS) / 7) + rng.normal(0, 5, STEPS)
    programme, columns = stations_programme(cars, price, cap_mw)
    group = AggregatedFleet.from_flexibility(cars)
    result = solve_aggregated(programme, columns, group, gap=1e-6)
    exact = by_session(cars, programme, columns)
    assert result.objective == pytest.approx(exact, rel=1e-6)
    assert result.bound <= exact + 1e-9 * abs(exact)
    gain = H * (
        result.charge_mw * store.eta_charge[cars.device] - result.discharge_mw / store.eta_discharge[cars.device]
    )
    energy = store.e_start_mwh + np.add.reduceat(gain, cars.offsets[:-1])
    np.testing.assert_allclose(energy, store.e_end_mwh, atol=1e-12)
    assert (result.charge_mw <= cars.per_slot(cars.p_max_mw) + 1e-12).all()
    assert (result.discharge_mw <= -cars.per_slot(cars.p_min_mw) + 1e-12).all()
    drawn = group.by_group(result.charge_mw - result.discharge_mw)
    np.testing.assert_allclose(drawn, result.x[columns], atol=1e-9)
    assert result.columns < cars.n_slots


def test_the_envelope_is_cheaper_than_what_can_be_delivered_and_never_dearer() -> None:
    rng = np.random.default_rng(3)
    cars = fleet(rng, 100, 0.0)
    group = AggregatedFleet.from_flexibility(cars)
    price = 60 + 40 * np.sin(np.arange(STEPS) / 3)
    programme, columns = stations_programme(cars, price, np.full(STATIONS, np.inf))
    exact = solve_aggregated(programme, columns, group, gap=1e-7).objective
    bounds = envelope(group)
    n = columns.size
    sums = sparse.block_diag([np.tril(np.full((STEPS, STEPS), H))] * STATIONS, format="csr")
    loose = LinearProgram(
        sparse.csr_array(sums), bounds.e_low_mwh.ravel(), bounds.e_high_mwh.ravel() + 1e-12,
        np.zeros(n), bounds.p_max_mw.ravel(), np.tile(price, STATIONS) * H,
    )  # fmt: skip
    estimate = float(loose.cost @ Solver(loose).solve())
    assert estimate <= exact + 1e-9
    assert estimate < exact * (1 - 1e-4)


def test_stores_that_lose_energy_by_standing_are_refused() -> None:
    cars = fleet(np.random.default_rng(0), 5, 0.0)
    assert cars.reservoir is not None
    leaky = replace(cars, reservoir=replace(cars.reservoir, retention_per_step=np.full(5, 0.99)))
    with pytest.raises(InputError, match="standing losses"):
        AggregatedFleet.from_flexibility(leaky)
