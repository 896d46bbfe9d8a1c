from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from optimizer.horizon.rolling import dispatch
from optimizer.problem.totals import schedule_totals
from tests.optimizer.small_cases import battery, clock_of, feeder, import_mw, problem_on

NETWORK, CLOCK = feeder(3), clock_of(6)


def test_what_is_drawn_at_the_slack_bus_is_imported() -> None:
    load = np.zeros((6, 3))
    load[:, 2] = 1.0
    plain = problem_on(NETWORK, CLOCK, [battery(NETWORK, CLOCK, 2)], load)
    load[:, 0] = 2.0
    there = replace(plain, p_fixed_mw=load)
    schedule = dispatch(plain)
    without, with_it = schedule_totals(plain, schedule), schedule_totals(there, schedule)
    assert with_it.import_mwh - without.import_mwh == pytest.approx(12.0, rel=1e-9)
    assert with_it.cost - without.cost == pytest.approx(12.0 * 50, rel=1e-9)
    assert with_it.emissions_kg - without.emissions_kg == pytest.approx(12.0 * 400, rel=1e-9)
    assert with_it.peak_import_mw - without.peak_import_mw == pytest.approx(2.0, rel=1e-9)
    np.testing.assert_allclose(without.import_mwh, np.maximum(import_mw(plain, schedule), 0).sum(), rtol=1e-9)


def test_a_store_at_the_slack_bus_moves_imports() -> None:
    problem = problem_on(
        NETWORK, CLOCK, [battery(NETWORK, CLOCK, 0)], 0.5, import_price_per_mwh=[25, 25, 90, 90, 25, 25]
    )
    schedule = dispatch(problem)
    found = schedule_totals(problem, schedule)
    assert found.import_mwh == pytest.approx(schedule.import_mw.sum(), rel=1e-9)
    assert found.cost == pytest.approx(schedule.quality.ac_cost, rel=1e-9)
