"""Files of charging sessions that tests write."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from grid.charging_records import QualityReport, Records, read_charging_records
from grid.errors import InputError

HEADER = "start,stop,energy_kwh,vehicle"


def read(
    folder: Path, *rows: str, header: str = HEADER, name: str = "s.csv", **kwargs: object
) -> tuple[Records, QualityReport]:
    path = folder / name
    path.write_text("\n".join([header, *rows]) + "\n", encoding="utf-8")
    return read_charging_records(path, **kwargs)  # type: ignore[arg-type]


def counts(report: QualityReport, check: str) -> tuple[int, int, int]:
    return report[check].rows, report[check].mended, report[check].dropped


def utc(*texts: str) -> list[np.datetime64]:
    return [np.datetime64(text, "us") for text in texts]


def refusal(folder: Path, *rows: str, **kwargs: object) -> list[str]:
    with pytest.raises(InputError) as caught:
        read(folder, *rows, **kwargs)  # type: ignore[arg-type]
    return [str(fault) for fault in caught.value.faults]


def good(n: int, form: str = "%Y-%m-%d %H:%M", day: int = 1) -> list[str]:
    """Sessions of four hours and 10 kWh, one a day."""
    days = [datetime(2023, 5, 1) + timedelta(days=day * k) for k in range(n)]
    return [f"{at.replace(hour=17):{form}},{at.replace(hour=21):{form}},10,a" for at in days]
