from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import linprog

from grid.arrays import Floats
from grid.flexibility.flexibility import Flexibility, Reservoir, one_hot
from grid.flexibility.per_slot import PerSlot
from optimizer._highs import LinearProgram, Solver
from optimizer.window.sessions import SessionBlock, session_block, single_direction
from tests.examples import examples
from tests.optimizer.small_cases import clock_of, feeder, fleet

NETWORK = feeder(3)


def solved(block: SessionBlock, price: Floats, h: float) -> tuple[float, Floats]:
    """Cost and columns of a block by itself, where each step's net withdrawal costs `price`, and wear is added."""
    program = block.program
    if not block.n_columns:
        return 0.0, np.empty(0)
    cost = program.cost + h * (block.by_step(price.size).T @ price)
    x = Solver(
        LinearProgram(program.matrix, program.row_lower, program.row_upper, program.lower, program.upper, cost)
    ).solve()
    return float(cost @ x), x


def dense_optimum(f: Flexibility, e_now: Floats, first: int, stop: int, price: Floats) -> float:
    """The same by a dense programme a device, with charge, discharge and energy of every step, from the definition."""
    store, h, total = f.reservoir, f.clock.step_hours, 0.0
    assert store is not None
    for i in range(f.n_devices):
        begin, end = max(f.start[i], first), min(f.stop[i], stop)
        if begin >= end:
            continue
        n = end - begin
        eye, before = np.eye(n), np.eye(n, k=-1)
        balance = np.hstack(
            [
                -h * store.eta_charge[i] * eye,
                h / store.eta_discharge[i] * eye,
                eye - store.retention_per_step[i] * before,
            ]
        )
        rhs = np.zeros(n)
        rhs[0] = store.retention_per_step[i] * e_now[i]
        due = store.e_start_mwh[i] + (store.e_end_mwh[i] - store.e_start_mwh[i]) * (end - f.start[i]) / (
            f.stop[i] - f.start[i]
        )
        bounds = [(0, f.p_max_mw[i])] * n + [(0, -f.p_min_mw[i])] * n
        bounds += [(store.e_min_mwh[i], store.e_max_mwh[i])] * (n - 1)
        bounds += [(due, store.e_end_mwh[i] if store.exact_end else store.e_max_mwh[i])]
        p = price[begin - first : end - first]
        cost = h * np.concatenate([p, -p + f.wear_cost_per_mwh[i], np.zeros(n)])
        found = linprog(cost, A_eq=balance, b_eq=rhs, bounds=bounds, method="highs")
        assert found.success, found.message
        total += found.fun
    return total


@examples(40)
@given(
    seed=st.integers(0, 10_000),
    n=st.integers(1, 12),
    v2g_share=st.sampled_from([0.0, 0.5, 1.0]),
    minutes=st.sampled_from([15, 60]),
    window=st.tuples(st.integers(0, 5), st.integers(1, 8)),
    wear=st.sampled_from([0.0, 20.0]),
)
def test_block_has_the_optimum_of_the_plain_programme(
    *, seed: int, n: int, v2g_share: float, minutes: int, window: tuple[int, int], wear: float
) -> None:
    clock = clock_of(12, minutes)
    f = fleet(NETWORK, clock, seed, n, v2g_share, wear=wear)
    first, stop = window[0], min(window[0] + window[1], 12)
    rng = np.random.default_rng(seed)
    price = rng.uniform(5, 100, stop - first)
    store = f.reservoir
    assert store is not None
    lived = np.clip((first - f.start) / (f.stop - f.start), 0, 1)
    e_now = store.e_start_mwh + lived * (store.e_end_mwh - store.e_start_mwh)
    block = session_block(f, e_now, first, stop)
    found, x = solved(block, price, clock.step_hours)
    expected = dense_optimum(f, e_now, first, stop, price)
    assert found == pytest.approx(expected, rel=1e-7, abs=1e-7)
    power = block.power(x)
    assert (power <= f.per_slot(f.p_max_mw)[block.slot] + 1e-9).all()
    assert (power >= f.per_slot(f.p_min_mw)[block.slot] - 1e-9).all()
    np.testing.assert_allclose(
        block.by_step(stop - first) @ x, np.bincount(block.step, weights=power, minlength=stop - first), atol=1e-9
    )


def one_session(p_max: Floats, due: float, *, v2g: bool = False, retention: float = 1.0) -> Flexibility:
    """A session over 8 hours with a bound of its own in every hour, efficiency 1."""
    return Flexibility(
        name="car", kind="ev_fleet", clock=clock_of(8), shares=one_hot(np.array([1]), 3), start=np.array([0]),
        stop=np.array([8]), p_min_mw=PerSlot(-p_max * v2g), p_max_mw=PerSlot(p_max), element="storage",
        reservoir=Reservoir(
            e_start_mwh=np.zeros(1), e_end_mwh=np.array([due]), e_min_mwh=np.zeros(1), e_max_mwh=np.array([due + 1]),
            eta_charge=np.ones(1), eta_discharge=np.ones(1), retention_per_step=np.array([retention]),
            owner=np.zeros(1, dtype=np.int64), exact_end=True,
        ),
    )  # fmt: skip


