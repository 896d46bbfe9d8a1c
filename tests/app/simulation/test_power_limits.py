"""Limits on power that change with time, through whole runs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from app.scenario import check_scenario
from app.simulation.phases import SimulationResult, simulate
from grid.errors import InputError

pytestmark = pytest.mark.slow


def outcome_of(strategy: str, *limits: dict[str, Any], **changes: Any) -> SimulationResult:
    scenario = {
        "name": "Oberrhein", "seed": 4, "city": {"network": "mv_oberrhein"},
        "period": {"start": "2030-05-13", "days": 2, "step_minutes": 30},
        "assets": [
            {"kind": "ev_fleet", "name": "cars", "bus": "Bus 34", "vehicles": 80, "v2g_share": 0.8,
             "wear_cost_per_mwh": 0},
            {"kind": "battery", "name": "store", "bus": "Bus 84", "p_rated_mw": 2, "e_rated_mwh": 8,
             "wear_cost_per_mwh": 0},
            {"kind": "base_station", "name": "masts", "bus": "Bus 50", "sites": 100},
        ],
        "dispatch": {"strategy": strategy}, "power_limits": list(limits), **changes,
    }  # fmt: skip
    return simulate(check_scenario(scenario, Path(), "Oberrhein"))


def power(outcome: SimulationResult, name: str) -> tuple[np.ndarray, np.ndarray]:
    """Steps of the slots of an asset, and its power in them."""
    (flexibility,) = (f for f in outcome.inputs.flexibilities if f.name == name)
    return flexibility.step, outcome.p_mw[name]


def within(outcome: SimulationResult, first: float, last: float) -> np.ndarray:
    """Steps within hours of the local day, shape (T,)."""
    local = outcome.inputs.clock.pandas_index().tz_convert("Europe/Berlin")
    hour = np.asarray(local.hour + local.minute / 60)
    return (hour >= first) & (hour < last) if first < last else (hour >= first) | (hour < last)


NO_DISCHARGE = {"kinds": ["battery", "ev_fleet"], "hours": "22:00-06:00", "discharge_max_mw": 0}


def test_no_battery_and_no_car_discharges_at_night_under_optimal() -> None:
    free, limited = outcome_of("optimal"), outcome_of("optimal", NO_DISCHARGE)
    night = within(free, 22, 6)
    for name in ("store", "cars", "masts: battery"):
        step, p_mw = power(limited, name)
        assert (p_mw[night[step]] >= -1e-9).all()
        assert p_mw[~night[step]].min() < -0.01  # by day it does
    assert min(power(free, name)[1][night[power(free, name)[0]]].min() for name in ("store", "cars")) < -0.01
    assert limited.balanced
    assert not limited.schedule.shortfalls


@pytest.mark.parametrize("strategy", ["unmanaged", "smart", "optimal"])
def test_charging_limits_hold_under_every_strategy(strategy: str) -> None:
    limit = {"names": ["cars"], "hours": "16:00-21:00", "charge_max_mw": 0.1}
    outcome = outcome_of(strategy, limit)
    evening = within(outcome, 16, 21)
    (cars,) = (f for f in outcome.inputs.flexibilities if f.name == "cars")
    drawn = cars.by_step(np.maximum(outcome.p_mw["cars"], 0.0))
    assert drawn[evening].max() <= 0.1 + 1e-9
    assert drawn[~evening].max() > 0.1
    if strategy == "unmanaged":  # what cars that are full leave unused is not given to others
        assert drawn[evening].max() > 0.03
    ends = cars.energy_mwh(outcome.p_mw["cars"])[cars.offsets[1:] - 1]
    assert cars.reservoir is not None
    np.testing.assert_allclose(ends, cars.reservoir.e_end_mwh, atol=1e-6)
    assert outcome.balanced


def test_sessions_that_limits_leave_short_are_counted_in_the_notes() -> None:
    outcome = outcome_of("unmanaged", {"kinds": ["ev_fleet"], "charge_max_share": 0.1})
    (cars,) = (f for f in outcome.inputs.flexibilities if f.name == "cars")
    note = f"cars: {cars.limited_sessions} of {cars.n_devices} sessions end {cars.limited_mwh:.3g} MWh short"
    assert any(text.startswith(note) for text in outcome.inputs.notes)
    assert cars.limited_sessions > 0


def test_a_full_battery_that_may_not_charge_at_night_is_no_conflict() -> None:
    """Standing losses of the night cannot be made good before the period ends at midnight UTC, in the night."""
    limit = {"kinds": ["battery"], "hours": "18:00-08:00", "charge_max_mw": 0}
    outcome = outcome_of("optimal", limit, dispatch={"strategy": "optimal", "horizon_hours": 24, "look_ahead_hours": 0})
    assert not outcome.schedule.shortfalls
    step, p_mw = power(outcome, "masts: battery")
    assert p_mw[within(outcome, 18, 8)[step]].max() <= 1e-9


def test_a_limit_for_what_is_not_there_is_refused() -> None:
    with pytest.raises(InputError) as error:
        outcome_of("optimal", {"names": ["car"], "charge_max_mw": 1}, {"kinds": ["batery"], "charge_max_mw": 1})
    text = str(error.value)
    assert "power_limits[0].names: no asset called 'car'; did you mean 'cars'?" in text
    assert "power_limits[1].kinds[0]" in text
    assert "did you mean 'battery'?" in text


def test_a_curve_stands_beside_the_scenario(tmp_path: Path) -> None:
    (tmp_path / "operator.csv").write_text("time,charge_max_mw\n2030-05-13T02:00,0\n2030-05-16T02:00,0\n")
    scenario = {
        "name": "x", "city": {"network": "mv_oberrhein"}, "period": {"start": "2030-05-13", "days": 1},
        "assets": [{"kind": "ev_fleet", "name": "cars", "bus": "Bus 34", "vehicles": 20}],
        "power_limits": [{"kinds": ["ev_fleet"], "file": "operator.csv"}],
    }  # fmt: skip
    outcome = simulate(check_scenario(scenario, tmp_path, "x"))
    assert not outcome.p_mw["cars"].any()
    assert "operator.csv" in outcome.inputs.loaded.input_hashes()
    with pytest.raises(InputError, match=r"power_limits\[0\].file: no file .* did you mean 'operator.csv'"):
        check_scenario(scenario | {"power_limits": [{"kinds": ["ev_fleet"], "file": "operato.csv"}]}, tmp_path, "x")
