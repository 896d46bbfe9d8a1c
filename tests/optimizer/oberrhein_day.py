"""A sunny day on `mv_oberrhein` with more photovoltaics than its voltages bear: the instance of the specification."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandapower as pp

from grid._pandapower import builtin, network_of
from grid.flexibility.flexibility import Flexibility, Reservoir, one_hot
from grid.flexibility.per_slot import PerSlot
from optimizer.problem.problem import DispatchProblem
from tests.optimizer.small_cases import clock_of

VM_MAX_PU, VM_MIN_PU = 1.04, 0.95


def oberrhein_net() -> Any:
    net = builtin("mv_oberrhein")
    net.ext_grid["vm_pu"] = 1.0
    return net


def oberrhein_problem(scale: float = 1.6, n_steps: int = 96) -> DispatchProblem:
    """Photovoltaics at 153 buses, 20 batteries, 30 stores of cars, one day; loads follow a shape of the day."""
    net = oberrhein_net()
    network = network_of(net)
    place = {bus: k for k, bus in enumerate(net.bus.index)}
    n_buses, clock = len(place), clock_of(n_steps, 24 * 60 // n_steps)
    rng = np.random.default_rng(1)
    dt = 24 / n_steps
    hour = np.arange(n_steps) * dt
    sun = np.clip(np.sin((hour - 6) / 12 * np.pi), 0, None) ** 1.2
    shape = 0.35 + 0.45 * np.exp(-(((hour - 19) / 2.5) ** 2)) + 0.3 * np.exp(-(((hour - 8) / 2) ** 2))
    p, q = np.zeros((2, n_buses))
    np.add.at(p, [place[b] for b in net.load.bus], net.load.p_mw)
    np.add.at(q, [place[b] for b in net.load.bus], net.load.q_mvar)
    generation = np.zeros(n_buses)
    live = net.sgen[net.sgen.in_service]
    np.add.at(generation, [place[b] for b in live.bus], live.p_mw * scale)
    solar = np.flatnonzero(generation)
    rest = np.flatnonzero(~np.isin(network.buses.node, network.slack) & (network.buses.node >= 0))
    batteries, cars = rng.choice(rest, 20, replace=False), rng.choice(rest, 30, replace=False)
    price = 60 + 40 * np.exp(-(((hour - 19) / 2) ** 2)) - 35 * sun + rng.normal(0, 3, n_steps)
    return DispatchProblem(
        clock=clock,
        network=network,
        p_fixed_mw=shape[:, None] * p,
        q_fixed_mvar=shape[:, None] * q,
        flexibilities=(
            _roofs(clock, solar, generation, sun, n_buses),
            _stores("batteries", clock, batteries, 0.4, 0.4, 3, 0.5, 8.0, None, n_buses),
            _stores("cars", clock, cars, 0.3, 0.18, 6, 1 / 3, 12.0, hour, n_buses),
        ),
        import_price_per_mwh=price,
        export_price_per_mwh=price - 3,
        import_ci_kg_per_mwh=np.zeros(n_steps),
        vm_min_pu=np.full(n_buses, VM_MIN_PU),
        vm_max_pu=np.full(n_buses, VM_MAX_PU),
        loading_max_percent=np.full(len(network.branches), 100.0),
        horizon_steps=n_steps,
        look_ahead_steps=0,
    )


def _roofs(clock: Any, bus: np.ndarray, p_peak: np.ndarray, sun: np.ndarray, n_buses: int) -> Flexibility:
    n = bus.size
    low = -np.outer(p_peak[bus], sun).ravel()
    return Flexibility(
        "roofs", "pv", clock, one_hot(bus, n_buses), np.zeros(n, dtype=int), np.full(n, clock.n_steps), PerSlot(low),
        np.zeros(1), "sgen", p_unmanaged_mw=low, q_max_mvar=0.33 * p_peak[bus], technology="solar",
    )  # fmt: skip


def _stores(
    name: str, clock: Any, bus: np.ndarray, charge: float, feed: float, hours: float, filled: float, wear: float,
    hour: Any, n_buses: int,
) -> Flexibility:  # fmt: skip
    n, steps = bus.size, clock.n_steps
    here = np.ones(steps) if hour is None else np.where((hour >= 17) | (hour < 8), 1.0, 0.25)
    size = np.full(n, hours * charge)
    drain = None
    if hour is not None:
        used = np.where((hour >= 8) & (hour < 17), 0.35, 0.0) * clock.step_hours * charge
        drain = np.tile(used, n)
    store = Reservoir(
        filled * size, 0.5 * size if hour is None else np.zeros(n), np.zeros(n), size, np.full(n, 0.95),
        np.full(n, 0.95), np.ones(n), np.arange(n), drain_mwh=drain,
    )  # fmt: skip
    return Flexibility(
        name, "battery", clock, one_hot(bus, n_buses), np.zeros(n, dtype=int), np.full(n, steps),
        PerSlot(-np.tile(feed * here, n)), PerSlot(np.tile(charge * here, n)), "storage", store,
        p_unmanaged_mw=np.zeros(n * steps),
        wear_cost_per_mwh=np.full(n, wear),
    )  # fmt: skip


def violations_in_runpp(problem: DispatchProblem, schedule: Any, steps: list[int]) -> tuple[float, float, float]:
    """Highest and lowest voltage and highest loading of some steps in plain pandapower."""
    p, q = problem.p_fixed_mw.copy(), problem.q_fixed_mvar.copy()
    for f in problem.flexibilities:
        p += schedule.at_buses(f)
        if f.name in schedule.q_mvar:
            q += f.at_buses(schedule.q_mvar[f.name])
    net = oberrhein_net()
    net.load, net.sgen = net.load.iloc[:0], net.sgen.iloc[:0]
    for bus in net.bus.index:
        pp.create_load(net, bus, 0.0, 0.0)
    high, low, loading = 0.0, 2.0, 0.0
    for step in steps:
        net.load["p_mw"], net.load["q_mvar"] = p[step], q[step]
        pp.runpp(net, calculate_voltage_angles=False)
        high, low = max(high, net.res_bus.vm_pu.max()), min(low, net.res_bus.vm_pu.min())
        loading = max(loading, net.res_line.loading_percent.max(), net.res_trafo.loading_percent.max())
    return high, low, loading
