from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise, product

import numpy as np
import pytest

from carbon.data_centre import DataCentre, OutdoorAir
from carbon.data_centre.rules import Rule
from carbon.data_centre.studies import (
    OperatingSite,
    best_order,
    cheapest_that_keeps,
    combinations,
    design_years,
    load_changes,
    metrics_at,
    one_at_a_time,
)
from carbon.data_centre.studies.remedies import with_change
from grid.time.clock import Clock

HOURS = 96
HALL = DataCentre(name="hall", bus="quay", p_it_rated_mw=2.0)
FEW = tuple(change for change in load_changes() if change.id in {
    "containment", "supply_27", "led_lighting", "eco_mode", "hvdc_240", "panama", "air_economiser", "immersion",
})  # fmt: skip


def site() -> OperatingSite:
    hour = np.arange(HOURS)
    air = OutdoorAir(18 + 12 * np.cos(hour / 24 * 2 * np.pi), np.full(HOURS, 60.0), np.full(HOURS, 101_325.0))
    clock = Clock(datetime(2030, 7, 1, tzinfo=UTC), timedelta(hours=1), HOURS)
    return OperatingSite("quay", clock, "Europe/Berlin", air, 300 + 50 * np.sin(hour), 80 + 30 * np.cos(hour))


def limit(value: float, metric: str = "pue", sense: str = "at_most") -> Rule:
    return Rule(id="r", title="r", jurisdiction="", issuer="", metric=metric, limit=value, sense=sense,
                source="ours", status="verified")  # fmt: skip


def brute_force(value: float) -> tuple[float, set[str]] | None:
    """The least investment that keeps a limit, by trying every set of changes in every sensible order."""
    plants = [change for change in FEW if change.id in {"air_economiser", "immersion"}]
    chains = [change for change in FEW if change.id in {"eco_mode", "hvdc_240", "panama"}]
    points = [change for change in FEW if change not in [*plants, *chains]]
    kept = []
    for plant, chain, *flags in product([None, *plants], [None, *chains], *([False, True] for _ in points)):
        chosen = [change for change in (plant, chain) if change]
        chosen += [change for change, taken in zip(points, flags, strict=True) if taken]
        spec: DataCentre | None = HALL
        for change in chosen:
            spec = None if spec is None else with_change(spec, change)
        if spec is None:
            continue
        pue = metrics_at(spec, site())["pue"].value
        if pue is not None and pue <= value:
            cost = sum(change.capital_cost_per_kw_it for change in chosen) * 2000
            kept.append((cost, pue, {change.id for change in chosen}))
    return min(((cost, ids) for cost, _, ids in sorted(kept, key=lambda one: one[:2])), key=lambda one: one[0],
               default=None)  # fmt: skip


YEARS = design_years(combinations(HALL, FEW), site())


@pytest.mark.parametrize("value", [1.5, 1.3, 1.27, 1.24, 1.2, 1.17, 1.12, 1.08])
def test_the_cheapest_change_is_the_cheapest_of_all(value: float) -> None:
    found, expected = cheapest_that_keeps(YEARS, limit(value)), brute_force(value)
    if expected is None:
        assert found is None
    else:
        assert found is not None
        assert found.design.capital_cost == pytest.approx(expected[0])
        assert set(found.design.ids) == expected[1]


def test_the_limits_tried_are_of_all_kinds() -> None:
    found = [cheapest_that_keeps(YEARS, limit(value)) for value in (1.5, 1.24, 1.01)]
    assert [None if one is None else len(one.design.changes) > 0 for one in found] == [False, True, None]


def test_combinations_begin_with_the_hall_as_it_is_and_never_set_the_same_twice() -> None:
    designs = combinations(HALL)
    assert designs[0].changes == ()
    assert designs[0].spec == HALL
    costs = [design.capital_cost for design in designs]
    assert costs == sorted(costs)
    assert len({frozenset(design.ids) for design in designs}) == len(designs)
    for design in designs:
        paths = [path for change in design.changes for path in change.changes]
        assert len(set(paths)) == len(paths)


def test_a_change_that_the_hall_has_is_in_no_combination() -> None:
    lit = HALL.with_changes({"lighting_share": 0.002, "power_chain": {"kind": "eco_mode"}})
    ids = {name for design in combinations(lit) for name in design.ids}
    assert not ids & {"led_lighting", "eco_mode", "heat_reuse"}
    assert {"panama", "supply_27"} <= ids


def test_a_rule_of_least_is_kept_from_above_and_an_unknown_metric_never() -> None:
    best = cheapest_that_keeps(YEARS, limit(5.0, "cer", "at_least"))
    assert best is not None
    assert (best.value("cer") or 0.0) >= 5.0
    assert cheapest_that_keeps(YEARS, limit(0.0, "ref", "at_least")) is None


def test_the_year_of_a_design_is_what_the_facility_draws() -> None:
    now = YEARS[0]
    assert now.value("pue") == metrics_at(HALL, site())["pue"].value
    energy = now.value("energy")
    assert energy is not None
    assert now.peak_mw >= energy / HOURS
    assert now.energy_cost * HOURS / 8760 < energy * 110
    assert now.energy_cost * HOURS / 8760 > energy * 50


def test_each_step_of_a_retrofit_lowers_the_pue_and_begins_where_the_last_ended() -> None:
    steps = best_order(HALL, site(), FEW)
    assert len(steps) > 2
    assert steps[0].pue_before == pytest.approx(YEARS[0].value("pue"))
    for before, after in pairwise(steps):
        assert after.pue_before == before.pue
    assert all(step.saved > 0 for step in steps)
    assert steps[-1].year.design.capital_cost == pytest.approx(sum(step.cost for step in steps))


def test_the_first_step_saves_most_for_its_money() -> None:
    alone = one_at_a_time(HALL, site(), FEW)
    assert [step.saved for step in alone] == sorted((step.saved for step in alone), reverse=True)
    best = max(alone, key=lambda step: step.saved / step.cost)
    assert best_order(HALL, site(), FEW)[0].change == best.change


def test_what_is_told_can_end_the_study() -> None:
    class EndedError(Exception):
        pass

    shares: list[float] = []

    def tell(share: float) -> None:
        shares.append(share)
        if len(shares) == 3:
            raise EndedError

    with pytest.raises(EndedError):
        design_years(combinations(HALL, FEW), site(), tell)
    assert shares == sorted(shares)


def test_a_hall_of_a_stated_pue_may_have_a_described_plant_and_nothing_else_is_changed() -> None:
    stated = HALL.with_changes({"stated": {"pue": 1.45}})
    place = site()
    years = design_years(combinations(stated, FEW), place)
    assert years[0].value("pue") == pytest.approx(1.45, rel=1e-12)
    first = {year.design.ids[0]: year for year in years[1:]}
    assert set(first) == {"air_economiser", "immersion"}
    described = HALL.with_changes({"cooling": {"kind": "air_economiser"}})
    alone = next(year for year in years if year.design.ids == ("air_economiser",))
    assert alone.value("pue") == pytest.approx(metrics_at(described, place)["pue"].value, rel=1e-12)
