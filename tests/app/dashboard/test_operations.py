from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from app.dashboard import create_app
from app.dashboard.language.spoken import spoken
from app.dashboard.operations.live import STOPPED_AFTER, LiveState, TwinPlace
from app.dashboard.operations.live_reader import LiveReader
from app.dashboard.operations.panel import entry_in_words, in_words, live_panel
from app.dashboard.operations.proposals import alert_words, proposal_card
from app.dashboard.shell.plain_html import html_of
from app.twin.alerts.state_file import write_states
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


def test_of_a_replay_ahead_of_the_clock_ages_are_those_of_its_own_time_and_data_stop_when_nothing_comes(store):
    reader, early = LiveReader(store), NOW - timedelta(days=900)
    told = html_of(live_panel(reader.state(early), "UTC"))
    assert "ages are counted from it" in told
    assert "15 minutes" in told  # of the quay, whose last value is so much older than the latest measurement
    assert not reader.state(early + STOPPED_AFTER).stopped
    assert reader.state(early + STOPPED_AFTER + timedelta(seconds=1)).stopped
    with opened_measurements(store.store) as opened:
        opened.add([measured(-1, 1.0)])
    assert not reader.state(early + 2 * STOPPED_AFTER).stopped


def test_a_sensor_of_which_nothing_is_among_the_latest_rows_stays(store, monkeypatch):
    monkeypatch.setattr("app.dashboard.operations.live_reader.MOST_ROWS", 4)
    reader = LiveReader(store)
    before = reader.state(NOW).sensors
    with opened_measurements(store.store) as opened:
        opened.add([measured(-k, 1.0 + k / 100) for k in range(4)])
    mill, quay = reader.state(NOW).sensors.iter_rows(named=True)
    assert mill == before.row(0, named=True)
    assert (quay["element"], quay["value"]) == ("quay <1>", 1.03)


def test_sensors_in_trouble_come_first(store):
    with opened_measurements(store.store) as opened:
        opened.add([measured(1, 0.99, "a new one"), measured(40, 1.0, "an old one")])
        opened.add([Measurement(NOW - timedelta(hours=9), "branch", "a switch", "closed", 1.0, 0.01, "meter")])
    told = html_of(live_panel(live_state(store, NOW), "UTC"))
    assert "or whose last value cannot be: 3." in told
    names = ("an old one", "mill", "quay &lt;1&gt;", "a switch", "a new one")
    assert sorted(names, key=told.index) == list(names)


def test_without_a_file_of_alerts_none_is_said_to_stand(store, tmp_path):
    told = html_of(live_panel(live_state(store, NOW), "UTC"))
    assert ("They are not shown here" in told, "No alert stands" in told) == (True, False)
    write_states(tmp_path / "alerts.json", {})
    told = html_of(live_panel(live_state(TwinPlace(store.store, tmp_path / "alerts.json"), NOW), "UTC"))
    assert ("They are not shown here" in told, "No alert stands" in told) == (False, True)


def test_numbers_stand_with_their_units_and_as_a_language_writes_them(store):
    with opened_measurements(store.store) as opened:
        opened.add([Measurement(NOW, "asset", "depot", "p_mw", -0.25, 0.01, "meter", sequence=k) for k in range(1200)])
    told = html_of(spoken(live_panel(live_state(store, NOW), "UTC"), "de"))
    assert "hält 1\u202f204 Messwerte" in told
    assert "2 von 3 Sensoren haben einen brauchbaren Wert" in told
    assert '<td>Wirkleistung</td><td class="number">\u22120,2500</td><td>MW</td>' in told
    assert "<td>Spannung</td>" in told
    assert '<td>außer Bereich</td><td class="number">1</td><td class="number">0,1\u00a0%</td>' in told


