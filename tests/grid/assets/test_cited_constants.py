"""Constants of `grid` that have a source, by what the source says."""

from __future__ import annotations

import math

import numpy as np
import pytest

from grid import units
from grid.assets import adoption, feed_in, generators, pv
from grid.assets.base_station import Radio
from grid.assets.ev import devices, vehicles
from grid.assets.heat import demand
from grid.assets.industrial_demand import IndustrialDemand

CITED = [
    (units.LHV_HYDROGEN_MWH_PER_KG, 119.96 / 3600, 1e-3, "hydrogen's lower heating value, 119.96 MJ/kg"),
    (pv.GAMMA_PER_K, -0.0047, 0.0, "NREL/TP-6A20-62641, table 3: standard module"),
    (pv.INVERTER_EFFICIENCY, 0.96, 0.0, "NREL/TP-6A20-62641: nominal efficiency of the inverter"),
    (feed_in.POWER_FACTOR_MIN, 0.9, 0.0, "VDE-AR-N 4105 (2018): above 4.6 kVA"),
    (units.LOW_VOLTAGE_KV, 1.0, 0.0, "IEC 60038: low voltage is up to 1 kV"),
    (devices.BATTERY_WEAR_KG_PER_MWH, 84.0 / 3000.0 * 1000.0, 0.0, "IVL C 444: 84 kg/kWh, over 3,000 cycles"),
    (84.0, (61.0 + 106.0) / 2, 0.01, "IVL C 444: the middle of 61 to 106 kg/kWh"),
    (vehicles.PLASTIC_NUMBER**3, vehicles.PLASTIC_NUMBER + 1, 1e-12, "Roberts 2018: the root of x³ = x + 1"),
    (generators.ALONE_ELECTRICITY, 0.35, 0.0, "GHG Protocol, CHP guide 2006: efficiency method"),
    (generators.ALONE_HEAT, 0.80, 0.0, "GHG Protocol, CHP guide 2006: efficiency method"),
    (IndustrialDemand.model_fields["value_per_mwh"].default, 400.0, 0.0, "AbLaV of 16 August 2016, § 4 (2)"),
]  # fmt: skip


@pytest.mark.parametrize(("value", "cited", "tolerance", "source"), CITED, ids=[source for *_, source in CITED])
def test_a_constant_is_what_its_source_says(value: float, cited: float, tolerance: float, source: str) -> None:
    assert source
    assert value == pytest.approx(cited, rel=tolerance, abs=1e-12)


def test_coefficients_of_performance_are_those_of_staffell_et_al_2012() -> None:
    """Energy & Environmental Science 5, 9291: COP = 6.81 - 0.121 ΔT + 0.000630 ΔT² for air, 8.77 - 0.150 ΔT +
    0.000734 ΔT² for the ground, for lifts of 15 to 60 K."""
    lifts = np.array([15.0, 30.0, 45.0, 60.0])
    np.testing.assert_allclose(demand.cop("air", lifts), 6.81 - 0.121 * lifts + 0.000630 * lifts**2)
    np.testing.assert_allclose(demand.cop("ground", lifts), 8.77 - 0.150 * lifts + 0.000734 * lifts**2)
    assert demand.cop("air", np.array([80.0])) == demand.cop("air", np.array([60.0]))


def test_standard_heat_profiles_have_hours_for_every_5_degrees() -> None:
    """BDEW/VKU/GEODE, Abwicklung von Standardlastprofilen Gas: ten intervals of the day's temperature, -15 to 25 °C."""
    np.testing.assert_array_equal(demand.BDEW_TEMPERATURES_DEGC, np.arange(-15.0, 26.0, 5.0))


def test_a_macro_cell_of_earth_draws_what_auer_et_al_2011_say() -> None:
    """IEEE Wireless Communications 18 (5), table 2: 130 W, Δp 4.7, 20 W, asleep 75 W, six transceivers a site."""
    macro = Radio(p_0_w=130, delta_p=4.7, p_out_max_w=20, p_sleep_w=75)
    assert 6 * macro.full_w == pytest.approx(1344.0)
    assert Radio().p_sleep_w == pytest.approx(630 * 75 / 130, abs=0.5)  # the default sleeps at EARTH's share


def test_defaults_of_adoption_follow_from_their_statistics() -> None:
    fields = {name: field.default for name, field in adoption.Adoption.model_fields.items()}
    assert fields["cars_per_household"] == pytest.approx(49_098_685 / 41.5e6, abs=0.005)  # KBA 2024, BDEW 2021
    assert fields["electricity_per_household_mwh"] == pytest.approx(512e6 / 4 / 41.5e6, abs=0.05)  # BDEW 2020, 2021
    assert fields["dwellings_per_building"] == pytest.approx(41e6 / 19.5e6, abs=0.05)
    assert fields["roof_peak_kw"] == pytest.approx(7.6e6 / 760_000)  # Bundesverband Solarwirtschaft 2023
    assert fields["heat_per_household_mwh"] == pytest.approx(0.854 * 17.678 * 0.9, abs=0.05)  # Destatis 2019


def test_fuels_are_those_of_their_table() -> None:
    """kg CO2 per GJ of the lower heating value in grid/data/fuels.csv, times 3.6 GJ/MWh."""
    assert generators.fuel("natural_gas").kg_per_mwh == pytest.approx(56.1 * 3.6)  # IPCC 2006
    assert generators.fuel("diesel").kg_per_mwh == pytest.approx(74.1 * 3.6)  # IPCC 2006


def test_reactive_power_beside_full_power_is_p_times_the_tangent() -> None:
    """VDE-AR-N 4105: cos φ of 0.9 is 0.484 MVAr beside a megawatt."""
    assert feed_in.reactive_capability_mvar(1.0, 0.9) == pytest.approx(math.tan(math.acos(0.9)))
