"""The readers of files, each with a right file to begin with."""

from __future__ import annotations

import gzip
import io
import json
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import pandapower as pp
import polars as pl
import yaml

import carbon.upstream
from app.batch.sweep import check_sweep
from app.dashboard.grid_map.basemap import read_basemap
from app.reports.contracts import read_claims
from app.results.folder import Result
from app.results.store.records import record_in
from app.scenario.forecast_file import read_forecast
from app.scenario.tariffs import load_tariff, shipped_tariffs
from app.studies.reinforcement.costs import read_costs, shipped_costs
from app.twin.fault_rates import read_fault_rates, shipped_rates
from app.twin.measuring.files import read_measurements
from app.twin.measuring.mapping import read_mapping
from app.twin.named_numbers import read_named_numbers
from carbon.data_centre.utilisation_file import read_utilisation
from carbon.factors import load_factor_set
from carbon.inventory.activities import read_activities
from carbon.upstream import load_region, upstream_from_csv
from grid.assets.limit_curve import read_limit_curve
from grid.charging_records import read_charging_records
from grid.city.city import make_city
from grid.city.profile_file import read_profiles
from grid.city.source import read_grid
from grid.files.yaml_file import read_yaml
from grid.time.clock import Clock
from grid.weather.weather import weather_for
from tests.app.synthetic_results import N_STEPS, write_synthetic
from tests.app.synthetic_results import START as RESULT_START
from tests.fuzz.scenarios import SCENARIO
from tests.grid.readers.right_files import DATA as GRID_DATA
from tests.grid.readers.right_files import right_files

START = datetime(2030, 1, 7, tzinfo=UTC)
CLOCK = Clock(START, timedelta(hours=1), 24)


@dataclass(frozen=True)
class Reader:
    """One way to read a file.

    Args:
        name: Of the file.
        content: A right file.
        read: Reads it; raises `InputError` where something is wrong.
        beside: Right files that it refers to, by name.
    """

    name: str
    content: bytes
    read: Callable[[Path], Any]
    beside: Mapping[str, bytes] = field(default_factory=dict)

    @property
    def packed(self) -> bool:
        """Whether the file is no text."""
        return self.name.endswith((".parquet", ".gz", ".xlsx", ".zip", ".mat", ".nc"))


def net_text() -> str:
    """A feeder of four buses with a transformer, two loads, photovoltaics, a store and a switch, as pandapower JSON."""
    net = pp.create_empty_network(name="feeder")
    grid, near, far = (pp.create_bus(net, 20.0, name=name, geodata=(8.0, 50.0)) for name in ("grid", "near", "far"))
    low = pp.create_bus(net, 0.4, name="low", zone="town")
    pp.create_ext_grid(net, grid)
    for a, b in ((grid, near), (near, far)):
        pp.create_line_from_parameters(net, a, b, 2.0, 0.3, 0.3, 10.0, 0.3, name=f"line {a}")
    pp.create_transformer(net, far, low, "0.4 MVA 20/0.4 kV", name="transformer")
    pp.create_load(net, near, 1.0, 0.2, name="works", sector="I.3")
    pp.create_load(net, low, 0.1, 0.02, name="homes")
    pp.create_sgen(net, low, 0.05, name="roof", type="PV")
    pp.create_storage(net, low, 0.0, 0.1, name="store")
    pp.create_switch(net, far, 1, "l")
    return str(pp.to_json(net))


def _hours(count: int, start: datetime = START) -> list[str]:
    return [f"{start + timedelta(hours=k):%Y-%m-%dT%H:%M:%SZ}" for k in range(count)]


def _csv(header: str, rows: list[str]) -> bytes:
    return "\n".join([header, *rows, ""]).encode()


def _weather() -> bytes:
    rows = [f"{at},5.0,70,100000,3.0" for at in _hours(8760, datetime(2023, 1, 1, tzinfo=UTC))]
    return _csv("time_utc,t_dry_bulb_degc,relative_humidity_percent,pressure_pa,wind_speed_m_per_s", rows)


