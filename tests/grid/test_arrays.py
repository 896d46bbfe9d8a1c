from __future__ import annotations

import numpy as np
import pytest

from grid.arrays import rank_in_run, ratio, read_only, read_only_ints, run_of, run_offsets, stable_order


@pytest.mark.parametrize("lengths", [[], [0], [3], [2, 0, 3, 1]])
def test_runs_one_after_another(lengths: list[int]) -> None:
    runs = [list(range(n)) for n in lengths]
    n = np.array(lengths, dtype=np.int64)
    assert run_offsets(n).tolist() == [sum(lengths[:k]) for k in range(len(lengths) + 1)]
    assert run_of(n).tolist() == [k for k, run in enumerate(runs) for _ in run]
    assert rank_in_run(n).tolist() == [rank for run in runs for rank in run]


def test_a_ratio_is_another_value_where_the_whole_is_not_positive() -> None:
    part, whole = np.array([1.0, 2.0, 0.0, 3.0]), np.array([2.0, 0.0, 0.0, -1.0])
    np.testing.assert_array_equal(ratio(part, whole), [0.5, np.nan, np.nan, np.nan])
    np.testing.assert_array_equal(ratio(part, whole, 0.0), [0.5, 0, 0, 0])
    np.testing.assert_array_equal(ratio(np.ones((2, 1)), np.array([1.0, 0.0]), [7.0, 8.0]), [[1, 8], [1, 8]])
    np.testing.assert_array_equal(ratio(1, np.array([4, 0])), [0.25, np.nan])


def test_frozen_arrays_refuse_to_be_written_and_share_what_they_can() -> None:
    given = np.array([1.0, 2.0])
    frozen = read_only(given)
    assert np.shares_memory(frozen, given)
    assert given.flags.writeable
    for array in (frozen, read_only_ints([1, 2])):
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 3


@pytest.mark.parametrize("most", [1, 40, 2**16, 2**20, 2**33])
@pytest.mark.parametrize("least", [0, -5])
def test_the_stable_order_is_that_of_numpy(least: int, most: int) -> None:
    keys = np.random.default_rng(most).integers(least, most, 3000)
    np.testing.assert_array_equal(stable_order(keys), np.argsort(keys, kind="stable"))
    assert stable_order(keys[:0]).size == 0
