"""The fast path agrees with plain pandapower, whatever the net holds."""

from __future__ import annotations

import copy
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pandapower as pp
import pytest

from grid import _pandapower
from grid.arrays import Floats
from grid.city.city import City, make_city
from grid.city.source import GridSource, read_grid
from grid.errors import InputError
from grid.network.injections import Injections
from grid.powerflow.extremes import extremes
from grid.powerflow.powerflow import PowerFlow, power_flow, stream, voltages
from grid.time.clock import Clock
from tests.grid.shipped_nets import mv_oberrhein

pytestmark = pytest.mark.slow

HOUR = Clock(datetime(2030, 1, 1, tzinfo=UTC), timedelta(hours=1), 1)
RUNPP: dict[str, Any] = {"calculate_voltage_angles": True, "lightsim2grid": False, "tolerance_mva": 1e-10}


def powers(city: City) -> tuple[Floats, ...]:
    """Active and reactive power of the loads, then of the generators, at all steps."""
    return city.loads.p_mw(), city.loads.q_mvar(), city.generators.p_mw(), city.generators.q_mvar()


def plain(city: City, step: int, at_all_steps: tuple[Floats, ...] = ()) -> Any:
    """The net of one step, solved by plain pandapower; `at_all_steps`: what `powers` gives, where many are solved."""
    net = copy.deepcopy(city.network.net)
    p_load, q_load, p_sgen, q_sgen = (power[step] for power in at_all_steps or powers(city))
    net.load["p_mw"], net.load["q_mvar"] = p_load[: len(net.load)], q_load[: len(net.load)]
    net.sgen["p_mw"], net.sgen["q_mvar"] = p_sgen, q_sgen
    net.load["scaling"] = net.sgen["scaling"] = 1.0
    pp.runpp(net, **RUNPP)
    return net


def assert_equal(flow: PowerFlow, step: int, net: Any, vm_pu: float = 1e-8, percent: float = 1e-6) -> None:
    assert np.nanmax(np.abs(flow.vm_pu()[step] - net.res_bus.vm_pu)) < vm_pu
    assert (np.isnan(flow.vm_pu()[step]) == net.res_bus.vm_pu.isna()).all()
    loading = dict(zip(flow.network.branches.names, flow.loading_percent()[step], strict=True))
    for table in ("line", "trafo"):
        bearers = Counter(net[table].name)
        for name, expected in zip(net[table].name, net[f"res_{table}"].loading_percent, strict=True):
            if str(name) in loading and bearers[name] == 1:
                assert loading[str(name)] == pytest.approx(expected, abs=percent)
    p_from, p_to = flow.branch_powers_mw()
    lost = sum(net[f"res_{table}"].pl_mw.sum() for table in ("line", "trafo", "trafo3w", "impedance"))
    assert (p_from + p_to)[step].sum() == pytest.approx(lost, abs=1e-7)
    assert flow.slack_mva()[step].real.sum() == pytest.approx(
        net.res_ext_grid.p_mw.sum() - net.res_load.p_mw[net.load.bus.isin(net.ext_grid.bus)].sum(), abs=1e-6
    )


def test_a_year_of_random_steps_agrees_with_runpp(reference_source: GridSource) -> None:
    city = make_city(reference_source, Clock(datetime(2016, 1, 1, tzinfo=UTC), timedelta(minutes=15), 35_136))
    steps = np.sort(np.random.default_rng(0).choice(35_136, 50, replace=False))
    some = Clock(datetime(2016, 1, 1, tzinfo=UTC), timedelta(minutes=15), steps.size)
    p_mw, q_mvar = city.withdrawal()
    flow = power_flow(city.network, some, p_mw[steps], q_mvar[steps])
    assert not flow.by_newton.any()
    at_all_steps = powers(city)
    for k, step in enumerate(steps):
        assert_equal(flow, k, plain(city, int(step), at_all_steps))


def oberrhein(change: Callable[[Any], None]) -> Any:
    net = mv_oberrhein()
    change(net)
    return net


def open_line_end(net: Any) -> None:
    line = net.line.index[20]
    pp.create_switch(net, int(net.line.from_bus[line]), int(line), et="l", closed=False)


def fused_buses(net: Any) -> None:
    bus = pp.create_bus(net, vn_kv=20.0, name="fused")
    pp.create_switch(net, int(net.load.bus.iloc[3]), bus, et="b", closed=True)
    pp.create_load(net, bus, p_mw=0.2, q_mvar=0.05, name="behind a switch")


def shunt_and_ward(net: Any) -> None:
    pp.create_shunt(net, int(net.load.bus.iloc[5]), q_mvar=-0.4, p_mw=0.03)
    pp.create_ward(net, int(net.load.bus.iloc[9]), ps_mw=0.1, qs_mvar=0.05, pz_mw=0.05, qz_mvar=0.02)


def motor_and_storage(net: Any) -> None:
    pp.create_motor(net, int(net.load.bus.iloc[7]), pn_mech_mw=0.2, cos_phi=0.85, efficiency_percent=94)
    pp.create_storage(net, int(net.load.bus.iloc[8]), p_mw=-0.3, max_e_mwh=1.0)


