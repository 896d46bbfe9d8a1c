from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from app.failures import StoreError
from app.twin.log import opened_log
from app.twin.measuring.messages import ReceivedMessage
from app.twin.measuring.store import MeasurementStore, opened_measurements
from grid.errors import InputError
from grid.twin.measurements import MEASUREMENT_COLUMNS, measurement_frame
from grid.twin.quality import mark
from tests.app.results.store.services import postgresql
from tests.app.twin.readings import START, reading


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    with postgresql() as url:
        yield url


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.slow)])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[MeasurementStore]:
    place = tmp_path / "twin.db" if request.param == "sqlite" else request.getfixturevalue("server")
    with opened_measurements(place) as opened:
        yield opened


def test_what_comes_in_is_there_once_in_order(store: MeasurementStore) -> None:
    readings = [reading(k) for k in range(30)]
    first = store.add(readings[:20])
    second = store.add([*readings[10:], readings[0]])
    assert (first.new, first.repeated, second.new, second.repeated) == (20, 0, 10, 11)
    assert store.frame().equals(measurement_frame(readings))
    assert store.after(second.after)[0].equals(measurement_frame(readings[20:]))
    some, number = store.after(0, most=5)
    assert some.equals(measurement_frame(readings[:5]))
    assert store.after(number)[0].equals(measurement_frame(readings[5:]))
    within = store.frame(START + timedelta(seconds=3), START + timedelta(seconds=5))
    assert within["sequence"].to_list() == [3, 4]
    assert store.latest() == START + timedelta(seconds=29)


def test_what_came_in_last_is_known_by_its_rows_and_not_by_their_numbers(store: MeasurementStore) -> None:
    store.add([reading(k) for k in range(40, 50)])
    store.add([reading(k) for k in range(40, 52)])  # on PostgreSQL the repetitions use up numbers
    assert store.last(3)["sequence"].to_list() == [49, 50, 51]


def test_a_store_that_is_only_read_is_not_made(tmp_path: Path) -> None:
    (tmp_path / "empty.db").touch()
    with (
        pytest.raises(InputError, match="STORE: holds no measurements"),
        opened_measurements(tmp_path / "empty.db", made=False),
    ):
        pass
    assert (tmp_path / "empty.db").stat().st_size == 0


@pytest.mark.parametrize("log_first", [True, False])
def test_a_log_and_a_store_share_a_file_whichever_was_made_first(tmp_path: Path, log_first: bool) -> None:
    for opened in (opened_log, opened_measurements)[:: 1 if log_first else -1]:
        with opened(tmp_path / "both.db"):
            pass
    with opened_measurements(tmp_path / "both.db") as kept, opened_log(tmp_path / "both.db") as log:
        assert (kept.add([reading(1)]).new, log.records()) == (1, [])


def test_another_value_under_the_same_number_is_kept_and_marked(store: MeasurementStore) -> None:
    pair = [reading(100), reading(100, value=1.5, received=START + timedelta(hours=1)), reading(101, value=None)]
    assert store.add([*pair, pair[2]]).new == 3
    kept = store.frame(START + timedelta(seconds=100))
    assert kept["value"].to_list() == [pair[0].value, 1.5, None]
    assert mark(kept)["quality"].to_list() == ["good", "duplicate", "missing"]


def test_messages_without_a_measurement_are_kept_with_their_reason(store: MeasurementStore) -> None:
    message = ReceivedMessage("city/bus", b"\x00\xff", START)
    store.add([], [(message, "no topic of a measurement")])
    assert store.rejected().row(-1) == (START, "city/bus", b"\x00\xff", "no topic of a measurement")


def test_a_store_that_is_opened_again_goes_on(tmp_path: Path) -> None:
    for _ in range(2):
        with opened_measurements(tmp_path / "twin.db") as store:
            store.add([reading(1), reading(2)])
            assert store.counts() == {"measurements": 2, "places": 2, "rejected": 0}
            assert store.frame().schema == dict(MEASUREMENT_COLUMNS)


def test_nothing_of_a_batch_is_kept_while_the_store_is_locked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.results.store.database.BUSY_TIMEOUT_S", 0.05)
    with opened_measurements(tmp_path / "twin.db") as store:
        other = sqlite3.connect(tmp_path / "twin.db", isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreError, match="is locked"):
            store.add([reading(1)])
        other.execute("ROLLBACK")
        other.close()
        assert store.add([reading(1)]).new == 1


def test_files_that_are_no_store_are_refused(tmp_path: Path) -> None:
    (tmp_path / "text.db").write_text("no database at all, but long enough to be looked at" * 20)
    other = sqlite3.connect(tmp_path / "other.db")
    other.execute("CREATE TABLE something (a)")
    other.close()
    for name, words in (("text.db", "damaged"), ("other.db", "database of something else")):
        with pytest.raises(InputError, match=words), opened_measurements(tmp_path / name):
            pass
    with pytest.raises(InputError, match="SQLite file or postgresql"), opened_measurements("mysql://host/name"):
        pass
