from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest
import yaml

from carbon.data_centre import DataCentre, Facility, simulate_facility

CASE = Path(__file__).parent
DATA_CENTRE = DataCentre.model_validate(yaml.safe_load((CASE / "data_centre.yaml").read_text()))
HALF_THE_LAST_DIGIT = 5e-7


def rows(name: str) -> list[dict[str, str]]:
    with (CASE / name).open() as file:
        return list(csv.DictReader(file))


def at(point: dict[str, str]) -> Facility:
    air = [np.array([float(point[k])]) for k in ("t_dry_bulb_degc", "relative_humidity_percent", "pressure_pa")]
    return simulate_facility(DATA_CENTRE, *air, np.array([DATA_CENTRE.p_it_rated_mw]), step_hours=1.0)


@pytest.mark.parametrize("point", rows("points.csv"), ids=lambda p: f"{p['t_dry_bulb_degc']}C-{p['pue']}")
def test_pue_is_the_published_one(point: dict[str, str]) -> None:
    assert at(point).pue[0] == pytest.approx(float(point["pue"]), rel=0, abs=float(point["tolerance"]))


def test_every_part_is_the_published_one() -> None:
    chain = DATA_CENTRE.power_chain
    ours = {name: float(p[0]) for name, p in at(rows("points.csv")[0]).cooling.p_by_machine_mw.items()}
    ours["ups"] = 1.0 / chain.ups_efficiency - 1.0
    ours["distribution"] = 1.0 / (1.0 - chain.distribution_loss) - 1.0
    ours["lighting"] = DATA_CENTRE.lighting_share
    published = {row["part"]: float(row["share_of_it"]) for row in rows("breakdown.csv")}
    assert ours == pytest.approx(published, rel=0, abs=HALF_THE_LAST_DIGIT)
