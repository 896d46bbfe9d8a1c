from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from carbon.reporting.v2g_credit import charging_intensity, v2g_credit
from carbon.reporting.vehicles import SessionCarbon, carbon_coefficients
from grid.errors import InputError
from tests.examples import examples


def sessions(seed, n=60):
    rng = np.random.default_rng(seed)
    return SessionCarbon(
        labels={
            "place": rng.choice(["home", "work", "fast"], n),
            "vehicle_class": rng.choice(["small", "van"], n),
            "start_hour": rng.integers(0, 24, n),
        },
        energy_kwh=rng.uniform(0, 50, n),
        v2g_kwh=rng.uniform(0, 10, n),
        emissions_kg=rng.uniform(-2, 20, n),
        v2g_kg=rng.uniform(0, 5, n),
        distance_km=rng.uniform(0, 100, n),
        driven_kg=rng.uniform(0, 8, n),
    )


@examples(30)
@given(
    st.integers(0, 2**32 - 1),
    st.sampled_from([(), ("place",), ("vehicle_class", "start_hour"), ("place", "vehicle_class", "start_hour")]),
)
def test_groups_are_the_sums_of_their_sessions_and_sum_to_all(seed, by):
    given_ = sessions(seed)
    found = carbon_coefficients(given_, by)
    assert found.sessions.sum() == 60
    for name in ("energy_kwh", "v2g_kwh", "emissions_kg", "distance_km", "driven_kg"):
        assert getattr(found, name).sum() == pytest.approx(getattr(given_, name).sum(), rel=1e-12)
    seen = set()
    for row in range(len(found.sessions)):
        key = tuple(found.labels[name][row] for name in by)
        assert key not in seen
        seen.add(key)
        here = np.all([given_.labels[name] == value for name, value in zip(by, key, strict=True)], axis=0)
        here = np.broadcast_to(here, 60).astype(bool)
        charged_kg = (given_.emissions_kg + given_.v2g_kg)[here].sum()
        assert found.charged_g_per_kwh[row] == pytest.approx(1000 * charged_kg / given_.energy_kwh[here].sum())
        assert found.g_per_km[row] == pytest.approx(
            1000 * given_.driven_kg[here].sum() / given_.distance_km[here].sum()
        )


def test_a_group_is_weighted_by_energy_not_by_session():
    two = SessionCarbon(
        {"place": np.array(["home", "home"])},
        energy_kwh=np.array([10.0, 30.0]),
        v2g_kwh=np.array([0.0, 5.0]),
        emissions_kg=np.array([5.0, 1.0]),
        v2g_kg=np.array([0.0, 2.0]),
        distance_km=np.zeros(2),
        driven_kg=np.zeros(2),
    )
    found = carbon_coefficients(two, ("place",))
    assert found.charged_g_per_kwh[0] == pytest.approx(1000 * 8 / 40)
    assert found.net_g_per_kwh[0] == pytest.approx(1000 * 6 / 35)
    assert np.isnan(found.g_per_km[0])


def test_no_sessions_make_one_empty_group_or_none():
    none = SessionCarbon({"place": np.empty(0, dtype=str)}, *(np.empty(0) for _ in range(6)))
    assert carbon_coefficients(none).sessions.tolist() == [0]
    assert carbon_coefficients(none, ("place",)).sessions.size == 0


def test_wrong_sessions_and_labels_are_named():
    with pytest.raises(InputError, match=r"sessions.energy_kwh\[0\]: must be at least 0"):
        SessionCarbon({}, np.array([-1.0]), *(np.zeros(1) for _ in range(5)))
    with pytest.raises(InputError, match=r"labels.place: must have shape"):
        SessionCarbon({"place": np.array(["home", "work"])}, *(np.zeros(1) for _ in range(6)))
    with pytest.raises(InputError, match=r"by: must be among .*; got 'brand'"):
        carbon_coefficients(sessions(0), ("brand",))


@examples(50)
@given(st.floats(0, 10), st.floats(0, 900), st.floats(-200, 1200), st.floats(0, 100))
def test_a_credit_is_positive_just_when_what_it_replaces_is_dirtier(energy, ci_stock, ci_reference, wear):
    credit = v2g_credit(
        np.array([energy]), np.array([energy * ci_stock / 0.9]), np.array([ci_reference]), "marginal", wear
    )
    expected = energy * (ci_reference - ci_stock / 0.9 - wear)
    assert credit.total_kg == pytest.approx(expected, rel=1e-9, abs=1e-9)
    if abs(expected) > 1e-6:
        assert (credit.avoided_kg[0] > 0) == (ci_reference > ci_stock / 0.9 + wear)


