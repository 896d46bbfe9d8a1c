"""A fault of a line in a simulated city: the breaker trips, fault indicators say what they saw, meters are silent."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import numpy as np
import polars as pl

from app.scenario.loaded import LoadedScenario
from app.twin.measuring.simulated import SOURCE
from app.twin.measuring.true_state import TrueState
from grid.errors import Fault, nearest, raise_if_any
from grid.powerflow import Limits
from grid.twin.equipment import switchable_network
from grid.twin.fault_location import possible_faults
from grid.twin.measurements import MEASUREMENT_COLUMNS, Measurement, measurement_frame
from optimizer.switching import FaultedGrid

_SURE: Final = 1e-3
"""Standard deviation of a state, which is hardly ever wrong."""
REPEATED_AFTER: Final = timedelta(seconds=60)
"""When a breaker says its position again, as telecontrol does."""


@dataclass(frozen=True)
class SimulatedFault:
    """A fault of a line or transformer.

    Args:
        branch: Its name.
        after_hours: When, from the beginning of the result [h].
        dark_hours: How long all that the breaker cut off is without supply [h]: until it is switched back.
    """

    branch: str
    after_hours: float
    dark_hours: float = 1.0


def with_fault(frame: pl.DataFrame, state: TrueState, loaded: LoadedScenario, fault: SimulatedFault) -> pl.DataFrame:
    """Measurements with a fault among them, in the order of their arrival.

    All branches behind the breaker have a fault indicator. Meters at buses without supply are silent.

    Args:
        frame: Measurements as `simulated_measurements` gives them, with ``planted``.
        state: The true state.
        loaded: The scenario and its city.
        fault: The fault.

    Raises:
        InputError: If there is no such branch or moment, or the grid is not radial in operation.
    """
    network = switchable_network(loaded.city.network)
    names = network.meshed.branches.names
    hours = state.clock.n_steps * state.clock.step_hours
    raise_if_any(_faults(fault, names, hours), "the fault")
    none = np.zeros((1, len(network.meshed.buses.names)))
    no_limits = Limits(np.full(len(names), np.inf), np.zeros(none.size), np.full(none.size, np.inf))
    grid = FaultedGrid(network, state.clock.window(0, 1), none, none, no_limits, names.index(fault.branch))
    begins = state.clock.start + timedelta(hours=fault.after_hours)
    ends = begins + timedelta(hours=fault.dark_hours)
    lost = {network.meshed.buses.names[k] for k in np.flatnonzero(~grid.supplied_buses(grid.tripped)).tolist()}
    at = pl.DataFrame(
        {"element_kind": state.element_kinds, "element": state.elements, "quantity": state.quantities,
         "dark": [bus in lost for bus in state.at_bus]}
    )  # fmt: skip
    dark = pl.col("dark") & (pl.col("time") >= begins) & (pl.col("time") < ends)
    kept = frame.join(at, on=["element_kind", "element", "quantity"], how="left").filter(~dark.fill_null(value=False))
    behind = possible_faults(network, grid.breaker)
    on_way = {int(k) for k in behind if grid.branch in possible_faults(network, grid.breaker, [int(k)])}
    said = [*_indicators(names, behind.tolist(), on_way, begins), *_breaker(names[grid.breaker], begins, ends)]
    more = measurement_frame(said).with_columns(pl.lit("good").alias("planted"))
    columns = [*MEASUREMENT_COLUMNS, "planted"]
    return pl.concat([kept.select(columns), more.select(columns)]).sort("received", maintain_order=True)


def _faults(fault: SimulatedFault, names: tuple[str, ...], hours: float) -> list[Fault]:
    faults = []
    if fault.branch not in names:
        unknown = f"no line or transformer called {fault.branch!r}"
        faults.append(Fault("--line-fault", unknown, suggestion=nearest(fault.branch, names)))
    if not 0 <= fault.after_hours < hours:
        faults.append(Fault("--fault-hour", f"must lie within the {hours:g} hours of the result", fault.after_hours))
    if not fault.dark_hours > 0:
        faults.append(Fault("dark_hours", "must be greater than 0", fault.dark_hours))
    return faults


def _indicators(names: tuple[str, ...], behind: list[int], on_way: set[int], begins: datetime) -> list[Measurement]:
    told = begins + timedelta(seconds=1)
    return [
        Measurement(begins, "branch", names[k], "fault_passed", float(k in on_way), _SURE, SOURCE, received=told)
        for k in behind
    ]


def _breaker(name: str, begins: datetime, ends: datetime) -> list[Measurement]:
    """It opens, says so again, and is closed again when supply is back."""
    moments = [(begins, 0.0), (begins + REPEATED_AFTER, 0.0), (ends, 1.0)]
    return [
        Measurement(when, "branch", name, "closed", value, _SURE, SOURCE, sequence=k,
                    received=when + timedelta(seconds=2))
        for k, (when, value) in enumerate(moments)
    ]  # fmt: skip