def _parquet(columns: dict[str, Any]) -> bytes:
    file = io.BytesIO()
    pl.DataFrame(columns).write_parquet(file)
    return file.getvalue()


def _profiles() -> bytes:
    times = [START.replace(tzinfo=None) + timedelta(hours=k) for k in range(24)]
    return _parquet({"time_utc": times, "load/works/p_mw": [0.5 + k / 50 for k in range(24)]})


def _sessions() -> list[dict[str, Any]]:
    return [
        {"start": f"2030-01-{day:02d} 17:{day:02d}", "stop": f"2030-01-{day + 1:02d} 07:00", "energy_kwh": 20.0 + day,
         "vehicle": f"car {day % 3}"} for day in range(7, 14)
    ]  # fmt: skip


def _sessions_csv() -> bytes:
    rows = [",".join(map(str, session.values())) for session in _sessions()]
    return _csv("start,stop,energy_kwh,vehicle", rows)


def _city(path: Path) -> Any:
    return make_city(read_grid(path.name, folder=path.parent), CLOCK)


def readers() -> tuple[Reader, ...]:
    """All readers of files that a scenario or a command names."""
    package = Path(carbon.upstream.__file__).parent
    net = net_text().encode()
    upstream = [f"{at},{300 + k},{80 + k}.5" for k, at in enumerate(_hours(24))]
    load = [f"{at},0.{50 + k}" for k, at in enumerate(_hours(24))]
    limits = [f"{at},{1 + k % 2}.5" for k, at in enumerate(_hours(24))]
    factors = (package.parent / "factors" / "ipcc_ar5_2014.csv").read_bytes()
    region = (package / "regions" / "germany.yaml").read_bytes()
    tariff = shipped_tariffs()["german_household_2025"].read_bytes()
    return (
        Reader("net.json", net, _city),
        Reader("net.json.gz", gzip.compress(net), _city),
        Reader("weather.csv", _weather(), lambda path: weather_for(path, CLOCK, "Europe/Berlin", 52.0, 10.0)),
        Reader("upstream.csv", _csv("time_utc,ci_kg_per_mwh,price_per_mwh", upstream),
               lambda path: upstream_from_csv(path, CLOCK)),
        Reader("it_load.csv", _csv("time_utc,utilisation", load), lambda path: read_utilisation(path, CLOCK)),
        Reader("sessions.csv", _sessions_csv(), read_charging_records),
        Reader("sessions.json", json.dumps({"_items": _sessions()}).encode(), read_charging_records),
        Reader("profiles.parquet", _profiles(), read_profiles),
        Reader("profiles.csv", b"time_utc,load/mill/p_mw\n2030-01-01T00:00,1\n2030-01-01T01:00,\n2030-01-01T02:00,2\n",
               read_profiles),
        Reader("limits.csv", _csv("time_utc,charge_max_mw", limits), lambda path: read_limit_curve(path, "UTC")),
        Reader("factors.csv", factors, load_factor_set),
        Reader("region.yaml", region, load_region),
        Reader("tariff.yaml", tariff, lambda path: load_tariff(str(path))),
        Reader("activities.csv", ACTIVITIES, read_activities),
        Reader("contracts.yaml", CONTRACTS, _claims, {"hours.csv": _contract_hours()}),
        Reader("sweep.yaml", SWEEP, check_sweep, {"base.yaml": yaml.safe_dump(SCENARIO).encode()}),
        Reader("record.json", RECORD, record_in),
        Reader("outline.geojson", OUTLINE, read_basemap),
        Reader("plain.yaml", b"a: &a {b: [1, 2.5, null], c: 2030-01-01}\nd: {<<: *a, e: yes}\n", read_yaml),
        *twin_readers(),
        *grid_readers(),
    )  # fmt: skip


