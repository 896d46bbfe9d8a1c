"""Three phases of two low-voltage nets against power-grid-model and OpenDSS, at equal voltages.

The European low-voltage feeder has 55 single-phase loads on 907 buses, SimBench's urban net ``1-LV-urban6`` 111 loads
on 59 buses, each on a phase drawn at random. Every engine solves the same random steps, each bus between nothing and
twice the power that the net states. All give the voltage of every phase at every bus; we and power-grid-model also give
the loading of every line. We and power-grid-model solve on one thread and on two; OpenDSS solves with one actor.
``python -m benchmarks.three_phase`` writes ``docs/benchmarks_three_phase.md``.
"""

from __future__ import annotations

import os
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np

from grid.arrays import Floats
from grid.network.network import Complexes
from grid.network.sequence_network import PHASES
from grid.three_phase import PhaseLoads, sequence_network, three_phase_windows

PAGE = Path(__file__).parents[1] / "docs" / "benchmarks_three_phase.md"
STIFF_MVA = 1e9
"""Short-circuit power of the grid above: the others hold its voltage behind an impedance in every sequence, we not in
the positive one; with this the difference is far below what is compared."""
REPETITIONS = 5
STEPS_OF_A_YEAR = 35_040
KEPT_BYTES = 64_000_000
"""Voltages and loadings that we keep at a time."""
FREQUENCY_HZ = 50.0
URBAN = "1-LV-urban6--0-no_sw"
"""The urban low-voltage net, which SimBench's own package holds."""


@dataclass(frozen=True)
class Engine:
    """One way to solve the steps.

    Args:
        name: What it is called.
        solve: From powers of the loads, (T, loads, 3) complex [MVA], to the lowest voltage of each step, (T,) [pu].
        steps: Steps that it is timed on.
        threads: Number of threads that it is given.
    """

    name: str
    solve: Callable[[Complexes], Floats]
    steps: int
    threads: int = 1


def urban() -> Any:
    """SimBench's urban net with its loads on single phases; its zero sequence is estimated."""
    import pandapower as pp  # noqa: PLC0415  slow to import

    from grid._pandapower import simbench  # noqa: PLC0415  reads a large file

    net = simbench(URBAN)
    loads, phase = net.load, np.random.default_rng(0).integers(3, size=len(net.load))
    net.load, net.sgen = loads.iloc[:0], net.sgen.iloc[:0]
    for bus in loads.bus.unique():
        power = [((loads.p_mw + 1j * loads.q_mvar)[(loads.bus == bus) & (phase == k)]).sum() for k in range(3)]
        parts = {f"p_{name}_mw": value.real for name, value in zip(PHASES, power, strict=True)}
        pp.create_asymmetric_load(net, bus, **parts, **{
            f"q_{name}_mvar": value.imag for name, value in zip(PHASES, power, strict=True)})  # fmt: skip
    for quantity in ("r0_ohm", "x0_ohm", "c0_nf"):
        net.line[f"{quantity}_per_km"] = net.line[f"{quantity.replace('0', '')}_per_km"] * (
            1 if quantity[0] == "c" else 4
        )
    net.ext_grid[["rx_max", "x0x_max", "r0x0_max"]] = 0.1, 1.0, 0.1
    net.trafo["vector_group"], net.trafo["si0_hv_partial"], net.trafo["mag0_rx"] = "Dyn", 0.9, 0.0
    net.trafo["vk0_percent"], net.trafo["vkr0_percent"] = net.trafo.vk_percent, net.trafo.vkr_percent
    net.trafo[["pfe_kw", "i0_percent"]] = 0.0
    return stiff(net)


def stiff(net: Any) -> Any:
    """A net with a stiff grid above and a transformer without magnetising, which all engines model alike."""
    net.ext_grid["s_sc_max_mva"] = STIFF_MVA
    net.trafo["mag0_percent"] = 1e9
    return net


def feeder() -> Any:
    """The European low-voltage feeder at its on-peak minute."""
    import pandapower.networks as pn  # noqa: PLC0415  slow to import

    return stiff(pn.ieee_european_lv_asymmetric("on_peak_566"))


