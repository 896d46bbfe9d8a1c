"""To what the numbers of a result are stored: digits beyond what is known of a number are noise, which nothing packs.

So in the tables that have a row a step and element, or a charging session, numbers are stored to the nearest multiple
of a power of two that is finer than anything that a reader asks for, and to so many significant bits [1].

References:
    [1] M. Klöwer et al., "Compressing atmospheric data into its real information content", Nature Computational
        Science, vol. 1, pp. 713-724, 2021.
    [2] T. J. Dekker, "A floating-point technique for extending the available precision", Numerische Mathematik,
        vol. 18, pp. 224-242, 1971.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from grid.arrays import Floats, Ints, stable_order

RESOLUTIONS: dict[str, dict[str, float]] = {
    "buses": {
        "vm_pu": 2.0**-19, "ci_kg_per_mwh": 2.0**-4, "renewable_share": 2.0**-10, "carbon_free_share": 2.0**-10,
    },
    "branches": {"p_from_mw": 2.0**-17, "p_to_mw": 2.0**-18, "loading_percent": 2.0**-16},
    "phase_voltages": {**{f"vm_{phase}_pu": 2.0**-19 for phase in "abc"}, "unbalance": 2.0**-20},
    "phase_currents": {
        **{f"loading_{phase}_percent": 2.0**-16 for phase in "abc"}, "neutral_percent": 2.0**-16,
    },
    "assets": {
        **dict.fromkeys(("p_mw", "drawn_mw", "fed_in_mw", "q_mvar"), 2.0**-30), "e_mwh": 2.0**-20,
        "ci_kg_per_mwh": 2.0**-18, "fed_in_ci_kg_per_mwh": 2.0**-18,
    },
    "sessions": {
        **dict.fromkeys(("energy_kwh", "requested_kwh", "owed_kwh"), 2.0**-15), "v2g_kwh": 2.0**-18,
        **dict.fromkeys(("emissions_kg", "charged_kg", "v2g_kg", "driven_kg"), 2.0**-21),
        "driven_km": 2.0**-7, "g_per_km": 2.0**-4, "charged_g_per_kwh": 2.0**-10,
    },
    "nodal": {
        "price_per_mwh": 2.0**-4, "penalty_per_mwh": 2.0**-4, "marginal_below_kg_per_mwh": 2.0**-2,
        "marginal_above_kg_per_mwh": 2.0**-2, "dispatch_marginal_kg_per_mwh": 2.0**-2,
    },
    "consumers": {"energy_mwh": 2.0**-30, "carbon_free_mwh": 2.0**-30, "returned_mwh": 2.0**-30},
    "consumer_carbon": {"emissions_kg": 2.0**-20, "returned_kg": 2.0**-20},
}  # fmt: skip
"""What the numbers of a column are stored to multiples of, by table (ours). What is only looked at: 8 W, a sixteenth
of a gram per kilowatt-hour. What is set beside another power flow: so fine that it agrees with that (voltages to 1e-6
pu). What is added up: so fine that sums over a run keep nine digits."""
SIGNIFICANT_BITS: dict[str, dict[str, int]] = {
    "branches": {"p_from_mw": 15, "loading_percent": 20},
    "phase_currents": {**{f"loading_{phase}_percent": 20 for phase in "abc"}, "neutral_percent": 20},
    "assets": {"e_mwh": 12},
    "sessions": dict.fromkeys(("charged_kg", "v2g_kg", "driven_kg", "emissions_kg"), 13),
}
"""How many significant bits of a number are stored at most, by table: loadings are within 1e-6 of themselves, as the
power flow agrees with others, and carbon of sessions within 1e-4 and energies in stores within 1.3e-4."""
IN_SUM: dict[str, frozenset[str]] = {
    "branches": frozenset({"p_from_mw", "p_to_mw"}),
    "sessions": frozenset(
        {"energy_kwh", "v2g_kwh", "requested_kwh", "owed_kwh", "charged_kg", "v2g_kg", "emissions_kg", "driven_kg",
         "driven_km"}
    ),
}  # fmt: skip
"""Columns that come as they are stored, by table: what is left over of one value went into the next where the table was
made (`to_multiples_in_sum`), so sums keep all digits however coarse a single value is: what the branches of a step lose
together, and what the sessions of a fleet at a bus hold."""
FINER = 2.0**12
"""How much finer what is left over is counted than values are stored."""
_ALL_BITS = 53
"""Significant bits of a double."""
_EXPONENTS = 2**12
"""More than a double has exponents."""


@dataclass(frozen=True)
class Rounding:
    """How numbers are rounded where they are written.

    Args:
        step: They are stored to multiples of it, a power of two.
        bits: And to so many significant bits at most.
    """

    step: float
    bits: int = _ALL_BITS

    def of_column(self, name: str) -> pl.Expr:
        """A column as `of_series` makes it, of its own type."""
        value = pl.col(name)
        if self.bits < _ALL_BITS:
            large = value * self._split
            value = pl.when(large.is_finite()).then(large - (large - value)).otherwise(value)
        nearest = (value / self.step).round() * self.step
        return pl.when(nearest == 0.0).then(0.0).otherwise(nearest).alias(name)

    def of_series(self, series: pl.Series) -> Any:
        """A column of floating-point numbers as an array of pyarrow; never minus zero, which packs badly.

        Its gaps stay where they are; what stands in them is rounded like the rest, which nobody reads.
        """
        import pyarrow as pa  # noqa: PLC0415  slow, and only needed where a result is written

        array = series.to_arrow()
        gaps, content = array.buffers()
        values = np.frombuffer(content, array.type.to_pandas_dtype(), array.offset + len(array))
        step = values.dtype.type(self.step)
        with np.errstate(all="ignore"):  # of what stands in gaps
            if self.bits < _ALL_BITS:
                large = values * self._split
                values = np.where(np.isfinite(large), large - (large - values), values)
            rounded = values / step
            np.rint(rounded, out=rounded)
            rounded *= step
            rounded += values.dtype.type(0.0)  # of minus zero it makes zero
        return pa.Array.from_buffers(
            array.type, len(array), [gaps, pa.py_buffer(rounded)], array.null_count, array.offset
        )

    @property
    def _split(self) -> float:
        """What a double is multiplied by to be split after its first bits [2]."""
        return 2.0 ** (_ALL_BITS - self.bits) + 1.0


def rounding_of(table: str, column: str) -> Rounding | None:
    """How the numbers of a column are rounded when it is written; None if it is stored as it comes."""
    step = RESOLUTIONS.get(table, {}).get(column)
    if step is None or column in IN_SUM.get(table, ()):
        return None
    return Rounding(step, SIGNIFICANT_BITS.get(table, {}).get(column, _ALL_BITS))


def to_multiples(values: Floats, step: float | Floats) -> Floats:
    """Values to the nearest multiples of a power of two, of their shape, for what is to be derived from them as stored.

    Args:
        values: The values; NaN stays.
        step: What they are stored to multiples of: one for all, or one for each.
    """
    stored: Floats = np.round(values / step) * step
    return stored


def steps_of(values: Floats, table: str, column: str) -> Floats:
    """What each value of a column is stored to a multiple of, of their shape.

    Args:
        values: The values; NaN counts as 0.
        table: Their table, of `RESOLUTIONS`.
        column: Their column, of `RESOLUTIONS` and perhaps of `SIGNIFICANT_BITS`.
    """
    bits = SIGNIFICANT_BITS.get(table, {}).get(column, _ALL_BITS)
    steps: Floats = np.maximum(np.ldexp(1.0, np.frexp(np.nan_to_num(values))[1] - bits), RESOLUTIONS[table][column])
    return steps


def to_multiples_in_sum(values: Floats, step: float | Floats, part: Ints | None = None) -> Floats:
    """Values to multiples of a power of two such that what is left over of one goes into the next of the same part.

    So each is less than a multiple off, every sum of the first of a part half of one, and the sum of all nothing that
    matters: what is left at the end goes into the last that is not 0, the only one that is no multiple. They are
    counted to a small part of a multiple, so that values that differ in their last digits alone are stored as the same.
    NaN stays, and takes no part; 0 stays 0.

    Args:
        values: The values, shape (N,), or (T, N) where each row is a part.
        step: What they are stored to multiples of, the same for all of a part.
        part: Which part each belongs to, shape (N,), where values have that shape; None: all to one.
    """
    if part is not None:
        order = stable_order(part)
        steps = np.broadcast_to(step, values.shape)[order]
        begins = np.flatnonzero(np.diff(part[order], prepend=part[order[:1]] - 1))
        stored = np.empty(values.shape)
        stored[order] = _in_sum(values[order], steps, begins)
        return stored
    begins = np.arange(0, values.size, max(values.shape[-1], 1))
    return _in_sum(values.ravel(), np.broadcast_to(step, values.shape).ravel(), begins).reshape(values.shape)


def _in_sum(values: Floats, steps: Floats, begins: Ints) -> Floats:
    """Values, shape (N,), as `to_multiples_in_sum` stores them; a part begins at each of `begins`."""
    if not values.size or not values.view(np.int64).any():  # zeros, such as what nobody feeds in
        return values
    lengths = np.diff(begins, append=values.size)
    known = np.nan_to_num(values) / steps
    counted = np.round(known * FINER)
    sums = np.cumsum(counted)
    sums -= np.repeat(sums[begins] - counted[begins], lengths)
    multiples = np.round(sums / FINER)
    stored = np.diff(multiples, prepend=0.0)
    stored[begins] = multiples[begins]
    place = np.arange(values.size)
    last = np.maximum.reduceat(
        np.where(stored != 0.0, values.size + place, np.where(counted != 0.0, place, -1)), begins
    )
    left = np.round(np.add.reduceat(known, begins) * FINER) / FINER - multiples[begins + lengths - 1]
    stored[last[last >= 0] % values.size] += left[last >= 0]
    found: Floats = np.where(np.isnan(values), np.nan, stored * steps)
    return found


def in_sums(values: Floats, table: str, column: str, part: Ints) -> Floats:
    """Values of a column as they are stored, added up within each part: those of one step in each part by themselves.

    Args:
        values: The values, shape (N,).
        table: Their table.
        column: The column.
        part: Which part each belongs to, such as the bus of a session, shape (N,), not negative.
    """
    steps = steps_of(values, table, column)
    return to_multiples_in_sum(values, steps, part * _EXPONENTS + np.frexp(steps)[1])
