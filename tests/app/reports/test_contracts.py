from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import polars as pl
import pytest

from app.reports.contracts import read_claims
from grid.errors import InputError

TIMES = [datetime(2030, 1, 1, hour, tzinfo=UTC) for hour in range(4)]
KINDS = {"roofs": ("pv", "sgen"), "store": ("battery", "storage"), "plant": ("chp", "sgen")}


def run() -> SimpleNamespace:
    """A result of four hours: roofs that feed 1 MW, a battery that feeds 2 MW, a plant that feeds 3 MW."""
    names = list(KINDS)
    tables = {
        "ledger": pl.LazyFrame({"time": TIMES}),
        "assets": pl.LazyFrame(
            {
                "time": TIMES * len(names),
                "asset": [name for name in names for _ in TIMES],
                "fed_in_mw": [float(k + 1) for k in range(len(names)) for _ in TIMES],
            }
        ),
    }
    return SimpleNamespace(
        manifest={
            "assets": {
                name: {"kind": kind, "element": element, "fuel_free": kind == "pv", "vehicles": False}
                for name, (kind, element) in KINDS.items()
            }
        },
        summary={"step_hours": 1.0},
        table=tables.__getitem__,
    )


def claims(folder: Path, *contracts: str, head: str = "year: 2030"):
    path = folder / "contracts.yaml"
    path.write_text(
        "\n".join([head, "contracts:", *(f"- {{{c}, vintage: 2030, source: registry}}" for c in contracts)])
    )
    return read_claims(path, run())  # type: ignore[arg-type]  # what it reads of a result


def refused(folder: Path, *contracts: str, head: str = "year: 2030") -> str:
    with pytest.raises(InputError) as caught:
        claims(folder, *contracts, head=head)
    return str(caught.value)


def test_shares_of_one_asset_may_fill_it_and_no_more(tmp_path: Path):
    half = "consumer: north, asset: roofs, asset_share: 0.5"
    found = claims(tmp_path, f"name: a, {half}", f"name: b, {half}")
    assert sum(contract.energy_mwh for contract in found.contracts) == pytest.approx(np.ones(4))
    message = refused(tmp_path, f"name: a, {half}", f"name: b, {half}", f"name: c, {half}")
    assert "contracts[2].asset_share: 150% of the feed-in of roofs are claimed" in message


def test_a_store_generates_nothing_that_could_be_claimed(tmp_path: Path):
    assert "contracts[0].asset: is a store" in refused(tmp_path, "name: a, consumer: north, asset: store")


def test_a_plant_with_a_fuel_must_state_its_rate(tmp_path: Path):
    plant = "name: a, consumer: north, asset: plant"
    assert "is of kind chp; state ci_kg_per_mwh and carbon_free" in refused(tmp_path, plant)
    (contract,) = claims(tmp_path, f"{plant}, ci_kg_per_mwh: 300, carbon_free: false").contracts
    assert contract.energy_mwh == pytest.approx([3.0] * 4)
    assert not contract.carbon_free


def test_rates_of_suppliers_are_no_less_than_nothing(tmp_path: Path):
    message = refused(tmp_path, head="suppliers_kg_per_mwh: {north: -50, south: .nan}")
    assert "suppliers_kg_per_mwh.north: must be at least 0; got -50" in message
    assert "suppliers_kg_per_mwh.south: must be finite" in message


def test_energy_from_a_file_must_be_there_for_every_step_and_once(tmp_path: Path):
    path = tmp_path / "made.csv"
    rows = [f"{TIMES[0] + k * timedelta(hours=1):%Y-%m-%dT%H:%M:%S},{k}" for k in range(4)]
    contract = "name: a, consumer: north, csv: made.csv"
    path.write_text("\n".join(["time_utc,energy_mwh", *rows]))
    assert claims(tmp_path, contract).contracts[0].energy_mwh == pytest.approx(np.arange(4.0))
    both = [contract, "name: b, consumer: south, csv: made.csv"]
    assert "contracts[1].csv: is the energy of contract a too" in refused(tmp_path, *both)
    path.write_text("\n".join(["time_utc,energy_mwh", *rows[:3]]))
    assert "lacks 1 of the 4 steps" in refused(tmp_path, contract)
    path.write_text("\n".join(["time_utc,energy_mwh", *rows, rows[0]]))
    assert "holds a time twice" in refused(tmp_path, contract)
    path.write_text("time,mwh\n1,2")
    message = refused(tmp_path, contract)
    assert "time_utc: is a required column" in message
    assert "energy_mwh: is a required column" in message
