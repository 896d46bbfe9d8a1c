"""Files of hourly series that tests write."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from carbon.upstream import upstream_from_csv
from grid.errors import InputError
from grid.time.clock import Clock
from tests.places import SHARED_DATA

HOUR = timedelta(hours=1)
START = datetime(2023, 1, 1, tzinfo=UTC)
DAY = Clock(START, HOUR, 24)
needs_data = pytest.mark.skipif(not SHARED_DATA.is_dir(), reason="the measured hours are not part of the project")
DIRECT, LIFECYCLE = "Carbon intensity gCO₂eq/kWh (direct)", "Carbon intensity gCO₂eq/kWh (Life cycle)"


def hours(count: int = 24, start: datetime = START, step: timedelta = HOUR) -> list[datetime]:
    return [start + k * step for k in range(count)]


def write(folder: Path, columns: dict[str, list], name: str = "series.csv") -> Path:
    path = folder / name
    pl.DataFrame(columns, strict=False).write_csv(path)
    return path


def refused(path: Path, clock: Clock = DAY, **options) -> str:
    with pytest.raises(InputError) as caught:
        upstream_from_csv(path, clock, **options)
    return str(caught.value)


def electricity_maps(count: int = 24) -> dict[str, list]:
    return {
        "Datetime (UTC)": [f"{t:%Y-%m-%d %H:%M:%S}" for t in hours(count)],
        "Country": ["France"] * count,
        "Zone name": ["France"] * count,
        "Zone id": ["FR"] * count,
        DIRECT: [20.0 + k for k in range(count)],
        LIFECYCLE: [40.0 + k for k in range(count)],
        "Carbon-free energy percentage (CFE%)": [92.0] * count,
        "Renewable energy percentage (RE%)": [30.0] * count,
        "Data source": ["entsoe.eu"] * count,
    }


def own(count: int = 96, form: str = "%Y-%m-%dT%H:%M", **changes: list) -> dict[str, list]:
    """Our own layout: four days of a swinging intensity and price."""
    swing = [300 + 100 * np.sin(2 * np.pi * k / 24) for k in range(count)]
    times = [t.strftime(form) for t in hours(count)]
    return {"time_utc": times, "ci_kg_per_mwh": swing, "price_per_mwh": [v / 4 for v in swing]} | changes
