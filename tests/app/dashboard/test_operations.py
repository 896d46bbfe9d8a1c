from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from app.dashboard import create_app
from app.dashboard.operations.live import STOPPED_AFTER, LiveState, TwinPlace
from app.dashboard.operations.live_reader import LiveReader
from app.dashboard.operations.panel import entry_in_words, in_words, live_panel
from app.dashboard.shell.plain_html import html_of
from app.twin.log import opened_log
from app.twin.measuring.messages import ReceivedMessage
from app.twin.measuring.store import MeasurementStore, opened_measurements
from grid.twin.learning.effect import ActionEffect
from grid.twin.learning.records import AlertRecord, DecisionRecord, OutcomeRecord, PlannedMove
from grid.twin.measurements import Measurement
from tests.app.command_line import gridcarbon, refused

NOW = datetime(2024, 1, 1, 12, tzinfo=UTC)
MOVE = PlannedMove("depot", "battery", NOW, 900.0, (0.0,), (1.0,))


def live_state(place: TwinPlace, now: datetime) -> LiveState:
    return LiveReader(place).state(now)


def measured(minutes_ago: float, value: float | None, bus: str = "quay <1>", **given: object) -> Measurement:
    when = NOW - timedelta(minutes=minutes_ago)
    return Measurement(when, "bus", bus, "vm_pu", value, 0.01, "meter", **given)  # type: ignore[arg-type]


@pytest.fixture
def store(tmp_path):
    with opened_measurements(tmp_path / "twin.db") as opened:
        opened.add([measured(30, 1.01), measured(15, 1.02), measured(0, None), measured(5, 40.0, "mill")])
    return TwinPlace(str(tmp_path / "twin.db"))


def test_the_last_value_that_can_be_used_stands_with_the_quality_of_what_came_last(store):
    state = live_state(store, NOW)
    mill, quay = state.sensors.iter_rows(named=True)
    assert (quay["element"], quay["value"], quay["time"]) == ("quay <1>", 1.02, NOW - timedelta(minutes=15))
    assert (quay["quality"], quay["usable"]) == ("missing", pytest.approx(2 / 3))
    assert (mill["value"], mill["time"], mill["quality"]) == (None, None, "out_of_range")
    assert dict(state.counts) == {"good": 2, "out_of_range": 1, "missing": 1}
    assert (state.measurements, state.rejected, state.latest) == (4, 0, NOW)


def test_what_is_read_bit_by_bit_is_what_is_read_at_once(store, tmp_path):
    place = TwinPlace(store.store, log=store.store)
    reader = LiveReader(place)
    assert reader.state(NOW).entries == ()
    with opened_measurements(store.store) as opened, opened_log(store.store) as log:
        for k in range(3):
            opened.add([measured(-k, 1.0 + k / 100, sequence=k)], [(ReceivedMessage("city/x", b"?", NOW), "is none")])
            log.add([AlertRecord(f"line {k}", NOW, "raised", "alarm", "loading_percent", "line 6", action=f"action {k}",
                                 moves=(MOVE,))])  # fmt: skip
            log.add([DecisionRecord("line 0", NOW, "accepted", "shift")] if k == 1 else [])
            grown, anew = reader.state(NOW), LiveReader(place).state(NOW)
            assert grown.sensors.equals(anew.sensors)
            assert vars(grown) | {"sensors": None} == vars(anew) | {"sensors": None}
    assert [each.alert for each in grown.proposals] == ["line 2", "line 1"]
    assert (grown.measurements, grown.rejected, len(grown.entries)) == (7, 3, 4)


def test_another_store_in_the_place_of_the_one_that_was_read_is_read_anew(store, tmp_path):
    reader = LiveReader(TwinPlace(store.store, log=store.store))
    with opened_log(store.store) as log:
        log.add([AlertRecord("line 6", NOW), OutcomeRecord("line 6", NOW)])
    assert (reader.state(NOW).measurements, len(reader.state(NOW).entries)) == (4, 2)
    for file in tmp_path.glob("twin.db*"):
        file.unlink()
    with opened_measurements(store.store) as opened, opened_log(store.store) as log:
        opened.add([measured(k, 1.0) for k in range(6)])
        log.add([AlertRecord(f"line {k}", NOW) for k in range(3)])
    assert (reader.state(NOW).measurements, len(reader.state(NOW).entries)) == (6, 3)


