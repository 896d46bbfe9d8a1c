from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from carbon.tracing.proportional_sharing import trace
from tests.carbon.traced_city import random_city
from tests.examples import examples


@given(seed=st.integers(0, 2**32 - 1))
@examples(3)
def test_events_of_some_devices_are_those_of_all_that_are_theirs(seed):
    city = random_city(seed)
    events = trace(city.flows, city.sources, city.step_hours, city.operation).stocks.events
    n = events.operation.n_devices
    for devices in (slice(0, n // 2), slice(n // 2, n), slice(0, n // 2)):
        part, places = events.select(devices)
        of_all = np.arange(events.device.size)[places]
        first = devices.start
        np.testing.assert_array_equal(events.device[of_all], part.device + first)
        np.testing.assert_array_equal(events.step[of_all], part.step)
        np.testing.assert_array_equal(events.p_mw[of_all], part.p_mw)
        assert np.isin(events.device, np.arange(n)[devices]).sum() == part.device.size
    assert events.between(slice(0, events.begins.size - 1)) is events
