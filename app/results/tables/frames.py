"""Long tables from arrays: one row for each step and element, times in UTC."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
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
            "time": step_times(clock, len(names)),
            name: labels_of_steps(clock, tuple(names)),
            **{column: known(np.ascontiguousarray(values).ravel()) for column, values in columns.items()},
        }
    )


def of_each_element(clock: Clock, names: Mapping[str, Sequence[str]], **columns: Floats) -> pl.DataFrame:
    """A table with one row an element and step, element after element: what changes little then stands together.

    Args:
        clock: The time axis.
        names: What the E elements are called, by name of the column.
        **columns: Values by name of the column, shape (T, E); NaN becomes null.
    """
    n_elements = len(next(iter(names.values())))
    return pl.DataFrame(
        {
            "time": step_times(clock, n_elements, element_by_element=True),
            **{column: labels_of_steps(clock, tuple(each), element_by_element=True) for column, each in names.items()},
            **{column: known(element_after_element(values)) for column, values in columns.items()},
        }
    )


def element_after_element(values: Floats) -> Floats:
    """Values of shape (T, E) in the order of the rows of `of_each_element`, shape (T * E,)."""
    return np.ascontiguousarray(values.T).ravel()


def known(values: Floats) -> pl.Series:
    """A column of numbers, shape (R,); NaN becomes null."""
    return pl.Series(values, nan_to_null=True)


@shared()
def step_times(clock: Clock, n_elements: int, *, element_by_element: bool = False) -> pl.Series:
    """When the step of each row begins, in a table with a row a step and element, shape (T * E,).

    Args:
        clock: The time axis.
        n_elements: Number of elements E.
        element_by_element: Whether rows are ordered as by `of_each_element`; else as by `by_element`.
    """
    steps = np.arange(clock.n_steps)
    return times(clock, np.tile(steps, n_elements) if element_by_element else np.repeat(steps, n_elements))


@shared()
def labels_of_steps(clock: Clock, labels: Sequence[str], *, element_by_element: bool = False) -> pl.Series:
    """The label of the element of each row, in a table with a row a step and element, shape (T * E,).

    Args:
        clock: The time axis.
        labels: One of each of the E elements.
        element_by_element: As in `step_times`.
    """
    series, elements = pl.Series(list(labels), dtype=pl.Categorical), np.arange(len(labels))
    if not len(labels):
        return series
    n = clock.n_steps
    return series.gather(np.repeat(elements, n) if element_by_element else np.tile(elements, n))


@shared()
def repeated(labels: Sequence[str], times: Sequence[int]) -> pl.Series:
    """Labels, each so many times, one after the other."""
    return pl.Series(list(labels), dtype=pl.String).gather(np.repeat(np.arange(len(labels)), times))


def times(clock: Clock, steps: Ints | None = None) -> pl.Series:
    """When steps begin, by default all of them; a step beyond the last one begins when the clock would have it."""
    if steps is None:
        return step_times(clock, 1)
    if not steps.size:
        return _beginnings(clock, steps)
    first, last = int(steps.min()), int(steps.max())
    if last - first >= steps.size:
        return _beginnings(clock, steps)
    return _beginnings(clock, np.arange(first, last + 1)).gather(steps - first)  # each once, of many rows a step


def _beginnings(clock: Clock, steps: Ints) -> pl.Series:
    """When steps begin, also one beyond the last."""
    within = np.minimum(steps, clock.n_steps - 1)
    beyond = (steps - within) * np.timedelta64(clock.step)
    return pl.Series("time", clock.times[within] + beyond).dt.replace_time_zone("UTC")


@shared()
def wall_clock_hours(clock: Clock, time_zone: str) -> Ints:
    """Hour of the wall clock in which each step begins, shape (T,), 0 to 23."""
    local = times(clock).dt.convert_time_zone(time_zone)
    return local.dt.hour().cast(pl.Int64).to_numpy()
