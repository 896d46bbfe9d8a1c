from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from grid.city.city import make_city
from grid.city.source import read_grid
from grid.time.clock import Clock
from grid.twin.equipment import switchable_network
from grid.twin.fault_location import possible_faults


@pytest.fixture(scope="module")
def network():
    clock = Clock(datetime(2030, 1, 1, tzinfo=UTC), timedelta(hours=1), 1)
    return switchable_network(make_city(read_grid("case33bw"), clock).network)


def test_indicators_narrow_a_fault_down_to_the_branch(network):
    """Line 0 feeds all; line 17 begins a branch at its end, so a fault of line 10 passes lines 0 to 10."""
    names = network.meshed.branches.names
    assert possible_faults(network, 0).size == 32
    passed = list(range(11))
    assert [names[k] for k in possible_faults(network, 0, passed, [11])] == ["line 10"]
    few = possible_faults(network, 0, [5], [17, 11])
    assert set(few) >= set(range(5, 11))
    assert not set(few) & {0, 4, 11, 17}


def test_every_fault_is_among_those_that_its_indicators_leave(network):
    rng = np.random.default_rng(1)
    for fault in range(32):
        on_way = {k for k in range(32) if fault in possible_faults(network, 0, [k])}
        told = rng.choice(32, 8, replace=False).tolist()
        passed = [k for k in told if k in on_way]
        assert fault in possible_faults(network, 0, passed, [k for k in told if k not in on_way])


def test_indicators_that_contradict_each_other_leave_none(network):
    assert possible_faults(network, 0, [10, 20]).size == 0
