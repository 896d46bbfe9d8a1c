from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from grid.errors import InputError
from grid.twin.insulation import ageing_rate, loss_of_life_h
from grid.twin.transformer_thermal import ThermalState, TransformerThermal, transformer_temperatures

REFERENCE = pl.read_csv(Path(__file__).parent / "data" / "transformer_thermal_model.csv")
KINDS = {
    "distribution": TransformerThermal.distribution(loss_ratio=6.5),
    "power_onan": TransformerThermal.power(loss_ratio=6.5),
}
loads = st.lists(st.floats(0, 2), min_size=2, max_size=40)


def solved(thermal, load_pu, ambient_degc=20.0, step_hours=0.25, **options):
    load_pu = np.atleast_2d(np.asarray(load_pu, dtype=float)).T
    return transformer_temperatures(thermal, load_pu, np.full(len(load_pu), ambient_degc), step_hours, **options)


@pytest.mark.parametrize("kind", KINDS)
def test_it_agrees_with_transformer_thermal_model(kind):
    load_pu, ambient = (REFERENCE[name].to_numpy() for name in ("load_pu", "ambient_degc"))
    found = transformer_temperatures(KINDS[kind], load_pu[:, None], ambient, 0.25)
    np.testing.assert_allclose(found.top_oil_degc[:, 0], REFERENCE[f"{kind}_top_oil_degc"], rtol=0, atol=1e-4)
    np.testing.assert_allclose(found.hot_spot_degc[:, 0], REFERENCE[f"{kind}_hot_spot_degc"], rtol=0, atol=1e-4)


@pytest.mark.parametrize(("paper", "days"), [("plain", 106.48770643), ("upgraded", 13.40373285)])
def test_its_loss_of_life_agrees_with_transformer_thermal_model(paper, days):
    hot_spot_degc = REFERENCE["distribution_hot_spot_degc"].to_numpy()
    after_the_first = loss_of_life_h(hot_spot_degc[1:], 0.25, paper) / 24
    assert after_the_first == pytest.approx(days, rel=1e-5)


@pytest.mark.parametrize(
    ("hot_spot_degc", "plain", "upgraded"),
    [(80, 0.125, 0.036), (86, 0.25, 0.073), (92, 0.5, 0.145), (98, 1.0, 0.282), (104, 2.0, 0.536), (110, 4.0, 1.0),
     (116, 8.0, 1.83), (122, 16.0, 3.29), (128, 32.0, 5.8), (134, 64.0, 10.1), (140, 128.0, 17.2)],
)  # fmt: skip
def test_rates_of_ageing_are_those_of_the_standard(hot_spot_degc, plain, upgraded):
    half_of_the_last_digit = 0.05 if upgraded > 5 else 0.005 if upgraded > 1 else 0.0005
    assert ageing_rate(np.array(hot_spot_degc), "plain") == pytest.approx(plain, rel=1e-12)
    assert ageing_rate(np.array(hot_spot_degc), "upgraded") == pytest.approx(upgraded, abs=half_of_the_last_digit)


@pytest.mark.parametrize(
    ("load_pu", "hot_spot_degc"), [(0.5, 52.7), (0.75, 72.8), (1.0, 98.0), (1.2, 121.4), (1.5, 161.4)]
)
def test_a_constant_load_leads_to_the_steady_hot_spot(load_pu, hot_spot_degc):
    """A distribution transformer at 20 °C with R = 5, rises of 55 and 23 K."""
    thermal = TransformerThermal(loss_ratio=5, top_oil_rise_k=55, winding_gradient_k=23, hot_spot_factor=1.0)
    start = ThermalState(top_oil_degc=20.0, winding_rise_k=0.0, oil_rise_k=0.0)
    found = solved(thermal, np.full(400, load_pu), start=start)
    assert found.hot_spot_degc[-1, 0] == pytest.approx(hot_spot_degc, abs=0.05)


@given(load_pu=loads, more=st.floats(0, 0.5), warmer_k=st.floats(0, 20), kind=st.sampled_from(sorted(KINDS)))
def test_hotter_or_more_load_never_lowers_ageing(load_pu, more, warmer_k, kind):
    before = solved(KINDS[kind], load_pu)
    after = solved(KINDS[kind], np.add(load_pu, more), 20 + warmer_k, start=None)
    for paper in ("plain", "upgraded"):
        aged = [loss_of_life_h(each.hot_spot_degc, 0.25, paper)[0] for each in (before, after)]
        assert aged[1] >= aged[0] * (1 - 1e-12)


@given(load_pu=loads, kind=st.sampled_from(sorted(KINDS)))
def test_halving_the_steps_changes_nothing(load_pu, kind):
    whole, halves = solved(KINDS[kind], load_pu), solved(KINDS[kind], np.repeat(load_pu, 2), step_hours=0.125)
    np.testing.assert_allclose(halves.hot_spot_degc[1::2], whole.hot_spot_degc, rtol=0, atol=1e-9)


@pytest.mark.parametrize(
    ("load_pu", "ambient_degc", "place"),
    [
        (np.ones(4), np.ones(4), "load_pu"),
        (np.ones((4, 1)), np.ones(3), "ambient_degc"),
        (-np.ones((4, 1)), np.ones(4), "load_pu"),
        (np.full((4, 1), np.nan), np.ones(4), "load_pu"),
        (np.ones((4, 1)), np.full(4, np.inf), "ambient_degc"),
    ],
)
def test_wrong_arrays_are_refused(load_pu, ambient_degc, place):
    with pytest.raises(InputError) as raised:
        transformer_temperatures(KINDS["distribution"], load_pu, ambient_degc, 0.25)
    assert [fault.place for fault in raised.value.faults] == [place]


def test_difference_equations_want_short_steps():
    with pytest.raises(InputError, match="half the winding's time constant"):
        solved(KINDS["distribution"], [1.0, 1.0], form="difference")