def powers(net: Any, n_steps: int) -> Complexes:
    """Random powers of the loads by phase, shape (T, loads, 3) [MVA]."""
    loads = net.asymmetric_load
    rated = sum(unit * loads[[f"{part}_{phase}_{name}" for phase in PHASES]].to_numpy()
                for unit, part, name in ((1, "p", "mw"), (1j, "q", "mvar")))  # fmt: skip
    return np.asarray(rated * np.random.default_rng(0).uniform(0, 2, (n_steps, *rated.shape)))


def ours(net: Any, *, full: bool, threads: int = 1) -> Engine:
    """The fixed point in sequences: all voltages and loadings, or extremes, losses and violations only."""
    network = sequence_network(net)
    at = net.bus.index.get_indexer(net.asymmetric_load.bus)
    at_once = KEPT_BYTES // (4 * (3 * network.n_nodes + len(network.branches)))

    def solve(power: Complexes) -> Floats:
        loads = PhaseLoads.at_buses(network, at, power.transpose(0, 2, 1), threads=threads)
        keep: Literal["magnitudes", "extremes"] = "magnitudes" if full else "extremes"
        windows = three_phase_windows(network, loads, at_once, keep=keep, threads=threads)
        return np.concatenate([found.vm_min_pu for found in windows])

    what = "all voltages and loadings" if full else "extremes, unbalance, losses, violations"
    return Engine(f"**gridcarbon**, {what}", solve, STEPS_OF_A_YEAR, threads)


def power_grid_model(net: Any, method: str, threads: int = 1) -> Engine:
    """power-grid-model's asymmetric batch, with all voltages and line loadings."""
    import power_grid_model as pgm  # noqa: PLC0415  a peer, only here

    n_bus, n_line, n_load = len(net.bus), len(net.line), len(net.asymmetric_load)
    index = net.bus.index
    node = pgm.initialize_array("input", "node", n_bus)
    node["id"], node["u_rated"] = np.arange(n_bus), net.bus.vn_kv * 1e3
    line = pgm.initialize_array("input", "line", n_line)
    line["id"], line["from_status"], line["to_status"] = n_bus + np.arange(n_line), 1, 1
    line["from_node"], line["to_node"] = index.get_indexer(net.line.from_bus), index.get_indexer(net.line.to_bus)
    for which, suffix in (("1", ""), ("0", "0")):
        for letter in "rx":
            line[f"{letter}{which}"] = net.line[f"{letter}{suffix}_ohm_per_km"] * net.line.length_km
        line[f"c{which}"] = net.line[f"c{suffix}_nf_per_km"] * net.line.length_km * 1e-9
        line[f"tan{which}"] = 0
    line["i_n"] = net.line.max_i_ka * 1e3
    load = pgm.initialize_array("input", "asym_load", n_load)
    load["id"], load["status"], load["type"] = n_bus + n_line + 2 + np.arange(n_load), 1, pgm.LoadGenType.const_power
    load["node"], load["p_specified"], load["q_specified"] = index.get_indexer(net.asymmetric_load.bus), 0.0, 0.0
    parts = {"node": node, "line": line, "asym_load": load, **_above(net, n_bus + n_line)}
    model = pgm.PowerGridModel(parts, system_frequency=FREQUENCY_HZ)

    def solve(power: Complexes) -> Floats:
        update = pgm.initialize_array("update", "asym_load", power.shape[:2])
        update["id"], update["p_specified"], update["q_specified"] = load["id"], power.real * 1e6, power.imag * 1e6
        found = model.calculate_power_flow(
            symmetric=False, update_data={"asym_load": update}, threading=threads if threads > 1 else -1,
            error_tolerance=1e-8, calculation_method=method,
            output_component_types={pgm.ComponentType.node: ["u_pu"], pgm.ComponentType.line: ["loading"]},
        )  # fmt: skip
        return np.asarray(found["node"]["u_pu"].min(axis=(1, 2)))

    return Engine(f"power-grid-model, {method.replace('_', ' ')}", solve, 400, threads)


