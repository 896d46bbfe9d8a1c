"""Measurements from Parquet and from text files such as CSV, by what their columns mean."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Final

import numpy as np
import polars as pl

from app.twin.measuring.mapping import OWN_COLUMNS, Cell, MeasurementColumns
from app.twin.measuring.messages import LEAST_ERROR, USUAL_ERROR
from grid.arrays import Bools
from grid.errors import Fault, InputError, nearest, raise_if_any
from grid.files.cell_faults import cell_faults, mark_faults
from grid.files.content import PARQUET_ENDINGS, is_file, missing_file, read_parquet, shown_path
from grid.files.numbers import decimal_mark, read_numbers
from grid.files.text_table import TABLE_ENDINGS, read_text_table
from grid.time.instants import in_utc, local_time_faults, undecided
from grid.time.stamps import read_stamps
from grid.twin.measurements import FIRST_MOMENT, LAST_MOMENT, MEASUREMENT_COLUMNS, QUALITIES
from grid.twin.quantities import ELEMENT_KINDS, QUANTITIES, quantities_of

_ONE_FOR_ALL: Final = ("element_kind", "element", "quantity", "unit", "standard_deviation", "source")
"""What may be one value for all rows instead of a column."""
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
        raise InputError([missing_file(path, "SOURCE")], shown_path(path))
    if path.suffix.casefold() not in (*TABLE_ENDINGS, *PARQUET_ENDINGS):
        raise InputError.single(
            shown_path(path), f"must end in one of {', '.join((*PARQUET_ENDINGS, *TABLE_ENDINGS))}", path.suffix
        )
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
        if path.suffix.casefold() in TABLE_ENDINGS:
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
        self.faults += mark_faults(name, np.minimum(numbers.values, 0.0), self.lines)
        return pl.Series(numbers.values).fill_nan(None)

    def times(self, name: str, columns: MeasurementColumns, series: pl.Series | None = None) -> pl.Series:
        """A column as moments in UTC; `series` says which series each row is of, so that the doubled hour is told."""
        column = self.frame[name]
        if isinstance(column.dtype, pl.Datetime) and column.dtype.time_zone is not None:
            utc = column.dt.convert_time_zone("UTC").dt.replace_time_zone(None).cast(pl.Datetime("us"))
        else:
            found = read_stamps([column], zone=columns.time_zone)
            self.faults += [replace(fault, place=name) for fault in found.faults]
            of_one = pl.repeat("", len(column), eager=True) if series is None else series
            instants = in_utc(found.columns[0], columns.zone, "in turn", of_one)
            utc, wall = instants.utc, found.columns[0].wall
            rule = "stands once in the hour that occurs twice: which of them? Write the offset, as in +02:00"
            self.refuse(name, rule, undecided(wall, instants.doubled, of_one).to_numpy())
            self.faults += local_time_faults(name, found.columns[0], columns.zone)
        self.refuse(name, "must be times, such as 2030-01-01T00:00Z", utc.is_null().to_numpy())
        moments = utc.dt.replace_time_zone("UTC")
        beyond = (moments < FIRST_MOMENT) | (moments >= LAST_MOMENT)
        rule = f"must lie within {FIRST_MOMENT.year} to {LAST_MOMENT.year - 1}"
        self.refuse(name, rule, beyond.fill_null(value=False).to_numpy())
        return moments

    def arrivals(self, name: str, columns: MeasurementColumns, time: pl.Series) -> pl.Series:
        """A column of times of arrival as moments in UTC: in the doubled hour that which is not before `time`."""
        found = read_stamps([self.frame[name]], zone=columns.time_zone)
        instants = in_utc(found.columns[0], columns.zone)
        self.faults += [replace(fault, place=name) for fault in found.faults]
        self.refuse(name, "must be times, such as 2030-01-01T00:00Z", instants.utc.is_null().to_numpy())
        early = (instants.utc.dt.replace_time_zone("UTC") < time).fill_null(value=False)
        return instants.utc.zip_with(~early, instants.later).dt.replace_time_zone("UTC")

    def texts(self, cell: Cell | None, otherwise: str) -> pl.Series:
        """A column, or a value for all rows, as texts."""
        if isinstance(cell, str):
            return self.frame[cell].cast(pl.String).fill_null("")
        return pl.Series([otherwise if cell is None else str(cell.value)]).new_from_index(0, self.frame.height)

    def refuse(self, name: str, rule: str, wrong: Bools) -> None:
        """Notes rows of a column that break a rule."""
        cells = self.frame[name] if name in self.frame.columns else pl.Series([None]).new_from_index(0, wrong.size)
        self.faults += cell_faults(name, rule, wrong, cells, self.lines)


def _missing(frame: pl.DataFrame, columns: MeasurementColumns) -> Iterator[Fault]:
    """Columns that are asked for and not there."""
    if columns.series:
        asked = {"time": columns.time} | {f"series[{k}]": each.column for k, each in enumerate(columns.series)}
    else:
        names = ("time", "element_kind", "element", "quantity", "value", "unit", *_OPTIONAL)
        asked = {name: cell for name in names if isinstance(cell := getattr(columns, name), str)}
    for what, name in asked.items():
        if name not in frame.columns:
            near = nearest(name, frame.columns)
            may_be_one = what in _ONE_FOR_ALL and not near
            cure = f"; if it is meant for all rows, write {{value: {name}}}" if may_be_one else ""
            yield Fault(what, f"no column called {name!r}{cure}", suggestion=near)
    if frame.is_empty():
        yield Fault("file", "must have at least one row of measurements below its header")


def _of_rows(table: _Table, columns: MeasurementColumns) -> pl.DataFrame:
    """Rows that say what they are of."""
    value = table.numbers(columns.value)
    kind, element = table.texts(columns.element_kind, ""), table.texts(columns.element, "")
    of_one = [kind, element, table.texts(columns.quantity, ""), table.texts(columns.source, "")]
    series = pl.DataFrame(of_one, schema=[str(k) for k in range(len(of_one))], orient="col").to_struct()
    time = table.times(columns.time, columns, series)
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
        "received": table.arrivals(columns.received, columns, time) if columns.received else time,
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
            measured = quantities_of(kind)
            rule = f"is not measured at a {kind}, of which {', '.join(measured)} are"
            place = named["quantity"] if isinstance(named["quantity"], str) else "quantity"
            table.faults.append(Fault(place, rule, quantity, nearest(quantity, measured)))
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
    time = table.times(columns.time, columns)
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
