"""Every engine behind one form: made once for a grid, then called for a number of steps.

What each must deliver in every step: voltages, the loading of every line and transformer, and the losses. Where a
library does not give one of these, it is computed from what it gives, by numpy over all steps at once. Reading the
grid and arranging the injections as a library wants them is not timed, for none of them.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
from scipy import sparse

from benchmarks.grids import BenchmarkGrid
from grid import _pandapower
from grid.network.injections import Injections
from grid.network.network import Network
from grid.powerflow.extremes import extremes
from grid.powerflow.full_arrays import full_arrays
from grid.powerflow.zbus import factorise
from grid.time.clock import Clock

TOLERANCE_PU = 1e-8

Engine = Callable[[int], np.ndarray]
"""Solves that many steps and returns the lowest voltage of each, shape (steps,) [pu], to compare engines by."""


def gridcarbon(grid: BenchmarkGrid, threads: int) -> Engine:
    """Ours: injections by profile, fused extremes."""
    network, injections = network_and_injections(grid)

    def solve(steps: int) -> np.ndarray:
        clock = Clock(datetime(2016, 1, 1, tzinfo=UTC), timedelta(minutes=15), steps)
        return extremes(network, clock, injections.window(0, steps), threads=threads).vm_min_pu

    return solve


def gridcarbon_arrays(grid: BenchmarkGrid, threads: int) -> Engine:
    """Ours: every voltage magnitude, loading and active power, in single precision."""
    network, injections = network_and_injections(grid)

    def solve(steps: int) -> np.ndarray:
        clock = Clock(datetime(2016, 1, 1, tzinfo=UTC), timedelta(minutes=15), steps)
        return np.asarray(full_arrays(network, clock, injections.window(0, steps), threads=threads).vm_pu.min(axis=1))

    return solve


def network_and_injections(grid: BenchmarkGrid) -> tuple[Network, Injections]:
    """Our network, and the injections with profiles that elements share found again."""
    network = _pandapower.network_of(grid.net)
    position = {bus: place for place, bus in enumerate(grid.net.bus.index)}
    parts = []
    for table, sign, p_mw, q_mvar in (
        ("load", 1.0, grid.load_p, grid.load_q), ("sgen", -1.0, grid.sgen_p, np.zeros_like(grid.sgen_p))
    ):  # fmt: skip
        bus = np.array([position[b] for b in grid.net[table].bus])
        by_profile = grid.net[table].profile.to_numpy()
        names, profile = np.unique(by_profile, return_inverse=True)
        for values, kind in ((p_mw, "p"), (q_mvar, "q")):
            nominal = np.abs(values).max(axis=0)
            first = np.array([np.argmax(np.where(profile == k, nominal, -1.0)) for k in range(len(names))])
            shape = values[:, first] / np.maximum(nominal[first], 1e-12)
            scale = sparse.csr_array((sign * nominal, (bus, profile)), shape=(len(position), len(names)))
            nothing = sparse.csr_array(scale.shape)
            parts.append(Injections(shape.T, scale, nothing) if kind == "p" else Injections(shape.T, nothing, scale))
    joined = parts[0]
    for part in parts[1:]:
        joined = joined.plus(part)
    return network, joined


def power_grid_model(grid: BenchmarkGrid, threads: int, method: str) -> Engine:
    """Power-grid-model's batch, with its own loadings."""
    import power_grid_model as pgm  # noqa: PLC0415  optional

    model, loads, generators = _pgm_model(grid)
    wanted = {"node": ["u_pu"], "line": ["loading", "p_from", "p_to"], "transformer": ["loading", "p_from", "p_to"]}

    def solve(steps: int) -> np.ndarray:
        found = model.calculate_power_flow(
            update_data={"sym_load": loads[:steps], "sym_gen": generators[:steps]},
            calculation_method=pgm.CalculationMethod[method],
            error_tolerance=TOLERANCE_PU,
            threading=-1 if threads == 1 else threads,
            output_component_types=wanted,
        )
        losses = sum((found[table]["p_from"] + found[table]["p_to"]).sum(axis=1) for table in ("line", "transformer"))
        assert np.isfinite(losses).all()  # noqa: S101  a benchmark checks what it measures
        return np.asarray(found["node"]["u_pu"]).min(axis=1)

    return solve


