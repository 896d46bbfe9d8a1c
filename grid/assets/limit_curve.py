"""Limits on power from a file, such as a grid operator sends."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from grid.arrays import Floats
from grid.errors import Fault, InputError, nearest, raise_if_any
from grid.files.cell_faults import cell_faults
from grid.files.content import beside, is_file, shown_path
from grid.files.text_table import TextTable, read_text_table
from grid.flexibility.power_bounds import PowerBounds
from grid.sharing import shared
from grid.time.clock import Clock
from grid.time.instants import in_utc, local_time_faults
from grid.time.rows import Times, newest_first, order_faults
from grid.time.stamps import StampColumns, read_stamps
from grid.time.zones import UTC_ZONE, Zone

UNLIMITED: Mapping[str, float] = {
    "charge_max_mw": np.inf,
    "discharge_max_mw": np.inf,
    "charge_max_share": 1.0,
    "discharge_max_share": 1.0,
}
"""What may be limited, and the value that is no limit."""
QUANTITIES = tuple(UNLIMITED)
TIME_COLUMNS = ("time", "time_utc")


@dataclass(frozen=True, eq=False)
class LimitCurve:
    """Limits that hold from one time to the next; R rows.

    Args:
        times: Beginning of each row in UTC, and the end of the last, rising, shape (R + 1,), dtype datetime64[us].
        values: Limits by quantity, shape (R,) each; a quantity that the file does not have is left out.
    """

    times: npt.NDArray[np.datetime64]
    values: Mapping[str, Floats]

    def on(self, clock: Clock) -> PowerBounds:
        """The limit in each step of a clock: the least of the rows that it touches."""
        begin = clock.times
        first = np.searchsorted(self.times, begin, side="right") - 1
        after = np.searchsorted(self.times, begin + np.timedelta64(clock.step), side="left")
        rows = [slice(max(a, 0), min(b, self.times.size - 1)) for a, b in zip(first, after, strict=True)]
        found = {name: np.full(clock.n_steps, free) for name, free in UNLIMITED.items()}
        for name, values in self.values.items():
            found[name] = np.array([values[at].min(initial=UNLIMITED[name]) for at in rows])
        return PowerBounds(**found)


@shared(files=lambda given: [given["path"]])
def read_limit_curve(path: Path, time_zone: str) -> LimitCurve:
    """Reads limits from CSV; see `grid.assets.power_limits.PowerLimit.file` for its columns.

    Args:
        path: The file.
        time_zone: IANA name of the zone of times without an offset.

    Raises:
        InputError: With all that is wrong: no file, other columns, times that do not rise, values out of range.
    """
    if not is_file(path):
        raise InputError.single("file", f"no file {shown_path(path)!r}", None, nearest(path.name, beside(path)))
    table = read_text_table(path)
    raise_if_any(_column_faults(table.names), str(path))
    column = next(name for name in TIME_COLUMNS if name in table.names)
    zone = UTC_ZONE if column == "time_utc" else Zone(time_zone)
    table, times, faults = _in_time(table, column, zone)
    values = {name: _numbers(table, name) for name in QUANTITIES if name in table.names}
    raise_if_any([*faults, *_value_faults(table, values)], str(path))
    return LimitCurve(np.append(times, times[-1] + (times[-1] - times[-2])), values)


def _in_time(table: TextTable, column: str, zone: Zone) -> tuple[TextTable, Times, list[Fault]]:
    """The rows in the order of their times, those equal in every cell once, with the times in UTC, shape (R,)."""
    table, times, found = _placed(table.once(), column, zone)
    faults = [replace(fault, place=column) for fault in found.faults]
    unread = np.isnat(times)
    if not faults:
        rule = "must be times such as 2030-01-15T17:00"
        faults += cell_faults(column, rule, unread, table.cells[column], table.lines)
        faults += local_time_faults(column, found.columns[0], zone)
    if not faults and table.n_rows < 2:
        rule = "must have at least two rows: the last holds for as long as the one before it"
        faults.append(Fault(column, rule, table.n_rows))
    return table, times, faults or list(order_faults(times, table.lines, column))


def _placed(table: TextTable, column: str, zone: Zone) -> tuple[TextTable, Times, StampColumns]:
    """A table whose rows are put in the order of their times, unless they are in none, and those times."""
    for _ in range(2):
        found = read_stamps([table.cells[column]], zone=zone.name if zone.minutes is None else None)
        times = in_utc(found.columns[0], zone, "in turn").utc.to_numpy().astype("datetime64[us]")
        if not newest_first(times):
            break
        table = table.rows(np.arange(table.n_rows)[::-1])
    return table, times, found


def _numbers(table: TextTable, name: str) -> Floats:
    """Numbers of a column, shape (R,): no limit where it is empty, NaN where it holds something else."""
    numbers = table.numbers(name)
    return np.where(numbers.empty, UNLIMITED[name], numbers.values)


def _column_faults(columns: list[str]) -> Iterator[Fault]:
    if not any(name in columns for name in TIME_COLUMNS):
        yield Fault("time", "is a required column, or time_utc", suggestion=nearest("time", columns))
    if not any(name in columns for name in QUANTITIES):
        near = next((found for name in columns if (found := nearest(name, QUANTITIES)) is not None), None)
        yield Fault("", f"at least one column of {', '.join(QUANTITIES)} is required", columns, near)


def _value_faults(table: TextTable, values: Mapping[str, Floats]) -> Iterator[Fault]:
    for name, numbers in values.items():
        most = UNLIMITED[name]
        rule = "must be a number of at least 0" + (" and at most 1" if np.isfinite(most) else "") + ", or empty"
        wrong = ~((numbers >= 0) & (numbers <= most))  # not-a-number fails both
        yield from cell_faults(name, rule, wrong, table.cells[name], table.lines)
