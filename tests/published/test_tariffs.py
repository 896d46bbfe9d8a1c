"""Bills that others worked out, and reductions of grid charges that operators publish."""

from __future__ import annotations

import csv
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pytest

from app.scenario.tariffs import load_tariff
from app.tariffs import BillingAccount, Tariff, bill
from app.tariffs.bill import Metered
from app.tariffs.reduction import flat_reduction, grid_charge, reduced
from app.tariffs.times import LocalTimes
from grid.arrays import Floats
from grid.time.clock import Clock
from tests.places import ROOT

FOLDER = ROOT / "tests" / "published"


def a_month(p_mw: Floats, month: int) -> Metered:
    clock = Clock(datetime(2005, month, 1, tzinfo=UTC), timedelta(hours=1), p_mw.size)
    nothing = np.zeros(p_mw.size)
    return Metered(p_mw, nothing, nothing, LocalTimes.of_clock(clock, "UTC"), 1.0)


def total(name: str, p_mw: Floats, month: int = 6, **account: Any) -> float:
    tariff = load_tariff(str(FOLDER / "block_rate_bills" / f"{name}.yaml"))
    owner = BillingAccount(name="one", tariff=tariff, sectors=("I.1",), **account)
    return sum(line.amount for line in bill(tariff, owner, a_month(p_mw, month)))


def flat(e_kwh: float, peak_kw: float = 0.0) -> Floats:
    """A month of 30 days at constant power, but for one hour at the peak."""
    rest = (e_kwh - peak_kw) / 719 / 1000
    return np.array([peak_kw / 1000, *[rest] * 719]) if peak_kw else np.full(720, e_kwh / 720 / 1000)


@pytest.mark.parametrize(("name", "printed"), [("tokyo_2005", 8620), ("kansai", 9440)])
def test_blocks_of_a_month(name: str, printed: int) -> None:
    assert int(total(name, flat(400))) == printed


def test_ten_customers_have_ten_times_the_blocks() -> None:
    assert total("tokyo_2005", 10 * flat(400), customers=10) == pytest.approx(10 * total("tokyo_2005", flat(400)))


def test_demand_and_an_adjustment() -> None:
    assert total("pseg_general_service", flat(17588, 30)) == pytest.approx(1624.72, abs=0.005)


def rows() -> list[dict[str, str]]:
    with (FOLDER / "grid_fee_reductions" / "expected.csv").open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


@pytest.mark.parametrize("row", rows(), ids=lambda row: row["operator"])
def test_modules_1_and_2(row: dict[str, str]) -> None:
    work = {"name": "grid", "component": "grid",
            "periods": [{"name": "always", "price_per_mwh": 10 * float(row["work_price_ct_per_kwh"])}]}  # fmt: skip
    tariff = Tariff.model_validate(
        {"name": "x", "currency": "EUR", "sources": [{"title": "x", "status": "verified"}], "energy": [work],
         "controllable": {}}
    )  # fmt: skip
    assert flat_reduction(tariff) == pytest.approx(float(row["module_1_eur_per_year"]), abs=0.005)
    (always,) = grid_charge(reduced(tariff, 2)).periods
    assert always.price_per_mwh is not None
    assert always.price_per_mwh / 10 == pytest.approx(float(row["module_2_ct_per_kwh"]), abs=0.005)


def test_module_3_as_shipped() -> None:
    """Prices and hours of EWW Wanfried, and the decision's bounds for low and high."""
    periods = grid_charge(reduced(load_tariff("german_household_2025"), 3)).periods
    low, high, standard = ((p.price_per_mwh or 0) for p in periods)
    assert (low, standard, high) == (34.5, 86.2, 108.4)
    assert 0.1 * standard <= low <= 0.4 * standard + 0.05
    assert standard < high <= 2 * standard
