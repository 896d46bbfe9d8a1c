"""A feeder in phase coordinates over a file of profiles: steps, nodes and elements as tables."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

import numpy as np
import polars as pl

from grid.city.own_profiles import own_profile_faults, row_of
from grid.errors import listed, raise_if_any
from grid.network.injections import Injections
from grid.network.phase_network import PhaseNetwork
from grid.phase_coordinates import NodeFlow, node_flow
from grid.time.calendar import ProfileTable
from grid.time.clock import Clock


@dataclass(frozen=True, eq=False)
class FeederYear:
    """What was found of a feeder over the rows of a file of profiles, however many they are.

    Args:
        clock: The time axis.
        flow: The power flow.
        drawn_mwh: Energy that the loads were to draw at rated voltage in the steps with a solution [MWh].
    """

    clock: Clock
    flow: NodeFlow
    drawn_mwh: float

    def sentences(self) -> Iterator[str]:
        """Extremes, losses and failed steps, a sentence each."""
        flow, clock, nodes, elements = self.flow, self.clock, self.flow.network.nodes, self.flow.network.elements
        failed = np.flatnonzero(flow.failed)
        which = f": {listed([self._moment(step) for step in failed.tolist()])}" if failed.size else ""
        steps = f"{clock.n_steps:,} steps of {clock.step} from {self._moment(0)}"
        yield f"{steps}, {failed.size} without a solution{which}."
        if failed.size == clock.n_steps:
            return
        low, high = int(np.nanargmin(flow.vm_min_pu)), int(np.nanargmax(flow.vm_max_pu))
        phases = nodes.is_phase
        at_low, at_high = phases[np.argmin(flow.node_vm_min_pu[phases])], phases[np.argmax(flow.node_vm_max_pu[phases])]
        yield (
            f"Voltage of a phase {flow.vm_min_pu[low]:.5f} pu ({nodes.names[at_low]!r}, {self._moment(low)}) to "
            f"{flow.vm_max_pu[high]:.5f} pu ({nodes.names[at_high]!r}, {self._moment(high)}); unbalance up to "
            f"{100 * np.nanmax(flow.unbalance_max):.2f} %."
        )
        loading = flow.element_loading_max_percent
        if np.isfinite(loading).any():
            yield f"Highest loading {np.nanmax(loading):.1f} % ({elements.names[int(np.nanargmax(loading))]!r})."
        hours = clock.step_hours
        fed, lost = np.nansum(flow.source_mva.real) * hours, np.nansum(flow.loss_mw) * hours
        drawn = f"loads were to draw {self.drawn_mwh:,.3f} MWh at rated voltage"
        solved = f" All three of the {clock.n_steps - failed.size:,} steps with a solution." if failed.size else ""
        yield f"Fed in {fed:,.3f} MWh, lost {lost:,.3f} MWh; {drawn}.{solved}"

    def _moment(self, step: int) -> str:
        return f"{self.clock.start + step * self.clock.step:%Y-%m-%d %H:%M} UTC"

    def steps(self) -> pl.DataFrame:
        """A row a step, null where it has no solution.

        Returns:
            `time`, `vm_min_pu`, `vm_max_pu`, `unbalance_max` [1], `loading_max_percent`, `loss_mw`, `p_source_mw`,
            `q_source_mvar`.
        """
        flow = self.flow
        return _without_nan(
            pl.DataFrame({
                "time": self._times(), "vm_min_pu": flow.vm_min_pu, "vm_max_pu": flow.vm_max_pu,
                "unbalance_max": flow.unbalance_max, "loading_max_percent": flow.loading_max_percent,
                "loss_mw": flow.loss_mw, "p_source_mw": flow.source_mva.real, "q_source_mvar": flow.source_mva.imag,
            })
        )  # fmt: skip

    def nodes(self) -> pl.DataFrame:
        """A row a node: `bus`, `phase`, `vn_kv` to earth, `vm_min_pu`, `vm_max_pu`."""
        nodes = self.flow.network.nodes
        return _without_nan(
            pl.DataFrame({
                "bus": [nodes.buses[bus] for bus in nodes.bus.tolist()], "phase": nodes.phase, "vn_kv": nodes.vn_kv,
                "vm_min_pu": self.flow.node_vm_min_pu, "vm_max_pu": self.flow.node_vm_max_pu,
            })
        )  # fmt: skip

    def elements(self) -> pl.DataFrame:
        """A row a line, transformer, shunt or source: `element`, `kind`, `loading_max_percent`, `loss_mwh`."""
        elements, hours = self.flow.network.elements, self.clock.step_hours * int((~self.flow.failed).sum())
        return _without_nan(
            pl.DataFrame({
                "element": elements.names, "kind": elements.kinds,
                "loading_max_percent": self.flow.element_loading_max_percent,
                "loss_mwh": self.flow.element_loss_mw * hours,
            })
        )  # fmt: skip

    def voltages(self) -> pl.DataFrame:
        """A row a step: `time`, and a column a node, such as ``671.2``, with its voltage [pu].

        Raises:
            ValueError: If phasors were not kept.
        """
        vm_pu = np.abs(self.flow.phasors())
        columns = dict(zip(self.flow.network.nodes.names, vm_pu, strict=True))
        return _without_nan(pl.DataFrame({"time": self._times(), **columns}))

    def _times(self) -> pl.Series:
        clock = self.clock
        return pl.datetime_range(
            clock.start, clock.start + (clock.n_steps - 1) * clock.step, clock.step, time_unit="us", eager=True
        )


def feeder_year(
    network: PhaseNetwork, profiles: ProfileTable, *, voltages: bool = False, threads: int = 1
) -> FeederYear:
    """Solves a feeder for every row of a file of profiles; loads without a column keep their own power.

    Args:
        network: The feeder.
        profiles: Columns ``load/<name>/p_mw`` and ``load/<name>/q_mvar``.
        voltages: Whether the voltages of all nodes are kept.
        threads: Number of threads.

    Raises:
        InputError: If columns are of no load, powers look like kW, or gaps are too long.
    """
    clock = Clock(profiles.start, profiles.step, len(profiles.values))
    legs = network.legs
    own = network.load_mva.real.tolist(), network.load_mva.imag.tolist()
    table = {"name": list(legs.loads), "index": list(range(len(legs.loads))), "p_mw": own[0], "q_mvar": own[1]}
    none: dict[str, list[float]] = {name: [] for name in table}
    raise_if_any(own_profile_faults(profiles, clock, {"load": table, "sgen": none, "storage": none}), profiles.source)
    p_mw, q_mvar = (np.tile(part, (clock.n_steps, 1)) for part in (network.load_mva.real, network.load_mva.imag))
    for column, values in zip(profiles.names, profiles.values.T, strict=True):
        row = row_of(column.split("/", 1)[1].rpartition("/")[0], table)
        (p_mw if column.endswith("/p_mw") else q_mvar)[:, row] = values
    loads = Injections.dense(p_mw, q_mvar)
    flow = node_flow(network, loads, keep="phasors" if voltages else "extremes", threads=threads)
    return FeederYear(clock, flow, float(p_mw[~flow.failed].sum() * (clock.step / timedelta(hours=1))))


def _without_nan(frame: pl.DataFrame) -> pl.DataFrame:
    return frame.with_columns(pl.col(pl.Float64).fill_nan(None))
