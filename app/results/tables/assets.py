"""What every asset does at each of its buses, and the carbon intensity of what it draws and feeds in."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl
from scipy import sparse

from app.results.columns import TABLES
from app.results.tables.frames import by_element, each_step, known
from app.simulation.phases import SimulationResult
from carbon.stocks.trace import StockRecord
from grid.arrays import Bools, Floats, Ints, columns_at
from grid.flexibility.flexibility import Flexibility
from grid.sharing import keep_latest


def assets(outcome: SimulationResult) -> pl.DataFrame:
    """One row a step, asset and bus; a data centre and its deferrable work are one asset.

    What a fleet draws and feeds in at a bus in the same step stand apart; other assets do one of both.
    """
    q_mvar = tuple(sorted(outcome.schedule.q_mvar.items()))
    energy = keep_latest("energy of assets", (outcome.accounts.side, q_mvar), lambda: _energy(outcome))
    if energy is None:
        return pl.DataFrame(schema=TABLES["assets"])
    node = outcome.flow.network.buses.node[np.concatenate([part.buses for part in energy.parts])]
    drawn_ci = np.where(energy.draws, columns_at(outcome.accounts.tracing.ci_kg_per_mwh, node), np.nan)
    fed_in_ci = np.concatenate([_fed_in_ci(outcome, part) for part in energy.parts], axis=1)
    carbon = {"ci_kg_per_mwh": drawn_ci.ravel(), "fed_in_ci_kg_per_mwh": fed_in_ci.ravel()}
    return energy.frame.with_columns(known(values).alias(name) for name, values in carbon.items())


@dataclass(frozen=True, eq=False)
class _AssetPower:
    """An asset at its buses, P of them; shape (T, P) each.

    Args:
        flexibility: The asset.
        buses: Its buses, shape (P,).
        p_mw: Power drawn less power fed in [MW].
        drawn_mw: Power drawn [MW].
        fed_in_mw: Power fed in [MW].
        e_mwh: Energy in its stores when the step ends [MWh].
        q_mvar: Reactive power drawn [MVAr].
    """

    flexibility: Flexibility
    buses: Ints
    p_mw: Floats
    drawn_mw: Floats
    fed_in_mw: Floats
    e_mwh: Floats
    q_mvar: Floats


@dataclass(frozen=True, eq=False)
class _AssetEnergy:
    """The table without carbon; its rows are those of a step after the other, asset after asset.

    Args:
        frame: Its columns.
        draws: Whether an asset draws power at a bus, shape (T, sum of P).
        parts: The assets.
    """

    frame: pl.DataFrame
    draws: Bools
    parts: tuple[_FedIn, ...]


@dataclass(frozen=True, eq=False)
class _FedIn:
    """What an asset feeds in at its buses, shape (T, P) [MW]; None where it never does."""

    flexibility: Flexibility
    buses: Ints
    fed_in_mw: Floats | None


def _energy(outcome: SimulationResult) -> _AssetEnergy | None:
    """The table without carbon; None if there are no assets."""
    deferrable = {load.name: load.deferrable_name for load in outcome.inputs.data_centres}
    by_name = {f.name: f for f in outcome.inputs.flexibilities}
    parts = [
        _power(outcome, flexibility, by_name.get(deferrable.get(name, "")))
        for name, flexibility in by_name.items()
        if name not in deferrable.values()
    ]
    if not parts:
        return None
    clock, names = outcome.inputs.clock, outcome.flow.network.buses.names
    buses = [names[bus] for part in parts for bus in part.buses]
    quantities = ("p_mw", "drawn_mw", "fed_in_mw", "e_mwh", "q_mvar")
    stacked = {name: np.concatenate([getattr(part, name) for part in parts], axis=1) for name in quantities}
    labels = [part.flexibility.name for part in parts for _ in part.buses]
    frame = by_element(clock, "bus", buses, **stacked).with_columns(each_step(clock, labels).alias("asset"))
    fed_in = (part.fed_in_mw if part.fed_in_mw.any() else None for part in parts)
    feeding = tuple(_FedIn(part.flexibility, part.buses, mw) for part, mw in zip(parts, fed_in, strict=True))
    return _AssetEnergy(frame, stacked["drawn_mw"] > 0, feeding)


def _power(outcome: SimulationResult, flexibility: Flexibility, work: Flexibility | None) -> _AssetPower:
    """An asset, with the work of a data centre that may be put off, at its buses."""
    buses, name, stocks = flexibility.buses, flexibility.name, outcome.accounts.tracing.stocks
    p_mw = flexibility.at_buses(outcome.p_mw[name])
    if work is not None:
        p_mw += work.at_buses(outcome.p_mw[work.name])
    at_buses = p_mw[:, buses]
    drawn, fed_in, stored = np.maximum(at_buses, 0.0), np.maximum(-at_buses, 0.0), np.zeros_like(at_buses)
    if name in outcome.accounts.stores.devices and stocks is not None:
        drawn, fed_in, stored = _of_stores(outcome, stocks, flexibility)
    q_mvar = np.zeros_like(at_buses)
    if name in outcome.schedule.q_mvar:
        q_mvar = flexibility.at_buses(outcome.schedule.q_mvar[name])[:, buses]
    return _AssetPower(flexibility, buses, at_buses, drawn, fed_in, stored, q_mvar)


def _of_stores(
    outcome: SimulationResult, stocks: StockRecord, flexibility: Flexibility
) -> tuple[Floats, Floats, Floats]:
    """What stores at each bus draw and feed in [MW], and hold [MWh], shape (T, P) each."""
    record = stocks.select(outcome.accounts.stores.devices[flexibility.name])
    operation = record.events.operation
    step, device, power = operation.slot_step, operation.slot_device, operation.p_mw
    drawn, fed_in, stored = (
        _summed(outcome, flexibility, values, step, device)
        for values in (np.maximum(power, 0), np.maximum(-power, 0), record.e_end_mwh)
    )
    return drawn, fed_in, stored


def _fed_in_ci(outcome: SimulationResult, part: _FedIn) -> Floats:
    """Intensity of what an asset feeds in at each of its buses, shape (T, P); NaN where nothing or unknown [kg/MWh]."""
    flexibility, fed_in_mw, stocks = part.flexibility, part.fed_in_mw, outcome.accounts.tracing.stocks
    nothing = np.full((outcome.inputs.clock.n_steps, part.buses.size), np.nan)
    if fed_in_mw is None:
        return nothing
    if flexibility.name in outcome.accounts.stores.devices and stocks is not None:
        record = stocks.select(outcome.accounts.stores.devices[flexibility.name])
        events, fed = record.events, record.events.feeds
        given_kg = _summed(outcome, flexibility, record.moved_kg[fed], events.step[fed], events.device[fed])
        with np.errstate(divide="ignore", invalid="ignore"):
            return given_kg / (outcome.inputs.clock.step_hours * fed_in_mw)
    if flexibility.technology is not None:
        boundary, own = outcome.inputs.upstream.boundary, flexibility.ci_kg_per_mwh
        nothing[fed_in_mw > 0] = (
            outcome.inputs.factors.value(flexibility.technology, boundary)
            if own is None
            else own[boundary == "lifecycle"]
        )
    return nothing


def _summed(outcome: SimulationResult, flexibility: Flexibility, values: Floats, step: Ints, device: Ints) -> Floats:
    """Values of a store's devices in some steps, summed at its buses, shape (T, P)."""
    buses = flexibility.buses
    column = np.searchsorted(buses, outcome.accounts.stores.bus[outcome.accounts.stores.devices[flexibility.name]])
    shape = (outcome.inputs.clock.n_steps, buses.size)
    return np.asarray(sparse.coo_array((values, (step, column[device])), shape=shape).toarray())
