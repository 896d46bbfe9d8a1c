"""Measurements: one as a record, many as a table, and those of a period as arrays on a clock."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final, Literal

import numpy as np
import polars as pl

from grid.arrays import Floats
from grid.errors import Fault, InputError, nearest, raise_if_any
from grid.time.clock import Clock
from grid.twin.quantities import ELEMENT_KINDS, QUANTITIES, quantities_of

Quality = Literal["good", "late", "suspect", "frozen", "duplicate", "out_of_range", "wrong_unit", "missing"]
QUALITIES: Final[tuple[Quality, ...]] = (
    "good", "late", "suspect", "frozen", "duplicate", "out_of_range", "wrong_unit", "missing",
)  # fmt: skip
"""What a measurement can be, by `grid.twin.quality`, the better first: of two that hold, the later counts."""
USABLE: Final[tuple[Quality, ...]] = ("good", "late")
"""Qualities with which a value is taken as measured."""

_TIME: Final = pl.Datetime("us", "UTC")
MEASUREMENT_COLUMNS: Final[Mapping[str, pl.DataType | type[pl.DataType]]] = {
    "time": _TIME,
    "element_kind": pl.String,
    "element": pl.String,
    "quantity": pl.String,
    "value": pl.Float64,
    "standard_deviation": pl.Float64,
    "source": pl.String,
    "quality": pl.String,
    "sequence": pl.Int64,
    "received": _TIME,
}
"""Columns of a table of measurements, as the arguments of `Measurement`; only `value` can be null."""


FIRST_MOMENT: Final = datetime(1970, 1, 1, tzinfo=UTC)
LAST_MOMENT: Final = datetime(2200, 1, 1, tzinfo=UTC)
"""From when and until when something can be measured: days before and after it must be days of a calendar too; ours."""


class NothingMeasuredError(InputError):
    """Nothing that can be used was measured in a period."""


@dataclass(frozen=True)
class Measurement:
    """A value that was measured.

    Args:
        time: When it was measured, with time zone; kept in UTC.
        element_kind: What it was measured at, one of `ELEMENT_KINDS`.
        element: Name of the bus, branch or asset.
        quantity: What was measured, one of `QUANTITIES`, which has its unit and sign.
        value: The value; None where the source says that it has none.
        standard_deviation: Of its error, in its unit, greater than 0.
        source: Who measured: the meter, the gateway, the file.
        quality: What the source says of it.
        sequence: Number that the source gave it: a message that arrives twice has the same.
        received: When it arrived, with time zone; `time` if not given.

    Raises:
        InputError: With all that is wrong.
    """

    time: datetime
    element_kind: str
    element: str
    quantity: str
    value: float | None
    standard_deviation: float
    source: str
    quality: Quality = "good"
    sequence: int = 0
    received: datetime | None = None

    def __post_init__(self) -> None:
        raise_if_any(self._faults(), "the measurement")
        object.__setattr__(self, "time", self.time.astimezone(UTC))
        object.__setattr__(self, "received", (self.received or self.time).astimezone(UTC))

    def _faults(self) -> Iterator[Fault]:
        for name, moment in (("time", self.time), ("received", self.received)):
            if moment is not None and moment.tzinfo is None:
                yield Fault(name, "must have a time zone", moment.isoformat())
            elif moment is not None and not FIRST_MOMENT <= moment < LAST_MOMENT:
                rule = f"must lie within {FIRST_MOMENT.year} to {LAST_MOMENT.year - 1}"
                yield Fault(name, rule, moment.isoformat())
        yield from place_faults(self.element_kind, self.element, self.quantity)
        if self.value is not None and not math.isfinite(self.value):
            yield Fault("value", "must be a finite number, or None", self.value)
        if not (math.isfinite(self.standard_deviation) and self.standard_deviation > 0):
            yield Fault("standard_deviation", "must be a finite number greater than 0", self.standard_deviation)
        yield from _name_faults("source", self.source)
        if self.quality not in QUALITIES:
            yield Fault("quality", "is unknown", self.quality, nearest(self.quality, QUALITIES))


def place_faults(element_kind: str, element: str, quantity: str) -> Iterator[Fault]:
    """What is wrong with what is measured where."""
    if element_kind not in ELEMENT_KINDS:
        yield Fault("element_kind", f"must be one of {', '.join(ELEMENT_KINDS)}", element_kind,
                    nearest(element_kind, ELEMENT_KINDS))  # fmt: skip
    elif (element_kind, quantity) not in QUANTITIES:
        known = quantities_of(element_kind)
        yield Fault("quantity", f"is not measured at a {element_kind}", quantity, nearest(quantity, known))
    yield from _name_faults("element", element)


def _name_faults(place: str, name: str) -> Iterator[Fault]:
    """Names that are empty or that not every store can keep."""
    if not name:
        yield Fault(place, "must not be empty")
    elif "\0" in name or any("\ud800" <= sign <= "\udfff" for sign in name):
        yield Fault(place, "must be text without NUL and without half characters", name)


def measurement_frame(measurements: Iterable[Measurement]) -> pl.DataFrame:
    """Measurements as a table with `MEASUREMENT_COLUMNS`, in their order."""
    rows = [tuple(getattr(each, name) for name in MEASUREMENT_COLUMNS) for each in measurements]
    return pl.DataFrame(rows, schema=dict(MEASUREMENT_COLUMNS), orient="row")


def measurements_of(frame: pl.DataFrame) -> list[Measurement]:
    """The rows of a table with `MEASUREMENT_COLUMNS` as records.

    Raises:
        InputError: If a row is no measurement.
    """
    return [Measurement(**row) for row in in_measurement_columns(frame).iter_rows(named=True)]


def in_measurement_columns(frame: pl.DataFrame) -> pl.DataFrame:
    """A table with exactly `MEASUREMENT_COLUMNS`, in their order and of their types.

    Raises:
        InputError: If columns are missing or of other types, with all of them.
    """
    faults = []
    for name, dtype in MEASUREMENT_COLUMNS.items():
        if name not in frame.columns:
            faults.append(Fault(name, "is missing", suggestion=nearest(name, frame.columns)))
        elif frame[name].dtype != dtype and not _castable(frame[name].dtype, dtype):
            faults.append(Fault(name, f"must be of type {dtype}", str(frame[name].dtype)))
    raise_if_any(faults, "the table of measurements")
    return frame.select(pl.col(name).cast(dtype) for name, dtype in MEASUREMENT_COLUMNS.items())


def _castable(found: pl.DataType, wanted: pl.DataType | type[pl.DataType]) -> bool:
    if isinstance(wanted, pl.Datetime):
        return isinstance(found, pl.Datetime) and found.time_zone is not None
    return found == pl.Null or (found.is_numeric() and wanted.is_numeric()) or (wanted == pl.String and found in {
        pl.Categorical, pl.Enum})  # fmt: skip


@dataclass(frozen=True, order=True)
class MeasuredPlace:
    """What is measured where, and by whom.

    Args:
        element_kind: One of `ELEMENT_KINDS`.
        element: Name of the bus, branch or asset.
        quantity: One of `QUANTITIES`.
        source: Who measures; two meters at one place are two measurements.
    """

    element_kind: str
    element: str
    quantity: str
    source: str


PLACE: Final = ("element_kind", "element", "quantity", "source")
"""Columns of a place in a table of measurements."""


@dataclass(frozen=True, eq=False)
class MeasuredSeries:
    """Measurements on the steps of a clock; T steps, M places.

    Args:
        clock: The time axis.
        places: What was measured where.
        values: Mean of the values within each step, shape (T, M); NaN where none was usable.
        standard_deviations: Of their errors, shape (T, M); NaN where there is no value. Several values within a step
            count as one of their mean standard deviation: errors of one meter are not independent.
        received: When the last of them arrived, shape (T, M), datetime64[us]; NaT where there is none.
        left_out: How many values were not usable, by quality.
        outside: How many were measured before or after the clock.
    """

    clock: Clock
    places: tuple[MeasuredPlace, ...]
    values: Floats
    standard_deviations: Floats
    received: np.ndarray[Any, np.dtype[np.datetime64]]
    left_out: Mapping[str, int] = field(default_factory=dict)
    outside: int = 0

    def only(self, element_kind: str) -> MeasuredSeries:
        """The places of one kind of element."""
        at = [m for m, place in enumerate(self.places) if place.element_kind == element_kind]
        return replace(
            self, places=tuple(self.places[m] for m in at), values=self.values[:, at],
            standard_deviations=self.standard_deviations[:, at], received=self.received[:, at],
        )  # fmt: skip

    def until(self, n_steps: int) -> MeasuredSeries:
        """The first of the steps; what was left out is counted over all."""
        return replace(
            self, clock=self.clock.window(0, n_steps), values=self.values[:n_steps],
            standard_deviations=self.standard_deviations[:n_steps], received=self.received[:n_steps],
        )  # fmt: skip

    def select(self, element_kind: str, quantity: str, elements: Sequence[str]) -> tuple[Floats, Floats]:
        """Values and standard deviations of a quantity at elements, shape (T, E) each; NaN where there is none.

        Where several sources measure at an element, the most exact in each step.

        Args:
            element_kind: One of `ELEMENT_KINDS`.
            quantity: One of `QUANTITIES`.
            elements: Names of the E elements.
        """
        position = {name: k for k, name in enumerate(elements)}
        values = np.full((self.clock.n_steps, len(elements)), np.nan)
        deviations = np.full_like(values, np.nan)
        for m, place in enumerate(self.places):
            k = position.get(place.element)
            if k is None or (place.element_kind, place.quantity) != (element_kind, quantity):
                continue
            known = np.isfinite(self.values[:, m])
            better = known & ~(deviations[:, k] <= self.standard_deviations[:, m])
            values[better, k] = self.values[better, m]
            deviations[better, k] = self.standard_deviations[better, m]
        return values, deviations


def step_of_time(clock: Clock, every: int = 1) -> pl.Expr:
    """Which step of a clock the column `time` lies in, counted in so many steps at once; negative before the clock."""
    since = pl.col("time") - pl.lit(clock.start, _TIME)
    return since.dt.total_microseconds() // round(clock.step * every / timedelta(microseconds=1))


def measured_series(frame: pl.DataFrame, clock: Clock, places: Sequence[MeasuredPlace] | None = None) -> MeasuredSeries:
    """The usable measurements of a table as arrays on a clock.

    Args:
        frame: With `MEASUREMENT_COLUMNS`, its rows marked, see `grid.twin.quality.mark`.
        clock: The time axis; a value belongs to the step within which it was measured.
        places: Which places, in this order; by default all of the table, sorted.

    Raises:
        InputError: If the table has other columns, or a place stands twice.
    """
    frame = in_measurement_columns(frame)
    if places is None:
        places = sorted(MeasuredPlace(*row) for row in frame.select(PLACE).unique().iter_rows())
    if len(set(places)) < len(places):
        raise InputError.single("places", "must be different from each other")
    rows = frame.with_columns(step_of_time(clock).alias("step"))
    within = rows.filter(pl.col("step").is_between(0, clock.n_steps - 1))
    known = pl.col("quality").is_in(USABLE) & pl.col("value").is_finite().fill_null(value=False)
    usable, unusable = within.filter(known), within.filter(~known)
    column = pl.DataFrame(
        [(p.element_kind, p.element, p.quantity, p.source, m) for m, p in enumerate(places)],
        schema={**dict.fromkeys(PLACE, pl.String), "m": pl.Int64}, orient="row",
    )  # fmt: skip
    cells = (
        usable.join(column, on=list(PLACE))
        .group_by("step", "m")
        .agg(pl.col("value", "standard_deviation").mean(), pl.col("received").max())
    )
    at = cells["step"].to_numpy(), cells["m"].to_numpy()
    values, deviations = (np.full((clock.n_steps, len(places)), np.nan) for _ in range(2))
    received = np.full(values.shape, np.datetime64("NaT", "us"))
    values[at], deviations[at] = cells["value"].to_numpy(), cells["standard_deviation"].to_numpy()
    received[at] = cells["received"].dt.replace_time_zone(None).to_numpy()
    for array in (values, deviations, received):
        array.flags.writeable = False
    counts = dict(unusable.group_by("quality").len().sort("quality").iter_rows())
    return MeasuredSeries(clock, tuple(places), values, deviations, received, counts, rows.height - within.height)