def _pgm_model(grid: BenchmarkGrid) -> tuple[Any, np.ndarray, np.ndarray]:
    """The net for power-grid-model, by hand: its converter trips over SimBench's empty columns. Loads, generators."""
    import power_grid_model as pgm  # noqa: PLC0415  optional

    tables = power_grid_model_tables(grid.net)
    loads = _pgm_steps("sym_load", tables["sym_load"], grid.load_p, grid.load_q)
    generators = _pgm_steps("sym_gen", tables["sym_gen"], grid.sgen_p, np.zeros_like(grid.sgen_p))
    return pgm.PowerGridModel(tables), loads, generators


def _pgm_steps(component: str, of_net: np.ndarray, p_mw: np.ndarray, q_mvar: np.ndarray) -> np.ndarray:
    import power_grid_model as pgm  # noqa: PLC0415  optional

    steps = pgm.initialize_array("update", component, p_mw.shape)
    steps["id"], steps["p_specified"], steps["q_specified"] = of_net["id"], p_mw * 1e6, q_mvar * 1e6
    return steps


def power_grid_model_tables(net: Any) -> dict[str, np.ndarray]:
    """The tables of a net as power-grid-model takes them."""
    import power_grid_model as pgm  # noqa: PLC0415  optional

    position = {bus: place for place, bus in enumerate(net.bus.index)}
    tables: dict[str, np.ndarray] = {}

    def add(name: str, n: int, **columns: Any) -> None:
        array = pgm.initialize_array("input", name, n)
        array["id"] = sum(map(len, tables.values())) + np.arange(n)
        for column, values in columns.items():
            array[column] = values
        tables[name] = array

    def at(buses: Any) -> list[int]:
        return [position[bus] for bus in buses]

    line, trafo = net.line, net.trafo
    length_km = line.length_km / line.parallel
    add("node", len(net.bus), u_rated=net.bus.vn_kv * 1e3)
    add(
        "line", len(line), from_node=at(line.from_bus), to_node=at(line.to_bus), from_status=1, to_status=1,
        r1=line.r_ohm_per_km * length_km, x1=line.x_ohm_per_km * length_km,
        c1=line.c_nf_per_km * line.length_km * line.parallel * 1e-9, tan1=0.0,
        i_n=line.max_i_ka * 1e3 * line.parallel * line.df,
    )  # fmt: skip
    add(
        "transformer", len(trafo), from_node=at(trafo.hv_bus), to_node=at(trafo.lv_bus), from_status=1, to_status=1,
        u1=trafo.vn_hv_kv * 1e3, u2=trafo.vn_lv_kv * 1e3, sn=trafo.sn_mva * 1e6, uk=trafo.vk_percent / 100,
        pk=trafo.vkr_percent / 100 * trafo.sn_mva * 1e6, i0=trafo.i0_percent / 100, p0=trafo.pfe_kw * 1e3,
        winding_from=2, winding_to=1, clock=(trafo.shift_degree // 30).astype(int),
        tap_side=0, tap_pos=0, tap_min=0, tap_max=0, tap_nom=0, tap_size=0.0,
    )  # fmt: skip
    add("source", len(net.ext_grid), node=at(net.ext_grid.bus), status=1, u_ref=net.ext_grid.vm_pu, sk=1e20)
    for name, elements in (("sym_load", net.load), ("sym_gen", net.sgen)):
        add(name, len(elements), node=at(elements.bus), status=1, type=0, p_specified=0.0, q_specified=0.0)
    return tables


def lightsim2grid(grid: BenchmarkGrid) -> Engine:
    """Lightsim2grid's time series, one thread; loadings and losses from its currents and flows."""
    from lightsim2grid.network import init_from_pandapower  # noqa: PLC0415  optional
    from lightsim2grid.timeSerie import TimeSeriesCPP  # noqa: PLC0415  optional

    model = init_from_pandapower(grid.net)
    start = model.dc_pf(np.full(len(grid.net.bus), 1.0 + 0j), 20, TOLERANCE_PU)
    rating = (grid.net.line.max_i_ka * grid.net.line.parallel * grid.net.line.df).to_numpy()

    def solve(steps: int) -> np.ndarray:
        series = TimeSeriesCPP(model)
        status = series.compute_Vs(
            np.zeros((steps, len(grid.net.ext_grid))), grid.sgen_p[:steps], grid.load_p[:steps], grid.load_q[:steps],
            start, 20, TOLERANCE_PU,
        )  # fmt: skip
        if status != 1:
            raise RuntimeError("lightsim2grid did not converge")
        series.compute_flows()
        loading = series.get_flows()[:, : rating.size] / rating
        both = series.compute_branch_results()
        losses = both[:, :, 0].sum(axis=1) + both[:, :, 2].sum(axis=1)
        assert np.isfinite(loading).all()  # noqa: S101  a benchmark checks what it measures
        assert np.isfinite(losses).all()  # noqa: S101
        return np.asarray(np.abs(series.get_voltages()).min(axis=1))

    return solve


def p3s(grid: BenchmarkGrid) -> Engine:
    """The Newton-Raphson batch of p3s, one thread (p3s itself needs Python 3.12); loadings and powers by numpy.

    It is given our admittance matrix, and in every step what our injections draw at each node.
    """
    from p3s import nr_klu  # noqa: PLC0415  optional

    network, injections = network_and_injections(grid)
    admittance, branches = sparse.csr_array(network.admittance), network.branches
    rest = np.setdiff1d(np.arange(network.n_nodes), network.slack).astype(np.int32)
    solver = nr_klu.Solver(
        admittance.indptr.astype(np.int32), admittance.indices.astype(np.int32), admittance.data.astype(complex),
        np.empty(0, dtype=np.int32), rest,
    )  # fmt: skip
    node = network.buses.node
    live = np.flatnonzero(node >= 0)
    gather = sparse.csr_array((np.ones(live.size), (node[live], live)), shape=(network.n_nodes, node.size))
    start = factorise(network)
    unloaded = np.empty(network.n_nodes, dtype=complex)
    unloaded[start.order] = start.unloaded
    drawn: dict[int, np.ndarray] = {}

    def solve(steps: int) -> np.ndarray:
        if steps not in drawn:  # arranging injections is not timed: each number of steps is called once before
            power = (injections.p_mw + 1j * injections.q_mvar) @ injections.profiles[:, :steps]
            drawn[steps] = -(gather @ power) / network.base_mva
        found = solver.solve_batch(drawn[steps], unloaded, max_iter=20, tol=TOLERANCE_PU, n_threads=1)
        if not found["converged"].all():
            raise RuntimeError("p3s did not converge")
        voltage = found["V"]
        i_from, i_to = network.admittance_from @ voltage, network.admittance_to @ voltage
        per_from, per_to = branches.percent_per_pu_from[:, None], branches.percent_per_pu_to[:, None]
        loading = np.maximum(np.abs(i_from) * per_from, np.abs(i_to) * per_to)
        losses = (voltage[branches.from_node] * i_from.conj()).real + (voltage[branches.to_node] * i_to.conj()).real
        assert np.isfinite(loading).all()  # noqa: S101  a benchmark checks what it measures
        assert np.isfinite(losses).all()  # noqa: S101
        return np.asarray(np.abs(voltage).min(axis=0))

    return solve


def run_timeseries(grid: BenchmarkGrid, *, fast: bool) -> Engine:
    """Pandapower's own time series: as it is by default (`fast`), or with its plain Newton-Raphson and no recycling."""
    import pandas as pd  # noqa: PLC0415  with the next
    from pandapower.control import ConstControl  # noqa: PLC0415  slow to import
    from pandapower.timeseries import DFData, OutputWriter, run_timeseries  # noqa: PLC0415

    net = copy.deepcopy(grid.net)
    for table, column, values in (
        ("load", "p_mw", grid.load_p),
        ("load", "q_mvar", grid.load_q),
        ("sgen", "p_mw", grid.sgen_p),
    ):
        ConstControl(
            net, table, column, element_index=net[table].index, profile_name=net[table].index,
            data_source=DFData(pd.DataFrame(values, columns=net[table].index)), recycle=None if fast else False,
        )  # fmt: skip

    def solve(steps: int) -> np.ndarray:
        writer = OutputWriter(net, range(steps), output_path=None)
        for table, column in (("res_bus", "vm_pu"), ("res_line", "loading_percent"), ("res_line", "pl_mw"),
                              ("res_trafo", "loading_percent"), ("res_trafo", "pl_mw")):  # fmt: skip
            writer.log_variable(table, column)
        options = {} if fast else {"lightsim2grid": False, "recycle": False}
        run_timeseries(net, range(steps), verbose=False, **options)
        return np.asarray(writer.output["res_bus.vm_pu"].min(axis=1), dtype=float)

    return solve
