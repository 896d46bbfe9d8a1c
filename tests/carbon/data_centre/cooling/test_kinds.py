"""What distinguishes each cooling technology."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from pydantic import TypeAdapter, ValidationError

from carbon.data_centre import DataCentre, OutdoorAir, simulate_facility
from carbon.data_centre.cooling import (
    KINDS,
    AirChilled,
    AirEconomiser,
    Cooling,
    CoolingTechnology,
    DirectExpansion,
    DirectToChip,
    Immersion,
    IndirectEvaporative,
    Seawater,
    WaterChilled,
    WaterEconomiser,
)
from carbon.data_centre.plant.air_handler import AirHandler
from carbon.data_centre.plant.air_window import HumidityWindow
from grid.errors import InputError
from grid.spec import field_docstrings

ANY_KIND = TypeAdapter(Cooling)


def air(t_degc: list[float], rh_percent: list[float] | float = 50.0, **more: Any) -> OutdoorAir:
    rh = np.broadcast_to(np.asarray(rh_percent, dtype=float), (len(t_degc),))
    return OutdoorAir(np.array(t_degc), rh, np.full(len(t_degc), 101325.0), **more)


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_is_read_by_its_name_and_documented(kind: type[CoolingTechnology]) -> None:
    name = kind.model_fields["kind"].default
    assert isinstance(ANY_KIND.validate_python({"kind": name}), kind)
    documented = field_docstrings(kind)
    assert [field for field in kind.model_fields if not documented.get(field)] == []


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_cools_a_data_centre(kind: type[CoolingTechnology]) -> None:
    spec = DataCentre(name="n", bus="b", p_it_rated_mw=1.0, cooling=kind())
    weather = air([-10.0, 10.0, 35.0])
    hall = simulate_facility(
        spec, weather.t_dry_bulb_degc, weather.relative_humidity_percent, weather.pressure_pa, np.ones(3), step_hours=1
    )
    assert (hall.pue > 1.0).all()
    assert (hall.pue < 3.0).all()


def test_chillers_alone_differ_from_the_economiser_only_where_it_is_free() -> None:
    weather = air([-5.0, 40.0], 60.0)
    alone, economiser = (kind().demand(weather, np.ones(2)).p_mw for kind in (WaterChilled, WaterEconomiser))
    assert alone[0] > economiser[0]
    assert alone[1] == pytest.approx(economiser[1], rel=1e-12)


def test_air_chillers_need_no_tower_and_hardly_any_water() -> None:
    wet, dry = (kind().demand(air([25.0]), np.ones(1)) for kind in (WaterChilled, AirChilled))
    assert dry.water_kg_per_s[0] < 0.05 * wet.water_kg_per_s[0]
    assert dry.p_mw[0] > wet.p_mw[0]
    assert "tower" not in dry.heat_by_sink_mw


def test_air_economiser_has_air_chillers_as_its_trim() -> None:
    weather = air([10.0, 36.0], [50.0, 60.0])
    wet = AirEconomiser().demand(weather, np.ones(2))
    dry = AirEconomiser(trim="air_chiller").demand(weather, np.ones(2))
    assert wet.p_mw[0] == dry.p_mw[0]
    assert dry.p_mw[1] > wet.p_mw[1]
    assert dry.water_kg_per_s[1] == 0.0


def test_humidity_window_closes_to_air_that_is_hot_moist_or_dry() -> None:
    weather = air([20.0, 20.0, 20.0, 30.0], [50.0, 90.0, 5.0, 40.0])
    bounds = (18.0, 27.0)
    assert list(HumidityWindow().allows(weather, *bounds)) == [True, False, False, False]
    assert list(HumidityWindow(humidify=True).allows(weather, *bounds)) == [True, False, True, False]


def test_a_hall_that_humidifies_warms_cold_moist_air_until_it_is_dry_enough() -> None:
    weather = air([16.0], [95.0])  # 10.8 g/kg; 70 % at 18 °C would be 9.0 g/kg
    assert not HumidityWindow().allows(weather, 18.0, 27.0)[0]
    assert HumidityWindow(humidify=True).allows(weather, 18.0, 27.0)[0]


def test_a_window_sprays_water_only_where_it_humidifies() -> None:
    weather = air([-15.0], [50.0])
    plain, spraying = (
        AirEconomiser.model_validate({"window": {"humidify": humidify}}).demand(weather, np.ones(1))
        for humidify in (False, True)
    )
    assert plain.water_by_use_kg_per_s["humidifier"][0] == 0.0
    assert plain.p_by_machine_mw["chiller"][0] > 0.0
    assert spraying.water_by_use_kg_per_s["humidifier"][0] > 0.0
    assert spraying.p_by_machine_mw["chiller"][0] == 0.0


def test_steam_humidifiers_draw_the_latent_heat() -> None:
    demand = DirectExpansion(sensible_heat_ratio=0.95).demand(air([10.0]), np.ones(1))
    assert demand.p_by_machine_mw["humidifier"][0] == pytest.approx(1.0 / 0.95 - 1.0)
    assert demand.p_by_machine_mw["compressor"][0] == pytest.approx(1.0 / 0.95 / (2.8 * 0.875))


def test_indirect_evaporative_coolers_run_dry_then_wet_then_with_compressors() -> None:
    cooler = IndirectEvaporative()
    weather = air([0.0, 26.0, 42.0], [50.0, 40.0, 60.0])
    assert list(cooler.is_wet(weather)) == [False, True, True]
    demand = cooler.demand(weather, np.ones(3))
    assert list(demand.water_kg_per_s > 0) == [False, True, False]  # too hot and moist to be of any use at last
    compressor = demand.p_by_machine_mw["compressor"]
    assert compressor[0] == 0.0
    assert compressor[2] > compressor[1]


def test_wet_exchanger_reaches_its_share_of_the_way_to_the_wet_bulb() -> None:
    weather = air([35.0], [20.0])
    reached = 35.0 - 0.7 * (35.0 - weather.wet_bulb_degc[0])
    cooler = IndirectEvaporative(t_supply_degc=20.0)
    assert cooler.free_share(weather)[0] == pytest.approx((27.5 - reached) / 7.5)


@pytest.mark.parametrize("rejection", ["tower", "dry_cooler"])
def test_warmer_facility_water_needs_chillers_less(rejection: str) -> None:
    weather = air([5.0, 15.0, 25.0, 32.0, 40.0], 60.0)
    shares = [
        DirectToChip.model_validate({"facility_water": name, "rejection": rejection}).free_share(weather)
        for name in ("W17", "W27", "W32", "W40", "W45")
    ]
    assert (np.diff(shares, axis=0) >= 0).all()
    assert shares[0][-1] == 0.0
    assert (shares[4][:3] == 1.0).all()


@pytest.mark.parametrize("approach_k", [0.0, 1.0, 4.0])
def test_the_exchanger_of_liquid_cooling_warms_what_the_cooler_sends(approach_k: float) -> None:
    weather = air([28.0])
    towered, dry = (
        DirectToChip(facility_water="W32", rejection=rejection, exchanger_approach_k=approach_k)
        for rejection in ("tower", "dry_cooler")
    )
    # the return of 40 °C is cooled by 8 K at most, down to the cooler's water and the approach on top of it
    from_tower = (40.0 - (weather.wet_bulb_degc[0] + towered.tower.approach_k + approach_k)) / 8.0
    assert towered.free_share(weather)[0] == pytest.approx(min(from_tower, 1.0))
    assert dry.free_share(weather)[0] == pytest.approx((40.0 - (28.0 + 7.0 + approach_k)) / 8.0)


@pytest.mark.parametrize(("kind", "weather"), [(WaterEconomiser, {}), (Seawater, {"t_water_degc": np.array([22.0])})])
def test_an_exchangers_approach_leaves_less_for_free_cooling(kind: Any, weather: dict[str, Any]) -> None:
    near, far = (kind(exchanger_approach_k=k).free_share(air([25.0], **weather))[0] for k in (1.0, 4.0))
    assert near - far == pytest.approx(3.0 / 7.5)


def test_dry_cooled_liquid_needs_no_water() -> None:
    cooling = DirectToChip.model_validate(
        {"liquid_share": 1.0, "rejection": "dry_cooler", "facility_water": "W45", "balance": "closed"}
    )
    demand = cooling.demand(air([-5.0, 25.0, 45.0]), np.ones(3), 1.0)
    assert not demand.water_kg_per_s.any()
    assert list(demand.p_by_machine_mw["chiller"] > 0) == [False, False, True]
    np.testing.assert_allclose(demand.heat_rejected_mw, 1.0 + demand.p_mw, rtol=1e-12)


def test_liquid_without_chillers_comes_near_the_measured_1_03_to_1_06() -> None:
    # NREL's ESIF in Golden, Colorado: 1.036 measured, 1.06 its goal; power chain and lighting at 1 %
    hall = WaterEconomiser(t_supply_degc=27, air_handler=AirHandler(air_rise_k=14.0), balance="closed")  # hyperscale
    cooling = DirectToChip(liquid_share=0.9, facility_water="W32", air_path=hall)
    weather = air([-5.0, 5.0, 15.0, 25.0], [60.0, 55.0, 45.0, 35.0])
    demand = cooling.demand(weather, np.full(4, 1.01))
    assert not demand.p_by_machine_mw["chiller"].any()
    assert ((demand.p_mw + 1.01 > 1.03) & (demand.p_mw + 1.01 < 1.06)).all()


def test_the_air_path_beside_the_liquid_is_any_air_technology() -> None:
    weather, heat = air([30.0]), np.ones(1)
    demands = [
        Immersion.model_validate({"liquid_share": 0.5, "air_path": {"kind": kind}}).demand(weather, heat)
        for kind in ("direct_expansion", "water_economiser")
    ]
    assert demands[0].p_by_machine_mw["compressor"][0] > 0
    assert demands[0].p_mw[0] > demands[1].p_mw[0]


def test_natural_water_follows_series_then_months_then_sinusoid_then_the_warmest() -> None:
    hours = np.array([227.0 * 24.0, (227.0 - 182.5) * 24.0])
    dated = air([20.0, 20.0], hour_of_year=hours)
    np.testing.assert_allclose(Seawater().t_water_degc(dated), [19.0, 5.0], atol=1e-9)
    monthly = Seawater(t_water_monthly_degc=(4, 4, 5, 8, 12, 16, 19, 20, 17, 13, 9, 6))
    mid_july = air([20.0], hour_of_year=np.array([6.5 * 730.0]))
    assert monthly.t_water_degc(mid_july)[0] == pytest.approx(19.0)
    assert monthly.t_water_degc(air([20.0]))[0] == 20.0
    assert Seawater().t_water_degc(air([20.0]))[0] == 19.0
    measured = air([20.0], hour_of_year=np.array([5000.0]), t_water_degc=np.array([11.0]))
    assert monthly.t_water_degc(measured)[0] == 11.0


def test_colder_water_saves_chillers_and_nothing_evaporates() -> None:
    weather = air([20.0] * 4, t_water_degc=np.array([6.0, 18.0, 24.0, 30.0]))
    cooling = Seawater(sensible_heat_ratio=1.0)
    demand = cooling.demand(weather, np.ones(4))
    assert (np.diff(demand.p_mw) >= 0).all()
    assert demand.p_by_machine_mw["chiller"][0] == 0.0
    assert demand.p_by_machine_mw["chiller"][3] > 0.0
    assert not demand.water_kg_per_s.any()
    assert cooling.withdrawal_kg_per_s(np.array([21.0]))[0] == pytest.approx(1000.0)  # 21 MW warm 1 t/s by 5 K


def test_air_refuses_water_that_cannot_be() -> None:
    with pytest.raises(InputError) as caught:
        air([20.0], t_water_degc=np.array([80.0]), hour_of_year=np.array([-1.0]))
    assert [fault.place for fault in caught.value.faults] == ["t_water_degc", "hour_of_year"]


@pytest.mark.parametrize(
    ("kind", "changes", "message"),
    [
        (AirEconomiser, {"window": {"rh_min_percent": 50, "rh_max_percent": 40}}, "must not exceed the highest"),
        (Seawater, {"t_water_monthly_degc": (1, 2, 3)}, "t_water_monthly_degc"),
        (DirectToChip, {"facility_water": "W20"}, "W17"),
        (Immersion, {"air_path": {"kind": "immersion"}}, "air_path"),
        (WaterChilled, {"coil_effectiveness": 0.1}, "water at or below 0 °C"),
        (WaterChilled, {"part_load": {"machines_needed": 0}}, "machines_needed"),
    ],
)
def test_parameters_that_cannot_be_are_refused(
    kind: type[CoolingTechnology], changes: dict[str, object], message: str
) -> None:
    with pytest.raises(ValidationError, match=message):
        kind.model_validate(changes)
