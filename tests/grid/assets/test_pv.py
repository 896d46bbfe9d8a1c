"""Photovoltaics: bounds, limit cases, clipping, reactive capability, and weather without irradiance."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from grid.assets import PV, Site
from grid.assets.feed_in import reactive_capability_mvar
from grid.assets.pv import Orientation, pv_specific_power
from grid.errors import InputError
from grid.flexibility.per_slot import values_of


def roofs(**changes: Any) -> PV:
    return PV(**{"name": "roofs", "where": {"areas": "lv"}, "p_peak_mw": 6.0, **changes})


def one_way(tilt_degree: float, azimuth_degree: float, **changes: Any) -> PV:
    way = Orientation(tilt_degree=tilt_degree, azimuth_degree=azimuth_degree, share=1.0)
    return roofs(orientations=(way,), **changes)


def test_no_light_gives_exactly_nothing(summer_site: Site) -> None:
    zeros = np.zeros(summer_site.city.clock.n_steps)
    dark = replace(summer_site.weather, ghi_w_per_m2=zeros, dni_w_per_m2=zeros, dhi_w_per_m2=zeros)
    assert (pv_specific_power(roofs(), dark) == 0).all()
    flexibility = roofs().flexibilities(replace(summer_site, weather=dark))[0]
    assert (values_of(flexibility.p_min_mw) == 0).all()
    assert (flexibility.p_max_mw == 0).all()


@given(dc_ac_ratio=st.floats(0.5, 3.0), losses=st.floats(0, 60), tilt=st.floats(0, 90), azimuth=st.floats(0, 359))
def test_power_lies_within_nothing_and_the_inverter(
    summer_site: Site, dc_ac_ratio: float, losses: float, tilt: float, azimuth: float
) -> None:
    pv = one_way(tilt, azimuth, dc_ac_ratio=dc_ac_ratio, losses_percent=losses)
    power = pv_specific_power(pv, summer_site.weather)
    assert power.min() >= 0
    assert power.max() <= 1 / dc_ac_ratio + 1e-12


def test_a_small_inverter_clips_the_noon_and_nothing_else(summer_site: Site) -> None:
    wide = pv_specific_power(one_way(35, 180, dc_ac_ratio=0.8), summer_site.weather)
    narrow = pv_specific_power(one_way(35, 180, dc_ac_ratio=2.0), summer_site.weather)
    clipped = narrow >= 0.5 - 1e-12
    assert clipped.any()
    assert (wide[clipped] > 0.48).all()
    dim = (wide > 0.1) & (wide < 0.3)
    assert narrow[dim] == pytest.approx(wide[dim], rel=0.05)  # part-load efficiency only


def test_power_is_proportional_to_the_rating(summer_site: Site) -> None:
    small, large = (roofs(p_peak_mw=p).flexibilities(summer_site)[0] for p in (2.0, 5.0))
    assert large.p_min_mw.values == pytest.approx(2.5 * small.p_min_mw.values)
    assert large.q_max_mvar == pytest.approx(2.5 * small.q_max_mvar)


def test_orientations_have_their_hours(summer_site: Site) -> None:
    hour = np.arange(summer_site.city.clock.n_steps) % 96 / 4 + 0.125
    centres = []
    for azimuth in (90, 180, 270):
        power = pv_specific_power(one_way(35, azimuth), summer_site.weather)
        centres.append(np.average(hour, weights=power))
    assert centres[0] + 0.5 < centres[1] < centres[2] - 0.5
    mix = pv_specific_power(roofs(), summer_site.weather)
    parts = [pv_specific_power(one_way(35, azimuth), summer_site.weather) for azimuth in (180, 90, 270)]
    assert mix == pytest.approx(0.5 * parts[0] + 0.25 * parts[1] + 0.25 * parts[2])


def test_heat_costs_what_the_data_sheet_says(summer_site: Site) -> None:
    weather = summer_site.weather
    hotter = replace(weather, t_dry_bulb_degc=weather.t_dry_bulb_degc + 10)
    ratio = pv_specific_power(one_way(35, 180, dc_ac_ratio=0.5), hotter).sum()
    ratio /= pv_specific_power(one_way(35, 180, dc_ac_ratio=0.5), weather).sum()
    assert ratio == pytest.approx(1 - 0.047, abs=0.006)  # 0.47 %/K of the power at 25 degC


def test_each_district_is_one_device_and_they_are_the_whole(summer_site: Site) -> None:
    (flexibility,) = roofs().flexibilities(summer_site)
    zones = {summer_site.city.network.buses.zones[bus] for bus in flexibility.buses}
    assert flexibility.n_devices == len(zones) > 5
    assert flexibility.by_step(flexibility.p_min_mw.values) == pytest.approx(
        -6.0 * pv_specific_power(roofs(), summer_site.weather)
    )


def test_reactive_power_is_that_of_the_power_factor(summer_site: Site) -> None:
    (flexibility,) = roofs(dc_ac_ratio=1.2).flexibilities(summer_site)
    # 5 MW of inverters at 0.9: S = 5.556 MVA, Q = 2.4216 MVAr
    assert flexibility.q_max_mvar.sum() == pytest.approx(2.4216, abs=5e-5)
    assert flexibility.q_max_mvar.shape == (flexibility.n_devices,)
    assert roofs(power_factor_min=1.0).flexibilities(summer_site)[0].q_max_mvar.sum() == 0
    apparent = np.hypot(5.0, reactive_capability_mvar(5.0, 0.9))
    assert 5.0 / apparent == pytest.approx(0.9)


def test_weather_without_irradiance_is_refused_by_name(summer_site: Site) -> None:
    blind = replace(summer_site.weather, has_irradiance=False, source="london.csv")
    with pytest.raises(InputError, match=r"weather: has no irradiance .*'roofs' needs.*got 'london.csv'"):
        roofs().flexibilities(replace(summer_site, weather=blind))


def test_bad_values_are_refused() -> None:
    wrong = {"p_peak_mw": -1.0, "dc_ac_ratio": 0.0, "losses_percent": 100.0, "power_factor_min": 1.1}
    with pytest.raises(ValidationError) as caught:
        roofs(**wrong)
    assert {error["loc"][0] for error in caught.value.errors()} == set(wrong)
