"""Time stamps as people write them, and where they stand in UTC."""

from __future__ import annotations

from datetime import datetime

import numpy as np
import polars as pl
import pytest

from grid.time.instants import place
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
        ("2023-12-31 24:00", datetime(2024, 1, 1)),
        ("45000.5", datetime(2023, 3, 15, 12)),
        ("1672695960", datetime(2023, 1, 2, 21, 46)),
        ("1672695960000", datetime(2023, 1, 2, 21, 46)),
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
    utc = place(read(list(cells)).columns[0], zone, **options).utc  # type: ignore[arg-type]
    return [str(np.datetime64(each, "m")) for each in utc.to_list()]


def test_what_a_cell_states_goes_before_the_zone() -> None:
    assert instants("2023-07-01 12:00", "2023-07-01 12:00Z", "2023-07-01 12:00+05:30") == [
        "2023-07-01T10:00", "2023-07-01T12:00", "2023-07-01T06:30",
    ]  # fmt: skip
    assert instants("2023-07-01 12:00", zone=fixed(345)) == ["2023-07-01T06:15"]
    assert instants("2023-07-01 12:00", zone=UTC_ZONE) == ["2023-07-01T12:00"]


def test_the_hours_of_summer_time() -> None:
    cells = ("2023-03-26 02:30", "2023-10-29 02:00", "2023-10-29 02:30", "2023-10-29 02:00", "2023-10-29 02:30")
    found = place(read(list(cells)).columns[0], BERLIN)
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
    assert place(of_both, BERLIN).where(BERLIN) == "offsets in 1 cells, Europe/Berlin in others"
    assert place(read(["2023-07-01 12:00"]).columns[0], BERLIN).where(BERLIN) == "Europe/Berlin"
    assert place(read(["2023-07-01 12:00Z"]).columns[0], BERLIN).where(BERLIN) == "offsets in the cells"


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
