"""What the zero and the negative sequence need beyond a balanced net, and estimates where the net does not say."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from grid.errors import Fault, InputError, nearest

OF_PANDAPOWER = ("Dyn", "YNyn", "Yzn", "Yy", "Yd", "Dy", "Dd")
"""Vector groups that pandapower's three-phase power flow models; the last four pass no zero sequence."""
EARTHED_HERE: Mapping[str, str] = {"YNd": "hv", "YNy": "hv", "Yyn": "lv"}
"""Vector groups that are modelled here, and the side whose star point is earthed."""
SOLVED_GROUPS = (*OF_PANDAPOWER, *EARTHED_HERE)
WITHOUT_ZERO_SEQUENCE = "Dd"
"""What pandapower is told of the groups that it does not model."""
OWN_GROUP = "vector_group_stated"
"""Column of transformers with the vector group that they have."""
NEUTRAL_FACTOR = 3.0
"""In a three-phase power flow pandapower takes only a third of the impedance between star point and earth, since it
counts it per unit of the power of all phases, and all else per unit of that of one."""
ASSUMED_GROUP = "Dyn"
"""Of transformers whose vector group is not known: the usual one of distribution transformers (EN 50588-1)."""
R0_PER_R1 = X0_PER_X1 = 4.0
"""Zero-sequence over positive-sequence impedance of lines that do not state it: four-core cables whose neutral carries
the whole return current, so that its impedance counts three times beside the phase's own. Ours: real cables have
X0/X1 of 3 to 4, since part of the current returns through the ground."""
C0_PER_C1 = 1.0
"""Zero-sequence over positive-sequence capacitance of lines that do not state it: cables with a screen around each
phase. Ours; of no consequence in low voltage."""
SOURCE: Mapping[str, float] = {"s_sc_max_mva": 1000.0, "rx_max": 0.1, "x0x_max": 1.0, "r0x0_max": 0.1}
"""Short-circuit data of external grids that do not state them: pandapower's own substitutes."""
TRANSFORMER: Mapping[str, float] = {"mag0_percent": 100.0, "mag0_rx": 0.0, "si0_hv_partial": 0.9}
"""Zero-sequence magnetising of transformers that do not state it: pandapower's own suggestion."""


def complete_zero_sequence(net: Any) -> tuple[str, ...]:
    """Adds to a net what its zero and negative sequences lack, from its standard types first, then by estimates.

    Args:
        net: The pandapower net; it is changed.

    Returns:
        What is estimated, one sentence each.

    Raises:
        InputError: If a transformer has a vector group that is not modelled, or there are three-winding transformers.
    """
    from pandapower.std_types import add_zero_impedance_parameters  # noqa: PLC0415  slow to import

    stated = {table: net[table].copy() for table in ("line", "trafo")}
    add_zero_impedance_parameters(net)
    for table, frame in stated.items():  # a standard type says nothing against what the net states itself
        for column in set(frame) & set(net[table]):
            net[table][column] = frame[column].where(frame[column].notna(), net[table][column])
    return tuple(note for note in (_lines(net), *_transformers(net), _source(net)) if note)


def _filled(frame: Any, column: str, values: Any) -> int:
    """Fills what is missing in a column; how many rows."""
    known = frame[column].astype(float) if column in frame else np.nan
    frame[column] = known
    missing = frame[column].isna().to_numpy()
    if missing.any():
        frame.loc[missing, column] = np.broadcast_to(np.asarray(values, dtype=float), missing.shape)[missing]
    return int(missing.sum())


def _lines(net: Any) -> str:
    line = net.line
    counts = [
        _filled(line, "r0_ohm_per_km", R0_PER_R1 * line.r_ohm_per_km),
        _filled(line, "x0_ohm_per_km", X0_PER_X1 * line.x_ohm_per_km),
        _filled(line, "c0_nf_per_km", C0_PER_C1 * line.c_nf_per_km),
    ]
    if not max(counts):
        return ""
    return (
        f"Zero-sequence data of {max(counts)} of {len(line)} lines are estimated: R0/R1 = {R0_PER_R1:g}, X0/X1 = "
        f"{X0_PER_X1:g}, C0/C1 = {C0_PER_C1:g}."
    )


def _transformers(net: Any) -> Iterator[str]:
    if len(net.trafo3w):
        raise InputError.single("net.trafo3w", "three-winding transformers are not solved in three phases")
    trafo = net.trafo
    if not len(trafo):
        return
    groups = trafo["vector_group"] if "vector_group" in trafo else trafo["name"].map(lambda _name: None)
    named = [re.sub(r"\d+$", "", group.strip()) if isinstance(group, str) else "" for group in groups]
    known = {group.lower(): group for group in SOLVED_GROUPS}
    faults = [
        Fault(f"net.trafo #{index}, vector_group", f"must be one of {', '.join(SOLVED_GROUPS)}", group,
              nearest(group, SOLVED_GROUPS))
        for index, group in zip(trafo.index, named, strict=True) if group and group.lower() not in known
    ]  # fmt: skip
    if faults:
        raise InputError(faults)
    groups = [known.get(group.lower(), ASSUMED_GROUP) for group in named]
    trafo[OWN_GROUP] = groups
    trafo["vector_group"] = [WITHOUT_ZERO_SEQUENCE if group in EARTHED_HERE else group for group in groups]
    for column in {"xn_ohm", "rn_ohm"} & {*trafo}:
        trafo[column] = NEUTRAL_FACTOR * trafo[column].fillna(0.0)
    unknown = sum(not group for group in named)
    if unknown:
        yield f"The vector group of {unknown} of {len(trafo)} transformers is not stated: {ASSUMED_GROUP} is assumed."
    counts = [_filled(trafo, "vk0_percent", trafo.vk_percent), _filled(trafo, "vkr0_percent", trafo.vkr_percent)]
    counts += [_filled(trafo, column, value) for column, value in TRANSFORMER.items()]
    if max(counts):
        yield (
            f"Zero-sequence data of {max(counts)} of {len(trafo)} transformers are estimated: the impedance is that of "
            "the positive sequence."
        )


def _source(net: Any) -> str:
    counts = [_filled(net.ext_grid, column, value) for column, value in SOURCE.items()]
    if not max(counts):
        return ""
    return (
        f"The short-circuit power of {max(counts)} external grids is not stated: {SOURCE['s_sc_max_mva']:g} MVA is "
        "assumed, which decides how much of the unbalance the grid above takes."
    )
