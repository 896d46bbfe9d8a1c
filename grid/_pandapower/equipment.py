"""What is known of the lines and transformers of a net as pieces of equipment."""

from __future__ import annotations

from typing import Any

import numpy as np

from grid._pandapower.tables import numbers, unique
from grid.network.network import Network

KW_PER_MW = 1000.0


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


def _rows_in_service(frame: Any, network: Network, kind: str) -> dict[str, int]:
    """Row of the net's table for each branch of a kind that is in service, by the branch's name."""
    row_of = {name: row for row, name in enumerate(unique(frame, kind))}
    names = (network.branches.names[k] for k in network.branches.of_kind(kind).tolist())
    return {name: row_of[name if name in row_of else name.removeprefix(f"{kind} ")] for name in names}
