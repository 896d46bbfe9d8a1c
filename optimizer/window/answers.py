"""What the optimum of a window says beyond its schedule: prices at every bus, marginal carbon, costs, shortfalls."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from grid.arrays import Floats, Ints
from optimizer.problem.schedule import BindingLimit, Costs, Shortfall
from optimizer.window.grid_rows import LOADING_TOLERANCE_PERCENT, VOLTAGE_TOLERANCE_PU, Added
from optimizer.window.solve import Answer

NOTHING = 1e-6
RELATIVE_TOLERANCE = 1e-4


def nodal(answer: Answer, dual: Floats) -> Floats:
    """Change per MWh more withdrawn at each bus, shape (n_steps, B), from the change per side of each row.

    ``λ + Σ_k α_k ∂P_loss/∂d_n − Σ_c μ_c ∂h_c/∂d_n``: the balance of the step, and every row of the network whose
    side moves with the withdrawal.

    Args:
        answer: The answer of a window.
        dual: Change of the cost, or of the emissions, per side of each row of its solver.
    """
    window = answer.window
    n_buses = len(window.problem.network.buses.names)
    per_mw = np.repeat(dual[window.compiled.rows["balance"]][:, None], n_buses, axis=1)
    for added in answer.rows.added:
        if added.kind != "carbon":
            np.add.at(per_mw, added.step, dual[added.row][:, None] * added.shift)
    return per_mw / window.problem.clock.step_hours


def boundary_mw(answer: Answer) -> Floats:
    """Net import in the AC power flow, shape (n_steps,) [MW]: what enters the grid, and what is drawn right there."""
    return answer.window.boundary_mw(answer.decided, answer.flow)


def emissions_kg(answer: Answer, net_mw: Floats) -> float:
    """Carbon of own generation and of imports, from the net import of the first steps of a window [kg]."""
    columns, window = answer.window.compiled.columns, answer.window
    own = (window.emissions_kg * answer.x)[columns["converter_mw"]].reshape(-1, window.n_steps)[:, : net_mw.size]
    per_mw = window.emissions_kg[columns["import_mw"]][: net_mw.size]
    return float(own.sum() + per_mw @ np.maximum(net_mw, 0.0))


def carbon_cap_price(answer: Answer, dual: Floats) -> Iterator[float]:
    """What emitting a kilogram more than the cap would save [currency/kg]."""
    for added in answer.rows.added:
        if added.kind == "carbon":
            yield from (-dual[added.row]).tolist()


def binding(answer: Answer, dual: Floats, n_steps: int) -> Iterator[BindingLimit]:
    """Limits of the first `n_steps` steps that cost something to keep."""
    window, h = answer.window, answer.window.problem.clock.step_hours
    for name in ("import", "export"):
        saved = np.abs(dual[window.compiled.rows[f"{name}_limit"]][:n_steps])
        for step in np.flatnonzero(saved > NOTHING):
            yield BindingLimit(window.first + int(step), name, f"{name}_mw", float(saved[step]) / h)
    for added in answer.rows.added:
        if added.kind in QUANTITY:
            for at in np.flatnonzero((np.abs(dual[added.row]) > NOTHING) & (added.step < n_steps)):
                price = float(abs(dual[added.row[at]])) / h
                name = _element(answer, added, int(added.element[at]))
                yield BindingLimit(window.first + int(added.step[at]), name, QUANTITY[added.kind], price)


QUANTITY = {"loading": "loading_percent", "vm_min": "vm_pu", "vm_max": "vm_pu"}


def _element(answer: Answer, added: Added, place: int) -> str:
    network = answer.window.problem.network
    if added.kind == "loading":
        return network.branches.names[place]
    return network.buses.names[int(np.flatnonzero(network.buses.node == place)[0])]


def costs(answer: Answer, n_steps: int) -> Costs:
    """Cost of the first `n_steps` steps in the programme, by kind, penalties and peaks excluded."""
    window, x = answer.window, answer.x
    problem, h, columns = window.problem, window.problem.clock.step_hours, window.compiled.columns
    at = slice(window.first, window.first + n_steps)
    imported, exported = (x[columns[name]][:n_steps] for name in ("import_mw", "export_mw"))
    emissions = (window.emissions_kg * x)[columns["import_mw"]][:n_steps].sum()
    emissions += (window.emissions_kg * x)[columns["converter_mw"]].reshape(-1, window.n_steps)[:, :n_steps].sum()
    wear = value = 0.0
    for flexibility in problem.flexibilities:
        slot, power = answer.decided.p_mw[flexibility.name]
        mine = _step_of(answer, flexibility.name) < n_steps
        fuel = flexibility.at_slots(flexibility.wear_cost_per_mwh, slot)
        worth = flexibility.at_slots(flexibility.value_per_mwh, slot)
        wear += h * float((np.maximum(-power, 0.0) * fuel)[mine].sum())
        value -= h * float((np.maximum(power, 0.0) * worth)[mine].sum())
    return Costs(
        energy=h * float(imported @ problem.import_price_per_mwh[at] - exported @ problem.export_price_per_mwh[at]),
        carbon=problem.carbon_price_per_kg * float(emissions),
        wear_and_fuel=wear,
        value=value,
    )


def _step_of(answer: Answer, name: str) -> Ints:
    """Step of the window of each decided slot of a flexibility."""
    window = answer.window
    flexibility = next(f for f in window.problem.flexibilities if f.name == name)
    slot = answer.decided.p_mw[name][0]
    device = flexibility.device_of(slot)
    return slot - flexibility.offsets[device] + flexibility.start[device] - window.first


def shortfalls(answer: Answer, n_steps: int) -> Iterator[Shortfall]:
    """Limits that the first `n_steps` steps do not keep, as the AC power flow has them."""
    window, flow = answer.window, answer.flow
    problem = window.problem
    for name, limit in (("import", problem.import_max_mw), ("export", problem.export_max_mw)):
        for step in np.flatnonzero(answer.column(f"{name}_excess_mw")[:n_steps] > RELATIVE_TOLERANCE):
            value = float(answer.column(f"{name}_mw")[step])
            yield Shortfall(window.first + int(step), name, f"{name}_mw", value, limit)
    above_cap = float(answer.column("carbon_excess_kg")[0])
    if above_cap > RELATIVE_TOLERANCE * answer.rows.carbon_cap_kg + RELATIVE_TOLERANCE:
        cap = answer.rows.carbon_cap_kg
        yield Shortfall(window.first, "carbon", "emissions_kg", cap + above_cap, cap)
    over = answer.column("connection_excess_mw").reshape(-1, window.n_steps)[:, :n_steps]
    for (name, limit), excess in zip(window.roles.connections.items(), over, strict=True):
        for step in np.flatnonzero(excess > RELATIVE_TOLERANCE):
            yield Shortfall(window.first + int(step), name, "connection_mw", limit + float(excess[step]), limit)
    if not problem.grid_limits:
        return
    if not problem.alternating:
        p_mw = window.withdrawal(answer.decided)[0][:n_steps]
        yield from _loading_shortfalls(answer, answer.rows.dc.loading_percent(p_mw))
        return
    for step in np.flatnonzero(flow.failed[:n_steps]):
        yield Shortfall(window.first + int(step), "city", "power_flow", float("nan"), float("nan"))
    yield from _loading_shortfalls(answer, flow.loading_percent()[:n_steps])
    yield from _voltage_shortfalls(answer, n_steps)


def _loading_shortfalls(answer: Answer, loading_percent: Floats) -> Iterator[Shortfall]:
    problem = answer.window.problem
    names, limits = problem.network.branches.names, problem.loading_max_percent
    excess = np.nan_to_num(loading_percent - limits, nan=-np.inf, neginf=-np.inf)
    for step, branch in np.argwhere(excess > LOADING_TOLERANCE_PERCENT):
        value, limit = float(loading_percent[step, branch]), float(limits[branch])
        yield Shortfall(answer.window.first + int(step), names[branch], "loading_percent", value, limit)


def _voltage_shortfalls(answer: Answer, n_steps: int) -> Iterator[Shortfall]:
    problem, vm = answer.window.problem, answer.flow.vm_pu()[:n_steps]
    buses = problem.network.buses.names
    for outside, limits in ((problem.vm_min_pu - vm, problem.vm_min_pu), (vm - problem.vm_max_pu, problem.vm_max_pu)):
        found = np.argwhere(np.nan_to_num(outside, nan=-np.inf) > VOLTAGE_TOLERANCE_PU)
        for step, bus in found:
            value, limit = float(vm[step, bus]), float(limits[bus])
            yield Shortfall(answer.window.first + int(step), buses[bus], "vm_pu", value, limit)
