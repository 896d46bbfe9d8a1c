"""What is known of the lines and transformers of a net as pieces of equipment."""

from __future__ import annotations

from typing import Any

import numpy as np

from grid._pandapower.tables import numbers, unique
from grid.network.network import Network
from grid.units import KW_PER_MW


def transformer_table(network: Network) -> dict[str, dict[str, Any]]:
    """Two-winding transformers in service by name of the branch: ``sn_mva`` of one, ``parallel``, ``loss_ratio``.

    The loss ratio is that of load losses at rated current to no-load losses; None where the net states no losses.
    """
    frame = network.net.trafo
    rows = _rows_in_service(frame, network, "trafo")
    sn_mva = numbers(frame, "sn_mva", np.nan)
    load_loss_kw = numbers(frame, "vkr_percent", 0.0) / 100 * sn_mva * KW_PER_MW
    no_load_kw = numbers(frame, "pfe_kw", 0.0)
    parallel = numbers(frame, "parallel", 1.0)
    return {
        name: {
            "sn_mva": float(sn_mva[row]),
            "parallel": int(parallel[row]),
            "loss_ratio": float(load_loss_kw[row] / no_load_kw[row])
            if no_load_kw[row] > 0 and load_loss_kw[row] > 0
            else None,
        }
        for name, row in rows.items()
    }


def line_table(network: Network) -> dict[str, dict[str, Any]]:
    """Lines in service by name of the branch: ``length_km``, ``std_type`` (or None), ``buried`` (None if not said)."""
    frame = network.net.line
    rows = _rows_in_service(frame, network, "line")
    length_km = numbers(frame, "length_km", np.nan)
    types = frame["type"].tolist() if "type" in frame else [None] * len(frame)
    standard = frame["std_type"].tolist() if "std_type" in frame else [None] * len(frame)
    buried: dict[Any, bool] = {"cs": True, "ol": False, "ohl": False}
    return {
        name: {
            "length_km": float(length_km[row]),
            "std_type": standard[row] if isinstance(standard[row], str) else None,
            "buried": buried.get(types[row]),
        }
        for name, row in rows.items()
    }


def tap_table(network: Network) -> dict[str, tuple[int, dict[int, float]]]:
    """Two-winding transformers whose tap changer is on the high-voltage side, by name of the branch.

    Returns:
        The position of each, and the voltage ratio at every position over that at the neutral one.
    """
    frame = network.net.trafo
    found: dict[str, tuple[int, dict[int, float]]] = {}
    for name, row in _rows_in_service(frame, network, "trafo").items():
        values = [numbers(frame, f"tap_{key}", np.nan)[row] for key in ("min", "max", "pos", "neutral", "step_percent")]
        angle = numbers(frame, "tap_step_degree", 0.0)[row]
        if frame.tap_side.iloc[row] != "hv" or not np.isfinite(values).all() or angle != 0 or values[4] == 0:
            continue
        least, most, position, neutral, percent = values
        ratios = {tap: 1 + (tap - neutral) * percent / 100 for tap in range(int(least), int(most) + 1)}
        if int(position) in ratios:
            found[name] = (int(position), ratios)
    return found


def cable_types() -> dict[str, dict[str, float]]:
    """Pandapower's standard types of lines by name: ohm/km, nF/km, and the rated current [kA]."""
    import pandapower  # noqa: PLC0415  slow to import

    types = pandapower.create_empty_network().std_types["line"]
    columns = ("r_ohm_per_km", "x_ohm_per_km", "c_nf_per_km", "max_i_ka")
    return {name: {column: float(given[column]) for column in columns} for name, given in types.items()}


def _rows_in_service(frame: Any, network: Network, kind: str) -> dict[str, int]:
    """Row of the net's table for each branch of a kind that is in service, by the branch's name."""
    row_of = {name: row for row, name in enumerate(unique(frame, kind))}
    names = (network.branches.names[k] for k in network.branches.of_kind(kind).tolist())
    return {name: row_of[name if name in row_of else name.removeprefix(f"{kind} ")] for name in names}
