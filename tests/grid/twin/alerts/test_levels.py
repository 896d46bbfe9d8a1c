from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from grid.errors import InputError
from grid.time.clock import Clock
from grid.twin.alerts import AlertLevel, AlertRules, advance, violation_risks
from grid.twin.alerts.risks import Risk, failure_risk

NOW = datetime(2030, 1, 7, tzinfo=UTC)
QUARTER = timedelta(minutes=15)
RULES = AlertRules(clear_after_s=1800, hold_s=900)


def risk(probability: float, element: str = "line 1") -> Risk:
    return Risk(element, "loading_percent", "high", probability, probability, NOW, NOW, NOW, 70.0, 60.0)


def course(probabilities, step=QUARTER, rules=RULES):
    """Everything that is said while one risk takes these probabilities, step after step."""
    states, said = {}, []
    for k, probability in enumerate(probabilities):
        states, events = advance(states, [risk(probability)] if probability else [], NOW + k * step, rules)
        said += events
    return states, said


def test_a_risk_is_raised_once_and_cleared_once_it_has_been_low_for_long_enough():
    _, said = course([0.0, 0.35, 0.4, 0.35, 0.05, 0.05, 0.05, 0.05])
    assert [(event.what, event.level) for event in said] == [
        ("raised", AlertLevel.WARNING),
        ("cleared", AlertLevel.NONE),
    ]
    assert said[1].time - said[0].time == 5 * QUARTER
    assert said[0].identifier == said[1].identifier


def test_a_probability_that_swings_about_a_threshold_says_one_thing():
    _, said = course([0.31, 0.29, 0.31, 0.29, 0.25, 0.31] * 20)
    assert [event.what for event in said] == ["raised"]


def test_alerts_of_both_limits_of_a_place_have_names_of_their_own():
    both = [replace(risk(0.8), side=side) for side in ("high", "low")]
    _, events = advance({}, both, NOW, RULES)
    assert len({event.identifier for event in events}) == 2


def test_an_alarm_does_not_wait():
    _, said = course([0.15, 0.35, 0.9], step=timedelta(minutes=5))
    assert [(event.what, event.level) for event in said] == [
        ("raised", AlertLevel.INFORMATION),
        ("escalated", AlertLevel.ALARM),
    ]


def test_an_alert_falls_to_the_level_that_is_left():
    states, said = course([0.8, 0.35, 0.35, 0.35, 0.35])
    assert [(event.what, event.level) for event in said][1:] == [("lowered", AlertLevel.WARNING)]
    (state,) = states.values()
    assert state.level == AlertLevel.WARNING


@given(st.lists(st.floats(0, 1), min_size=1, max_size=96))
def test_there_is_no_storm(probabilities):
    """Changes that are no alarm lie at least the time to hold apart, whatever is predicted."""
    states, said = course(probabilities, step=timedelta(minutes=5))
    calm = [event for event in said if event.level != AlertLevel.ALARM]
    for earlier, later in pairwise(said):
        assert later.level != earlier.level
        if later in calm:
            assert later.time - earlier.time >= timedelta(seconds=RULES.hold_s)
    falls = [event for event in said if event.what in {"lowered", "cleared"}]
    assert len(falls) <= 1 + len(probabilities) * 300 / RULES.clear_after_s
    assert all(state.level >= AlertLevel.NONE for state in states.values())


@given(st.lists(st.floats(0, 1), min_size=2, max_size=40), st.integers(1, 39))
def test_a_restart_says_the_same(probabilities, cut):
    """The state is all that is needed to go on."""
    whole, said = course(probabilities)
    states, first = course(probabilities[:cut])
    for k, probability in enumerate(probabilities[cut:], start=cut):
        states, events = advance(states, [risk(probability)] if probability else [], NOW + k * QUARTER, RULES)
        first += events
    assert first == said
    assert states == whole


def test_risks_are_counted_over_samples():
    clock = Clock(NOW, QUARTER, 4)
    loading = np.full((10, 4, 2), 50.0)
    loading[:3, 1, 0] = 61.0
    loading[:2, 2, 0] = 62.0
    loading[9, 3, 0] = 60.1  # within the tolerance
    (found,) = violation_risks(clock, "loading_percent", loading, np.array([60.0, 60.0]), ["a", "b"], tolerance=0.2)
    assert (found.element, found.probability, found.step_probability) == ("a", 0.3, 0.3)
    assert (found.begins, found.worst, found.ends) == (NOW + QUARTER, NOW + QUARTER, NOW + 3 * QUARTER)
    assert found.value == pytest.approx(61.0)
    low = violation_risks(clock, "vm_pu", loading / 60, np.array([0.9, 0.5]), ["a", "b"], high=False)
    assert [(one.side, one.probability) for one in low] == [("low", 1.0)]
    failed = np.zeros((10, 4), dtype=bool)
    assert failure_risk(clock, failed) == ()
    failed[0, 2] = True
    assert failure_risk(clock, failed)[0].probability == 0.1


def test_rules_that_make_no_sense_are_refused():
    with pytest.raises(InputError, match="3 problems"):
        AlertRules(information=0.5, warning=0.4, hysteresis=1.0, hold_s=-1)
