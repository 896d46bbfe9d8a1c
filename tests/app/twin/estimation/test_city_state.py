"""Which measurements are thrown out for contradicting what is expected."""

from __future__ import annotations

import numpy as np

from app.twin.estimation.city_state import _clean
from grid.twin.estimation.measured import MeasuredValues
from grid.twin.estimation.pseudo import PseudoInjections
from tests.optimizer.small_cases import feeder


def test_what_may_be_decided_is_not_for_expectations_to_contradict() -> None:
    network = feeder()
    expected = PseudoInjections(
        np.array([1, 2]), np.array([False, False]), np.full((1, 2), 0.01), np.full((1, 2), 0.005)
    )
    head = MeasuredValues(("p_from_mw",), np.array([0]), np.array([[0.4]]), np.array([[0.004]]))
    bound, _ = _clean(network, head, expected, np.zeros((1, 2)))
    assert [each.quantity for each in bound.bad] == ["p_from_mw"]
    free, _ = _clean(network, head, expected, np.full((1, 2), 0.3))
    assert free.bad == ()
    assert abs(free.estimate.read()[0, 0] - 0.4) < abs(bound.estimate.read()[0, 0] - 0.4)
    impossible = MeasuredValues(("p_from_mw",), np.array([0]), np.array([[9.0]]), np.array([[0.09]]))
    assert len(_clean(network, impossible, expected, np.full((1, 2), 0.3))[0].bad) == 1