def test_a_proposal_says_what_is_beyond_which_limit_and_what_the_action_costs():
    alert = AlertRecord(
        "loading_percent high MV3.101 Line 6 2024-01-01T12:00:00Z", NOW, "raised", "alarm", "loading_percent",
        "MV3.101 Line 6", 0.8, 0.1, {"depot": 0.25}, {"depot": "battery"}, 1234.5, -3.2, value=63.25, limit=60.0,
        begins=NOW, ends=NOW + timedelta(hours=2), action="action", moves=(MOVE,), currency="EUR",
    )  # fmt: skip
    local = ZoneInfo("Europe/Berlin")
    told = html_of([proposal_card(alert, local, decides=True)])
    assert "For loading of MV3.101 Line 6 too high, 1 Jan 2024 13:00: alarm, 80\u00a0% likely without it, 10" in told
    assert "1 Jan 2024 13:00 to 1 Jan 2024 15:00: one course of the forecast in ten passes 63.25\u00a0%" in told
    assert "the limit is 60\u00a0%." in told
    assert "Against the plan: +1\u202f234.50 EUR, \u22123 kg CO₂e" in told
    told = html_of(spoken([proposal_card(alert, local, decides=True)], "de"))
    assert "Für Auslastung von MV3.101 Line 6 zu hoch, 1. Jan 2024, 13:00: Alarm, ohne sie zu 80" in told
    assert "Gegen den Plan: +1\u202f234,50 EUR, \u22123 kg CO₂e" in told


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("vm_pu low Bus 17 2024-01-01T12:00:00Z", "voltage of Bus 17 too low, 1 Jan 2024 13:00"),
        ("fault behind line 10 2024-07-01T12:00:00Z", "fault behind line 10, 1 Jul 2024 14:00"),
        ("demand of 1 January", "demand of 1 January"),
    ],
)
def test_the_name_of_an_alert_is_told_in_words_and_local_time(name, words):
    assert alert_words(name, ZoneInfo("Europe/Berlin")) == words


def test_what_is_wrong_with_a_decision_is_told_by_the_names_of_its_fields(results, store, tmp_path):
    with opened_log(tmp_path / "twin.db") as log:
        log.add([AlertRecord("line 6", NOW, action="action", moves=(MOVE,))])
    place = TwinPlace(store.store, log=store.store, decides=True)
    client = create_app(results, twin=place).server.test_client()
    wrong = {"alert": "line 6", "decision": "rejected", "by": "", "reason": " "}
    told = {lang: client.post(f"/operations/decide?lang={lang}", json=wrong) for lang in ("en", "de")}
    assert {answer.status_code for answer in told.values()} == {422}
    assert told["en"].text.splitlines() == [
        "Reason: must be given where an action is rejected", "Who decides: must not be empty"
    ]  # fmt: skip
    assert told["de"].text.splitlines() == [
        "Grund: nötig, wo eine Maßnahme abgelehnt wird", "Wer entscheidet: darf nicht leer sein"
    ]  # fmt: skip


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
    assert "<td>voltage</td>" in answer.text
    assert "<td>Spannung</td>" in client.get("/operations/live?lang=de").text  # rows are kept for each language
    assert "operations-live" in client.get("/shell/page?path=/operations").text


def test_the_latest_entries_of_the_log_are_told_in_words(store, tmp_path):
    effects = (ActionEffect("depot", "battery", 1.0, 0.95), ActionEffect("homes", "charging shifted", 1.0, 0.5))
    entries = [
        AlertRecord("line 6", NOW, "raised", "alarm", "loading_percent", "line 6", 0.8, 0.1, {"depot": 1.0},
                    {"depot": "battery"}),
        DecisionRecord("line 6", NOW, "changed", "shift", "in repair", {"homes": 0.5}),
        OutcomeRecord("line 6", NOW, exceeded=False, effects=effects),
        OutcomeRecord("line 7", NOW),
        AlertRecord("line 6", NOW, "cleared", "none", "loading_percent", "line 6"),
        AlertRecord("fault behind line 1", NOW, "raised", "alarm", "supply", "line 1", 1.0,
                    advice=("the fault is in line 7", "what to switch is sought")),
        AlertRecord("fault behind line 1", NOW, "advised", "alarm", "supply", "line 1", 1.0,
                    advice=("the fault is in line 7", "30 min: close line 9")),
    ]  # fmt: skip
    with opened_log(tmp_path / "twin.db") as log:  # which may be the file of the measurements
        log.add(entries)
    state = live_state(TwinPlace(store.store, log=store.store), NOW)
    assert [entry_in_words(one) for one in reversed(state.entries)] == [
        "raised, alarm, 80% likely, 10% with the action (depot: battery)",
        "changed by shift. in repair homes 0.5 MWh",
        "the limit was kept; 1 of 2 assets did what they should; depot: 0.95 of 1 MWh; homes: 0.5 of 1 MWh",
        "not measured",
        "cleared",
        "raised, alarm; the fault is in line 7; what to switch is sought",
        "advised; the fault is in line 7; 30 min: close line 9",
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
        (("--twin", tmp_path / "twin.db", "--alerts", tmp_path), ("--alerts: is a folder, not a file",)),
    ):
        refused(gridcarbon("serve", tmp_path, "--read-only", *given), *words)
