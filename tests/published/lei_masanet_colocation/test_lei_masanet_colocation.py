from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest
import yaml

from carbon.data_centre import DataCentre, Facility, OutdoorAir, simulate_facility
from carbon.data_centre.air.psychrometrics import latent_heat_kj_per_kg
from carbon.data_centre.cooling import WaterEconomiser
from carbon.data_centre.priors import load_case

CASE = Path(__file__).parent
DATA_CENTRE = DataCentre.model_validate(yaml.safe_load((CASE / "data_centre.yaml").read_text()))
with (CASE / "points.csv").open() as file:
    POINT = {name: float(value) for name, value in next(csv.DictReader(file)).items()}
AIR = OutdoorAir(*(np.array([POINT[k]]) for k in ("t_dry_bulb_degc", "relative_humidity_percent", "pressure_pa")))
GRID = 1024


def hall() -> Facility:
    air = (AIR.t_dry_bulb_degc, AIR.relative_humidity_percent, AIR.pressure_pa)
    return simulate_facility(DATA_CENTRE, *air, np.ones(1), step_hours=1.0)


def cooling() -> WaterEconomiser:
    assert isinstance(DATA_CENTRE.cooling, WaterEconomiser)
    return DATA_CENTRE.cooling


def test_pue_is_the_published_one_but_for_the_moisture_of_its_air() -> None:
    tower = cooling().tower
    t_mean = tower.leaving_water_degc(AIR) + tower.water_rise_k / 2.0
    evaporated_kg_per_s = hall().heat_mw * 1e3 / latent_heat_kj_per_kg(t_mean)
    its_air_m3_per_s = evaporated_kg_per_s / tower.water_to_air_ratio / AIR.density_kg_per_m3
    its_fan_mw = its_air_m3_per_s * tower.fan_pressure_pa / tower.fan_efficiency / 1e6
    ours = hall().pue[0] - hall().cooling.p_by_machine_mw["tower_fan"][0] + its_fan_mw[0]
    assert ours == pytest.approx(POINT["pue"], abs=0.001)


def test_water_is_the_published_one_but_for_its_constants() -> None:
    tower = sum(cooling().tower.make_up_kg_per_s(hall().heat_mw, AIR).values())
    water_kg_per_s = tower + hall().cooling.water_by_use_kg_per_s["humidifier"]
    assert water_kg_per_s[0] * 3.6 == pytest.approx(POINT["wue_l_per_kwh"], rel=0.005)


def test_the_published_vector_lies_on_the_grid_of_uniform_draws_from_our_ranges() -> None:
    """It tells both that the ranges are right and that they bound uniform distributions."""
    values = {
        "ups_efficiency": DATA_CENTRE.power_chain.ups_efficiency,
        "distribution_loss": DATA_CENTRE.power_chain.distribution_loss,
        "lighting_share": DATA_CENTRE.lighting_share,
    }
    checked = 0
    for prior in load_case("colocation_water_economiser").priors:
        value = values.get(prior.parameters[0])
        if value is None:
            place = cooling().model_dump()
            for key in prior.parameters[0].split(".")[1:]:
                place = place[key]
            value = float(place)
        position = (value - prior.low) / (prior.high - prior.low) * GRID
        if prior.parameters[0].endswith("pump_pressure_pa"):
            assert 0 <= position <= GRID  # the ranges of these pressures are printed in rounded kPa
        else:
            assert position == pytest.approx(round(position), abs=0.005), prior.parameters
            checked += 1
    assert checked == 25
