"""Places for stations as a table, and the error of the estimate by their number."""

from __future__ import annotations

from dataclasses import asdict, dataclass

import numpy as np
import polars as pl

from app.twin.estimation.accuracy import accuracy
from app.twin.estimation.city_state import state_by
from app.twin.estimation.elements import city_elements
from app.twin.estimation.expectations import expectations
from app.twin.estimation.grid_readings import grid_readings
from app.twin.estimation.measured_city import MeasuredCity, simulated_series
from app.twin.estimation.places import Sought, StationPlaces, station_places
from app.twin.measuring.simulated import Metering
from app.twin.measuring.solved_state import solved_state
from app.twin.measuring.true_state import true_state
from grid.twin.measurements import MeasuredSeries


@dataclass(frozen=True, eq=False)
class SensorStudy:
    """A study of sensors in a city.

    Args:
        city: The city.
        charging: Whether assets at several buses say what they do at each.
        noise: Standard deviation of the error of sensors, of the value [1].
        seed: Seed of the random numbers.
    """

    city: MeasuredCity
    charging: bool
    noise: float
    seed: int

    def places(self, n: int, sought: Sought, series: MeasuredSeries | None) -> StationPlaces:
        """The best places for the next stations.

        Args:
            n: How many.
            sought: What is to be known.
            series: What is measured already; None: only what assets say of themselves.
        """
        inputs = self.city.inputs
        if series is None:
            state = true_state(self.city.result)
            series = simulated_series(state, Metering(charging=self.charging), self.noise, self.seed).only("asset")
        readings = grid_readings(series, inputs.loaded.city.network)
        expected = expectations(inputs, city_elements(inputs), series)
        return station_places(inputs, expected, readings.measured, n, sought, self.seed)

    def table(self, places: StationPlaces) -> pl.DataFrame:
        """The places in their order, and what is left to be known with each and those before."""
        names = self.city.inputs.loaded.city.network.buses.names
        return pl.DataFrame({
            "number": np.arange(1, len(places.buses) + 1),
            "bus": [names[bus] for bus in places.buses],
            "before": places.left[:-1],
            "after": places.left[1:],
        })  # fmt: skip

    def curve(self, places: StationPlaces) -> pl.DataFrame:
        """Errors and coverage of the estimate with the first of the places, each a simulated city with noise alone."""
        inputs, result = self.city.inputs, self.city.result
        names = inputs.loaded.city.network.buses.names
        solved, state, elements = solved_state(result, inputs.loaded), true_state(result), city_elements(inputs)
        rows = []
        for count in counts_up_to(len(places.buses)):
            stations = tuple(names[bus] for bus in places.buses[:count])
            metering = Metering(charging=self.charging, stations=stations)
            series = simulated_series(state, metering, self.noise, self.seed)
            series = series if count else series.only("asset")
            found = state_by(inputs, series, expectations(inputs, elements, series), self.seed)
            rows.append({"stations": count, **asdict(accuracy(found, result, solved))})
        return pl.DataFrame(rows)


def counts_up_to(n: int) -> list[int]:
    """0, 1, 2, 4 and so on, and n."""
    doubled = [2**k for k in range(n.bit_length()) if 2**k < n]
    return [0, *doubled, n]