def _above(net: Any, first_id: int) -> dict[str, Any]:
    """The transformer and the grid above it, for power-grid-model."""
    import power_grid_model as pgm  # noqa: PLC0415  a peer, only here

    given, grid, index = net.trafo.iloc[0], net.ext_grid.iloc[0], net.bus.index
    transformer = pgm.initialize_array("input", "transformer", 1)
    values = {
        "id": first_id, "from_node": index.get_loc(given.hv_bus), "to_node": index.get_loc(given.lv_bus),
        "from_status": 1, "to_status": 1, "u1": given.vn_hv_kv * 1e3, "u2": given.vn_lv_kv * 1e3,
        "sn": given.sn_mva * 1e6, "uk": given.vk_percent / 100, "pk": given.vkr_percent / 100 * given.sn_mva * 1e6,
        "i0": 0.0, "p0": 0.0, "winding_from": pgm.WindingType.delta, "winding_to": pgm.WindingType.wye_n, "clock": 1,
        "tap_side": 0, "tap_pos": 0, "tap_nom": 0, "tap_min": -2, "tap_max": 2, "tap_size": 275.0,
    }  # fmt: skip
    for name, value in values.items():
        transformer[name] = value
    source = pgm.initialize_array("input", "source", 1)
    above = {"id": first_id + 1, "node": index.get_loc(grid.bus), "status": 1, "u_ref": grid.vm_pu,
             "sk": STIFF_MVA * 1e6, "rx_ratio": 0.1, "z01_ratio": 1.0}  # fmt: skip
    for name, value in above.items():
        source[name] = value
    return {"transformer": transformer, "source": source}


def opendss(net: Any) -> Engine:
    """OpenDSS by its interface for Python, step by step, with all voltages."""
    import opendssdirect as dss  # noqa: PLC0415  a peer, only here

    for command in _commands(net):
        dss.Text.Command(command)
    names = [f"{load}{phase}" for load in range(len(net.asymmetric_load)) for phase in range(3)]

    def solve(power: Complexes) -> Floats:
        lowest = np.empty(len(power))
        for step, values in enumerate(power):
            for name, value in zip(names, values.ravel() * 1e3, strict=True):
                dss.Loads.Name(name)
                dss.Loads.kW(value.real)
                dss.Loads.kvar(value.imag)
            dss.Solution.Solve()
            lowest[step] = min(dss.Circuit.AllBusMagPu())
        return lowest

    return Engine("OpenDSS, step by step", solve, 60)


def _commands(net: Any) -> list[str]:
    """The feeder in OpenDSS' own language."""
    given, grid = net.trafo.iloc[0], net.ext_grid.iloc[0]
    rated_kv, rated_kva = (float(given.vn_hv_kv), float(given.vn_lv_kv)), 1e3 * float(given.sn_mva)
    reactance = float(np.sqrt(given.vk_percent**2 - given.vkr_percent**2))
    lines = [
        _new(f"Line.l{k}", bus1=f"b{line.from_bus}", bus2=f"b{line.to_bus}", length=float(line.length_km), units="km",
             r1=float(line.r_ohm_per_km), x1=float(line.x_ohm_per_km), c1=float(line.c_nf_per_km),
             r0=float(line.r0_ohm_per_km), x0=float(line.x0_ohm_per_km), c0=float(line.c0_nf_per_km))
        for k, line in enumerate(net.line.itertuples())
    ]  # fmt: skip
    loads = [
        _new(f"Load.{k}{phase}", bus1=f"b{load.bus}.{phase + 1}", phases=1, kv=rated_kv[1] / 3**0.5, kw=0, kvar=0,
             model=1, vminpu=0.1, vmaxpu=2)
        for k, load in enumerate(net.asymmetric_load.itertuples()) for phase in range(3)
    ]  # fmt: skip
    return [
        "Clear", f"Set DefaultBaseFrequency={FREQUENCY_HZ:g}",
        _new("Circuit.feeder", bus1=f"b{grid.bus}", basekv=rated_kv[0], pu=float(grid.vm_pu), MVAsc3=STIFF_MVA,
             MVAsc1=STIFF_MVA),
        _new("Transformer.t", phases=3, windings=2, buses=f"(b{given.hv_bus} b{given.lv_bus})", conns="(delta wye)",
             kvs=f"({rated_kv[0]} {rated_kv[1]})", kvas=f"({rated_kva} {rated_kva})", xhl=reactance, ppm_antifloat=0,
             **{"%loadloss": float(given.vkr_percent), "%noloadloss": 0, "%imag": 0}),
        *lines, *loads, f"Set voltagebases=[{rated_kv[0]} {rated_kv[1]}]", "Calcvoltagebases",
        "Set maxiterations=100", "Set tolerance=1e-10",
    ]  # fmt: skip


