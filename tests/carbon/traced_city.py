"""Random grids whose flows balance exactly, and the plain way to trace them, for the tests of tracing and ledgers."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from carbon.stocks.operation import StockOperation
from carbon.tracing.flows import Consumers, Exports, Flows, Sources, at_nodes
from grid.flexibility.per_slot import PerSlot

SECTORS = ("I.1", "I.2", "II.1")


@dataclass(frozen=True)
class City:
    flows: Flows
    sources: Sources
    consumers: Consumers
    exports: Exports
    operation: StockOperation
    step_hours: float


def random_city(seed: int, n_nodes: int = 6, n_steps: int = 8) -> City:
    """Flows first, injections from them, so that every node balances to rounding."""
    rng = np.random.default_rng(seed)
    step_hours = float(rng.choice([0.25, 1.0]))
    operation = random_operation(rng, n_nodes, n_steps, step_hours)
    flows = _random_flows(rng, n_nodes, n_steps)
    spare = -(
        at_nodes(flows.p_from_mw, flows.from_node, n_nodes)
        + at_nodes(flows.p_to_mw, flows.to_node, n_nodes)
        + flows.p_shunt_mw
    )
    np.subtract.at(spare, (operation.slot_step, operation.node[operation.slot_device]), operation.p_mw)
    extra = rng.uniform(0, 3, spare.shape) * (rng.random(spare.shape) < 0.5)
    generation, use = np.maximum(-spare, 0) + extra, np.maximum(spare, 0) + extra
    exported = use * rng.uniform(0, 1, spare.shape) * (rng.random(n_nodes) < 0.3)
    share = rng.dirichlet(np.ones(len(SECTORS)), n_nodes)
    nodes = np.arange(n_nodes)
    return City(
        flows,
        Sources(nodes, generation, rng.uniform(0, 900, spare.shape), rng.uniform(0, 1, n_nodes)),
        Consumers(nodes, use - exported, SECTORS, share),
        Exports(nodes, exported),
        operation,
        step_hours,
    )


def _random_flows(rng: np.random.Generator, n_nodes: int, n_steps: int) -> Flows:
    """Either direction, with losses, some branches energised from both ends, loops and parallel branches."""
    n_branches = 2 * n_nodes
    from_node = rng.integers(0, n_nodes, n_branches)
    to_node = (from_node + rng.integers(1, n_nodes, n_branches)) % n_nodes
    shape = (n_steps, n_branches)
    sent = rng.uniform(0.5, 10, shape)
    received = sent * rng.uniform(0.9, 1.0, shape)
    outward, open_ended = rng.random(shape) < 0.5, rng.random(shape) < 0.15
    p_from, p_to = np.where(outward, sent, -received), np.where(outward, -received, sent)
    p_from[open_ended], p_to[open_ended] = 0.02, 0.01
    return Flows(n_nodes, from_node, to_node, p_from, p_to, rng.uniform(0, 0.01, (n_steps, n_nodes)))


def scaled(city: City, factor: float) -> City:
    """The same with `factor` times as much power and energy everywhere."""
    flows, op = city.flows, city.operation
    powers = (factor * p_mw for p_mw in (flows.p_from_mw, flows.p_to_mw, flows.p_shunt_mw))
    return replace(
        city,
        flows=Flows(flows.n_nodes, flows.from_node, flows.to_node, *powers),
        sources=replace(city.sources, p_mw=factor * city.sources.p_mw),
        consumers=replace(city.consumers, p_mw=factor * city.consumers.p_mw),
        exports=replace(city.exports, p_mw=factor * city.exports.p_mw),
        operation=replace(
            op, p_mw=factor * op.p_mw, e_start_mwh=factor * op.e_start_mwh, p_drain_mw=factor * op.p_drain_mw
        ),
    )


def relabelled(city: City, label: np.ndarray) -> City:
    """The same with node n called label[n], and every branch turned round."""
    flows = city.flows
    shunt = np.empty_like(flows.p_shunt_mw)
    shunt[:, label] = flows.p_shunt_mw
    return replace(
        city,
        flows=Flows(flows.n_nodes, label[flows.to_node], label[flows.from_node], flows.p_to_mw, flows.p_from_mw, shunt),
        sources=replace(city.sources, node=label[city.sources.node]),
        consumers=replace(city.consumers, node=label[city.consumers.node]),
        exports=replace(city.exports, node=label[city.exports.node]),
        operation=replace(city.operation, node=label[city.operation.node]),
    )


def random_operation(rng: np.random.Generator, n_nodes: int, n_steps: int, step_hours: float) -> StockOperation:
    """A battery and a tank that is drained, always connected; two cars with two sessions each and driving between.

    Efficiencies change from step to step (part load), and the tank sells more than it holds in steps it is filled in.
    """
    middle = n_steps // 2
    owner = np.array([0, 3, 2, 1, 2, 3])  # not sorted: the library has to sort
    start = np.array([0, middle, 0, 0, middle, 1])
    stop = np.array([n_steps, n_steps, middle, n_steps, n_steps, middle])
    n_slots = int((stop - start).sum())
    eta_charge, eta_discharge = rng.uniform(0.6, 1, (2, n_slots))
    kept = np.array([0.99, 1.0, 0.999, 0.98, 1.0, 0.97])
    e_start = rng.uniform(0.5, 4, 6)
    powers, drains = [], []
    for device in range(6):
        e_mwh = e_start[device]
        for _ in range(start[device], stop[device]):
            k = len(powers)
            give = rng.uniform(0, 0.7) * e_mwh * eta_discharge[k] / step_hours
            p_mw = rng.choice([0.0, rng.uniform(0, 2), -give])
            drain = 0.2 * e_mwh / step_hours * (device == 3)
            if device == 3 and p_mw > 0:
                drain = kept[device] * e_mwh / step_hours + 0.6 * eta_charge[k] * p_mw
            e_mwh = kept[device] * e_mwh - step_hours * drain
            e_mwh += step_hours * (eta_charge[k] * max(p_mw, 0) - max(-p_mw, 0) / eta_discharge[k])
            powers.append(p_mw)
            drains.append(drain)
    return StockOperation(
        owner=owner,
        node=rng.integers(0, n_nodes, 6),
        start=start,
        stop=stop,
        p_mw=np.array(powers),
        e_start_mwh=e_start,
        eta_charge=PerSlot(eta_charge),
        eta_discharge=PerSlot(eta_discharge),
        retention_per_step=kept,
        vehicle=np.array([False, False, True, True]),
        ci_initial_kg_per_mwh=rng.uniform(0, 500, 4),
        renewable_share_initial=rng.uniform(0, 1, 4),
        p_drain_mw=np.array(drains),
    )


def dense_reference(city: City) -> tuple[np.ndarray, np.ndarray]:
    """Carbon intensity and renewable share, shape (T, N), element by element as the formulas are written."""
    flows, op, h = city.flows, city.operation, city.step_hours
    slots = {(int(d), int(t)): k for k, (d, t) in enumerate(zip(op.slot_device, op.slot_step, strict=True))}
    stock: dict[int, list[float]] = {}
    result = np.full((2, flows.n_steps, flows.n_nodes), np.nan)
    for t in range(flows.n_steps):
        matrix, supply = _without_stores(city, t)
        here = [d for d in range(op.n_devices) if (d, t) in slots]
        for d in here:
            o, e0 = int(op.owner[d]), op.e_start_mwh[d]
            per_mwh = np.array([1.0, op.ci_initial_kg_per_mwh[o], op.renewable_share_initial[o]])
            if t == op.start[d]:
                if o not in stock:
                    stock[o] = list(e0 * per_mwh)
                e = stock[o][0]
                stock[o] = (
                    list(np.array(stock[o]) * e0 / e) if e > e0 else list(np.array(stock[o]) + (e0 - e) * per_mwh)
                )
            give = max(-op.p_mw[slots[d, t]], 0.0)
            e, c, r = stock[o]
            matrix[op.node[d], op.node[d]] += give
            supply[op.node[d]] += give * np.array([c / e / op.eta_discharge.values[slots[d, t]], r / e])
        live = np.diag(matrix) > 1e-9
        x = np.linalg.solve(matrix[np.ix_(live, live)], supply[live])
        result[:, t, live] = x.T
        for d in here:
            o, p, drain = int(op.owner[d]), op.p_mw[slots[d, t]], op.p_drain_mw[slots[d, t]]
            e, c, r = stock[o]
            charge = h * max(p, 0.0)
            w, rho = result[:, t, op.node[d]]
            eta, eta_out = op.eta_charge.values[slots[d, t]], op.eta_discharge.values[slots[d, t]]
            out = h * max(-p, 0.0) / eta_out + h * drain + (1 - op.retention_per_step[d]) * e
            gain = charge * np.array([eta, w, eta * rho]) if charge > 0 else np.zeros(3)
            stock[o] = list(_left(np.array([e, c, r]), out, gain))
    return result[0], result[1]


def _without_stores(city: City, t: int) -> tuple[np.ndarray, np.ndarray]:
    """Mixing matrix, shape (N, N), and carbon and renewable energy of the sources, shape (N, 2), in a step."""
    flows = city.flows
    matrix = np.zeros((flows.n_nodes, flows.n_nodes))
    supply = np.zeros((flows.n_nodes, 2))
    for branch in range(len(flows.from_node)):
        ends = int(flows.from_node[branch]), int(flows.to_node[branch])
        p_f, p_t = flows.p_from_mw[t, branch], flows.p_to_mw[t, branch]
        if p_f > 0 > p_t or p_t > 0 > p_f:
            sender, receiver = ends if p_f > 0 else ends[::-1]
            received = -min(p_f, p_t)
            matrix[receiver, receiver] += received
            matrix[receiver, sender] -= received
    for g, n in enumerate(city.sources.node):
        p = city.sources.p_mw[t, g]
        matrix[n, n] += p
        supply[n] += p * np.array([city.sources.ci_kg_per_mwh[t, g], city.sources.renewable_share[t, g]])
    return matrix, supply


def _left(held: np.ndarray, out_mwh: float, gain: np.ndarray) -> np.ndarray:
    """What a stock holds after a step: what leaves was there before, and only the rest of it comes from the gain."""
    if out_mwh <= held[0]:
        return held * (1 - out_mwh / held[0]) + gain
    return gain * (1 - (out_mwh - held[0]) / gain[0])
