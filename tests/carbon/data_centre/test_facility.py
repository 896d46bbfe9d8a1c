from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any, get_args

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from carbon.data_centre import (
    DataCentre,
    Facility,
    FacilityModel,
    OutdoorAir,
    facility_totals,
    it_demand_mw,
    simulate_facility,
)
from carbon.data_centre.cooling import Cooling, WaterEconomiser
from carbon.data_centre.power_chain import FixedEfficiency, PowerChain
from grid.errors import InputError
from grid.time.clock import Clock
from tests.examples import examples

COOLING = [kind.model_fields["kind"].default for kind in get_args(get_args(Cooling)[0])]
CHAINS = [
    {"kind": kind.model_fields["kind"].default}
    | ({"no_load_loss": 0.01, "efficiencies": [0.94, 0.96, 0.962, 0.955]} if kind.__name__.startswith("Meas") else {})
    for kind in get_args(get_args(PowerChain)[0])
]
RATED_MW = 3.0


def data_centre(**changes: Any) -> DataCentre:
    return DataCentre.model_validate({"name": "north", "bus": "b", "p_it_rated_mw": RATED_MW} | changes)


def at(spec: DataCentre, t_degc: Any, rh_percent: Any, p_it_mw: Any, step_hours: float = 1.0) -> Facility:
    t, rh, p_it = np.broadcast_arrays(*(np.atleast_1d(np.asarray(v, float)) for v in (t_degc, rh_percent, p_it_mw)))
    return simulate_facility(spec, t, rh, np.full(t.shape, 101325.0), p_it, step_hours=step_hours)


@pytest.mark.slow
@pytest.mark.parametrize("chain", CHAINS, ids=lambda chain: chain["kind"])
@pytest.mark.parametrize("cooling", COOLING)
@examples(20)
@given(
    points=st.lists(
        st.tuples(st.floats(-40.0, 50.0), st.floats(0.0, 100.0), st.floats(0.0, RATED_MW), st.floats(0.0, RATED_MW)),
        min_size=1,
        max_size=12,
    )
)
def test_laws_of_every_combination(
    *, cooling: str, chain: dict[str, Any], points: list[tuple[float, float, float, float]]
) -> None:
    spec = data_centre(cooling={"kind": cooling}, power_chain=chain)
    t, rh, *loads = np.array(points).T
    lower, higher = (at(spec, t, rh, load) for load in np.sort(loads, axis=0))
    for hall in (lower, higher):
        parts_mw = hall.p_it_mw + hall.p_cooling_mw + hall.p_power_chain_mw
        np.testing.assert_allclose(hall.p_total_mw, parts_mw, rtol=1e-15)
        assert (hall.pue[hall.p_it_mw >= 1e-6] >= 1.0).all()
        assert np.isnan(hall.pue[hall.p_it_mw < 1e-6]).all()
        assert (hall.water_l >= 0.0).all()
    assert (lower.p_total_mw <= higher.p_total_mw).all()


def test_a_fuller_hall_has_a_better_pue() -> None:
    pue = at(data_centre(), 15.0, 60.0, [0.3, 1.0, 2.0, 3.0]).pue
    assert (np.diff(pue) < 0).all()


def test_lighting_is_always_on_and_counts_to_the_power_chain() -> None:
    dark, lit = (
        at(data_centre(lighting_share=share, power_chain={"kind": "fixed_efficiency"}), 10.0, 50.0, [0.0, 3.0])
        for share in (0.0, 0.02)
    )
    np.testing.assert_allclose(lit.p_power_chain_mw - dark.p_power_chain_mw, 0.02 * RATED_MW, rtol=1e-12)
    assert (lit.p_cooling_mw > dark.p_cooling_mw).all()


def test_model_answers_for_any_load_as_the_function_does() -> None:
    spec, t, rh, p = data_centre(), np.linspace(0.0, 35.0, 5), np.full(5, 50.0), np.full(5, 99_000.0)
    model = FacilityModel(spec, OutdoorAir(t, rh, p), 0.25)
    for p_it in (np.full(5, 1.0), np.linspace(0.5, 3.0, 5)):
        direct = simulate_facility(spec, t, rh, p, p_it, step_hours=0.25)
        np.testing.assert_array_equal(model.total_at(p_it), direct.p_total_mw)
        np.testing.assert_array_equal(model.pue_at(p_it), direct.pue)
        np.testing.assert_array_equal(model.at(p_it).water_l, direct.water_l)


