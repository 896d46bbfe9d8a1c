"""Nets of others: what pandapower solves is solved, what is not followed is said, names lead back to the net."""

from __future__ import annotations

import itertools
import random
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pandapower as pp
import pandapower.networks
import pytest

from grid._pandapower import builtin, builtin_names, network_of
from grid._pandapower.faults import faults
from grid.city.city import make_city
from grid.city.source import source_of_net
from grid.errors import InputError
from grid.powerflow.powerflow import PowerFlow, power_flow
from grid.time.clock import Clock

pytestmark = pytest.mark.slow

HOUR = Clock(datetime(2030, 6, 1, tzinfo=UTC), timedelta(hours=1), 1)


def feeder() -> Any:
    """An external grid, two lines in series, a load of 2 MW at the first bus and one of 1 MW at the second."""
    net = pp.create_empty_network(name="feeder")
    buses = [pp.create_bus(net, 20.0, name=name) for name in ("grid", "near", "far")]
    pp.create_ext_grid(net, buses[0])
    for a, b in itertools.pairwise(buses):
        pp.create_line_from_parameters(net, a, b, 10.0, 0.3, 0.3, 10.0, 0.3, name=f"line {a}")
    pp.create_load(net, buses[1], 2.0, 0.4, name="two")
    pp.create_load(net, buses[2], 1.0, 0.2, name="one")
    return net


def solved(net: Any) -> PowerFlow:
    city = make_city(source_of_net(net), HOUR)
    return power_flow(city.network, HOUR, *city.withdrawal(), loads_mva=city.voltage_dependent_loads_mva())


def agrees(flow: PowerFlow, net: Any, tolerance_pu: float = 1e-8) -> None:
    pp.runpp(net, calculate_voltage_angles=True)
    np.testing.assert_allclose(flow.vm_pu()[0], net.res_bus.vm_pu, rtol=0, atol=tolerance_pu)


def test_asymmetric_loads_are_counted_and_what_that_misstates_is_said() -> None:
    net = pandapower.networks.ieee_european_lv_asymmetric()
    city = make_city(source_of_net(net), HOUR)
    total_mw = net.asymmetric_load[["p_a_mw", "p_b_mw", "p_c_mw"]].to_numpy().sum()
    assert city.loads.p_mw().sum() == pytest.approx(total_mw)
    assert len(city.loads.names) == len(net.asymmetric_load) == 55
    (sentence,) = city.network.misstated
    assert sentence.startswith("55 asymmetric loads")
    agrees(solved(net), net, 1e-6)  # 0.05 MW in all: 1e-6 MVA of residual are more than elsewhere


def test_a_balanced_net_misstates_nothing() -> None:
    assert network_of(feeder()).misstated == ()


@pytest.mark.slow
@pytest.mark.parametrize("name", ["kb_extrem_vorstadtnetz_1", "create_kerber_vorstadtnetz_kabel_1"])
def test_a_name_gives_the_same_net_each_time_and_leaves_the_random_numbers_of_others_alone(name: str) -> None:
    before = random.getstate()
    first, again = builtin(name), builtin(name)
    assert random.getstate() == before
    assert first is not None
    assert again is not None
    assert first.line.std_type.nunique() > 1
    assert first.line.equals(again.line)


def test_variants_with_generation_have_names() -> None:
    assert {"create_cigre_network_mv_pv_wind", "create_cigre_network_mv_all", "ieee_european_lv_asymmetric"} < set(
        builtin_names()
    )
    net = builtin("create_cigre_network_mv_pv_wind")
    assert net is not None
    assert len(net.sgen) == 9


@pytest.mark.parametrize("rating", [np.nan, 0.0])
def test_a_line_without_a_rating_is_not_limited_and_said_to_be_so(rating: float) -> None:
    net = feeder()
    net.line.loc[0, "max_i_ka"] = rating
    flow = solved(net)
    assert np.isnan(flow.loading_percent()[0, 0])
    assert flow.loading_percent()[0, 1] > 0
    assert any("1 lines have no rated current" in sentence for sentence in flow.network.not_followed)


def test_equivalents_may_have_negative_resistance() -> None:
    net = feeder()
    net.line.loc[1, "r_ohm_per_km"] = -0.05
    agrees(solved(net), net)


def test_a_slack_generator_feeds_a_net_as_an_external_grid_does() -> None:
    net = feeder()
    net.ext_grid = net.ext_grid.iloc[:0]
    pp.create_gen(net, 0, p_mw=0.0, vm_pu=1.01, slack=True)
    flow = solved(net)
    assert flow.network.uncovered == ()
    agrees(flow, net)


