from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from carbon.data_centre import OutdoorAir
from carbon.data_centre.cooling import KINDS, AirEconomiser, CoolingTechnology, WaterEconomiser
from carbon.data_centre.plant.water_plant import CoolingTower, WaterChiller
from tests.examples import examples

PART_LOAD = {"part_load": {"machines_needed": 3, "machines_spare": 1, "chiller_min_share": 0.15}}
REUSE = {"heat_reuse": {"share": 0.4, "t_delivered_degc": 60.0}}
VARIANTS: list[dict[str, Any]] = [{}, PART_LOAD, REUSE, PART_LOAD | REUSE]
HEAT_RATED_MW = 50.0
T = st.floats(-40.0, 50.0)
RH = st.floats(0.0, 100.0)
HEAT = st.floats(0.0, 50.0)
BALANCE = st.sampled_from(["published", "closed"])


def air(t_degc: list[float], rh_percent: list[float]) -> OutdoorAir:
    return OutdoorAir(np.array(t_degc), np.array(rh_percent), np.full(len(t_degc), 101325.0))


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
@examples(40)
@given(t=T, rh=RH, heat_1=HEAT, heat_2=HEAT, variant=st.sampled_from(VARIANTS), balance=BALANCE)
def test_more_heat_never_takes_less(
    *, kind: type[CoolingTechnology], t: float, rh: float, heat_1: float, heat_2: float, variant: Any, balance: str
) -> None:
    cooling = kind.model_validate(variant | {"balance": balance})
    demand = cooling.demand(air([t, t], [rh, rh]), np.array(sorted((heat_1, heat_2))), HEAT_RATED_MW)
    for part in (*demand.p_by_machine_mw.values(), *demand.water_by_use_kg_per_s.values()):
        assert (part >= 0).all()
    assert demand.p_mw[0] <= demand.p_mw[1] * (1 + 1e-6)
    assert demand.water_kg_per_s[0] <= demand.water_kg_per_s[1] * (1 + 1e-6)


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
@examples(40)
@given(t=T, rh=RH, heat=HEAT, variant=st.sampled_from(VARIANTS))
def test_heat_and_power_in_are_heat_out(
    *, kind: type[CoolingTechnology], t: float, rh: float, heat: float, variant: Any
) -> None:
    cooling = kind.model_validate(variant | {"balance": "closed"})
    demand = cooling.demand(air([t], [rh]), np.array([heat]), HEAT_RATED_MW)
    assert demand.heat_rejected_mw[0] == pytest.approx(heat + demand.p_mw[0], rel=1e-12, abs=1e-12)
    assert all((part >= 0).all() for part in demand.heat_by_sink_mw.values())


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
@examples(40)
@given(t=T, rh_1=RH, rh_2=RH, variant=st.sampled_from(VARIANTS), balance=BALANCE)
def test_a_higher_wet_bulb_never_lowers_the_power_of_what_evaporates(
    *, kind: type[CoolingTechnology], t: float, rh_1: float, rh_2: float, variant: Any, balance: str
) -> None:
    cooling = kind.model_validate(variant | {"balance": balance})
    demand = cooling.demand(air([t, t], sorted((rh_1, rh_2))), np.ones(2), 2.0)
    if cooling.driven_by == "wet_bulb":
        assert demand.p_mw[1] >= demand.p_mw[0] * (1 - 1e-6)
    elif cooling.driven_by in {"dry_bulb", "water"}:  # the humidity of the outdoor air is nothing to them
        assert demand.p_mw[1] == pytest.approx(demand.p_mw[0], rel=1e-12)


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
@examples(40)
@given(t_1=T, t_2=T, rh=RH, variant=st.sampled_from(VARIANTS), balance=BALANCE)
def test_warmer_air_never_lowers_the_power_of_compressors_and_towers(
    *, kind: type[CoolingTechnology], t_1: float, t_2: float, rh: float, variant: Any, balance: str
) -> None:
    cooling = kind.model_validate(variant | {"balance": balance})
    demand = cooling.demand(air(sorted((t_1, t_2)), [rh, rh]), np.ones(2), 2.0)
    if cooling.driven_by in {"wet_bulb", "dry_bulb"}:
        assert demand.p_mw[1] >= demand.p_mw[0] * (1 - 1e-5)


