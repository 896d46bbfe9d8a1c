"""Where on the way between two operating points a limit is met."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from optimizer.network.over_limits import LoadingWay, boundary_shares

LIMIT = 60.0
PARTS = st.floats(-150, 150)


def way(begin: complex, end: complex) -> LoadingWay:
    return LoadingWay(np.array([[begin]]), np.array([[end]]), np.array([[LIMIT]]))


def share(begin: complex, end: complex) -> float:
    before, now = ({"loading": np.array([[abs(point) - LIMIT]])} for point in (begin, end))
    (found,) = boundary_shares(before, now, way(begin, end))
    return float(found)


def test_a_current_that_turns_around_meets_its_limit_near_the_end_and_not_where_it_began() -> None:
    assert share(59.8 + 0j, -61.2 + 0j) == pytest.approx((59.8 + 60.0) / (59.8 + 61.2), rel=1e-12)
    assert share(-61.2 + 0j, 59.8 + 0j) == pytest.approx((61.2 - 60.0) / (59.8 + 61.2), rel=1e-12)


def test_a_current_that_grows_meets_its_limit_where_the_straight_line_does() -> None:
    assert share(40.0 + 0j, 80.0 + 0j) == pytest.approx(0.5, rel=1e-12)
    assert share(80.0 + 0j, 40.0 + 0j) == pytest.approx(0.5, rel=1e-12)
    assert share(30.0 + 0j, 50.0 + 0j) == 1.0
    assert share(70.0 + 0j, 90.0 + 0j) == 1.0


@given(PARTS, PARTS, PARTS, PARTS)
def test_the_loading_is_the_limit_where_it_is_met(a: float, b: float, c: float, d: float) -> None:
    begin, end = complex(a, b), complex(c, d)
    found = share(begin, end)
    assert 0.0 <= found <= 1.0
    if abs(begin) < LIMIT - 1 and abs(end) > LIMIT + 1:
        assert abs(begin + found * (end - begin)) == pytest.approx(LIMIT, rel=1e-9)
