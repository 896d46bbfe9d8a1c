from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from carbon.data_centre import OutdoorAir
from carbon.data_centre.air import psychrometrics
from grid.errors import InputError

T = st.floats(-40.0, 50.0)
RH = st.floats(0.0, 100.0)
PRESSURE = st.floats(60_000.0, 108_000.0)


def test_saturation_pressure_is_that_of_steam_tables() -> None:
    t_degc = np.array([0.0, 10.0, 20.0, 30.0, 40.0])
    iapws_pa = np.array([611.2, 1228.2, 2339.2, 4246.9, 7384.9])
    np.testing.assert_allclose(psychrometrics.saturation_pressure_pa(t_degc), iapws_pa, rtol=1e-3)


def test_wet_bulb_of_the_published_case() -> None:
    wet_bulb = psychrometrics.wet_bulb_degc(np.array([20.0]), np.array([40.0]), np.array([101325.0]))
    assert wet_bulb[0] == pytest.approx(12.30, abs=0.005)


@given(T, RH, PRESSURE)
def test_wet_bulb_has_the_enthalpy_of_the_air_and_does_not_exceed_the_dry_bulb(t: float, rh: float, p: float) -> None:
    air = OutdoorAir(np.array([t]), np.array([rh]), np.array([p]))
    saturated = psychrometrics.humidity_ratio(air.wet_bulb_degc, np.array([100.0]), air.pressure_pa)
    enthalpy = psychrometrics.enthalpy_kj_per_kg(air.wet_bulb_degc, saturated)
    assert enthalpy[0] == pytest.approx(air.enthalpy_kj_per_kg[0], rel=1e-4, abs=1e-3)
    assert air.wet_bulb_degc[0] <= t + 1e-3


@given(T, RH, RH, PRESSURE)
def test_moister_air_has_a_higher_wet_bulb(t: float, rh_1: float, rh_2: float, p: float) -> None:
    dry, moist = sorted((rh_1, rh_2))
    wet_bulb = psychrometrics.wet_bulb_degc(np.array([t, t]), np.array([dry, moist]), np.array([p, p]))
    assert wet_bulb[1] >= wet_bulb[0] - 1e-9


def test_saturated_air_is_at_its_wet_bulb() -> None:
    t_degc = np.linspace(-30.0, 45.0, 16)
    wet_bulb = psychrometrics.wet_bulb_degc(t_degc, np.full(16, 100.0), np.full(16, 101325.0))
    np.testing.assert_allclose(wet_bulb, t_degc, atol=1e-3)


def test_humidity_ratio_and_enthalpy_are_inverse() -> None:
    t_degc = np.linspace(-20.0, 45.0, 14)
    ratio = psychrometrics.humidity_ratio(t_degc, np.full(14, 55.0), np.full(14, 95_000.0))
    enthalpy = psychrometrics.enthalpy_kj_per_kg(t_degc, ratio)
    np.testing.assert_allclose(psychrometrics.humidity_ratio_from_enthalpy(t_degc, enthalpy), ratio, rtol=1e-12)


def test_dry_air_at_zero_degrees_has_its_standard_density() -> None:
    assert psychrometrics.air_density_kg_per_m3(np.array([0.0]), np.array([101325.0]))[0] == 1.293


def test_latent_heat_at_the_coils_of_the_published_case() -> None:
    assert psychrometrics.latent_heat_kj_per_kg(np.array(26.878)) == pytest.approx(2437.48, abs=0.005)


def test_air_names_every_fault_at_once() -> None:
    with pytest.raises(InputError) as caught:
        OutdoorAir(np.array([20.0, np.nan]), np.array([-3.0, 40.0]), np.array([1013.0, 1013.0]))
    assert [fault.place for fault in caught.value.faults] == [
        "t_dry_bulb_degc",
        "relative_humidity_percent",
        "pressure_pa",
    ]
    assert "the first is step 1" in str(caught.value)
    assert "got -3.0" in str(caught.value)


def test_air_refuses_shapes_that_disagree() -> None:
    with pytest.raises(InputError, match="relative_humidity_percent: must have shape"):
        OutdoorAir(np.zeros(3), np.zeros(2), np.full(3, 101325.0))
    with pytest.raises(InputError, match="t_dry_bulb_degc: must have shape"):
        OutdoorAir(np.zeros((2, 2)), np.zeros((2, 2)), np.full((2, 2), 101325.0))
