from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl
import pytest

from grid.errors import InputError
from grid.time.clock import Clock
from grid.twin.measurements import (
    QUALITIES,
    MeasuredPlace,
    Measurement,
    measured_series,
    measurement_frame,
    measurements_of,
)
from grid.twin.quality import QualityRules, counts, mark, with_gaps
from grid.twin.quantities import QUANTITIES

START = datetime(2030, 1, 1, tzinfo=UTC)
STEP = timedelta(minutes=15)
CLOCK = Clock(START, STEP, 96)


def reading(step: float, value: float | None, quantity: str = "p_mw", **others: object) -> Measurement:
    about = {"element_kind": "bus", "element": "quay", "standard_deviation": 0.01, "source": "meter 1", **others}
    return Measurement(time=START + step * STEP, quantity=quantity, value=value, **about)  # type: ignore[arg-type]


def day(quantity: str = "p_mw") -> list[Measurement]:
    """A day of a fluctuating quantity, its values around 1."""
    rng = np.random.default_rng(7)
    values = 1 + 0.3 * np.sin(np.arange(96) / 15) + 0.01 * rng.standard_normal(96)
    return [reading(k, float(value), quantity) for k, value in enumerate(values)]


def with_value(readings: list[Measurement], step: int, value: float | None) -> list[Measurement]:
    return [*readings[:step], reading(step, value, readings[step].quantity), *readings[step + 1 :]]


def quality_of(readings: list[Measurement], rules: QualityRules | None = None) -> list[str]:
    return mark(measurement_frame(readings), rules)["quality"].to_list()


def test_all_that_is_wrong_with_a_measurement_is_said_at_once() -> None:
    with pytest.raises(InputError) as raised:
        Measurement(datetime(2030, 1, 1), "bus", "", "vm_p", float("nan"), 0.0, "", "god")  # type: ignore[arg-type]
    assert [fault.place for fault in raised.value.faults] == [
        "time", "quantity", "element", "value", "standard_deviation", "source", "quality",
    ]  # fmt: skip
    assert "did you mean 'vm_pu'" in str(raised.value)


def test_records_and_table_say_the_same() -> None:
    readings = [*day()[:3], reading(3, None), reading(4, 1.0, received=START + 5 * STEP, sequence=9)]
    assert measurements_of(measurement_frame(readings)) == readings
    with pytest.raises(InputError, match="value: is missing"):
        measurements_of(measurement_frame(readings).drop("value"))


def test_values_of_a_day_are_good() -> None:
    assert set(quality_of(day())) == {"good"}


@pytest.mark.parametrize(
    ("value", "quality"),
    [(None, "missing"), (2000.0, "wrong_unit"), (1100.0, "wrong_unit"), (-4000.0, "out_of_range"), (3.0, "suspect")],
)
def test_a_value_that_breaks_a_rule_is_marked_and_no_other(value: float | None, quality: str) -> None:
    found = quality_of(with_value(day(), 40, value))
    assert found[40] == quality
    assert set(found[:40] + found[41:]) == {"good"}


def test_the_sun_at_noon_of_short_days_is_of_the_right_unit() -> None:
    """In three of four quarter hours of a dark day photovoltaics feed in less than a hundredth of noon."""
    hours = np.arange(7 * 96) % 96 / 4
    sun = np.clip(np.cos((hours - 12) / 3.3 * np.pi / 2), 0, None) * (np.abs(hours - 12) < 3.3)
    p_mw = -0.2 * sun**3 - 1e-5
    usual = np.quantile(np.abs(p_mw), 0.75)
    assert np.abs(p_mw).max() > 100 * usual
    readings = [reading(k, float(value)) for k, value in enumerate(p_mw)]
    assert "wrong_unit" not in quality_of(readings)
    assert quality_of(with_value(day(), 40, 1000.0))[40] == "wrong_unit"


def test_percent_in_place_of_per_unit_are_of_the_wrong_unit() -> None:
    assert quality_of(with_value(day("vm_pu"), 40, 101.0))[40] == "wrong_unit"


def test_equal_values_in_a_row_are_frozen_unless_they_are_zero_or_states() -> None:
    frozen = [reading(k, 1.07 if 50 <= k < 58 else each.value) for k, each in enumerate(day())]
    found = quality_of(frozen)
    assert [k for k, quality in enumerate(found) if quality == "frozen"] == list(range(51, 58))
    assert set(quality_of(frozen, QualityRules(frozen_after=8))) == {"good"}
    assert set(quality_of([reading(k, 0.0) for k in range(20)])) == {"good"}
    closed = [reading(k, 1.0, "closed", element_kind="branch") for k in range(20)]
    assert set(quality_of(closed)) == {"good"}


