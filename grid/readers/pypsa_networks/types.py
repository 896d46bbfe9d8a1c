"""Standard types of lines and transformers in networks of PyPSA, and what an element of a type has.

PyPSA works out the impedances of an element of a type when it solves a network, so a file of one that was never solved
holds zeros in their place, or what its author wrote; the type holds. Formulae: PyPSA, *Power flow*, sections on line
types and transformer types.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np

from grid import _pandapower
from grid.arrays import Bools, Floats
from grid.errors import Fault, nearest
from grid.readers.pypsa_networks.file import PypsaFile
from grid.readers.pypsa_networks.standard_types import OF_PYPSA
from grid.readers.records import FileRecords

LINE: Final = {"r_per_length": "r_ohm_per_km", "x_per_length": "x_ohm_per_km", "c_per_length": "c_nf_per_km",
               "i_nom": "max_i_ka", "f_nom": "f_hz"}  # fmt: skip
"""Quantities of a line type, as PyPSA and as pandapower call them; their units are the same."""
TRANSFORMER: Final = {"s_nom": "sn_mva", "vsc": "vk_percent", "vscr": "vkr_percent", "pfe": "pfe_kw",
                      "i0": "i0_percent", "phase_shift": "shift_degree", "tap_neutral": "tap_neutral",
                      "tap_step": "tap_step_percent", "tap_side": "tap_side"}  # fmt: skip
"""Quantities of a transformer type, as PyPSA and as pandapower call them."""


class PypsaTypes:
    """The types that a file defines, PyPSA's own, and pandapower's, from which PyPSA took most of them."""

    def __init__(self, file: PypsaFile, faults: list[Fault]) -> None:
        self._own = {
            "line": _own(file, "line_types", tuple(LINE), faults),
            "trafo": _own(file, "transformer_types", tuple(TRANSFORMER), faults),
        }

    def lines(self, lines: FileRecords, needed: Bools, f_hz: float) -> dict[str, Floats]:
        """Parameters per kilometre of lines by their type, in pandapower's columns; zeros without one.

        Args:
            lines: The lines, R of them.
            needed: Those of a type or without an impedance of their own, shape (R,): a fault if their type is unknown.
            f_hz: Frequency at which capacitances are to give the susceptance that they have at that of the type [Hz].

        Returns:
            Resistance and reactance [ohm/km], capacitance [nF/km] and rated current [kA] of all systems in parallel,
            shape (R,) each.
        """
        found = self._of(lines, "line", needed)
        parallel = lines.number("num_parallel", 1.0, above=0)
        power = {"r_ohm_per_km": -1, "x_ohm_per_km": -1, "c_nf_per_km": 1, "max_i_ka": 1}
        per_km = {column: _column(found, column, 0.0) * parallel**exponent for column, exponent in power.items()}
        of_type = _column(found, "f_hz", f_hz)
        return per_km | {"c_nf_per_km": per_km["c_nf_per_km"] * np.where(of_type > 0, of_type, f_hz) / f_hz}

    def transformers(self, made: FileRecords, needed: Bools) -> dict[str, Floats]:
        """What PyPSA works out for transformers of a type, in its own columns, shape (R,) each.

        Args:
            made: The transformers, R of them.
            needed: Those of a type or without an impedance of their own, shape (R,): a fault if their type is unknown.

        Returns:
            Rating [MVA], r, x, g and b [pu of the rating], ratio, side of the tap changer (0: bus 0) and phase shift
            [degree].
        """
        found = self._of(made, "trafo", needed)
        parallel = made.number("num_parallel", 1.0, above=0)
        s_nom = _column(found, "sn_mva", 1.0)
        r, g = _column(found, "vkr_percent", 0.0) / 100, _column(found, "pfe_kw", 0.0) / (1e3 * s_nom)
        x = np.sqrt(np.maximum((_column(found, "vk_percent", 0.0) / 100) ** 2 - r**2, 0.0))
        b = -np.sqrt(np.maximum((_column(found, "i0_percent", 0.0) / 100) ** 2 - g**2, 0.0))
        steps = made.number("tap_position", 0.0) - _column(found, "tap_neutral", 0.0)
        sides = np.array([float(kind.get("tap_side") in {"lv", 1}) for kind in found], dtype=float)
        return {
            "s_nom": s_nom, "r": r / parallel, "x": x / parallel, "g": g * parallel, "b": b * parallel,
            "tap_ratio": 1.0 + steps * _column(found, "tap_step_percent", 0.0) / 100, "tap_side": sides,
            "phase_shift": _column(found, "shift_degree", 0.0),
        }  # fmt: skip

    def _of(self, records: FileRecords, table: str, needed: Bools) -> list[Mapping[str, Any]]:
        """The type of each record in pandapower's columns; empty without one, a fault where it is needed."""
        shipped = _pandapower.standard_types(table)
        pypsas = {name: {**shipped.get(name, {}), **kind} for name, kind in OF_PYPSA[table].items()}
        types: dict[str, Mapping[str, Any]] = {**shipped, **pypsas, **self._own[table]}
        names = records.text("type")
        for k in np.flatnonzero(needed):
            name = names[k]
            if not name:
                records.fault(int(k), "type", "is missing where r and x are both 0")
            elif name not in types:
                rule = "must be a type of the file or a standard type of PyPSA"
                records.fault(int(k), "type", rule, name, nearest(name, list(types)))
        return [types.get(name, {}) for name in names]


def _own(file: PypsaFile, component: str, quantities: Sequence[str], faults: list[Fault]) -> dict[str, dict[str, Any]]:
    """The types that a file defines, by name, in pandapower's columns."""
    rows = file.records.get(component, ())
    records = FileRecords(component, rows, [str(row.get("name")) for row in rows], faults)
    names = {**LINE, **TRANSFORMER}
    columns = {names[quantity]: records.number(quantity, 1.0 if quantity == "s_nom" else 0.0)
               for quantity in quantities}  # fmt: skip
    return {str(row.get("name")): {column: values[k] for column, values in columns.items()}
            for k, row in enumerate(rows)}  # fmt: skip


def _column(types: Sequence[Mapping[str, Any]], column: str, default: float) -> Floats:
    values = np.array([kind.get(column, default) for kind in types], dtype=float)
    return np.where(np.isnan(values), default, values)
