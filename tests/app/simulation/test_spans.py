"""A scenario whose dispatch is cut into spans: the same promises and ledgers, nearly the same cost."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from app.batch.apart import spans_apart
from app.scenario import check_scenario
from app.simulation.phases import simulate
from grid.errors import InputError, ScenarioError

pytestmark = pytest.mark.slow

SCENARIO: dict[str, Any] = {
    "name": "spans", "city": {"network": "case33bw"},
    "period": {"start": "2030-01-01", "days": 4, "step_minutes": 60},
    "assets": [
        {"kind": "battery", "name": "store", "bus": "20", "p_rated_mw": 0.5, "e_rated_mwh": 2},
        {"kind": "ev_fleet", "name": "homes", "bus": "10", "vehicles": 40, "place": "home", "v2g_share": 0.3},
    ],
    "dispatch": {"strategy": "optimal"},
}  # fmt: skip
CUT = {"strategy": "optimal", "spans": {"days": 2, "run_in_days": 1}}


def test_a_run_in_spans_closes_its_ledgers_and_costs_what_one_span_costs() -> None:
    one = simulate(check_scenario(SCENARIO, Path(), "one"))
    asked: list[int] = []

    def apply(function: Any, tasks: Any) -> Any:
        asked.append(len(tasks))
        return map(function, tasks)

    cut = simulate(check_scenario({**SCENARIO, "dispatch": CUT}, Path(), "cut"), apply=apply)
    assert asked == [1, 2, 2]
    assert cut.balanced
    assert cut.schedule.windows == one.schedule.windows == 4
    assert cut.schedule.quality.ac_cost == pytest.approx(one.schedule.quality.ac_cost, rel=5e-4)
    assert np.isfinite(cut.schedule.import_mw).all()


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"dispatch": {**CUT, "carbon_cap_t": 10}}, "no cap on carbon"),
        ({"dispatch": {**CUT, "horizon_hours": 36}}, "a horizon_hours that divides 24"),
        ({"dispatch": {**CUT, "look_ahead_hours": 36}}, "look_ahead_hours of at most horizon_hours"),
        ({"dispatch": CUT, "tariff": {"demand_charge_per_mw_month": 5}}, "a tariff without a demand charge"),
    ],
)
def test_what_ties_a_period_together_is_refused(changes: dict[str, Any], words: str) -> None:
    with pytest.raises(ScenarioError, match=words):
        check_scenario({**SCENARIO, **changes}, Path(), "refused")


def test_processes_need_spans() -> None:
    loaded = check_scenario(SCENARIO, Path(), "one")
    with pytest.raises(InputError, match="needs a scenario whose dispatch is cut into spans"), \
            spans_apart(loaded, 2, None):  # fmt: skip
        pass
    with spans_apart(loaded, 1, None) as apply:
        assert apply is map
