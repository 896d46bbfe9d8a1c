"""Where a city is, by the coordinates of its grid."""

from __future__ import annotations

import numpy as np

from app.scenario.place import MIDDLE_OF_GERMANY, place_among
from app.scenario.schema import CitySpec

LONGITUDE, LATITUDE = np.array([8.60, 8.62]), np.array([50.10, 50.12])


def test_exchanged_longitude_and_latitude_are_told() -> None:
    right = place_among(CitySpec(network="reference"), LONGITUDE, LATITUDE)
    assert (round(right.longitude, 2), round(right.latitude, 2)) == (8.61, 50.11)
    exchanged = place_among(CitySpec(network="reference"), LATITUDE, LONGITUDE)
    assert (exchanged.latitude, exchanged.longitude) == MIDDLE_OF_GERMANY
    assert "if longitude and latitude are exchanged" in str(exchanged)
    assert "exchanged" not in str(place_among(CitySpec(network="reference"), LONGITUDE * 1e5, LATITUDE * 1e5))
