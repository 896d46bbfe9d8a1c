from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta, timezone

import numpy as np
import pytest

from app.twin.alerts.watch import corrected
from app.twin.log import lessons_of, opened_log
from grid.errors import InputError
from grid.time.clock import Clock
from grid.twin.forecast.forecaster import make_forecaster
from grid.twin.forecast.history import PowerHistory
from grid.twin.forecast.quantiles import SCORES
from grid.twin.learning.effect import ActionEffect
from grid.twin.learning.records import AlertRecord, DecisionRecord, ForecastRecord, OutcomeRecord
from tests.app.command_line import gridcarbon, refused

START = datetime(2030, 1, 1, tzinfo=UTC)


def one_day(day: int, rate: float = 0.5) -> list:
    """An alert, what was decided, and what came of it."""
    name, time = f"loading_percent line 6 day {day}", START + timedelta(days=day)
    predicted = 1.0 + 0.1 * (day % 5)
    measured = rate * predicted + 0.02 * math.sin(day)
    return [
        AlertRecord(name, time, "raised", "warning", "loading_percent", "line 6", 0.6, 0.1,
                    {"homes": predicted}, {"homes": "charging shifted"}, 12.5, -3.0),
        DecisionRecord(name, time + timedelta(minutes=5), "accepted", "control room"),
        OutcomeRecord(name, time + timedelta(hours=6), exceeded=False,
                      effects=(ActionEffect("homes", "charging shifted", predicted, measured),)),
    ]  # fmt: skip


def test_the_log_grows_and_a_repetition_changes_nothing(tmp_path):
    records = [record for day in range(5) for record in one_day(day)]
    with opened_log(tmp_path / "log.db") as log:
        assert log.add(records[:8]) == 8
    with opened_log(tmp_path / "log.db") as log:  # as after a restart in the middle
        assert log.add(records) == len(records) - 8
        assert log.add(records) == 0
        assert log.add([]) == 0
        assert log.records() == records
        assert log.table()["kind"].to_list() == ["alert", "decision", "outcome"] * 5
        assert log.records("decision") == records[1::3]


def test_what_teaches_and_whether_it_helps(tmp_path):
    with opened_log(tmp_path / "log.db") as log:
        log.add([record for day in range(30) for record in one_day(day)])
        log.add([OutcomeRecord("other", START, exceeded=True, effects=(ActionEffect("store", "battery", 1.0, 1.0),))])
        lessons = lessons_of(log)
    table = {row["action"]: row for row in lessons.table().iter_rows(named=True)}
    assert table["charging shifted"]["response_rate"] == pytest.approx((30 * 0.5 + 3) / 33, abs=0.01)
    assert table["charging shifted"]["reliability"] < 0.05
    assert table["charging shifted"]["correction"] == "better"
    assert (table["battery"]["cases"], table["battery"]["correction"]) == (1, "too few days")
    shown = gridcarbon("twin", "log", tmp_path / "log.db")
    assert shown.returncode == 0, shown.stderr
    assert "charging shifted: better with the correction on 23 days" in shown.stdout
    csv = gridcarbon("twin", "log", tmp_path / "log.db", "--entries", "--format", "csv")
    assert len(csv.stdout.strip().splitlines()) == 92


def test_entries_say_all_that_is_wrong_with_them():
    with pytest.raises(InputError) as raised:
        DecisionRecord("", datetime(2030, 1, 1), "acepted", "")
    assert [fault.place for fault in raised.value.faults] == ["alert", "time", "decision", "by"]
    with pytest.raises(InputError, match="reason: must be given"):
        DecisionRecord("a", START, "rejected", "me")
    east = timezone(timedelta(hours=1))
    assert AlertRecord("a", START.astimezone(east), probability=np.float64(0.5)).time == START


def test_a_log_that_is_none_is_refused(tmp_path):
    (tmp_path / "text.db").write_text("no database at all, but long enough to be looked at" * 20)
    done = gridcarbon("twin", "log", tmp_path / "text.db")
    assert done.returncode == 2
    assert "is damaged, or no database" in done.stderr
    assert gridcarbon("twin", "log", tmp_path / "none.db").returncode == 2
    assert not (tmp_path / "none.db").exists()
    refused(gridcarbon("twin", "log", tmp_path), "LOG: is a folder, not a file")
    (tmp_path / "empty.db").touch()
    refused(gridcarbon("twin", "log", tmp_path / "empty.db"), "LOG: holds no log")
    assert (tmp_path / "empty.db").stat().st_size == 0


def forecast_of_day(day: int, bias: float) -> ForecastRecord:
    """What was forecast of a day, and what came: a normal error of 1 MW about the bias."""
    rng = np.random.default_rng(day)
    quantiles = 20 + SCORES[None, :] + np.zeros((24, 1))
    came = 20 + bias + rng.standard_normal(24)
    begins = START + timedelta(days=day)
    return ForecastRecord("forecast of demand", begins + timedelta(days=1), "demand", begins, 3600.0, tuple(range(24)),
                          tuple(map(tuple, quantiles.tolist())), tuple(came.tolist()))  # fmt: skip


@pytest.mark.parametrize(("bias", "helps"), [(3.0, True), (0.0, False)])
def test_a_forecast_is_corrected_only_where_that_has_helped(tmp_path, bias, helps):
    with opened_log(tmp_path / "log.db") as log:
        log.add([forecast_of_day(day, bias) for day in range(20)])
        log.add([record for day in range(20) for record in one_day(day)])
        lessons, early = lessons_of(log), lessons_of(log, START + timedelta(days=7))
    assert lessons.rate("charging shifted") == pytest.approx(0.56, abs=0.03)
    assert (early.rate("charging shifted"), early.correction("demand")) == (1.0, None)  # too few days
    correction = lessons.correction("demand")
    words = lessons.words(["demand"], ["charging shifted"])
    assert any("corrected by the response to 'charging shifted'" in line for line in words)
    if not helps:
        assert correction is None
        assert words[0].startswith(
            ("forecast of demand not corrected: no difference", "forecast of demand not corrected: worse")
        )
        return
    assert words[0].startswith("corrected by the forecasts of demand of 20 days")
    hours = np.arange(24 * 10)
    history = PowerHistory("demand", "demand", Clock(START, timedelta(hours=1), hours.size), 20 + np.sin(hours / 4))
    plain = make_forecaster(history, 24, days=3)
    shift = corrected(plain, correction).issue().median_mw - plain.issue().median_mw
    np.testing.assert_allclose(shift, correction.bias)
    assert shift.mean() == pytest.approx(bias * 20 / 30, abs=0.5)
