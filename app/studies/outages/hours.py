"""The critical hours of a run, and what every bus draws in them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import polars as pl

from app.results.folder import Result
from app.scenario.loaded import LoadedScenario
from app.simulation.again import loaded_again
from grid.arrays import Floats, Ints
from grid.city.city import City
from grid.network.injections import Injections
from grid.time.clock import Clock


@dataclass(frozen=True, eq=False)
class CriticalHours:
    """Steps of a run in which something is at its worst; M of them.

    Args:
        loaded: The scenario of the run.
        steps: The steps, ascending, shape (M,).
        injections: Withdrawal of the buses in them, assets as they did in the run.
    """

    loaded: LoadedScenario
    steps: Ints
    injections: Injections

    @property
    def clock(self) -> Clock:
        """A clock of as many steps; when they are, `steps` says."""
        clock = self.loaded.city.clock
        return Clock(clock.start, clock.step, self.steps.size)

    @property
    def times(self) -> np.ndarray:
        """When each begins, UTC, shape (M,), ``datetime64[us]``."""
        return np.asarray(self.loaded.city.clock.times[self.steps])


def critical_hours(result: Result) -> CriticalHours:
    """The steps in which a branch is loaded most, a bus has its lowest or highest voltage, or the city draws most.

    Raises:
        InputError: If a file that the result was made of has changed.
    """
    loaded = loaded_again(result.scenario, result.manifest, result.path)
    city = loaded.city
    times = np.unique(np.concatenate([frame["time"].drop_nulls().to_numpy() for frame in _worst(result)]))
    steps = ((times - city.clock.times[0]) // np.timedelta64(city.clock.step)).astype(np.int64)
    own = city.injections()
    fixed = Injections(own.profiles[:, steps], own.p_mw, own.q_mvar)
    return CriticalHours(loaded, steps, fixed.plus(Injections.dense(*_assets(result, city, steps))))


def _worst(result: Result) -> Iterator[pl.DataFrame]:
    """Frames of the times at which something is at its worst."""
    highest_voltage, lowest_voltage = pl.col("vm_pu").arg_max(), pl.col("vm_pu").arg_min()
    for table, by, at in (
        ("branches", "branch", pl.col("loading_percent").arg_max()),
        ("buses", "bus", highest_voltage),
        ("buses", "bus", lowest_voltage),
    ):
        yield result.table(table).group_by(by).agg(pl.col("time").get(at)).select("time").unique().collect()
    for column in ("import_mw", "export_mw", "consumption_mw"):
        yield result.table("city").select(pl.col("time").get(pl.col(column).arg_max())).collect()


def _assets(result: Result, city: City, steps: Ints) -> tuple[Floats, Floats]:
    """What assets draw at the buses in some steps, shape (M, B) each [MW, MVAr]."""
    times = pl.Series(city.clock.times[steps]).dt.replace_time_zone("UTC")
    rows = result.table("assets").filter(pl.col("time").is_in(times.implode()))
    frame = rows.select("time", pl.col("bus").cast(pl.String), "p_mw", pl.col("q_mvar").fill_null(0.0)).collect()
    place = pl.Series("place", [city.network.buses.position[bus] for bus in frame["bus"]], dtype=pl.Int64)
    row = np.searchsorted(city.clock.times[steps], frame["time"].dt.replace_time_zone(None).to_numpy())
    drawn = np.zeros((2, steps.size, city.n_buses))
    np.add.at(drawn[0], (row, place.to_numpy()), frame["p_mw"].to_numpy())
    np.add.at(drawn[1], (row, place.to_numpy()), frame["q_mvar"].to_numpy())
    return drawn[0], drawn[1]
