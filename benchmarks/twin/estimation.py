"""The state estimation against power-grid-model's, at equal states: the reference net, a day of quarter hours.

SimBench's ``1-MVLV-urban-5.303`` (254 buses). Stations at 13 buses (5 %) measure voltage, withdrawal and the powers of
all branch ends there; every bus that may draw anything has expectations, each erring alone, for power-grid-model knows
none that err together. Both engines minimise the same weighted squares; all voltages are compared. One thread,
processor time, engines in turns; both have made their model of the grid before. ``python -m
benchmarks.twin.estimation`` writes ``docs/benchmarks_estimation.md``.
"""

from __future__ import annotations

import os
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

import numpy as np

from benchmarks.engines import network_and_injections, power_grid_model_tables
from benchmarks.grids import BenchmarkGrid, read
from grid.arrays import Floats
from grid.network.network import Network
from grid.powerflow.powerflow import voltages
from grid.time.clock import Clock
from grid.twin.estimation.estimate import GRID_VOLTAGE_SPREAD, estimate
from grid.twin.estimation.measured import MeasuredValues
from grid.twin.estimation.pseudo import PseudoInjections
from grid.twin.estimation.sensors import simulated_sensors

PAGE: Final = Path(__file__).parents[2] / "docs" / "benchmarks_estimation.md"
BUSES, STATIONS, STEPS = 254, 13, 96
NOISE, EXPECTED_SPREAD, LEAST_MW = 0.01, 0.3, 1e-3
"""Standard deviations: of sensors, per their largest value; of expectations, per the bus's largest withdrawal, and at
least [MW]."""
REPETITIONS: Final = 7
TOLERANCE_PU: Final = 1e-8
REMARKS: Final = """Ours and Newton-Raphson minimise the same squares. Iterative linear takes measured powers for
currents at the voltage of the iteration before, with other weights: its state is another one.
Both keep their model of the grid from one day to the next; bands are not in these figures, for power-grid-model gives
none, and it knows no expectations that err together."""
STARTED: Final = datetime(2016, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, eq=False)
class EstimationCase:
    """What both engines are given.

    Args:
        grid: The net.
        network: Our network of it.
        measured: What was measured.
        pseudo: What was expected.
    """

    grid: BenchmarkGrid
    network: Network
    measured: MeasuredValues
    pseudo: PseudoInjections


def case(n_stations: int = STATIONS, n_steps: int = STEPS) -> EstimationCase:
    """The reference net on the first day of its year, with stations at buses by chance."""
    grid = read(BUSES, n_steps)
    network, injections = network_and_injections(grid)
    p_mw, q_mvar = (np.asarray((matrix @ injections.profiles).T) for matrix in (injections.p_mw, injections.q_mvar))
    rng = np.random.default_rng(0)
    flow = voltages(network, Clock(STARTED, timedelta(minutes=15), n_steps), injections)
    node = network.buses.node
    drawing = np.flatnonzero(((p_mw != 0).any(axis=0) | (q_mvar != 0).any(axis=0)) & ~np.isin(node, network.slack))
    stations = rng.choice(np.flatnonzero(~np.isin(node, network.slack)), n_stations, replace=False)
    measured = simulated_sensors(flow, (p_mw, q_mvar), stations.tolist(), spread=NOISE, rng=rng)
    true = np.hstack([p_mw[:, drawing], q_mvar[:, drawing]])
    spread = np.maximum(EXPECTED_SPREAD * np.abs(true).max(axis=0), LEAST_MW)
    expected = true + spread * rng.standard_normal(true.shape)
    reactive = np.repeat([False, True], drawing.size)
    return EstimationCase(grid, network, measured, PseudoInjections(np.tile(drawing, 2), reactive, expected, spread))


def ours(given: EstimationCase) -> Callable[[], Floats]:
    """Our estimate, to all voltages, shape (T, B) [pu]."""
    return lambda: estimate(given.network, given.measured, given.pseudo).vm_pu()


def power_grid_model(given: EstimationCase, method: str) -> Callable[[], Floats]:
    """Power-grid-model's batch of measured values, to all voltages, shape (T, B) [pu].

    Each scenario names the same sensors. A bus without load or generation injects nothing by itself there; what is
    measured and what is expected of a bus are two sensors of its injection. The grids above are joined by a link and
    have a sensor of their voltage with the deviation that ours has.
    """
    import power_grid_model as pgm  # noqa: PLC0415  a peer, only here

    tables = power_grid_model_tables(given.grid.net)
    first = sum(map(len, tables.values()))
    sources = given.grid.net.bus.index.get_indexer(given.grid.net.ext_grid.bus)
    link = pgm.initialize_array("input", "link", len(sources) - 1)
    link["id"], link["from_node"], link["to_node"] = first + np.arange(len(link)), sources[0], sources[1:]
    link["from_status"] = link["to_status"] = 1
    voltage, power = _voltage_sensors(given, int(sources[0])), _power_sensors(given, tables)
    parts = {"sym_voltage_sensor": voltage, "sym_power_sensor": power}
    first += len(link)
    for table, _ in parts.values():
        table["id"] = first + np.arange(len(table))
        first += len(table)
    model = pgm.PowerGridModel({**tables, "link": link, **{name: table for name, (table, _) in parts.items()}})
    update = {}
    for name, (table, values) in parts.items():
        update[name] = pgm.initialize_array("update", name, (len(values), len(table)))
        update[name]["id"] = table["id"]
        for k, field in enumerate(("u_measured",) if name == "sym_voltage_sensor" else ("p_measured", "q_measured")):
            update[name][field] = values[..., k]

    def solve() -> Floats:
        found = model.calculate_state_estimation(
            update_data=update, calculation_method=method, error_tolerance=TOLERANCE_PU, threading=-1,
            output_component_types={"node": ["u_pu"]},
        )  # fmt: skip
        return np.asarray(found["node"]["u_pu"])

    return solve


