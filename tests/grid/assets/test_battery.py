"""Batteries: losses, the reserve, reactive power, and ratings that cannot be meant."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from grid.assets import Battery, Site

BUS = "MV3.101 Bus 84"


def battery(**changes: Any) -> Battery:
    return Battery.model_validate({"name": "x", "bus": BUS, "p_rated_mw": 1, "e_rated_mwh": 4, **changes})


def test_a_round_trip_loses_what_is_stated(winter_site: Site) -> None:
    (made,) = battery(round_trip_efficiency=0.81, standing_loss_percent_per_day=0).flexibilities(winter_site)
    power = np.zeros(made.n_slots)
    power[:4], power[4:8] = 0.5, -0.5 * 0.81
    energy = made.energy_mwh(power)
    assert energy[3] == pytest.approx(2.0 + 0.9 * 0.5)
    assert energy[7] == pytest.approx(2.0)


def test_a_day_of_standing_loses_what_is_stated(winter_site: Site) -> None:
    (made,) = battery(standing_loss_percent_per_day=5).flexibilities(winter_site)
    assert made.energy_mwh(np.zeros(made.n_slots))[95] == pytest.approx(2.0 * 0.95)


def test_the_reserve_is_never_sold(winter_site: Site) -> None:
    (made,) = battery(reserve_share=0.25).flexibilities(winter_site)
    assert made.reservoir is not None
    assert made.reservoir.e_min_mwh[0] == 1.0


def test_a_battery_that_starts_below_its_reserve_is_refused(winter_site: Site) -> None:
    (fault,) = battery(soc_start=0.1, reserve_share=0.2).faults(winter_site.city, "assets[1]")
    assert str(fault) == "assets[1].soc_start: must not be less than reserve_share, 0.2; got 0.1"


def test_an_inverter_for_power_factor_0_9_gives_half_its_active_power_as_reactive(winter_site: Site) -> None:
    (made,) = battery().flexibilities(winter_site)
    assert made.q_max_mvar[0] == pytest.approx(0.4843221, abs=5e-8)
    (without,) = battery(power_factor_min=1.0).flexibilities(winter_site)
    assert without.q_max_mvar[0] == 0.0


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"p_rated_mw": 200, "e_rated_mwh": 8},
         "a.p_rated_mw: would empty 8 MWh in 2.4 minutes; the unit is MW; got 200.0; did you mean '0.2'?"),
        ({"p_rated_mw": 2, "e_rated_mwh": 8000},
         "a.e_rated_mwh: would last 4,000 hours at 2 MW; the unit is MWh; got 8000.0; did you mean '8'?"),
    ],
)  # fmt: skip
def test_power_and_energy_of_different_units_are_refused(
    changes: dict[str, float], message: str, winter_site: Site
) -> None:
    assert [str(fault) for fault in battery(**changes).faults(winter_site.city, "a")] == [message]


def test_kilowatts_are_refused_with_the_megawatts_that_were_meant(winter_site: Site) -> None:
    faults = [str(fault) for fault in battery(p_rated_mw=2000, e_rated_mwh=8).faults(winter_site.city, "a")]
    assert any(fault.endswith("powers are in MW: did you mean 2?") for fault in faults)