def test_what_arrives_late_or_twice_or_from_the_future_is_marked() -> None:
    late = reading(3, 1.0, received=START + 3 * STEP + timedelta(seconds=301))
    in_time = reading(4, 1.0, received=START + 4 * STEP + timedelta(seconds=299))
    again = reading(4, 1.2, received=START + 6 * STEP, sequence=5)
    other = reading(4, 1.2, source="meter 2")
    early = reading(9, 1.0, received=START + 8 * STEP)
    assert quality_of([late, in_time, again, other, early]) == ["late", "good", "duplicate", "good", "suspect"]


def test_the_worst_of_source_and_rules_counts_and_every_row_stays() -> None:
    stated = [reading(0, 1.0, quality="suspect"), reading(1, None, quality="late"), reading(2, 5e3)]
    marked = mark(measurement_frame(stated))
    assert marked["quality"].to_list() == ["suspect", "missing", "out_of_range"]
    assert marked.drop("quality").equals(measurement_frame(stated).drop("quality"))
    assert counts(marked) == {**dict.fromkeys(QUALITIES, 0), "suspect": 1, "missing": 1, "out_of_range": 1}


def test_a_place_can_have_a_range_of_its_own() -> None:
    ranges = pl.DataFrame({"element_kind": ["bus"], "element": ["quay"], "quantity": ["p_mw"],
                           "lowest": [0.0], "highest": [0.5]})  # fmt: skip
    readings = measurement_frame([reading(0, 0.6), reading(0, 0.6, element="park"), reading(1, 0.4)])
    assert mark(readings, ranges=ranges)["quality"].to_list() == ["out_of_range", "good", "good"]


def test_silence_is_marked_and_counted() -> None:
    readings = measurement_frame([each for k, each in enumerate(day()) if k not in {5, 6, 95}])
    whole = with_gaps(readings, CLOCK)
    assert counts(whole)["missing"] == 3
    silent = whole.filter(pl.col("quality") == "missing").sort("time")["time"].to_list()
    assert silent == [START + k * STEP for k in (5, 6, 95)]
    assert counts(with_gaps(readings, CLOCK, every=4))["missing"] == 0


def test_arrays_hold_usable_values_by_step_and_place() -> None:
    readings = [
        reading(0, 1.0), reading(0.5, 2.0), reading(2, 3.0, received=START + 4 * STEP), reading(3, None),
        reading(1, 7.0, source="meter 2", standard_deviation=0.001), reading(2, 8.0, source="meter 2"),
        reading(0, 1.01, "vm_pu"), reading(200, 1.0), reading(-1, 1.0),
    ]  # fmt: skip
    series = measured_series(mark(measurement_frame(readings)), Clock(START, STEP, 4))
    assert [(place.quantity, place.source) for place in series.places] == [
        ("p_mw", "meter 1"), ("p_mw", "meter 2"), ("vm_pu", "meter 1"),
    ]  # fmt: skip
    expected = [[1.5, np.nan, 1.01], [np.nan, 7.0, np.nan], [3.0, 8.0, np.nan], [np.nan] * 3]
    np.testing.assert_array_equal(series.values, expected)
    np.testing.assert_array_equal(np.isfinite(series.standard_deviations), np.isfinite(expected))
    assert (series.left_out, series.outside) == ({"missing": 1}, 2)
    assert series.received[2, 0] == np.datetime64("2030-01-01T01:00")
    values, deviations = series.select("bus", "p_mw", ["park", "quay"])
    np.testing.assert_array_equal(values[:, 1], [1.5, 7.0, 3.0, np.nan])
    assert np.isnan(values[:, 0]).all()
    assert deviations[1, 1] == 0.001


def test_places_can_be_asked_for_in_order() -> None:
    places = [MeasuredPlace("bus", "park", "p_mw", "m"), MeasuredPlace("bus", "quay", "p_mw", "meter 1")]
    series = measured_series(mark(measurement_frame(day())), CLOCK, places)
    assert series.values.shape == (96, 2)
    assert np.isnan(series.values[:, 0]).all()
    assert np.isfinite(series.values[:, 1]).all()


def test_units_of_quantities_convert_or_are_refused() -> None:
    power = QUANTITIES["bus", "p_mw"]
    assert [power.factor(unit) for unit in ("MW", "kW", "W", "", "mV")] == [1.0, 1e-3, 1e-6, 1.0, None]
    assert QUANTITIES["bus", "vm_pu"].factor("%") == 0.01