def _new(name: str, **fields: object) -> str:
    return " ".join([f"New {name}", *(f"{key}={value}" for key, value in fields.items())])


def measured(net: Any) -> list[str]:
    """Rows of the table: times per step, ratios of elapsed times, and how far the lowest voltages are from ours."""
    engines = [
        ours(net, full=True), ours(net, full=True, threads=2), ours(net, full=False),
        power_grid_model(net, "iterative_current"), power_grid_model(net, "iterative_current", 2),
        power_grid_model(net, "newton_raphson"), opendss(net),
    ]  # fmt: skip
    power = powers(net, max(engine.steps for engine in engines))
    lowest = [engine.solve(power[: engine.steps]) for engine in engines]
    spent: list[list[tuple[float, float]]] = [[] for _ in engines]
    for _ in range(REPETITIONS):
        for engine, times in zip(engines, spent, strict=True):
            begun, begun_elapsed = time.process_time(), time.perf_counter()
            engine.solve(power[: engine.steps])
            elapsed, processor = time.perf_counter() - begun_elapsed, time.process_time() - begun
            times.append((1e6 * processor / engine.steps, 1e6 * elapsed / engine.steps))
    processor, elapsed = ([statistics.median(one[part] for one in times) for times in spent] for part in range(2))
    rows = []
    for k, engine in enumerate(engines):
        ratio = f"{processor[k] / processor[0]:.3g}" if engine.threads == 1 else ""
        apart = np.abs(lowest[k] - lowest[0][: engine.steps]).max()
        rows.append(
            f"| {engine.name} | {engine.threads} | {processor[k]:,.3g} | {elapsed[k]:,.3g} | {ratio} "
            f"| {elapsed[k] / elapsed[1]:.3g} | {apart:.0e} |"
        )
    return rows


def table(title: str, net: Any) -> list[str]:
    """What was measured of a net, as a section of the page."""
    head = ("engine", "threads", "processor time [µs a step]", "elapsed [µs a step]",
            "processor time, of ours with voltages on 1 thread", "elapsed, of ours on 2 threads",
            "lowest voltage apart [pu]")  # fmt: skip
    return ["", f"## {title}", f"| {' | '.join(head)} |", "|---" * len(head) + "|", *measured(net)]


def main() -> None:
    """Writes the page."""
    text = [
        "# Three phases against power-grid-model and OpenDSS",
        "Random steps, engines in turns, medians of five: a year of quarter hours by us, in parts of 64 MB of voltages",
        "and loadings, fewer steps by the others. We and power-grid-model solve on one thread and on two, OpenDSS with",
        "one actor, step after step. Loads are laid out for each engine within its time; all voltages of phases are",
        "given, with loadings but by OpenDSS. Elapsed times, and so the ratio on two threads, hold only where nothing",
        "else runs on the machine; processor times suffer less. `python -m benchmarks.three_phase` writes this page.",
        f"Load of the machine when it began: {os.getloadavg()[0]:.1f} on {os.cpu_count()} processors.",
        *table("IEEE European low-voltage test feeder (907 buses, 55 single-phase loads)", feeder()),
        *table(f"SimBench's urban net {URBAN} (59 buses, 111 loads, each on one phase)", urban()),
    ]
    PAGE.write_text("\n".join(text) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
