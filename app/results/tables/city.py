"""The tables of a result that say what the city as a whole did: sectors, both ledgers, sources."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import polars as pl

from app.results.tables.frames import by_element, known, times
from app.simulation import costs
from app.simulation.phases import SimulationResult
from grid.arrays import Floats, columns_at, ratio
from grid.sharing import keep_latest


def sectors(outcome: SimulationResult) -> pl.DataFrame:
    """Energy and carbon by GPC line; the carbon-free part is known of consumers, not of cars."""
    accounts, table = outcome.accounts, outcome.accounts.carbon.sectors
    takes = accounts.side, accounts.carbon_free_share, table.codes
    free = keep_latest("carbon-free energy of sectors", takes, lambda: _carbon_free_mwh(outcome))
    return by_element(
        outcome.inputs.clock,
        "gpc_code",
        table.codes,
        energy_mwh=table.energy_mwh,
        emissions_kg=table.emissions_kg,
        carbon_free_mwh=free,
    )


def _carbon_free_mwh(outcome: SimulationResult) -> Floats:
    """Carbon-free energy by step and GPC line, NaN where it is not known, shape (T, Q) [MWh]."""
    accounts, table = outcome.accounts, outcome.accounts.carbon.sectors
    consumers, free = accounts.inputs.consumers, np.full_like(table.energy_mwh, np.nan)
    share = columns_at(np.nan_to_num(accounts.carbon_free_share), consumers.node)
    of_consumers = outcome.inputs.clock.step_hours * (consumers.p_mw * share) @ consumers.share
    for place, sector in enumerate(consumers.sectors):
        if not sector.startswith("II"):
            free[:, table.codes.index(f"{sector}.2")] = of_consumers[:, place]
    return free


def city(outcome: SimulationResult) -> pl.DataFrame:
    """One row a step: the ledgers as mean powers, and what imports were worth."""
    energy, carbon, clock = outcome.accounts.energy, outcome.accounts.carbon, outcome.inputs.clock
    per_hour = 1 / clock.step_hours
    used = energy.consumption_mwh + energy.loss_mwh
    return pl.DataFrame(
        {
            "time": times(clock),
            "import_mw": energy.import_mwh * per_hour,
            "export_mw": energy.export_mwh * per_hour,
            "generation_mw": energy.generation_mwh * per_hour,
            "consumption_mw": energy.consumption_mwh * per_hour,
            "loss_mw": known(_where_solved(outcome, energy.loss_mwh * per_hour)),
            "storage_mw": energy.storage_change_mwh * per_hour,
            "emissions_kg": carbon.emissions_kg,
            "ci_kg_per_mwh": known(ratio(carbon.emissions_kg, used)),
            "import_ci_kg_per_mwh": outcome.inputs.upstream.ci_kg_per_mwh,
            "import_price_per_mwh": outcome.inputs.import_price_per_mwh,
        }
    )


def _where_solved(outcome: SimulationResult, values: Floats) -> Floats:
    """Values by step, NaN in steps without a solution of the power flow."""
    return np.where(outcome.flow.failed, np.nan, values)


def ledger(outcome: SimulationResult) -> pl.DataFrame:
    """One row a step: every term of both ledgers, and what the cost is made of."""
    inputs, energy, carbon = outcome.inputs, outcome.accounts.energy, outcome.accounts.carbon
    stationary = carbon.stationary.carbon
    of_assets = costs.of_assets(outcome)
    return pl.DataFrame(
        {
            "time": times(inputs.clock),
            "hours": np.full(inputs.clock.n_steps, inputs.clock.step_hours),
            "generation_mwh": energy.generation_mwh,
            "import_mwh": energy.import_mwh,
            "arriving_mwh": energy.arriving_mwh,
            "consumption_mwh": energy.consumption_mwh,
            "export_mwh": energy.export_mwh,
            "loss_mwh": known(_where_solved(outcome, energy.loss_mwh)),
            "grid_loss_mwh": known(_where_solved(outcome, energy.grid_loss_mwh)),
            "storage_change_mwh": energy.storage_change_mwh,
            "renewable_mwh": carbon.renewable_mwh,
            "curtailed_mwh": of_assets.curtailed_mwh,
            "source_kg": carbon.source_kg,
            "arriving_kg": stationary.arriving,
            "consumption_kg": carbon.consumption_kg,
            "vehicle_kg": carbon.vehicle_kg,
            "loss_kg": carbon.loss_kg,
            "fuel_kg": stationary.fuel,
            "standing_kg": stationary.standing,
            "export_kg": carbon.export_kg,
            "stock_change_kg": stationary.change,
            "carbon_error_kg": outcome.accounts.carbon_error_by_step_kg,
            "import_price_per_mwh": inputs.import_price_per_mwh,
            "export_price_per_mwh": inputs.export_price_per_mwh,
            "wear_cost": of_assets.wear_cost,
            "forgone_value": of_assets.forgone_value,
            "carbon_cost": costs.carbon_cost(outcome),
            "stock_gain_mwh": of_assets.stock_gain_mwh,
            "heat_mwh": of_assets.heat_mwh,
        }
    )


def months(outcome: SimulationResult) -> pl.DataFrame:
    """One row a calendar month (UTC) that the run touches: its highest import, and the demand charge for it."""
    peaks = costs.monthly_peaks(outcome)
    month = pl.Series(peaks.month.astype("datetime64[us]")).dt.replace_time_zone("UTC")
    return pl.DataFrame({"month": month, "peak_import_mw": peaks.import_mw, "demand_charge": peaks.demand_charge})


def sources(outcome: SimulationResult) -> pl.DataFrame:
    """One row a step and technology: imports and local generation."""
    accounts, hours = outcome.accounts, outcome.inputs.clock.step_hours
    names, p_mw = tuple(dict.fromkeys(accounts.inputs.source_names)), accounts.inputs.sources.p_mw
    of, energy_mwh = keep_latest("energy of sources", accounts.side, lambda: _by_technology(outcome, names))
    emissions_kg = hours * (p_mw * accounts.inputs.sources.ci_kg_per_mwh) @ of
    return by_element(outcome.inputs.clock, "source", names, energy_mwh=energy_mwh, emissions_kg=emissions_kg)


def _by_technology(outcome: SimulationResult, names: Sequence[str]) -> tuple[Floats, Floats]:
    """Whether each source is of each technology, shape (G, S), and their energy, shape (T, S) [MWh]."""
    inputs = outcome.accounts.inputs
    of = np.array([[name == own for name in names] for own in inputs.source_names], dtype=float)
    return of, outcome.inputs.clock.step_hours * inputs.sources.p_mw @ of