def test_a_generator_at_its_limit_of_reactive_power_stays_a_generator() -> None:
    net = feeder()
    pp.create_gen(net, 2, p_mw=0.5, vm_pu=1.03, min_q_mvar=-0.1, max_q_mvar=0.1)
    pp.set_user_pf_options(net, enforce_q_lims=True, trafo_loading="power")
    flow = solved(net)
    assert flow.network.generator_node.size == 1
    assert flow.network.not_followed == ("Options of the power flow stored in the net are replaced: trafo_loading.",)
    pp.runpp(net, calculate_voltage_angles=True)
    assert net.res_gen.q_mvar[0] == pytest.approx(0.1)
    np.testing.assert_allclose(flow.vm_pu()[0], net.res_bus.vm_pu, atol=1e-8)


def test_controllers_stored_in_a_net_are_said_not_to_run() -> None:
    net = pandapower.networks.mv_oberrhein()
    pandapower.control.DiscreteTapControl(net, 114, 0.98, 1.02)
    assert any("1 controllers" in sentence and "DiscreteTapControl" in sentence
               for sentence in network_of(net).not_followed)  # fmt: skip


@pytest.mark.parametrize("geo", ["", "{}", '{"type": "LineString", "coordinates": [[1, 2], [3, 4]]}', None, "no JSON"])
def test_a_bus_without_a_point_has_no_place(geo: str | None) -> None:
    net = feeder()
    net.bus["geo"] = [
        '{"type": "Point", "coordinates": [10.0, 50.0]}',
        geo,
        '{"type": "Point", "coordinates": [10.1, 50.0]}',
    ]
    buses = network_of(net).buses
    np.testing.assert_array_equal(buses.x, [10.0, np.nan, 10.1])


@pytest.mark.parametrize(
    ("table", "column", "rule"),
    [
        ("line", "parallel", "must be greater than 0; got nan"), ("line", "c_nf_per_km", "must be finite; got nan"),
        ("line", "g_us_per_km", "must be finite; got nan"), ("trafo", "i0_percent", "must be finite; got nan"),
        ("trafo", "shift_degree", "must be finite; got nan"), ("gen", "vm_pu", "must be greater than 0; got nan"),
        ("shunt", "q_mvar", "must be finite; got nan"), ("ward", "pz_mw", "must be finite; got nan"),
        ("impedance", "xft_pu", "must be finite; got nan"), ("trafo3w", "vk_mv_percent", "must be finite; got nan"),
    ],
)  # fmt: skip
def test_a_missing_number_that_no_power_flow_can_do_without_is_named(table: str, column: str, rule: str) -> None:
    net = pp.networks.example_multivoltage()
    pp.create_ward(net, 0, 0.1, 0.1, 0.1, 0.1)
    assert list(faults(net)) == []
    net[table][column] = net[table][column].astype(float)
    net[table].loc[net[table].index[0], column] = np.nan
    (found,) = faults(net)
    assert column in found.place
    assert str(found).endswith(rule)


def test_scaling_that_is_no_number_and_switches_that_are_neither_on_nor_off_are_refused_by_place() -> None:
    net = feeder()
    net.load.loc[1, "scaling"] = np.nan
    with pytest.raises(InputError, match=r"load 'one', scaling: must be finite"):
        network_of(net)
    net = feeder()
    net.line["in_service"] = net.line.in_service.astype(object)
    net.line.loc[1, "in_service"] = "maybe"
    with pytest.raises(InputError, match=r"line #1, in_service: must be true or false; got \"?'maybe'"):
        network_of(net)


def test_truth_values_as_objects_or_numbers_are_read() -> None:
    net = feeder()
    net.line["in_service"] = [1, 0]
    net.load["in_service"] = np.array([True, True], dtype=object)
    network = network_of(net)
    assert len(network.branches) == 1
    assert network.buses.node[2] == -1


def test_names_are_unique_and_lead_back_to_the_index() -> None:
    net = feeder()
    net.bus.index = [10, 20, 30]
    net.bus["name"] = ["a", "a", None]
    for table, columns in (("line", ["from_bus", "to_bus"]), ("load", ["bus"]), ("ext_grid", ["bus"])):
        for column in columns:
            net[table][column] = net[table][column].map({0: 10, 1: 20, 2: 30})
    net.line["name"] = ["cable", "cable"]
    network = network_of(net)
    assert network.buses.names == ("a #10", "a #20", "bus 30")
    assert network.branches.names == ("cable #0", "cable #1")