def phase_shifter(net: Any) -> None:
    net.trafo["tap_changer_type"] = "Ideal"
    net.trafo["tap_step_degree"], net.trafo["tap_step_percent"] = 2.0, 0.0
    net.trafo.loc[net.trafo.index[0], "tap_pos"] = 3


def tap_ratio(net: Any) -> None:
    net.trafo["tap_changer_type"] = "Ratio"
    net.trafo["tap_pos"] = -4


def second_grid(net: Any) -> None:
    bus = int(net.load.bus.iloc[30])
    pp.runpp(net)  # the transformers shift by 150 degrees: the second grid must be in phase
    pp.create_ext_grid(net, bus, vm_pu=1.0, va_degree=float(net.res_bus.va_degree[bus]) + 0.5)


def island(net: Any) -> None:
    net.line.loc[net.line.index[3], "in_service"] = False
    bus = pp.create_bus(net, vn_kv=20.0, name="alone")
    pp.create_load(net, bus, p_mw=0.5)


def impedance(net: Any) -> None:
    buses = net.load.bus.iloc[[10, 60]].to_list()
    pp.create_impedance(net, *buses, rft_pu=0.02, xft_pu=0.05, sn_mva=5.0)


CHANGES = (open_line_end, fused_buses, shunt_and_ward, motor_and_storage, phase_shifter, tap_ratio, second_grid, island,
           impedance)  # fmt: skip


def zip_loads(net: Any) -> None:
    net.load["const_z_p_percent"], net.load["const_i_p_percent"] = 30.0, 20.0


def generator(net: Any) -> None:
    pp.create_gen(net, int(net.load.bus.iloc[40]), p_mw=1.0, vm_pu=1.01)


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: change.__name__)
def test_what_a_net_may_hold_takes_the_fixed_point(change: Callable[[Any], None], tmp_path: Path) -> None:
    pp.to_json(oberrhein(change), str(tmp_path / "net.json"))
    city = make_city(read_grid("net.json", folder=tmp_path), HOUR)
    assert city.network.uncovered == ()
    flow = power_flow(city.network, HOUR, *city.withdrawal())
    assert not flow.by_newton.any()
    assert_equal(flow, 0, plain(city, 0))


@pytest.mark.parametrize(("change", "reason"), [(zip_loads, "ZIP"), (generator, "voltage is held")])
def test_what_voltage_decides_is_solved_by_newton(change: Callable[[Any], None], reason: str, tmp_path: Path) -> None:
    pp.to_json(oberrhein(change), str(tmp_path / "net.json"))
    city = make_city(read_grid("net.json", folder=tmp_path), HOUR)
    assert city.network.uncovered == ()
    assert reason in city.network.decided_by_voltage[0]
    flow = power_flow(city.network, HOUR, *city.withdrawal())
    assert not flow.by_newton.any()
    assert_equal(flow, 0, plain(city, 0))
    found = extremes(city.network, HOUR, city.injections())
    assert found.vm_min_pu[0] == pytest.approx(np.nanmin(flow.vm_pu()), abs=1e-9)


def test_three_winding_transformers_are_loaded_like_pandapower_says() -> None:
    city = make_city(read_grid("example_multivoltage"), HOUR)
    flow = power_flow(city.network, HOUR, *city.withdrawal())
    at = city.network.branches.of_kind("trafo3w")
    expected = plain(city, 0).res_trafo3w.loading_percent.to_numpy()
    assert flow.loading_percent()[0, at].reshape(3, -1).max(axis=0) == pytest.approx(expected, abs=1e-6)


def test_every_node_is_in_balance(winter_city: City) -> None:
    p_mw, q_mvar = winter_city.withdrawal()
    flow = power_flow(winter_city.network, winter_city.clock, p_mw, q_mvar)
    p_from, p_to = flow.branch_powers_mw()
    lost = (p_from + p_to).sum(axis=1) + flow.shunt_mw().sum(axis=1)
    assert np.abs(flow.slack_mva().real.sum(axis=1) - p_mw.sum(axis=1) - lost).max() < 1e-8
    injected = flow.injected_mw()
    assert np.abs(injected.sum(axis=1) - lost).max() < 1e-8


def test_a_hopeless_step_fails_and_leaves_the_others_alone(winter_city: City) -> None:
    p_mw, q_mvar = (values[:100].copy() for values in winter_city.withdrawal())
    clock = winter_city.clock.window(0, 100)
    untouched = power_flow(winter_city.network, clock, p_mw, q_mvar)
    p_mw[40] *= 200
    flow = power_flow(winter_city.network, clock, p_mw, q_mvar)
    assert np.flatnonzero(flow.failed).tolist() == [40]
    assert np.isnan(flow.vm_pu()[40]).all()
    others = np.arange(100) != 40
    assert np.abs(flow.voltage[others] - untouched.voltage[others]).max() < 1e-9
    found = extremes(winter_city.network, clock, Injections.dense(p_mw, q_mvar))
    assert np.flatnonzero(found.failed).tolist() == [40]
    assert np.isnan(found.vm_min_pu[40])
    assert np.isfinite(found.bus_vm_min_pu).all()


