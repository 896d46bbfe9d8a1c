"""Weather files as others write them: separators, units, exchanged columns, hours that are missing."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest

from grid.arrays import Floats
from grid.errors import InputError
from grid.weather.files import read_weather_year
from grid.weather.sun import sines_of_elevation
from tests.grid.weather.invented import csv, epw

pytestmark = pytest.mark.slow


def invented_epw(folder: Path) -> list[str]:
    return epw(folder, 52.5, 13.4, 1).read_text(encoding="utf-8").splitlines()


@pytest.mark.parametrize("separator", [";", "\t"])
def test_epw_is_read_with_other_separators_decimal_commas_and_lines_above(tmp_path: Path, separator: str) -> None:
    lines = invented_epw(tmp_path)
    expected = read_weather_year(tmp_path / "own.epw", 0, 0, 0)
    head, rows = lines[:8], [line.replace(",", separator).replace(".", ",") for line in lines[8:]]
    head = [line.replace(",", separator) for line in head[:7]]
    path = tmp_path / "other.epw"
    path.write_text("\n".join([*head, "COMMENTS 3", f"DATA PERIODS{separator}1", *rows]), encoding="utf-8")
    found = read_weather_year(path, 0, 0, 0)
    assert np.array_equal(found.ghi_w_per_m2, expected.ghi_w_per_m2)
    assert (found.latitude, found.utc_offset_hours) == (52.5, 1)
    assert found.report is not None
    assert any("cells are separated by" in line for line in found.report.mended)


def test_hours_that_are_missing_or_twice_are_named(tmp_path: Path) -> None:
    lines = invented_epw(tmp_path)
    (tmp_path / "other.epw").write_text("\n".join([*lines[:108], *lines[109:]]), encoding="utf-8")
    with pytest.raises(InputError, match="1 are missing, the first is 01-05 04 h"):
        read_weather_year(tmp_path / "other.epw", 0, 0, 0)
    (tmp_path / "other.epw").write_text("\n".join([*lines[:108], *lines[107:]]), encoding="utf-8")
    with pytest.raises(InputError, match="1 are there more than once, the first is 01-05 03 h"):
        read_weather_year(tmp_path / "other.epw", 0, 0, 0)


def test_columns_of_irradiance_that_are_exchanged_or_in_another_unit_are_refused(tmp_path: Path) -> None:
    table = pl.read_csv(csv(tmp_path, 48.0, 11.0))
    hours = sines_of_elevation(48.0, 11.0, 0.0, 0)
    ghi = table["ghi_w_per_m2"].to_numpy()
    beam = np.where(hours > 0.05, 0.7 * ghi / np.maximum(hours, 0.05), 0.0)
    right = {"ghi_w_per_m2": ghi, "dni_w_per_m2": beam, "dhi_w_per_m2": ghi - beam * hours}

    def said(**columns: Floats) -> str:
        table.with_columns(**{name: pl.Series(values) for name, values in (right | columns).items()}).write_csv(
            tmp_path / "changed.csv"
        )
        with pytest.raises(InputError) as caught:
            read_weather_year(tmp_path / "changed.csv", 48.0, 11.0, 0.0)
        (fault,) = caught.value.faults
        return str(fault)

    exchanged = said(dni_w_per_m2=right["dhi_w_per_m2"], dhi_w_per_m2=right["dni_w_per_m2"])
    assert exchanged.startswith("dni_w_per_m2, dhi_w_per_m2: are exchanged")
    in_joules = said(ghi_w_per_m2=ghi * 0.36)
    assert "ghi_w_per_m2: must be in W/m²; with the other columns" in in_joules
    assert "J/cm² an hour: multiply by 2.778" in in_joules
    all_of_them = said(**{name: values * 0.36 for name, values in right.items()})
    assert "% of a clear sky's, as if in J/cm² an hour: multiply by 2.778" in all_of_them
    table.with_columns(pl.col("t_dry_bulb_degc") + 273.15).write_csv(tmp_path / "kelvin.csv")
    with pytest.raises(InputError, match=r"is it in K\? Subtract 273.15"):
        read_weather_year(tmp_path / "kelvin.csv", 48.0, 11.0, 0.0)
    table.rename({"time_utc": "Time"}).write_csv(tmp_path / "named.csv")
    with pytest.raises(InputError, match=r"time_utc: is a required column; did you mean 'Time'"):
        read_weather_year(tmp_path / "named.csv", 48.0, 11.0, 0.0)


def test_temperatures_of_an_epw_in_kelvin_are_told(tmp_path: Path) -> None:
    path = epw(tmp_path, 52.5, 13.4, 1, change=lambda _, row: row | {"t": row["t"] + 273.15})
    with pytest.raises(InputError, match=r"t_dry_bulb_degc: must lie within .*is it in K\? Subtract 273.15"):
        read_weather_year(path, 0, 0, 0)
