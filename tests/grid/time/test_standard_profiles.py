from __future__ import annotations

import subprocess
import sys
import warnings
from datetime import date

import numpy as np
import pytest
from demandlib.bdew import ElecSlp

from grid.time.standard_profiles import standard_profiles

FREE = (date(2024, 1, 1), date(2024, 5, 9), date(2024, 10, 3), date(2024, 12, 25))


@pytest.mark.slow
@pytest.mark.parametrize(("year", "free"), [(2023, ()), (2024, FREE), (2030, ()), (2100, ())])
def test_profiles_are_those_of_demandlib(year: int, free: tuple[date, ...]) -> None:
    with warnings.catch_warnings():  # demandlib turns warnings into errors for the whole process
        expected = ElecSlp(year, holidays=list(free) or None).get_profiles()
    found = standard_profiles(year, frozenset(free))
    assert set(found) == set(expected.columns)
    for name, shares in found.items():
        np.testing.assert_array_equal(shares, expected[name].to_numpy(dtype=float), err_msg=name)


@pytest.mark.parametrize(("year", "days"), [(2023, 365), (2024, 366), (2100, 365)])
def test_each_quarter_of_an_hour_has_its_share(year: int, days: int) -> None:
    for name, shares in standard_profiles(year).items():
        assert shares.shape == (96 * days,)
        assert shares.min() > 0
        assert shares.sum() == pytest.approx(1.0, rel=1e-12 if name != "h0_dyn" else 0.02)


def test_free_days_are_sundays() -> None:
    free = standard_profiles(2024, frozenset({date(2024, 5, 9)}))["g1"].reshape(366, 96)  # a Thursday
    ascension, sunday = (date(2024, 5, day).timetuple().tm_yday - 1 for day in (9, 12))
    np.testing.assert_array_equal(free[ascension], free[sunday])
    assert free[ascension].sum() < free[ascension - 1].sum() / 2


def test_the_library_that_holds_the_tables_is_not_imported() -> None:
    code = (
        "import sys; from grid.time.standard_profiles import standard_profiles; standard_profiles(2030)\n"
        "print([m for m in ('demandlib', 'pandas', 'geopandas') if m in sys.modules])"
    )
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert said.stdout.strip() == "[]"
