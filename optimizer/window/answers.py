"""What the optimum of a window says beyond its schedule: prices at every bus, marginal carbon, costs, shortfalls."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from grid.arrays import Floats
from grid.network.tolerances import LOADING_TOLERANCE_PERCENT, VOLTAGE_TOLERANCE_PU
from optimizer.network.network_limits import LimitedQuantity
from optimizer.problem.schedule import BindingLimit, Costs, Shortfall
from optimizer.window.grid_rows import LITTLE_DUAL
from optimizer.window.solve import WindowSolution

RELATIVE_TOLERANCE = 1e-4
QUANTITY = {"loading": "loading_percent", "vm_min": "vm_pu", "vm_max": "vm_pu", "unbalance": "unbalance"}
"""Limited quantity of each kind of rows of the network."""
TOLERANCE = {"loading_percent": LOADING_TOLERANCE_PERCENT, "vm_pu": VOLTAGE_TOLERANCE_PU, "unbalance": 0.0}
"""By how much a limit of each quantity may be exceeded."""


def change_per_mwh(solution: WindowSolution, dual: Floats) -> Floats:
    """Change per MWh more withdrawn at each bus, shape (n_steps, B), from the change per side of each row.

    ``λ + Σ_k α_k ∂P_loss/∂d_n − Σ_c μ_c ∂h_c/∂d_n``: the balance of the step, and every row of the network whose
    side moves with the withdrawal.

    Args:
        solution: The solution of a window.
        dual: Change of the cost, or of the emissions, per side of each row of its solver, shape (rows,).
    """
    window = solution.window
    n_buses = len(window.problem.network.buses.names)
    per_mw = np.repeat(dual[window.compiled.rows["balance"]][:, None], n_buses, axis=1)
    for rows in solution.rows.added:
        if rows.kind != "carbon":
            np.add.at(per_mw, rows.step, dual[rows.row][:, None] * rows.shift)
    return per_mw / window.problem.clock.step_hours


def net_import_mw(solution: WindowSolution) -> Floats:
    """Net import in the AC power flow, shape (n_steps,) [MW]: what enters the grid, and what is drawn right there."""
    return solution.window.net_import_mw(solution.schedule, solution.flow)


def emissions_kg(solution: WindowSolution, net_mw: Floats) -> float:
    """Carbon of own generation and of imports, from the net import of the first steps of a window [kg]."""
    window, columns, n = solution.window, solution.window.compiled.columns, net_mw.size
    own = (window.emissions_kg * solution.x)[columns["unit_mw"]][:, :n]
    per_mw = window.emissions_kg[columns["import_mw"]][:n]
    return float(own.sum() + per_mw @ np.maximum(net_mw, 0.0))


def carbon_cap_prices(solution: WindowSolution, dual: Floats) -> Iterator[float]:
    """What emitting a kilogram more than the cap would save, by the change per side of each row [currency/kg]."""
    for rows in solution.rows.added:
        if rows.kind == "carbon":
            yield from (-dual[rows.row]).tolist()


def binding_limits(solution: WindowSolution, dual: Floats, price: Floats, n_steps: int) -> Iterator[BindingLimit]:
    """Limits of the first `n_steps` steps that cost something to keep.

    Args:
        solution: The solution of a window.
        dual: Change of the cost per side of each row of its solver, shape (rows,).
        price: The same of the cost without penalties for limits that are exceeded.
        n_steps: Steps that the window decides.
    """
    window, h = solution.window, solution.window.problem.clock.step_hours

    def binding(row: int, step: int, element: str, quantity: str, phase: str = "") -> BindingLimit:
        saved, priced = float(abs(dual[row])) / h, float(abs(price[row])) / h
        return BindingLimit(window.first + step, element, quantity, priced, saved - priced, phase)

    for name in ("import", "export"):
        limited = window.compiled.rows[f"{name}_limit"][:n_steps]
        for step in np.flatnonzero(np.abs(dual[limited]) > LITTLE_DUAL):
            yield binding(int(limited[step]), int(step), name, f"{name}_mw")
    for rows in solution.rows.added:
        if rows.kind in QUANTITY:
            for at in np.flatnonzero((np.abs(dual[rows.row]) > LITTLE_DUAL) & (rows.step < n_steps)):
                name, phase = window.limits.name(rows.kind, int(rows.element[at]))
                yield binding(int(rows.row[at]), int(rows.step[at]), name, QUANTITY[rows.kind], phase)


def cost_by_kind(solution: WindowSolution, n_steps: int) -> Costs:
    """Cost of the first `n_steps` steps in the programme, by kind, penalties and peaks excluded."""
    window, columns = solution.window, solution.window.compiled.columns
    problem, h = window.problem, window.problem.clock.step_hours
    at = slice(window.first, window.first + n_steps)
    imported, exported = (solution.values(name)[:n_steps] for name in ("import_mw", "export_mw"))
    emissions = (window.emissions_kg * solution.x)[columns["import_mw"]][:n_steps].sum()
    emissions += (window.emissions_kg * solution.x)[columns["unit_mw"]][:, :n_steps].sum()
    wear = value = 0.0
    for flexibility in problem.flexibilities:
        slot, power = solution.schedule.p_mw[flexibility.name]
        mine, device = window.step_of_slot[flexibility.name] < n_steps, window.device_of_slot[flexibility.name]
        fuel = flexibility.at_slots(flexibility.wear_cost_per_mwh, slot, device)
        worth = flexibility.at_slots(flexibility.value_per_mwh, slot, device)
        wear += h * float((np.maximum(-power, 0.0) * fuel)[mine].sum())
        value -= h * float((np.maximum(power, 0.0) * worth)[mine].sum())
    return Costs(
        energy=h * float(imported @ problem.import_price_per_mwh[at] - exported @ problem.export_price_per_mwh[at]),
        carbon=problem.carbon_price_per_kg * float(emissions),
        wear_and_fuel=wear,
        value=value,
    )


def limits_not_kept(solution: WindowSolution, n_steps: int) -> Iterator[Shortfall]:
    """Limits that the first `n_steps` steps do not keep, as the AC power flow has them."""
    window, flow = solution.window, solution.flow
    problem = window.problem
    yield from _programme_shortfalls(solution, n_steps)
    if not problem.grid_limits:
        return
    if not problem.alternating:
        p_mw = window.withdrawal(solution.schedule)[0][:n_steps]
        loading, limit = solution.rows.dc.loading_percent(p_mw), problem.loading_max_percent
        of_branches = LimitedQuantity("loading_percent", "", problem.network.branches.names, loading, limit, 1.0)
        yield from network_shortfalls(window.first, of_branches)
        return
    for step in np.flatnonzero(flow.failed[:n_steps]):
        yield Shortfall(window.first + int(step), "city", "power_flow", float("nan"), float("nan"))
    for limited in window.limits.quantities(flow):
        yield from network_shortfalls(window.first, replace(limited, values=limited.values[:n_steps]))


def _programme_shortfalls(solution: WindowSolution, n_steps: int) -> Iterator[Shortfall]:
    """Limits of import, export, carbon and shared connections that the programme exceeds."""
    window, problem = solution.window, solution.window.problem
    for name, limit in (("import", problem.import_max_mw), ("export", problem.export_max_mw)):
        for step in np.flatnonzero(solution.values(f"{name}_excess_mw")[:n_steps] > RELATIVE_TOLERANCE):
            value = float(solution.values(f"{name}_mw")[step])
            yield Shortfall(window.first + int(step), name, f"{name}_mw", value, limit)
    above_cap, cap = float(solution.values("carbon_excess_kg")), solution.rows.carbon_cap_kg
    if above_cap > RELATIVE_TOLERANCE * cap + RELATIVE_TOLERANCE:
        yield Shortfall(window.first, "carbon", "emissions_kg", cap + above_cap, cap)
    over = solution.values("connection_excess_mw")[:, :n_steps]
    for (name, limit), excess in zip(window.roles.connections.items(), over, strict=True):
        for step in np.flatnonzero(excess > RELATIVE_TOLERANCE):
            yield Shortfall(window.first + int(step), name, "connection_mw", limit + float(excess[step]), limit)


def network_shortfalls(first: int, limited: LimitedQuantity) -> Iterator[Shortfall]:
    """Limits of branches or buses that are not kept in steps from `first` on."""
    excess = np.nan_to_num(limited.sign * (limited.values - limited.limit), nan=-np.inf, neginf=-np.inf)
    for step, place in np.argwhere(excess > TOLERANCE[limited.quantity]):
        value, limit = float(limited.values[step, place]), float(limited.limit[place])
        yield Shortfall(first + int(step), limited.names[place], limited.quantity, value, limit, limited.phase)
