"""A day under watch: what its forecasts rest on, what of it has come by a step, and what was forecast before it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

import numpy as np
import polars as pl

from app.scenario.loaded import LoadedScenario
from app.twin.alerts.watch import GridWatch, watch_over
from app.twin.forecasts.measured import arrived_totals, completed_histories, measured_histories
from app.twin.forecasts.period import OperatedCity, operated_city
from app.twin.log.lessons import Lessons
from app.twin.measuring.store import MeasurementStore
from app.twin.operation.arrived_rows import ArrivedRows
from app.twin.operation.estimated import EstimationInputs, past_of
from app.twin.operation.place import OperatedPlace
from grid.arrays import Floats
from grid.city.city import City
from grid.errors import InputError
from grid.network.switching import SwitchableNetwork
from grid.time.clock import Clock
from grid.twin.equipment import switchable_network
from grid.twin.forecast.forecaster import with_arrived
from grid.twin.forecast.history import PowerHistory
from grid.twin.learning.records import ForecastRecord


@dataclass(frozen=True, eq=False)
class OperatedDay:
    """A day of a city.

    Args:
        city: The city at its beginning.
        watch: The grid under watch, under the plan as it was made then.
        lessons: What the log taught then.
        past: The city in the weeks before, from which the grid is estimated where nothing is metered; None where its
            profiles do not reach so far.
        switches: The network with its open lines closed, by which faults of lines are located; None where it cannot be
            solved so.
    """

    city: OperatedCity
    watch: GridWatch
    lessons: Lessons
    past: City | None = None
    switches: SwitchableNetwork | None = None

    @property
    def clock(self) -> Clock:
        """The steps of the day."""
        return self.watch.clock

    def at(self, step: int) -> datetime:
        """When a step begins."""
        return self.clock.start + step * self.clock.step

    def closed_before(self, branch: str) -> bool:
        """Whether a branch is closed in operation, so that a message that it is open tells of a trip."""
        if self.switches is None:
            return branch in self.city.ahead.loaded.city.network.branches.names
        names = self.switches.meshed.branches.names
        return branch in names and not self.switches.open[names.index(branch)]

    def histories(self, frame: pl.DataFrame, steps: int, *, running: bool = False) -> list[PowerHistory] | None:
        """What is measured of the first steps, as `GridWatch.risks` takes it; None of no step.

        Args:
            frame: What has come in on the day.
            steps: How many steps are over, with the one that is running where there is one.
            running: Whether the last of them is not over.
        """
        if steps == 0:
            return None
        return [
            with_arrived(forecaster.series, total)
            for forecaster, total in zip(self.watch.forecasters, self._totals(frame, steps, running), strict=True)
        ]

    def _totals(self, frame: pl.DataFrame, steps: int, running: bool) -> Sequence[Floats]:
        return arrived_totals(self.city, frame, steps, running=running)

    def with_latest(self, store: MeasurementStore, rows: ArrivedRows) -> OperatedDay:
        """The same with what came in of the day before since it was prepared: forecasts are made from it.

        They stay trained as they are, and the plan as it is.

        Args:
            store: What was measured.
            rows: What has come in, at the beginning of the day.

        Raises:
            StoreError: If the store cannot be reached.
        """
        frame = rows.measured_before(self.clock.start - timedelta(days=1), self.clock.start, store)
        before = [forecaster.series for forecaster in self.watch.forecasters]
        whole = completed_histories(self.city, before, frame)
        forecasters = tuple(
            replace(forecaster, series=series) for forecaster, series in zip(self.watch.forecasters, whole, strict=True)
        )
        return replace(self, watch=replace(self.watch, forecasters=forecasters))

    @property
    def supply(self) -> tuple[str, ...]:
        """Names of the buses with the external grid, whose withdrawal is the import with the other sign."""
        return tuple(_supply_buses(self.city.ahead.loaded))

    @property
    def known(self) -> EstimationInputs:
        """What the estimate of the day rests on besides measurements."""
        return EstimationInputs(self.city.ahead, self.past)

    def forecast_records(self, frame: pl.DataFrame) -> list[ForecastRecord]:
        """What was forecast at the beginning of the day, uncorrected, and what came, as entries of the log.

        Kinds of which nothing was measured teach nothing and are left out.
        """
        found = []
        totals = self._totals(frame, self.clock.n_steps, running=False)
        for forecaster, total in zip(self.watch.forecasters, totals, strict=True):
            if not np.isfinite(total).any():
                continue
            series = forecaster.series
            issued = replace(forecaster, correction=None).issue()
            hours = series.calendar(series.clock.n_steps + np.arange(total.size))[:, 0].astype(int)
            found.append(
                ForecastRecord(
                    f"forecast of {series.name}", self.clock.stop, series.kind, self.clock.start,
                    self.clock.step.total_seconds(), tuple(hours.tolist()),
                    tuple(tuple(row) for row in np.round(issued.quantiles_mw, 9).tolist()),
                    tuple(None if np.isnan(value) else value for value in np.round(total, 9).tolist()),
                )
            )  # fmt: skip
        return found


def operated_day(
    place: OperatedPlace, day: date, store: MeasurementStore, number: int, lessons: Lessons
) -> OperatedDay:
    """A day at its beginning, or as it is prepared before.

    Args:
        place: Of which city.
        day: Which day, from its midnight UTC.
        store: What was measured.
        number: Number of the last row that counts.
        lessons: What the log taught.

    Raises:
        InputError: With all that is wrong with the city, also where its profiles do not cover the days before.
        StoreError: If the store cannot be reached.
    """
    city = operated_city(place.city, day, 1, place.past_days)
    histories, _ = measured_histories(city, store.frame(city.past.clock.start, city.past.clock.stop, number))
    watch = watch_over(city, place.samples, histories=histories, correction=lessons.correction)
    return OperatedDay(city, watch, lessons, past_of(city.ahead), _switches(city.ahead.loaded))


def _switches(loaded: LoadedScenario) -> SwitchableNetwork | None:
    """The network with its open lines closed, made before a breaker trips: it takes seconds where it is the first."""
    try:
        return switchable_network(loaded.city.network)
    except InputError:
        return None


def _supply_buses(loaded: LoadedScenario) -> list[str]:
    """Names of the buses with the external grid."""
    network = loaded.city.network
    at = np.flatnonzero(np.isin(network.buses.node, network.slack))
    return [network.buses.names[k] for k in at.tolist()]