def test_a_wrong_credit_is_named():
    with pytest.raises(InputError, match="released_kg: must have shape"):
        v2g_credit(np.ones(2), np.ones(1), np.ones(2), "average")
    with pytest.raises(InputError, match="must be marginal or average; got 'cleanest'"):
        v2g_credit(np.ones(1), np.ones(1), np.ones(1), "cleanest")


def test_a_battery_mixes_what_it_is_charged_with():
    """20 kWh at 300 and 10 kWh at 700 g/kWh at the meter, efficiency 0.9: 13 kg in 27 kWh; then 5 kWh go back."""
    energy, after = np.array([20.0, 10.0, -5.0]), np.array([18.0, 27.0, 27.0 - 5 / 0.9])
    mix = charging_intensity(np.zeros(3, int), energy, after, np.full(3, 0.9), np.array([300.0, 700.0, 800.0]))
    assert mix[1] == pytest.approx(300 / 0.9)
    assert mix[2] == pytest.approx(13_000 / 27)


def test_each_battery_has_its_own_mix_and_starts_with_the_mean_of_all_charges():
    owner = np.array([0, 1, 0, 1])
    energy, after = np.array([-1.0, 2.0, -1.0, -1.0]), np.array([9.0, 2.0, 8.0, 1.0])
    mix = charging_intensity(owner, energy, after, np.ones(4), np.array([100.0, 600.0, 100.0, 100.0]))
    np.testing.assert_allclose(mix, 600.0)  # the only charge there is
    half = charging_intensity(owner, np.array([4.0, 2.0, -1.0, -1.0]), np.array([8.0, 2.0, 7.0, 1.0]), np.ones(4),
                              np.array([300.0, 600.0, 0.0, 0.0]))  # fmt: skip
    assert half[2] == pytest.approx((4 * 400 + 4 * 300) / 8)  # four were there, at the mean of six charged
    assert half[3] == pytest.approx(600)


@examples(30)
@given(st.floats(-200, 1200), st.floats(0.5, 1), st.floats(0.5, 1), st.floats(0.1, 9))
def test_to_charge_and_give_back_at_one_intensity_costs_just_the_losses(ci, eta_charge, eta_discharge, energy):
    charged = energy / (eta_charge * eta_discharge)
    mix = charging_intensity(
        np.zeros(2, int), np.array([charged, -energy]), np.array([charged * eta_charge, 0.0]),
        np.full(2, eta_charge), np.full(2, ci),
    )  # fmt: skip
    credit = v2g_credit(np.array([energy]), energy * mix[1:] / eta_discharge, np.array([ci]), "marginal")
    assert credit.total_kg == pytest.approx(-ci * (charged - energy), rel=1e-9, abs=1e-9)


def test_movements_in_windows_of_time_find_the_same_mix():
    rng = np.random.default_rng(5)
    owner, n = rng.integers(0, 7, 300), 300
    energy, after = rng.uniform(-5, 5, n), rng.uniform(5, 20, n)
    ci, eta = rng.uniform(-100, 900, n), rng.uniform(0.8, 1.0, n)
    mix = np.full(9, 432.1)
    windows = [slice(0, 120), slice(120, 120), slice(120, 121), slice(121, 300)]
    parts = [
        charging_intensity(owner[here], energy[here], after[here], eta[here], ci[here], mix_kg_per_mwh=mix)
        for here in windows
    ]
    np.testing.assert_array_equal(np.concatenate(parts), charging_intensity(owner, energy, after, eta, ci, 432.1))
    assert (mix[7:] == 432.1).all()  # of batteries in which nothing moved


def test_batteries_that_are_never_charged_release_nothing_known():
    assert charging_intensity(np.zeros(0, int), *(np.zeros(0) for _ in range(4))).size == 0
    assert charging_intensity(np.zeros(1, int), np.array([-1.0]), np.ones(1), np.ones(1), np.ones(1)).tolist() == [0.0]
