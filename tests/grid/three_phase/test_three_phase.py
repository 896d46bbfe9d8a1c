"""Three phases agree with pandapower's own, and obey the laws of symmetrical components."""

from __future__ import annotations

import copy
from typing import Any, Literal

import numpy as np
import pandapower as pp
import pandapower.networks as pn
import pytest

from grid.errors import InputError
from grid.network.network import Complexes
from grid.network.sequence_network import PHASES, TO_SEQUENCES, SequenceNetwork
from grid.three_phase import PhaseLoads, ThreePhaseFlow, sequence_network, three_phase_flow, three_phase_windows

pytestmark = pytest.mark.slow


def street(**changes: Any) -> Any:
    """A transformer and a street of low voltage with a branch, all data of the zero sequence stated."""
    net = pp.create_empty_network()
    buses = pp.create_buses(net, 8, vn_kv=[10.0] + [0.4] * 7)
    pp.create_ext_grid(net, buses[0], s_sc_max_mva=200, rx_max=0.1, x0x_max=1.0, r0x0_max=0.1, vm_pu=1.02)
    pp.create_transformer_from_parameters(
        net, buses[0], buses[1], sn_mva=0.4, vn_hv_kv=10, vn_lv_kv=0.4, vkr_percent=1.4, vk_percent=4.0, pfe_kw=0.6,
        i0_percent=0.2, shift_degree=150, vector_group="Dyn", vk0_percent=4.0, vkr0_percent=1.4, mag0_percent=100,
        mag0_rx=0, si0_hv_partial=0.9,
    )  # fmt: skip
    for start, end, km in ((1, 2, 0.1), (2, 3, 0.15), (3, 4, 0.2), (3, 5, 0.1), (5, 6, 0.1), (6, 7, 0.05)):
        pp.create_line_from_parameters(
            net, buses[start], buses[end], km, r_ohm_per_km=0.21, x_ohm_per_km=0.08, c_nf_per_km=260, max_i_ka=0.27,
            r0_ohm_per_km=0.84, x0_ohm_per_km=0.32, c0_nf_per_km=260,
        )  # fmt: skip
    for name, value in changes.items():
        table, column = name.split("__")
        net[table][column] = value
    return net


def drawn(network: SequenceNetwork, n_steps: int, seed: int, buses: tuple[int, ...] = (4, 6, 7)) -> Complexes:
    """Random withdrawal of some buses by phase, single phases among it, shape (T, 3, B) [MW + j MVAr]."""
    rng = np.random.default_rng(seed)
    power = np.zeros((n_steps, len(PHASES), len(network.buses.names)), dtype=complex)
    for bus in buses:
        active = rng.uniform(-0.012, 0.03, (n_steps, 3)) * rng.integers(0, 2, (n_steps, 3))
        power[:, :, bus] = active * (1 + 0.3j)
    return power


def by_pandapower(net: Any, wye: Complexes, delta: Complexes) -> Any:
    """The net with one step's withdrawal, shape (3, B) each, solved by pandapower as finely as it can."""
    net = copy.deepcopy(net)
    net.sn_mva = 0.01  # its tolerance is per unit
    for kind, power in (("wye", wye), ("delta", delta)):
        for bus in np.flatnonzero(np.abs(power).sum(axis=0)):
            parts = {f"p_{name}_mw": power[k, bus].real for k, name in enumerate(PHASES)}
            parts |= {f"q_{name}_mvar": power[k, bus].imag for k, name in enumerate(PHASES)}
            pp.create_asymmetric_load(net, bus, type=kind, **parts)
    pp.runpp_3ph(net, max_iteration=100)
    return net