@pytest.mark.parametrize("kind", KINDS)
def test_no_heat_takes_nothing(kind: type[CoolingTechnology]) -> None:
    for variant in VARIANTS:
        cooling = kind.model_validate(variant)
        demand = cooling.demand(air([-10.0, 20.0, 38.0], [50.0, 50.0, 80.0]), np.zeros(3), 2.0)
        assert not demand.p_mw.any()
        assert not demand.water_kg_per_s.any()


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_many_steps_are_each_step_alone(kind: type[CoolingTechnology]) -> None:
    t_degc, rh = np.meshgrid(np.linspace(-30.0, 45.0, 16), np.linspace(0.0, 100.0, 6))
    together = kind().demand(air(list(t_degc.ravel()), list(rh.ravel())), np.full(t_degc.size, 2.0))
    alone = [kind().demand(air([t], [h]), np.array([2.0])).p_mw[0] for t, h in zip(t_degc.flat, rh.flat, strict=True)]
    np.testing.assert_allclose(together.p_mw, alone, rtol=1e-12)


@given(st.floats(-20.0, 60.0), st.floats(0.0, 20.0), st.floats(0.01, 1.0))
def test_cop_is_positive_and_falls_with_temperature(t: float, warmer: float, part_load: float) -> None:
    cop = WaterChiller(part_load=part_load).cop(np.array([t, t + warmer]))
    assert (cop > 0).all()
    assert cop[1] <= cop[0] + 1e-12


def test_cop_of_the_published_regression() -> None:
    cop = WaterChiller(part_load=0.6, cop_adjustment=0.0).cop(np.array([15.0, 20.0, 25.0, 30.0, 35.0]))
    np.testing.assert_allclose(cop, [11.0, 9.0, 7.44, 6.32, 5.64], atol=0.06)


def test_the_tower_loses_what_its_heat_evaporates_and_what_its_salts_demand() -> None:
    tower = CoolingTower(cycles_of_concentration=5.0, windage_share=0.0)
    lost = tower.make_up_kg_per_s(np.array([2.4375]), air([15.0], [50.0]))
    assert lost["evaporation"][0] == pytest.approx(1.0, rel=0.02)  # 1 kg/s carries about 2.44 MW
    assert lost["blow_down"][0] == pytest.approx(lost["evaporation"][0] / 4.0)
    assert lost["windage"][0] == 0.0


def test_blow_down_is_never_negative() -> None:
    tower = CoolingTower(cycles_of_concentration=50.0, windage_share=0.05)
    assert tower.make_up_kg_per_s(np.array([1.0]), air([15.0], [50.0]))["blow_down"][0] == 0.0


def test_water_economiser_runs_free_in_the_cold_and_not_in_the_heat() -> None:
    economiser = WaterEconomiser()
    assert list(economiser.free_share(air([-5.0, 40.0], [60.0, 60.0]))) == [1.0, 0.0]
    between = economiser.free_share(air([20.0], [60.0]))[0]
    assert 0.0 < between < 1.0
    cold = economiser.demand(air([-5.0], [60.0]), np.array([1.0]))
    assert cold.p_by_machine_mw["chiller"][0] == 0.0
    assert cold.p_by_machine_mw["economiser_pump"][0] > 0.0


def test_air_economiser_is_free_below_its_enthalpy_and_takes_tower_water_only_above() -> None:
    economiser = AirEconomiser()
    outdoor = air([5.0, 20.0, 33.0, 33.0], [60.0, 50.0, 15.0, 80.0])
    assert list(economiser.is_free(outdoor)) == [True, True, True, False]
    demand = economiser.demand(outdoor, np.ones(4))
    assert list(demand.p_by_machine_mw["chiller"] > 0) == [False, False, False, True]
    assert list(demand.water_by_use_kg_per_s["evaporation"] > 0) == [False, False, False, True]


def test_air_economiser_evaporates_water_into_hot_dry_and_into_cold_dry_air_only() -> None:
    outdoor = air([35.0, 22.0, -20.0], [10.0, 50.0, 50.0])
    water = AirEconomiser().humidification_kg_per_s(outdoor, np.ones(3))
    assert list(water > 0) == [True, False, True]


@pytest.mark.parametrize(
    ("kind", "changes", "message"),
    [
        (AirEconomiser, {"t_supply_min_degc": 30, "t_supply_max_degc": 20}, "must not exceed t_supply_max_degc"),
        (WaterEconomiser, {"coil_effectiveness": 0.1}, "water at or below 0 °C"),
        (WaterEconomiser, {"chiller": {"part_load": 0}}, "part_load"),
        (WaterEconomiser, {"tower": {"cycles_of_concentration": 1}}, "cycles_of_concentration"),
    ],
)
def test_parameters_that_cannot_be_are_refused(
    kind: type[CoolingTechnology], changes: dict[str, object], message: str
) -> None:
    with pytest.raises(ValidationError, match=message):
        kind.model_validate(changes)
