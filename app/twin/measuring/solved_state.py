"""The power flow of a stored result, solved again: what the result itself does not hold."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

from app.results.folder import Result
from app.scenario.loaded import LoadedScenario
from grid.arrays import Floats
from grid.errors import InputError
from grid.powerflow.powerflow import PowerFlow, power_flow
from grid.time.clock import Clock

AGREES_PU = 1e-4
"""Voltages that differ by more are not those of the result, which rounds them to a millionth."""


@dataclass(frozen=True, eq=False)
class SolvedState:
    """All voltages of a result, with what every bus drew; T steps, B buses.

    Args:
        flow: The power flow.
        p_mw: Withdrawal of every bus, shape (T, B) [MW].
        q_mvar: Its reactive part, shape (T, B) [MVAr].
        of_assets: Withdrawal of every asset at every bus, by name, shape (2, T, B): active [MW], reactive [MVAr].
    """

    flow: PowerFlow
    p_mw: Floats
    q_mvar: Floats
    of_assets: dict[str, Floats]


def solved_state(result: Result, loaded: LoadedScenario) -> SolvedState:
    """Solves the power flow of a result again, balanced, with its assets as they were.

    Raises:
        InputError: If the voltages are not those that the result holds: it was solved in three phases, or controllers
            moved taps.
    """
    city = loaded.city
    network, clock = city.network, city.clock
    of_assets = assets_at_buses(result, clock, network.buses.names)
    p_mw, q_mvar = city.withdrawal()
    for part in of_assets.values():
        p_mw, q_mvar = p_mw + part[0], q_mvar + part[1]
    flow = power_flow(network, clock, p_mw, q_mvar, loads_mva=city.voltage_dependent_loads_mva())
    stored = by_step_and_name(result.table("buses").collect(), clock, "bus", "vm_pu", network.buses.names)
    known = np.isfinite(stored) & np.isfinite(flow.vm_pu())
    worst = float(np.abs(flow.vm_pu() - stored)[known].max(initial=0.0))
    if worst > AGREES_PU:
        rule = f"was not solved balanced, with taps as they stand: voltages differ by up to {worst:.2g} pu"
        raise InputError.single("result", rule, str(result.path))
    return SolvedState(flow, p_mw, q_mvar, of_assets)


def assets_at_buses(result: Result, clock: Clock, buses: tuple[str, ...]) -> dict[str, Floats]:
    """Withdrawal of every asset at every bus, by name, shape (2, T, B): active [MW], reactive [MVAr].

    Args:
        result: The result.
        clock: Its time axis.
        buses: Names of the B buses.
    """
    table = result.table("assets").with_columns(pl.col("asset", "bus").cast(pl.String)).collect()
    found = {}
    for (name,), part in table.partition_by("asset", as_dict=True, maintain_order=True).items():
        columns = (by_step_and_name(part, clock, "bus", column, buses) for column in ("p_mw", "q_mvar"))
        found[str(name)] = np.stack([np.nan_to_num(column) for column in columns])
    return found


def by_step_and_name(table: pl.DataFrame, clock: Clock, name: str, column: str, names: tuple[str, ...]) -> Floats:
    """A column of a long table by step and name, summed where there are several rows, shape (T, names); NaN: none.

    Args:
        table: The table, with ``time``.
        clock: The time axis.
        name: Column of the names, such as ``bus``.
        column: The column.
        names: Names in the order of the result; rows of others are left out.
    """
    place = {each: k for k, each in enumerate(names)}
    values = np.full((clock.n_steps, len(names)), np.nan)
    rows = table.select(
        ((pl.col("time") - clock.start).dt.total_microseconds() // round(clock.step.total_seconds() * 1e6)).alias(
            "step"
        ),
        pl.col(name).cast(pl.String).replace_strict(place, default=-1, return_dtype=pl.Int64).alias("at"),
        pl.col(column).cast(pl.Float64),
    ).filter(pl.col("at") >= 0, pl.col(column).is_not_null())
    summed = rows.group_by("step", "at").agg(pl.col(column).sum())
    values[summed["step"].to_numpy(), summed["at"].to_numpy()] = summed[column].to_numpy()
    return values
