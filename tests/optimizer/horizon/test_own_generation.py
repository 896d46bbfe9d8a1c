"""Nets that feed in and draw by themselves: generators that hold a voltage, DC lines, loads that depend on voltage."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pandapower as pp
import pytest

from grid.arrays import Floats
from optimizer import Clock, DispatchProblem, Schedule, battery, city_of, dispatch, generation, problem_of

pytestmark = pytest.mark.slow

PRICE = np.array([30.0, 90.0, 40.0, 120.0])
CLOCK = Clock(datetime(2030, 6, 3, tzinfo=UTC), timedelta(hours=1), 4)


def plain() -> Any:
    """A feeder of three buses with a load at each of the last two."""
    net = pp.create_empty_network()
    buses = [pp.create_bus(net, 20.0, name=f"B{k}") for k in range(3)]
    pp.create_ext_grid(net, buses[0], vm_pu=1.01)
    for k in range(2):
        pp.create_line(net, buses[k], buses[k + 1], 4.0, "NA2XS2Y 1x240 RM/25 12/20 kV", name=f"L{k}")
        pp.create_load(net, buses[k + 1], 2.0, 0.4, name=f"load {k}")
    return net


def with_generator() -> Any:
    net = plain()
    pp.create_gen(net, 2, p_mw=1.5, vm_pu=1.02, name="engine")
    return net


def with_dc_line() -> Any:
    net = plain()
    far = pp.create_bus(net, 20.0, name="far")
    pp.create_line(net, 2, far, 2.0, "NA2XS2Y 1x240 RM/25 12/20 kV", name="L2")
    pp.create_dcline(net, 1, far, p_mw=1.0, loss_percent=3.0, loss_mw=0.05, vm_from_pu=1.01, vm_to_pu=1.0)
    return net


def with_zip_loads() -> Any:
    net = plain()
    net.load["const_z_p_percent"], net.load["const_i_p_percent"] = 60.0, 40.0
    net.load["const_z_q_percent"], net.load["const_i_q_percent"] = 60.0, 40.0
    return net


NETS = {"generator": with_generator, "dc line": with_dc_line, "zip loads": with_zip_loads}


def problem_of_net(net: Any, **limits: Any) -> DispatchProblem:
    city = city_of(net, CLOCK)
    store = battery(city, "store", "B2", p_mw=1.0, e_mwh=2.0)
    return problem_of(city, [store], import_price_per_mwh=PRICE, export_price_per_mwh=PRICE - 5, vm_min_pu=0.9,
                      vm_max_pu=1.1, **limits)  # fmt: skip


def import_by_pandapower(net: Any, schedule: Schedule) -> Floats:
    """What the external grid feeds in, hour by hour, with the battery as scheduled [MW]."""
    store = pp.create_load(net, 2, 0.0)
    if "const_z_p_percent" in net.load:
        for column in ("const_z_p_percent", "const_i_p_percent", "const_z_q_percent", "const_i_q_percent"):
            net.load.loc[store, column] = 0.0
    found = []
    for p_mw in schedule.p_mw["store"]:
        net.load.loc[store, "p_mw"] = p_mw
        pp.runpp(net)
        found.append(net.res_ext_grid.p_mw.sum())
    return np.array(found)


@pytest.mark.parametrize("kind", ["generator", "dc line"])
def test_what_the_net_feeds_in_and_draws_is_part_of_the_balance(kind: str) -> None:
    schedule = dispatch(problem_of_net(NETS[kind]()))
    np.testing.assert_allclose(
        schedule.import_mw - schedule.export_mw, import_by_pandapower(NETS[kind](), schedule), atol=2e-5
    )
    assert schedule.quality.deviation == pytest.approx(0.0, abs=1e-3)
    assert not schedule.shortfalls
    assert schedule.quality.gap is None
    assert "voltages" in schedule.quality.why_no_bound


def test_loads_that_depend_on_voltage_count_with_what_they_draw() -> None:
    schedule = dispatch(problem_of_net(with_zip_loads()))
    nominal = dispatch(problem_of_net(plain()))
    drawn = schedule.import_mw - schedule.export_mw
    assert np.abs(drawn - (nominal.import_mw - nominal.export_mw)).max() > 0.01
    assert schedule.quality.deviation == pytest.approx(0.0, abs=1e-3)
    assert not schedule.shortfalls


@pytest.mark.parametrize("kind", NETS)
def test_limits_of_import_and_export_hold_for_what_is_really_exchanged(kind: str) -> None:
    free = dispatch(problem_of_net(NETS[kind]()))
    limit = float(free.import_mw.max()) - 0.2
    schedule = dispatch(replace(problem_of_net(NETS[kind]()), import_max_mw=limit))
    assert not schedule.shortfalls
    assert schedule.import_mw.max() == pytest.approx(limit, abs=5e-3)
    assert (schedule.nodal_price_per_mwh < 200).all(), "no price of a penalty"


def test_a_generator_that_exceeds_the_load_is_exported_within_the_limit() -> None:
    net = with_generator()
    net.gen["p_mw"] = 6.0
    city = city_of(net, CLOCK)
    sun = generation(city, "sun", "B1", 3.0)
    given = {"import_price_per_mwh": PRICE, "export_price_per_mwh": PRICE - 5, "vm_min_pu": 0.8, "vm_max_pu": 1.2}
    schedule = dispatch(problem_of(city, [sun], export_max_mw=3.0, **given))
    assert schedule.export_mw.max() == pytest.approx(3.0, abs=5e-3)
    assert not schedule.shortfalls


def test_nodal_prices_beside_a_generator_are_what_a_little_more_withdrawal_costs() -> None:
    problem, step_mw = problem_of_net(with_generator()), 0.02
    price = dispatch(problem).nodal_price_per_mwh
    costs = []
    for sign in (-1.0, 1.0):
        p_mw = problem.p_fixed_mw.copy()
        p_mw[1, 1] += sign * step_mw
        costs.append(dispatch(replace(problem, p_fixed_mw=p_mw)).quality.ac_cost)
    assert price[1, 1] == pytest.approx((costs[1] - costs[0]) / (2 * step_mw), rel=0.01)
