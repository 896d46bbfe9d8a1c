"""What the estimate says of the time of an alert where nothing is metered."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from functools import cached_property, lru_cache
from pathlib import Path
from typing import NamedTuple

import numpy as np
import polars as pl

from app.simulation.inputs import SimulationInputs, prepare
from app.twin.estimation.city_state import ElectricalState, StateBand, electrical_state
from app.twin.estimation.elements import city_elements
from app.twin.estimation.expectations import expectations
from app.twin.estimation.expected.history import weeks_before
from app.twin.forecasts.period import city_ahead
from grid.city.city import City
from grid.errors import InputError
from grid.twin.learning.records import AlertRecord
from grid.twin.measurements import measured_series


class EstimationInputs(NamedTuple):
    """What the estimate of a day rests on besides measurements.

    Args:
        inputs: The scenario over the day.
        past: The city in the weeks before; None where its profiles do not reach so far.
    """

    inputs: SimulationInputs
    past: City | None


def past_of(inputs: SimulationInputs) -> City | None:
    """The city in the weeks before a scenario; None where its profiles do not reach so far."""
    try:
        return weeks_before(inputs.loaded).city
    except InputError:
        return None


@lru_cache(maxsize=1)
def estimation_inputs(city: Path, day: date) -> EstimationInputs:
    """What the estimate of a day rests on, read once a day.

    Args:
        city: A scenario file or the folder of a result.
        day: The day.

    Raises:
        InputError: With all that is wrong with the city.
    """
    inputs = prepare(city_ahead(city, day, 1))
    return EstimationInputs(inputs, past_of(inputs))


@dataclass(frozen=True, eq=False)
class DayEstimate:
    """The steps of a day that are over, estimated when they are asked for first.

    Args:
        inputs: The scenario over the day.
        marked: What was measured on the day, marked.
        n_steps: How many steps are over.
        past: The city in the weeks before; None where its profiles do not reach so far.
    """

    inputs: SimulationInputs
    marked: pl.DataFrame
    n_steps: int
    past: City | None

    @cached_property
    def _state(self) -> ElectricalState | None:
        """The estimate; None where the city cannot be estimated."""
        if self.past is None:
            return None
        series = measured_series(self.marked, self.inputs.clock)
        try:
            expected = expectations(self.inputs, city_elements(self.inputs), series, self.past)
            return electrical_state(self.inputs, series.until(self.n_steps), expected.until(self.n_steps))
        except InputError:
            return None

    def exceeded(self, alert: AlertRecord, tolerance: float) -> tuple[bool | None, float | None]:
        """Whether a limit was passed for sure in the time of an alert, and the worst estimated value; None if unknown.

        For sure is where the whole band of 90 % lies beyond the limit, which is an error of 5 %.

        Args:
            alert: The alert, with its limit and time.
            tolerance: By how much the limit may be passed.
        """
        if alert.begins is None or alert.ends is None or alert.limit is None or self.n_steps < 1:
            return None, None
        clock = self.inputs.clock
        first, stop = (int((when - clock.start) // clock.step) for when in (alert.begins, alert.ends))
        steps = slice(max(first, 0), min(stop, self.n_steps))
        band = None if self._state is None or steps.start >= steps.stop else _band_at(self._state, alert)
        if band is None or not np.isfinite(band.value[steps]).any():
            return None, None
        sign, edge = (1.0, band.low) if alert.side == "high" else (-1.0, band.high)
        worst = band.value[steps][int(np.nanargmax(sign * band.value[steps]))]
        sure = sign * (edge[steps] - alert.limit) > tolerance
        return bool(sure.any()), float(round(float(worst), 9))


def _band_at(state: ElectricalState, alert: AlertRecord) -> StateBand | None:
    """The band of what an alert is about, shape (T,); None where the estimate has none."""
    network = state.inputs.loaded.city.network
    if alert.quantity == "import_mw":
        return state.import_mw
    band, names = {
        "vm_pu": (state.vm_pu, network.buses.names), "loading_percent": (state.loading_percent, network.branches.names),
    }.get(alert.quantity, (state.import_mw, ()))  # fmt: skip
    if alert.element not in names:
        return None
    at = names.index(alert.element)
    return StateBand(band.value[:, at], band.low[:, at], band.high[:, at])
