"""PUE and its parts of Lei and Masanet's air-side and water-side economisers, each a folder of its own."""

from __future__ import annotations

import csv

import numpy as np
import pytest
import yaml

from carbon.data_centre import DataCentre, Facility, simulate_facility
from tests.places import ROOT

FOLDER = ROOT / "tests" / "published"
CASES = ("lei_masanet_air_side", "lei_masanet_water_side")
HALF_THE_LAST_DIGIT = 5e-7


def data_centre(case: str) -> DataCentre:
    return DataCentre.model_validate(yaml.safe_load((FOLDER / case / "data_centre.yaml").read_text()))


def rows(case: str, name: str) -> list[dict[str, str]]:
    with (FOLDER / case / name).open() as file:
        return list(csv.DictReader(file))


def at(centre: DataCentre, point: dict[str, str]) -> Facility:
    air = [np.array([float(point[k])]) for k in ("t_dry_bulb_degc", "relative_humidity_percent", "pressure_pa")]
    return simulate_facility(centre, *air, np.array([centre.p_it_rated_mw]), step_hours=1.0)


@pytest.mark.parametrize(
    ("case", "point"),
    [pytest.param(case, point, id=f"{case}-{point['t_dry_bulb_degc']}C-{point['pue']}")
     for case in CASES for point in rows(case, "points.csv")],
)  # fmt: skip
def test_pue_is_the_published_one(case: str, point: dict[str, str]) -> None:
    found = at(data_centre(case), point).pue[0]
    assert found == pytest.approx(float(point["pue"]), rel=0, abs=float(point["tolerance"]))


@pytest.mark.parametrize("case", CASES)
def test_every_part_is_the_published_one(case: str) -> None:
    centre = data_centre(case)
    chain = centre.power_chain
    ours = {name: float(p[0]) for name, p in at(centre, rows(case, "points.csv")[0]).cooling.p_by_machine_mw.items()}
    ours["ups"] = 1.0 / chain.ups_efficiency - 1.0
    ours["distribution"] = 1.0 / (1.0 - chain.distribution_loss) - 1.0
    ours["lighting"] = centre.lighting_share
    published = {row["part"]: float(row["share_of_it"]) for row in rows(case, "breakdown.csv")}
    assert ours == pytest.approx(published, rel=0, abs=HALF_THE_LAST_DIGIT)
