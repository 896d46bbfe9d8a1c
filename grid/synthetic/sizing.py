"""Standard cables and transformers, chosen by current and voltage drop; pandapower's standard types."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from grid import _pandapower
from grid.arrays import Floats, Ints
from grid.synthetic.routes import FeederTree

LV_KV: Final = 0.4
MV_KV: Final = 20.0
LV_CABLES: Final = ("NAYY 4x50 SE", "NAYY 4x150 SE")
MV_CABLES: Final = ("NA2XS2Y 1x95 RM/25 12/20 kV", "NA2XS2Y 1x150 RM/25 12/20 kV", "NA2XS2Y 1x240 RM/25 12/20 kV")
SUBSTATIONS: Final = ("0.25 MVA 20/0.4 kV", "0.4 MVA 20/0.4 kV", "0.63 MVA 20/0.4 kV")
SUPPLIES: Final = ("25 MVA 110/20 kV", "40 MVA 110/20 kV", "63 MVA 110/20 kV")
LV_DROP: Final = 0.04
"""Voltage drop allowed from a substation to its farthest load [1]; of the 10 % of EN 50160, ours."""
MV_DROP: Final = 0.04
"""Voltage drop allowed along a whole ring fed from one end [1]; ours."""
MV_TARGET_PU: Final = 1.03
"""Voltage at the busbar of the supply at the peak [pu]; ours."""


@dataclass(frozen=True, eq=False)
class SizedCables:
    """Cables of a tree or a ring.

    Args:
        std_type: Standard type of each.
        parallel: How many lie side by side.
    """

    std_type: tuple[str, ...]
    parallel: Ints


def ring_most_mva(reserve_share: float) -> float:
    """What a ring may draw so that one end of its largest cable carries all of it, with half the reserve [MVA]."""
    largest = _pandapower.standard_types("line")[MV_CABLES[-1]]["max_i_ka"]
    return float(np.sqrt(3) * MV_KV * largest / (1 + reserve_share / 2))


def size_tree(tree: FeederTree, p_mw: Floats, q_mvar: Floats, reserve_share: float, drop: float) -> SizedCables:
    """Cables of a low-voltage tree, one for each node, to its parent; that of the root, which has none, is unused.

    Args:
        tree: The tree.
        p_mw: Power drawn at each node, shape (V,) [MW].
        q_mvar: Reactive power, shape (V,) [MVAr].
        reserve_share: How much more current they carry than flows [1].
        drop: Allowed voltage drop to any node [1].
    """
    types = _pandapower.standard_types("line")
    p, q = tree.downstream(p_mw), tree.downstream(q_mvar)
    needed_ka = np.hypot(p, q) / (np.sqrt(3) * LV_KV) * (1 + reserve_share)
    rated = [float(types[name]["max_i_ka"]) for name in LV_CABLES]
    kind = (needed_ka > rated[0]).astype(int)
    parallel = np.maximum(1, np.ceil(needed_ka / rated[-1])).astype(int)
    order = tree.leaves_first()[::-1]
    while True:
        own = _drops(types, kind, parallel, tree.length_km, p, q)
        total = np.zeros_like(own)
        for node in order:
            if tree.parent[node] >= 0:
                total[node] = total[tree.parent[node]] + own[node]
        worst = int(total.argmax())
        if total[worst] <= drop:
            return SizedCables(tuple(LV_CABLES[k] for k in kind), parallel)
        path = [worst]
        while tree.parent[path[-1]] > 0:
            path.append(int(tree.parent[path[-1]]))
        edge = max(path, key=lambda node: own[node])
        if kind[edge] == 0:
            kind[edge] = 1
        else:
            parallel[edge] += 1


def _drops(types: Mapping[str, Any], kind: Ints, parallel: Ints, length_km: Floats, p: Floats, q: Floats) -> Floats:
    """Voltage drop of each cable [1]: (R P + X Q) / U²."""
    r, x = (np.array([float(types[name][key]) for name in LV_CABLES])[kind] for key in ("r_ohm_per_km", "x_ohm_per_km"))
    return np.asarray((r * p + x * q) * length_km / parallel / LV_KV**2)


def size_ring(length_km: Floats, p_mw: Floats, q_mvar: Floats) -> SizedCables:
    """Cable of a whole ring, so that all of it can be fed from either end.

    Args:
        length_km: Length of its cables, the last one back to the supply, shape (M + 1,) [km].
        p_mw: What its substations draw, in order, shape (M,) [MW].
        q_mvar: The same of reactive power [MVAr].
    """
    types = _pandapower.standard_types("line")
    current_ka = np.hypot(p_mw.sum(), q_mvar.sum()) / (np.sqrt(3) * MV_KV)
    parallel = max(1, int(np.ceil(current_ka / types[MV_CABLES[-1]]["max_i_ka"])))
    while True:
        for name in MV_CABLES:
            cable = types[name]
            fed = [_ring_drop(cable, lengths / parallel, p, q) for lengths, p, q in (
                (length_km[:-1], p_mw, q_mvar), (length_km[:0:-1], p_mw[::-1], q_mvar[::-1]))]  # fmt: skip
            if current_ka <= parallel * cable["max_i_ka"] and max(fed) <= MV_DROP:
                n = len(length_km)
                return SizedCables((name,) * n, np.full(n, parallel))
        parallel += 1


def _ring_drop(cable: Mapping[str, Any], length_km: Floats, p_mw: Floats, q_mvar: Floats) -> float:
    """Voltage drop to the end of a row of substations [1]."""
    p, q = (np.cumsum(values[::-1])[::-1] for values in (p_mw, q_mvar))
    return float(((cable["r_ohm_per_km"] * p + cable["x_ohm_per_km"] * q) * length_km).sum() / MV_KV**2)


def substation_transformer(s_mva: float, reserve_share: float) -> tuple[str, int]:
    """The smallest standard transformer of a secondary substation, and how many of the largest where none is enough."""
    types = _pandapower.standard_types("trafo")
    needed = s_mva * (1 + reserve_share)
    for name in SUBSTATIONS:
        if needed <= types[name]["sn_mva"]:
            return name, 1
    return SUBSTATIONS[-1], int(np.ceil(needed / types[SUBSTATIONS[-1]]["sn_mva"]))


def supply_transformers(p_mw: float, q_mvar: float, reserve_share: float) -> tuple[str, int, int]:
    """Transformers of the supply: their type, how many (one more than needed), and their tap at the peak."""
    types = _pandapower.standard_types("trafo")
    s_mva = float(np.hypot(p_mw, q_mvar)) * (1 + reserve_share / 2)
    name = next((each for each in SUPPLIES if s_mva <= types[each]["sn_mva"]), SUPPLIES[-1])
    kind = types[name]
    count = int(np.ceil(s_mva / kind["sn_mva"])) + 1
    r = kind["vkr_percent"] / 100
    x = np.sqrt((kind["vk_percent"] / 100) ** 2 - r**2)
    drop = (r * p_mw + x * q_mvar) / (count * kind["sn_mva"])
    tap = round(((1 - drop) / MV_TARGET_PU - 1) / (kind["tap_step_percent"] / 100))
    return name, count, int(np.clip(tap, kind["tap_min"], kind["tap_max"]))
