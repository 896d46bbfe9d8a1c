"""Generation behind a consumer's own meter is not purchased: a line of its own in its statement, and in its metrics."""

from __future__ import annotations

from pathlib import Path

import jsonschema
import numpy as np
import polars as pl
import pytest

from app.reports.consumers import read_consumer_carbon
from app.reports.contracts import read_claims
from app.reports.inventory import consumer_statement
from app.results.folder import Result
from carbon.reporting.statement import statement_schema
from carbon.tracing.convention_names import OPERATOR
from grid.arrays import Floats

pytestmark = pytest.mark.slow


def power(result: Result, asset: str) -> Floats:
    rows = result.table("assets").filter(pl.col("asset").cast(pl.String) == asset).sort("time")
    return rows.select("p_mw").collect()["p_mw"].to_numpy()


def test_what_the_own_roof_covers_is_not_purchased(fuel_result: Result) -> None:
    """The roof makes more than the hall needs at noon; that is fed in, and the hall purchases nothing then."""
    used, made = power(fuel_result, "hall"), -power(fuel_result, "hall: PV")
    own = np.minimum(used, made)
    assert (made > used).any()
    assert 0 < own.sum() < used.sum()
    document, hours = consumer_statement(fuel_result, "hall", None)
    jsonschema.validate(document, statement_schema())
    step_h = fuel_result.summary["step_hours"]
    assert document["on_site_mwh"] == pytest.approx(own.sum() * step_h, rel=1e-9)
    assert document["energy_mwh"] == pytest.approx((used - own).sum() * step_h, rel=1e-9)
    traced = read_consumer_carbon(fuel_result, "hall", OPERATOR)["emissions_kg"].to_numpy()
    assert document["location_based_kg"] == pytest.approx(traced[used > made].sum(), rel=1e-9)
    assert "on_site_mwh" in hours.splitlines()[0]


def test_the_renewable_energy_factor_counts_no_more_than_the_hall_needs(fuel_result: Result) -> None:
    """EN 50600-4-3: generation on the site beyond the need of the data centre is not accounted for."""
    used, made = power(fuel_result, "hall"), -power(fuel_result, "hall: PV")
    metric = fuel_result.manifest["data_centre_metrics"]["hall"]["ref"]
    assert metric["value"] == pytest.approx(np.minimum(used, made).sum() / used.sum(), rel=1e-9)
    assert metric["value"] < made.sum() / used.sum()


def test_who_has_nothing_on_site_purchases_all(fuel_result: Result) -> None:
    sector, _ = consumer_statement(fuel_result, "I.2.2", None)
    rows = fuel_result.table("sectors").filter(pl.col("gpc_code").cast(pl.String) == "I.2.2")
    assert sector["on_site_mwh"] == 0
    assert sector["energy_mwh"] == pytest.approx(rows.select(pl.col("energy_mwh").sum()).collect().item(), rel=1e-9)


def test_a_contract_claims_what_the_site_of_its_asset_does_not_use(fuel_result: Result, tmp_path: Path) -> None:
    """What the hall uses of its roof is not purchased: only the rest is there for another consumer's load."""
    (tmp_path / "contracts.yaml").write_text(
        "year: 2030\ncontracts:\n  - {name: roof, consumer: I.2.2, asset: 'hall: PV', vintage: 2030, source: x}\n"
    )
    (contract,) = read_claims(tmp_path / "contracts.yaml", fuel_result).contracts
    used, made = power(fuel_result, "hall"), -power(fuel_result, "hall: PV")
    step_h = fuel_result.summary["step_hours"]
    np.testing.assert_allclose(contract.energy_mwh, np.maximum(made - used, 0.0) * step_h, atol=1e-12)
    assert contract.origin == "asset hall: PV"
