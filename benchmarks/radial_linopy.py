"""The day of `benchmarks.radial_day` in linopy, stated as arrays."""

from __future__ import annotations

from typing import Any

import linopy
import numpy as np
import pandas as pd
import xarray as xr

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
from grid.arrays import Bools

STEP = pd.RangeIndex(T, name="step")
BUS, LINE = pd.RangeIndex(N_BUSES, name="bus"), pd.RangeIndex(1, N_BUSES, name="line")
BATTERY, ROOF, CAR = (
    pd.RangeIndex(n, name=name) for n, name in ((N_BATTERIES, "battery"), (N_ROOFS, "roof"), (N_CARS, "car"))
)


def _by(index: pd.Index, values: Any) -> xr.DataArray:
    """Values by an index, or by an index and step."""
    values = np.asarray(values)
    return xr.DataArray(values, coords=[index, STEP] if values.ndim == 2 else [index])


def _at_buses(expression: Any, index: pd.Index, bus: Any) -> Any:
    """Sums over what is at each bus."""
    return (1 * expression).groupby(pd.Series(bus, index=index, name="bus")).sum().reindex(bus=BUS)


def state(fixed: Devices, today: Day, slots: Bools) -> linopy.Model:
    """The model; `slots` are the steps of each car that get variables, shape (E, T), at least its stay."""
    m = linopy.Model()
    s_max, size = _by(LINE, fixed.s_max[1:]), _by(ROOF, fixed.roof_size)
    imported = m.add_variables(0, EXCHANGE_MAX, coords=[STEP], name="imported")
    exported = m.add_variables(0, EXCHANGE_MAX, coords=[STEP], name="exported")
    q_grid = m.add_variables(coords=[STEP], name="q_grid")
    p_line = m.add_variables(-s_max, s_max, coords=[LINE, STEP], name="p_line")
    q_line = m.add_variables(-s_max, s_max, coords=[LINE, STEP], name="q_line")
    at_root = np.arange(N_BUSES) == 0
    v_low, v_high = _by(BUS, np.where(at_root, 1.0, V_MIN)), _by(BUS, np.where(at_root, 1.0, V_MAX))
    v = m.add_variables(v_low, v_high, coords=[BUS, STEP], name="v")
    p_roof = m.add_variables(0, _by(ROOF, today.sun), coords=[ROOF, STEP], name="p_roof")
    q_roof = m.add_variables(-size, size, coords=[ROOF, STEP], name="q_roof")
    net, wear = _batteries(m, fixed)
    car_net, car_wear = _cars(m, today, slots)
    fed = _at_buses(p_roof, ROOF, fixed.roof_bus) + _at_buses(net, BATTERY, fixed.battery_bus)
    fed = fed + _at_buses(car_net, CAR, fixed.car_bus)
    for name, line, supply, other, load in (
        ("p", p_line, imported - exported, fed, today.p),
        ("q", q_line, 1 * q_grid, _at_buses(q_roof, ROOF, fixed.roof_bus), today.q),
    ):
        out = _at_buses(line, LINE, fixed.parent[1:])
        into = (1 * line).rename(line="bus").reindex(bus=BUS) + supply.expand_dims(bus=[0]).reindex(bus=BUS)
        m.add_constraints(into - out + other == _by(BUS, load), name=f"{name}_balance")
    above = (1 * v).sel(bus=xr.DataArray(fixed.parent[1:], coords=[LINE])).drop_vars("bus")
    below = (1 * v).sel(bus=LINE.to_numpy()).rename(bus="line")
    lost = 2 * _by(LINE, fixed.r[1:]) * p_line + 2 * _by(LINE, fixed.x[1:]) * q_line
    m.add_constraints(below - above + lost == 0, name="drop")
    for sign in (1, -1):
        m.add_constraints(p_line + sign * q_line <= OCTAGON * s_max, name=f"octagon_most{sign}")
        m.add_constraints(p_line + sign * q_line >= -OCTAGON * s_max, name=f"octagon_least{sign}")
        m.add_constraints(p_roof + sign * q_roof <= INVERTER * size, name=f"inverter{sign}")
    m.add_objective(_cost(m, today, wear + car_wear))
    return m


