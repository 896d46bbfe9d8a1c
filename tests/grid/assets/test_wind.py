"""Wind turbines: windpowerlib's own result, laws, and what is refused."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError
from windpowerlib import ModelChain, WindTurbine

from grid.assets import Site, Wind
from grid.assets.wind import power_curve, turbine_types, wind_at_hub, wind_specific_power
from grid.errors import InputError
from grid.flexibility.per_slot import values_of
from grid.weather.weather import Weather
from tests.examples import examples

BUS = "MV3.101 Bus 84"


def turbine(**changes: Any) -> Wind:
    return Wind(**{"name": "hill", "bus": BUS, "p_rated_mw": 4.2, **changes})


def windy(weather: Weather, speed_m_per_s: float | np.ndarray[Any, Any]) -> Weather:
    return replace(weather, wind_speed_m_per_s=np.zeros(weather.clock.n_steps) + speed_m_per_s)


def by_model_chain(wind: Wind, weather: Weather, model: str) -> np.ndarray[Any, Any]:
    """Power per nominal power by windpowerlib's own chain."""
    columns = {
        ("wind_speed", 10): weather.wind_speed_m_per_s,
        ("temperature", 2): weather.t_dry_bulb_degc + 273.15,
        ("pressure", 0): weather.pressure_pa,
        ("roughness_length", 0): np.full(weather.clock.n_steps, wind.roughness_length_m),
    }
    frame = pd.DataFrame(columns, index=weather.clock.pandas_index())
    machine = WindTurbine(hub_height=wind.hub_height_m, turbine_type=wind.turbine_type)
    chain = ModelChain(
        machine, wind_speed_model=model, hellman_exp=wind.hellmann_exponent, density_model="barometric",
        temperature_model="linear_gradient", power_output_model="power_curve", density_correction=True,
    )  # fmt: skip
    power_w: np.ndarray[Any, Any] = chain.run_model(frame).power_output.to_numpy()
    return power_w / machine.nominal_power


@pytest.mark.parametrize("turbine_type", ["E-126/4200", "N117/2400", "V112/3300"])
@pytest.mark.parametrize(("model", "exponent"), [("logarithmic", None), ("hellman", 1 / 7)])
def test_it_is_windpowerlibs_own_result(
    winter_site: Site, turbine_type: str, model: str, exponent: float | None
) -> None:
    weather = windy(winter_site.weather, np.linspace(0, 30, winter_site.city.clock.n_steps))
    wind = turbine(turbine_type=turbine_type, hellmann_exponent=exponent, losses_percent=0.0)
    expected = by_model_chain(wind, weather, model)
    assert expected.max() == pytest.approx(1.0)
    assert wind_specific_power(wind, weather) == pytest.approx(expected, rel=1e-9, abs=1e-15)


def test_the_logarithmic_profile() -> None:
    wind = turbine(hub_height_m=100.0, roughness_length_m=0.1)
    # ln(1000) / ln(100) = 1.5
    assert wind_at_hub(wind, np.array([0.0, 4.0])) == pytest.approx([0.0, 6.0])
    by_power = turbine(hub_height_m=100.0, hellmann_exponent=0.5)
    assert wind_at_hub(by_power, np.array([4.0])) == pytest.approx([4 * 10**0.5])


def test_no_wind_and_a_storm_give_exactly_nothing(winter_site: Site) -> None:
    for speed in (0.0, 40.0):
        weather = windy(winter_site.weather, speed)
        assert (wind_specific_power(turbine(), weather) == 0).all()
        flexibility = turbine().flexibilities(replace(winter_site, weather=weather))[0]
        assert (values_of(flexibility.p_min_mw) == 0).all()


def test_rated_wind_gives_the_rating_less_losses(winter_site: Site) -> None:
    power = wind_specific_power(turbine(losses_percent=12.0), windy(winter_site.weather, 12.0))
    assert power == pytest.approx(0.88)


def test_thin_air_carries_less(winter_site: Site) -> None:
    weather = windy(winter_site.weather, 5.0)
    high = replace(weather, pressure_pa=weather.pressure_pa - 20_000)
    assert (wind_specific_power(turbine(), high) < 0.9 * wind_specific_power(turbine(), weather)).all()


@examples(30)
@given(speed=st.floats(0, 75), hub=st.floats(20, 200), roughness=st.floats(1e-4, 2), kind=st.integers(0, 66))
def test_power_lies_within_nothing_and_the_rating(
    winter_site: Site, speed: float, hub: float, roughness: float, kind: int
) -> None:
    types = turbine_types()
    wind = turbine(turbine_type=types[kind % len(types)], hub_height_m=hub, roughness_length_m=roughness)
    clock = winter_site.city.clock.window(0, 4)
    weather = replace(
        winter_site.weather, clock=clock, **{
            name: np.full(4, value)
            for name, value in {
                "ghi_w_per_m2": 0.0, "dni_w_per_m2": 0.0, "dhi_w_per_m2": 0.0, "t_dry_bulb_degc": 5.0,
                "relative_humidity_percent": 80.0, "pressure_pa": 1e5, "wind_speed_m_per_s": speed,
            }.items()
        },
    )  # fmt: skip
    power = wind_specific_power(wind, weather)
    assert power.min() >= 0
    assert power.max() <= 0.9 + 1e-12


def test_every_curve_of_the_library_fits_its_rating() -> None:
    assert len(turbine_types()) > 50
    for name in turbine_types():
        curve = power_curve(name)
        assert curve.power.min() >= 0
        assert 0.95 < curve.power.max() <= 1
        assert curve.power[curve.wind_speed_m_per_s == 0].sum() == 0


def test_power_is_proportional_to_the_rating(winter_site: Site) -> None:
    small, large = (turbine(p_rated_mw=p).flexibilities(winter_site)[0] for p in (4.2, 10.5))
    assert small.p_min_mw.values.min() < -0.1
    assert large.p_min_mw.values == pytest.approx(2.5 * small.p_min_mw.values)
    assert large.q_max_mvar == pytest.approx(2.5 * small.q_max_mvar)
    assert large.q_max_mvar.sum() == pytest.approx(10.5 * np.tan(np.arccos(0.9)))


def test_it_may_be_curtailed_and_counts_as_its_technology(winter_site: Site) -> None:
    on_land = turbine().flexibilities(winter_site)[0]
    assert (on_land.p_max_mw == 0).all()
    assert on_land.unmanaged_power() == pytest.approx(on_land.p_min_mw.values)
    assert on_land.technology == "wind_onshore"
    assert turbine(technology="wind_offshore").flexibilities(winter_site)[0].technology == "wind_offshore"


def test_an_unknown_turbine_is_refused_with_the_nearest(winter_site: Site) -> None:
    wrong = turbine(turbine_type="E126/4200", bus="MV3.101 Bus 840")
    faults = list(wrong.faults(winter_site.city, "assets[0]"))
    assert [fault.place for fault in faults] == ["assets[0].bus", "assets[0].turbine_type"]
    assert faults[1].suggestion == "E-126/4200"
    with pytest.raises(InputError, match="did you mean 'E-126/4200'"):
        wind_specific_power(wrong, winter_site.weather)


def test_bad_values_are_refused() -> None:
    wrong = {"p_rated_mw": 0.0, "hub_height_m": 3.0, "roughness_length_m": 0.0, "losses_percent": 120.0}
    with pytest.raises(ValidationError) as caught:
        turbine(**wrong)
    assert {error["loc"][0] for error in caught.value.errors()} == set(wrong)
