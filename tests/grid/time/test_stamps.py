"""Time stamps as people write them, and where they stand in UTC."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import polars as pl
import pytest

from grid.time.instants import in_utc, local_time_faults
from grid.time.stamps import StampColumns, read_stamps
from grid.time.zones import UTC_ZONE, Zone, fixed, place_of_zone, zone_in_header, zone_of

BERLIN = Zone("Europe/Berlin")


def read(*columns: list[str], **options: object) -> StampColumns:
    return read_stamps([pl.Series(cells, dtype=pl.String) for cells in columns], **options)  # type: ignore[arg-type]


def wall(text: str, **options: object) -> datetime | None:
    return read([text], **options).columns[0].wall[0]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2023-01-02 20:46:00", datetime(2023, 1, 2, 20, 46)),
        ("2023-01-02 20:46", datetime(2023, 1, 2, 20, 46)),
        ("2023-01-02T20:46:01.25", datetime(2023, 1, 2, 20, 46, 1, 250_000)),
        ("2023-01-02", datetime(2023, 1, 2)),
        ("2023/1/2 8:05 PM", datetime(2023, 1, 2, 20, 5)),
        ("2023.01.02 12:00 am", datetime(2023, 1, 2)),
        ("20230102", datetime(2023, 1, 2)),
        ("20230102:2046", datetime(2023, 1, 2, 20, 46)),
        ("202301022046", datetime(2023, 1, 2, 20, 46)),
        ("02.01.2023 20:46", datetime(2023, 1, 2, 20, 46)),
        ("2.1.23 20.46", datetime(2023, 1, 2, 20, 46)),
        ("13/01/2023 20:46:00", datetime(2023, 1, 13, 20, 46)),
        ("01/13/2023 08:46:00 PM", datetime(2023, 1, 13, 20, 46)),
        ("02-Jan-2023 20:46", datetime(2023, 1, 2, 20, 46)),
        ("2. Januar 2023 20:46", datetime(2023, 1, 2, 20, 46)),
        ("January 2, 2023 20:46", datetime(2023, 1, 2, 20, 46)),
        ("Mon, 02 Jan 2023 20:46:00 GMT", datetime(2023, 1, 2, 20, 46)),
        ("2 janv. 2023 20h46", datetime(2023, 1, 2, 20, 46)),
        ("14 févr. 2023 05:03", datetime(2023, 2, 14, 5, 3)),
        ("2 août 2023", datetime(2023, 8, 2)),
        ("2 de enero de 2023 10:00", datetime(2023, 1, 2, 10)),
        ("2 gen 2023 3:00", datetime(2023, 1, 2, 3)),
        ("13/01/2023 7h05:20", datetime(2023, 1, 13, 7, 5, 20)),
        ("02.01.2023 20.46 Uhr", datetime(2023, 1, 2, 20, 46)),
        ("2023年1月2日 20:46", datetime(2023, 1, 2, 20, 46)),
        ("2023年1月2日", datetime(2023, 1, 2)),
        ("2023年1月2日20時5分", datetime(2023, 1, 2, 20, 5)),
        ("2023/1/2 8时46分10秒", datetime(2023, 1, 2, 8, 46, 10)),
        ("2023/1/2 午後 8:46", datetime(2023, 1, 2, 20, 46)),
        ("2023年1月2日 上午12:05", datetime(2023, 1, 2, 0, 5)),
        ("2023년 1월 2일 오후 8:46", datetime(2023, 1, 2, 20, 46)),
        ("2023-12-31 24:00", datetime(2024, 1, 1)),
        ("45000.5", datetime(2023, 3, 15, 12)),
        ("1672695960", datetime(2023, 1, 2, 21, 46)),
        ("1672695960000", datetime(2023, 1, 2, 21, 46)),
        ("1672695960000000", datetime(2023, 1, 2, 21, 46)),
        ("1672695960000000000", datetime(2023, 1, 2, 21, 46)),
        ('"2023-01-02 20:46"', datetime(2023, 1, 2, 20, 46)),
        ("2024-02-29", datetime(2024, 2, 29)),
        ("2023-02-29", None),
        ("2023-01-02 25:00", None),
        ("2023-01-02 24:30", None),
        ("yesterday", None),
        ("2023-13-02", None),
        ("2023-01-02 20:46 XYZ", None),
        ("", None),
    ],
)
def test_every_usual_way_of_writing_a_time(text: str, expected: datetime | None) -> None:
    assert wall(text) == expected


def test_cells_of_a_column_may_be_written_differently() -> None:
    (stamps,) = read(["2023-01-02 20:46", "2023-01-02 20:46:00", "2023-01-02", "2023-01-02T20:46Z", "", "soon"]).columns
    assert stamps.wall.is_null().to_list() == [False] * 4 + [True] * 2
    assert stamps.empty.to_list() == [False] * 4 + [True, False]
    assert stamps.unread.to_list() == [False] * 5 + [True]
    assert stamps.offset_min.to_list() == [None, None, None, 0, None, None]


@pytest.mark.parametrize(
    ("text", "minutes"),
    [
        ("2023-07-01T12:00Z", 0),
        ("2023-07-01T12:00+02:00", 120),
        ("2023-07-01T12:00:00.000+0200", 120),
        ("2023-07-01 12:00 +02", 120),
        ("2023-07-01 12:00-03:30", -210),
        ("2023-07-01 12:00 UTC+1", 60),
        ("2023-07-01 12:00 GMT-5", -300),
        ("2023-07-01 12:00 CEST", 120),
        ("2023-07-01 12:00 EET", 120),
        ("2023-07-01 12:00 WEST", 60),
        ("2023-07-01 12:00 PDT", -420),
        ("2023-07-01T12:00+02:00[Europe/Berlin]", 120),
        ("01.07.2023 12:00 MESZ", 120),
    ],
)
def test_offsets_and_abbreviations_in_the_cell(text: str, minutes: int) -> None:
    assert read([text]).columns[0].offset_min[0] == minutes


def test_an_abbreviation_of_several_zones_is_that_of_the_stated_one() -> None:
    assert read(["2023-07-01 12:00 IST"], zone="Asia/Kolkata").columns[0].offset_min[0] == 330
    assert read(["2023-07-01 12:00 IST"], zone="Europe/Dublin").columns[0].offset_min[0] == 60
    assert wall("2023-07-01 12:00 IST") is None


def test_day_and_month_are_told_by_the_cells_that_allow_one_order() -> None:
    assert read(["01/02/2023 17:00", "01/13/2023 17:00"]).columns[0].wall[0] == datetime(2023, 1, 2, 17)
    assert read(["01/02/2023 17:00", "13/01/2023 17:00"]).columns[0].wall[0] == datetime(2023, 2, 1, 17)
    start, stop = read(["01/02/2023 17:00"], ["01/13/2023 17:00"]).columns  # one file writes dates in one way
    assert (start.wall[0], stop.wall[0]) == (datetime(2023, 1, 2, 17), datetime(2023, 1, 13, 17))


def test_an_order_that_no_cell_tells_is_refused_unless_it_is_stated_or_the_steps_tell_it() -> None:
    cells = [f"{month:02}/{day:02}/2023 17:00" for month in range(1, 13) for day in range(1, 12)]
    (fault,) = read(cells).faults
    assert "can be read day first or month first" in fault.rule
    assert read(cells, day_first=False).columns[0].wall[1] == datetime(2023, 1, 2, 17)
    assert read(cells, day_first=True).columns[0].wall[1] == datetime(2023, 2, 1, 17)
    hours = [f"06/{day:02}/2024 {hour % 12 or 12}:00 {'AP'[hour // 12]}M" for day in range(1, 8) for hour in range(24)]
    even = read(hours, even=True)
    assert not even.faults
    assert even.columns[0].wall[24] == datetime(2024, 6, 2)
    assert read(["01/01/2023", "02/02/2023"]).faults == ()  # the same day in either order


def test_dates_in_two_orders_are_refused() -> None:
    (fault,) = read(["13/01/2023", "01/14/2023", "01/15/2023", "16/01/2023"]).faults
    assert "must all have the day first, or all the month" in fault.rule


def test_two_digit_years_are_of_this_century_wherever_they_stand() -> None:
    assert wall("31.12.24") == datetime(2024, 12, 31)
    assert wall("12/31/24") == datetime(2024, 12, 31)
    year_first = read(["23-02-01", "23-02-14", "23-03-28"]).columns[0].wall
    assert year_first.to_list() == [datetime(2023, 2, 1), datetime(2023, 2, 14), datetime(2023, 3, 28)]


def test_typed_columns_are_taken_as_they_are() -> None:
    at = pl.Series([datetime(2024, 7, 1, 12)])
    assert read_stamps([at]).columns[0].offset_min[0] is None
    zoned = read_stamps([at.dt.replace_time_zone("Europe/Oslo")]).columns[0]
    assert (zoned.wall[0], zoned.offset_min[0]) == (datetime(2024, 7, 1, 10), 0)
    assert read_stamps([at.dt.date()]).columns[0].wall[0] == datetime(2024, 7, 1)


def instants(*cells: str, zone: Zone = BERLIN, **options: object) -> list[str]:
    utc = in_utc(read(list(cells)).columns[0], zone, **options).utc  # type: ignore[arg-type]
    return [str(np.datetime64(each, "m")) for each in utc.to_list()]


def test_what_a_cell_states_goes_before_the_zone() -> None:
    assert instants("2023-07-01 12:00", "2023-07-01 12:00Z", "2023-07-01 12:00+05:30") == [
        "2023-07-01T10:00", "2023-07-01T12:00", "2023-07-01T06:30",
    ]  # fmt: skip
    assert instants("2023-07-01 12:00", zone=fixed(345)) == ["2023-07-01T06:15"]
    assert instants("2023-07-01 12:00", zone=UTC_ZONE) == ["2023-07-01T12:00"]


def test_the_hours_of_summer_time() -> None:
    cells = ("2023-03-26 02:30", "2023-10-29 02:00", "2023-10-29 02:30", "2023-10-29 02:00", "2023-10-29 02:30")
    found = in_utc(read(list(cells)).columns[0], BERLIN)
    assert found.skipped.to_list() == [True, False, False, False, False]
    assert found.doubled.to_list() == [False, True, True, True, True]
    assert instants(*cells)[:3] == ["2023-03-26T01:30", "2023-10-29T00:00", "2023-10-29T00:30"]
    assert instants(*cells, twice="in turn")[1:] == [
        "2023-10-29T00:00", "2023-10-29T00:30", "2023-10-29T01:00", "2023-10-29T01:30",
    ]  # fmt: skip
    southern = Zone("Australia/Adelaide")  # half an hour off, and summer in January
    assert instants("2023-01-01 12:00", "2023-07-01 12:00", zone=southern) == ["2023-01-01T01:30", "2023-07-01T02:30"]


def test_how_rows_were_placed_is_said() -> None:
    of_both = read(["2023-07-01 12:00", "2023-07-01 12:00Z"]).columns[0]
    assert in_utc(of_both, BERLIN).zone_words(BERLIN) == "offsets in 1 cells, Europe/Berlin in others"
    assert in_utc(read(["2023-07-01 12:00"]).columns[0], BERLIN).zone_words(BERLIN) == "Europe/Berlin"
    assert in_utc(read(["2023-07-01 12:00Z"]).columns[0], BERLIN).zone_words(BERLIN) == "offsets in the cells"


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("UTC", "UTC"), ("GMT+1", "UTC+01:00"), ("utc-03:30", "UTC-03:30"), ("CET", "UTC+01:00"), ("Z", "UTC"),
        ("CET/CEST", "Europe/Brussels"), ("EET/EEST", "Europe/Helsinki"), ("WET/WEST", "Europe/Lisbon"),
        ("Asia/Kathmandu", "Asia/Kathmandu"), ("UTC+05:45", "UTC+05:45"),
    ],
)  # fmt: skip
def test_zones_are_known_by_name_offset_and_abbreviation(text: str, name: str) -> None:
    zone = zone_of(text)
    assert zone is not None
    assert zone.name == name


def test_zones_in_headers() -> None:
    assert zone_in_header("Date (GMT+1)") == ("GMT+1", fixed(60))
    assert zone_in_header("MTU [UTC]") == ("UTC", UTC_ZONE)
    assert zone_in_header("MTU (XXT)") == ("XXT", None)
    assert zone_in_header("time") == (None, None)
    assert zone_of("Mars/Olympus") is None
    assert zone_of("UTC+19") is None


def test_places_of_zones() -> None:
    assert place_of_zone("Europe/Madrid") == pytest.approx((40.4, -3.683), abs=1e-3)
    assert place_of_zone("America/Argentina/Buenos_Aires") == pytest.approx((-34.6, -58.45), abs=1e-3)
    assert place_of_zone("Etc/GMT+5") is None


def test_years_before_1900_are_no_times() -> None:
    stamps = read(["0023-05-01 17:00", "0001-01-01 00:00", "1899-12-31 00:00", "1970-01-01 00:00"]).columns[0]
    assert stamps.unread.to_list() == [True, True, True, False]


def hours(start: str, zone: str, n: int = 96) -> list[str]:
    first = datetime.fromisoformat(start).replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)
    times = [(first + timedelta(hours=k)).astimezone(ZoneInfo(zone)) for k in range(n)]
    return [f"{time:%Y-%m-%d %H:%M}" for time in times]


@pytest.mark.parametrize(
    ("start", "zone", "skipped"),
    [
        ("2024-03-30T00:00", "Europe/Madrid", "2024-03-31 02:00"),
        ("2024-03-30T00:00", "Europe/Dublin", "2024-03-31 01:00"),
        ("2024-03-30T00:00", "Europe/Athens", "2024-03-31 03:00"),
        ("2024-03-09T00:00", "America/Chicago", "2024-03-10 02:00"),
        ("2024-10-05T00:00", "Australia/Melbourne", "2024-10-06 02:00"),
        ("2024-09-07T00:00", "America/Santiago", "2024-09-08 00:00"),
        ("2018-11-03T00:00", "America/Sao_Paulo", "2018-11-04 00:00"),
        ("2024-03-28T00:00", "Asia/Jerusalem", "2024-03-29 02:00"),
        ("2024-04-25T00:00", "Africa/Cairo", "2024-04-26 00:00"),
    ],
)
def test_local_times_that_are_read_as_utc_are_told_by_the_hour_that_summer_time_skips(
    start: str, zone: str, skipped: str
) -> None:
    cells = hours(start, zone)
    (fault,) = local_time_faults("time_utc", read(cells).columns[0], UTC_ZONE)
    assert fault.rule.startswith(f"lacks the hour from {skipped}, which summer time skips")
    (fault,) = local_time_faults("time_utc", read(cells).columns[0], fixed(60))
    assert "UTC+01:00" in fault.rule
    assert not list(local_time_faults("time", read(cells).columns[0], Zone(zone)))
    assert not list(local_time_faults("time", read([f"{cell}Z" for cell in cells]).columns[0], UTC_ZONE))


def test_other_gaps_are_no_sign_of_summer_time() -> None:
    whole = hours("2024-03-30T00:00", "UTC")
    for lacking in ([], whole[25:26], whole[26:28], whole[50:51]):
        cells = [cell for cell in whole if cell not in lacking]
        found = list(local_time_faults("time_utc", read(cells).columns[0], UTC_ZONE))
        assert bool(found) == (lacking == ["2024-03-31 01:00"])  # that of Dublin
