"""What the commands of the estimation begin with: a result, its city, and the measurements of its period."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from app.results.folder import Result, open_result
from app.simulation.again import loaded_again
from app.simulation.inputs import SimulationInputs, prepare
from app.twin.measuring.files import read_measurements
from app.twin.measuring.simulated import NONE, Metering, chosen_sensors, simulated_measurements
from app.twin.measuring.true_state import TrueState
from grid.errors import InputError
from grid.files.content import is_file, missing_file, shown_path
from grid.time.clock import Clock
from grid.twin.measurements import MeasuredSeries, NothingMeasuredError, measured_series
from grid.twin.quality import mark

FILES: Final = (".parquet", ".csv")


@dataclass(frozen=True, eq=False)
class MeasuredCity:
    """A city whose state is asked for.

    Args:
        result: The result that its scenario is of.
        inputs: The scenario.
    """

    result: Result
    inputs: SimulationInputs

    @classmethod
    def from_result(cls, path: Path) -> MeasuredCity:
        """The city of a result.

        Raises:
            InputError: If there is no such result, or a file that it was made of has changed.
        """
        result = open_result(path)
        return cls(result, prepare(loaded_again(result.scenario, result.manifest, result.path)))

    @property
    def clock(self) -> Clock:
        """Its time axis."""
        return self.inputs.clock


def measurements_of(place: str, clock: Clock) -> MeasuredSeries:
    """The measurements of a period, from a file or a store, marked by the rules of `grid.twin.quality`.

    Args:
        place: A file (.parquet, .csv), or a store: an SQLite file or postgresql://….
        clock: The period.

    Raises:
        InputError: If there is no such file or it holds no measurements.
        NothingMeasuredError: If it holds none of the period.
        StoreError: If a store cannot be reached.
    """
    path = Path(place)
    if "://" not in place and not is_file(path):
        raise InputError([missing_file(path, "MEASUREMENTS")], shown_path(path))
    if path.suffix in FILES:
        frame = read_measurements(path, None)
    else:
        from app.twin.measuring.store import opened_measurements  # noqa: PLC0415  SQLAlchemy

        with opened_measurements(place, made=False) as opened:
            frame = opened.frame(clock.start, clock.stop)
    series = measured_series(mark(frame), clock)
    if not np.isfinite(series.values).any():
        period = f"from {clock.start.isoformat()} to {clock.stop.isoformat()}"
        raise NothingMeasuredError.single("MEASUREMENTS", f"holds nothing that can be used {period}", place)
    return series


def simulated_series(state: TrueState, metering: Metering, noise: float, seed: int) -> MeasuredSeries:
    """What a simulated city would have measured, with noise alone.

    Args:
        state: The true state.
        metering: What is measured.
        noise: See `simulated_measurements`.
        seed: Seed of the random numbers.
    """
    rng = np.random.default_rng(seed)
    frame = simulated_measurements(state, chosen_sensors(state, metering, rng), noise, rng, NONE)
    return measured_series(mark(frame), state.clock)
