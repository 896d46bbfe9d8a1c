"""Which element takes which path: each is solved over several steps, compared with `runpp`, and told in the docs."""

from __future__ import annotations

import copy
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandapower as pp
import pytest

from grid._pandapower import network_of
from grid.city.city import City, make_city
from grid.city.source import source_of_net
from grid.errors import InputError
from grid.powerflow.powerflow import PowerFlow, power_flow
from grid.time.clock import Clock

DOCS = Path(__file__).parents[3] / "docs" / "power_flow.md"
SHARES = np.array([1.0, 0.3])
"""Loads and generation of each step, relative to those of the net."""
CLOCK = Clock(datetime(2030, 1, 1, tzinfo=UTC), timedelta(hours=1), SHARES.size)
RUNPP: dict[str, Any] = {"calculate_voltage_angles": True, "lightsim2grid": False, "tolerance_mva": 1e-9}


def feeders() -> Any:
    """Four buses of 110 kV in a ring of lines that is open at one place, and one of 20 kV behind a transformer."""
    net = pp.create_empty_network(name="feeders")
    for place in range(4):
        pp.create_bus(net, 110.0, name=f"bus {place}")
    pp.create_bus(net, 20.0, name="bus 4")
    pp.create_ext_grid(net, 0, vm_pu=1.01)
    for a, b in ((0, 1), (1, 2), (0, 3)):
        pp.create_line_from_parameters(net, a, b, 30.0, 0.0487, 0.13823, 160.0, 0.664)
    pp.create_transformer(net, 2, 4, "25 MVA 110/20 kV")
    pp.create_load(net, 2, 20.0, 6.0)
    pp.create_load(net, 3, 20.0, 5.0)
    pp.create_load(net, 4, 8.0, 2.0)
    return net


def lines(net: Any) -> None:
    """lines, parallel ones and open ends: `line`"""
    pp.create_line_from_parameters(net, 3, 2, 20.0, 0.05, 0.14, 160.0, 0.6, parallel=2)
    pp.create_switch(net, 2, 3, et="l", closed=False)


def transformers(net: Any) -> None:
    """two-winding transformers, off-nominal taps, phase shift: `trafo`"""
    net.trafo["tap_changer_type"], net.trafo["tap_pos"] = "Ratio", 3


def three_windings(net: Any) -> None:
    """three-winding transformers: `trafo3w`"""
    bus = pp.create_bus(net, 10.0)
    pp.create_transformer3w(net, 3, 4, bus, "63/25/38 MVA 110/20/10 kV")
    net.trafo = net.trafo.iloc[:0]
    pp.create_load(net, bus, 3.0, 1.0)


def switches(net: Any) -> None:
    """switches between buses, at lines and transformers, with impedance: `switch`"""
    fused, behind = pp.create_bus(net, 110.0), pp.create_bus(net, 110.0)
    pp.create_switch(net, 3, fused, et="b")
    pp.create_switch(net, fused, behind, et="b", z_ohm=0.8)
    pp.create_load(net, behind, 4.0, 1.0)


def impedances(net: Any) -> None:
    """impedances: `impedance`"""
    pp.create_impedance(net, 2, 3, rft_pu=0.02, xft_pu=0.05, rtf_pu=0.021, xtf_pu=0.055, sn_mva=50.0)


def shunts(net: Any) -> None:
    """shunts and their steps: `shunt`"""
    pp.create_shunt(net, 2, q_mvar=-4.0, p_mw=0.03, step=2, max_step=3)


def wards(net: Any) -> None:
    """wards, of constant power and constant impedance: `ward`"""
    pp.create_ward(net, 2, ps_mw=1.0, qs_mvar=0.5, pz_mw=0.5, qz_mvar=0.2)


def consumers(net: Any) -> None:
    """loads of constant power, static generators, storage, motors: `load`, `sgen`, `storage`, `motor`"""
    pp.create_sgen(net, 2, 3.0, 0.4)
    pp.create_storage(net, 3, -1.0, max_e_mwh=4.0)
    pp.create_motor(net, 4, pn_mech_mw=0.2, cos_phi=0.85, efficiency_percent=94)


def asymmetric(net: Any) -> None:
    """asymmetric loads and generators, spread evenly over the phases: `asymmetric_load`, `asymmetric_sgen`"""
    pp.create_asymmetric_load(net, 4, p_a_mw=0.2, q_b_mvar=0.1)
    pp.create_asymmetric_sgen(net, 4, p_c_mw=0.1)


def grids(net: Any) -> None:
    """several external grids and slack generators: `ext_grid`, `gen` with `slack`"""
    pp.create_ext_grid(net, 3, vm_pu=1.0, va_degree=-0.5)


def islands(net: Any) -> None:
    """islands without an external grid, left out and reported as de-energised"""
    pp.create_load(net, pp.create_bus(net, 20.0), 0.5)


def generators(net: Any) -> None:
    """generators that hold a voltage: `gen`"""
    pp.create_gen(net, 2, p_mw=6.0, vm_pu=1.015)
    pp.create_gen(net, 2, p_mw=2.0, vm_pu=1.015)


def limited_generators(net: Any) -> None:
    """generators within limits of reactive power, `enforce_q_lims`: `gen`"""
    pp.create_gen(net, 2, p_mw=6.0, vm_pu=1.0, min_q_mvar=-20.0, max_q_mvar=1.5)
    pp.create_gen(net, 3, p_mw=2.0, vm_pu=1.02, min_q_mvar=-2.0, max_q_mvar=200.0)
    pp.set_user_pf_options(net, enforce_q_lims=True)


