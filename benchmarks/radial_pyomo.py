"""The day of `benchmarks.radial_day` in Pyomo, and the same compiled once and rewritten day by day."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyomo.environ as pyo

from benchmarks.radial_day import (
    BATTERY_ETA,
    BATTERY_WEAR,
    CAR_ETA,
    CAR_WEAR,
    EXCHANGE_MAX,
    HOURS,
    INVERTER,
    N_BATTERIES,
    N_BUSES,
    N_CARS,
    N_ROOFS,
    OCTAGON,
    V_MAX,
    V_MIN,
    Day,
    Devices,
    T,
)  # fmt: skip
from grid.arrays import Bools, Ints
from optimizer._highs import Compiled, LinearProgram


def state(fixed: Devices, today: Day, slots: Bools) -> Any:
    """The model; `slots` are the steps of each car that get variables, shape (E, T), at least its stay."""
    m = pyo.ConcreteModel()
    m.T, m.B, m.L = pyo.RangeSet(0, T - 1), pyo.RangeSet(0, N_BUSES - 1), pyo.RangeSet(1, N_BUSES - 1)
    m.S, m.R = pyo.RangeSet(0, N_BATTERIES - 1), pyo.RangeSet(0, N_ROOFS - 1)
    m.E = pyo.Set(initialize=list(zip(*map(np.ndarray.tolist, np.nonzero(slots)), strict=True)), dimen=2)
    _variables(m, fixed, today)
    _network(m, fixed, today, slots)
    _stores(m, fixed, today, slots)
    energy = sum(today.import_cost[t] * m.imported[t] - today.export_price[t] * m.exported[t] for t in m.T)
    wear = BATTERY_WEAR * pyo.quicksum(m.discharge.values()) + CAR_WEAR * pyo.quicksum(m.car_discharge.values())
    m.cost = pyo.Objective(expr=HOURS * (energy + wear))
    return m


def _variables(m: Any, fixed: Devices, today: Day) -> None:
    s_max, plugged = fixed.s_max, today.plugged_in
    m.imported = pyo.Var(m.T, bounds=(0, EXCHANGE_MAX))
    m.exported = pyo.Var(m.T, bounds=(0, EXCHANGE_MAX))
    m.q_grid = pyo.Var(m.T)
    m.p_line = pyo.Var(m.L, m.T, bounds=lambda _m, i, _t: (-s_max[i], s_max[i]))
    m.q_line = pyo.Var(m.L, m.T, bounds=lambda _m, i, _t: (-s_max[i], s_max[i]))
    m.v = pyo.Var(m.B, m.T, bounds=lambda _m, b, _t: (V_MIN, V_MAX) if b else (1, 1))
    m.p_roof = pyo.Var(m.R, m.T, bounds=lambda _m, i, t: (0, today.sun[i, t]))
    m.q_roof = pyo.Var(m.R, m.T, bounds=lambda _m, i, _t: (-fixed.roof_size[i], fixed.roof_size[i]))
    m.charge = pyo.Var(m.S, m.T, bounds=lambda _m, i, _t: (0, fixed.battery_power[i]))
    m.discharge = pyo.Var(m.S, m.T, bounds=lambda _m, i, _t: (0, fixed.battery_power[i]))
    m.energy = pyo.Var(
        m.S, m.T,
        bounds=lambda _m, i, t: (fixed.battery_start[i] if t == T - 1 else 0, fixed.battery_energy[i]),
    )  # fmt: skip
    m.car_charge = pyo.Var(m.E, bounds=lambda _m, i, t: (0, today.power[i] * plugged[i, t]))
    m.car_discharge = pyo.Var(m.E, bounds=lambda _m, i, t: (0, today.power[i] * plugged[i, t]))
    m.car_energy = pyo.Var(
        m.E, bounds=lambda _m, i, t: (today.e_due[i] if t == today.departure[i] - 1 else 0, today.capacity[i])
    )


def _network(m: Any, fixed: Devices, today: Day, slots: Bools) -> None:
    buses = (fixed.roof_bus, fixed.battery_bus)
    roofs, batteries = ([np.flatnonzero(bus == b).tolist() for b in m.B] for bus in buses)
    children = [[line for line in m.L if fixed.parent[line] == b] for b in m.B]
    cars: dict[tuple[int, int], list[int]] = {}
    for car, step in np.argwhere(slots).tolist():
        cars.setdefault((int(fixed.car_bus[car]), step), []).append(car)

    def p_balance(m: Any, b: int, t: int) -> Any:
        fed = [m.p_roof[i, t] for i in roofs[b]] + [m.discharge[i, t] - m.charge[i, t] for i in batteries[b]]
        fed += [m.car_discharge[i, t] - m.car_charge[i, t] for i in cars.get((b, t), ())]
        into = m.p_line[b, t] if b else m.imported[t] - m.exported[t]
        return into - pyo.quicksum(m.p_line[c, t] for c in children[b]) + pyo.quicksum(fed) == today.p[b, t]

    def q_balance(m: Any, b: int, t: int) -> Any:
        into = m.q_line[b, t] if b else m.q_grid[t]
        fed = pyo.quicksum(m.q_roof[i, t] for i in roofs[b])
        return into - pyo.quicksum(m.q_line[c, t] for c in children[b]) + fed == today.q[b, t]

    def drop(m: Any, i: int, t: int) -> Any:
        lost = 2 * float(fixed.r[i]) * m.p_line[i, t] + 2 * float(fixed.x[i]) * m.q_line[i, t]
        return m.v[i, t] - m.v[int(fixed.parent[i]), t] + lost == 0

    def octagon(sign: int) -> Any:
        def rule(m: Any, i: int, t: int) -> Any:
            most = OCTAGON * fixed.s_max[i]
            return (-most, m.p_line[i, t] + sign * m.q_line[i, t], most)

        return rule

    m.p_balance = pyo.Constraint(m.B, m.T, rule=p_balance)
    m.q_balance = pyo.Constraint(m.B, m.T, rule=q_balance)
    m.drop = pyo.Constraint(m.L, m.T, rule=drop)
    m.octagon = pyo.Constraint(m.L, m.T, rule=octagon(1))
    m.octagon_other = pyo.Constraint(m.L, m.T, rule=octagon(-1))
    size = INVERTER * fixed.roof_size
    m.inverter = pyo.Constraint(m.R, m.T, rule=lambda m, i, t: m.p_roof[i, t] + m.q_roof[i, t] <= size[i])
    m.inverter_other = pyo.Constraint(m.R, m.T, rule=lambda m, i, t: m.p_roof[i, t] - m.q_roof[i, t] <= size[i])


def _stores(m: Any, fixed: Devices, today: Day, slots: Bools) -> None:
    def battery(m: Any, i: int, t: int) -> Any:
        before = m.energy[i, t - 1] if t else 0
        gain = HOURS * (BATTERY_ETA * m.charge[i, t] - m.discharge[i, t] / BATTERY_ETA)
        return m.energy[i, t] - before - gain == (0 if t else fixed.battery_start[i])

    def car(m: Any, i: int, t: int) -> Any:
        later = t > 0 and bool(slots[i, t - 1])
        before = m.car_energy[i, t - 1] if later else 0
        gain = HOURS * (CAR_ETA * m.car_charge[i, t] - m.car_discharge[i, t] / CAR_ETA)
        return m.car_energy[i, t] - before - gain == (0 if later else today.e_arrival[i])

    m.battery = pyo.Constraint(m.S, m.T, rule=battery)
    m.car = pyo.Constraint(m.E, rule=car)


def compiled(fixed: Devices, today: Day) -> Compiled:
    """The model with variables for every car in every step, so that any day's stays are bounds."""
    return Compiled.from_pyomo(state(fixed, today, np.ones((N_CARS, T), dtype=bool)))


