"""What is written in single precision is what the voltages in double precision give."""

from __future__ import annotations

import numpy as np
import pytest

from grid.city.city import City
from grid.errors import InputError
from grid.network.injections import Injections
from grid.powerflow.full_arrays import full_arrays
from grid.powerflow.powerflow import voltages

SINGLE = 3e-7
"""Relative error of a few roundings to single precision."""


@pytest.mark.parametrize("threads", [1, 2])
def test_full_arrays_are_those_of_the_stored_voltages(winter_city: City, threads: int) -> None:
    p_mw, q_mvar = (values[:200].copy() for values in winter_city.withdrawal())
    p_mw[40] *= 200  # no solution
    clock, injections = winter_city.clock.window(0, 200), Injections.dense(p_mw, q_mvar)
    found = full_arrays(winter_city.network, clock, injections, threads=threads)
    flow = voltages(winter_city.network, clock, injections)
    p_from, p_to = flow.branch_powers_mw()
    assert np.flatnonzero(found.failed).tolist() == [40]
    for values, expected in (
        (found.vm_pu, np.abs(flow.voltage)),
        (found.loading_percent, flow.loading_percent()),
        (found.p_from_mw, p_from),
        (found.p_to_mw, p_to),
    ):
        assert values.dtype == np.float32
        np.testing.assert_allclose(values, expected, rtol=SINGLE, atol=1e-9 + SINGLE * np.nanmax(np.abs(expected)))
    np.testing.assert_allclose(found.loss_mw, (p_from + p_to).sum(axis=1) + flow.shunt_mw().sum(axis=1), atol=1e-9)


def test_injections_of_other_steps_are_refused(winter_city: City) -> None:
    with pytest.raises(InputError, match="must be for"):
        full_arrays(winter_city.network, winter_city.clock.window(0, 4), winter_city.injections())
