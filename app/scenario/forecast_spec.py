"""What the windows of a dispatch know of the steps ahead, as a scenario states it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import Field

from grid.spec import TAG, Spec


class ForecastSpec(Spec):
    """Forecast whose errors grow with the time ahead to these deviations (`optimizer.forecast.forecast`)."""

    load: float = Field(default=0.03, ge=0, le=1)
    """Standard deviation of the error of inflexible load, far ahead, relative to the highest at each bus [1]."""
    generation: float = Field(default=0.1, ge=0, le=1)
    """Standard deviation of the error of available sun and wind power, far ahead, relative to the most available in
    the period [1]."""
    price: float = Field(default=0.1, ge=0, le=1)
    """Standard deviation of the error of prices, far ahead, relative to the mean import price [1]."""
    carbon_intensity: float = Field(default=0.1, ge=0, le=1)
    """Standard deviation of the error of the carbon intensity of imports, far ahead, relative to its mean [1]."""
    correlation_per_hour: float = Field(default=0.9, ge=0, lt=1)
    """Correlation of the errors of two moments an hour apart [1]."""
    arrivals_known: bool = True
    """Whether a window knows of cars that arrive within it; if not, they charge at full power on arrival until the next
    window."""


class ForecastFileSpec(Spec):
    """Forecast that was made elsewhere, such as by the city's own twin (`app.scenario.forecast_file`)."""

    file: str = Field(min_length=1)
    """Parquet or CSV as `gridcarbon twin forecast --out` writes it (path relative to the scenario's): `kind` (`demand`,
    `pv`, `wind`; `charging` is not used), `time_utc` and the median `p50_mw` [MW] of each step. Windows see these
    totals in the steps that it has, spread as in truth, and the truth of everything else. With a column `issued_utc`
    it holds several forecasts: a window sees the newest that was made by its beginning."""


def which_forecast(given: Any) -> str:
    """The tag of the kind of forecast that is given."""
    if isinstance(given, str):
        return f"{TAG}name"
    of_file = isinstance(given, ForecastFileSpec) or (isinstance(given, Mapping) and "file" in given)
    return f"{TAG}file" if of_file else f"{TAG}errors"
