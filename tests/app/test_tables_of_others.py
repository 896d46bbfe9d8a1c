"""Tables of reliability, costs, limits, forecasts and contracts as other programs write them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from app.scenario import check_scenario
from app.scenario.describe import describe_scenario
from app.scenario.forecast_file import read_forecast
from app.scenario.plausibility import idle_limits
from app.studies.reinforcement.costs import read_costs, shipped_costs
from app.twin.fault_rates import read_fault_rates, shipped_rates
from app.twin.measuring.files import read_measurements
from app.twin.named_numbers import read_named_numbers
from grid.assets.limit_curve import LimitCurve, read_limit_curve
from grid.city.profile_file import read_profiles
from grid.errors import InputError
from grid.time.clock import Clock

CLOCK = Clock(datetime(2030, 5, 14, tzinfo=UTC), timedelta(hours=1), 24)


def written(folder: Path, content: str, encoding: str = "utf-8") -> Path:
    path = folder / "table of mine.csv"
    path.write_bytes(content.encode(encoding))
    return path


def customers(path: Path, most: float = 1e12) -> dict[str, float]:
    return read_named_numbers(path, "--customers", "bus", "customers", ("Nord 1", "Süd"), most)


FORMS = [
    ("bus,customers\nNord 1,1200\nSüd,40\n", "utf-8"), ("bus;customers\nNord 1;1200\nSüd;40\n", "utf-8-sig"),
    ("bus\tcustomers\nNord 1\t1200\nSüd\t40\n", "utf-16"), ("bus;customers\nNord 1;1.200,0\nSüd;40,0\n", "cp1252"),
    ("Customers of 2030\n\nbus;customers;note\nNord 1;1 200;a\nSüd;40;b\n", "utf-8"),
    ("sep=;\nbus;customers\nNord 1;1200\nNord 1;1200\n\nSüd;40\n", "utf-8"),
]  # fmt: skip


@pytest.mark.parametrize(("content", "encoding"), FORMS)
def test_customers_are_read_whatever_program_wrote_them(tmp_path: Path, content: str, encoding: str) -> None:
    assert customers(written(tmp_path, content, encoding)) == {"Nord 1": 1200.0, "Süd": 40.0}


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        ("Nord 1,80 €\n", "got [2], the first of '80 €', a number with a unit"),
        ("Nord 1,-999\n", "the first of '-999', which stands for a missing value"),
        ("Nord 1,\n", "must be a number, at least 0; not so in rows; got [2], the first of an empty cell"),
        ("Nord 1,1\nNord 1,2\n", "bus: must name each once, or with the same number; not so in rows; got [3]"),
        ("Nord,1\n7,2\n8,3\n", "line 2: bus: is not known (3 of 3 rows name what is not known); got 'Nord'"),
        ("", "--customers: must have at least one row"),
        ("Nord 1,nan\n", "must be a number"),
    ],
)
def test_faults_of_customers_are_told_once(tmp_path: Path, rows: str, words: str) -> None:
    with pytest.raises(InputError) as error:
        customers(written(tmp_path, "bus,customers\n" + rows))
    assert words in str(error.value)
    assert len(error.value.faults) == 1


def test_years_are_no_ages(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"within 0 and 150; not so in rows; got \[2\], the first of '1995'"):
        customers(written(tmp_path, "bus,customers\nNord 1,1995\n"), 150)


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "cp1252"])
@pytest.mark.parametrize(
    ("shipped", "read"), [(shipped_costs(), read_costs), (shipped_rates(), lambda path: read_fault_rates(path).rows())]
)
def test_shipped_tables_are_the_same_from_a_spreadsheet(
    tmp_path: Path, encoding: str, shipped: Path, read: Callable[[Path], object]
) -> None:
    cells = pl.read_csv(shipped, infer_schema=False)
    numbers = [name for name in cells.columns if name not in {"source", "detail", "measure", "kind", "status"}]
    german = cells.with_columns(pl.col(numbers).str.replace(".", ",", literal=True))
    path = written(tmp_path, german.write_csv(separator=";"), encoding)
    assert read(path) == read(shipped)


def test_costs_of_two_currencies_and_rows_that_occur_twice_are_refused(tmp_path: Path) -> None:
    lines = shipped_costs().read_text(encoding="utf-8").splitlines()
    text = "\n".join([*lines, lines[1].replace(",100000,", ",120000 €,").replace("EUR", "USD")])
    with pytest.raises(InputError) as error:
        read_costs(written(tmp_path, text))
    for words in ("per_km: must be a number, at least 0; not so in rows; got", "the first of '120000 €'",
                  "currency: must be 'EUR' as in the first row", "measure: must have one row of each"):  # fmt: skip
        assert words in str(error.value)


def limits(folder: Path, content: str, encoding: str = "utf-8") -> LimitCurve:
    return read_limit_curve(written(folder, content, encoding), "Europe/Berlin")


EVENING = "time_utc,charge_max_mw\n2030-01-01T16:00,2.5\n2030-01-01T18:00,\n2030-01-01T19:00,1\n"


@pytest.mark.parametrize(
    ("content", "encoding"),
    [
        ("time;charge_max_mw\n01.01.2030 17:00;2,5\n01.01.2030 19:00;\n01.01.2030 20:00;1\n", "utf-16"),
        ("time,charge_max_mw\n2030-01-01T20:00,1\n2030-01-01T19:00,\n2030-01-01T17:00,2.5\n", "utf-8"),
        ("Limits\n\ntime;charge_max_mw;note\n2030-01-01 17:00;2,5;a\n2030-01-01 19:00;-;b\n2030-01-01 20:00;1;c\n",
         "cp1252"),
        ("time,charge_max_mw\n2030-01-01T17:00+01:00,2.5\n2030-01-01T18:00Z,\n2030-01-01T20:00+01:00,1\n", "utf-8-sig"),
        (EVENING + "2030-01-01T19:00,1\n", "utf-8"),
    ],
)  # fmt: skip
def test_limits_are_read_whatever_program_wrote_them(tmp_path: Path, content: str, encoding: str) -> None:
    found, plain = limits(tmp_path, content, encoding), limits(tmp_path, EVENING)
    np.testing.assert_array_equal(found.times, plain.times)
    np.testing.assert_array_equal(found.values["charge_max_mw"], plain.values["charge_max_mw"])


@pytest.mark.parametrize("newest_first", [False, True])
def test_both_hours_of_autumn_count_in_local_limits(tmp_path: Path, *, newest_first: bool) -> None:
    rows = ["2030-10-27T01:00,1", "2030-10-27T02:00,2", "2030-10-27T02:00,3", "2030-10-27T03:00,4"]
    found = limits(tmp_path, "\n".join(["time,charge_max_mw", *(rows[::-1] if newest_first else rows)]))
    assert np.diff(found.times).astype("timedelta64[h]").astype(int).tolist() == [1, 1, 1, 1]
    assert found.values["charge_max_mw"].tolist() == [1.0, 2.0, 3.0, 4.0]


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        ("2030-01-01,2 MW\n2030-01-02,3 MW\n", "got [2, 3], the first of '2 MW', a number with a unit"),
        ("2030-01-01,2\n2030-01-02,-999\n", "got [3], the first of '-999', which stands for a missing value"),
        ("2030-01-01,2\nsoon,3\n", "time: must be times such as 2030-01-15T17:00; not so in rows; got [3], the"),
        ("01/02/2030,2\n02/03/2030,3\n", "time: "), ("2030-01-01,2\n2030-01-01,3\n", "time: must rise from row to row"),
        ("2030-01-01,2\n", "time: must have at least two rows"),
    ],
)  # fmt: skip
def test_faulty_limits_are_one_fault(tmp_path: Path, rows: str, words: str) -> None:
    with pytest.raises(InputError) as error:
        limits(tmp_path, "time,charge_max_mw\n" + rows)
    assert words in str(error.value)
    assert len(error.value.faults) == 1


def forecast_rows(mark: str = ".") -> list[tuple[str, str, str]]:
    return [("demand", f"2030-05-14 {hour:02d}:00", f"{hour + 0.5}".replace(".", mark)) for hour in range(24)]


@pytest.mark.parametrize(
    ("separator", "mark", "encoding", "above"),
    [(",", ".", "utf-8", ""), (";", ",", "utf-16", ""), (";", ",", "cp1252", "Forecast of Süd\n\n"),
     ("\t", ",", "utf-8-sig", ""), (";", ".", "utf-8", "sep=;\n"), ("|", ".", "utf-8", "# made here\n")],
)  # fmt: skip
@pytest.mark.parametrize("newest_first", [False, True])
def test_forecasts_are_read_whatever_program_wrote_them(
    tmp_path: Path, separator: str, mark: str, encoding: str, above: str, *, newest_first: bool
) -> None:
    rows = forecast_rows(mark)[:: -1 if newest_first else 1]
    lines = [separator.join(row) for row in [("kind", "time_utc", "p50_mw"), *rows, rows[0]]]
    (issue,) = read_forecast(written(tmp_path, above + "\n".join(lines) + "\n", encoding), CLOCK)
    np.testing.assert_array_equal(issue.totals["demand"], np.arange(24) + 0.5)


@pytest.mark.parametrize(
    ("row", "words"),
    [
        (("demand", "2030-05-14 12:00", "80 MW"), "got [14], the first of '80 MW', a number with a unit"),
        (("demand", "2030-05-14 12:00", "-999"), "p50_mw: -999 stands for a missing value, it seems"),
        (("demand", "2030-05-14 12:00", ""), "got [14], the first of an empty cell"),
        (("demand", "noon", "8"), "time_utc: must be times in UTC; not so in rows; got [14], the first of 'noon'"),
        (("Demand", "2030-05-14 12:00", "8"), "did you mean 'demand'?"),
        (("demand", "2030-05-14T12:00+02:00", "8"), "time_utc: "),
    ],
)
def test_faulty_forecasts_are_told_with_the_cell(tmp_path: Path, row: tuple[str, str, str], words: str) -> None:
    rows = forecast_rows()
    rows[12] = row
    lines = [",".join(each) for each in [("kind", "time_utc", "p50_mw"), *rows]]
    with pytest.raises(InputError) as error:
        read_forecast(written(tmp_path, "\n".join(lines)), CLOCK)
    assert words in str(error.value)


def test_profiles_name_what_stands_for_missing_values(tmp_path: Path) -> None:
    text = "time_utc,load/mill/p_mw\n2030-01-01T00:00,1\n2030-01-01T01:00,-999\n2030-01-01T02:00,2\n"
    with pytest.raises(InputError, match=r"mill/p_mw: -999 stands for a missing value, it seems: .* got \[3\]"):
        read_profiles(written(tmp_path, text))


def test_measurements_name_units_and_marks_in_their_cells(tmp_path: Path) -> None:
    cells = ("1.01", "1.02 pu", "-999")
    rows = [f"2030-01-01T00:{15 * at:02d}Z,bus,a,vm_pu,{cell}" for at, cell in enumerate(cells)]
    path = written(tmp_path, "\n".join(["time,element_kind,element,quantity,value", *rows]))
    with pytest.raises(InputError) as error:
        read_measurements(path)
    assert "must be numbers; not so in rows; got [3], the first of '1.02 pu', a number with a unit" in str(error.value)
    assert "value: -999 stands for a missing value" in str(error.value)


def test_a_table_of_costs_without_rows_is_refused(tmp_path: Path) -> None:
    header = shipped_costs().read_text(encoding="utf-8").splitlines()[0]
    with pytest.raises(InputError, match="--costs: must have rows below its header"):
        read_costs(written(tmp_path, header + "\n"))


def test_local_limits_over_the_end_of_summer_time_are_right_in_a_scenario(tmp_path: Path) -> None:
    path = written(tmp_path, "time,charge_max_mw\n2030-10-27T02:00,1\n2030-10-27T02:00,2\n2030-10-27T03:00,3\n")
    loaded = check_scenario({
        "name": "Oberrhein", "city": {"network": "mv_oberrhein", "time_zone": "Europe/Berlin"},
        "period": {"start": "2030-10-27", "days": 1, "step_minutes": 60},
        "assets": [{"kind": "pv", "name": "roofs", "bus": "Bus 50", "p_peak_mw": 4.0,
                    "power_limits": [{"file": path.name}]}],
        "power_limits": [{"kinds": ["pv"], "file": path.name}],
    }, tmp_path, "Oberrhein")  # fmt: skip
    assert loaded.power_limits[0].on(CLOCK, "Europe/Berlin").charge_max_mw.min() == np.inf


@pytest.mark.parametrize(
    ("year", "told"), [(2030, []), (2031, ["limits nothing in the period: it holds from 2031-05-14"])]
)
def test_limits_of_another_year_are_told(tmp_path: Path, year: int, told: list[str]) -> None:
    path = written(tmp_path, f"time_utc,charge_max_mw\n{year}-05-14,1\n{year}-05-15,2\n")
    loaded = check_scenario({
        "name": "Oberrhein", "city": {"network": "mv_oberrhein"},
        "period": {"start": "2030-05-14", "days": 1, "step_minutes": 60},
        "assets": [{"kind": "pv", "name": "roofs", "bus": "Bus 50", "p_peak_mw": 4.0}],
        "power_limits": [{"kinds": ["pv"], "file": path.name}],
    }, tmp_path, "Oberrhein")  # fmt: skip
    found = list(idle_limits(loaded))
    assert len(found) == len(told)
    assert all(words in sentence for words, sentence in zip(told, found, strict=True))
    assert all(sentence in describe_scenario(loaded) for sentence in found)


@pytest.mark.parametrize(("scale", "told"), [(1, 0), (1000, 1)])
def test_limits_in_kilowatts_are_told_by_the_power_of_the_asset(tmp_path: Path, scale: int, told: int) -> None:
    path = written(tmp_path, f"time_utc,charge_max_mw\n2030-05-14,{scale}\n2030-05-15,{2 * scale}\n")
    loaded = check_scenario({
        "name": "Oberrhein", "city": {"network": "mv_oberrhein"},
        "period": {"start": "2030-05-14", "days": 1, "step_minutes": 60},
        "assets": [{"kind": "battery", "name": "store", "bus": "Bus 50", "p_rated_mw": 4.0, "e_rated_mwh": 8.0,
                    "power_limits": [{"file": path.name}]}],
    }, tmp_path, "Oberrhein")  # fmt: skip
    found = list(idle_limits(loaded))
    assert len(found) == told
    assert all("its least limit is 1,000 MW, and 4 MW are the most that it can draw" in each for each in found)
