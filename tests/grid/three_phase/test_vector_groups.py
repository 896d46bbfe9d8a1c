"""Vector groups: as pandapower's `runpp_3ph` where it models them, else as OpenDSS; neutral impedances as OpenDSS."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandapower as pp
import pytest

from grid.errors import InputError
from grid.network.network import Complexes
from grid.network.sequence_network import TO_PHASES
from grid.three_phase import PhaseLoads, sequence_network, three_phase_flow

pytestmark = pytest.mark.slow
HV_KV, MV_KV, RATED_MVA = 110.0, 20.0, 40.0
LINE = {"r_ohm_per_km": 0.25, "x_ohm_per_km": 0.35, "c_nf_per_km": 0.0, "r0_ohm_per_km": 0.6, "x0_ohm_per_km": 1.4,
        "c0_nf_per_km": 0.0}  # fmt: skip
CLOCK_OF = {"Dyn": 30, "YNyn": 0, "Yd": 150, "Dd": 0, "Yy": 0, "YNd": 30, "YNy": 0, "Yyn": 0, "Dy": 150}
WYE_MVA = np.array([3.0 + 1.0j, 1.0 + 0.2j, 0.5 + 0.4j])
DELTA_MVA = np.array([4.0 + 1.0j, 1.0 + 0.5j, 0.0])


def substation(group: str, ohm: float = 0.0, *, capacitance: float = 0.0) -> Any:
    """A line of 110 kV, a transformer, and a line of 20 kV with a load at its end."""
    net = pp.create_empty_network(name=group, sn_mva=1.0)
    for kv in (HV_KV, HV_KV, MV_KV, MV_KV):
        pp.create_bus(net, kv)
    pp.create_ext_grid(net, 0, s_sc_max_mva=1e9, rx_max=0.1, x0x_max=1.0, r0x0_max=0.1)
    pp.create_transformer_from_parameters(
        net, 1, 2, sn_mva=RATED_MVA, vn_hv_kv=HV_KV, vn_lv_kv=MV_KV, vk_percent=12.0, vkr_percent=0.5, pfe_kw=0.0,
        i0_percent=0.0, vector_group=group, shift_degree=CLOCK_OF[group], vk0_percent=12.0, vkr0_percent=0.5,
        mag0_percent=1e9, mag0_rx=0.0, si0_hv_partial=0.5, xn_ohm=ohm,
    )  # fmt: skip
    data = {**LINE, "c_nf_per_km": capacitance, "c0_nf_per_km": capacitance}
    for a, b in ((0, 1), (2, 3)):
        pp.create_line_from_parameters(net, a, b, 8.0, max_i_ka=0.5, **data)
    return net


def ours(net: Any, wye: dict[int, Complexes], delta: dict[int, Complexes]) -> np.ndarray:
    """Voltage of each phase at each bus, shape (3, 4) [pu]."""
    network = sequence_network(net)
    drawn = np.zeros((2, 1, 3, 4), dtype=complex)
    for part, given in zip(drawn, (wye, delta), strict=True):
        for bus, power in given.items():
            part[0, :, bus] = power
    flow = three_phase_flow(network, PhaseLoads.dense(*drawn), keep="phasors")
    assert not flow.failed.any()
    return np.abs(TO_PHASES @ flow.phasors()[:, :, 0])[:, network.buses.node]


def by_pandapower(net: Any, wye: dict[int, Complexes], delta: dict[int, Complexes]) -> np.ndarray:
    for kind, given in (("wye", wye), ("delta", delta)):
        for bus, power in given.items():
            parts = {f"p_{phase}_mw": power[k].real for k, phase in enumerate("abc")}
            parts |= {f"q_{phase}_mvar": power[k].imag for k, phase in enumerate("abc")}
            pp.create_asymmetric_load(net, bus, type=kind, **parts)
    net.sn_mva = 0.01
    pp.runpp_3ph(net, max_iteration=100)
    return net.res_bus_3ph[["vm_a_pu", "vm_b_pu", "vm_c_pu"]].to_numpy().T


def by_opendss(net: Any, group: str, ohm: float, wye: dict[int, Complexes], delta: dict[int, Complexes]) -> np.ndarray:
    """OpenDSS with the same lines, its transformer with the star points open, earthed, or earthed by an impedance."""
    dss = pytest.importorskip("opendssdirect")
    hv, lv = ("delta" if group[0] == "D" else "wye", "delta" if group.lower().endswith("d") else "wye")
    star = {"hv": "YN" in group, "lv": group.endswith("n")}
    trafo = net.trafo.iloc[0]
    commands = [
        "Clear", "Set DefaultBaseFrequency=50",
        f"New Circuit.c bus1=b0 basekv={HV_KV} pu=1 MVAsc3=1e9 MVAsc1=1e9",
        *(f"New Line.l{a} bus1=b{a} bus2=b{b} length=8 units=km r1={LINE['r_ohm_per_km']} x1={LINE['x_ohm_per_km']} "
          f"r0={LINE['r0_ohm_per_km']} x0={LINE['x0_ohm_per_km']} c1=0 c0=0" for a, b in ((0, 1), (2, 3))),
        _transformer(trafo, 0 if hv == lv == "wye" else 1e-3),
    ]  # fmt: skip
    for number, (bus, kind, kv, earthed) in enumerate(
        ((1, hv, HV_KV, star["hv"]), (2, lv, MV_KV, star["lv"])), start=1
    ):
        neutral = "" if kind == "delta" else ".1.2.3.0" if earthed and not ohm else ".1.2.3.4"
        commands.append(
            f"~ wdg={number} bus=b{bus}{neutral} conn={kind} kv={kv} kva={1e3 * RATED_MVA}"
            + (f" rneut=0 xneut={ohm}" if earthed and ohm and kind == "wye" else "")
        )
    for kind, given in (("wye", wye), ("delta", delta)):
        for bus, power in given.items():
            kv = HV_KV if bus < 2 else MV_KV
            for k, value in enumerate(power):
                phases = f"{k + 1}" if kind == "wye" else f"{k + 1}.{(k + 1) % 3 + 1}"
                commands.append(
                    f"New Load.{kind}{bus}{k} bus1=b{bus}.{phases} phases=1 conn={kind} model=1 vminpu=0.1 vmaxpu=2 "
                    f"kv={kv / 3**0.5 if kind == 'wye' else kv} kw={1e3 * value.real} kvar={1e3 * value.imag}"
                )
    for command in (*commands, f"Set voltagebases=[{HV_KV} {MV_KV}]", "Calcvoltagebases", "Set maxiterations=200",
                    "Set tolerance=1e-9", "Solve"):  # fmt: skip
        dss.Text.Command(command)
    assert dss.Solution.Converged()
    found = []
    for bus in range(4):
        dss.Circuit.SetActiveBus(f"b{bus}")
        found.append(np.array(dss.Bus.puVmagAngle()[::2])[:3])
    return np.array(found).T


def _transformer(trafo: Any, antifloat: float) -> str:
    reactance = np.sqrt(trafo.vk_percent**2 - trafo.vkr_percent**2)
    return (
        f"New Transformer.t phases=3 windings=2 xhl={reactance} %loadloss={trafo.vkr_percent} %noloadloss=0 %imag=0 "
        f"ppm_antifloat={antifloat}"
    )


@pytest.mark.parametrize("group", ["Yy", "Yd", "Dy", "Dd"])
def test_groups_without_a_zero_sequence_are_those_of_runpp_3ph(group: str) -> None:
    """With loads between phases, which may be unequal; balanced ones between phase and neutral count as such."""
    delta, balanced = {3: DELTA_MVA}, {3: np.full(3, 2.0 + 0.5j)}
    net = substation(group, capacitance=10.0)
    found = ours(net, {}, {3: DELTA_MVA + balanced[3]})
    np.testing.assert_allclose(ours(net, balanced, delta), found, atol=1e-12)
    np.testing.assert_allclose(found, by_pandapower(net, {}, {3: DELTA_MVA + balanced[3]}), atol=1e-7)


@pytest.mark.parametrize(
    ("group", "ohm", "wye"),
    [
        ("YNd", 0.0, {1: WYE_MVA}),
        ("YNd", 60.0, {1: WYE_MVA}),
        ("Dyn", 0.0, {3: WYE_MVA}),
        ("Dyn", 5.0, {3: WYE_MVA}),
        ("YNyn", 0.0, {3: WYE_MVA}),
    ],
)
def test_star_points_that_are_earthed_are_those_of_opendss(group: str, ohm: float, wye: dict[int, Complexes]) -> None:
    net, delta = substation(group, ohm), {3: DELTA_MVA}
    np.testing.assert_allclose(ours(net, wye, delta), by_opendss(net, group, ohm, wye, delta), atol=2e-6)


@pytest.mark.parametrize(("group", "side"), [("YNy", "hv"), ("Yyn", "lv")])
def test_without_a_delta_winding_the_earthing_is_as_good_as_the_magnetising_impedance(group: str, side: str) -> None:
    """Zero-sequence admittance to earth at the terminals against its parts in ohm; OpenDSS has no such core."""
    net = substation(group, 4.0)
    net.trafo["mag0_percent"] = 80.0
    network = sequence_network(net)
    bus, kv = (1, HV_KV) if side == "hv" else (2, MV_KV)
    z = (0.5 + 1j * np.sqrt(144.0 - 0.25)) / 100 * kv**2 / RATED_MVA
    expected = kv**2 / 3 / (0.5 * z + 1j * 0.8 * abs(z) + 3j * 4.0)
    node = network.buses.node[bus]
    to_earth = network.admittance[0].sum(axis=1)[node]  # the lines have no capacitance
    assert abs(to_earth - expected) < 1e-6 * abs(expected)


def test_what_hangs_between_a_phase_and_a_neutral_without_earth_is_refused_by_name() -> None:
    net = substation("Yd")
    net.bus["name"] = ["a", "b", "c", "d"]
    pp.create_asymmetric_load(net, 3, p_a_mw=1.0)
    with pytest.raises(InputError, match=r"must be balanced or between phases.*'d'"):
        sequence_network(net)
    net.asymmetric_load["type"] = "delta"
    sequence_network(net)
    net.bus.loc[[2, 3], "vn_kv"] = 0.4
    net.trafo["vn_lv_kv"] = 0.4
    with pytest.raises(InputError, match="no transformer earths the neutral here, so nothing can be on one phase"):
        sequence_network(net)
