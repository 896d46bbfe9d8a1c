"""`gridcarbon check` reads every file of a scenario as the run will, and says what it read."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pandapower as pp
import polars as pl
import pytest

from app.scenario import check_scenario
from app.scenario.describe import describe_scenario
from grid.errors import ScenarioError

pytestmark = pytest.mark.slow

FACTORS = "technology,value,unit,gas,boundary,view,losses,renewable,year,issuer,source,status\n"
AIR = "t_dry_bulb_degc,relative_humidity_percent,pressure_pa,wind_speed_m_per_s"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A net of one load of homes, and files beside it."""
    folder = tmp_path_factory.mktemp("files")
    net = pp.create_empty_network(name="invented")
    first, second = (pp.create_bus(net, 20.0, name=name) for name in ("station", "street"))
    pp.create_ext_grid(net, first)
    pp.create_line(net, first, second, 1.0, "NA2XS2Y 1x95 RM/25 12/20 kV")
    pp.create_load(net, second, p_mw=1.0, name="homes")
    net.load["sector"] = "I.1"
    pp.to_json(net, str(folder / "net.json"))
    hours = [datetime(2030, 1, 7, tzinfo=UTC) + timedelta(hours=k) for k in range(36)]
    columns = {"time_utc": [hour.replace(tzinfo=None) for hour in hours], "load/homes/p_mw": np.full(36, 2.0)}
    pl.DataFrame(columns).write_parquet(folder / "profiles.parquet")
    year = [datetime(2023, 1, 1, tzinfo=UTC) + timedelta(hours=k) for k in range(8760)]
    rows = [f"{hour:%Y-%m-%dT%H:%M},10,70,100000,3" for hour in year]
    (folder / "air.csv").write_text("\n".join([f"time_utc,{AIR}", *rows]))
    (folder / "factors.csv").write_text(
        f"{FACTORS}gas,400,kg/MWh,CO2,direct,production,out,false,2023,me,it,verified\n"
    )
    return folder


def scenario(**changes: Any) -> dict[str, Any]:
    return {
        "name": "files",
        "city": {"network": "net.json"},
        "period": {"start": "2030-01-07", "days": 1, "step_minutes": 60},
        **changes,
    }


def faults(folder: Path, **changes: Any) -> str:
    with pytest.raises(ScenarioError) as error:
        check_scenario(scenario(**changes), folder, "files.yaml")
    return str(error.value)


def test_a_factor_set_must_have_what_the_region_and_the_city_need(folder: Path) -> None:
    plant = {"kind": "pv", "name": "roofs", "bus": "street", "p_peak_mw": 0.1}
    said = faults(folder, carbon={"factor_set": "factors.csv"}, assets=[plant])
    lacking = said.partition("carbon.factor_set: lacks ")[2].partition(" (direct), which the region")[0].split(", ")
    assert {"oil", "lignite", "unknown"} <= set(lacking)
    assert "gas" not in lacking
    assert "lacks solar (direct), which what feeds in within the city needs" in said


@pytest.mark.parametrize(
    "changes",
    [
        {"adoption": {"pv_roof_share": 0.5}},
        {"assets": [{"kind": "pv", "name": "roofs", "bus": "street", "p_peak_mw": 0.1}]},
    ],
)
def test_photovoltaics_need_irradiance_wherever_they_come_from(folder: Path, changes: dict[str, Any]) -> None:
    assert "weather: has no irradiance, so there is no sun" in faults(folder, weather="air.csv", **changes)


def test_profiles_are_reported_and_their_faults_stand_at_their_place(folder: Path) -> None:
    city = {"network": "net.json", "profiles": "profiles.parquet"}
    text = describe_scenario(check_scenario(scenario(city=city), folder, "files.yaml"))
    assert "profiles: " in text
    assert "load: 72.0 MWh and peak 2.000 MW in the file, 48.0 MWh and 2.000 MW in the run, in 1 of 1" in text
    late = {"start": "2030-01-08", "days": 1, "step_minutes": 60}
    assert "city.profiles: time_utc: must cover all of the period" in faults(folder, city=city, period=late)


def test_recorded_sessions_are_reported_in_the_form_of_all_files(folder: Path) -> None:
    rows = [f"{k},2030-01-0{k}T17:00Z,2030-01-0{k}T21:00Z,1000,11000,a,s" for k in range(1, 9)]
    header = "transactionId,startTimestamp,stopTimestamp,startValue,stopValue,idTag,chargeBoxId"
    (folder / "ocpp.csv").write_text("\n".join([header, *rows]))
    cars = {"kind": "ev_recorded", "name": "cars", "bus": "street", "file": "ocpp.csv"}
    text = describe_scenario(check_scenario(scenario(assets=[cars]), folder, "files.yaml"))
    assert "cars, sessions: " in text
    assert "format    ocpp" in text
    assert "80.0 kWh in all rows, 80.0 kWh with each session once, 80.0 kWh kept" in text
