"""What an explanation must hold to, whatever the two results are."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.results.folder import Result
from app.studies.differences.cost import cost_difference
from app.studies.differences.emissions import average_difference, marginal_difference
from app.studies.differences.explanation import Explanation
from app.studies.differences.run_ledger import CHARGING, OTHER_USES, V2G, RunLedger, run_ledger
from app.studies.differences.split import amount_and_timing
from app.studies.differences.table import explain
from grid.errors import InputError
from tests.app.studies.differences.ledgers import N_STEPS, quiet_ledger, random_ledger
from tests.examples import examples

Explain = Callable[[RunLedger, RunLedger], Explanation]
EXPLANATIONS: dict[str, Explain] = {
    "average": average_difference,
    "marginal": marginal_difference,
    "cost": lambda before, after: cost_difference(before, after, "EUR"),
}
EMISSIONS = [average_difference, marginal_difference]
SEEDS = st.integers(0, 10_000)
DAY = 2 + np.sin(np.arange(N_STEPS) / 24 * 2 * np.pi)


def nonzero(explained: Explanation) -> set[str]:
    least = 1e-9 * max(abs(explained.before), abs(explained.change))
    return {kind for kind, amount in explained.by_kind().items() if abs(amount) > least}


@pytest.mark.parametrize("explain_by", EXPLANATIONS.values(), ids=EXPLANATIONS)
@given(first=SEEDS, second=SEEDS)
@examples(40)
def test_causes_sum_to_the_difference_and_nothing_is_left(explain_by: Explain, first: int, second: int) -> None:
    found = explain_by(random_ledger(first), random_ledger(second))
    kinds = found.by_kind()
    assert math.isclose(sum(kinds.values()), found.change, rel_tol=1e-9, abs_tol=1e-9 * abs(found.before))
    assert abs(kinds["rest"]) <= 1e-9 * abs(found.before)
    named = sum(amount for kind, amount in kinds.items() if kind != "rest")
    assert math.isclose(named, found.change, rel_tol=1e-9, abs_tol=1e-9 * abs(found.before))


@pytest.mark.parametrize("explain_by", EXPLANATIONS.values(), ids=EXPLANATIONS)
@given(first=SEEDS, second=SEEDS)
@examples(40)
def test_the_way_back_is_the_opposite(explain_by: Explain, first: int, second: int) -> None:
    there, back = (explain_by(*pair) for pair in ((random_ledger(first), random_ledger(second)),
                                                  (random_ledger(second), random_ledger(first))))  # fmt: skip
    scale, opposite = abs(there.before), {(c.kind, c.of): -c.amount for c in back.causes}
    assert {(c.kind, c.of) for c in there.causes} == set(opposite)
    for c in there.causes:
        assert math.isclose(c.amount, opposite[c.kind, c.of], rel_tol=1e-9, abs_tol=1e-9 * scale)


@pytest.mark.parametrize("explain_by", EXPLANATIONS.values(), ids=EXPLANATIONS)
def test_equal_results_differ_by_nothing(explain_by: Explain) -> None:
    assert set(explain_by(random_ledger(3), random_ledger(3)).by_kind().values()) == {0.0}


@pytest.mark.parametrize("explain_by", EMISSIONS)
@pytest.mark.parametrize("hours", [1, 7, 30])
def test_a_use_that_moves_in_time_is_timing_alone(explain_by: Explain, hours: int) -> None:
    before, after = quiet_ledger({"homes": DAY, "cars": DAY}), quiet_ledger({"homes": DAY, "cars": np.roll(DAY, hours)})
    found = explain_by(before, after)
    assert nonzero(found) == {"timing"}
    assert {c.of for c in found.causes if c.kind == "timing" and abs(c.amount) > 1e-9} == {"cars"}


@pytest.mark.parametrize("explain_by", EMISSIONS)
def test_uses_that_grow_alike_are_energy_alone(explain_by: Explain) -> None:
    uses = {"homes": DAY, "cars": DAY[::-1], "v2g": -0.3 * DAY}
    found = explain_by(quiet_ledger(uses), quiet_ledger({name: 1.3 * values for name, values in uses.items()}))
    assert nonzero(found) == {"energy"}
    assert found.change == pytest.approx(0.3 * found.before, rel=1e-9)


@pytest.mark.parametrize("explain_by", EMISSIONS)
def test_a_use_that_only_one_result_has_is_energy_alone(explain_by: Explain) -> None:
    found = explain_by(quiet_ledger({"homes": DAY}), quiet_ledger({"homes": DAY, "cars": DAY[::-1]}))
    assert nonzero(found) == {"energy"}


@pytest.mark.parametrize("explain_by", EMISSIONS)
def test_dirtier_imports_are_intensity_alone(explain_by: Explain) -> None:
    before = quiet_ledger({"homes": DAY})
    rates = {name: 1.2 * getattr(before, name) for name in ("mean_kg_per_mwh", "marginal_kg_per_mwh")}
    assert nonzero(explain_by(before, quiet_ledger({"homes": DAY}, **rates))) == {"intensity"}


def test_sun_in_place_of_imports_is_generation_alone_and_worth_the_intensity_of_imports() -> None:
    before, sun = quiet_ledger({"homes": DAY}), 0.5 * np.ones(N_STEPS)
    after = quiet_ledger({"homes": DAY}, generation_mwh=sun)
    found = average_difference(before, after)
    assert nonzero(found) == {"generation"}
    assert found.change == pytest.approx(-(sun * before.mean_kg_per_mwh).sum() / 1000, rel=1e-9)


def test_average_and_marginal_value_one_change_differently() -> None:
    before, after = quiet_ledger({"homes": DAY}), quiet_ledger({"homes": 1.1 * DAY})
    average, marginal = (explain_by(before, after).change for explain_by in EMISSIONS)
    assert marginal == pytest.approx(average * 700 / 400, rel=1e-9)


@given(SEEDS)
@examples(20)
def test_amounts_and_patterns_sum_to_the_change_and_patterns_to_nothing(seed: int) -> None:
    rng = np.random.default_rng(seed)
    before, after = rng.normal(0, 1, (2, N_STEPS))
    amount, timing = amount_and_timing(before, after)
    np.testing.assert_allclose(amount + timing, after - before, atol=1e-12)
    assert abs(timing.sum()) < 1e-9


def test_hours_sum_to_the_kinds() -> None:
    found = average_difference(random_ledger(1), random_ledger(2))
    hours = found.by_hour()
    assert hours.height == 24
    for kind, amount in found.by_kind().items():
        if kind != "rest":
            assert hours[kind].sum() == pytest.approx(amount, abs=1e-9)


def test_results_of_other_lengths_are_refused() -> None:
    short = quiet_ledger({"homes": DAY})
    longer = random_ledger(1)
    object.__setattr__(short, "import_mwh", short.import_mwh[:-1])
    with pytest.raises(InputError, match="must have the 47 steps of the other; got 48"):
        average_difference(short, longer)


@pytest.mark.slow
def test_the_demonstration_is_explained_to_the_last_digit(demo: tuple[Result, Result]) -> None:
    for found in explain(*demo):
        kinds = found.by_kind()
        assert sum(kinds.values()) == pytest.approx(found.change, rel=1e-9, abs=1e-9 * abs(found.before))
        assert abs(kinds["rest"]) <= 1e-9 * abs(found.before), (found.figure, kinds)
        assert found.before == demo[0].summary[found.figure]
    ledger = run_ledger(demo[1])
    assert OTHER_USES not in ledger.uses_mwh
    for name, key in ((CHARGING, "ev_energy_mwh"), (V2G, "v2g_energy_mwh")):
        assert abs(ledger.uses_mwh[name].sum()) == pytest.approx(demo[1].summary[key], rel=1e-6)
