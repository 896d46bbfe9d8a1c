"""What tap changers and capacitor banks did, step by step."""

from __future__ import annotations

import numpy as np
import polars as pl

from app.results.tables.frames import by_element
from app.simulation.controllers import notes_of_controllers
from app.simulation.phases import SimulationResult


def controllers(outcome: SimulationResult) -> pl.DataFrame:
    """Position and operations of every device in every step; no rows where there is none."""
    found, clock = outcome.control, outcome.inputs.clock
    nothing = np.empty((clock.n_steps, 0))
    if found is None:
        return by_element(clock, "name", (), position=nothing, operations=nothing, hunting=nothing)
    hunting = np.repeat(found.hunting[:, None], len(found.devices), axis=1)
    values = {"position": found.positions(), "operations": found.operations, "hunting": hunting}
    names = tuple(device.name for device in found.devices)
    return by_element(clock, "name", names, **{column: one.astype(np.float64) for column, one in values.items()})


def notes(outcome: SimulationResult) -> tuple[str, ...]:
    """What the manifest says of them."""
    return notes_of_controllers(outcome.control)
