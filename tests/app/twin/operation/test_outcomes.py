"""What came of alerts, by what was measured."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import polars as pl
import pytest

from app.twin.operation.cases import AlertCase
from app.twin.operation.outcomes import outcome
from grid.twin.learning.records import AlertRecord
from grid.twin.measurements import Measurement, measurement_frame

START = datetime(2030, 1, 1, tzinfo=UTC)
QUARTER = timedelta(minutes=15)


def measured(values: dict[str, list[float | None]]) -> pl.DataFrame:
    """Withdrawals of buses, a value a quarter of an hour [MW]; None where none came."""
    return measurement_frame([
        Measurement(START + k * QUARTER, "bus", bus, "p_mw", value, 0.01, "meter")
        for bus, series in values.items() for k, value in enumerate(series) if value is not None
    ])  # fmt: skip


@pytest.mark.parametrize(
    ("north", "south", "exceeded", "worst"),
    [
        ([-6.0, -6.0], [-5.0, -3.0], True, 11.0),
        ([-6.0, -6.0], [-3.0, -3.0], False, 9.0),
        ([-6.0, -6.0], [None, -3.0], False, 9.0),  # not 6 MW in the first step
        ([-12.0, None], [None, -3.0], None, None),  # the import was measured at no time
    ],
)
def test_an_import_is_that_of_all_external_grids_at_one_time(
    north: list[float | None], south: list[float | None], exceeded: bool | None, worst: float | None
) -> None:
    alert = AlertRecord("alert", START, quantity="import_mw", limit=10.0, begins=START, ends=START + 2 * QUARTER)
    frame = measured({"north": north, "south": south})
    found = outcome(AlertCase(alert, None, None), frame, START + 4 * QUARTER, ["north", "south"])
    assert (found.exceeded, found.worst) == (exceeded, worst)