def test_shorter_steps_take_less_water_in_proportion_and_the_same_power() -> None:
    hour, quarter = (at(data_centre(), [5.0, 30.0], 60.0, 2.0, step_hours) for step_hours in (1.0, 0.25))
    np.testing.assert_allclose(quarter.water_l, hour.water_l / 4.0)
    np.testing.assert_array_equal(quarter.p_total_mw, hour.p_total_mw)


def test_results_cannot_be_written_to() -> None:
    hall = at(data_centre(), 20.0, 50.0, 2.0)
    with pytest.raises(ValueError, match="read-only"):
        hall.p_total_mw[0] = 0.0


def test_every_fault_is_named_at_once() -> None:
    with pytest.raises(InputError) as caught:
        simulate_facility(
            data_centre(),
            np.array([20.0, np.nan]),
            np.array([-1.0, 50.0]),
            np.full(2, 101325.0),
            np.array([2.0, 3.5]),
            step_hours=0.0,
        )
    places = [fault.place for fault in caught.value.faults]
    assert places == ["t_dry_bulb_degc", "relative_humidity_percent", "step_hours", "p_it_mw"]
    assert "data centre 'north' has 4 problems" in str(caught.value)


@pytest.mark.parametrize("load", [[-0.1], [3.01], [np.nan], [np.inf], [1.0, 1.0]])
def test_a_load_that_cannot_be_is_refused(load: list[float]) -> None:
    model = FacilityModel(data_centre(), OutdoorAir(np.array([20.0]), np.array([50.0]), np.array([101325.0])), 1.0)
    with pytest.raises(InputError, match="p_it_mw"):
        model.at(np.array(load))


def test_a_flat_demand_is_the_utilised_share() -> None:
    clock = Clock(datetime(2030, 1, 1, tzinfo=UTC), timedelta(minutes=15), 96)
    np.testing.assert_allclose(it_demand_mw(data_centre(utilisation=0.9), clock, "Europe/Berlin"), 2.7)


@pytest.mark.parametrize(("start", "peak_hour_utc"), [(datetime(2030, 1, 7, tzinfo=UTC), 14), ((2030, 7, 8), 13)])
def test_a_swinging_demand_peaks_at_its_local_hour_and_keeps_its_mean(start: Any, peak_hour_utc: int) -> None:
    begin = start if isinstance(start, datetime) else datetime(*start, tzinfo=UTC)
    clock = Clock(begin, timedelta(minutes=15), 96)
    p_mw = it_demand_mw(data_centre(utilisation=0.75, daily_swing=0.2, peak_hour=15.125), clock, "Europe/Berlin")
    assert p_mw.mean() == pytest.approx(0.75 * RATED_MW)
    assert p_mw.max() == pytest.approx(0.75 * 1.2 * RATED_MW)
    assert clock.times[np.argmax(p_mw)].item().hour == peak_hour_utc


def test_an_unknown_time_zone_is_refused_with_the_nearest() -> None:
    clock = Clock(datetime(2030, 1, 1, tzinfo=UTC), timedelta(hours=1), 2)
    with pytest.raises(InputError, match="did you mean 'Europe/Berlin'"):
        it_demand_mw(data_centre(), clock, "Europe/Berlim")


def test_metrics_are_ratios_of_sums() -> None:
    hall = at(data_centre(), [0.0, 32.0], [70.0, 60.0], [1.0, 3.0], step_hours=0.5)
    found = facility_totals(hall, np.array([100.0, 600.0]))
    assert found.it_energy_mwh == pytest.approx(2.0)
    assert found.energy_mwh == pytest.approx(hall.p_total_mw.sum() * 0.5)
    assert found.pue == pytest.approx(found.energy_mwh / 2.0)
    assert found.wue_l_per_kwh == pytest.approx(hall.water_l.sum() / 2000.0)
    assert found.cue_kg_per_kwh == pytest.approx((hall.p_total_mw @ [100.0, 600.0]) * 0.5 / 2000.0)


def test_cue_is_intensity_times_pue_where_the_intensity_is_constant() -> None:
    found = facility_totals(at(data_centre(), [0.0, 32.0], 60.0, 2.0), np.full(2, 500.0))
    assert found.cue_kg_per_kwh == pytest.approx(0.5 * found.pue)


def test_metrics_of_an_idle_hall_are_unknown_but_its_energy_is_not() -> None:
    found = facility_totals(at(data_centre(), 20.0, 50.0, 0.0), np.array([400.0]))
    assert (found.pue, found.wue_l_per_kwh, found.cue_kg_per_kwh) == (None, None, None)
    assert found.energy_mwh > 0.0
    assert found.emissions_kg == pytest.approx(400.0 * found.energy_mwh)