def test_rows_that_were_read_are_not_read_again(store, monkeypatch):
    reader = LiveReader(store)
    reader.state(NOW)
    asked = []
    rows_after = MeasurementStore._rows_after
    monkeypatch.setattr(MeasurementStore, "_rows_after", lambda *given: asked.append(len(rows_after(*given))) or
                        rows_after(*given))  # fmt: skip
    monkeypatch.setattr(MeasurementStore, "numbered_last", None)
    reader.state(NOW)
    with opened_measurements(store.store) as opened:
        opened.add([measured(1, 1.0)])
    reader.state(NOW)
    assert asked == [1, 2]  # the last one is read again


@pytest.mark.parametrize(("late", "stopped"), [(timedelta(), False), (STOPPED_AFTER + timedelta(seconds=1), True)])
def test_data_that_stop_are_the_last_known_state(store, late, stopped):
    assert live_state(store, NOW + late).stopped is stopped


def test_a_measurement_of_the_future_is_told_as_such(store):
    state = live_state(store, NOW - timedelta(hours=3))
    assert "ahead of the clock" in html_of(live_panel(state, "UTC"))


def test_a_store_without_measurements_says_so(tmp_path):
    with opened_measurements(tmp_path / "empty.db"):
        pass
    state = live_state(TwinPlace(str(tmp_path / "empty.db")), NOW)
    assert (state.latest, state.stopped, state.sensors.height) == (None, True, 0)


def test_ages_are_told_in_the_largest_unit_that_fits_twice():
    told = [in_words(timedelta(seconds=one)) for one in (-3, 59, 119, 7_000, 7_200, 172_800)]
    assert told == ["0 seconds", "59 seconds", "119 seconds", "117 minutes", "2 hours", "2 days"]


def test_the_page_asks_and_is_answered_in_html_that_holds_no_code(results, store):
    client = create_app(results, twin=store).server.test_client()
    answer = client.get("/operations/live?zone=Europe/Berlin")
    assert answer.status_code == 200
    assert "quay &lt;1&gt;" in answer.text
    assert "Data have stopped" in answer.text
    assert "13:00" in answer.text
    assert "12:00" in client.get("/operations/live?zone=nowhere").text
    assert "operations-live" in client.get("/shell/page?path=/operations").text


def test_the_latest_entries_of_the_log_are_told_in_words(store, tmp_path):
    effects = (ActionEffect("depot", "battery", 1.0, 0.95), ActionEffect("homes", "charging shifted", 1.0, 0.5))
    entries = [
        AlertRecord("line 6", NOW, "raised", "alarm", "loading_percent", "line 6", 0.8, 0.1, {"depot": 1.0},
                    {"depot": "battery"}),
        DecisionRecord("line 6", NOW, "changed", "shift", "in repair", {"homes": 0.5}),
        OutcomeRecord("line 6", NOW, exceeded=False, effects=effects),
        OutcomeRecord("line 7", NOW),
    ]  # fmt: skip
    with opened_log(tmp_path / "twin.db") as log:  # which may be the file of the measurements
        log.add(entries)
    state = live_state(TwinPlace(store.store, log=store.store), NOW)
    assert [entry_in_words(one) for one in reversed(state.entries)] == [
        "raised, alarm, 80% likely, 10% with the action (depot: battery)",
        "changed by shift. in repair homes 0.5 MWh",
        "the limit was kept; 1 of 2 assets did what they should; depot: 0.95 of 1 MWh; homes: 0.5 of 1 MWh",
        "not measured",
    ]
    assert "Latest entries of the log" in html_of(live_panel(state, "UTC"))


def test_without_a_twin_the_page_says_how_to_have_one(results):
    client = create_app(results).server.test_client()
    assert client.get("/operations/live").status_code == 404
    assert "gridcarbon twin run SOURCE STORE" in client.get("/shell/page?path=/operations").text


def test_a_store_that_is_damaged_meanwhile_is_told(results, store, tmp_path):
    client = create_app(results, twin=store).server.test_client()
    (tmp_path / "twin.db").write_bytes(b"no database" * 100)
    answer = client.get("/operations/live")
    assert (answer.status_code, "cannot be read" in answer.text) == (503, True)


def test_stores_and_files_that_are_not_there_are_refused(tmp_path):
    (tmp_path / "twin.db").touch()
    for given, words in (
        (("--twin", tmp_path / "no.db"), ("--twin", "no such file")),
        (
            ("--alerts", tmp_path / "no.json", "--log", tmp_path / "no.db"),
            ("--log", "needs --twin", "4 problems"),
        ),
        (("--twin", tmp_path / "twin.db", "--alerts", tmp_path / "no.json"), ("--alerts", "no such file")),
    ):
        refused(gridcarbon("serve", tmp_path, "--read-only", *given), *words)
