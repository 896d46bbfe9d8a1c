"""Which operating points break a limit: as the extremes of the same points say."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from scipy import sparse

from grid.city.source import read_grid
from grid.network.injections import Injections
from grid.powerflow.extremes import extremes
from grid.powerflow.trials import beyond_limits
from grid.powerflow.zbus import Limits
from grid.time.clock import Clock

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("name", ["case33bw", "case9"])
def test_it_says_what_the_extremes_say(name: str) -> None:
    """Growing load at all buses, also where generators hold voltages; without a solution a point is beyond too."""
    network = read_grid(name).network
    load = network.elements["load"]
    p_mw = np.bincount(load["bus"], weights=load["p_mw"], minlength=len(network.buses.names))
    shape = (p_mw.size, 1)
    drawn = sparse.csr_array(p_mw[:, None])
    points = Injections(np.linspace(0.0, 8.0, 25)[None, :], drawn, sparse.csr_array(shape))
    limits = Limits(np.full(p_mw.size, 0.93), np.full(p_mw.size, 1.1), np.full(len(network.branches), 150.0))
    clock = Clock(datetime(2030, 1, 1, tzinfo=UTC), timedelta(hours=1), 25)
    found = extremes(network, clock, points, limits)
    beyond, _ = beyond_limits(network, points, limits)
    np.testing.assert_array_equal(beyond, (found.violations > 0) | found.failed)
    assert 0 < beyond.sum() < 25
