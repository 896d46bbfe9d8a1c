"""The plan of a net in the workshop: where its buses are drawn, and which of them a branch joins."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from app.dashboard.builder.net_plan import net_plan
from grid._pandapower import builtin, network_of
from grid.network.network import Network


@pytest.fixture(scope="module")
def network() -> Network:
    return network_of(builtin("case4gs"))


def _at(network: Network, *points: tuple[float, float]) -> Network:
    x, y = np.array(points, dtype=float).T
    return replace(network, buses=replace(network.buses, x=x, y=y))


def test_degrees_are_stretched_to_true_proportions_and_drawings_are_not(network: Network) -> None:
    drawn = net_plan(_at(network, (0, 0), (2, 0), (2, 60), (0, 60)))
    assert drawn.has_coordinates
    np.testing.assert_allclose(np.ptp([drawn.x, drawn.y], axis=1), [2, 60])
    located = net_plan(_at(network, (9, 60), (9.2, 60), (9.2, 60.1), (9, 60.1)))
    np.testing.assert_allclose(np.ptp([located.x, located.y], axis=1), [0.1, 0.1], rtol=0.01)


def test_a_bus_without_a_place_is_drawn_beside_its_neighbours(network: Network) -> None:
    plan = net_plan(_at(network, (0, 0), (np.nan, np.nan), (4, 0), (4, 4)))
    beside = [b if a == 1 else a for a, b in plan.ends if 1 in {a, b}]
    assert (plan.x[1], plan.y[1]) == pytest.approx((np.mean([plan.x[k] for k in beside]),
                                                    np.mean([plan.y[k] for k in beside])))  # fmt: skip


def test_a_net_without_places_is_drawn_as_a_tree_of_its_branches(network: Network) -> None:
    plan = net_plan(_at(network, *[(np.nan, np.nan)] * 4))
    assert not plan.has_coordinates
    joined = {frozenset(network.buses.names[int(bus)] for bus in pair)
              for pair in zip(network.branches.from_bus, network.branches.to_bus, strict=True)}  # fmt: skip
    assert {frozenset(plan.buses[row][0] for row in pair) for pair in plan.ends} == joined
    assert len(set(zip(plan.x, plan.y, strict=True))) == 4
