"""A planner's own profiles: what is refused, which element a column feeds, and what is reported."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pandapower as pp
import polars as pl
import pytest

from grid.city.city import City, make_city
from grid.city.own_profiles import own_profiles_report
from grid.city.profile_file import read_profiles
from grid.city.source import GridSource, read_grid
from grid.errors import InputError
from grid.time.calendar import ProfileTable
from grid.time.clock import Clock

CLOCK = Clock(datetime(2030, 1, 7, tzinfo=UTC), timedelta(hours=1), 24)


def net(*names: str) -> Any:
    """Loads of 1 MW with these names at a bus each."""
    grid = pp.create_empty_network(name="invented")
    buses = [pp.create_bus(grid, 20.0, name=f"bus {k}") for k in range(len(names) + 1)]
    pp.create_ext_grid(grid, buses[0])
    for name, bus in zip(names, buses[1:], strict=True):
        pp.create_line(grid, buses[0], bus, 1.0, "NA2XS2Y 1x95 RM/25 12/20 kV")
        pp.create_load(grid, bus, p_mw=1.0, q_mvar=0.1, name=name)
    return grid


def table(columns: dict[str, float], start: datetime = CLOCK.start, n_hours: int = 24) -> ProfileTable:
    """Constant columns of hours."""
    values = np.tile(list(columns.values()), (n_hours, 1)).astype(float)
    return ProfileTable(tuple(columns), values, start, timedelta(hours=1), "mine.parquet")


def city(profiles: ProfileTable, *names: str, clock: Clock = CLOCK, grid: Any = None) -> City:
    source = GridSource("invented", net(*names) if grid is None else grid, profiles, True, {}, ())
    return make_city(source, clock)


def faults(profiles: ProfileTable, *names: str, clock: Clock = CLOCK) -> str:
    with pytest.raises(InputError) as error:
        city(profiles, *names, clock=clock)
    return str(error.value)


def test_kilowatts_are_refused_and_megawatts_far_above_the_net_are_not() -> None:
    assert "is it in kW? Divide by 1000" in faults(table({"load/mill/p_mw": 1800.0}), "mill")
    assert city(table({"load/mill/p_mw": 90.0}), "mill").loads.p_mw().max() == pytest.approx(90.0)


def test_units_of_columns_are_told_by_the_powers_of_the_net() -> None:
    said = faults(table({"load/mill/p_mw": 1.2e6}), "mill")
    assert "sum to 1,200,000.0, the same elements of the net have 1.000 MW: is it in W? Divide by 1,000,000" in said
    said = faults(table({"load/mill/p_mw": 0.9, "load/mill/q_mvar": 200.0}), "mill")
    assert "load/…/q_mvar: must be in MVAr; the peaks of its columns sum to 200.0, the same" in said
    assert "is it in kVAr? Divide by 1000" in said
    many = {f"load/{name}/p_mw": 1.0 for name in "abcdefgh"}
    said = faults(table({**many, "load/mill/p_mw": 700.0}), *"abcdefgh", "mill")
    assert "load/mill/p_mw: must be in MW; its peak is 700.0, and the element of the net has 1 MW: is it in kW?" in said
    report = city(table({"load/mill/p_mw": 0.001}), "mill").profiles_report
    assert report is not None
    assert any("have 1.000 MW: is it in GW, or in a share of the rated power?" in line for line in report.mended)
    report = city(table({"load/mill/p_mw": 0.0}), "mill").profiles_report
    assert report is not None
    assert "load: every column of active power is 0 in every row: was it not measured?" in report.mended


def test_elements_of_one_name_are_told_by_what_they_are_called() -> None:
    said = faults(table({"load/mill/p_mw": 1.0}), "mill", "mill", "yard")
    assert "2 elements of table load are called so in the net; here they are; got 'mill #0, mill #1'" in said


@pytest.mark.slow
def test_a_name_goes_before_an_index_and_one_element_takes_one_column() -> None:
    made = city(table({"load/1/p_mw": 5.0}), "1", "2", "3")  # on index 0, 1, 2
    assert made.loads.p_mw()[0].tolist() == pytest.approx([5.0, 1.0, 1.0])
    assert made.profiles_report is not None
    assert made.profiles_report.mended == ("load/1/p_mw is the load called '1', not that of index 1: names go first",)
    assert city(table({"load/0/p_mw": 5.0}), "1", "2", "3").loads.p_mw()[0, 0] == pytest.approx(5.0)
    twice = table({"load/1/p_mw": 5.0, "load/0/p_mw": 6.0})
    assert "load/0/p_mw: is the same load as load/1/p_mw" in faults(twice, "1", "2", "3")
    assert "no load called '7'" in faults(table({"load/7/p_mw": 5.0}), "1", "2", "3")


def test_a_part_of_the_period_is_refused_and_other_days_are_counted() -> None:
    part = table({"load/mill/p_mw": 2.0}, datetime(2030, 1, 7, 12, tzinfo=UTC), 48)
    assert "must cover all of the period, 2030-01-07 00:00 to 2030-01-08 00:00 UTC" in faults(part, "mill")
    other = table({"load/mill/p_mw": 2.0}, datetime(2030, 2, 4, tzinfo=UTC), 24 * 7)
    report = city(other, "mill").profiles_report
    assert report is not None
    assert "0 of 1 take the day of the same week and weekday, 1 another" in report.mended[0]
    assert report.mended[0].endswith("at most 4 weeks away; holidays take Sundays): 2030-01-07 as 2030-02-04")
    year_before = table({"load/mill/p_mw": 2.0}, datetime(2028, 12, 31, 23, tzinfo=UTC), 24 * 364)
    report = city(year_before, "mill").profiles_report
    assert report is not None
    assert report.mended[0].endswith("2 of 2 take the day of the same week and weekday")
    assert "its days begin at 23:00 UTC" in report.zone


def test_the_report_gives_energy_that_can_be_compared() -> None:
    made = city(table({"load/mill/p_mw": 2.0, "load/mill/q_mvar": 0.5}, n_hours=48), "mill", "school")
    assert made.profiles_report is not None
    text = made.profiles_report.text
    assert "48 of 2 columns" in text
    assert "2030-01-07 00:00 to 2030-01-09 00:00 UTC" in text
    assert "60 min" in text
    assert "load: 96.0 MWh and peak 2.000 MW in the file, 48.0 MWh and 2.000 MW in the run, in 1 of 2" in text
    assert "the other 1 keep what the net has" in text
    assert text.count("nothing") == 2  # neither mended nor dropped


def test_the_profile_of_what_is_out_of_service_is_dropped_with_a_note() -> None:
    grid = net("mill", "school")
    grid.load.loc[0, "in_service"] = False
    report = city(table({"load/mill/p_mw": 2.0}), grid=grid).profiles_report
    assert report is not None
    assert report.dropped == ("load/mill/p_mw: the element is out of service",)


def test_one_column_leaves_the_other_elements_their_own_shape() -> None:
    grid = net("mill", "school")
    grid.load["profile_p"] = "shape"
    shape = ProfileTable(("shape",), np.arange(24.0)[:, None], CLOCK.start, timedelta(hours=1))
    source = GridSource("invented", grid, shape, False, {}, (), table({"load/mill/p_mw": 3.0}))
    p_mw = make_city(source, CLOCK).loads.p_mw()
    assert p_mw[:, 0] == pytest.approx(3.0)
    assert p_mw[:, 1] == pytest.approx(np.arange(24.0))


def test_steps_below_a_minute_are_averaged() -> None:
    seconds = np.tile([0.0, 2.0], 24 * 60)[:, None]  # two rows of 30 s in each minute
    fine = ProfileTable(("load/mill/p_mw",), seconds, CLOCK.start, timedelta(seconds=30), "fine.parquet")
    made = city(fine, "mill")
    assert made.loads.p_mw() == pytest.approx(1.0)
    assert made.profiles_report is not None
    assert made.profiles_report.step == "30 s"


@pytest.mark.parametrize("zone", [None, "Europe/Berlin"])
def test_a_file_is_placed_by_the_zone_of_its_own_column(tmp_path: Path, zone: str | None) -> None:
    times = pl.datetime_range(datetime(2030, 1, 7), datetime(2030, 1, 8), "1h", closed="left", eager=True)
    placed = times if zone is None else times.dt.replace_time_zone(zone)
    pl.DataFrame({"time_utc": placed, "load/mill/p_mw": np.ones(24)}).write_parquet(tmp_path / "mine.parquet")
    read = read_profiles(tmp_path / "mine.parquet")
    assert read.start == datetime(2030, 1, 7, tzinfo=UTC) - timedelta(hours=0 if zone is None else 1)


@pytest.mark.parametrize(("hours", "row"), [([0, 1, 2, 3.5], 3), ([0, 1, 2, 2.5], 3)])
def test_rows_that_are_no_equal_steps_are_refused_with_the_row(tmp_path: Path, hours: list[float], row: int) -> None:
    times = [datetime(2030, 1, 7) + timedelta(hours=hour) for hour in hours]
    pl.DataFrame({"time_utc": times, "load/mill/p_mw": np.ones(4)}).write_parquet(tmp_path / "mine.parquet")
    with pytest.raises(InputError, match=rf"time_utc: must be consecutive equal steps .* row {row} "):
        read_profiles(tmp_path / "mine.parquet")


def test_an_empty_table_of_columns_gives_no_totals() -> None:
    no_power = table({"load/mill/q_mvar": 0.1})
    tables = {name: {"name": ["mill"], "index": [0], "in_service": [True]} for name in ("load", "storage", "sgen")}
    report = own_profiles_report(no_power, CLOCK, None, tables, no_power.values)
    assert report.totals == ()


def test_a_year_in_local_time_serves_the_year_in_utc() -> None:
    shape = np.arange(24.0 * 7)[:, None] / 10
    local = ProfileTable(("load/mill/p_mw",), shape, CLOCK.start - timedelta(hours=1), timedelta(hours=1), "mine")
    made = city(local, "mill", clock=Clock(CLOCK.start, timedelta(hours=1), 24 * 7))
    assert made.loads.p_mw()[:, 0] * 10 == pytest.approx(
        [*range(1, 24 * 7), 24 * 6]
    )  # the last hour is that of the day before
    assert made.profiles_report is not None
    assert made.profiles_report.gaps == "1 h at the edges of the run, filled with the same hours of the nearest day"
    assert made.profiles_report.period.startswith("2030-01-06 23:00")
    two_days = Clock(CLOCK.start + timedelta(days=5), timedelta(hours=1), 24 * 3)
    assert "must cover all of the period" in faults(local, "mill", clock=two_days)


def written(path: Path, missing: slice, days: int = 14) -> ProfileTable:
    """Hours of a mill whose power is the hour of the day, as CSV without some of the rows."""
    times = [CLOCK.start + timedelta(hours=k) for k in range(24 * days)]
    rows = [f"{time:%Y-%m-%dT%H:%M};{time.hour},5" for time in times]
    del rows[missing]
    path.write_text("\n".join(["time_utc;load/mill/p_mw", *rows]), encoding="utf-8")
    return read_profiles(path)


def test_gaps_are_filled_and_told_with_the_energy(tmp_path: Path) -> None:
    """Ten hours in the run take the same hours of the day after, which are what was left out."""
    clock = Clock(CLOCK.start, timedelta(hours=1), 72)
    made = city(written(tmp_path / "mine.csv", slice(5, 15)), "mill", clock=clock)
    assert made.loads.p_mw()[:, 0] == pytest.approx(np.tile(np.arange(24) + 0.5, 3))
    report = made.profiles_report
    assert report is not None
    assert report.form.startswith("CSV")
    assert "10 h with values missing in the file, the longest 10 h; 10 h in the run" in report.gaps
    assert "gaps filled: 3,932.0 MWh before, 4,032.0 MWh after, in all columns" in report.mended


def test_empty_cells_are_gaps_too(tmp_path: Path) -> None:
    times = pl.datetime_range(datetime(2030, 1, 7), datetime(2030, 1, 8), "1h", closed="left", eager=True)
    values = [1.0, None, 3.0, float("nan"), *[4.0] * 20]
    pl.DataFrame({"time_utc": times, "load/mill/p_mw": values}).write_parquet(tmp_path / "mine.parquet")
    read = read_profiles(tmp_path / "mine.parquet")
    assert read.values[:5, 0] == pytest.approx([1.0, 2.0, 3.0, 3.5, 4.0])
    assert read.missing is not None
    assert read.missing.sum() == 2


@pytest.mark.parametrize(
    ("missing", "start_day", "words"),
    [(slice(24, 24 + 169), 2, "must have no gap of more than 168 hours; here begins one of hours; got 169"),
     (slice(30, 50), 1, "must have values in 80% of the run; what would have to be filled in is; got '75%'")],
)  # fmt: skip
def test_gaps_that_are_too_long_are_refused_where_the_run_touches_them(
    tmp_path: Path, missing: slice, start_day: int, words: str
) -> None:
    profiles = written(tmp_path / "mine.csv", missing)
    said = faults(profiles, "mill", clock=Clock(CLOCK.start + timedelta(days=start_day), timedelta(hours=1), 24))
    assert words in said
    city(profiles, "mill")  # the first day has all of its hours


def test_a_year_that_was_mistyped_is_no_gap(tmp_path: Path) -> None:
    (tmp_path / "mine.csv").write_text(
        "time_utc,load/mill/p_mw\n2030-01-01T00:00,1\n2030-01-01T01:00,1\n2930-01-01T02:00,1\n", encoding="utf-8"
    )
    with pytest.raises(InputError, match="is a year mistyped"):
        read_profiles(tmp_path / "mine.csv")


def test_cells_that_are_no_numbers_and_no_times_are_named_by_their_lines(tmp_path: Path) -> None:
    (tmp_path / "mine.csv").write_text(
        "time_utc,load/mill/p_mw\n2030-01-01T00:00,1\nyesterday,much\n2030-01-01T02:00,1\n", encoding="utf-8"
    )
    with pytest.raises(InputError) as caught:
        read_profiles(tmp_path / "mine.csv")
    assert {fault.place for fault in caught.value.faults} == {"time_utc", "load/mill/p_mw"}
    assert all(fault.value == [3] for fault in caught.value.faults)


def test_where_the_net_states_no_power_large_peaks_are_told() -> None:
    grid = net("mill")
    grid.load["p_mw"] = 0.0
    report = city(table({"load/mill/p_mw": 350.0}), grid=grid).profiles_report
    assert report is not None
    assert any("350.0 MW, would be 0.35 MW if the file were in kW" in line for line in report.mended)


def _read(folder: Path, text: str) -> ProfileTable:
    path = folder / "mine.csv"
    path.write_text(text)
    return read_profiles(path)


def test_rows_may_stand_in_any_order_and_equal_ones_count_once(tmp_path: Path) -> None:
    rows = [f"2030-01-07T{hour:02}:00,{hour}" for hour in range(24)]
    plain = _read(tmp_path, "\n".join(["time_utc,load/mill/p_mw", *rows]))
    mixed = _read(tmp_path, "\n".join(["time_utc,load/mill/p_mw", *reversed(rows), *rows[:3]]))
    np.testing.assert_array_equal(plain.values, mixed.values)
    assert plain.mended == ()
    assert [words.split()[0] for words in mixed.mended] == ["3", "rows"]


def test_times_without_their_name_and_doubled_ones_are_told_with_a_cure(tmp_path: Path) -> None:
    rows = "".join(f"2030-10-27T{hour:02}:00,{value}\n" for value, hour in enumerate([0, 1, 2, 2, 3, 4]))
    with pytest.raises(InputError, match=r"time_utc: must be a column of times.*rename 'Zeit'") as error:
        _read(tmp_path, f"Zeit,load/mill/p_mw\n{rows}")
    assert len(error.value.faults) == 1
    with pytest.raises(InputError, match=r"each time once.*2030-10-27 02:00.*write their offset"):
        _read(tmp_path, f"time_utc,load/mill/p_mw\n{rows}")


def test_columns_of_other_names_and_units_are_one_fault(tmp_path: Path) -> None:
    names = [f"load/house {k}/p_kw" for k in range(30)]
    rows = "".join(f"2030-01-07T{hour:02}:00{',1' * 30}\n" for hour in range(24))
    with pytest.raises(InputError, match=r"divide kW and kvar by 1000; not so 30 of 30") as error:
        _read(tmp_path, f"time_utc,{','.join(names)}\n{rows}")
    assert [fault.suggestion for fault in error.value.faults] == ["load/house 0/p_mw"]


def test_columns_of_negative_energy_are_said() -> None:
    made = city(table({"load/mill/p_mw": -1.0, "load/shop/p_mw": 1.0}), "mill", "shop")
    assert made.profiles_report is not None
    assert [line for line in made.profiles_report.mended if "load/mill/p_mw" in line and "feeds in" in line]
    assert not [line for line in made.profiles_report.mended if "load/shop/p_mw" in line]


@pytest.mark.slow
def test_profiles_beside_a_grid_of_simbench_are_used(tmp_path: Path) -> None:
    rows = "".join(f"2030-01-07T{hour:02}:00,0.0125\n" for hour in range(24))
    (tmp_path / "mine.csv").write_text(f"time_utc,load/0/p_mw\n{rows}")
    source = read_grid("1-LV-rural1--0-sw", Path("mine.csv"), tmp_path)
    made = make_city(source, CLOCK)
    np.testing.assert_allclose(made.loads.p_mw()[:, 0], 0.0125)
    assert np.ptp(made.loads.p_mw()[:, 1]) > 0  # the others keep SimBench's profiles


def test_a_row_that_does_not_fit_the_header_is_named(tmp_path: Path) -> None:
    path = tmp_path / "mine.csv"
    path.write_text("time_utc,load/a/p_mw\n2030-01-01T00:00,1\n2030-01-01T01:00,1,5\n2030-01-01T02:00,1\n")
    with pytest.raises(InputError, match=r"row 3: has more cells than the 2 of the header.*'2030-01-01T01:00,1,5'"):
        read_profiles(path)