def rewritten(once: Compiled, today: Day) -> LinearProgram:
    """The compiled model with the numbers of a day; outside their stay cars can neither charge nor discharge."""
    power = (today.power[:, None] * today.plugged_in).ravel()
    least = np.where(np.arange(T) == today.departure[:, None] - 1, today.e_due[:, None], 0.0).ravel()
    start = np.where(np.arange(T) == 0, today.e_arrival[:, None], 0.0).ravel()
    bounds = {
        "p_roof": (0.0, today.sun),
        "car_charge": (0.0, power),
        "car_discharge": (0.0, power),
        "car_energy": (least, np.repeat(today.capacity, T)),
    }
    rhs = {"p_balance": today.p, "q_balance": today.q, "car": start}
    return once.updated(
        bounds={name: (_like(low, once.columns[name]), _like(high, once.columns[name]))
                for name, (low, high) in bounds.items()},
        cost={"imported": HOURS * today.import_cost, "exported": -HOURS * today.export_price},
        rhs={name: (_like(side, once.rows[name]),) * 2 for name, side in rhs.items()},
    )  # fmt: skip


def _like(values: Any, places: Ints) -> Any:
    """Values, one or one for each place, in the shape of the places of a variable or constraint."""
    return values if np.ndim(values) == 0 else np.reshape(values, np.shape(places))
