"""Registers of meters, and sessions that stand in a file several times."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from grid.charging_records import RecordColumns, read_charging_records
from grid.errors import InputError
from tests.grid.charging_records.written_sessions import counts, good, read, refusal, utc

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
