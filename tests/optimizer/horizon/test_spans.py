"""A period in spans that are run in costs what it costs in one, keeps what it promises, and closes at its seams."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from grid.errors import InputError
from grid.flexibility.flexibility import Flexibility
from optimizer.horizon.rolling import dispatch
from optimizer.horizon.spans import Spans, dispatch_in_spans
from optimizer.problem.problem import DispatchProblem
from tests.optimizer.small_cases import battery, clock_of, cost, feeder, final_energy, fleet, import_mw, problem_on, pv

pytestmark = pytest.mark.slow

DAYS, DAY = 6, 24
CLOCK = clock_of(DAYS * DAY)
HOURS = np.arange(CLOCK.n_steps)
NETWORK = feeder()


def cars(longest: int, n: int = 90) -> Flexibility:
    """Sessions of up to `longest` hours, half of them with V2G."""
    whole = fleet(NETWORK, CLOCK, 3, n=n, wear=5.0, eta=0.9)
    store = whole.reservoir
    assert store is not None
    stop = np.minimum(whole.start + 4 + np.arange(n) % (longest - 3), whole.stop)
    due = np.minimum(store.e_end_mwh, store.e_start_mwh + 0.8 * 0.1 * 0.9 * (stop - whole.start))
    return replace(
        whole, stop=stop, reservoir=replace(store, e_end_mwh=due, e_max_mwh=np.maximum(store.e_max_mwh, due))
    )


def week(longest_stay: int = 14, retention: float = 0.999, **changes: object) -> DispatchProblem:
    """Six days by the hour on a feeder whose lines are full in the evening."""
    load = np.zeros((CLOCK.n_steps, 3))
    load[:, 1], load[:, 2] = 0.5, 1.2 + 0.5 * np.sin(HOURS / 4)
    price = 60 + 40 * np.sin(HOURS / 3.8) + 10 * np.sin(HOURS / 30)
    sun = np.maximum(0, np.sin((HOURS % DAY - 6) / 12 * np.pi))
    flexibilities = [
        battery(NETWORK, CLOCK, 2, wear=5.0, retention=retention, name="battery"),
        cars(longest_stay),
        pv(NETWORK, CLOCK, 1, sun),
    ]
    given = {"import_price_per_mwh": price, "export_price_per_mwh": price - 20, "horizon_steps": DAY}
    return problem_on(NETWORK, CLOCK, flexibilities, load, **(given | {"look_ahead_steps": 12} | changes))


@pytest.fixture(scope="module")
def one() -> tuple[DispatchProblem, float]:
    problem = week(loading_max_percent=np.full(2, 45.0))
    return problem, cost(problem, dispatch(problem))


@pytest.mark.parametrize(("days", "run_in"), [(1, 1), (4, 2)])
def test_spans_cost_what_one_costs(one: tuple[DispatchProblem, float], days: int, run_in: int) -> None:
    problem, whole = one
    schedule = dispatch_in_spans(problem, Spans(days * DAY, run_in * DAY))
    assert cost(problem, schedule) == pytest.approx(whole, rel=5e-4)
    assert schedule.windows == DAYS
    assert schedule.decided_steps == CLOCK.n_steps
    assert not schedule.shortfalls
    np.testing.assert_allclose(schedule.import_mw - schedule.export_mw, import_mw(problem, schedule), atol=2e-3)
    assert np.isfinite(schedule.nodal_price_per_mwh).all()
    closes(problem, schedule.p_mw)


def closes(problem: DispatchProblem, p_mw: dict[str, np.ndarray]) -> None:
    """Stores stay within bounds from step to step over all seams; every stay ends with what it is due."""
    store, fleet_of_cars, _ = problem.flexibilities
    assert store.reservoir is not None
    assert fleet_of_cars.reservoir is not None
    energy = store.energy_mwh(p_mw["battery"])
    assert energy.min() >= -1e-6
    assert energy.max() <= store.reservoir.e_max_mwh[0] + 1e-6
    assert energy[-1] >= store.reservoir.e_end_mwh[0] - 1e-6
    np.testing.assert_allclose(final_energy(fleet_of_cars, p_mw["cars"]), fleet_of_cars.reservoir.e_end_mwh, atol=1e-6)
    held = fleet_of_cars.energy_mwh(p_mw["cars"])
    low, high = (np.repeat(e, fleet_of_cars.stop - fleet_of_cars.start)
                 for e in (fleet_of_cars.reservoir.e_min_mwh, fleet_of_cars.reservoir.e_max_mwh))  # fmt: skip
    assert (held >= low - 1e-6).all()
    assert (held <= high + 1e-6).all()


def test_stays_longer_than_spans_and_run_ins_are_delivered() -> None:
    problem = week(longest_stay=70)
    across = (problem.flexibilities[1].stop - problem.flexibilities[1].start > 2 * DAY).sum()
    assert across > 10
    closes(problem, dispatch_in_spans(problem, Spans(DAY, DAY)).p_mw)


def test_a_store_too_slow_for_its_seam_goes_on_from_what_it_holds() -> None:
    """A large store of little power that starts empty is far from where a run-in of a day from empty ends."""
    problem = week()
    slow = battery(NETWORK, CLOCK, 2, name="battery", p_mw=0.02, e_mwh=4.0, e_start=0.1, retention=0.9999)
    problem = replace(problem, flexibilities=(slow, *problem.flexibilities[1:]))
    closes(problem, dispatch_in_spans(problem, Spans(2 * DAY, DAY)).p_mw)


def test_progress_counts_run_ins_and_answers_may_come_from_elsewhere() -> None:
    told: list[tuple[int, int]] = []
    asked: list[int] = []

    def apply(function, tasks):  # type: ignore[no-untyped-def]
        asked.append(len(tasks))
        return [function(task) for task in tasks]

    dispatch_in_spans(week(), Spans(2 * DAY, DAY), lambda done, of: told.append((done, of)), apply)
    assert told[-1] == (8 * DAY, 8 * DAY)
    assert asked == [2, 3, 3]


def test_what_ties_windows_together_is_refused_at_once() -> None:
    problem = week(carbon_cap_kg=1e6, demand_charge_per_mw_month=1.0, look_ahead_steps=30)
    with pytest.raises(InputError) as caught:
        dispatch_in_spans(problem, Spans(30, 0))
    text = str(caught.value)
    for place in ("steps", "run_in_steps", "look_ahead_steps", "carbon_cap_kg", "demand_charge_per_mw_month"):
        assert place in text