def test_hopeless_steps_that_are_alike_are_tried_once(winter_city: City, monkeypatch: pytest.MonkeyPatch) -> None:
    p_mw, q_mvar = (np.repeat(values[70:72], (1, 9), axis=0) for values in winter_city.withdrawal())
    p_mw[1:] *= 200
    tried: list[float] = []
    monkeypatch.setattr(_pandapower, "newton_raphson", lambda _network, mva, _loads: tried.append(mva.real.sum()))
    flow = power_flow(winter_city.network, winter_city.clock.window(0, 10), p_mw, q_mvar)
    assert tried == [p_mw[1].sum()]
    assert np.flatnonzero(flow.failed).tolist() == list(range(1, 10))


def test_a_heavy_but_solvable_step_is_solved_like_pandapower_does(winter_city: City) -> None:
    clock = winter_city.clock.window(0, 4)
    p_mw, q_mvar = (values[70:74] * 6 for values in winter_city.withdrawal())
    flow = power_flow(winter_city.network, clock, p_mw, q_mvar)
    assert not flow.failed.any()
    net = copy.deepcopy(winter_city.network.net)
    for table in ("load", "sgen"):
        net[table] = net[table].iloc[:0]
    pp.create_loads(net, net.bus.index.to_numpy(), p_mw=p_mw[0], q_mvar=q_mvar[0])
    pp.runpp(net, **RUNPP)
    assert np.nanmax(np.abs(flow.vm_pu()[0] - net.res_bus.vm_pu)) < 1e-8


def test_wrong_arrays_are_refused_by_name(winter_city: City) -> None:
    p_mw, q_mvar = winter_city.withdrawal()
    broken = p_mw.copy()
    broken[7, 3] = np.nan
    with pytest.raises(InputError, match=r"must be finite; bus '.*', step 7"):
        power_flow(winter_city.network, winter_city.clock, broken, q_mvar)
    with pytest.raises(InputError, match="must have shape") as error:
        power_flow(winter_city.network, winter_city.clock, p_mw[1:], q_mvar[:, 1:])
    assert len(error.value.faults) == 2
    with pytest.raises(InputError, match="must be for"):
        voltages(winter_city.network, HOUR, winter_city.injections())
    with pytest.raises(InputError, match="profile 0, step 1 is not"):
        Injections(np.array([[0.0, np.inf]]), *[winter_city.injections().p_mw[:, :1]] * 2)


def test_threads_profiles_and_chunks_change_nothing(winter_city: City) -> None:
    p_mw, q_mvar = winter_city.withdrawal()
    dense = power_flow(winter_city.network, winter_city.clock, p_mw, q_mvar)
    shared = voltages(winter_city.network, winter_city.clock, winter_city.injections(), threads=2)
    assert np.abs(dense.voltage - shared.voltage).max() < 1e-10
    parts = list(stream(winter_city.network, winter_city.clock, winter_city.injections(), memory_mb=1.0))
    assert len(parts) > 1
    assert np.abs(np.concatenate([part.voltage for part in parts]) - dense.voltage).max() < 1e-10
    with pytest.raises(InputError, match="must be at least"):
        next(stream(winter_city.network, winter_city.clock, winter_city.injections(), memory_mb=0.001))


def test_extremes_are_those_of_the_stored_voltages(winter_city: City) -> None:
    network, clock = winter_city.network, winter_city.clock
    flow = voltages(network, clock, winter_city.injections())
    for threads in (1, 2):
        found = extremes(network, clock, winter_city.injections(), threads=threads)
        loading, vm = flow.loading_percent(), flow.vm_pu()
        line, trafo = network.branches.of_kind("line"), network.branches.of_kind("trafo")
        p_from, p_to = flow.branch_powers_mw()
        assert found.vm_min_pu == pytest.approx(np.abs(flow.voltage).min(axis=1), abs=1e-12)
        assert found.vm_max_pu == pytest.approx(np.abs(flow.voltage).max(axis=1), abs=1e-12)
        assert found.line_loading_percent == pytest.approx(loading[:, line].max(axis=1), abs=1e-9)
        assert found.trafo_loading_percent == pytest.approx(loading[:, trafo].max(axis=1), abs=1e-9)
        assert found.loss_mw == pytest.approx((p_from + p_to).sum(axis=1) + flow.shunt_mw().sum(axis=1), abs=1e-9)
        assert np.abs(found.slack_mva - flow.slack_mva()).max() < 1e-9
        assert found.bus_vm_min_pu == pytest.approx(vm.min(axis=0), abs=1e-12)
        assert found.branch_loading_percent == pytest.approx(loading.max(axis=0), abs=1e-9)
        assert found.branch_loss_mwh == pytest.approx((p_from + p_to).sum(axis=0) * 0.25, abs=1e-9)
        over = (vm < network.buses.vm_min_pu) | (vm > network.buses.vm_max_pu)
        assert found.bus_over_steps.tolist() == over.sum(axis=0).tolist()
        assert found.branch_over_steps.tolist() == (loading > network.branches.loading_max_percent).sum(axis=0).tolist()
