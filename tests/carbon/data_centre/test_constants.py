"""Constants with a source, at the value that the source prints."""

from __future__ import annotations

import pytest

from carbon.data_centre.air import psychrometrics
from carbon.data_centre.cooling import AirEconomiser
from carbon.data_centre.on_site import Generators
from carbon.data_centre.plant.air_plant import AirChiller, DirectExpansionUnit
from carbon.data_centre.plant.air_window import RH_MAX_PERCENT, T_CORNER_DEGC, T_DEW_CORNER_DEGC
from carbon.data_centre.power_chain import Transformer
from carbon.data_centre.server import PowerLawCurve
from carbon.data_centre.studies.siting import KWH_PER_GB_2015, kwh_per_gb
from carbon.factors import load_factor_set

BUCK_1996 = "A. L. Buck, constants of the 1996 revision: 6.1121 hPa, 18.678, 234.5, 257.14"
LEI_MASANET = "Lei and Masanet, Energy 201:117556, 2020, and its program"


@pytest.mark.parametrize(
    ("value", "printed", "source"),
    [
        (psychrometrics.BUCK_PRESSURE_PA, 611.21, BUCK_1996),
        (
            psychrometrics.saturation_pressure_pa(25.0),
            3168.5,
            "IAPWS: 3.1690 kPa at 25 °C; Buck 3.1685",
        ),
        (psychrometrics.VAPOUR_TO_AIR_MASS_RATIO, 0.62198, LEI_MASANET),
        (psychrometrics.CP_DRY_AIR_KJ_PER_KG_K, 1.01, LEI_MASANET),
        (psychrometrics.CP_VAPOUR_KJ_PER_KG_K, 1.84, LEI_MASANET),
        (psychrometrics.H_VAPOUR_AT_0_DEGC_KJ_PER_KG, 2500.0, LEI_MASANET),
        (RH_MAX_PERCENT, 80.0, LEI_MASANET),
        (T_CORNER_DEGC, 27.0, LEI_MASANET),
        (T_DEW_CORNER_DEGC, 15.0, LEI_MASANET),
        (AirEconomiser().t_supply_min_degc, 18.0, "ASHRAE TC 9.9, recommended envelope"),
        (AirEconomiser().t_supply_max_degc, 27.0, "ASHRAE TC 9.9, recommended envelope"),
        (DirectExpansionUnit().cop_cold, 2.8, "Lei and Masanet, Resour. Conserv. Recycl. 182:106323, 2022"),
        (AirChiller().t_leaving_degc, 6.67, "EnergyPlus, test file AirCooledElectricChiller.idf"),
        (Transformer().no_load_loss, 2_790 / 2.5e6, "Commission Regulation (EU) 548/2014, tier 2, 2,500 kVA: P_0"),
        (Transformer().load_loss, 19_000 / 2.5e6, "Commission Regulation (EU) 548/2014, tier 2, 2,500 kVA: P_k"),
        (PowerLawCurve().exponent, 1.4, "Fan, Weber, Barroso, ISCA 2007"),
        (KWH_PER_GB_2015, 0.06, "Aslan et al., J. Ind. Ecol. 22(4), 2018: 0.06 kWh/GB in 2015"),
        (kwh_per_gb(2017), 0.03, "Aslan et al., J. Ind. Ecol. 22(4), 2018: halving about every two years"),
        (Generators(p_rated_mw=1.0).kg_co2e_per_l, 2.66155, "DESNZ conversion factors 2025, 100 % mineral diesel"),
    ],
)
def test_a_constant_is_what_its_source_prints(value: float, printed: float, source: str) -> None:
    assert value == pytest.approx(printed, rel=5e-3 if printed < 0.01 else 1e-4), source


def test_the_diesel_of_generators_is_that_of_the_factor_set() -> None:
    shipped = load_factor_set("road_fuels_litre").find("diesel", region="United Kingdom mineral")
    assert Generators(p_rated_mw=1.0).kg_co2e_per_l == shipped.value
