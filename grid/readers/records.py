"""Records of a table of somebody else's file, read column by column; every fault is gathered."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Hashable, Mapping, Sequence
from typing import Any

import numpy as np

from grid.arrays import Bools, Floats, Ints
from grid.errors import Fault, listed, nearest

TRUE, FALSE = frozenset({"true", "1", "yes", "t", "1.0"}), frozenset({"false", "0", "no", "f", "0.0"})


class FileRecords:
    """The records of one table, R of them, and the faults found in them so far.

    A column that a record lacks, and one that is empty or NaN there, take the default; where there is no default that
    is a fault.
    """

    def __init__(self, table: str, rows: Sequence[Mapping[str, Any]], labels: Sequence[object], faults: list[Fault]):
        """The records of a table.

        Args:
            table: Its name in the file.
            rows: The records.
            labels: What each is called in faults.
            faults: Where faults are gathered.
        """
        self.table, self.rows, self.labels, self.faults = table, rows, labels, faults
        self.looked_at: set[str] = set()

    def __len__(self) -> int:
        return len(self.rows)

    def where(self, keep: Sequence[bool] | Bools) -> FileRecords:
        """The records where `keep` holds."""
        chosen = [k for k, wanted in enumerate(keep) if wanted]
        part = FileRecords(self.table, [self.rows[k] for k in chosen], [self.labels[k] for k in chosen], self.faults)
        part.looked_at = self.looked_at
        return part

    def not_looked_at(self, *known: str) -> dict[str, int]:
        """Columns in which something is stated and that nobody has asked for, and how many records state it."""
        found = Counter(column for row in self.rows for column, value in row.items() if not is_missing(value))
        return {column: found[column] for column in sorted(found) if column not in self.looked_at.union(known)}

    def has(self, column: str) -> bool:
        """Whether any record states a value in the column."""
        self.looked_at.add(column)
        return any(not is_missing(row.get(column)) for row in self.rows)

    def stated(self, column: str) -> Bools:
        """Where a value is stated, shape (R,)."""
        self.looked_at.add(column)
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
        self.looked_at.add(column)
        values = np.full(len(self), np.nan)
        broken: dict[str, list[int]] = {}
        for k, row in enumerate(self.rows):
            value = row.get(column)
            number = default if is_missing(value) else finite_number(value)
            if number is None:
                broken.setdefault("is missing" if is_missing(value) else "must be a finite number", []).append(k)
            elif not is_missing(value) and above is not None and number <= above:
                broken.setdefault(f"must be greater than {above:g}", []).append(k)
            elif not is_missing(value) and least is not None and number < least:
                broken.setdefault(f"must be at least {least:g}", []).append(k)
            else:
                values[k] = number
        for rule, rows in broken.items():
            shown = [None if is_missing(self.rows[k].get(column)) else self.rows[k][column] for k in rows]
            self.fault_of_rows(rows, column, rule, shown)
        return values * factor

    def text(self, column: str, default: str = "") -> list[str]:
        """A column of texts."""
        self.looked_at.add(column)
        values = (row.get(column) for row in self.rows)
        return [default if is_missing(value) else str(value) for value in values]

    def flag(self, column: str, *, default: bool = True) -> Bools:
        """A column of truth values, shape (R,)."""
        self.looked_at.add(column)
        values, wrong = np.full(len(self), default), list[int]()
        for k, row in enumerate(self.rows):
            value = row.get(column)
            if is_missing(value):
                continue
            said = str(value).strip().casefold()
            if said not in TRUE | FALSE:
                wrong.append(k)
            values[k] = said in TRUE
        self.fault_of_rows(wrong, column, "must be true or false", [self.rows[k][column] for k in wrong])
        return values

    def index(self, column: str, known: Mapping[Hashable, int], what: str = "bus") -> Ints:
        """Index of what each record names, shape (R,); -1 and one fault of all of them where there is no such thing.

        Args:
            column: Its name.
            known: Index of each thing by its name or number.
            what: What is named.
        """
        self.looked_at.add(column)
        found = np.full(len(self), -1, dtype=np.int64)
        for k, row in enumerate(self.rows):
            value = row.get(column)
            try:
                found[k] = known.get(value, -1)
            except TypeError:  # a list or a mapping
                found[k] = -1
        wrong = np.flatnonzero(found < 0).tolist()
        values = [self.rows[k].get(column) for k in wrong]
        close = None
        if values and isinstance(values[0], str):  # of the first alone: it takes a while among many names
            close = nearest(values[0], [key for key in known if isinstance(key, str)])
        self.fault_of_rows(wrong, column, f"no such {what}", values, close)
        return found

    def fault_of_rows(
        self, rows: Sequence[int], column: str, rule: str, values: Sequence[object], suggestion: str | None = None
    ) -> None:
        """Notes a fault that several records share, with the first of them; none where there are no records."""
        if len(rows) == 1:
            self.fault(rows[0], column, rule, values[0], suggestion)
        elif len(rows):
            at = listed([f"{self.labels[row]!s:.80}" for row in rows])
            rule = f"{rule}; {len(rows):,} of {len(self):,} are wrong: {at}"
            self.faults.append(Fault(f"{self.table}, {column}", rule, values[0], suggestion))

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
