"""The day that dispatch is measured on: a radial grid with batteries, sun and cars, drawn with fixed seeds.

100 buses by the linearised branch-flow equations [1], 20 batteries, 30 roofs with inverters and 200 charging sessions
that may feed in, 96 quarter hours. Every day has the same devices and ratings, but loads, clouds, prices and sessions
of its own. All powers are per unit of 1 MVA, voltages squared.

References:
    [1] M. E. Baran and F. F. Wu, "Optimal sizing of capacitors placed on a radial distribution system", IEEE Trans.
        Power Delivery, vol. 4, no. 1, pp. 735-743, 1989.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from grid.arrays import Bools, Floats, Ints

T, HOURS = 96, 0.25
N_BUSES, N_BATTERIES, N_ROOFS, N_CARS = 100, 20, 30, 200
V_MIN, V_MAX = 0.95**2, 1.05**2
BATTERY_ETA, CAR_ETA = 0.95, 0.92
BATTERY_WEAR, CAR_WEAR = 8.0, 12.0
CARBON_PRICE, EXPORT_SHARE = 80.0, 0.9
EXCHANGE_MAX = 200.0
OCTAGON = 2**0.5
INVERTER = 1.1 * OCTAGON * 0.85


@dataclass(frozen=True, eq=False)
class Devices:
    """What is the same on every day: lines by the bus they lead to, and where devices are."""

    parent: Ints
    r: Floats
    x: Floats
    s_max: Floats
    load: Floats
    roof_bus: Ints
    roof_size: Floats
    battery_bus: Ints
    battery_power: Floats
    battery_energy: Floats
    car_bus: Ints

    @property
    def battery_start(self) -> Floats:
        """Energy of the batteries when the day begins, and at least when it ends."""
        return 0.5 * self.battery_energy


@dataclass(frozen=True, eq=False)
class Day:
    """What is different: withdrawal (B, T), sun (R, T), prices (T,), and the stay and the wish of each car (E,)."""

    p: Floats
    q: Floats
    sun: Floats
    import_cost: Floats
    export_price: Floats
    arrival: Ints
    departure: Ints
    power: Floats
    capacity: Floats
    e_arrival: Floats
    e_due: Floats

    @property
    def plugged_in(self) -> Bools:
        """Whether each car is connected, shape (E, T)."""
        step = np.arange(T)
        present: Bools = (step >= self.arrival[:, None]) & (step < self.departure[:, None])
        return present


HOUR = np.arange(T) * HOURS
LOAD_SHAPE = 0.45 + 0.25 * np.exp(-(((HOUR - 19) / 2.5) ** 2)) + 0.18 * np.exp(-(((HOUR - 8) / 2) ** 2))
SUN = np.clip(np.sin((HOUR - 6) / 12 * np.pi), 0, None)


def devices() -> Devices:
    rng = np.random.default_rng(0)
    parent = np.zeros(N_BUSES, dtype=np.int64)
    for bus in range(5, N_BUSES):
        near = rng.random() < 0.8
        parent[bus] = bus - 4 if near else rng.integers(max(1, bus - 12), bus)
    r = rng.uniform(0.5, 2.0, N_BUSES) * 0.00035
    x = r * rng.uniform(0.6, 1.0, N_BUSES)
    load = np.where(np.arange(N_BUSES) > 0, rng.uniform(0.05, 0.25, N_BUSES), 0.0)
    below = load.copy()
    for bus in range(N_BUSES - 1, 0, -1):  # a parent has a lower number
        below[parent[bus]] += below[bus]
    s_max = 1.15 * below * np.hypot(1, 0.3) * LOAD_SHAPE.max() + 0.4
    roof_bus = rng.choice(np.arange(1, N_BUSES), N_ROOFS, replace=False)
    roof_size = rng.uniform(0.2, 1.2, N_ROOFS)
    battery_bus = rng.choice(np.arange(1, N_BUSES), N_BATTERIES, replace=False)
    power = rng.uniform(0.2, 0.6, N_BATTERIES)
    energy = power * rng.uniform(2, 4, N_BATTERIES)
    car_bus = rng.integers(1, N_BUSES, N_CARS)
    return Devices(parent, r, x, s_max, load, roof_bus, roof_size, battery_bus, power, energy, car_bus)


def day(fixed: Devices, number: int) -> Day:
    rng = np.random.default_rng(1000 + number)
    p = fixed.load[:, None] * LOAD_SHAPE * (1 + 0.08 * rng.standard_normal((N_BUSES, T)))
    cloud = rng.uniform(0.4, 1.0) + 0.1 * rng.standard_normal((N_ROOFS, T))
    sun = fixed.roof_size[:, None] * SUN**1.3 * np.clip(cloud, 0, 1)
    price = (
        60 + 35 * np.exp(-(((HOUR - 19) / 2) ** 2)) + 20 * np.exp(-(((HOUR - 8) / 1.5) ** 2)) - 25 * SUN**1.3
        + rng.normal(0, 4, T)
    )  # fmt: skip
    ci_t_per_mwh = 0.30 - 0.12 * SUN**1.3 + 0.05 * np.exp(-(((HOUR - 19) / 3) ** 2))
    arrival = np.clip((np.clip(rng.normal(17, 2.5, N_CARS), 8, 22) / HOURS).astype(int) - T // 2, 0, None)
    stay = np.clip((rng.normal(9, 2.5, N_CARS) / HOURS).astype(int), 8, T - 1)
    departure = np.minimum(arrival + stay, T)
    power = rng.choice([0.0074, 0.011, 0.022], N_CARS)
    capacity = rng.uniform(0.04, 0.08, N_CARS)
    e_arrival = capacity * rng.uniform(0.2, 0.5, N_CARS)
    most = e_arrival + 0.9 * CAR_ETA * power * HOURS * (departure - arrival)
    return Day(
        p, 0.3 * p, sun, price + CARBON_PRICE * ci_t_per_mwh, EXPORT_SHARE * price, arrival, departure, power,
        capacity, e_arrival, np.minimum(most, 0.9 * capacity),
    )  # fmt: skip
