"""Engines that burn a fuel: emissions by the fuel, allocation of CHP, and who decides when they run."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from grid.assets import CHP, Diesel, Site

BUS = "MV3.101 Bus 84"


def chp(**changes: Any) -> CHP:
    return CHP.model_validate({"name": "x", "bus": BUS, "p_rated_mw": 2.0, **changes})


ALONE = {"electricity": 0.38 / 0.35, "heat": 0.48 / 0.80}


@pytest.mark.parametrize(
    ("allocation", "share"),
    [
        ("all_to_electricity", 1.0),
        ("energy", 0.38 / 0.86),
        ("alternative_heat", 1 - 0.48 / 0.9),
        ("efficiency_method", ALONE["electricity"] / (ALONE["electricity"] + ALONE["heat"])),
    ],
)
def test_chp_emits_what_its_fuel_does(allocation: str, share: float) -> None:
    both = chp(allocation=allocation).ci_kg_per_mwh
    assert both is not None
    direct, lifecycle = both
    assert direct == pytest.approx(share * 3.6 * 56.1 / 0.38)
    assert lifecycle == pytest.approx(1.19 * direct)


def test_biogas_has_the_emissions_of_its_technology(winter_site: Site) -> None:
    (made,) = chp(fuel="biogas").flexibilities(winter_site)
    assert made.ci_kg_per_mwh is None
    assert made.technology == "biomass"


def test_chp_led_by_heat_runs_in_the_cold_and_leaves_nothing_to_decide(winter_site: Site, summer_site: Site) -> None:
    (winter,) = chp().flexibilities(winter_site)
    assert np.array_equal(winter.p_min_mw.values, winter.p_max_mw.values)
    assert winter.p_min_mw.values.min() < 0
    hot = replace(summer_site.weather, t_dry_bulb_degc=np.full(summer_site.city.clock.n_steps, 25.0))
    assert (chp().load(hot) == 0).all()
    icy = replace(summer_site.weather, t_dry_bulb_degc=np.full(summer_site.city.clock.n_steps, -5.0))
    assert (chp().load(icy) == 1).all()


def test_chp_led_by_the_dispatch_pays_for_fuel_less_that_of_the_boiler(winter_site: Site) -> None:
    (free,) = chp(lead="dispatch").flexibilities(winter_site)
    assert free.p_min_on_mw[0] == 1.0
    assert (free.unmanaged_power() == 0).all()
    assert free.wear_cost_per_mwh[0] == pytest.approx(45 / 0.38 - 45 * (0.48 / 0.38) / 0.9)


def test_more_energy_than_fuel_is_refused(winter_site: Site) -> None:
    (fault,) = chp(efficiency=0.5, heat_efficiency=0.6).faults(winter_site.city, "a")
    assert str(fault) == "a: efficiency and heat_efficiency must not sum to more than 1; got 1.1"


def test_diesel_stands_by_at_the_price_of_its_fuel(winter_site: Site) -> None:
    (made,) = Diesel(name="x", bus=BUS, p_rated_mw=1.0).flexibilities(winter_site)
    assert (made.unmanaged_power() == 0).all()
    assert made.p_min_mw.values.tolist() == [-1.0] * made.n_slots
    assert made.p_min_on_mw[0] == pytest.approx(0.3)
    assert made.wear_cost_per_mwh[0] == pytest.approx(130 / 0.38)
    assert made.ci_kg_per_mwh is not None
    assert made.ci_kg_per_mwh == pytest.approx((3.6 * 74.1 / 0.38, 1.28 * 3.6 * 74.1 / 0.38))
    assert made.technology == "oil"
