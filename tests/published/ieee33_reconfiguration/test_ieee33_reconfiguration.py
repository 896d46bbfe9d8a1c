from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from grid.city.city import make_city
from grid.city.source import read_grid
from grid.network.injections import Injections
from grid.time.clock import Clock
from grid.twin.equipment import switchable_network
from optimizer.switching import reconfigure

CLOCK = Clock(datetime(2030, 1, 1, tzinfo=UTC), timedelta(hours=1), 1)
HALF_A_DIGIT_MW = 0.5e-6


def test_losses_and_open_lines_are_those_of_the_literature():
    city = make_city(read_grid("case33bw"), CLOCK)
    network = switchable_network(city.network)
    found = reconfigure(network, CLOCK, Injections.dense(*city.withdrawal()))
    assert found.loss_before_mwh == pytest.approx(0.202677, abs=HALF_A_DIGIT_MW)
    assert found.loss_mwh == pytest.approx(0.139551, abs=HALF_A_DIGIT_MW)
    opened = {int(network.meshed.branches.names[k].removeprefix("line ")) + 1 for k in np.flatnonzero(found.open)}
    assert opened == {7, 9, 14, 32, 37}
