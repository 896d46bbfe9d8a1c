from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from carbon.data_centre import DataCentre, OutdoorAir
from carbon.data_centre.rules import Rule, Surcharge, evaluate, rule_set, rule_sets, surcharge_cost
from carbon.data_centre.standard_metrics import Metric
from carbon.data_centre.studies.operation import OperatingSite, metrics_at
from carbon.data_centre.studies.remedies import cheapest_remedy, find_remedies, load_changes, with_change
from grid.errors import InputError
from grid.time.clock import Clock

YEAR = Clock(datetime(2030, 1, 1, tzinfo=UTC), timedelta(hours=6), 1460)


@pytest.fixture(scope="module")
def site() -> OperatingSite:
    """A temperate year: a yearly and a daily wave."""
    t = np.arange(1460) * 6.0
    degc = 11.0 - 10.0 * np.cos(2 * np.pi * t / 8760) - 4.0 * np.cos(2 * np.pi * t / 24)
    air = OutdoorAir(degc, np.full(1460, 65.0), np.full(1460, 101325.0))
    return OperatingSite("temperate", YEAR, "Europe/Berlin", air, np.full(1460, 400.0), np.full(1460, 80.0))


def spec(**changes: Any) -> DataCentre:
    return DataCentre.model_validate({"name": "n", "bus": "b", "p_it_rated_mw": 3.0} | changes)


def metric(value: float | None) -> Metric:
    return Metric(value, "1", "facility energy", "IT energy", "ISO/IEC 30134-2", "2016")


def rule(name: str, of: str = "china") -> Rule:
    return next(found for found in rule_set(of) if found.id == name)


@pytest.mark.parametrize("name", rule_sets())
def test_every_rule_has_a_source_and_grades_in_order(name: str) -> None:
    for found in rule_set(name):
        assert len(found.source) > 10
        limits = list(found.grades.values())
        assert limits == sorted(limits)


@pytest.mark.parametrize(
    ("pue", "grade", "passed"),
    [(1.15, "1", True), (1.2, "1", True), (1.21, "2", True), (1.3, "2", True), (1.5, "3", True), (1.51, "", False)],
)
def test_grades_of_gb_40879(pue: float, grade: str, *, passed: bool) -> None:
    (verdict,) = evaluate([rule("gb_40879")], {"pue": metric(pue)})
    assert (verdict.grade, verdict.passed) == (grade, passed)
    assert verdict.margin == pytest.approx(1.5 - pue)


def test_a_share_passes_from_its_limit_upwards() -> None:
    at_least = rule("enefg_reuse_2026", "germany")
    assert [evaluate([at_least], {"erf": metric(v)})[0].passed for v in (0.05, 0.1, 0.2)] == [False, True, True]
    assert evaluate([at_least], {"erf": metric(0.05)})[0].margin == pytest.approx(-0.05)


def test_a_value_that_is_not_known_is_neither_passed_nor_failed() -> None:
    verdicts = evaluate([rule("enefg_new", "germany")], {"pue": metric(None)})
    assert (verdicts[0].passed, verdicts[0].margin) == (None, None)


def test_only_rules_in_force_count() -> None:
    german = rule_set("germany")
    on = {v.rule.id for v in evaluate(german, {"pue": metric(1.25)}, on=date(2027, 7, 1))}
    assert "enefg_existing_2027" in on
    assert "enefg_existing_2030" not in on


def test_the_surcharge_of_beijing_by_hand() -> None:
    price = Surcharge(currency="CNY", per_kwh=0.2, per_kwh_beyond_twice=0.5)
    assert surcharge_cost(price, 1.35, 1.55, 1000.0) == pytest.approx(0.2 * 1000 * 1000 * 0.2)
    assert surcharge_cost(price, 1.35, 1.30, 1000.0) == 0.0
    assert surcharge_cost(price, 1.35, 2.85, 1000.0) == pytest.approx(1.5 * 1000 * 1000 * 0.5)
    (verdict,) = evaluate([rule("beijing_tariff")], {"pue": metric(1.55), "it_energy": metric(1000.0)})
    assert verdict.surcharge == pytest.approx(40_000)


def test_a_rule_file_of_ones_own(tmp_path: Path) -> None:
    path = tmp_path / "ours.yaml"
    path.write_text(
        "rules:\n- {id: ours, title: Ours, jurisdiction: here, issuer: we, metric: wue, limit: 1.8, "
        "source: our board, status: verified}\n"
    )
    assert evaluate(rule_set(path), {"wue": metric(2.0)})[0].passed is False


def test_faults_of_a_rule_file_come_at_once_with_their_places(tmp_path: Path) -> None:
    path = tmp_path / "bad.yaml"
    path.write_text("rules:\n- {id: a, metric: pui, limit: high}\n")
    with pytest.raises(InputError) as caught:
        rule_set(path)
    places = {fault.place for fault in caught.value.faults}
    assert {"rules[0].metric", "rules[0].limit", "rules[0].source"} <= places
    with pytest.raises(InputError, match="did you mean 'china'"):
        rule_set("chine")


def test_every_change_names_a_source_and_has_its_own_id() -> None:
    changes = load_changes()
    assert len({change.id for change in changes}) == len(changes)
    assert all(change.source and change.capital_cost_per_kw_it > 0 for change in changes)


def test_the_cheapest_change_passes_and_no_cheaper_one_does(site: OperatingSite) -> None:
    poor = spec(cooling={"kind": "water_economiser", "t_supply_degc": 18}, transformer={})
    limit = rule("beijing_tariff")
    now = metrics_at(poor, site)["pue"].value
    assert now is not None
    assert now > limit.limit
    tried = find_remedies(poor, limit, site)
    best = cheapest_remedy(poor, limit, site)
    assert best is not None
    assert best.passed
    assert not any(other.passed for other in tried if other.capital_cost < best.capital_cost)
    again = metrics_at(best.spec, site)["pue"].value
    assert again == best.value
    assert again is not None
    assert again <= limit.limit


def test_a_rule_that_no_single_change_keeps_has_no_remedy(site: OperatingSite) -> None:
    never = rule("gb_40879").with_changes({"limit": 1.001, "grades": {}})
    assert cheapest_remedy(spec(), never, site) is None


def test_heat_reuse_is_the_remedy_for_reused_energy(site: OperatingSite) -> None:
    best = cheapest_remedy(spec(power_chain={"kind": "hvdc_240"}), rule("enefg_reuse_2026", "germany"), site)
    assert best is not None
    assert best.change.id == "heat_reuse"


def test_changes_that_do_not_apply_are_left_out() -> None:
    changes = {change.id: change for change in load_changes()}
    air = spec(cooling={"kind": "air_economiser"})
    assert with_change(air, changes["supply_27"]) is None  # it has no fixed supply temperature
    assert with_change(spec(), changes["water_economiser"]) is None  # it has that already
    assert with_change(spec(utilisation=0.95), changes["fill"]) is None
    better = with_change(spec(), changes["containment"])
    assert better is not None
    assert better.cooling.model_dump()["air_handler"]["air_rise_k"] == 12
