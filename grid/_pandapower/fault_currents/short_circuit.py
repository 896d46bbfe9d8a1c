"""Short-circuit currents by IEC 60909, as pandapower computes them, with what a net does not state taken as assumed."""

from __future__ import annotations

import copy
import warnings
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from grid._pandapower.tables import unique
from grid.arrays import Floats
from grid.errors import Fault, InputError, raise_if_any
from grid.network.fault_levels import FaultSource, FaultStrength
from grid.network.network import Network
from grid.units import LOW_VOLTAGE_KV

RX_OF_GRID = 0.1
"""Resistance over reactance of a grid above 35 kV where it is not known (IEC 60909-0, 6.2) [1]."""
END_DEGC = {"ol": 80.0, "cs": 160.0}
"""Temperature of overhead lines and of cables at the end of a fault, for the least current [°C] (unverified; 160 is the
limit of PVC, XLPE stands 250)."""
SUBTRANSIENT_PU, COS_PHI = 0.16, 0.8
"""Subtransient reactance [pu] and rated power factor of generators of which nothing is known (unverified)."""
RX_OF_MACHINE = {True: 0.15, False: 0.07}
"""Resistance over subtransient reactance of generators, up to 1 kV and above (IEC 60909-0, 6.6.1) [1]."""


def fault_levels(
    network: Network, strength: FaultStrength, sources: Sequence[FaultSource] = (), *, inverter_k: float = 1.2
) -> tuple[Floats, Floats, tuple[str, ...]]:
    """Initial symmetrical short-circuit currents of three-phase faults at every bus.

    Args:
        network: The network; its own static generators count as converters.
        strength: Short-circuit power of the grid above, where the net does not state it.
        sources: What else feeds a fault.
        inverter_k: Short-circuit over rated current of converters [1] (unverified default).

    Returns:
        Greatest and least current at each bus, shape (B,) each [kA], NaN where de-energised; and the assumptions made.

    Raises:
        InputError: If the net lacks what is needed, by name, or pandapower refuses it.
    """
    net = copy.deepcopy(network.net)
    assumed = list(_complete(net, strength, inverter_k))
    _add(net, sources, inverter_k)
    live = network.buses.node >= 0
    greatest, least = (np.where(live, _ikss_ka(net, case), np.nan) for case in ("max", "min"))
    return greatest, least, tuple(dict.fromkeys(assumed))


def _ikss_ka(net: Any, case: str) -> Floats:
    from pandapower.shortcircuit import calc_sc  # noqa: PLC0415  slow to import

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", FutureWarning)  # pandapower's use of pandas
            calc_sc(net, case=case, fault="3ph", branch_results=False)
    except Exception as error:
        raise InputError.single(
            "network", f"pandapower's short-circuit calculation refuses the net: {error}"
        ) from error
    return np.asarray(net.res_bus_sc.ikss_ka.reindex(net.bus.index).to_numpy(dtype=float))


def _complete(net: Any, strength: FaultStrength, inverter_k: float) -> Iterator[str]:
    """Fills in what the net does not state, and says what was assumed.

    Raises:
        InputError: With what can not be assumed, by name.
    """
    raise_if_any(list(_faults(net, strength)), "the net")
    for column, value, words in (
        ("s_sc_max_mva", strength.s_max_mva, "short-circuit power of the grid above at most [MVA]"),
        ("s_sc_min_mva", strength.s_min_mva, "and at least [MVA]"),
        ("rx_max", RX_OF_GRID, "resistance over reactance of the grid above (IEC 60909-0, 6.2)"),
        ("rx_min", RX_OF_GRID, "resistance over reactance of the grid above (IEC 60909-0, 6.2)"),
    ):
        if _fill(net.ext_grid, column, value):
            yield f"{words}: {value:g}"
    for kind, degc in END_DEGC.items():
        at = net.line.index[net.line["type"] == kind] if "type" in net.line else net.line.index
        if _fill(net.line, "endtemp_degree", degc, at):
            words = "overhead lines" if kind == "ol" else "cables"
            yield f"temperature of {words} at the end of a fault, for the least current: {degc:g} °C (unverified)"
    _fill(net.line, "endtemp_degree", END_DEGC["cs"])
    if len(net.sgen):
        net.sgen["current_source"], net.sgen["k"] = True, inverter_k
        missing = net.sgen.sn_mva.isna()
        net.sgen.loc[missing, "sn_mva"] = net.sgen.p_mw.abs()[missing]
        yield f"the net's own generators are converters that feed {inverter_k:g} times their rated current (unverified)"
        if missing.any():
            yield f"rated power of {int(missing.sum())} of the net's own generators: their active power"


def _faults(net: Any, strength: FaultStrength) -> Iterator[Fault]:
    """What the net lacks and nobody can assume."""
    grid = net.ext_grid[net.ext_grid.in_service.astype(bool)]
    for column, given, option in (
        ("s_sc_max_mva", strength.s_max_mva, "--s-sc-max"),
        ("s_sc_min_mva", strength.s_min_mva, "--s-sc-min"),
    ):
        lacking = grid.index if column not in grid else grid.index[grid[column].isna()]
        if given is None:
            for name in unique(grid.loc[lacking], "ext_grid"):
                yield Fault(f"ext_grid {name!r}, {column}", f"is not in the net: state it with {option}")
    for table, columns in (("gen", ("xdss_pu", "sn_mva", "vn_kv", "cos_phi")), ("motor", ("lrc_pu", "rx"))):
        used = net[table][net[table].in_service.astype(bool)]
        for column in columns:
            if len(used) and (column not in used or used[column].isna().any()):
                yield Fault(f"{table}, {column}", "is not in the net, and generators and motors feed a fault")


def _fill(frame: Any, column: str, value: float | None, at: Any = None) -> bool:
    """Fills in a column where it is missing; whether anything was."""
    if column not in frame:
        frame[column] = np.nan
    rows = frame.index if at is None else at
    missing = frame.loc[rows, column].isna()
    frame.loc[missing.index[missing], column] = value
    return bool(missing.any())


def _add(net: Any, sources: Sequence[FaultSource], inverter_k: float) -> None:
    """Adds what else feeds a fault."""
    import pandapower  # noqa: PLC0415  slow to import

    for source in sources:
        bus = int(net.bus.index[source.bus])
        vn_kv = float(net.bus.vn_kv.loc[bus])
        if source.rotating:
            ratio = RX_OF_MACHINE[vn_kv <= LOW_VOLTAGE_KV]
            rdss_ohm = ratio * SUBTRANSIENT_PU * vn_kv**2 / source.s_rated_mva
            pandapower.create_gen(
                net, bus, p_mw=0.0, sn_mva=source.s_rated_mva, vn_kv=vn_kv, xdss_pu=SUBTRANSIENT_PU,
                rdss_ohm=rdss_ohm, cos_phi=COS_PHI, name=source.name,
            )  # fmt: skip
        else:
            pandapower.create_sgen(
                net, bus, p_mw=0.0, sn_mva=source.s_rated_mva, k=inverter_k, current_source=True, name=source.name
            )
    if "current_source" in net.sgen:
        net.sgen["current_source"] = net.sgen.current_source.astype(bool)
