"""What is wrong with measurements by stated rules: each is marked and counted, none is dropped."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

import polars as pl

from grid.errors import Fault, raise_if_any
from grid.time.clock import Clock
from grid.twin.measurements import MEASUREMENT_COLUMNS, PLACE, QUALITIES, Quality, in_measurement_columns, step_of_time
from grid.twin.quantities import QUANTITIES

UNIT_FACTORS: Final = (100.0, 1e3, 1e6)
"""What a value in the wrong unit is too great by: percent for per unit, kilo for mega, one for mega."""
MOST_BETWEEN: Final = 0.01
"""Share of values between the usual size and the least that counts as a wrong unit, beyond which none does there: what
passes through all sizes, as the sun does every morning, is large without any wrong unit."""
RANGE_COLUMNS: Final = ("element_kind", "element", "quantity", "lowest", "highest")
"""Columns of a table of ranges of its own for some places, in place of those of `QUANTITIES`."""


@dataclass(frozen=True)
class QualityRules:
    """By what a measurement counts as what. The defaults are ours; `in_words` says what each does.

    Args:
        late_after_s: Time between measurement and arrival beyond which it is late [s].
        early_after_s: How far its time may lie after its arrival before it is suspect [s].
        frozen_after: Values in a row, all equal, beyond which they are frozen, the first one excepted.
        spike: How far beyond both its neighbours a value is suspect, in 0.9-quantiles of the steps between values.
        unit_tolerance: By what factor a value divided by one of `UNIT_FACTORS` may differ from the usual size.
        least_history: Values of a place without which its usual size and steps are not known.
    """

    late_after_s: float = 300.0
    early_after_s: float = 60.0
    frozen_after: int = 6
    spike: float = 8.0
    unit_tolerance: float = 3.0
    least_history: int = 12

    def __post_init__(self) -> None:
        """Raises `InputError` with all values that make no sense."""
        least = {"late_after_s": 0.0, "early_after_s": 0.0, "frozen_after": 1, "spike": 1.0, "unit_tolerance": 1.0,
                 "least_history": 3}  # fmt: skip
        raise_if_any((Fault(name, f"must be at least {low:g}", getattr(self, name)) for name, low in least.items()
                      if not getattr(self, name) >= low), "the rules of quality")  # fmt: skip

    def in_words(self) -> Mapping[Quality, str]:
        """What makes a measurement each of `QUALITIES`."""
        factors = ", ".join(f"{factor:g}" for factor in UNIT_FACTORS)
        return {
            "good": "none of the following",
            "late": f"arrived more than {self.late_after_s:g} s after it was measured; it is used",
            "suspect": (
                f"exceeds the values before and after it by more than {self.spike:g} times the 0.9-quantile of the "
                f"steps of its place, or its time lies more than {self.early_after_s:g} s after its arrival"
            ),
            "frozen": f"equal, and not 0, to the one before, in a row of more than {self.frozen_after}",
            "duplicate": "of the same source, place and time as one that arrived before",
            "out_of_range": "lower or higher than the quantity can be there",
            "wrong_unit": (
                f"its unit is none of the quantity's, or it is {factors} times the 0.75-quantile of the size of the "
                f"values of its place, within a factor of {self.unit_tolerance:g}, where no more than "
                f"{MOST_BETWEEN:.0%} of the values lie between the two sizes"
            ),
            "missing": "the source says that it has none, or nothing arrived for a step",
        }


def mark(frame: pl.DataFrame, rules: QualityRules | None = None, ranges: pl.DataFrame | None = None) -> pl.DataFrame:
    """The same rows in the same order, each with its quality: the worst of what its source and the rules say.

    What a rule says of a value depends on those around it, so the same value may be marked otherwise in a longer table.
    A place at which more than a quarter of the values stand in a wrong unit cannot be told from one that is usually so
    large; a range of its own can.

    Args:
        frame: With `MEASUREMENT_COLUMNS`.
        rules: By what a measurement counts as what.
        ranges: With `RANGE_COLUMNS`, for places that have their own.

    Raises:
        InputError: If a table has other columns.
    """
    rules = rules or QualityRules()
    rows = in_measurement_columns(frame).with_row_index("row")
    rows = _with_ranges(rows, ranges).sort(*PLACE, "time", "received", "sequence", "row")
    again = ~pl.struct(*PLACE, "time").is_first_distinct()
    rows = rows.with_columns(again.alias("again"))
    found = _beside_others(rows.filter(~pl.col("again") & pl.col("value").is_finite()), rules)
    rows = rows.join(found, on="row", how="left").sort("row")
    broken: dict[Quality, pl.Expr] = {
        "late": pl.col("received") - pl.col("time") > pl.duration(microseconds=round(rules.late_after_s * 1e6)),
        "suspect": pl.col("spike")
        | (pl.col("time") - pl.col("received") > pl.duration(microseconds=round(rules.early_after_s * 1e6))),
        "frozen": pl.col("frozen"),
        "duplicate": pl.col("again"),
        "out_of_range": ~pl.col("value").is_between("lowest", "highest"),
        "wrong_unit": pl.col("unit"),
        "missing": ~pl.col("value").is_finite().fill_null(value=False),
    }
    stated = pl.col("quality").replace_strict(
        {name: k for k, name in enumerate(QUALITIES)}, default=QUALITIES.index("suspect"), return_dtype=pl.Int64
    )
    worst = pl.max_horizontal(stated, *(
        pl.when(rule).then(QUALITIES.index(name)).otherwise(0) for name, rule in broken.items()
    ))  # fmt: skip
    names = dict(enumerate(QUALITIES))
    marked = rows.with_columns(worst.replace_strict(names, return_dtype=pl.String).alias("quality"))
    return marked.select(*MEASUREMENT_COLUMNS)


def _with_ranges(rows: pl.DataFrame, ranges: pl.DataFrame | None) -> pl.DataFrame:
    """The rows with the lowest and the highest value that each can have, and whether it fluctuates."""
    of_quantities = pl.DataFrame(
        [(kind, name, each.lowest, each.highest, each.fluctuates) for (kind, name), each in QUANTITIES.items()],
        schema=["element_kind", "quantity", "lowest", "highest", "fluctuates"], orient="row",
    )  # fmt: skip
    rows = rows.join(of_quantities, on=["element_kind", "quantity"], how="left", maintain_order="left")
    if ranges is None:
        return rows
    missing = [Fault(name, "is missing") for name in RANGE_COLUMNS if name not in ranges.columns]
    raise_if_any(missing, "the table of ranges")
    own = ranges.select(RANGE_COLUMNS).rename({"lowest": "own_lowest", "highest": "own_highest"})
    rows = rows.join(own, on=["element_kind", "element", "quantity"], how="left", maintain_order="left")
    bounds = (pl.coalesce(f"own_{name}", name).alias(name) for name in ("lowest", "highest"))
    return rows.with_columns(bounds).drop("own_lowest", "own_highest")


def _beside_others(rows: pl.DataFrame, rules: QualityRules) -> pl.DataFrame:
    """What shows beside the other values of a place: `row`, `frozen`, `spike` and `unit`; the rows are in order."""
    place, value = list(PLACE), pl.col("value")
    known = pl.len().over(place) >= rules.least_history
    usual = value.abs().quantile(0.75).over(place)
    sizes = [value.abs() / (factor * usual) for factor in UNIT_FACTORS]
    near = pl.any_horizontal(each.is_between(1 / rules.unit_tolerance, rules.unit_tolerance) for each in sizes)
    least = UNIT_FACTORS[0] / rules.unit_tolerance
    between = value.abs().is_between(rules.unit_tolerance * usual, least * usual, closed="none").mean().over(place)
    rows = rows.with_columns(
        (known & (usual > 0) & near & (between <= MOST_BETWEEN)).alias("unit"),
        (value != value.shift(1).over(place)).fill_null(value=True).cum_sum().over(place).alias("run"),
    )
    right = pl.col("unit").not_()
    rows = rows.with_columns(
        pl.len().over([*place, "run"]).alias("length"),
        pl.when(right).then(value).forward_fill().over(place).shift(1).over(place).alias("before"),
        pl.when(right).then(value).backward_fill().over(place).shift(-1).over(place).alias("after"),
    )
    up, down = value - pl.col("before"), value - pl.col("after")
    beyond = pl.when(up * down > 0).then(pl.min_horizontal(up.abs(), down.abs())).otherwise(0.0)
    usual_step = up.abs().quantile(0.9).over(place)
    first = pl.col("run") != pl.col("run").shift(1).over(place)
    return rows.select(
        "row",
        "unit",
        (pl.col("fluctuates") & (value != 0) & (pl.col("length") > rules.frozen_after) & ~first.fill_null(value=True))
        .alias("frozen"),
        (known & pl.col("fluctuates") & (beyond > rules.spike * usual_step)).fill_null(value=False).alias("spike"),
    )  # fmt: skip


def with_gaps(frame: pl.DataFrame, clock: Clock, every: int = 1) -> pl.DataFrame:
    """The rows, and one without value, marked as missing, for each time at which a place of the table said nothing.

    Args:
        frame: With `MEASUREMENT_COLUMNS`, marked.
        clock: The steps in which each of its places should say something.
        every: In each so many steps once.

    Raises:
        InputError: If the table has other columns.
    """
    frame = in_measurement_columns(frame)
    slot = step_of_time(clock, every).alias("slot")
    slots = pl.DataFrame({"slot": range(-(-clock.n_steps // every))}, schema={"slot": pl.Int64})
    places = frame.group_by(PLACE, maintain_order=True).agg(pl.col("standard_deviation").median())
    silent = places.join(slots, how="cross").join(frame.select(*PLACE, slot), on=[*PLACE, "slot"], how="anti")
    span_us = round(clock.step * every / timedelta(microseconds=1))
    time = pl.lit(clock.start, pl.Datetime("us", "UTC")) + pl.duration(microseconds=pl.col("slot") * span_us)
    rows = silent.with_columns(
        time.alias("time"),
        time.alias("received"),
        pl.lit(None, pl.Float64).alias("value"),
        pl.lit("missing").alias("quality"),
        pl.lit(-1, pl.Int64).alias("sequence"),
    )
    return pl.concat([frame, rows.select(pl.col(name).cast(dtype) for name, dtype in MEASUREMENT_COLUMNS.items())])


def counts(frame: pl.DataFrame) -> dict[str, int]:
    """How many rows have each of `QUALITIES`, all of them, in their order."""
    found = dict(frame.group_by("quality").len().iter_rows())
    return {name: int(found.get(name, 0)) for name in QUALITIES}
