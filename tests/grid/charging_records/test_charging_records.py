"""Recorded sessions: published formats, quality, refusals."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from grid.charging_records import RecordColumns, read_charging_records
from grid.errors import InputError
from tests.grid.charging_records.written_sessions import counts, good, read, refusal, utc
from tests.places import SHARED_DATA

NORWEGIAN = SHARED_DATA / "ev_sessions_no_trondheim_residential_2018_2020.parquet"
OSLO = "Europe/Oslo"


@pytest.mark.skipif(not NORWEGIAN.is_file(), reason="the Norwegian sessions are not beside the project")
def test_the_norwegian_file_has_the_faults_that_are_known() -> None:
    records, report = read_charging_records(NORWEGIAN)
    assert report.file_format == "norway"
    assert report.time_zone == OSLO
    assert report.n_rows == 6878
    assert report["missing_plug_out"].rows == 34
    assert report["duplicates"].rows == 17
    assert report["duplicates"].dropped == 10
    assert report["zero_length"].rows == 17
    assert report["long_stay"].rows == 7
    assert report["unreadable"].rows == report["ends_before_start"].rows == 0
    assert report.n_kept == records.start.size == 6868
    assert (records.stop > records.start).all()
    assert len(records.vehicles) == 97
    assert "34 rows" in report.text


@pytest.mark.skipif(not NORWEGIAN.is_file(), reason="the Norwegian sessions are not beside the project")
def test_a_weak_charging_point_makes_energies_impossible() -> None:
    energies = {}
    for kw in (22.0, 3.6):
        records, report = read_charging_records(NORWEGIAN, max_power_kw=kw)
        energies[kw] = records.energy_kwh.sum()
        assert (report["impossible_energy"].rows > 0) == (kw < 7)
        hours = (records.stop - records.start) / np.timedelta64(1, "h") + 1 / 60
        assert (records.energy_kwh <= hours * kw * (1 + 1e-9)).all()
    assert energies[3.6] < energies[22.0]


def test_the_norwegian_original_is_recognised(tmp_path: Path) -> None:
    header = "session_ID;Garage_ID;User_ID;User_type;Shared_ID;Start_plugin;Start_plugin_hour;End_plugout;El_kWh"
    records, report = read(tmp_path, "1;AdO3;AdO3-4;Private;NA;21.12.2018 10:20;10;21.12.2018 10:23;0,3", header=header)
    assert report.file_format == "norway"
    assert list(records.start) == utc("2018-12-21T09:20")
    assert records.energy_kwh == pytest.approx([0.3])
    assert (records.vehicles, records.stations) == (("AdO3-4",), ("AdO3",))


@pytest.mark.parametrize("suffix", ["json", "csv"])
def test_acn_data_is_recognised(tmp_path: Path, suffix: str) -> None:
    item = {
        "connectionTime": "Wed, 25 Apr 2018 11:08:04 GMT", "disconnectTime": "Wed, 25 Apr 2018 13:20:10 GMT",
        "kWhDelivered": 7.932, "sessionID": "2_39_78_362", "stationID": "2-39-78-362", "userID": None,
    }  # fmt: skip
    path = tmp_path / f"acn.{suffix}"
    if suffix == "json":
        path.write_text(json.dumps({"_meta": {}, "_items": [item | {"userInputs": [{"WhPerMile": 250}]}]}))
    else:
        values = ['""' if value is None else f'"{value}"' for value in item.values()]
        path.write_text(",".join(item) + "\n" + ",".join(values) + "\n")
    records, report = read_charging_records(path)
    assert report.file_format == "acn"
    assert list(records.start) == utc("2018-04-25T11:08:04")
    assert records.energy_kwh == pytest.approx([7.932])
    assert list(records.vehicle) == [-1]
    assert records.local_zone == "America/Los_Angeles"


def test_elaad_is_recognised_with_its_own_greatest_power(tmp_path: Path) -> None:
    names = "TransactionId ChargePoint Connector UTCTransactionStart UTCTransactionStop StartCard ConnectedTime"
    header = ";".join([*names.split(), "ChargeTime", "TotalEnergy", "MaxPower"])
    rows = ("1;aa;1;01-02-2019 05:49:00;01-02-2019 06:49:00;c1;1,00;1,0;3,6;3,7",
            "2;aa;1;02-02-2019 05:49:00;02-02-2019 06:49:00;c1;1,00;1,0;9,0;3,7")  # fmt: skip
    days = [f"0{day}-02-2019" for day in range(3, 9)]
    more = [f"{day};aa;1;{day} 05:49:00;{day} 06:49:00;c1;1,00;1,0;3,0;3,7" for day in days]
    records, report = read(tmp_path, *rows, *more, header=header)
    assert report.file_format == "elaad"
    assert list(records.start[:2]) == utc("2019-02-01T05:49", "2019-02-02T05:49")  # the day goes before the month
    assert counts(report, "impossible_energy") == (1, 1, 0)
    assert records.energy_kwh == pytest.approx([3.6, 3.7 * 61 / 60, *[3.0] * 6])


def test_parquet_with_zones_is_taken_at_its_word(tmp_path: Path) -> None:
    path = tmp_path / "s.parquet"
    at = [datetime(2024, 7, 1, 12, tzinfo=UTC), datetime(2024, 7, 1, 14, tzinfo=UTC)]
    frame = pl.DataFrame({"start": at[:1], "stop": at[1:], "energy_kwh": [5.0]})
    frame.with_columns(pl.col("start", "stop").dt.convert_time_zone(OSLO)).write_parquet(path)
    records, _ = read_charging_records(path, time_zone="America/New_York")
    assert list(records.start) == utc("2024-07-01T12:00")
    assert list(records.stop) == utc("2024-07-01T14:00")


def test_each_fault_is_counted_and_mended_by_its_rule(tmp_path: Path) -> None:
    records, report = read(
        tmp_path,
        "2024-03-01 10:00,2024-03-01 12:00,10,a",  # good
        "2024-03-01 10:00,2024-03-01 11:00,2,a",  # the same car at the same time, with less energy
        "2024-03-02 10:00,,5,a",  # no plug-out: median of 2 h
        "2024-03-03 10:00,,5,a",  # the same, but the car is plugged in again after half an hour
        "2024-03-03 10:30,2024-03-03 12:30,5,a",
        "2024-03-04 10:00,2024-03-04 10:00,11,b",  # zero length: half an hour at 22 kW
        "2024-03-05 10:00,2024-03-05 10:00,0,b",  # zero length without energy
        "2024-03-06 10:00,2024-03-06 09:00,4,b",  # ends before it starts
        "2024-03-07 10:00,2024-03-19 10:00,30,b",  # 12 days
        "2024-03-20 10:00,2024-03-20 11:00,50,b",  # more than 22 kW in an hour
        "2024-03-21 10:00,2024-03-21 11:00,-1,b",  # less than nothing
        ",2024-03-22 11:00,3,b",  # no plug-in
        "2024-03-23 10:00,2024-03-23 12:00,many,b",  # no energy
        *(f"2024-04-{day} 10:00,2024-04-{day} 12:00,10,c" for day in range(10, 30)),  # good
    )
    assert report.n_rows == 33
    assert report.n_kept == 27
    assert counts(report, "unreadable") == (2, 0, 2)
    assert report["unreadable"].rule == "no plug-in time or no energy: dropped, in rows 13, 14"
    assert counts(report, "duplicates") == (2, 0, 1)
    assert counts(report, "missing_plug_out") == (2, 2, 0)
    assert counts(report, "ends_before_start") == (1, 0, 1)
    assert counts(report, "zero_length") == (2, 1, 1)
    assert counts(report, "long_stay") == (1, 1, 0)
    assert counts(report, "impossible_energy") == (2, 1, 1)
    hours = (records.stop - records.start) / np.timedelta64(1, "h")
    assert hours == pytest.approx([2, 2, 0.5, 2, 0.5, 168, 1, *[2] * 20])
    assert records.energy_kwh == pytest.approx([10, 5, 5, 5, 11, 30, 22 * 61 / 60, *[10] * 20])
    assert (report.kwh_read, report.kwh_distinct, report.kwh_kept) == pytest.approx((324, 320, 288.3667), abs=1e-3)
    assert report.as_dict()["findings"][0]["check"] == "unreadable"
    assert len(report.text.splitlines()) == 1 + 7


def test_hours_of_summer_time(tmp_path: Path) -> None:
    records, report = read(
        tmp_path,
        "2024-03-31 02:30,2024-03-31 04:00,2,a",  # 02:30 does not exist; it is 03:30 summer time
        "2024-10-27 02:30,2024-10-27 04:00,2,a",  # 02:30 occurs twice; the first
        "2024-10-27 02:40,2024-10-27 02:10,2,b",  # first 02:40 to second 02:10
        "2024-06-01 10:00,2024-06-01 12:00,2,b",
        time_zone=OSLO,
    )
    assert counts(report, "skipped_hour") == (1, 1, 0)
    assert counts(report, "doubled_hour") == (2, 2, 0)
    assert counts(report, "ends_before_start") == (0, 0, 0)
    assert list(records.start) == utc("2024-03-31T01:30", "2024-06-01T08:00", "2024-10-27T00:30", "2024-10-27T00:40")
    assert list(records.stop) == utc("2024-03-31T02:00", "2024-06-01T10:00", "2024-10-27T03:00", "2024-10-27T01:10")


def test_all_that_is_wrong_with_the_request_is_said_at_once(tmp_path: Path) -> None:
    columns = RecordColumns(start="strat", energy_kwh="energy_kw", vehicle="vehicle")
    faults = refusal(tmp_path, "2024-03-01 10:00,2024-03-01 12:00,10,a", columns=columns, time_zone="Europe/Olso")
    assert faults == [
        "time_zone: no time zone called 'Europe/Olso'; did you mean 'Europe/Oslo'?",
        "columns.start: no column called 'strat'; did you mean 'start'?",
        "columns.energy_kwh: no column called 'energy_kw'; did you mean 'energy_kwh'?",
    ]
    with pytest.raises(InputError, match="no such file") as caught:
        read_charging_records(tmp_path / "none.csv", time_zone="Mars", max_power_kw=0.0)
    assert len(caught.value.faults) == 3


def test_files_that_are_no_sessions_are_refused(tmp_path: Path) -> None:
    assert "no known format" in refusal(tmp_path, "1,2", header="a,b")[0]
    assert "not of format 'acn'" in refusal(tmp_path, "2024-03-01 10:00,,1,a", file_format="acn")[0]
    assert "holds no session" in refusal(tmp_path)[0]
    times = refusal(tmp_path, "soon,later,much,a")
    assert [fault.partition(":")[0] for fault in times] == ["columns.start", "columns.stop", "columns.energy_kwh"]
    (tmp_path / "s.json").write_text("{}")
    with pytest.raises(InputError, match="cannot be read"):
        read_charging_records(tmp_path / "s.json")


def test_exchanged_columns_and_wrong_units_are_refused_together(tmp_path: Path) -> None:
    rows = ("2024-03-01 12:00,2024-03-01 10:00,9000,a", "2024-03-02 12:00,2024-03-02 10:00,8000,a")
    backwards, unit = refusal(tmp_path, *rows)
    assert "every session ends before it starts" in backwards
    assert "in Wh that would be 8.5 kWh" in unit
    (tiny,) = refusal(tmp_path, "2024-03-01 10:00,2024-03-01 12:00,0.009,a")
    assert "in MWh that would be 9 kWh" in tiny


def test_naive_times_are_the_citys_own(tmp_path: Path) -> None:
    records, report = read(tmp_path, *good(5), city_zone="Europe/Berlin")
    assert report.time_zone == "Europe/Berlin"
    assert records.start[0] == utc("2023-05-01T15:00")[0]
    assert read(tmp_path, *good(5))[1].time_zone == "UTC"
    assert read(tmp_path, *good(5), city_zone="Europe/Berlin", time_zone="Asia/Kolkata")[1].time_zone == "Asia/Kolkata"


@pytest.mark.parametrize("form", ["%m/%d/%Y %H:%M", "%m/%d/%y %I:%M %p", "%d.%m.%y %H:%M", "%Y-%m-%dT%H:%M:%SZ"])
def test_dates_are_read_as_they_are_written(tmp_path: Path, form: str) -> None:
    records, report = read(tmp_path, *good(30, form))
    assert records.start[0] == utc("2023-05-01T17:00")[0]
    assert records.energy_kwh.sum() == 300
    assert report.n_kept == 30


def test_an_order_of_day_and_month_that_no_row_tells_is_asked_for(tmp_path: Path) -> None:
    rows = good(10, "%m/%d/%Y %H:%M")
    assert "can be read day first or month first" in refusal(tmp_path, *rows)[0]
    assert read(tmp_path, *rows, day_first=False)[0].start[1] == utc("2023-05-02T17:00")[0]
    assert read(tmp_path, *rows, day_first=True)[0].start[1] == utc("2023-02-05T17:00")[0]


def test_one_column_may_be_written_in_several_ways(tmp_path: Path) -> None:
    rows = [*good(5), "2023-06-01,2023-06-01 08:00,10,b", "2023-06-02 17:00:30,2023-06-02 21:00,10,b"]
    _, report = read(tmp_path, *rows)
    assert (report.n_kept, counts(report, "unreadable")) == (7, (0, 0, 0))


def test_records_of_one_session_count_once(tmp_path: Path) -> None:
    header = "transaction_id,start,stop,energy_kwh"
    interim = [
        f"{k},2023-05-0{k} 10:00,2023-05-0{k} {hour}:00,{energy}"
        for k in (1, 2)
        for hour, energy in ((11, 5), (12, 10))
    ]
    records, report = read(tmp_path, *interim, header=header)
    assert records.energy_kwh.tolist() == [10, 10]
    assert counts(report, "duplicates") == (4, 0, 2)
    rows = [row.rpartition(",")[0] for row in good(4)]
    records, report = read(tmp_path, *rows, *rows, header="start,stop,energy_kwh")
    assert records.energy_kwh.sum() == 40
    assert counts(report, "identical") == (8, 0, 4)
    assert (report.kwh_read, report.kwh_distinct, report.kwh_kept) == (80, 40, 40)
    _, report = read(tmp_path, *good(5), "2023-05-01 18:00,2023-05-01 22:00,4,a")
    assert counts(report, "overlapping") == (1, 0, 0)


def test_energy_that_would_mostly_be_lost_is_refused(tmp_path: Path) -> None:
    negative = [row.replace(",10,", ",-10,") for row in good(5)]
    assert "is in 5 of 10 rows, -50.0 kWh beside 50.0 kWh" in refusal(tmp_path, *good(5), *negative)[0]
    watt_hours = [row.replace(",10,", ",150,") for row in good(5)]
    (fault,) = refusal(tmp_path, *watt_hours, max_power_kw=11.0)
    assert "750.0 kWh would become 220.9 kWh, and at most 20% may be cut" in fault
    assert "is the energy in kWh, and 11 kW the power of the charging points" in fault
    unreadable = [f"never,2023-05-0{k} 10:00,5,a" for k in range(1, 4)]
    assert "no plug-in time or no energy in; got '3 of 8'" in refusal(tmp_path, *good(5), *unreadable)[0]
    register = [row.replace(",10,", f",{100_000 + 10 * k},") for k, row in enumerate(good(8))]
    assert "rises from session to session like the register of a meter" in refusal(tmp_path, *register)[0]


def test_a_column_that_lacks_is_named_with_the_nearest(tmp_path: Path) -> None:
    rows = [row.rpartition(",")[0] for row in good(3)]
    (fault,) = refusal(tmp_path, *rows, header="start,stop,energy_wh")
    assert "no known format (acn, columns, elaad, norway, ocpp): it has no 'energy_kwh' (is it 'energy_wh'?)" in fault


def test_an_object_a_line_is_read(tmp_path: Path) -> None:
    sessions = [{"start": f"2023-05-0{day} 17:00", "stop": f"2023-05-0{day} 21:00", "energy_kwh": 9} for day in (1, 2)]
    (tmp_path / "s.json").write_text("\n".join(map(json.dumps, sessions)) + "\n")
    assert read_charging_records(tmp_path / "s.json")[1].n_kept == 2


def test_three_known_columns_do_not_make_a_file_norwegian(tmp_path: Path) -> None:
    rows = [row.rpartition(",")[0] for row in good(3)]
    _, report = read(tmp_path, *rows, header="plug_in_local,plug_out_local,energy_kwh", city_zone="Asia/Tokyo")
    assert (report.file_format, report.time_zone) == ("columns", "Asia/Tokyo")


@pytest.mark.parametrize("vehicles", [1, 4])
def test_a_register_that_begins_at_nothing_is_no_energy(tmp_path: Path, vehicles: int) -> None:
    held = [0.0] * vehicles
    rows = []
    for k in range(40):
        held[k % vehicles] += 5 + 3 * (k % 7)
        at = datetime(2023, 3, 1) + timedelta(days=k)
        rows.append(f"{at:%Y-%m-%d} 17:00,{at:%Y-%m-%d} 23:00,{held[k % vehicles]},v{k % vehicles}")
    assert "like the register of a meter" in refusal(tmp_path, *rows)[0]


def test_what_cannot_be_read_is_shown(tmp_path: Path) -> None:
    rows = [each.replace("17:00", "noon").replace(",10,", ",10 kWh,") for each in good(6)]
    assert [text.rpartition("; got ")[2] for text in refusal(tmp_path, *rows)] == ["'2023-05-01 noon'", "'10 kWh'"]
    half = [each.replace("21:00", "still here") if k % 2 else each for k, each in enumerate(good(6))]
    assert "3 of 6 are none" in refusal(tmp_path, *half)[0]
