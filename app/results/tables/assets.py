"""What every asset does at each of its buses, and the carbon intensity of what it draws and feeds in."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache, partial
from itertools import pairwise

import numpy as np
import polars as pl
from scipy import sparse

from app.results.columns import TABLES
from app.results.parquet.resolution import RESOLUTIONS, to_multiples
from app.results.tables.frames import SteppedTable, element_after_element, known, of_each_element
from app.simulation.phases import SimulationResult
from carbon.stocks.operation import StockOperation
from grid.arrays import Bools, Floats, Ints, columns_at, run_offsets
from grid.flexibility.flexibility import Flexibility
from grid.sharing import keep_latest

SLOTS_AT_ONCE = 8_000_000
"""Slots whose energies are held at a time, about."""


def assets(outcome: SimulationResult) -> SteppedTable:
    """One row an asset, bus and step; a data centre and its deferrable work are one asset.

    Rows of a piece stand by asset and bus, then time: nights without sun, and cars that charge at one power, then stand
    together, and a year takes 6 MB less.

    What a fleet draws and feeds in at a bus in the same step stand apart; other assets do one of both.
    """
    rows = sum(flexibility.buses.size for flexibility, _ in _listed(outcome))

    def begin() -> Callable[[slice], pl.DataFrame]:
        return partial(_rows, outcome, cache(partial(_powers, outcome)))

    return SteppedTable(outcome.inputs.clock.n_steps, rows, begin)


def _rows(outcome: SimulationResult, powers: Callable[[], tuple[_AssetPower, ...]], steps: slice) -> pl.DataFrame:
    """The rows of some steps.

    Args:
        outcome: The run.
        powers: What every asset does.
        steps: The steps.
    """
    if not _listed(outcome):
        return pl.DataFrame(schema=TABLES["assets"])
    takes = outcome.accounts.side, tuple(sorted(outcome.schedule.q_mvar.items())), steps.start, steps.stop
    energy = keep_latest("energy of assets", takes, lambda: _energy(outcome, powers(), steps))
    node = outcome.flow.network.buses.node[np.concatenate([part.buses for part in energy.parts])]
    drawn_ci = np.where(energy.draws, columns_at(outcome.accounts.tracing.ci_kg_per_mwh[steps], node), np.nan)
    fed_in_ci = np.concatenate([_fed_in_ci(outcome, part, steps) for part in energy.parts], axis=1)
    carbon = {"ci_kg_per_mwh": drawn_ci, "fed_in_ci_kg_per_mwh": fed_in_ci}
    rows = {name: element_after_element(values) for name, values in carbon.items()}
    return energy.frame.with_columns(known(values).alias(name) for name, values in rows.items())


@dataclass(frozen=True, eq=False)
class _AssetPower:
    """An asset at its buses, P of them; shape (T, P) each.

    Args:
        flexibility: The asset.
        buses: Its buses, shape (P,).
        p_mw: Power drawn less power fed in [MW].
        e_mwh: Energy in its stores when the step ends [MWh].
        q_mvar: Reactive power drawn [MVAr].
        operation: What its stores did; None if it has none that the tracing follows.
        column: Place of the bus of each device of the operation among its buses, shape (N,).
    """

    flexibility: Flexibility
    buses: Ints
    p_mw: Floats
    e_mwh: Floats
    q_mvar: Floats
    operation: StockOperation | None
    column: Ints

    def drawn_and_fed_in(self, steps: slice) -> tuple[Floats, Floats]:
        """Power drawn, and power fed in, in some steps, shape (steps, P) each [MW]."""
        if self.operation is not None:
            return self.operation.power_at_places(self.column, steps, self.buses.size)
        return np.maximum(self.p_mw[steps], 0.0), np.maximum(-self.p_mw[steps], 0.0)


@dataclass(frozen=True, eq=False)
class _AssetEnergy:
    """Some steps of the table without carbon; its rows are those of an asset and bus after the other, step by step.

    Args:
        frame: Its columns.
        draws: Whether an asset draws power at a bus, shape (steps, sum of P).
        parts: The assets.
    """

    frame: pl.DataFrame
    draws: Bools
    parts: tuple[_FedIn, ...]


@dataclass(frozen=True, eq=False)
class _FedIn:
    """What an asset feeds in at its buses, shape (steps, P) [MW]; None where it never does."""

    flexibility: Flexibility
    buses: Ints
    fed_in_mw: Floats | None


def _listed(outcome: SimulationResult) -> list[tuple[Flexibility, Flexibility | None]]:
    """The assets in their order, each with the work of a data centre that may be put off, which is no asset itself."""
    deferrable = {load.name: load.deferrable_name for load in outcome.inputs.data_centres}
    by_name = {f.name: f for f in outcome.inputs.flexibilities}
    works = set(deferrable.values())
    return [(f, by_name.get(deferrable.get(name, ""))) for name, f in by_name.items() if name not in works]


def _energy(outcome: SimulationResult, powers: Sequence[_AssetPower], steps: slice) -> _AssetEnergy:
    """Some steps of the table without carbon."""
    clock = outcome.inputs.clock.window(steps.start, steps.stop)
    names = outcome.flow.network.buses.names
    buses = [names[bus] for part in powers for bus in part.buses]
    both = [part.drawn_and_fed_in(steps) for part in powers]
    columns = {name: np.concatenate([getattr(part, name)[steps] for part in powers], axis=1)
               for name in ("e_mwh", "q_mvar")}  # fmt: skip
    columns |= {
        name: to_multiples(np.concatenate([each[k] for each in both], axis=1), RESOLUTIONS["assets"][name])
        for k, name in enumerate(("drawn_mw", "fed_in_mw"))
    }
    columns["p_mw"] = columns["drawn_mw"] - columns["fed_in_mw"]
    labels = [part.flexibility.name for part in powers for _ in part.buses]
    frame = of_each_element(clock, {"asset": labels, "bus": buses}, **columns)
    feeding = tuple(
        _FedIn(part.flexibility, part.buses, fed_in if fed_in.any() else None)
        for part, (_, fed_in) in zip(powers, both, strict=True)
    )
    return _AssetEnergy(frame, columns["drawn_mw"] > 0, feeding)


def _powers(outcome: SimulationResult) -> tuple[_AssetPower, ...]:
    """What every asset does."""
    return tuple(_power(outcome, flexibility, work) for flexibility, work in _listed(outcome))


def _power(outcome: SimulationResult, flexibility: Flexibility, work: Flexibility | None) -> _AssetPower:
    """An asset with the work of a data centre that may be put off."""
    buses, name, stocks = flexibility.buses, flexibility.name, outcome.accounts.tracing.stocks
    p_mw = flexibility.at_buses(outcome.p_mw[name])
    if work is not None:
        p_mw += work.at_buses(outcome.p_mw[work.name])
    at_buses = p_mw[:, buses]
    nothing = np.broadcast_to(0.0, at_buses.shape)
    q_mvar = nothing
    if name in outcome.schedule.q_mvar:
        q_mvar = flexibility.at_buses(outcome.schedule.q_mvar[name])[:, buses]
    devices = outcome.accounts.stores.devices.get(name)
    if devices is None or stocks is None:
        return _AssetPower(flexibility, buses, at_buses, nothing, q_mvar, None, np.empty(0, dtype=np.int64))
    every, column = stocks.events.operation, np.searchsorted(buses, outcome.accounts.stores.bus[devices])
    e_mwh = np.zeros(at_buses.shape)
    for part in _parts(every, devices):
        events, _ = stocks.events.select(part)
        held_mwh = events.by_slot(events.operation.e_start_mwh, events.e_after_mwh, at_end=True)
        events.operation.add_at_places(held_mwh, column[part.start - devices.start : part.stop - devices.start], e_mwh)
    return _AssetPower(flexibility, buses, at_buses, e_mwh, q_mvar, every.select(devices), column)


def _parts(operation: StockOperation, devices: slice) -> list[slice]:
    """Devices that follow each other in parts, each with no more slots than are held at a time, about."""
    ends = run_offsets(operation.stop - operation.start)[devices.start : devices.stop + 1]
    begins = np.unique(np.searchsorted(ends, np.arange(ends[0], ends[-1], SLOTS_AT_ONCE))) + devices.start
    return [slice(first, stop) for first, stop in pairwise([*begins.tolist(), devices.stop])]


def _fed_in_ci(outcome: SimulationResult, part: _FedIn, steps: slice) -> Floats:
    """Intensity of what an asset feeds in at each of its buses in some steps, (steps, P) [kg/MWh]; NaN: nothing."""
    flexibility, fed_in_mw, stocks = part.flexibility, part.fed_in_mw, outcome.accounts.tracing.stocks
    nothing = np.full((steps.stop - steps.start, part.buses.size), np.nan)
    if fed_in_mw is None:
        return nothing
    devices = outcome.accounts.stores.devices.get(flexibility.name)
    if devices is not None and stocks is not None:
        record = stocks.between(steps).select(devices)
        events, fed = record.events, record.events.feeds
        column = np.searchsorted(part.buses, outcome.accounts.stores.bus[devices])[events.device[fed]]
        given = sparse.coo_array((record.moved_kg[fed], (events.step[fed], column)), shape=nothing.shape)
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.asarray(given.toarray() / (outcome.inputs.clock.step_hours * fed_in_mw))
    if flexibility.technology is not None:
        boundary, own = outcome.inputs.upstream.boundary, flexibility.ci_kg_per_mwh
        nothing[fed_in_mw > 0] = (
            outcome.inputs.factors.value(flexibility.technology, boundary)
            if own is None
            else own[boundary == "lifecycle"]
        )
    return nothing
