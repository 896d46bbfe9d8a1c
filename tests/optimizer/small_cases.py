"""Small problems whose optimum can be argued, and what their schedules cost in AC, for the tests of the dispatch."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

import numpy as np
import pandapower as pp
from pandapower import networks

from grid._pandapower import network_of
from grid.arrays import Floats, Ints
from grid.flexibility.flexibility import Flexibility, Reservoir, one_hot
from grid.flexibility.per_slot import PerSlot
from grid.network.network import Network
from grid.powerflow.powerflow import PowerFlow, power_flow
from grid.time.clock import Clock
from optimizer.problem.problem import DispatchProblem
from optimizer.problem.schedule import Schedule


def clock_of(n_steps: int, minutes: int = 60, start: datetime | None = None) -> Clock:
    return Clock(start or datetime(2030, 3, 4, tzinfo=UTC), timedelta(minutes=minutes), n_steps)


@cache
def feeder(n_buses: int = 3, length_km: float = 3.0, max_i_ka: float = 0.3) -> Network:
    """A 10 kV line of equal sections, fed at its first bus."""
    net = pp.create_empty_network(name="feeder")
    buses = [pp.create_bus(net, 10.0, name=f"bus {k}") for k in range(n_buses)]
    pp.create_ext_grid(net, buses[0])
    for k in range(n_buses - 1):
        pp.create_line_from_parameters(
            net, buses[k], buses[k + 1], length_km, r_ohm_per_km=0.3, x_ohm_per_km=0.12, c_nf_per_km=250.0,
            max_i_ka=max_i_ka, name=f"line {k}",
        )  # fmt: skip
    return network_of(net)


@cache
def builtin(name: str) -> tuple[Network, Floats, Floats]:
    """A net that pandapower ships, with the withdrawal of its loads and generators at every bus, shape (B,)."""
    net = getattr(networks, name)()
    place = {index: k for k, index in enumerate(net.bus.index)}
    p, q = np.zeros(len(place)), np.zeros(len(place))
    for table, sign in ((net.load, 1.0), (net.sgen, -1.0)):
        for row in table.itertuples():
            p[place[row.bus]] += sign * row.p_mw * row.scaling
            q[place[row.bus]] += sign * row.q_mvar * row.scaling
    return network_of(net), p, q


def problem_on(
    network: Network, clock: Clock, flexibilities: Sequence[Flexibility], p_fixed_mw: Any = 0.0, **changes: Any
) -> DispatchProblem:
    """A problem with prices 50 and 20, reactive power a quarter of the fixed withdrawal, and one window."""
    t, b = clock.n_steps, len(network.buses.names)
    p_fixed = np.broadcast_to(np.asarray(p_fixed_mw, dtype=float), (t, b)).copy()
    given = {"import_price_per_mwh": 50.0, "export_price_per_mwh": 20.0, "import_ci_kg_per_mwh": 400.0} | changes
    for name in ("import_price_per_mwh", "export_price_per_mwh", "import_ci_kg_per_mwh"):
        given[name] = np.broadcast_to(np.asarray(given[name], dtype=float), (t,)).copy()
    return DispatchProblem(
        **{
            "clock": clock,
            "network": network,
            "p_fixed_mw": p_fixed,
            "q_fixed_mvar": 0.25 * np.maximum(p_fixed, 0.0),
            "flexibilities": tuple(flexibilities),
            "horizon_steps": t,
            "look_ahead_steps": 0,
        }
        | given
    )


def battery(network: Network, clock: Clock, bus: int, **changes: Any) -> Flexibility:
    """1 MW, 4 MWh, half full, 0.9 each way, no wear; other values by name."""
    values = {"p_mw": 1.0, "e_mwh": 4.0, "e_start": 2.0, "eta": 0.9, "retention": 1.0, "wear": 0.0} | changes
    return Flexibility(
        name=str(values.get("name", f"battery {bus}")),
        kind="battery",
        clock=clock,
        shares=one_hot(np.array([bus]), len(network.buses.names)),
        start=np.array([0]),
        stop=np.array([clock.n_steps]),
        p_min_mw=np.array([-values["p_mw"]]),
        p_max_mw=np.array([values["p_mw"]]),
        element="storage",
        reservoir=Reservoir(
            e_start_mwh=np.array([values["e_start"]]),
            e_end_mwh=np.array([values["e_start"]]),
            e_min_mwh=np.zeros(1),
            e_max_mwh=np.array([values["e_mwh"]]),
            eta_charge=np.array([values["eta"]]),
            eta_discharge=np.array([values["eta"]]),
            retention_per_step=np.array([values["retention"]]),
            owner=np.array([0]),
        ),
        wear_cost_per_mwh=np.array([values["wear"]]),
    )


def pv(network: Network, clock: Clock, bus: int, p_available_mw: Floats, name: str = "roofs") -> Flexibility:
    """Generation that may be curtailed."""
    return Flexibility(
        name=name,
        kind="pv",
        clock=clock,
        shares=one_hot(np.array([bus]), len(network.buses.names)),
        start=np.array([0]),
        stop=np.array([clock.n_steps]),
        p_min_mw=PerSlot(-np.asarray(p_available_mw, dtype=float)),
        p_max_mw=np.zeros(1),
        p_unmanaged_mw=-np.asarray(p_available_mw, dtype=float),
        element="sgen",
        technology="solar",
    )


def must_run(network: Network, clock: Clock, bus: int, p_mw: float) -> Flexibility:
    """A demand without any freedom."""
    p = np.full(clock.n_steps, p_mw)
    return Flexibility(
        name="pump", kind="pump", clock=clock, shares=one_hot(np.array([bus]), len(network.buses.names)),
        start=np.array([0]), stop=np.array([clock.n_steps]), p_min_mw=PerSlot(p), p_max_mw=PerSlot(p), p_unmanaged_mw=p,
        element="load",
    )  # fmt: skip


def fleet(
    network: Network, clock: Clock, seed: int, n: int = 12, v2g_share: float = 0.5, **changes: Any
) -> Flexibility:
    """Random sessions at random buses other than the first; `p_mw` is the charger's power [MW]."""
    rng = np.random.default_rng(seed)
    values: dict[str, Any] = {"p_mw": 0.1, "eta": 0.9, "wear": 0.0, "name": "cars"} | changes
    start = rng.integers(0, clock.n_steps - 1, n)
    stop = np.minimum(start + rng.integers(1, max(2, clock.n_steps), n), clock.n_steps)
    most = (stop - start) * clock.step_hours * values["p_mw"] * values["eta"]
    size = 4 * values["p_mw"]
    e_start = rng.uniform(0.1, 0.5, n) * size
    e_end = np.minimum(e_start + rng.uniform(0.1, 0.8, n) * most, 0.9 * size)
    willing = rng.random(n) < v2g_share
    bus: Ints = rng.integers(1, len(network.buses.names), n)
    return Flexibility(
        name=values["name"],
        kind="ev_fleet",
        clock=clock,
        shares=one_hot(bus, len(network.buses.names)),
        start=start,
        stop=stop,
        p_min_mw=np.where(willing, -values["p_mw"], 0.0),
        p_max_mw=np.full(n, values["p_mw"]),
        element="storage",
        reservoir=Reservoir(
            e_start_mwh=e_start,
            e_end_mwh=e_end,
            e_min_mwh=np.where(willing, 0.5 * e_start, e_start),
            e_max_mwh=np.where(willing, size, e_end),
            eta_charge=np.full(n, values["eta"]),
            eta_discharge=np.full(n, values["eta"]),
            retention_per_step=np.ones(n),
            owner=np.arange(n),
            exact_end=True,
            vehicle=True,
        ),
        smart=True,
        wear_cost_per_mwh=np.full(n, values["wear"]),
    )