def _voltage_sensors(given: EstimationCase, source: int) -> tuple[np.ndarray, Floats]:
    """Sensors of voltages, and their values, shape (T, M, 1) [V]."""
    import power_grid_model as pgm  # noqa: PLC0415

    measured, network = given.measured, given.network
    at = np.flatnonzero(np.array(measured.quantity) == "vm_pu")
    base = network.buses.vn_kv * 1e3
    table = pgm.initialize_array("input", "sym_voltage_sensor", at.size + 1)
    bus = np.append(measured.place[at], source)
    held = abs(network.v_slack[0])
    values = np.column_stack([measured.values[:, at], np.full(measured.n_steps, held)]) * base[bus]
    table["measured_object"], table["u_measured"] = bus, values[0]
    table["u_sigma"] = np.append(measured.standard_deviation[0, at], GRID_VOLTAGE_SPREAD * held) * base[bus]
    return table, values[..., None]


def _power_sensors(given: EstimationCase, tables: dict[str, np.ndarray]) -> tuple[np.ndarray, Floats]:
    """Sensors of injections and flows, measured and expected, and their values, shape (T, M, 2) [W, var]."""
    import power_grid_model as pgm  # noqa: PLC0415

    terminal = pgm.MeasuredTerminalType
    measured, pseudo = given.measured, given.pseudo
    branch_id = np.concatenate([tables["line"]["id"], tables["transformer"]["id"]])
    rows = []
    for k, quantity in enumerate(measured.quantity):
        if not quantity.startswith("p_"):
            continue
        place = int(measured.place[k])
        assert measured.quantity[k + 1].startswith("q_")  # noqa: S101  a benchmark checks what it measures
        pair, bus = np.array([k, k + 1]), quantity == "p_mw"
        kind = terminal.node if bus else terminal.branch_from if "_from_" in quantity else terminal.branch_to
        sign = -1.0 if bus else 1.0
        rows.append((place if bus else int(branch_id[place]), kind, sign * measured.values[:, pair],
                     measured.standard_deviation[0, pair]))  # fmt: skip
    n = pseudo.bus.size // 2
    for k in range(n):
        pair = np.array([k, n + k])
        rows.append((int(pseudo.bus[k]), terminal.node, -pseudo.values[:, pair], pseudo.standard_deviation[0, pair]))
    table = pgm.initialize_array("input", "sym_power_sensor", len(rows))
    table["measured_object"] = [row[0] for row in rows]
    table["measured_terminal_type"] = [int(row[1]) for row in rows]
    sigma = np.array([row[3] for row in rows]) * 1e6
    table["p_sigma"], table["q_sigma"] = sigma[:, 0], sigma[:, 1]
    table["power_sigma"] = np.hypot(sigma[:, 0], sigma[:, 1])
    values = np.stack([row[2] for row in rows], axis=1) * 1e6
    table["p_measured"], table["q_measured"] = values[0, :, 0], values[0, :, 1]
    return table, values


def in_turns(solvers: dict[str, Callable[[], Floats]]) -> dict[str, float]:
    """Median processor time of each [s], one after the other in every turn; each is called once before."""
    seconds: dict[str, list[float]] = {name: [] for name in solvers}
    for solve in solvers.values():
        solve()
    for _ in range(REPETITIONS):
        for name, solve in solvers.items():
            begun = time.process_time()
            solve()
            seconds[name].append(time.process_time() - begun)
    return {name: statistics.median(values) for name, values in seconds.items()}


def main() -> None:
    """Writes the page."""
    given = case()
    solvers = {
        "**gridcarbon**": ours(given),
        "power-grid-model, Newton-Raphson": power_grid_model(given, "newton_raphson"),
        "power-grid-model, iterative linear": power_grid_model(given, "iterative_linear"),
    }
    found = {name: solve() for name, solve in solvers.items()}
    seconds = in_turns(solvers)
    reference, state = seconds["**gridcarbon**"], found["**gridcarbon**"]
    about = (
        f"SimBench's `1-MVLV-urban-5.303` ({BUSES} buses), {STEPS} quarter hours, {len(given.measured.quantity)} "
        f"values of {STATIONS} stations and {given.pseudo.bus.size} expectations in each, as "
        "`python -m benchmarks.twin.estimation` writes it. One thread, processor time, engines in turns, median of "
        f"{REPETITIONS}; load of the machine {os.getloadavg()[0]:.1f} on {os.cpu_count()} processors."
    )
    text = ["# State estimation against power-grid-model", about, "",
            "| engine | ms for the day | of ours | farthest voltage from ours [pu] |", "|---|---|---|---|"]  # fmt: skip
    for name, value in seconds.items():
        apart = np.abs(found[name] - state).max()
        text.append(f"| {name} | {1e3 * value:,.1f} | {value / reference:.2f} | {apart:.0e} |")
    text += ["", REMARKS]
    PAGE.write_text("\n".join(text) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
