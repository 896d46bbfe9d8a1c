"""Chillers, machines at part load and heat reuse."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from carbon.data_centre import OutdoorAir
from carbon.data_centre.cooling import AirChilled, AirEconomiser, Immersion, WaterChilled, WaterEconomiser
from carbon.data_centre.plant.air_plant import AirChiller, DirectExpansionUnit, DryCooler
from carbon.data_centre.plant.heat_reuse import HeatReuse
from carbon.data_centre.plant.part_load import PartLoad, PlantOperation
from carbon.data_centre.plant.water_plant import WaterChiller
from grid.errors import InputError

T = st.floats(-40.0, 55.0)
SHARE = st.floats(0.02, 1.0)


def air(t_degc: list[float], rh_percent: float = 50.0) -> OutdoorAir:
    return OutdoorAir(np.array(t_degc), np.full(len(t_degc), rh_percent), np.full(len(t_degc), 101325.0))


def test_air_chiller_has_the_cop_of_energyplus_at_60_percent_load() -> None:
    t_degc = np.array([15.0, 20.0, 25.0, 30.0, 35.0, 40.0])
    cop = AirChiller(part_load=0.6, cop_adjustment=0.0).cop(t_degc)
    np.testing.assert_allclose(cop, [4.50, 4.24, 3.91, 3.56, 3.23, 2.93], rtol=0, atol=0.005)


def test_air_chiller_has_its_reference_cop_near_its_design_point() -> None:
    # the polynomials of EnergyPlus' test file are not exactly 1 there
    assert AirChiller(part_load=1.0, cop_adjustment=0.0).cop(np.array([35.0]))[0] == pytest.approx(3.0, rel=0.05)


@given(T, st.floats(0.0, 40.0), SHARE, st.floats(4.0, 20.0))
def test_cop_of_air_chillers_never_rises_with_heat(t: float, warmer: float, share: float, leaving: float) -> None:
    cop = AirChiller(t_leaving_degc=leaving).cop(np.array([t, t + warmer]), share)
    assert cop[1] <= cop[0] * (1 + 1e-5)
    assert (cop > 0).all()


def test_cop_of_air_chillers_falls_strictly_above_20_degc() -> None:
    assert (np.diff(AirChiller().cop(np.linspace(20.0, 50.0, 31))) < 0).all()


@given(T, SHARE, SHARE)
def test_chillers_of_given_size_draw_more_for_more_load(t: float, one: float, other: float) -> None:
    shares = np.array(sorted((one, other)))
    for cop in (AirChiller().cop(np.full(2, t), shares), WaterChiller().cop(np.full(2, max(t, 5.0)), shares)):
        power = shares / cop
        assert power[1] >= power[0] * (1 - 1e-6)


def test_direct_expansion_keeps_its_published_cop_to_15_degc_and_falls_above() -> None:
    unit = DirectExpansionUnit(cop_adjustment=0.0)
    np.testing.assert_array_equal(unit.cop(np.array([-30.0, 0.0, 15.0])), 2.8)
    assert (np.diff(unit.cop(np.linspace(15.0, 50.0, 36))) < 0).all()
    # a constant share of Carnot's COP: the lift of 35 K at 15 °C has doubled at 50 °C
    assert unit.cop(np.array([50.0]))[0] == pytest.approx(1.4)


def test_dry_cooler_warms_as_much_air_as_its_heat_needs() -> None:
    running = PlantOperation(None, float("nan"), closed=True)
    demand = DryCooler(air_rise_k=10.0, fan_pressure_pa=100.0, fan_efficiency=0.5).reject(
        np.array([1.01]), air([0.0]), running
    )
    assert demand.p_mw[0] == pytest.approx(100.0 / 1.293 * 100.0 / 0.5 / 1e6)  # 100 kg/s of air


def test_fans_and_pumps_follow_the_affinity_laws_down_to_their_least_flow() -> None:
    part_load = PartLoad(machines_needed=1, machines_spare=0, flow_min_share=0.2)
    running = PlantOperation(part_load, 10.0, closed=True)
    heat = np.array([10.0, 5.0, 2.0, 1.0, 0.0])
    power = running.flow_mw(heat / 10.0, heat)  # 1 MW at the rating
    np.testing.assert_allclose(power, [1.0, 0.5**3, 0.2**3, 0.2**3, 0.0], rtol=1e-12)


def test_a_spare_machine_that_shares_the_load_saves_fan_power() -> None:
    heat = np.array([10.0])
    powers = [
        PlantOperation(PartLoad(machines_needed=4, machines_spare=spare), 10.0, closed=True).flow_mw(np.ones(1), heat)[
            0
        ]
        for spare in (0, 1)
    ]
    assert powers == pytest.approx([1.0, 0.8**2])


def test_constant_speed_makes_half_the_heat_cost_as_much_as_all() -> None:
    fixed = PlantOperation(PartLoad(machines_needed=1, machines_spare=0, flow_min_share=1.0), 10.0, closed=True)
    heat = np.array([10.0, 5.0])
    np.testing.assert_allclose(fixed.flow_mw(heat, heat), [10.0, 10.0])


def test_chillers_share_the_load_and_cycle_below_their_least() -> None:
    part_load = PartLoad(machines_needed=3, machines_spare=1, chiller_min_share=0.25)
    running = PlantOperation(part_load, 6.0, closed=True)
    np.testing.assert_allclose(running.chiller_share(np.array([6.0, 4.0, 1.0]), 0.3), [0.75, 0.5, 0.25])
    assert PlantOperation(None, float("nan"), closed=True).chiller_share(np.array([6.0]), 0.3) == 0.3


@pytest.mark.parametrize("kind", [WaterChilled, AirChilled, AirEconomiser, WaterEconomiser])
def test_an_oversized_plant_at_part_load_beats_one_at_constant_flow(kind: Any) -> None:
    outdoor, heat = air([30.0]), np.array([1.0])
    follows = kind.model_validate({"part_load": {}}).demand(outdoor, heat, 2.0)
    fixed = kind.model_validate({"part_load": {"flow_min_share": 1.0}}).demand(outdoor, heat, 2.0)
    assert follows.p_mw[0] < fixed.p_mw[0]


def test_part_load_needs_a_rating() -> None:
    cooling = WaterChilled(part_load=PartLoad())
    with pytest.raises(InputError, match=r"part_load\.heat_rated_mw"):
        cooling.demand(air([20.0]), np.ones(1))
    own = WaterChilled(part_load=PartLoad(heat_rated_mw=2.0))
    assert own.demand(air([20.0]), np.ones(1)).p_mw[0] == cooling.demand(air([20.0]), np.ones(1), 2.0).p_mw[0]
    assert own.demand(air([20.0]), np.ones(1), 9.0).p_mw[0] == own.demand(air([20.0]), np.ones(1)).p_mw[0]


def test_warm_enough_heat_is_given_away_without_a_heat_pump() -> None:
    reuse = HeatReuse(share=0.5, t_delivered_degc=40.0, exchanger_approach_k=5.0, heat_pump=False)
    taken, p_mw = reuse.taken_and_power_mw(np.ones(3), np.array([44.9, 45.0, 60.0]))
    np.testing.assert_array_equal(taken, [0.0, 0.5, 0.5])
    np.testing.assert_array_equal(p_mw, 0.0)


def test_heat_pump_needs_the_power_of_its_share_of_carnot() -> None:
    reuse = HeatReuse(share=1.0, t_delivered_degc=60.0, exchanger_approach_k=0.0, carnot_share=0.5)
    taken, p_mw = reuse.taken_and_power_mw(np.ones(1), np.array([26.685]))
    cop = 0.5 * 333.15 / (60.0 - 26.685)  # 5.0
    assert (taken + p_mw)[0] / p_mw[0] == pytest.approx(cop)
    assert p_mw[0] == pytest.approx(0.25, rel=1e-4)


def test_reused_heat_need_not_be_rejected() -> None:
    reusing = Immersion.model_validate(
        {"facility_water": "W45", "heat_reuse": {"share": 1.0, "t_delivered_degc": 45.0}}
    )
    demand, rejecting = (cooling.demand(air([25.0]), np.ones(1)) for cooling in (reusing, Immersion()))
    assert demand.heat_reused_mw[0] > 0.95
    assert not rejecting.heat_reused_mw.any()
    assert demand.heat_by_sink_mw["tower"][0] < 0.1 * rejecting.heat_by_sink_mw["tower"][0]
    assert demand.water_kg_per_s[0] < 0.1 * rejecting.water_kg_per_s[0]
    assert demand.p_by_machine_mw["heat_pump"][0] == 0.0  # 53 °C offered, 45 °C delivered


@pytest.mark.parametrize("kind", [WaterChilled, AirChilled])
def test_a_plant_beyond_its_rating_still_has_a_cop_that_its_formulas_know(kind: Any) -> None:
    cooling = kind.model_validate({"part_load": {"machines_needed": 1, "machines_spare": 0, "affinity_exponent": 1.0}})
    demand = cooling.demand(air([30.0, 30.0, 30.0]), np.array([1.0, 2.0, 5.0]), 1.0)
    chiller = demand.p_by_machine_mw["chiller"]
    assert (np.diff(chiller) > 0).all()
    assert chiller[2] == pytest.approx(2.5 * chiller[1], rel=1e-6)
