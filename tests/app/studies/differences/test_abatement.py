"""What a tonne less costs, by hand and against a plain search over prices."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.studies.differences.abatement import (
    AbatementStep,
    Option,
    frontier_of,
    preferred,
    preferred_by_price,
    steps_along,
)
from tests.examples import examples

CHEAP, MIDDLE, CLEAN = Option("cheap", 0, 10), Option("middle", 60, 9), Option("clean", 100, 8)
WORSE = Option("worse", 70, 9.5)
NUMBERS = st.integers(-20, 20)
OPTIONS = st.lists(st.tuples(NUMBERS, NUMBERS), min_size=1, max_size=8).map(
    lambda points: [Option(f"option {place}", *point) for place, point in enumerate(points)]
)


def test_what_another_betters_is_not_on_the_frontier() -> None:
    assert frontier_of([CLEAN, WORSE, MIDDLE, CHEAP]) == (CHEAP, MIDDLE, CLEAN)
    assert frontier_of([]) == ()


def test_neighbours_differ_by_what_a_tonne_costs() -> None:
    assert [step.cost_per_t for step in steps_along(frontier_of([CHEAP, MIDDLE, CLEAN]))] == [60, 40]
    assert AbatementStep(CLEAN, CHEAP).cost_per_t is None
    assert AbatementStep(MIDDLE, Option("free", 30, 8)).cost_per_t == -30


def test_what_lies_above_the_convex_part_is_best_at_no_price() -> None:
    steps = preferred_by_price([CHEAP, MIDDLE, CLEAN])
    assert [(step.start, step.end, step.cost_per_t) for step in steps] == [(CHEAP, CLEAN, 50)]


def test_one_that_is_best_in_both_is_best_at_any_price() -> None:
    assert preferred_by_price([CLEAN, Option("best", -1, 7), CHEAP]) == ()


@given(OPTIONS, st.floats(0.001, 100))
@examples(60)
def test_prices_name_what_a_search_over_all_options_finds(options: list[Option], price: float) -> None:
    steps = preferred_by_price(options)
    costs = [step.cost_per_t for step in steps]
    assert costs == sorted(costs)  # type: ignore[type-var]
    chosen = next((step.start for step in steps if step.cost_per_t is not None and price < step.cost_per_t),
                  steps[-1].end if steps else frontier_of(options)[0])  # fmt: skip
    least = min(one.cost + price * one.emissions_t for one in options)
    assert chosen.cost + price * chosen.emissions_t == pytest.approx(least, abs=1e-9)
    found = preferred(options, price)
    assert found.cost + price * found.emissions_t == pytest.approx(least, abs=1e-9)


@given(OPTIONS)
@examples(40)
def test_every_option_is_on_the_frontier_or_bettered(options: list[Option]) -> None:
    kept = frontier_of(options)
    for one in options:
        better = [other for other in kept if other.cost <= one.cost and other.emissions_t <= one.emissions_t]
        assert better
    assert all(step.saved_t > 0 and step.added_cost >= 0 for step in steps_along(kept))
    assert np.all(np.diff([one.cost for one in kept]) >= 0)