def twin_readers() -> tuple[Reader, ...]:
    """Readers of forecasts, measurements, and tables of costs, fault rates and customers."""
    ahead = [f"demand,{at},{20 + k}.5" for k, at in enumerate(_hours(24))]
    measured = [f"{at},bus,a,vm_pu,1.0{k}" for k, at in enumerate(_hours(24))]
    meaning = b"time: Zeit\nseries: [{column: U, element_kind: bus, element: a, quantity: vm_pu}]\ntime_zone: UTC\n"
    return (
        Reader("ahead.csv", _csv("kind,time_utc,p50_mw", ahead), lambda path: read_forecast(path, CLOCK)),
        Reader("measured.csv", _csv("time,element_kind,element,quantity,value", measured), read_measurements),
        Reader("meaning.yaml", meaning, read_mapping),
        Reader("costs.csv", shipped_costs().read_bytes(), read_costs),
        Reader("rates.csv", shipped_rates().read_bytes(), read_fault_rates),
        Reader("customers.csv", b"bus,customers\na,3\nb c,12.5\n",
               lambda path: read_named_numbers(path, "--customers", "bus", "customers", ("a", "b c"))),
    )  # fmt: skip


def grid_readers() -> tuple[Reader, ...]:
    """Readers of grids in the formats of others."""
    csv = {file.name: file.read_bytes() for file in (GRID_DATA / "valley").iterdir() if file.name != "lines.csv"}
    lines = (GRID_DATA / "valley" / "lines.csv").read_bytes()
    of_files = (Reader(name, content, _city) for name, content in right_files().items())
    return (*of_files, Reader("lines.csv", lines, lambda path: read_grid(".", folder=path.parent).network, csv))


ACTIVITIES = _csv(
    "gpc_code,name,source,notation,activity_per_year,unit,factor_kg_per_unit,gas",
    ["I.1.1,gas,statistics,,1000,MWh,200,CO2e", "II.1.1,petrol,statistics,,5000,l,2.3,CO2e", "V.1,land,none,NE,,,,"],
)

CONTRACTS = b"""region: city
year: 2030
residual_mix_kg_per_mwh: 450
suppliers_kg_per_mwh: {north: 300}
contracts:
  - {name: wind, consumer: north, volume_mwh: 20, ci_kg_per_mwh: 0, matching: annual, vintage: 2030, source: registry}
  - {name: sun, consumer: north, csv: hours.csv, carbon_free: true, vintage: 2030, certificates: [a1, a2], source: x}
"""
RECORD = b"""{"format": 1, "sweep": "prices", "design": {"kind": "grid"}, "runs": [
 {"name": "a", "key": "00", "tags": ["x"], "parameters": {"dispatch.carbon_price_per_t": 80, "weather": "here"}},
 {"name": "b", "key": "01", "tags": [], "parameters": {"dispatch.carbon_price_per_t": 0.5, "weather": null}}]}
"""
OUTLINE = b"""{"type": "FeatureCollection", "features": [
 {"type": "Feature", "properties": {"name": "town"}, "geometry": {"type": "Polygon",
  "coordinates": [[[11.3, 53.6], [11.5, 53.6], [11.5, 53.7], [11.3, 53.6]]]}},
 {"type": "Feature", "properties": {"name": "mill"}, "geometry": {"type": "Point", "coordinates": [11.4, 53.65, 40]}}]}
"""
SWEEP = b"""schema_version: 1
name: feeder
base: base.yaml
changes: {currency: CHF}
tags: [small]
seed: 7
design:
  kind: grid
  parameters:
    dispatch.carbon_price_per_t: [0, 80]
    assets[store].p_rated_mw: [0.5, 1.0]
replications: {}
max_runs: 20
"""


@cache
def _result() -> Result:
    """A small result, for what reads files for a result."""
    made = write_synthetic(Path(tempfile.mkdtemp()) / "result", "unmanaged")
    return replace(made, manifest={**made.manifest, "assets": {}})


def _claims(path: Path) -> Any:
    return read_claims(path, _result())


def _contract_hours() -> bytes:
    times = (RESULT_START + timedelta(minutes=15 * step) for step in range(N_STEPS))
    return _csv("time_utc,energy_mwh", [f"{time:%Y-%m-%dT%H:%M:%SZ},0.1" for time in times])
