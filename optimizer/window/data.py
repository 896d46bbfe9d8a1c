"""What changes from window to window: bounds, costs and sides of the model's components, by name."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from grid.arrays import Floats, Ints
from grid.flexibility.flexibility import Flexibility
from optimizer._highs import INFINITY
from optimizer.window.model import MONTHS, PLACEHOLDER
from optimizer.window.roles import by_device

if TYPE_CHECKING:
    from optimizer.window.programme import Start, Window


def bounds(window: Window, start: Start) -> dict[str, tuple[Floats | float, Floats | float]]:
    """Bounds of the variables."""
    problem, n = window.problem, window.n_steps
    converters = [
        (f.at_slots(f.p_min_mw, window.slots(f)).ravel(), f.at_slots(f.p_max_mw, window.slots(f)).ravel())
        for f in window.roles.converters
    ]
    charge, discharge, least, most = [], [], [], []
    for flexibility, store in window.roles.stores:
        at = window.slots(flexibility)
        low_mw, high_mw = flexibility.at_slots(flexibility.p_min_mw, at), flexibility.at_slots(flexibility.p_max_mw, at)
        one = len(store.charge_segments) == 1
        for device in range(flexibility.n_devices):
            for share, _ in store.charge_segments:
                must = np.maximum(low_mw[device], 0.0) if one else np.zeros(n)
                charge.append((must, share * np.maximum(high_mw[device], 0.0)))
        discharge.append((np.maximum(-high_mw, 0.0).ravel(), np.maximum(-low_mw, 0.0).ravel()))
        low = np.repeat(store.e_min_mwh[:, None], n, axis=1)
        low[:, -1] = np.maximum(low[:, -1], store.e_end_mwh)
        least.append(low.ravel())
        most.append(np.repeat(store.e_max_mwh, n))
    lasting = window.roles.lasting
    q_max = joined(by_device(f.q_max_mvar, f) for f in lasting)[list(window.roles.inverters)]
    slack = INFINITY if problem.elastic else 0.0
    grid = slack if problem.grid_limits else 0.0
    peak = np.zeros(MONTHS)
    peak[0] = start.peak_mw
    return {
        "import_mw": (0.0, INFINITY),
        "export_mw": (0.0, INFINITY),
        "loss_mw": (0.0, INFINITY if problem.alternating else 0.0),
        "converter_mw": (joined(c[0] for c in converters), joined(c[1] for c in converters)),
        "charge_mw": (joined(c[0] for c in charge), joined(c[1] for c in charge)),
        "discharge_mw": (joined(d[0] for d in discharge), joined(d[1] for d in discharge)),
        "energy_mwh": (joined(least), joined(most)),
        "peak_mw": (peak, INFINITY),
        "q_draw_mvar": (0.0, np.repeat(q_max, n)),
        "q_supply_mvar": (0.0, np.repeat(q_max, n)),
        "import_excess_mw": (0.0, slack),
        "export_excess_mw": (0.0, slack),
        "connection_excess_mw": (0.0, slack),
        "loading_excess_percent": (0.0, grid),
        "voltage_excess_pu": (0.0, grid),
        "carbon_excess_kg": (0.0, slack),
    }


def costs(window: Window) -> dict[str, Floats | float]:
    """Prices of the variables, plus what a user's extension charges for them."""
    problem, h, n = window.problem, window.problem.clock.step_hours, window.n_steps
    at = slice(window.first, window.stop)
    carbon = problem.carbon_price_per_kg
    converters = [_converter_price(f, carbon, window.slots(f)) for f in window.roles.converters]
    wear = [np.repeat(by_device(f.wear_cost_per_mwh, f), n) for f, _ in window.roles.stores]
    value = [
        np.tile(f.at_slots(f.value_per_mwh, window.slots(f)[device]), len(store.charge_segments))
        for f, store in window.roles.stores
        for device in range(f.n_devices)
    ]
    kept = np.zeros((sum(f.n_devices for f, _ in window.roles.stores), n))
    if window.stop < problem.clock.n_steps:
        kept[:, -1] = problem.stored_value_per_mwh
    prices: dict[str, Floats | float] = {
        "import_mw": h * problem.import_cost_per_mwh[at],
        "export_mw": -h * problem.export_price_per_mwh[at],
        "converter_mw": h * joined(converters),
        "discharge_mw": h * joined(wear),
        "charge_mw": -h * joined(value),
        "energy_mwh": -kept.ravel(),
        "peak_mw": problem.demand_charge_per_mw_month,
    }
    own = window.compiled.program.cost
    return {name: price + (own[window.compiled.columns[name]] - PLACEHOLDER) for name, price in prices.items()}