def test_without_an_intensity_carbon_is_unknown() -> None:
    found = facility_totals(at(data_centre(), 20.0, 50.0, 2.0))
    assert found.emissions_kg is None
    assert found.cue_kg_per_kwh is None


@pytest.mark.parametrize("ci", [np.array([np.nan]), np.array([100.0, 100.0])])
def test_an_intensity_that_does_not_fit_is_refused(ci: Any) -> None:
    with pytest.raises(InputError, match="ci_kg_per_mwh"):
        facility_totals(at(data_centre(), 20.0, 50.0, 2.0), ci)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"p_it_rated_mw": -2}, "greater than 0"),
        ({"cooling": {"kind": "ice"}}, "water_economiser"),
        ({"power_chain": {"kind": "hvdc"}}, "hvdc_240"),
        ({"cooling": {"kind": "air_economiser", "t_supply_degc": 20}}, "Extra inputs"),
        ({"utilisation": 0.9, "daily_swing": 0.2}, "must not exceed 1"),
        ({"deferrable_share": 1.2}, "less than or equal to 1"),
        ({"name": "north.east"}, "pattern"),
    ],
)
def test_a_spec_that_cannot_be_is_refused(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        data_centre(**changes)


def test_a_change_keeps_the_kind_and_the_other_parameters() -> None:
    spec = DataCentre(
        name="n", bus="b", p_it_rated_mw=1.0, cooling=WaterEconomiser(t_supply_degc=26), power_chain=FixedEfficiency()
    )
    changed = spec.with_changes({"cooling.tower.approach_k": 3.0, "utilisation": 0.5})
    assert changed.cooling == WaterEconomiser.model_validate({"t_supply_degc": 26, "tower": {"approach_k": 3.0}})
    assert changed.power_chain == FixedEfficiency()


def schema_fields() -> dict[str, dict[str, Any]]:
    schema = DataCentre.model_json_schema()
    models = {"DataCentre": schema, **schema["$defs"]}
    return {
        f"{model}.{name}": field for model, content in models.items() for name, field in content["properties"].items()
    }


def test_every_field_is_described_in_the_schema() -> None:
    assert [name for name, field in schema_fields().items() if "description" not in field] == []


def test_every_number_states_its_unit_and_its_range() -> None:
    silent = []
    for name, field in schema_fields().items():
        for part in (field, *field.get("anyOf", ())):
            number = part.get("items", part)
            if number.get("type") not in {"number", "integer"}:
                continue
            bounded = {"minimum", "exclusiveMinimum"} & number.keys()
            if not bounded or not re.search(r"\[[^\]]+\]", field["description"]):
                silent.append(name)
    assert silent == []


@pytest.mark.parametrize("transformer", [{}, {"transformer": {}}], ids=["low voltage", "own transformers"])
def test_a_stated_pue_is_that_of_every_step_whatever_the_weather(transformer: dict[str, Any]) -> None:
    spec = data_centre(stated={"pue": 1.25, "wue_l_per_kwh": 0.4}, **transformer)
    facility = at(spec, [-10.0, 20.0, 40.0], 50.0, [3.0, 2.4, 1.8])
    np.testing.assert_allclose(facility.pue, 1.25, rtol=1e-12)
    np.testing.assert_allclose(facility.water_l, 0.4 * facility.p_it_mw * 1000.0, rtol=1e-12)
    parts = facility.p_it_mw + facility.p_power_chain_mw + facility.p_cooling_mw
    np.testing.assert_allclose(facility.p_total_mw, parts, rtol=1e-12)
    np.testing.assert_allclose(facility.cooling.heat_rejected_mw, facility.heat_mw + facility.p_cooling_mw, rtol=1e-12)


def test_a_stated_pue_below_what_the_power_chain_loses_leaves_the_cooling_nothing() -> None:
    facility = at(data_centre(stated={"pue": 1.05}), 20.0, 50.0, np.linspace(0.0, 3.0, 50))
    np.testing.assert_allclose(facility.p_total_mw, 1.05 * facility.p_it_mw, rtol=1e-12)
    assert facility.p_cooling_mw.max() == 0.0
    assert facility.p_power_chain_mw.min() == 0.0


@pytest.mark.parametrize(("stated", "words"), [({"pue": 0.9}, "greater than or equal to 1"), ({}, "Field required")])
def test_a_stated_pue_that_cannot_be_is_refused(stated: dict[str, float], words: str) -> None:
    with pytest.raises(ValidationError, match=words):
        data_centre(stated=stated)
