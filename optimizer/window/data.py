"""What changes from window to window: bounds, prices and sides of the model's components, by name and shape."""

from __future__ import annotations

import numpy as np

from grid.arrays import Floats, Ints
from grid.flexibility.flexibility import Flexibility, Reservoir
from optimizer._highs import INFINITY
from optimizer.window.model import EXCESSES, PLACEHOLDER
from optimizer.window.roles import by_device, joined, stacked
from optimizer.window.state import WindowModel, WindowState

Sides = tuple[Floats | float, Floats | float]
"""Least and most, in the shape of a component or one that is broadcast to it."""


def bounds(window: WindowModel, state: WindowState) -> dict[str, Sides]:
    """Bounds of the variables."""
    problem, n = window.problem, window.n_steps
    units = [(f.at_slots(f.p_min_mw, window.slots(f)), f.at_slots(f.p_max_mw, window.slots(f)))
             for f in window.roles.units]  # fmt: skip
    stores = [_store_bounds(window, state, flexibility, store) for flexibility, store in window.roles.stores]
    q_max = joined([by_device(f.q_max_mvar, f) for f in window.roles.lasting])[list(window.roles.inverters)]
    peak = np.zeros(window.n_months)
    peak[0] = state.peak_mw
    found: dict[str, Sides] = {
        "import_mw": (0.0, INFINITY),
        "export_mw": (0.0, INFINITY),
        "loss_mw": (0.0, INFINITY if problem.alternating else 0.0),
        "unit_mw": (stacked([low for low, _ in units], n), stacked([high for _, high in units], n)),
        "peak_mw": (peak, INFINITY),
        "q_draw_mvar": (0.0, q_max[:, None]),
        "q_supply_mvar": (0.0, q_max[:, None]),
    }
    for name in ("charge_mw", "discharge_mw", "energy_mwh"):
        found[name] = (stacked([s[name][0] for s in stores], n), stacked([s[name][1] for s in stores], n))
    slack = INFINITY if problem.elastic else 0.0
    found |= dict.fromkeys(EXCESSES, (0.0, slack))
    if not problem.grid_limits:
        of_grid = ("loading_excess_percent", "voltage_excess_pu", "unbalance_excess_percent")
        found |= dict.fromkeys(of_grid, (0.0, 0.0))
    return found


def _store_bounds(
    window: WindowModel, state: WindowState, flexibility: Flexibility, store: Reservoir
) -> dict[str, tuple[Floats, Floats]]:
    """Bounds of the charging segments, discharging and energies of the devices of a store, (rows, n_steps) each."""
    at, n = window.slots(flexibility), window.n_steps
    low_mw, high_mw = flexibility.at_slots(flexibility.p_min_mw, at), flexibility.at_slots(flexibility.p_max_mw, at)
    share = np.array([share for share, _ in store.charge_segments])
    whole = np.maximum(high_mw, 0.0)[:, None, :]
    most = share[None, :, None] * whole
    if store.p_segments_mw is not None:  # the first segments carry what there is
        rated = store.p_segments_mw[:, None, None]
        most = np.clip(whole - (np.cumsum(share) - share)[None, :, None] * rated, 0.0, share[None, :, None] * rated)
    most = most.reshape(-1, n)
    must = np.maximum(low_mw, 0.0) if share.size == 1 else np.zeros_like(most)
    least_mwh = np.repeat(store.e_min_mwh[:, None], n, axis=1)
    by_then = flexibility.highest_mwh(state.e_now_mwh[flexibility.name], window.first, window.stop)
    least_mwh[:, -1] = np.maximum(least_mwh[:, -1], np.minimum(store.e_end_mwh, by_then))
    most_mwh = np.repeat(store.e_max_mwh[:, None], n, axis=1)
    if store.exact_end:
        most_mwh[:, -1] = np.minimum(most_mwh[:, -1], np.maximum(least_mwh[:, -1], store.e_end_mwh))
    return {
        "charge_mw": (must, most),
        "discharge_mw": (np.maximum(-high_mw, 0.0), np.maximum(-low_mw, 0.0)),
        "energy_mwh": (least_mwh, most_mwh),
    }