def assert_equal(flow: ThreePhaseFlow, step: int, net: Any) -> None:
    expected = net.res_bus_3ph[[f"vm_{name}_pu" for name in PHASES]].to_numpy().T
    np.testing.assert_allclose(flow.vm_pu()[step], expected, rtol=0, atol=1e-8)
    for table in ("line", "trafo"):
        mine = flow.loading_percent()[step][:, flow.network.branches.of_kind(table)]
        theirs = net[f"res_{table}_3ph"][[f"loading_{name}_percent" for name in PHASES]].to_numpy().T
        np.testing.assert_allclose(mine, theirs, rtol=0, atol=1e-5)
    parts = ["pl_a_mw", "pl_b_mw", "pl_c_mw"]
    lost = sum(net[f"res_{table}_3ph"][parts].to_numpy().sum() for table in ("line", "trafo"))
    assert flow.loss_mw[step] == pytest.approx(lost, abs=1e-9)


def test_the_european_low_voltage_feeder_has_its_published_extremes() -> None:
    network = sequence_network(pn.ieee_european_lv_asymmetric("on_peak_566"))
    flow = three_phase_flow(network, PhaseLoads.of_net(network))
    assert network.estimated == ()
    assert flow.vm_min_pu[0] == pytest.approx(0.9962, abs=5e-5)
    assert flow.loading_max_percent["line"][0] == pytest.approx(33.2, abs=0.05)
    assert flow.loading_max_percent["trafo"][0] == pytest.approx(12.6, abs=0.05)


def test_every_step_agrees_with_pandapower() -> None:
    net = street()
    network = sequence_network(net)
    wye, delta = drawn(network, 50, 1), drawn(network, 50, 2, (6, 3))
    flow = three_phase_flow(network, PhaseLoads.dense(wye, delta), keep="phasors")
    assert not flow.failed.any()
    for step in (0, 17, 49):
        assert_equal(flow, step, by_pandapower(net, wye[step], delta[step]))


def test_extremes_are_those_of_all_voltages_whatever_the_threads() -> None:
    network = sequence_network(street())
    loads = PhaseLoads.dense(drawn(network, 300, 3), drawn(network, 300, 4, (2,)))
    flow, again = (three_phase_flow(network, loads, keep="phasors", threads=threads) for threads in (1, 2))
    vm, loading = flow.vm_pu(), flow.loading_percent()
    np.testing.assert_allclose(flow.vm_min_pu, vm.min(axis=(1, 2)), rtol=1e-12)
    np.testing.assert_allclose(flow.bus_vm_max_pu, vm.max(axis=(0, 1)), rtol=1e-12)
    np.testing.assert_allclose(flow.branch_loading_max_percent, loading.max(axis=(0, 1)), rtol=1e-12)
    lines = network.branches.of_kind("line")
    np.testing.assert_allclose(flow.loading_max_percent["line"], loading[:, :, lines].max(axis=(1, 2)), rtol=1e-12)
    np.testing.assert_allclose(again.loss_mw, flow.loss_mw, rtol=1e-12)
    assert np.isfinite(flow.branch_neutral_max_ka).all()
    kept = three_phase_flow(network, loads, keep="magnitudes")
    assert kept.vm is not None
    assert kept.loading is not None
    np.testing.assert_allclose(kept.vm[:, network.buses.node].transpose(2, 0, 1), vm, rtol=2e-7)
    np.testing.assert_allclose(kept.loading.T, loading.max(axis=1), rtol=2e-7, atol=1e-9)


def test_phases_in_which_nothing_is_drawn_are_left_out_without_a_difference() -> None:
    network, n_steps = sequence_network(street()), 300
    drawn_mva = drawn(network, n_steps, seed=7)
    drawn_mva[:, (0, 2), 4] = 0.0  # one phase only
    drawn_mva[:280, 2, 7] = 0.0  # only near the end
    drawn_mva[:, (1, 2), 6] = 0.0
    buses = np.array([4, 6, 7])
    some = PhaseLoads.at_buses(network, buses, drawn_mva[:, :, buses])
    assert len(some.wye.profiles) == 2 * 5
    found = three_phase_flow(network, some, keep="phasors")
    of_all = three_phase_flow(network, PhaseLoads.dense(drawn_mva), keep="phasors")
    np.testing.assert_allclose(found.phasors(), of_all.phasors(), rtol=0, atol=1e-12)