@pytest.mark.parametrize("v2g", [False, True])
@pytest.mark.parametrize(("price", "expected"), [(50.0, 0.6 * 3 / 8), (-50.0, 0.6)])
def test_a_session_cut_by_the_window_owes_its_share_by_time(v2g: bool, price: float, expected: float) -> None:
    block = session_block(one_session(np.full(8, 0.3), 0.6, v2g=v2g), np.zeros(1), 0, 3)
    _, x = solved(block, np.full(3, price), 1.0)
    assert block.power(x).sum() == pytest.approx(expected)


@pytest.mark.parametrize("v2g", [False, True])
def test_a_session_that_could_not_catch_up_owes_more(v2g: bool) -> None:
    block = session_block(one_session(np.array([0.1] * 4 + [0.0] * 4), 0.35, v2g=v2g), np.zeros(1), 0, 3)
    _, x = solved(block, np.full(3, 50.0), 1.0)
    assert block.power(x).sum() == pytest.approx(0.25)


@pytest.mark.parametrize("v2g", [False, True])
def test_a_session_that_cannot_charge_yet_owes_what_it_can(v2g: bool) -> None:
    block = session_block(one_session(np.array([0.0, 0.0, 0.1] + [0.2] * 5), 0.8, v2g=v2g), np.zeros(1), 0, 3)
    _, x = solved(block, np.full(3, 50.0), 1.0)
    assert block.power(x).sum() == pytest.approx(0.1)


def test_standing_losses_are_made_up_for() -> None:
    f = one_session(np.full(8, 0.3), 0.6, v2g=True, retention=0.95)
    block = session_block(f, np.zeros(1), 0, 8)
    _, x = solved(block, np.linspace(40, 50, 8), 1.0)
    power = block.power(x)
    assert f.energy_mwh(power)[-1] == pytest.approx(0.6)
    assert power.sum() > 0.6


def test_bounds_that_force_charging_or_feeding_in_hold() -> None:
    f = one_session(np.full(8, 0.3), 0.6, v2g=True)
    forced = replace(
        f,
        p_min_mw=PerSlot(np.array([0.2, -0.3, -0.3, -0.3, -0.3, -0.3, -0.3, -0.3])),
        p_max_mw=PerSlot(np.array([0.3, 0.3, 0.3, 0.3, -0.1, 0.3, 0.3, 0.3])),
    )
    block = session_block(forced, np.zeros(1), 0, 8)
    _, x = solved(block, np.array([500.0, 50, 50, 50, -500, 50, 50, 50]), 1.0)
    power = block.power(x)
    assert power[0] >= 0.2 - 1e-9
    assert power[4] <= -0.1 + 1e-9


def test_nobody_plugged_in_is_an_empty_block() -> None:
    f = fleet(NETWORK, clock_of(12), 3, 4)
    store = f.reservoir
    assert store is not None
    early = replace(f, start=np.zeros(4, dtype=np.int64), stop=np.full(4, 6))
    block = session_block(early, store.e_start_mwh, 6, 12)
    assert block.n_columns == block.slot.size == 0
    assert block.by_step(6).shape == (6, 0)


efficiencies = st.floats(0.5, 1.0)
powers = st.floats(0.0, 10.0)


@given(charge=powers, discharge=powers, eta_charge=efficiencies, eta_discharge=efficiencies)
def test_single_direction_stores_as_much_and_draws_no_more(
    charge: float, discharge: float, eta_charge: float, eta_discharge: float
) -> None:
    arrays = [np.array([value]) for value in (charge, discharge, eta_charge, eta_discharge)]
    (net,) = single_direction(*arrays)
    stored = eta_charge * net if net > 0 else net / eta_discharge
    assert stored == pytest.approx(eta_charge * charge - discharge / eta_discharge, abs=1e-9)
    assert net <= charge - discharge + 1e-9
    assert -discharge - 1e-9 <= net <= charge + 1e-9


def test_single_direction_changes_nothing_where_there_is_only_one() -> None:
    charge, discharge = np.array([0.0, 2.0, 0.0]), np.array([1.5, 0.0, 0.0])
    net = single_direction(charge, discharge, np.full(3, 0.9), np.full(3, 0.8))
    np.testing.assert_allclose(net, [-1.5, 2.0, 0.0], rtol=1e-12)
