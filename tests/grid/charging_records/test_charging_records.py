"""Recorded sessions: published formats, quality, refusals."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from grid.charging_records import QualityReport, RecordColumns, Records, read_charging_records
from grid.errors import InputError
from tests.places import SHARED_DATA

NORWEGIAN = SHARED_DATA / "ev_sessions_no_trondheim_residential_2018_2020.parquet"
HEADER = "start,stop,energy_kwh,vehicle"
OSLO = "Europe/Oslo"


def read(
    folder: Path, *rows: str, header: str = HEADER, name: str = "s.csv", **kwargs: object
) -> tuple[Records, QualityReport]:
    path = folder / name
    path.write_text("\n".join([header, *rows]) + "\n", encoding="utf-8")
    return read_charging_records(path, **kwargs)  # type: ignore[arg-type]


def counts(report: QualityReport, check: str) -> tuple[int, int, int]:
    return report[check].rows, report[check].mended, report[check].dropped


def utc(*texts: str) -> list[np.datetime64]:
    return [np.datetime64(text, "us") for text in texts]


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
    records, report = read(tmp_path, *rows, header=header)
    assert report.file_format == "elaad"
    assert list(records.start) == utc("2019-02-01T05:49", "2019-02-02T05:49")  # the day goes before the month
    assert counts(report, "impossible_energy") == (1, 1, 0)
    assert records.energy_kwh == pytest.approx([3.6, 3.7 * 61 / 60])


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
    )
    assert report.n_rows == 13
    assert report.n_kept == 7
    assert counts(report, "unreadable") == (2, 0, 2)
    assert counts(report, "duplicates") == (2, 0, 1)
    assert counts(report, "missing_plug_out") == (2, 2, 0)
    assert counts(report, "ends_before_start") == (1, 0, 1)
    assert counts(report, "zero_length") == (2, 1, 1)
    assert counts(report, "long_stay") == (1, 1, 0)
    assert counts(report, "impossible_energy") == (2, 1, 1)
    hours = (records.stop - records.start) / np.timedelta64(1, "h")
    assert hours == pytest.approx([2, 2, 0.5, 2, 0.5, 168, 1])
    assert records.energy_kwh == pytest.approx([10, 5, 5, 5, 11, 30, 22 * 61 / 60])
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


def refusal(folder: Path, *rows: str, **kwargs: object) -> list[str]:
    with pytest.raises(InputError) as caught:
        read(folder, *rows, **kwargs)  # type: ignore[arg-type]
    return [str(fault) for fault in caught.value.faults]


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
