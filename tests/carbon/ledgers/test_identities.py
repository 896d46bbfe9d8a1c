"""The identities of the bookkeeping, written out a second time, stock by stock and branch by branch."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.sparse import csr_array
from scipy.sparse.csgraph import connected_components

from carbon.ledgers.carbon import convention_ledger
from carbon.tracing.convention_names import CONVENTIONS
from carbon.tracing.conventions import ConventionTrace, trace_conventions
from carbon.tracing.flows import Flows
from tests.carbon.traced_city import City, random_city
from tests.examples import examples

SEEDS = st.integers(0, 2**32 - 1)
MOVES = ("charge", "discharge", "fuel", "standing", "arriving", "change")


def traced(city: City) -> dict[str, ConventionTrace]:
    return trace_conventions(city.flows, city.sources, city.consumers, city.exports, city.step_hours, city.operation)


@dataclass
class Walk:
    """Carbon of the stocks, step by step and by owner; shape (T, O) each [kg]."""

    charge: np.ndarray
    discharge: np.ndarray
    fuel: np.ndarray
    standing: np.ndarray
    arriving: np.ndarray
    change: np.ndarray
    opening: np.ndarray
    closing: np.ndarray

    def __getitem__(self, name: str) -> np.ndarray:
        return getattr(self, name)


def walk(city: City, ci_kg_per_mwh: np.ndarray) -> Walk:
    """Every stock by itself, as the formulas are written: mixing before discharge, losses at the mixed intensity."""
    op, h = city.operation, city.step_hours
    shape = (city.flows.n_steps, op.n_owners)
    moved = {name: np.zeros(shape) for name in MOVES}
    opening, closing = np.zeros(op.n_owners), np.zeros(op.n_owners)
    first_slot = np.concatenate([[0], np.cumsum(op.stop - op.start)])
    ci = np.nan_to_num(ci_kg_per_mwh)
    for o in range(op.n_owners):
        sessions = [d for d in np.argsort(op.start, kind="stable") if op.owner[d] == o]
        e = op.e_start_mwh[sessions[0]]
        c = opening[o] = e * op.ci_initial_kg_per_mwh[o]
        for d in sessions:
            gap = op.e_start_mwh[d] - e  # driven, or come from outside, since the last session
            at_start = c
            if gap < 0:
                moved["fuel"][op.start[d], o] -= gap * c / e
                c += gap * c / e
            else:
                moved["arriving"][op.start[d], o] += gap * op.ci_initial_kg_per_mwh[o]
                c += gap * op.ci_initial_kg_per_mwh[o]
            e = op.e_start_mwh[d]
            moved["change"][op.start[d], o] += c - at_start
            for t in range(op.start[d], op.stop[d]):
                k = first_slot[d] + t - op.start[d]
                e, c = slot(city, k, t, o, (e, c), ci[t, op.node[d]], moved, h)
        closing[o] = c
    return Walk(**moved, opening=opening, closing=closing)


def slot(city, k, t, o, content, ci, moved, h):
    """One stock over one step; returns its energy and carbon at the end."""
    op = city.operation
    (e, c), p = content, op.p_mw[k]
    kept = op.retention_per_step[op.slot_device[k]]
    w = c / e if e > 0 else 0.0
    taken, stored = h * max(-p, 0.0) / op.eta_discharge.values[k], h * op.eta_charge.values[k] * max(p, 0.0)
    brought, drained = h * max(p, 0.0) * ci, h * op.p_drain_mw[k]
    from_stock = min(drained, kept * e - taken)
    rest = drained - from_stock
    moves = {
        "charge": brought,
        "discharge": w * taken,
        "standing": w * (1 - kept) * e,
        "fuel": w * from_stock + (rest / stored * brought if rest > 0 else 0.0),
    }
    after = c + moves["charge"] - moves["discharge"] - moves["standing"] - moves["fuel"]
    for name, kg in moves.items():
        moved[name][t, o] += kg
    moved["change"][t, o] += after - c
    return kept * e - taken - drained + stored, after


def losses_kg(city: City, answer: ConventionTrace) -> np.ndarray:
    """L of each step by the definition of each convention, branch by branch, shape (T,) [kg]."""
    flows, w = city.flows, np.nan_to_num(answer.tracing.ci_kg_per_mwh)
    total = (w * flows.p_shunt_mw).sum(axis=1)
    for branch, (a, b) in enumerate(zip(flows.from_node, flows.to_node, strict=True)):
        p_f, p_t = flows.p_from_mw[:, branch], flows.p_to_mw[:, branch]
        forth, back = (p_f > 0) & (p_t < 0), (p_t > 0) & (p_f < 0)
        neither = ~forth & ~back
        if answer.convention == "average":
            total += (w[:, a] + w[:, b]) * (p_f + p_t) / 2
            continue
        total += neither * (w[:, a] * p_f + w[:, b] * p_t)
        if answer.convention != "load":
            total += (forth * w[:, a] + back * w[:, b]) * (p_f + p_t)
    return city.step_hours * total


def test_the_random_cities_have_all_that_the_identities_are_claimed_for():
    cities = [random_city(seed) for seed in range(40)]
    with_loops = 0
    for city in cities:
        flows = city.flows
        both_ends = (flows.p_from_mw > 0) & (flows.p_to_mw > 0)
        assert both_ends.any()
        assert (flows.p_from_mw + flows.p_to_mw > 0).any()
        assert ((flows.p_from_mw > 0).any(axis=0) & (flows.p_from_mw < 0).any(axis=0)).any()  # turned in time
        assert len(flows.from_node) > flows.n_nodes  # meshed
        with_loops += any(has_directed_loop(flows, t) for t in range(flows.n_steps))
    assert with_loops == len(cities)
    assert sum(city.exports.p_mw.any() for city in cities) > 20
    walks = [walk(city, traced(city)["operator"].tracing.ci_kg_per_mwh) for city in cities]
    cars, stationary = slice(2, 4), slice(0, 2)
    for name in ("charge", "discharge", "fuel", "standing", "arriving"):
        assert sum(w[name][:, cars].any() for w in walks) >= 20, name
        if name != "arriving":  # a battery and a tank are always connected
            assert sum(w[name][:, stationary].any() for w in walks) >= 20, name


def has_directed_loop(flows: Flows, t: int) -> bool:
    """Whether power circulates: a strongly connected component of more than one node."""
    forth = (flows.p_from_mw[t] > 0) & (flows.p_to_mw[t] < 0)
    back = (flows.p_to_mw[t] > 0) & (flows.p_from_mw[t] < 0)
    start = np.concatenate([flows.from_node[forth], flows.to_node[back]])
    stop = np.concatenate([flows.to_node[forth], flows.from_node[back]])
    graph = csr_array((np.ones(start.size), (start, stop)), shape=(flows.n_nodes, flows.n_nodes))
    return connected_components(graph, connection="strong")[0] < flows.n_nodes


@examples(40)
@given(SEEDS, st.integers(2, 9))
def test_each_stock_by_itself_keeps_its_carbon_in_every_convention(seed: int, n_nodes: int):
    city = random_city(seed, n_nodes)
    op = city.operation
    owner = op.owner[op.slot_device]
    for answer in traced(city).values():
        plain, stocks = walk(city, answer.tracing.ci_kg_per_mwh), answer.tracing.stocks
        scale = 1e-9 * max(plain.closing.max(), plain.opening.max(), plain.charge.max(), 1.0)
        np.testing.assert_allclose(stocks.opening.carbon_kg, plain.opening, rtol=1e-9, atol=scale)
        np.testing.assert_allclose(stocks.closing.carbon_kg, plain.closing, rtol=1e-9, atol=scale)
        for o in range(op.n_owners):
            change_kg = stocks.closing.carbon_kg[o] - stocks.opening.carbon_kg[o]
            charged = stocks.charge_kg[owner == o].sum()
            given_back = stocks.discharge_kg[owner == o].sum()
            moved = charged - given_back - plain.fuel[:, o].sum() - plain.standing[:, o].sum()
            assert change_kg == pytest.approx(moved + plain.arriving[:, o].sum(), rel=1e-9, abs=scale)
        for kind, mine in ((stocks.vehicles, op.vehicle), (stocks.stationary, ~op.vehicle)):
            for name in MOVES:
                found = getattr(kind.carbon, name)
                np.testing.assert_allclose(found, plain[name][:, mine].sum(axis=1), rtol=1e-9, atol=scale)


@examples(60)
@given(SEEDS, st.integers(2, 9))
def test_buses_and_city_balance_by_definition_in_every_convention(seed: int, n_nodes: int):
    city = random_city(seed, n_nodes)
    h = city.step_hours
    source_kg = h * (city.sources.p_mw * city.sources.ci_kg_per_mwh).sum(axis=1)
    for name, answer in traced(city).items():
        w, stocks = np.nan_to_num(answer.tracing.ci_kg_per_mwh), walk(city, answer.tracing.ci_kg_per_mwh)
        used_kg = h * (city.consumers.p_mw * w[:, city.consumers.node]).sum(axis=1)
        export_kg = h * (city.exports.p_mw * w[:, city.exports.node]).sum(axis=1)
        lost_kg = losses_kg(city, answer)
        charge, discharge, fuel, standing, arriving, change = (stocks[move].sum(axis=1) for move in MOVES)
        moved_kg = source_kg + discharge
        out_kg = used_kg + lost_kg + export_kg
        assert (np.abs(source_kg + discharge - out_kg - charge) <= 1e-9 * moved_kg).all(), name
        kept_kg = fuel + standing + change - arriving
        assert (np.abs(source_kg - out_kg - kept_kg) <= 1e-9 * moved_kg).all(), name


def reordered(city: City, lines: np.ndarray, plants: np.ndarray, users: np.ndarray) -> City:
    """The same city with its branches, sources and consumers in another order."""
    flows = city.flows
    return replace(
        city,
        flows=Flows(
            flows.n_nodes,
            flows.from_node[lines],
            flows.to_node[lines],
            flows.p_from_mw[:, lines],
            flows.p_to_mw[:, lines],
            flows.p_shunt_mw,
        ),
        sources=replace(
            city.sources,
            node=city.sources.node[plants],
            p_mw=city.sources.p_mw[:, plants],
            ci_kg_per_mwh=city.sources.ci_kg_per_mwh[:, plants],
            renewable_share=city.sources.renewable_share[:, plants],
        ),
        consumers=replace(
            city.consumers,
            node=city.consumers.node[users],
            p_mw=city.consumers.p_mw[:, users],
            share=city.consumers.share[users],
        ),
    )


@examples(30)
@given(SEEDS)
def test_the_order_of_branches_sources_and_consumers_changes_nothing(seed: int):
    city = random_city(seed)
    rng = np.random.default_rng(seed)
    lines, plants, users = (
        rng.permutation(n) for n in (len(city.flows.from_node), len(city.sources.node), len(city.consumers.node))
    )
    other = reordered(city, lines, plants, users)
    plain, again = traced(city), traced(other)
    for name in CONVENTIONS:
        np.testing.assert_allclose(
            again[name].tracing.ci_kg_per_mwh, plain[name].tracing.ci_kg_per_mwh, rtol=1e-9, atol=1e-9
        )
        ledgers = [
            convention_ledger(
                answer[name], c.flows, c.sources, c.consumers, c.exports, step_hours=c.step_hours, operation=c.operation
            )
            for answer, c in ((plain, city), (again, other))
        ]
        np.testing.assert_allclose(
            ledgers[1].sectors.emissions_kg, ledgers[0].sectors.emissions_kg, rtol=1e-9, atol=1e-7
        )
