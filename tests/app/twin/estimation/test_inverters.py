"""What the reactive powers of inverters have in common, whether or not their active powers are metered."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from app.scenario import check_scenario
from app.simulation.inputs import SimulationInputs, prepare
from app.twin.estimation.elements import CityElements, city_elements
from app.twin.estimation.expectations import expectations
from app.twin.estimation.expected.causes import ONE_PROFILE
from grid.arrays import Floats
from grid.twin.estimation.covariance import PriorCovariance
from grid.twin.measurements import MeasuredPlace, MeasuredSeries

pytestmark = pytest.mark.slow

CITY = {
    "name": "roofs",
    "city": {"network": "case33bw"},
    "period": {"start": "2030-06-17", "days": 1, "step_minutes": 60},
    "assets": [{"kind": "pv", "name": "roofs", "where": {"areas": "all"}, "p_peak_mw": 1}],
}


@pytest.fixture(scope="module")
def inputs() -> SimulationInputs:
    return prepare(check_scenario(CITY, Path(), "roofs"))


def metered(inputs: SimulationInputs, elements: CityElements, *quantities: str) -> MeasuredSeries:
    """Every roof says each quantity."""
    roofs, n_steps = elements.of("asset"), inputs.clock.n_steps
    names = [elements.name[k] for k in roofs]
    places = tuple(MeasuredPlace("asset", name, each, "meter") for each in quantities for name in names)
    shape = n_steps, len(places)
    return MeasuredSeries(
        inputs.clock, places, np.full(shape, -0.01), np.full(shape, 1e-4), np.full(shape, np.datetime64("2030-06-17"))
    )


def reactive_correlation(inputs: SimulationInputs, *quantities: str) -> Floats:
    """Correlation of the errors of the roofs' reactive powers, each at a bus of its own, by what they say."""
    elements = city_elements(inputs)
    pseudo, _, reactive = expectations(inputs, elements, metered(inputs, elements, *quantities)).pseudo()
    roofs = np.isin(reactive, elements.of("asset"))
    which = np.flatnonzero(pseudo.reactive)[roofs]
    column = np.arange(len(pseudo.bus))
    prior = PriorCovariance.from_pseudo(column, column.size + 1, pseudo, 0.0)
    each = np.eye(column.size + 1)[which]
    found = prior.between(each, each, 0)
    root = np.sqrt(np.diagonal(found))
    return np.asarray(found / root / root[:, None])


@pytest.mark.parametrize("said", [(), ("p_mw",)])
def test_reactive_powers_that_are_not_metered_err_together(inputs: SimulationInputs, said: tuple[str, ...]) -> None:
    found = reactive_correlation(inputs, *said)
    assert len(found) == 32
    assert len(set(inputs.loaded.city.network.buses.zones)) == 1  # all are of one district
    np.testing.assert_allclose(found, np.where(np.eye(32), 1, ONE_PROFILE), atol=1e-12)


def test_reactive_powers_that_are_metered_err_alone(inputs: SimulationInputs) -> None:
    np.testing.assert_allclose(reactive_correlation(inputs, "p_mw", "q_mvar"), np.eye(32), atol=1e-12)