def prices(window: WindowModel) -> dict[str, Floats | float]:
    """Prices of the variables per unit [currency/MW, currency/MWh stored], with what a user's extension charges."""
    problem, h, n, roles = window.problem, window.problem.clock.step_hours, window.n_steps, window.roles
    units = [_unit_price(f, problem.carbon_price_per_kg, window.slots(f)) for f in roles.units]
    wear = joined([by_device(f.wear_cost_per_mwh, f) for f, _ in roles.stores])
    value = [
        np.repeat(f.at_slots(f.value_per_mwh, window.slots(f)), len(store.charge_segments), axis=0)
        for f, store in roles.stores
    ]
    kept = np.zeros((roles.n_stores, n))
    if window.stop < problem.clock.n_steps:
        kept[:, -1] = problem.stored_value_per_mwh
    stated: dict[str, Floats | float] = {
        "import_mw": h * problem.import_cost_per_mwh[window.steps],
        "export_mw": -h * problem.export_price_per_mwh[window.steps],
        "unit_mw": h * stacked(units, n),
        "discharge_mw": h * wear[:, None],
        "charge_mw": -h * stacked(value, n),
        "energy_mwh": -kept,
        "peak_mw": problem.demand_charge_per_mw_month,
        "q_draw_mvar": h * problem.reactive_cost_per_mvarh,
        "q_supply_mvar": h * problem.reactive_cost_per_mvarh,
    }
    own = window.compiled.program.cost
    return {name: price + (own[window.compiled.columns[name]] - PLACEHOLDER) for name, price in stated.items()}


def _unit_price(flexibility: Flexibility, carbon_price_per_kg: float, slots: Ints) -> Floats:
    """Price of a MWh drawn, shape of `slots`: less what it is worth to who draws it, or what feeding it in costs."""
    value = flexibility.at_slots(flexibility.value_per_mwh, slots)
    fuel = by_device(flexibility.wear_cost_per_mwh, flexibility) + carbon_price_per_kg * own_ci(flexibility)
    feeds = flexibility.at_slots(flexibility.p_min_mw, slots) < 0
    return -np.where(feeds, fuel[:, None], value)


def own_ci(flexibility: Flexibility) -> float:
    """Direct emissions of its generation, where they are its own [kg/MWh]."""
    return 0.0 if flexibility.ci_kg_per_mwh is None else flexibility.ci_kg_per_mwh[0]


def sides(window: WindowModel, state: WindowState) -> dict[str, Sides]:
    """Sides of the constraints: what is fixed, limits, and what the stores begin with."""
    problem, n = window.problem, window.n_steps
    fixed = problem.p_fixed_mw[window.steps].sum(axis=1)
    if problem.grid_limits:
        fixed = fixed + problem.network.fixed_mva.real.sum()
    stored = []
    for flexibility, store in window.roles.stores:
        before = -flexibility.drain_mwh[window.slots(flexibility)]
        before[:, 0] += store.retention_per_step * state.e_now_mwh[flexibility.name]
        stored.append(before)
    limits = np.array(list(window.roles.connections.values()))[:, None]
    given = window.roles.given_behind(window.first, window.stop)
    return {
        "balance": (fixed, fixed),
        "import_limit": (-INFINITY, problem.import_max_mw),
        "export_limit": (-INFINITY, problem.export_max_mw),
        "peak": (-INFINITY, np.where(window.months == np.arange(window.n_months)[:, None], 0.0, INFINITY)),
        "store_balance": (stacked(stored, n), stacked(stored, n)),
        "ramp": _ramps(window, state),
        "connection_draw": (-INFINITY, limits - given),
        "connection_feed": (-INFINITY, limits + given),
    }


def _ramps(window: WindowModel, state: WindowState) -> tuple[Floats, Floats]:
    """Sides of the ramps, (R, n_steps) each: around the power before the window in its first step, around 0 later."""
    ramp = window.roles.ramps_mw_per_h() * window.problem.clock.step_hours
    low, high = (np.repeat(sign * ramp[:, None], window.n_steps, axis=1) for sign in (-1.0, 1.0))
    if state.p_before_mw is None:
        low[:, 0], high[:, 0] = -INFINITY, INFINITY
    else:
        before = [state.p_before_mw[f.name] for f in window.roles.lasting if f.ramp_mw_per_h is not None]
        low[:, 0] += joined(before)
        high[:, 0] += joined(before)
    return low, high
