"""The weather that is stored as it was read is that of the library's file."""

from __future__ import annotations

from dataclasses import fields

import numpy as np
import pytest

from grid.weather.files import read_shipped_file, read_weather_year
from grid.weather.stored import STORED


@pytest.mark.slow
@pytest.mark.parametrize("name", STORED)
def test_stored_weather_is_what_the_librarys_file_holds(name: str) -> None:
    stored, read = read_weather_year(name, 50.0, 10.0, 1.0), read_shipped_file(name)
    for field in fields(read):
        found, expected = getattr(stored, field.name), getattr(read, field.name)
        if isinstance(expected, np.ndarray):  # processors differ in the last digits of sines and cosines
            np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-9, err_msg=field.name)
        else:
            np.testing.assert_equal(found, expected, err_msg=field.name)
