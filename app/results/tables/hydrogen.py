"""Hydrogen stations of a run: what was refuelled, and how much carbon a kilogram carries."""

from __future__ import annotations

import numpy as np
import polars as pl

from app.results.columns import TABLES
from app.results.tables.frames import by_element
from app.simulation.phases import SimulationResult
from carbon.reporting.hydrogen import TankContents, carbon_per_kg, tanks_by_slot
from grid.arrays import Floats, ratio
from grid.units import LHV_HYDROGEN_MWH_PER_KG


def by_step(outcome: SimulationResult) -> pl.DataFrame:
    """One row a step and station: electricity, hydrogen refuelled and its carbon, the tank when the step begins."""
    stocks = outcome.accounts.tracing.stocks
    clock = outcome.inputs.clock
    stores = ((f.name, f.reservoir) for f in outcome.inputs.flexibilities)
    names = [name for name, store in stores if store is not None and store.holds == "hydrogen"]
    if stocks is None or not names:
        return pl.DataFrame(schema=TABLES["hydrogen"])
    columns: dict[str, list[Floats]] = {}
    for name in names:
        record = stocks.select(outcome.accounts.stores.devices[name])
        tanks = tanks_by_slot(record, clock.step_hours)
        energy_mwh = record.events.operation.p_mw * clock.step_hours
        for column, values in _station(tanks, energy_mwh, clock.n_steps).items():
            columns.setdefault(column, []).append(values)
    return by_element(clock, "station", names, **{column: np.column_stack(parts) for column, parts in columns.items()})


def _station(tanks: TankContents, energy_mwh: Floats, n_steps: int) -> dict[str, Floats]:
    """The columns of one station, shape (T,) each, from its tanks and its electricity by slot."""

    def summed(values: Floats) -> Floats:
        return np.bincount(tanks.step, weights=values, minlength=n_steps).astype(np.float64)

    refuelled = summed(tanks.fuel_mwh) / LHV_HYDROGEN_MWH_PER_KG
    emissions, held = summed(tanks.fuel_kg), summed(tanks.held_mwh)
    return {
        "electricity_mwh": summed(np.maximum(energy_mwh, 0.0)),
        "fed_in_mwh": summed(np.maximum(-energy_mwh, 0.0)),
        "refuelled_kg": refuelled,
        "emissions_kg": emissions,
        "emissions_kg_per_kg": ratio(emissions, refuelled),
        "tank_kg": held / LHV_HYDROGEN_MWH_PER_KG,
        "tank_kg_per_kg": carbon_per_kg(ratio(summed(tanks.held_mwh * tanks.ci_kg_per_mwh), held)),
    }


def of_stations(frame: pl.DataFrame) -> pl.DataFrame:
    """One row a station, from the table by step; the tank's mean is weighted by what it held."""
    if frame.is_empty():
        return pl.DataFrame(schema=TABLES["hydrogen_stations"])
    sums = pl.col("electricity_mwh", "fed_in_mwh", "refuelled_kg", "emissions_kg").sum()
    held = (pl.col("tank_kg") * pl.col("tank_kg_per_kg")).sum() / pl.col("tank_kg").sum()
    refuelled = pl.when(pl.col("refuelled_kg") > 0).then(pl.col("emissions_kg") / pl.col("refuelled_kg"))
    rows = frame.group_by("station", maintain_order=True).agg(sums, held.fill_nan(None).alias("tank_kg_per_kg"))
    return rows.with_columns(refuelled.alias("emissions_kg_per_kg"))
