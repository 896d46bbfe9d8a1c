from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from carbon.mixing.elimination import EliminationOrder
from carbon.stocks.event_log import OWNER_BIT, RANK_BITS, list_events
from carbon.stocks.operation import StockOperation
from carbon.stocks.schedule import KINDS, device_arrays
from carbon.tracing.proportional_sharing import trace, trace_in_windows
from grid.flexibility.per_slot import PerSlot
from tests.carbon.traced_city import dense_reference, random_city

N_NODES, N_STEPS = 6, 60
NOWHERE = np.empty(0, dtype=np.int64)


def operation(owner, start, powers, e_start_mwh):
    n, n_owners, n_slots = len(owner), max(owner) + 1, sum(len(p_mw) for p_mw in powers)
    return StockOperation(
        owner=np.array(owner),
        node=np.arange(n) % N_NODES,
        start=np.array(start),
        stop=np.array(start) + [len(p_mw) for p_mw in powers],
        p_mw=np.concatenate(powers),
        e_start_mwh=np.array(e_start_mwh),
        eta_charge=PerSlot(np.full(n_slots, 0.9)),
        eta_discharge=PerSlot(np.full(n_slots, 0.8)),
        retention_per_step=np.ones(n),
        vehicle=np.arange(n_owners) > 0,
        ci_initial_kg_per_mwh=np.linspace(100.0, 500.0, n_owners),
        renewable_share_initial=np.linspace(0.0, 1.0, n_owners),
        p_drain_mw=np.zeros(n_slots),
    )


def listed(op, n_steps):
    order = EliminationOrder.from_branches(NOWHERE, NOWHERE, N_NODES)
    initial = np.column_stack([op.ci_initial_kg_per_mwh, op.renewable_share_initial])
    return list_events(device_arrays(op, order, n_steps, initial, (False, True)), op, 1)


def few_sessions(seed):
    """Cars that mostly rest between charging and discharging, some of them gone for no step between two sessions."""
    rng = np.random.default_rng(seed)
    owner, start, powers, e_start_mwh = [], [], [], []
    for car in range(8):
        begin, e_mwh = int(rng.integers(0, 10)), 2.0
        while begin < N_STEPS - 1:
            p_mw = np.zeros(min(int(rng.integers(2, 16)), N_STEPS - begin))
            owner.append(car)
            start.append(begin)
            e_start_mwh.append(e_mwh)
            for k in range(p_mw.size):
                p_mw[k] = rng.choice([0.0, 1.0, -0.7 * e_mwh], p=[0.8, 0.1, 0.1])
                e_mwh += 0.9 * max(p_mw[k], 0.0) - max(-p_mw[k], 0.0) / 0.8
            e_mwh *= rng.choice([0.5, 1.0, 1.5])
            powers.append(p_mw)
            begin += p_mw.size + int(rng.choice([0, 0, 1, 7]))
    shuffled = rng.permutation(len(owner)).tolist()
    return operation(*([values[k] for k in shuffled] for values in (owner, start, powers, e_start_mwh)))


def test_a_step_waits_for_the_last_in_which_a_stock_took_in_what_it_gives():
    battery = np.array([0.0, 1.0, 0.0, -0.1, -0.1, 1.0, -0.1, 0.0])
    car_at_first, car_then = np.array([1.0, 0.0, 0.0]), np.array([-0.1, 0.0, 1.0])
    op = operation([1, 0, 1], [4, 0, 0], [car_then, battery, car_at_first], [0.5, 1.0, 0.5])
    log = listed(op, 8)
    np.testing.assert_array_equal(log.waits_for, [0, 0, 0, 2, 3, 0, 6, 0])
    np.testing.assert_array_equal(log.begins[::KINDS], [0, 1, 2, 2, 3, 5, 6, 8, 8])


@pytest.mark.parametrize("seed", range(6))
def test_events_stand_by_step_kind_and_start_of_their_device(seed):
    op = few_sessions(seed)
    drained = np.random.default_rng(seed).random(op.p_mw.size) < 0.05
    op = replace(op, p_drain_mw=np.where(drained, 0.1, 0.0))
    expected = [[] for _ in range(KINDS * N_STEPS)]
    for device in np.argsort(op.start, kind="stable"):
        owner, steps = op.owner[device], range(op.start[device], op.stop[device])
        for slot, step in enumerate(steps, start=op.first_slot[device]):
            p_mw = op.p_mw[slot]
            if p_mw != 0.0 or drained[slot]:
                kind = 2 * int(not op.vehicle[owner]) + int(p_mw < 0.0)
                expected[KINDS * step + kind].append((owner, op.node[device], p_mw))
    log = listed(op, N_STEPS)
    np.testing.assert_array_equal(np.diff(log.begins), [len(events) for events in expected])
    owner, node, p_mw = np.concatenate([events for events in expected if events]).T
    np.testing.assert_array_equal(log.device >> OWNER_BIT, owner)
    rank = EliminationOrder.from_branches(NOWHERE, NOWHERE, N_NODES).pattern.rank
    np.testing.assert_array_equal(log.device & RANK_BITS, rank[node.astype(int)])
    np.testing.assert_array_equal(log.values[0], p_mw)


@pytest.mark.parametrize("seed", range(6))
def test_steps_solved_together_are_the_same_as_one_by_one(seed):
    city = replace(random_city(seed, N_NODES, N_STEPS), operation=few_sessions(seed), step_hours=1.0)
    waits = listed(city.operation, N_STEPS).waits_for
    assert (waits == np.arange(N_STEPS)).sum() > 1  # some steps wait for the one before
    assert (waits < np.arange(N_STEPS) - 3).sum() > N_STEPS // 2  # most do not
    given = city.flows, city.sources, city.step_hours, city.operation
    together, alone = trace(*given), list(trace_in_windows(*given, 1))
    ci, renewable = dense_reference(city)
    np.testing.assert_allclose(together.ci_kg_per_mwh, ci, rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(together.renewable_share, renewable, rtol=1e-9, atol=1e-12)
    for name in ("moved_kg", "ci_after_kg_per_mwh", "renewable_share_after"):
        by_step = np.concatenate([getattr(part.stocks, name) for _, part in alone])
        np.testing.assert_allclose(getattr(together.stocks, name), by_step, rtol=1e-12, atol=1e-12)
    content = np.concatenate([part.vehicles.carbon.content for _, part in alone])
    np.testing.assert_allclose(together.vehicles.carbon.content, content, rtol=1e-12, atol=1e-9)
    assert abs(together.vehicles.carbon.residual).max() < 1e-9
