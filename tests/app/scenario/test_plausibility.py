"""What is asked of files whose numbers can be read and may mean something else: unit, clock, currency."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from app.scenario import check_scenario
from app.scenario.describe import describe_scenario
from app.scenario.sun_clock import hours_after_noon, sun_doubt
from carbon.upstream import currency_doubt
from grid.errors import ScenarioError
from grid.time.clock import Clock

START = datetime(2030, 5, 14, tzinfo=UTC)
HOUR = timedelta(hours=1)
CLOCK = Clock(START, HOUR, 72)
LONGITUDE = 10.45
"""Of the middle of Germany, where the sun is highest at 11:14 UTC in the middle of May."""


def sun(shift_h: float = 0.0, n: int = 72) -> Any:
    """Solar power with a peak of 6 MW at 11:14, or so much later."""
    hour = (np.arange(n) + 0.5 - shift_h) % 24
    return 6.0 * np.maximum(0.0, np.cos((hour - 11.24) / 15 * np.pi)) * (np.abs(hour - 11.24) < 7.5)


WIND = 2.0 + np.sin(np.arange(72) / 7)


def described(folder: Path, pv_mw: Any = None, wind_mw: Any = None, **changes: Any) -> str:
    """What `gridcarbon check` says of a city with 9 MW of photovoltaics and 5 MW of wind power."""
    scenario: dict[str, Any] = {
        "name": "asked", "city": {"network": "mv_oberrhein"},
        "period": {"start": "2030-05-14", "days": 3, "step_minutes": 60},
        "assets": [{"kind": "pv", "name": "roofs", "bus": "Bus 50", "p_peak_mw": 9.0},
                   {"kind": "wind", "name": "mill", "bus": "Bus 51", "p_rated_mw": 5.0}], **changes,
    }  # fmt: skip
    kinds = {kind: p_mw for kind, p_mw in (("pv", pv_mw), ("wind", wind_mw)) if p_mw is not None}
    if kinds:
        rows = [pl.DataFrame({"kind": kind, "time_utc": CLOCK.times, "p50_mw": p_mw}) for kind, p_mw in kinds.items()]
        pl.concat(rows).write_csv(folder / "ahead.csv")
        scenario["dispatch"] = {"strategy": "optimal", "forecast": {"file": "ahead.csv"}}
    return describe_scenario(check_scenario(scenario, folder, "asked"))


def test_a_forecast_of_sun_and_wind_in_another_unit_is_told_by_what_is_installed(tmp_path: Path) -> None:
    assert "ahead.csv: " not in described(tmp_path, sun(), WIND)
    with pytest.raises(ScenarioError) as caught:
        described(tmp_path, sun() * 1000, WIND * 20)
    assert "its pv must be in MW; it reaches 5,9" in str(caught.value)
    assert "is it in kW?" in str(caught.value)
    assert "its wind must be in MW; it reaches 60 where 5 MW are installed: is it in percent" in str(caught.value)
    said = described(tmp_path, sun() / 9, WIND / 5)
    assert "its pv never exceeds 0.66" in said
    assert "its wind never exceeds 0.6 MW where 5 MW are installed: is it relative to these?" in said
    assert "nothing of its wind is installed" in described(tmp_path, sun(), WIND, assets=[])


@pytest.mark.parametrize(("shift_h", "asked"), [(0.0, False), (0.5, False), (1.0, True), (2.0, True), (-5.0, True)])
def test_local_times_that_are_read_as_utc_are_told_by_the_sun(tmp_path: Path, shift_h: float, *, asked: bool) -> None:
    assert hours_after_noon(sun(shift_h), CLOCK, LONGITUDE) == pytest.approx(shift_h, abs=0.05)
    assert (sun_doubt(sun(shift_h), CLOCK, LONGITUDE) is not None) is asked
    if asked:
        assert "are local times read as UTC?" in described(tmp_path, sun(shift_h))


@pytest.mark.parametrize("p_mw", [np.ones(72), np.zeros(72), np.full(72, np.nan), WIND])
def test_what_does_not_follow_the_sun_is_not_asked(p_mw: Any) -> None:
    assert sun_doubt(p_mw, CLOCK, LONGITUDE) is None


def test_one_day_of_clouds_is_not_asked() -> None:
    day = Clock(START, HOUR, 24)
    assert sun_doubt(sun(1.0, 24), day, LONGITUDE) is None
    assert sun_doubt(sun(2.0, 24), day, LONGITUDE) is not None


def entso_e(zone: str, price: str = "Day-ahead Price [EUR/MWh]") -> Callable[[Path], None]:
    """A file of generation whose wall times are those of Brussels, whatever its header says."""

    def write(folder: Path) -> None:
        solar, gas = (f"{name}  - Actual Aggregated [MW]" for name in ("Solar", "Fossil Gas"))
        local = [START + 2 * HOUR + k * HOUR for k in range(72)]
        times = [f"{t:%d.%m.%Y %H:%M} - {t + HOUR:%d.%m.%Y %H:%M}" for t in local]
        cells = {f"MTU ({zone})": times, solar: sun() * 1000, gas: np.full(72, 5e3), price: np.full(72, 60.0)}
        pl.DataFrame(cells).write_csv(folder / "imports.csv")

    return write


def test_generation_in_local_time_under_a_header_of_utc_is_told(tmp_path: Path) -> None:
    entso_e("CET/CEST")(tmp_path)
    changes = {"upstream": {"csv": "imports.csv"}, "city": {"network": "mv_oberrhein", "time_zone": "Europe/Berlin"}}
    assert "are local times read as UTC?" not in described(tmp_path, **changes)
    entso_e("UTC")(tmp_path)
    changes["period"] = {"start": "2030-05-15", "days": 2, "step_minutes": 60}
    assert "h after the sun's noon: are local times read as UTC?" in described(tmp_path, **changes)


def test_prices_in_another_currency_are_told(tmp_path: Path) -> None:
    entso_e("CET/CEST")(tmp_path)
    changes = {"upstream": {"csv": "imports.csv"}}
    assert "prices of the file are in EUR, and the scenario is in GBP" in described(tmp_path, **changes, currency="GBP")
    assert "prices of the file are in" not in described(tmp_path, **changes, currency="EUR")
    entso_e("CET/CEST", "Day-ahead Price (GBP/MWh)")(tmp_path)
    assert "prices of the file are in GBP" in described(tmp_path, **changes)
    assert "are in JPY, and the scenario is in EUR" in described(tmp_path, upstream={"region": "japan"})
    assert "are in JPY" not in described(tmp_path, upstream={"region": "japan"}, currency="JPY")
    assert currency_doubt("EUR", "€", "prices") == ""
    assert currency_doubt("", "EUR", "prices") == ""
