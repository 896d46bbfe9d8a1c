from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from app.results.folder import Result
from app.results.parquet.resolution import RESOLUTIONS
from app.simulation.phases import SimulationResult
from app.studies.designs import yearly_pue
from app.studies.halls.buses import at_buses
from app.studies.halls.site import hall_year, scenario_of
from app.studies.halls.study import HallStudy, power_of, study_hall
from app.studies.halls.verdicts import OF_DESIGN, OF_RUN, target_rule, verdicts
from carbon.data_centre import FacilityModel, it_demand_mw
from carbon.data_centre.rules import rule_set, rule_sets
from tests.app.synthetic_results import DATA_CENTRE, DC_BUS


@pytest.fixture(scope="module")
def study(results: dict[str, Result]) -> HallStudy:
    result = results["optimal"]
    return study_hall(result, scenario_of(result).data_centres[0])


@pytest.mark.slow
def test_the_year_of_a_hall_is_the_year_of_the_study_of_designs(
    fuel_outcome: SimulationResult, fuel_result: Result
) -> None:
    (spec,) = scenario_of(fuel_result).data_centres
    site = hall_year(fuel_result).site
    total = FacilityModel(spec, site.air, 1.0).total_at(it_demand_mw(spec, site.clock, site.time_zone, site.air))
    it = it_demand_mw(spec, site.clock, site.time_zone, site.air)
    assert total.sum() / it.sum() == pytest.approx(yearly_pue(fuel_outcome), rel=1e-12)


def test_the_hall_as_it_is_comes_first_and_its_year_is_that_of_its_months(study: HallStudy) -> None:
    assert study.now.design.spec == study.spec
    assert study.now.design.changes == ()
    pue = study.now.value("pue") or 0.0
    assert study.months["month"].to_list() == list(range(1, 13))
    assert study.months["pue"].min() < pue < study.months["pue"].max()  # type: ignore[operator]
    hours = np.array([31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31])
    assert np.average(study.months["pue"], weights=hours) == pytest.approx(pue, rel=1e-4)  # its load is flat


def test_a_margin_is_positive_where_a_rule_is_passed_and_negative_where_it_is_failed(study: HallStudy) -> None:
    judged = [verdict for verdict in study.verdicts if verdict.outcome.passed is not None]
    assert {verdict.outcome.passed for verdict in judged} == {True, False}
    for verdict in judged:
        margin = verdict.outcome.margin
        assert margin is not None
        assert (margin >= 0) == verdict.outcome.passed


def test_every_shipped_rule_is_judged_and_every_remedy_keeps_its_rule(study: HallStudy) -> None:
    expected = [(name, rule.id) for name in rule_sets() for rule in rule_set(name)]
    assert [(verdict.rules, verdict.rule.id) for verdict in study.verdicts] == expected
    for verdict in study.verdicts:
        if verdict.outcome.passed:
            assert verdict.remedy is None
        elif verdict.remedy is not None:
            assert verdict.remedy.keeps(verdict.rule)
            assert verdict.remedy.design.changes


def test_the_year_judges_a_run_of_days_and_the_run_a_run_of_a_year(study: HallStudy) -> None:
    metric = {"unit": "1", "numerator": "", "denominator": "", "standard": "", "edition": ""}
    run = {"pue": {"value": 1.11, **metric}, "ref": {"value": 0.9, **metric}}
    short, whole = (verdicts(study.spec, study.year.site, study.years, run, days) for days in (7.0, 365.0))
    by_metric = {name: {verdict.rule.metric: verdict for verdict in one} for name, one in (("s", short), ("w", whole))}
    assert by_metric["s"]["pue"].basis == OF_DESIGN
    assert by_metric["s"]["pue"].outcome.value == study.now.value("pue")
    assert by_metric["s"]["pue"].run_value == 1.11
    assert by_metric["w"]["pue"].basis == OF_RUN
    assert by_metric["w"]["pue"].outcome.value == 1.11
    assert by_metric["s"]["ref"].outcome.value == 0.9
    assert by_metric["s"]["ref"].basis == OF_RUN


def test_a_limit_of_the_readers_is_a_rule(study: HallStudy) -> None:
    assert study.now.keeps(target_rule((study.now.value("pue") or 0.0) + 0.001))
    assert not study.now.keeps(target_rule((study.now.value("pue") or 0.0) - 0.001))


def test_the_carbon_of_a_hall_at_its_own_bus_is_that_of_the_run(results: dict[str, Result]) -> None:
    result = results["optimal"]
    power = power_of(result, scenario_of(result).data_centres[0])
    row = at_buses(result, power).filter(pl.col("bus") == DC_BUS).row(0, named=True)
    summary = result.summary
    expected = 1e3 * summary[f"data_centres.{DATA_CENTRE}.emissions_t"]
    step = RESOLUTIONS["buses"]["ci_kg_per_mwh"]  # each value of the table is within half of it
    mean = expected / summary[f"data_centres.{DATA_CENTRE}.energy_mwh"]
    assert row["ci_kg_per_mwh"] == pytest.approx(mean, rel=0, abs=step / 2)
    buses = result.table("buses").with_columns(pl.col("bus").cast(pl.String)).filter(pl.col("bus") == DC_BUS)
    assert row["vm_min_pu"] == buses.collect()["vm_pu"].min()


def test_where_nothing_was_optimised_no_bus_has_a_price(results: dict[str, Result]) -> None:
    result = results["unmanaged"]
    table = at_buses(result, power_of(result, scenario_of(result).data_centres[0]))
    assert table["price_per_mwh"].null_count() == table.height == len(result.topology["buses"])
    assert table["ci_kg_per_mwh"].drop_nulls().is_sorted()


def test_other_weather_changes_the_air_alone(study: HallStudy) -> None:
    here, there = study.weathers.rows
    assert here.operation.site == study.year.weather == "potsdam-try"
    assert there.operation.site == "greensboro-tmy3"
    assert here.operation.it_energy_mwh == there.operation.it_energy_mwh
    assert (there.operation.pue or 0.0) > (here.operation.pue or 9.0)
