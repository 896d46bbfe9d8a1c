"""Long tables from arrays: one row for each step and element, times in UTC."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from grid.arrays import Floats, Ints
from grid.memory import give_back_if_large
from grid.sharing import shared
from grid.time.clock import Clock

ROWS_AT_ONCE = 2**19
"""Rows that are made together, of a table that is made step after step."""


@dataclass(frozen=True, eq=False)
class SteppedTable:
    """A table with as many rows in every step, step after step, which is made for some steps at a time.

    Args:
        n_steps: Number of steps.
        rows: Rows of a step.
        begin: Gives what makes the rows of some steps that follow each other, and holds what it needs for all of them.
    """

    n_steps: int
    rows: int
    begin: Callable[[], Callable[[slice], pl.DataFrame]]

    def __call__(self) -> pl.DataFrame:
        """All of it."""
        return self.begin()(slice(0, self.n_steps))

    def pieces(self) -> Iterator[pl.DataFrame]:
        """Its rows in pieces, at least one; that of a week of the reference city is one."""
        steps, make = max(1, ROWS_AT_ONCE // max(self.rows, 1)), self.begin()
        for first in range(0, self.n_steps, steps):
            yield make(slice(first, min(first + steps, self.n_steps)))
            give_back_if_large()


def by_element(clock: Clock, name: str, names: Sequence[str], **columns: Floats) -> pl.DataFrame:
    """A table with one row a step and element, from arrays of shape (T, E); NaN becomes null.

    Args:
        clock: The time axis.
        name: What an element is called, the name of its column.
        names: Names of the E elements.
        **columns: Values by name of the column.
    """
    return pl.DataFrame(
        {
            "time": step_of_rows(clock, len(names)),
            name: each_step(clock, tuple(names)),
            **{column: known(np.ascontiguousarray(values).ravel()) for column, values in columns.items()},
        }
    )


def known(values: Floats) -> pl.Series:
    """A column of numbers, shape (R,); NaN becomes null."""
    return pl.Series(values, nan_to_null=True)


@shared()
def step_of_rows(clock: Clock, rows: int) -> pl.Series:
    """When every step begins, once for each of so many rows of a step, shape (T * rows,)."""
    return times(clock, np.repeat(np.arange(clock.n_steps), rows))


@shared()
def each_step(clock: Clock, labels: Sequence[str]) -> pl.Series:
    """The labels of E elements repeated for every step, shape (T * E,), as `by_element` orders its rows."""
    series = pl.Series(list(labels), dtype=pl.Categorical)
    return series.gather(np.tile(np.arange(len(labels)), clock.n_steps)) if len(labels) else series


@shared()
def repeated(labels: Sequence[str], times: Sequence[int]) -> pl.Series:
    """Labels, each so many times, one after the other."""
    return pl.Series(list(labels), dtype=pl.String).gather(np.repeat(np.arange(len(labels)), times))


def times(clock: Clock, steps: Ints | None = None) -> pl.Series:
    """When steps begin, by default all of them; a step beyond the last one begins when the clock would have it."""
    if steps is None:
        return step_of_rows(clock, 1)
    within = np.minimum(steps, clock.n_steps - 1)
    beyond = (steps - within) * np.timedelta64(clock.step)
    return pl.Series("time", clock.times[within] + beyond).dt.replace_time_zone("UTC")


@shared()
def wall_clock_hours(clock: Clock, time_zone: str) -> Ints:
    """Hour of the wall clock in which each step begins, shape (T,), 0 to 23."""
    local = times(clock).dt.convert_time_zone(time_zone)
    return local.dt.hour().cast(pl.Int64).to_numpy()