def _cost(m: linopy.Model, today: Day, wear: Any) -> Any:
    price_in, price_out = (xr.DataArray(p, coords=[STEP]) for p in (today.import_cost, today.export_price))
    imported, exported = m.variables["imported"], m.variables["exported"]
    return HOURS * ((price_in * imported).sum() - (price_out * exported).sum() + wear)


def update(m: linopy.Model, today: Day) -> None:
    """Writes the numbers of a day into a model with variables for every car in every step."""
    power = _by(CAR, today.power[:, None] * today.plugged_in)
    most = _by(CAR, np.repeat(today.capacity[:, None], T, axis=1))
    bounds = {"p_roof": (0, _by(ROOF, today.sun)), "car_charge": (0, power), "car_discharge": (0, power),
              "car_energy": (_by(CAR, _least(today)), most)}  # fmt: skip
    for name, (low, high) in bounds.items():
        m.variables[name].update(lower=low, upper=high)
    m.constraints["p_balance"].rhs = _by(BUS, today.p)
    m.constraints["q_balance"].rhs = _by(BUS, today.q)
    m.constraints["car"].rhs = _by(CAR, _start(today, np.ones((N_CARS, T), dtype=bool)))
    worn = BATTERY_WEAR * m.variables["discharge"].sum() + CAR_WEAR * m.variables["car_discharge"].sum()
    m.add_objective(_cost(m, today, worn), overwrite=True)


def _least(today: Day) -> Any:
    """Least energy of each car when each step ends."""
    return np.where(np.arange(T) == today.departure[:, None] - 1, today.e_due[:, None], 0.0)


def _start(today: Day, slots: Bools) -> Any:
    """Energy of each car in the first of its steps that has variables, 0 in others."""
    before = np.hstack([np.zeros((N_CARS, 1), dtype=bool), slots[:, :-1]])
    return np.where(slots & ~before, today.e_arrival[:, None], 0.0)


def _batteries(m: linopy.Model, fixed: Devices) -> tuple[Any, Any]:
    power = _by(BATTERY, fixed.battery_power)
    charge = m.add_variables(0, power, coords=[BATTERY, STEP], name="charge")
    discharge = m.add_variables(0, power, coords=[BATTERY, STEP], name="discharge")
    least = np.where(np.arange(T) == T - 1, fixed.battery_start[:, None], 0.0)
    energy = m.add_variables(
        _by(BATTERY, least), _by(BATTERY, fixed.battery_energy), coords=[BATTERY, STEP], name="energy"
    )
    start = np.where(np.arange(T) == 0, fixed.battery_start[:, None], 0.0)
    gain = HOURS * BATTERY_ETA * charge - HOURS / BATTERY_ETA * discharge
    m.add_constraints(energy - (1 * energy).shift(step=1) - gain == _by(BATTERY, start), name="battery")
    return discharge - charge, BATTERY_WEAR * discharge.sum()


def _cars(m: linopy.Model, today: Day, slots: Bools) -> tuple[Any, Any]:
    there = _by(CAR, slots)
    power = _by(CAR, today.power[:, None] * today.plugged_in)
    charge = m.add_variables(0, power, coords=[CAR, STEP], name="car_charge", mask=there)
    discharge = m.add_variables(0, power, coords=[CAR, STEP], name="car_discharge", mask=there)
    energy = m.add_variables(
        _by(CAR, _least(today)), _by(CAR, today.capacity), coords=[CAR, STEP], name="car_energy", mask=there
    )
    gain = HOURS * CAR_ETA * charge - HOURS / CAR_ETA * discharge
    change = energy - (1 * energy).shift(step=1) - gain
    m.add_constraints(change == _by(CAR, _start(today, slots)), name="car", mask=there)
    return discharge - charge, CAR_WEAR * discharge.sum()