@pytest.mark.parametrize("by_bus", [False, True])
def test_loads_of_some_buses_are_laid_out_as_those_of_all(by_bus: bool) -> None:
    network, buses = sequence_network(street()), np.array([7, 4, 6])
    wye = drawn(network, 1000, 5)
    wye[:, 1, 6] = 0.0
    wye[:, 2, 7] = 0.0
    wye[777, 2, 7] = 0.002j  # so seldom that a look at some steps does not show it
    given = wye[:, :, buses]
    if by_bus:  # the phases of a bus side by side
        given = np.ascontiguousarray(given.transpose(0, 2, 1)).transpose(0, 2, 1)
    for threads in (1, 2):
        loads = PhaseLoads.at_buses(network, buses, given, threads=threads)
        for step in (0, 776, 777, 999):
            p_mw, q_mvar = loads.wye.at(step)
            np.testing.assert_array_equal(p_mw + 1j * q_mvar, wye[step].ravel())
        assert len(loads.wye.profiles) == 2 * 8


@pytest.mark.parametrize("keep", ["extremes", "magnitudes", "phasors"])
def test_windows_give_what_all_steps_at_once_give(keep: Literal["extremes", "magnitudes", "phasors"]) -> None:
    network = sequence_network(street())
    loads = PhaseLoads.dense(drawn(network, 600, 6))
    whole = three_phase_flow(network, loads, keep=keep)
    for at_once in (256, 300, 100, 5000):
        first, lowest = 0, []
        for part in three_phase_windows(network, loads, at_once, keep=keep, threads=2):
            steps = slice(first, first + part.failed.size)
            assert part.failed.size <= at_once
            lowest.append(part.vm_min_pu)
            for values, of_all in ((part.vm, whole.vm), (part.loading, whole.loading), (part.voltage, whole.voltage)):
                if of_all is not None:
                    assert values is not None
                    np.testing.assert_allclose(values, of_all[..., steps], rtol=1e-6, atol=1e-6)
            first = steps.stop
        assert first == 600
        np.testing.assert_allclose(np.concatenate(lowest), whole.vm_min_pu, rtol=0, atol=1e-9)


def test_what_comes_in_is_drawn_or_lost() -> None:
    network = sequence_network(street())
    wye, delta = drawn(network, 40, 5), drawn(network, 40, 6, (5,))
    flow = three_phase_flow(network, PhaseLoads.dense(wye, delta))
    left_mw = flow.import_mva.real.sum(axis=1) - (wye + delta).real.sum(axis=(1, 2)) - flow.loss_mw
    np.testing.assert_allclose(left_mw, 0.0, atol=1e-10)


def test_a_balanced_net_gives_the_same_in_one_phase_and_in_three() -> None:
    net = street()
    for bus, p_mw in ((4, 0.03), (6, 0.02), (7, -0.01)):
        pp.create_load(net, bus, p_mw=p_mw, q_mvar=0.3 * p_mw)
    network = sequence_network(net)
    flow = three_phase_flow(network, PhaseLoads.of_net(network), keep="phasors")
    pp.runpp(net, calculate_voltage_angles=True, tolerance_mva=1e-11, lightsim2grid=False)
    for phase in range(3):
        np.testing.assert_allclose(flow.vm_pu()[0, phase], net.res_bus.vm_pu, rtol=0, atol=1e-9)
    assert flow.loading_max_percent["line"][0] == pytest.approx(net.res_line.loading_percent.max(), abs=1e-7)
    assert flow.loss_mw[0] == pytest.approx(net.res_line.pl_mw.sum() + net.res_trafo.pl_mw.sum(), abs=1e-10)
    assert flow.unbalance_max[0] < 1e-9


