from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from app.results.parquet.resolution import (
    FINER,
    IN_SUM,
    RESOLUTIONS,
    SIGNIFICANT_BITS,
    Rounding,
    in_sums,
    rounding_of,
    steps_of,
    to_multiples_in_sum,
)
from grid.arrays import Floats, Ints


@pytest.fixture
def values() -> Floats:
    """Three rows of a thousand, with zeros and a gap."""
    drawn = np.random.default_rng(7).lognormal(size=(3, 1000))
    drawn[1, ::3] = 0.0
    drawn[2, 500] = np.nan
    return drawn


def test_what_is_left_over_goes_into_the_next_value(values: Floats) -> None:
    stored = to_multiples_in_sum(values, 2.0**-6)
    assert (np.nan_to_num(stored) * 2**6 % 1 != 0).sum(axis=-1).max() <= 1
    assert (stored[1, ::3] == 0.0).all()
    assert np.array_equal(np.isnan(stored), np.isnan(values))
    assert np.nanmax(np.abs(stored - values)) < 2.0**-6 * (1 + 1 / FINER)
    off = np.abs(np.nancumsum(stored, axis=-1) - np.nancumsum(values, axis=-1))
    assert off.max() <= 2.0**-7 + 1000**0.5 * 2.0**-6 / FINER


def test_sums_of_each_part_keep_their_digits_however_coarse_a_value_is(values: Floats) -> None:
    off = np.nansum(to_multiples_in_sum(values, 2.0), axis=-1) - np.nansum(values, axis=-1)
    assert np.abs(off).max() <= 1000**0.5 * 2.0 / FINER
    part: Ints = np.random.default_rng(8).integers(0, 9, 1000)
    stored = to_multiples_in_sum(values[0], 2.0**-3, part)
    for each in range(9):
        assert stored[part == each].sum() == pytest.approx(
            values[0][part == each].sum(), abs=1000**0.5 * 2.0**-3 / FINER
        )
        assert (stored[part == each] * 2**3 % 1 != 0).sum() <= 1
    assert (stored >= 0).all()


def test_what_is_less_than_a_multiple_is_kept_by_the_last_value() -> None:
    small = np.array([0.0, 2.0**-8, 0.0, 2.0**-8, 0.0])
    assert to_multiples_in_sum(small, 1.0).tolist() == [0.0, 0.0, 0.0, 2.0**-7, 0.0]
    assert to_multiples_in_sum(np.empty((0, 3)), 1.0).shape == (0, 3)
    assert to_multiples_in_sum(np.zeros(3), 1.0).tolist() == [0.0] * 3
    assert to_multiples_in_sum(np.zeros(3), 1.0, np.array([4, 2, 4])).tolist() == [0.0] * 3


def test_sums_of_large_and_small_values_are_kept_by_part(values: Floats) -> None:
    kg, bus = values[0] * 3, np.arange(1000) % 7
    stored = in_sums(kg, "sessions", "charged_kg", bus)
    assert np.abs(stored / kg - 1).max() <= 2.0 ** (1 - SIGNIFICANT_BITS["sessions"]["charged_kg"])
    for each in range(7):
        assert stored[bus == each].sum() == pytest.approx(kg[bus == each].sum(), rel=1e-7)
    steps = steps_of(kg, "sessions", "charged_kg")
    assert (stored / steps % 1 != 0).sum() <= 7 * np.unique(steps).size


@pytest.mark.parametrize("bits", [13, 17])
def test_values_are_rounded_to_significant_bits_and_multiples(bits: int) -> None:
    how = Rounding(2.0**-16, bits)
    numbers = np.random.default_rng(9).lognormal(0, 3, 10_000) * np.random.default_rng(10).choice([-1, 1], 10_000)
    series = pl.Series("x", [*numbers, None, np.inf, -0.0, 1e300, -1e-9, 3.0])
    stored = pl.Series("x", how.of_series(series))
    assert stored.equals(series.to_frame().lazy().select(how.of_column("x")).collect()["x"])
    found = stored[: numbers.size].to_numpy()
    off = np.abs(numbers) * 2.0**-bits
    assert (np.abs(found - numbers) <= np.where(off > 2.0**-17, off, off + 2.0**-17)).all()
    mantissa, _ = np.frexp(found)
    assert (mantissa * 2.0**bits % 1 == 0).all()
    assert (found * 2.0**16 % 1 == 0).all()
    assert stored[numbers.size :].to_list() == [None, np.inf, 0.0, 1e300, 0.0, 3.0]
    assert not np.signbit(stored[-4])


def test_what_is_added_up_is_rounded_where_its_table_is_made() -> None:
    for table, columns in IN_SUM.items():
        assert columns <= set(RESOLUTIONS[table])
        assert all(rounding_of(table, column) is None for column in columns)
    assert rounding_of("branches", "loading_percent") == Rounding(2.0**-16, 20)
    assert rounding_of("sectors", "energy_mwh") is None