def _converter_price(flexibility: Flexibility, carbon_price_per_kg: float, slots: Ints) -> Floats:
    """Price of a MWh drawn: less what it is worth to who draws it, or less what feeding it in costs."""
    value = flexibility.at_slots(flexibility.value_per_mwh, slots)
    fuel = by_device(flexibility.wear_cost_per_mwh, flexibility) + carbon_price_per_kg * own_ci(flexibility)
    feeds = flexibility.at_slots(flexibility.p_min_mw, slots) < 0
    return -np.where(feeds, fuel[:, None], value).ravel()


def own_ci(flexibility: Flexibility) -> float:
    """Direct emissions of its generation, where they are its own [kg/MWh]."""
    return 0.0 if flexibility.ci_kg_per_mwh is None else flexibility.ci_kg_per_mwh[0]


def sides(window: Window, start: Start) -> dict[str, tuple[Floats | float, Floats | float]]:
    """Sides of the constraints: what is fixed, limits, and what the stores begin with."""
    problem, at, n = window.problem, slice(window.first, window.stop), window.n_steps
    fixed = problem.p_fixed_mw[at].sum(axis=1)
    if problem.grid_limits:
        fixed = fixed + problem.network.fixed_mva.real.sum()
    months = problem.clock.times[at].astype("datetime64[M]")
    other = np.unique(months)[:MONTHS]
    in_month = np.full((MONTHS, n), INFINITY)
    for place, month in enumerate(other):
        in_month[place] = np.where(months == month, 0.0, INFINITY)
    stored = []
    for flexibility, store in window.roles.stores:
        before = -flexibility.drain_mwh[window.slots(flexibility)]
        before[:, 0] += store.retention_per_step * start.e_now_mwh[flexibility.name]
        stored.append(before.ravel())
    limits = np.repeat(np.array(list(window.roles.connections.values())), n)
    low, high = _ramps(window, start)
    return {
        "balance": (fixed, fixed),
        "import_limit": (-INFINITY, problem.import_max_mw),
        "export_limit": (-INFINITY, problem.export_max_mw),
        "peak": (-INFINITY, in_month.ravel()),
        "store_balance": (joined(stored), joined(stored)),
        "ramp": (low, high),
        "connection_draw": (-INFINITY, limits),
        "connection_feed": (-INFINITY, limits),
    }


def _ramps(window: Window, start: Start) -> tuple[Floats, Floats]:
    """Sides of the ramps: around the power before the window in its first step, around 0 later."""
    ramp = window.roles.ramps_mw_per_h() * window.problem.clock.step_hours
    low, high = (np.repeat(sign * ramp[:, None], window.n_steps, axis=1) for sign in (-1.0, 1.0))
    if start.p_before_mw is None:
        low[:, 0], high[:, 0] = -INFINITY, INFINITY
    else:
        ramped = [start.p_before_mw[f.name] for f in window.roles.lasting if f.ramp_mw_per_h is not None]
        low[:, 0] += joined(ramped)
        high[:, 0] += joined(ramped)
    return low.ravel(), high.ravel()


def joined(parts: Iterator[Floats] | list[Floats]) -> Floats:
    """Arrays one after another; empty where there are none."""
    arrays = list(parts)
    return np.concatenate(arrays) if arrays else np.empty(0)
