from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.integrate import quad

from grid.errors import InputError
from grid.twin.cable_thermal import CableThermal, cable_ageing_rate, cable_temperatures

THERMAL = CableThermal()
SOIL_DEGC = 20.0
DAYS = 14


def daily(shape, days=DAYS):
    return np.tile(np.asarray(shape, dtype=float), days)[:, None]


def solved(load_pu, soil_degc=SOIL_DEGC, thermal=THERMAL):
    return cable_temperatures(thermal, load_pu, np.full(len(load_pu), soil_degc), 0.25)


def test_rated_current_leads_to_the_rated_temperature():
    found = solved(np.ones((96, 1)))
    np.testing.assert_allclose(found.conductor_degc, 90.0, rtol=0, atol=1e-4)
    assert found.cyclic_factor[0] == pytest.approx(1.0, abs=1e-9)


def test_a_constant_load_solves_the_steady_balance():
    """The rise is that at rated current, times current squared, times resistance at the temperature that results."""
    load_pu = 0.8
    warmth = float(solved(np.full((96, 1), load_pu)).conductor_degc[-1, 0])
    resistance_pu = (1 + 0.00403 * (warmth - 20)) / (1 + 0.00403 * 70)
    assert warmth == pytest.approx(SOIL_DEGC + 70 * load_pu**2 * resistance_pu, abs=1e-5)


def test_the_response_of_the_soil_is_that_of_line_sources():
    """Rise at a cable's surface by six line sources: itself, two neighbours, and their images, by quadrature."""
    hours, diffusivity = 5.0, THERMAL.soil_diffusivity_m2_per_s
    diameter_m, depth_m = THERMAL.diameter_m, THERMAL.depth_m

    def line_source(distance_m, seconds):
        return quad(lambda t: np.exp(-(distance_m**2) / (4 * diffusivity * t)) / t, 0, seconds)[0]

    def rise(seconds):
        own = line_source(diameter_m / 2, seconds) - line_source(2 * depth_m, seconds)
        return own + 2 * (line_source(diameter_m, seconds) - line_source(2 * depth_m, seconds))

    for_ever = 2 * np.log(4 * depth_m / diameter_m) + 4 * np.log(2 * depth_m / diameter_m)
    outside = THERMAL.external_share * rise(hours * 3600) / for_ever
    inside = (1 - THERMAL.external_share) * (1 - np.exp(-hours / THERMAL.cable_time_constant_h))
    assert THERMAL.attained(np.array(hours)) == pytest.approx(inside + outside, rel=1e-6)


def test_the_response_rises_from_nothing_to_all():
    attained = THERMAL.attained(np.array([0.0, 0.25, 24.0, 24.0 * 365, 24.0 * 365 * 1000]))
    assert attained[0] == 0.0
    assert (np.diff(attained) > 0).all()
    assert attained[3] == pytest.approx(1, abs=0.02)
    assert attained[4] == pytest.approx(1, abs=1e-4)


def test_a_cycle_may_peak_above_the_rated_current():
    """A load of half a day, and the same one scaled by its factor, which just reaches the rated temperature."""
    shape = daily(np.where(np.arange(96) < 48, 1.0, 0.3))
    factor = solved(shape).cyclic_factor[0]
    assert 1.05 < factor < 1.4
    peak_degc = solved(shape * factor).conductor_degc.max()
    assert peak_degc < 90.0
    assert peak_degc == pytest.approx(90.0, abs=2.5)  # the factor has losses at the rated temperature throughout


@given(
    load_pu=st.lists(st.floats(0, 1.1), min_size=4, max_size=24),
    more=st.floats(0, 0.2),
    warmer_k=st.floats(0, 10),
)
def test_hotter_or_more_load_never_lowers_ageing(load_pu, more, warmer_k):
    before, after = solved(daily(load_pu)), solved(daily(np.add(load_pu, more)), SOIL_DEGC + warmer_k)
    assert (after.conductor_degc >= before.conductor_degc - 1e-6).all()
    rates = [cable_ageing_rate(each.conductor_degc, THERMAL).sum() for each in (before, after)]
    assert rates[1] >= rates[0] * (1 - 1e-6)


def test_the_rate_of_ageing_is_one_at_the_rated_temperature():
    assert cable_ageing_rate(np.array(90.0), THERMAL) == pytest.approx(1.0, rel=1e-12)


def test_a_cable_without_load_has_the_temperature_of_the_soil():
    found = solved(np.zeros((8, 1)))
    np.testing.assert_array_equal(found.conductor_degc, SOIL_DEGC)
    assert np.isnan(found.cyclic_factor[0])


@pytest.mark.parametrize(
    ("load_pu", "soil_degc", "rule"),
    [
        (np.ones((4, 1)), np.ones(3), "4 steps of the load"),
        (-np.ones((4, 1)), np.ones(4), "0 or more"),
        (np.full((4, 1), 3.0), np.ones(4), "no steady temperature"),
    ],
)
def test_what_cannot_be_is_refused(load_pu, soil_degc, rule):
    with pytest.raises(InputError, match=rule):
        cable_temperatures(THERMAL, load_pu, soil_degc, 0.25)
