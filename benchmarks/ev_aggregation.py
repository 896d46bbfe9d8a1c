"""Sessions one by one against their exact aggregation: ``python -m benchmarks.ev_aggregation``.

5,000 sessions of a day at 50 stations, drawn with a fixed seed. Each station may draw 30 % of the power of its
chargers; sessions arrive through the morning and stay six hours on average.
"""

from __future__ import annotations

import sys
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import numpy as np
from scipy import sparse

from grid.flexibility.flexibility import Flexibility, Reservoir, one_hot
from grid.time.clock import Clock
from optimizer._highs import LinearProgram, Solver
from optimizer.aggregation.fleet import AggregatedFleet, solve_aggregated
from optimizer.window.sessions import session_block

STEPS, HOURS = 96, 0.25
GAP = 5e-5
PENALTY_PER_MWH = 1000.0


@dataclass(frozen=True, eq=False)
class Instance:
    """A fleet at stations, its prices and the programme of the stations, whose power stands in the first columns."""

    fleet: Flexibility
    station: np.ndarray
    program: LinearProgram
    power: np.ndarray


def instance(n_sessions: int, n_stations: int, v2g_share: float) -> Instance:
    """A day; with V2G the batteries lose 8 % each way, without they lose nothing."""
    rng = np.random.default_rng(0)
    station = rng.integers(0, n_stations, n_sessions)
    arrival = np.clip((rng.normal(10, 4, n_sessions) / HOURS).astype(int), 0, 80)
    stay = np.clip((rng.normal(6, 2.5, n_sessions) / HOURS).astype(int), 4, 60)
    departure = np.minimum(arrival + stay, STEPS)
    power = rng.choice([7.4, 11, 22], n_sessions) / 1000
    battery = rng.uniform(40, 80, n_sessions) / 1000
    wanted = np.minimum(rng.uniform(8, 45, n_sessions) / 1000, 0.85 * power * HOURS * (departure - arrival))
    start, wanted = 0.2 * battery, np.minimum(wanted, 0.75 * battery)
    hour = np.arange(STEPS) * HOURS
    price = (
        60 + 40 * np.exp(-(((hour - 19) / 2) ** 2)) + 20 * np.exp(-(((hour - 8) / 2) ** 2))
        - 30 * np.clip(np.sin((hour - 6) / 12 * np.pi), 0, None) + rng.normal(0, 4, STEPS)
    )  # fmt: skip
    cap = 0.3 * np.bincount(station, weights=power, minlength=n_stations)
    willing = rng.random(n_sessions) < v2g_share
    eta = np.full(n_sessions, 0.92 if v2g_share else 1.0)
    store = Reservoir(
        start, np.minimum(start + wanted * eta, battery), np.where(willing, 0.1 * battery, start),
        np.where(willing, battery, start + wanted), eta, eta, np.ones(n_sessions), np.arange(n_sessions),
        exact_end=True, vehicle=True,
    )  # fmt: skip
    fleet = Flexibility(
        "cars", "ev_fleet", Clock(datetime(2030, 1, 1, tzinfo=UTC), timedelta(hours=HOURS), STEPS),
        one_hot(station, n_stations), arrival, departure, np.where(willing, -power, 0.0), power, "storage", store,
        wear_cost_per_mwh=np.full(n_sessions, 20.0),
    )  # fmt: skip
    return Instance(fleet, station, _stations(price, cap), np.arange(n_stations * STEPS).reshape(n_stations, STEPS))


def _stations(price: np.ndarray, cap: np.ndarray) -> LinearProgram:
    """Stations pay the price, and a penalty above their cap."""
    n = cap.size * STEPS
    eye, free = sparse.eye_array(n), np.full(n, np.inf)
    return LinearProgram(
        sparse.csr_array(sparse.hstack([eye, -eye])), -free, np.repeat(cap, STEPS),
        np.concatenate([-free, np.zeros(n)]), np.full(2 * n, np.inf),
        np.concatenate([np.tile(price, cap.size) * HOURS, np.full(n, PENALTY_PER_MWH * HOURS)]),
    )  # fmt: skip


def by_session(case: Instance) -> tuple[float, int]:
    """Objective with every session in the programme, and its columns."""
    store = case.fleet.reservoir
    if store is None:
        raise ValueError("the fleet has no stores")
    block = session_block(case.fleet, store.e_start_mwh.copy(), 0, STEPS)
    cell = case.station[block.device] * STEPS + block.step
    n = case.power.size
    gather = sparse.csr_array((np.ones(cell.size), (cell, np.arange(cell.size))), shape=(n, cell.size))
    link = sparse.csr_array((np.ones(n), (np.arange(n), case.power.ravel())), shape=(n, case.program.cost.size))
    whole = LinearProgram(
        sparse.csr_array(sparse.block_array([
            [case.program.matrix, None], [link, -(gather @ block.withdrawal())], [None, block.program.matrix],
        ])),
        np.concatenate([case.program.row_lower, np.zeros(n), block.program.row_lower]),
        np.concatenate([case.program.row_upper, np.zeros(n), block.program.row_upper]),
        *(np.concatenate([getattr(case.program, name), getattr(block.program, name)])
          for name in ("lower", "upper", "cost")),
    )  # fmt: skip
    return float(whole.cost @ Solver(whole).solve()), whole.cost.size


def undelivered_kwh(case: Instance, charge_mw: np.ndarray, discharge_mw: np.ndarray) -> float:
    """The most by which a session misses its energy [kWh]."""
    store, device = case.fleet.reservoir, case.fleet.device
    if store is None:
        raise ValueError("the fleet has no stores")
    gain = HOURS * (store.eta_charge[device] * charge_mw - discharge_mw / store.eta_discharge[device])
    energy = store.e_start_mwh + np.add.reduceat(gain, case.fleet.offsets[:-1])
    return float(np.abs(energy - store.e_end_mwh).max()) * 1000


def rows(n_sessions: int = 5000, n_stations: int = 50) -> list[str]:
    """Rows of the table: charging alone, and with V2G for three cars in ten."""
    found = []
    for name, v2g_share in (("charging", 0.0), ("V2G, 30 % of the cars", 0.3)):
        case = instance(n_sessions, n_stations, v2g_share)
        solve_aggregated(
            case.program, case.power, AggregatedFleet.from_flexibility(case.fleet, case.station), gap=1e-2
        )  # compiles
        begun = time.perf_counter()
        answer = solve_aggregated(
            case.program, case.power, AggregatedFleet.from_flexibility(case.fleet, case.station), gap=GAP
        )
        aggregated = time.perf_counter() - begun
        begun = time.perf_counter()
        objective, columns = by_session(case)
        single = time.perf_counter() - begun
        missed = undelivered_kwh(case, answer.charge_mw, answer.discharge_mw)
        cost, above = answer.objective, (answer.objective - objective) / objective
        figures = (f"{answer.columns:,}", f"{aggregated:.2f}", f"{cost:,.4f}", f"{above:.0e}", f"{missed:.0e}")
        found += [
            f"| {name} | session by session | {columns:,} | {single:.2f} | {objective:,.4f} | | |",
            f"| {name} | Dantzig-Wolfe | {' | '.join(figures)} |",
        ]
    return found


def main() -> None:
    """Prints the table."""
    sys.stdout.write("| sessions | way | columns | s | objective | above the optimum | undelivered, worst [kWh] |\n")
    sys.stdout.write("|---|---|---|---|---|---|---|\n" + "\n".join(rows()) + "\n")


if __name__ == "__main__":
    main()
