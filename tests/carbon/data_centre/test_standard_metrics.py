from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from carbon.data_centre import DataCentre, Facility, FacilityModel, OutdoorAir, facility_totals
from carbon.data_centre.on_site import Generators, generator_tests
from carbon.data_centre.standard_metrics import MetricInputs, run_metrics, step_metrics
from grid.errors import InputError
from grid.time.clock import Clock

CLOCK = Clock(datetime(2030, 1, 1, tzinfo=UTC), timedelta(hours=1), 4)
CI = np.array([100.0, 400.0, 250.0, 600.0])


def hall(p_it_mw: Any = (1.0, 2.0, 3.0, 1.5), **changes: Any) -> Facility:
    given_changes = {"name": "n", "bus": "b", "p_it_rated_mw": 3.0, "transformer": {}}
    spec = DataCentre.model_validate(given_changes | changes)
    air = OutdoorAir(np.array([0.0, 15.0, 25.0, 33.0]), np.full(4, 60.0), np.full(4, 101325.0))
    return FacilityModel(spec, air, 1.0).at(np.asarray(p_it_mw, dtype=float))


def value(found: Any, name: str) -> float:
    assert found[name].value is not None
    return float(found[name].value)


def test_every_metric_says_what_it_divides_by_what_and_by_which_standard() -> None:
    for name, metric in run_metrics(hall(), MetricInputs(ci_kg_per_mwh=CI)).items():
        assert metric.numerator, name
        assert metric.unit, name
        assert metric.standard == "not standardised" or (metric.denominator and metric.edition), name


def test_excesses_of_partial_pues_add_up_to_that_of_the_pue() -> None:
    found = run_metrics(hall())
    parts = sum(value(found, f"ppue_{part}") - 1.0 for part in ("cooling", "power_chain", "lighting"))
    assert parts == pytest.approx(value(found, "pue") - 1.0)


def test_ratios_by_hand() -> None:
    facility = hall()
    it, total = 7.5, float(facility.p_total_mw.sum())
    known = MetricInputs(ci_kg_per_mwh=CI, owned_renewable_mwh=2.0, reused_mwh=1.5, renewable_share=np.full(4, 0.4),
                  cpu_utilisation=np.array([0.1, 0.2, 0.3, 0.4]))  # fmt: skip
    found = run_metrics(facility, known)
    assert value(found, "pue") == pytest.approx(total / it)
    assert value(found, "cue") == pytest.approx(facility.p_total_mw @ CI / it / 1000)
    assert value(found, "wue") == pytest.approx(facility.water_l.sum() / it / 1000)
    assert value(found, "ref") == pytest.approx(2.0 / total)
    assert value(found, "erf") == pytest.approx(1.5 / total)
    assert value(found, "ere") == pytest.approx((total - 1.5) / it)
    assert value(found, "cer") == pytest.approx(facility.heat_mw.sum() / facility.p_cooling_mw.sum())
    assert value(found, "renewable_share_traced") == pytest.approx(0.4)
    assert value(found, "iteu_sv") == pytest.approx(0.25)


def test_all_heat_but_the_transformers_is_removed() -> None:
    facility = hall()
    assert facility.p_transformer_mw is not None
    np.testing.assert_allclose(
        facility.heat_mw + facility.p_transformer_mw + facility.p_cooling_mw, facility.p_total_mw, rtol=1e-12
    )


def test_a_transformer_adds_its_loss_and_no_cooling() -> None:
    with_it, without = hall(), hall(transformer=None)
    np.testing.assert_allclose(with_it.p_cooling_mw, without.p_cooling_mw)
    np.testing.assert_allclose(with_it.p_total_mw - without.p_total_mw, with_it.p_transformer_mw)


def test_diesel_of_tests_counts_in_the_cue() -> None:
    tests = generator_tests(Generators(p_rated_mw=4.0), CLOCK)
    dry, burnt = (run_metrics(hall(), MetricInputs(ci_kg_per_mwh=CI, tests=t)) for t in (None, tests))
    assert value(burnt, "emissions") - value(dry, "emissions") == pytest.approx(tests.emissions_kg)
    assert value(burnt, "cue") > value(dry, "cue")


@given(p=st.lists(st.floats(0.01, 3.0), min_size=4, max_size=4))
def test_the_run_is_the_it_weighted_mean_of_its_steps(p: list[float]) -> None:
    facility = hall(p)
    series, found = step_metrics(facility, MetricInputs(ci_kg_per_mwh=CI)), run_metrics(facility, MetricInputs(CI))
    for name in ("pue", "wue", "cue"):
        assert np.average(series[name].values, weights=p) == pytest.approx(value(found, name))
        assert series[name].denominator == "IT energy"
    assert np.average(series["cer"].values, weights=facility.p_cooling_mw) == pytest.approx(value(found, "cer"))


def test_they_agree_with_the_metrics_of_a_summary() -> None:
    facility = hall()
    short, long = facility_totals(facility, CI), run_metrics(facility, MetricInputs(ci_kg_per_mwh=CI))
    assert (short.pue, short.wue_l_per_kwh) == (long["pue"].value, long["wue"].value)
    assert short.cue_kg_per_kwh == pytest.approx(value(long, "cue"))


def test_what_is_not_known_is_none_and_an_idle_hall_has_no_ratio_per_it() -> None:
    found = run_metrics(hall([0.0] * 4))
    assert [found[name].value for name in ("pue", "wue", "cue", "ref", "erf", "iteu_sv")] == [None] * 6
    assert value(found, "energy") > 0


def test_all_faults_at_once() -> None:
    with pytest.raises(InputError) as caught:
        run_metrics(hall(), MetricInputs(ci_kg_per_mwh=CI[:2], owned_renewable_mwh=-1.0))
    assert [fault.place for fault in caught.value.faults] == ["ci_kg_per_mwh", "owned_renewable_mwh"]
