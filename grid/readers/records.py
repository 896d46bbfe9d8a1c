"""FileRecords of a table of somebody else's file, read column by column; every fault is gathered."""

from __future__ import annotations

import math
from collections.abc import Hashable, Mapping, Sequence
from typing import Any

import numpy as np

from grid.arrays import Bools, Floats, Ints
from grid.errors import Fault, nearest

TRUE, FALSE = frozenset({"true", "1", "yes", "t", "1.0"}), frozenset({"false", "0", "no", "f", "0.0"})


class FileRecords:
    """FileRecords of one table, R of them, and the faults found in them so far.

    A column that a record lacks, and one that is empty or NaN there, take the default; where there is no default that
    is a fault.
    """

    def __init__(self, table: str, rows: Sequence[Mapping[str, Any]], labels: Sequence[object], faults: list[Fault]):
        """FileRecords of a table.

        Args:
            table: Its name in the file.
            rows: The records.
            labels: What each is called in faults.
            faults: Where faults are gathered.
        """
        self.table, self.rows, self.labels, self.faults = table, rows, labels, faults

    def __len__(self) -> int:
        return len(self.rows)

    def where(self, keep: Sequence[bool] | Bools) -> FileRecords:
        """The records where `keep` holds."""
        chosen = [k for k, wanted in enumerate(keep) if wanted]
        return FileRecords(self.table, [self.rows[k] for k in chosen], [self.labels[k] for k in chosen], self.faults)

    def has(self, column: str) -> bool:
        """Whether any record states a value in the column."""
        return any(not is_missing(row.get(column)) for row in self.rows)

    def stated(self, column: str) -> Bools:
        """Where a value is stated, shape (R,)."""
        return np.array([not is_missing(row.get(column)) for row in self.rows], dtype=bool)

    def number(self, column: str, default: float | None = None, *, factor: float = 1.0, above: float | None = None,
               least: float | None = None) -> Floats:  # fmt: skip
        """A column of finite numbers, shape (R,).

        Args:
            column: Its name.
            default: What stands where nothing is stated.
            factor: What the numbers are multiplied by, to convert units.
            above: What they must be greater than, before that.
            least: What they must at least be, before that.
        """
        values = np.full(len(self), np.nan)
        for k, row in enumerate(self.rows):
            value = row.get(column)
            if is_missing(value):
                if default is None:
                    self.fault(k, column, "is missing")
                else:
                    values[k] = default
                continue
            number = finite_number(value)
            if number is None:
                self.fault(k, column, "must be a finite number", value)
            elif above is not None and number <= above:
                self.fault(k, column, f"must be greater than {above:g}", value)
            elif least is not None and number < least:
                self.fault(k, column, f"must be at least {least:g}", value)
            else:
                values[k] = number
        return values * factor

    def text(self, column: str, default: str = "") -> list[str]:
        """A column of texts."""
        values = (row.get(column) for row in self.rows)
        return [default if is_missing(value) else str(value) for value in values]

    def flag(self, column: str, *, default: bool = True) -> Bools:
        """A column of truth values, shape (R,)."""
        values = np.full(len(self), default)
        for k, row in enumerate(self.rows):
            value = row.get(column)
            if is_missing(value):
                continue
            said = str(value).strip().casefold()
            if said not in TRUE | FALSE:
                self.fault(k, column, "must be true or false", value)
            values[k] = said in TRUE
        return values

    def place(self, column: str, places: Mapping[Hashable, int], what: str = "bus") -> Ints:
        """Places of what the records name, shape (R,); -1 and a fault where there is no such thing."""
        found = np.full(len(self), -1, dtype=np.int64)
        for k, row in enumerate(self.rows):
            value = row.get(column)
            try:
                found[k] = places.get(value, -1)
            except TypeError:  # a list or a mapping
                found[k] = -1
            if found[k] < 0:
                close = (
                    nearest(value, [key for key in places if isinstance(key, str)]) if isinstance(value, str) else None
                )
                self.fault(k, column, f"no such {what}", value, close)
        return found

    def fault(self, row: int, column: str, rule: str, value: object = None, suggestion: str | None = None) -> None:
        """Notes a fault of a record."""
        self.faults.append(Fault(f"{self.table} {self.labels[row]!s:.80}, {column}", rule, value, suggestion))


def is_missing(value: object) -> bool:
    """Whether nothing is stated: none, an empty text, or NaN."""
    return (
        value is None
        or (isinstance(value, str) and not value.strip())
        or (isinstance(value, float) and math.isnan(value))
    )


def finite_number(value: object) -> float | None:
    """A value as a finite number; None where it is none."""
    if isinstance(value, bool | np.bool_):
        return None
    try:
        number = float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError, OverflowError):
        return None
    return number if math.isfinite(number) else None
