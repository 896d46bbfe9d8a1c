"""Measurements from Parquet and from text files such as CSV, by what their columns mean."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final

import numpy as np
import polars as pl

from app.twin.measuring.mapping import OWN_COLUMNS, Cell, MeasurementColumns
from app.twin.measuring.messages import LEAST_ERROR, USUAL_ERROR
from grid.errors import Fault, InputError, nearest, raise_if_any
from grid.files.content import beside, is_file, read_parquet, shown_path
from grid.files.numbers import decimal_mark, read_numbers
from grid.files.text_table import read_text_table
from grid.time.instants import Twice
from grid.time.instants import place as placed
from grid.time.stamps import read_stamps
from grid.twin.measurements import MEASUREMENT_COLUMNS, QUALITIES
from grid.twin.quantities import ELEMENT_KINDS, QUANTITIES, quantities_of

_TEXT: Final = (".csv", ".tsv", ".txt")
_PARQUET: Final = (".parquet", ".pq")
_SHOWN: Final = 10
_OPTIONAL: Final = ("standard_deviation", "source", "sequence", "quality", "received")


def read_measurements(path: Path, columns: MeasurementColumns | None = None) -> pl.DataFrame:
    """Measurements from a file, as a table with `MEASUREMENT_COLUMNS` in the order of its rows.

    A value in another unit of its quantity is converted; one in a unit that its quantity does not have is kept as it
    is and marked ``wrong_unit``. Empty cells are missing values, and marked so.

    Args:
        path: Parquet, or text with a header.
        columns: What its columns mean; by default they are called as in `MEASUREMENT_COLUMNS`, of which those from
            ``standard_deviation`` on may lack.

    Raises:
        InputError: With all that is wrong: no such file, missing columns, times or numbers that cannot be read, kinds
            and quantities that do not exist.
    """
    if not is_file(path):
        raise InputError.single(shown_path(path), "no such file", suggestion=nearest(path.name, beside(path)))
    if path.suffix.casefold() not in (*_TEXT, *_PARQUET):
        raise InputError.single(shown_path(path), f"must end in one of {', '.join((*_PARQUET, *_TEXT))}", path.suffix)
    table = _Table(path)
    if columns is None:
        lacking = {name: None for name in _OPTIONAL if name not in table.frame.columns}
        columns = OWN_COLUMNS.model_copy(update=lacking)
    raise_if_any(_missing(table.frame, columns), str(path))
    rows = _of_series(table, columns) if columns.series else _of_rows(table, columns)
    raise_if_any(table.faults, str(path))
    return _in_units(rows)


class _Table:
    """The columns of a file, read as what they are asked for; faults are gathered."""

    def __init__(self, path: Path) -> None:
        self.faults: list[Fault] = []
        if path.suffix.casefold() in _TEXT:
            text = read_text_table(path)
            self.frame, self.lines, self._separator = text.cells, text.lines, text.separator
        else:
            self.frame, self._separator = read_parquet(path), None
            self.lines = np.arange(1, self.frame.height + 1)

    def numbers(self, name: str) -> pl.Series:
        """A column as numbers, null where it has none."""
        column = self.frame[name]
        if column.dtype.is_numeric():
            return column.cast(pl.Float64).fill_nan(None)
        texts = [self.frame[each] for each in self.frame.columns if self.frame[each].dtype == pl.String]
        numbers = read_numbers(column, decimal_mark(texts, self._separator))
        self.refuse(name, "must be numbers", numbers.unread)
        return pl.Series(numbers.values).fill_nan(None)

    def times(self, name: str, columns: MeasurementColumns, twice: Twice = "first") -> pl.Series:
        """A column as moments in UTC; `twice` says what a time in the doubled hour of autumn means."""
        column = self.frame[name]
        if isinstance(column.dtype, pl.Datetime) and column.dtype.time_zone is not None:
            utc = column.dt.convert_time_zone("UTC").dt.replace_time_zone(None).cast(pl.Datetime("us"))
        else:
            found = read_stamps([column], zone=columns.time_zone)
            self.faults += [Fault(name, fault.rule, fault.value, fault.suggestion) for fault in found.faults]
            utc = placed(found.columns[0], columns.zone, twice).utc
        self.refuse(name, "must be times, such as 2030-01-01T00:00Z", utc.is_null().to_numpy())
        return utc.dt.replace_time_zone("UTC")

    def texts(self, cell: Cell | None, otherwise: str) -> pl.Series:
        """A column, or a value for all rows, as texts."""
        if isinstance(cell, str):
            return self.frame[cell].cast(pl.String).fill_null("")
        return pl.Series([otherwise if cell is None else str(cell.value)]).new_from_index(0, self.frame.height)

    def refuse(self, name: str, rule: str, wrong: np.ndarray[tuple[int], np.dtype[np.bool_]]) -> None:
        """Notes rows of a column that break a rule."""
        if wrong.any():
            more = f" (and {int(wrong.sum()) - _SHOWN:,} more)" if wrong.sum() > _SHOWN else ""
            self.faults.append(Fault(name, f"{rule}; not so in rows{more}", self.lines[wrong][:_SHOWN].tolist()))


def _missing(frame: pl.DataFrame, columns: MeasurementColumns) -> Iterator[Fault]:
    """Columns that are asked for and not there."""
    if columns.series:
        asked = {"time": columns.time} | {f"series[{k}]": each.column for k, each in enumerate(columns.series)}
    else:
        names = ("time", "element_kind", "element", "quantity", "value", "unit", *_OPTIONAL)
        asked = {name: cell for name in names if isinstance(cell := getattr(columns, name), str)}
    for what, name in asked.items():
        if name not in frame.columns:
            yield Fault(what, f"no column called {name!r}", suggestion=nearest(name, frame.columns))


def _of_rows(table: _Table, columns: MeasurementColumns) -> pl.DataFrame:
    """Rows that say what they are of."""
    time = table.times(columns.time, columns)
    value = table.numbers(columns.value)
    kind, element = table.texts(columns.element_kind, ""), table.texts(columns.element, "")
    quantity, quality = table.texts(columns.quantity, ""), table.texts(columns.quality, "good")
    sequence = table.numbers(columns.sequence) if columns.sequence else pl.Series([0.0]).new_from_index(0, len(time))
    rows = pl.DataFrame({
        "time": time,
        "element_kind": kind,
        "element": element.replace(columns.elements),
        "quantity": quantity.replace(columns.quantities),
        "value": value,
        "standard_deviation": _deviations(table, columns.standard_deviation, value),
        "source": table.texts(columns.source, "file"),
        "quality": quality,
        "sequence": sequence,
        "received": table.times(columns.received, columns) if columns.received else time,
        "unit": table.texts(columns.unit, ""),
    })  # fmt: skip
    _refuse_places(table, columns, rows)
    return rows


def _deviations(table: _Table, cell: Cell | None, value: pl.Series) -> pl.Series:
    """Standard deviations; usual ones where the file has none."""
    if isinstance(cell, str):
        stated = table.numbers(cell)
        table.refuse(cell, "must be greater than 0", (stated <= 0).fill_null(value=False).to_numpy())
    elif cell is not None and isinstance(cell.value, float) and cell.value > 0:
        stated = pl.Series([cell.value]).new_from_index(0, len(value))
    elif cell is not None:
        table.faults.append(Fault("standard_deviation", "must be a number greater than 0", cell.value))
        stated = pl.Series([1.0]).new_from_index(0, len(value))
    else:
        stated = pl.Series([None], dtype=pl.Float64).new_from_index(0, len(value))
    usual = (value.abs() * USUAL_ERROR).fill_null(LEAST_ERROR).clip(lower_bound=LEAST_ERROR)
    return stated.fill_null(usual)


def _refuse_places(table: _Table, columns: MeasurementColumns, rows: pl.DataFrame) -> None:
    """Notes kinds, quantities, names and qualities that do not exist, each with the nearest that does."""
    named = {"element_kind": columns.element_kind, "quantity": columns.quantity, "quality": columns.quality}
    for kind, quantity in rows.select("element_kind", "quantity").unique(maintain_order=True).iter_rows():
        if kind not in ELEMENT_KINDS:
            rule = f"must be one of {', '.join(ELEMENT_KINDS)}"
            table.faults.append(Fault(_shown(named["element_kind"]), rule, kind, nearest(kind, ELEMENT_KINDS)))
        elif (kind, quantity) not in QUANTITIES:
            rule, near = f"is not measured at a {kind}", nearest(quantity, quantities_of(kind))
            table.faults.append(Fault(_shown(named["quantity"]), rule, quantity, near))
    for quality in rows["quality"].unique(maintain_order=True):
        if quality not in QUALITIES:
            rule, near = "is no quality", nearest(quality, QUALITIES)
            table.faults.append(Fault(_shown(named["quality"]), rule, quality, near))
    for name in ("element", "source"):
        table.refuse(name, "must not be empty", (rows[name] == "").to_numpy())
    whole = (rows["sequence"] % 1 == 0).fill_null(value=False) & (rows["sequence"].abs() < 2**53)
    table.refuse(columns.sequence or "sequence", "must be whole numbers", (~whole).fill_null(value=True).to_numpy())


def _shown(cell: Cell | None) -> str:
    return cell if isinstance(cell, str) else "the value for all rows"


def _of_series(table: _Table, columns: MeasurementColumns) -> pl.DataFrame:
    """A column for each place; a row is a time, so the doubled hour of autumn comes in turn."""
    time = table.times(columns.time, columns, "in turn")
    parts = []
    for series in columns.series:
        value = table.numbers(series.column)
        usual = (value.abs() * USUAL_ERROR).fill_null(LEAST_ERROR).clip(lower_bound=LEAST_ERROR)
        deviation = usual if series.standard_deviation is None else usual * 0.0 + series.standard_deviation
        parts.append(
            pl.DataFrame({"time": time, "value": value, "standard_deviation": deviation, "received": time})
            .with_columns(pl.lit(getattr(series, name)).alias(name)
                          for name in ("element_kind", "element", "quantity", "source", "unit"))
            .with_columns(pl.lit("good").alias("quality"), pl.lit(0.0).alias("sequence"))
        )  # fmt: skip
    return pl.concat(parts)


def _in_units(rows: pl.DataFrame) -> pl.DataFrame:
    """Values in the units of their quantities; marked where they cannot be brought into them, or are missing."""
    found = rows.select("element_kind", "quantity", "unit").unique()
    factors = [QUANTITIES[kind, quantity].factor(unit) for kind, quantity, unit in found.iter_rows()]
    found = found.with_columns(pl.Series("factor", factors, dtype=pl.Float64))
    rows = rows.join(found, on=["element_kind", "quantity", "unit"], how="left", maintain_order="left")
    factor = pl.col("factor").fill_null(1.0)
    wrong = pl.col("factor").is_null() & (pl.col("quality") != "missing")
    quality = pl.when(pl.col("value").is_null()).then(pl.lit("missing")).when(wrong).then(pl.lit("wrong_unit"))
    rows = rows.with_columns(
        pl.col("value") * factor,
        pl.col("standard_deviation") * factor,
        quality.otherwise(pl.col("quality")).alias("quality"),
    )
    return rows.select(pl.col(name).cast(dtype) for name, dtype in MEASUREMENT_COLUMNS.items())