def zip_loads(net: Any) -> None:
    """loads of constant current and impedance (ZIP): `load`"""
    net.load["const_z_p_percent"], net.load["const_i_p_percent"] = [30.0, 0.0, 100.0], [20.0, 50.0, 0.0]
    net.load["const_z_q_percent"], net.load["const_i_q_percent"] = [60.0, 0.0, 10.0], [0.0, 100.0, 0.0]


def extended_wards(net: Any) -> None:
    """extended wards: `xward`"""
    pp.create_xward(net, 2, 1.0, 0.5, 0.2, 0.1, r_ohm=0.5, x_ohm=2.0, vm_pu=1.0)


def dc_lines(net: Any) -> None:
    """direct-current lines: `dcline`"""
    pp.create_dcline(net, 2, 3, p_mw=5.0, loss_percent=1.0, loss_mw=0.01, vm_from_pu=1.005, vm_to_pu=1.0)


def var_compensators(net: Any) -> None:
    """static VAr compensators: `svc`"""
    pp.create_svc(net, 2, x_l_ohm=1.0, x_cvar_ohm=-10.0, set_vm_pu=1.0, thyristor_firing_angle_degree=145.0)


def synchronous_compensators(net: Any) -> None:
    """static synchronous compensators without resistance: `ssc`"""
    pp.create_ssc(net, 2, r_ohm=0.0, x_ohm=5.0, set_vm_pu=1.0)


def series_compensators(net: Any) -> None:
    """thyristor-controlled series capacitors: `tcsc`"""
    pp.create_tcsc(net, 2, 3, 1.0, -10.0, -5.0, 140.0)


def dc_grids(net: Any) -> None:
    """direct-current grids and their converters: `bus_dc`, `line_dc`, `vsc`, `b2b_vsc`"""
    pp.create_bus_dc(net, 110.0)


ELEMENTS: tuple[Callable[[Any], None], ...] = (
    lines, transformers, three_windings, switches, impedances, shunts, wards, consumers, asymmetric, grids, islands,
    generators, limited_generators, zip_loads, extended_wards, dc_lines, var_compensators, synchronous_compensators,
    series_compensators, dc_grids,
)  # fmt: skip
PATHS = {
    "fixed point": "fixed point",
    "newton": "Newton's method",
    "pandapower": "pandapower, step by step",
    "refused": "refused by name",
}


def with_element(change: Callable[[Any], None]) -> Any:
    net = feeders()
    change(net)
    return net


@cache
def city_of(change: Callable[[Any], None]) -> City | None:
    """The net with an element on the clock; None where it is refused."""
    try:
        return make_city(source_of_net(with_element(change)), CLOCK)
    except InputError:
        return None


def path_of(change: Callable[[Any], None]) -> str:
    """Which path the power flow of a net with an element takes, as its network says."""
    city = city_of(change)
    if city is None:
        return "refused"
    return "pandapower" if city.network.uncovered else "newton" if city.network.decided_by_voltage else "fixed point"


def solved(city: City) -> PowerFlow:
    """Every step, all that is on the clock at the shares of the steps."""
    p_mw, q_mvar = city.withdrawal()
    loads = city.voltage_dependent_loads_mva()
    return power_flow(
        city.network, CLOCK, p_mw * SHARES[:, None], q_mvar * SHARES[:, None],
        loads_mva=None if loads is None else loads * SHARES[:, None],
    )  # fmt: skip


@pytest.mark.parametrize("change", ELEMENTS, ids=lambda change: change.__name__)
def test_each_element_agrees_with_runpp_in_every_step_or_is_refused_by_name(change: Callable[[Any], None]) -> None:
    net, city = with_element(change), city_of(change)
    if city is None:
        with pytest.raises(InputError, match="not modelled"):
            network_of(net)
        return
    flow = solved(city)
    assert flow.by_newton.all() == (path_of(change) == "pandapower")
    for step, share in enumerate(SHARES):
        one = copy.deepcopy(net)
        for table in ("load", "sgen", "storage", "asymmetric_load", "asymmetric_sgen"):
            one[table]["scaling"] *= share
        pp.runpp(one, **RUNPP)
        np.testing.assert_allclose(flow.vm_pu()[step], one.res_bus.vm_pu, rtol=0, atol=1e-8)
        for table in ("line", "trafo"):
            at = flow.network.branches.of_kind(table)
            expected = one[f"res_{table}"].loading_percent.to_numpy()[one[table].in_service.to_numpy()]
            np.testing.assert_allclose(flow.loading_percent()[step, at], expected, rtol=0, atol=1e-5)


def test_generators_reach_their_limits_in_some_steps_and_hold_their_voltage_in_others() -> None:
    city = city_of(limited_generators)
    assert city is not None
    vm_pu = solved(city).vm_pu()
    held = np.abs(vm_pu[:, 2] - 1.0) < 1e-9
    assert held.any()
    assert not held.all()


def test_the_documentation_says_which_element_takes_which_path() -> None:
    rows = [f"| {change.__doc__} | {PATHS[path_of(change)]} |" for change in ELEMENTS]
    table = "\n".join(["| in the net | path |", "|---|---|", *rows])
    assert table in DOCS.read_text(encoding="utf-8"), f"docs/power_flow.md must hold this table:\n{table}"
