"""Registers of meters, and sessions that stand in a file several times."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from grid.charging_records import RecordColumns, read_charging_records
from grid.errors import InputError
from tests.grid.charging_records.written_sessions import HEADER, counts, good, read, refusal, utc

REGISTERS = "Transaction ID,start_timestamp,Stop Timestamp,start_value,stop_value,id_tag,Charge Box ID,connector_id"


def test_registers_of_a_meter_are_read_as_their_difference(tmp_path: Path) -> None:
    rows = [f"{k},2023-05-0{k}T17:00:00Z,2023-05-0{k}T21:00:00Z,{1000 * k},{1000 * k + 9000 + k},a,s,1" for k in
            range(1, 8)]  # fmt: skip
    records, report = read(tmp_path, *rows, header=REGISTERS, city_zone="Asia/Tokyo")
    assert (report.file_format, report.time_zone) == ("ocpp", "UTC")
    assert records.energy_kwh == pytest.approx([9 + k / 1000 for k in range(1, 8)])
    assert records.start[0] == utc("2023-05-01T17:00")[0]
    assert (records.vehicles, records.stations) == (("a",), ("s",))
    open_and_reset = ["8,2023-05-08T17:00:00Z,,5,,a,s,1", "9,2023-05-09T17:00:00Z,2023-05-09T18:00:00Z,9000,8999,a,s,1"]
    _, report = read(tmp_path, *rows, *open_and_reset, header=REGISTERS)
    assert counts(report, "unreadable") == (1, 0, 1)
    assert counts(report, "impossible_energy") == (1, 0, 1)
    in_kwh = [f"{k},2023-05-0{k}T17:00:00Z,2023-05-0{k}T21:00:00Z,{10 * k},{10 * k + 9},a,s,1" for k in range(1, 8)]
    assert "must be in Wh; the median session is" in refusal(tmp_path, *in_kwh, header=REGISTERS)[0]


def test_registers_may_be_named_and_stand_in_json(tmp_path: Path) -> None:
    path = tmp_path / "s.json"
    session = {"on": "2023-05-01T17:00Z", "off": "2023-05-01T21:00Z", "m0": "1000", "m1": "8000"}
    path.write_text(json.dumps({"count": 1, "transactions": [session]}))
    columns = RecordColumns(start="on", stop="off", register_start_wh="m0", register_stop_wh="m1")
    records, _ = read_charging_records(path, columns=columns)
    assert records.energy_kwh.tolist() == [7]
    with pytest.raises(InputError, match="no column called 'm2'"):
        read_charging_records(path, columns=columns.with_changes({"register_stop_wh": "m2"}))


def test_copies_of_a_session_at_other_times_count_once_and_other_energy_counts(tmp_path: Path) -> None:
    shifted = [row.replace("17:00", "18:00").replace("21:00", "22:00") for row in good(5)]
    records, report = read(tmp_path, *good(5), *shifted)
    assert counts(report, "copies") == (5, 0, 5)
    assert (records.energy_kwh.sum(), report.kwh_read, report.kwh_distinct) == (50, 100, 50)
    header, rows = "start,stop,energy_kwh,connector", [row.replace(",a", ",1") for row in (*good(5), *shifted)]
    assert read(tmp_path, *rows, header=header)[0].energy_kwh.sum() == 50
    of_two_sockets = [f"{row[:-1]}2" if " 18:" in row else row for row in rows]
    assert read(tmp_path, *of_two_sockets, header=header)[0].energy_kwh.sum() == 100
    records, report = read(tmp_path, *good(5), "2023-05-01 18:00,2023-05-01 22:00,4,a")
    assert (counts(report, "overlapping"), counts(report, "copies")) == ((1, 0, 0), (0, 0, 0))
    assert records.energy_kwh.sum() == 54


def test_records_of_a_session_that_goes_on_count_once_or_are_refused(tmp_path: Path) -> None:
    rows = [f"2023-05-0{k} 17:00,2023-05-0{k} {hour}:00,{energy + k}" for k in range(1, 6) for hour, energy in
            ((18, 3), (19, 6), (21, 10))]  # fmt: skip
    records, report = read(tmp_path, *(f"{row},s" for row in rows), header="start,stop,energy_kwh,station")
    assert records.energy_kwh.tolist() == [11, 12, 13, 14, 15]
    assert counts(report, "interim") == (15, 0, 10)
    assert (report.kwh_read, report.kwh_distinct) == (140, 65)
    assert "rows of one plug-in rise in energy" in refusal(tmp_path, *rows, header="start,stop,energy_kwh")[0]
    falling = [row.replace(",4", ",9") for row in rows]  # two vehicles that came together
    assert read(tmp_path, *falling[:3], header="start,stop,energy_kwh")[1].n_kept == 3


def test_the_report_has_the_form_of_all_files(tmp_path: Path) -> None:
    _, report = read(tmp_path, *good(5), *good(5), "never,2023-05-09 21:00,10,a", city_zone="Europe/Berlin")
    text = report.file_report.text
    for line in ("rows      11, 5 sessions kept", "zone      Europe/Berlin", "longer than 4.0 h",
                 "110.0 kWh in all rows, 50.0 kWh with each session once, 50.0 kWh kept",
                 "dropped   unreadable: 1 of 1 rows", "dropped   identical: 5 of 10 rows"):  # fmt: skip
        assert line in text


def test_a_second_plug_in_within_minutes_of_one_that_goes_on_is_the_same_session(tmp_path: Path) -> None:
    again = [row.replace("17:00", "17:01").replace(",10,", ",9,") for row in good(5)]
    records, report = read(tmp_path, *good(5), *again)
    assert (counts(report, "at_once"), records.energy_kwh.sum()) == ((5, 0, 5), 50)
    assert "mended" in report.file_report.text.replace("nothing", "")
    header = "start,stop,energy_kwh,connector"
    of_a_socket = [f"{row[:-1]}1" for row in (*good(5), *again)]
    assert read(tmp_path, *of_a_socket, header=header)[0].energy_kwh.sum() == 50
    elsewhere = [f"{row},{'s' if row.endswith(',10,a') else 't'}" for row in (*good(5), *again)]
    assert read(tmp_path, *elsewhere, header=f"{HEADER},station")[0].energy_kwh.sum() == 95  # a card at two stations
    beside = [f"{row},s" for row in (*good(5), *again)]
    assert read(tmp_path, *beside, header=f"{HEADER},station")[0].energy_kwh.sum() == 95  # at two sockets of one
    later = [row.replace("17:00", "17:11").replace(",10,", ",9,") for row in good(5)]
    assert read(tmp_path, *good(5), *later)[0].energy_kwh.sum() == 95


def test_copies_at_a_station_without_sockets_stay_as_long_and_have_the_same_energy(tmp_path: Path) -> None:
    header = "start,stop,energy_kwh,station"
    shifted = [row.replace("17:00", "17:01").replace("21:00", "21:01") for row in good(5)]
    assert read(tmp_path, *good(5), *shifted, header=header)[0].energy_kwh.sum() == 50
    shorter = [row.replace("17:00", "17:01").replace("21:00", "20:30") for row in good(5)]
    assert read(tmp_path, *good(5), *shorter, header=header)[0].energy_kwh.sum() == 100


def test_a_row_with_the_energy_of_all_others_is_their_total(tmp_path: Path) -> None:
    records, report = read(tmp_path, *good(5), "2023-05-09 17:00,2023-05-09 21:00,50,all")
    assert (counts(report, "total"), records.energy_kwh.sum()) == ((1, 0, 1), 50)
    assert read(tmp_path, *good(3), "2023-05-09 17:00,2023-05-09 21:00,50,b")[0].energy_kwh.sum() == 80


def test_equal_sessions_of_other_vehicles_and_stays_without_energy_are_counted(tmp_path: Path) -> None:
    rows = [f"{row},s" for row in (*good(4), good(1)[0].replace(",a", ",b"), "2023-05-09 17:00,2023-05-09 21:00,0,a")]
    _, report = read(tmp_path, *rows, header=f"{HEADER},station")
    assert (counts(report, "twins"), counts(report, "without_energy")) == ((2, 0, 0), (1, 0, 0))


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (",10,", ",0,", "is 0 in every row: was it not metered?; got 'energy_kwh'"),
        ("21:00", "17:00", "it is equal to the plug-in in 5 of 5 rows, the first is; got '2023-05-01 17:00 to"),
        (",2023-05", ",2023-07", "it is 7 days or more after the plug-in in 5 of 5 rows, the first is"),
        ("2023-", "0023-", "no value of column 'start' can be read as a time; got '0023-05-01 17:00'"),
    ],
)
def test_what_is_odd_in_most_rows_is_refused(tmp_path: Path, old: str, new: str, said: str) -> None:
    assert said in refusal(tmp_path, *(row.replace(old, new) for row in good(5)))[0]


def test_registers_that_fall_and_offsets_in_cells_are_told(tmp_path: Path) -> None:
    rows = [f"{k},2023-05-0{k}T17:00:00Z,2023-05-0{k}T21:00:00Z,{1000 * k},{0 if k > 5 else 1000 * k + 900},a,s,1"
            for k in range(1, 8)]  # fmt: skip
    assert "must not be below the register at plug-in; it is in 2 of 7 rows, by 13.0 kWh" in refusal(
        tmp_path, *rows, header=REGISTERS)[0]  # fmt: skip
    zoned = [row.replace(":00,", ":00+02:00,") for row in good(5)]
    assert read(tmp_path, *zoned, city_zone="Asia/Tokyo")[1].time_zone == "offsets in the cells"