def test_rotating_the_phases_rotates_the_result() -> None:
    network = sequence_network(street())
    wye, delta = drawn(network, 12, 7), drawn(network, 12, 8, (5,))
    flow, turned = (
        three_phase_flow(network, PhaseLoads.dense(np.roll(wye, by, axis=1), np.roll(delta, by, axis=1)),
                         keep="phasors")
        for by in (0, 1)
    )  # fmt: skip
    np.testing.assert_allclose(turned.vm_pu(), np.roll(flow.vm_pu(), 1, axis=1), rtol=0, atol=1e-9)


def test_a_load_between_phases_has_no_zero_sequence_current() -> None:
    network = sequence_network(street())
    delta = drawn(network, 12, 9)
    between, to_neutral = (
        three_phase_flow(network, PhaseLoads.dense(wye, delta_mva))
        for wye, delta_mva in ((np.zeros_like(delta), delta), (delta, np.zeros_like(delta)))
    )
    lines = network.branches.of_kind("line")
    assert between.branch_neutral_max_ka[lines].max() < 1e-9
    assert to_neutral.branch_neutral_max_ka[lines].max() > 1e-3
    assert np.abs(TO_SEQUENCES[0] @ np.array([1, np.exp(-2j * np.pi / 3), np.exp(2j * np.pi / 3)])) < 1e-15


def test_a_step_that_has_no_solution_is_reported_and_leaves_the_others_alone() -> None:
    network = sequence_network(street())
    wye = drawn(network, 70, 10)
    alone = three_phase_flow(network, PhaseLoads.dense(wye))
    too_much = wye.copy()
    too_much[5] *= 1e3
    flow = three_phase_flow(network, PhaseLoads.dense(too_much))
    assert np.flatnonzero(flow.failed).tolist() == [5]
    assert np.isnan([flow.vm_min_pu[5], flow.loss_mw[5], flow.import_mva[5, 0].real, flow.import_mva[5, 0].imag]).all()
    others = np.delete(np.arange(70), 5)
    np.testing.assert_allclose(flow.vm_min_pu[others], alone.vm_min_pu[others], rtol=0, atol=1e-9)


def test_what_a_net_does_not_state_is_estimated_and_said() -> None:
    net = street(trafo__vector_group=None, line__r0_ohm_per_km=np.nan, ext_grid__s_sc_max_mva=np.nan)
    network = sequence_network(net)
    said = " ".join(network.estimated)
    for words in ("6 of 6 lines", "R0/R1 = 4", "1 of 1 transformers", "Dyn is assumed", "1000 MVA"):
        assert words in said
    stated = sequence_network(street())
    assert stated.estimated == ()
    flows = [three_phase_flow(one, PhaseLoads.dense(drawn(one, 3, 11))) for one in (network, stated)]
    np.testing.assert_allclose(flows[0].vm_min_pu, flows[1].vm_min_pu, atol=2e-3)


def test_what_is_not_modelled_is_refused_by_name() -> None:
    net = street(trafo__vector_group="Zd5")
    pp.create_gen(net, 4, p_mw=0.01, vm_pu=1.0)
    pp.create_load(net, 5, p_mw=0.01, const_z_p_percent=50)
    with pytest.raises(InputError) as found:
        sequence_network(net)
    assert {fault.place for fault in found.value.faults} >= {"net.gen", "net.load"}
    net.gen, net.load = net.gen.iloc[:0], net.load.iloc[:0]
    with pytest.raises(InputError, match=r"must be one of Dyn, YNyn, Yzn"):
        sequence_network(net)


def test_loads_of_another_net_are_refused() -> None:
    network = sequence_network(street())
    with pytest.raises(InputError, match="must have 24 rows"):
        three_phase_flow(network, PhaseLoads.dense(np.zeros((2, 3, 5), dtype=complex)))