def realised(problem: DispatchProblem, schedule: Schedule) -> PowerFlow:
    """AC power flow of a schedule."""
    p_mw = problem.p_fixed_mw + sum(f.at_buses(schedule.p_mw[f.name]) for f in problem.flexibilities)
    return power_flow(problem.network, problem.clock, p_mw, problem.q_fixed_mvar)


def import_mw(problem: DispatchProblem, schedule: Schedule) -> Floats:
    """Import of a schedule in AC, negative for export, shape (T,)."""
    drawn: Floats = realised(problem, schedule).slack_mva().real.sum(axis=1)
    return drawn


def cost(problem: DispatchProblem, schedule: Schedule) -> float:
    """What a schedule costs in AC: imports with their carbon, exports, wear and the peaks of the months."""
    p, h = import_mw(problem, schedule), problem.clock.step_hours
    energy = h * (problem.import_cost_per_mwh @ np.maximum(p, 0.0) - problem.export_price_per_mwh @ np.maximum(-p, 0.0))
    wear = sum(
        h * f.per_slot(f.wear_cost_per_mwh) @ np.maximum(-schedule.p_mw[f.name], 0.0)
        for f in problem.flexibilities
        if f.reservoir is not None
    )
    months = problem.clock.times.astype("datetime64[M]")
    peaks = sum(max(p[months == month].max(), 0.0) for month in np.unique(months))
    return float(energy + wear + problem.demand_charge_per_mw_month * peaks)


def final_energy(flexibility: Flexibility, p_mw: Floats) -> Floats:
    """Energy of every device when its last step ends, shape (N,) [MWh]."""
    ends: Floats = flexibility.energy_mwh(p_mw)[flexibility.offsets[1:] - 1]
    return ends
