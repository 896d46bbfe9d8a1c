"""Tables of a MATPOWER case as pandapower's: the same admittances, the same powers and voltages that are held.

MATPOWER has one model for lines, transformers and phase shifters: a pi behind an ideal transformer at the first bus
(User's Manual 7.1, section 3.2). Between buses of one rated voltage and without a ratio that is pandapower's line; else
it is a transformer whose charging stands as shunts at its buses, since pandapower's own can only be inductive.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import numpy as np

from grid.arrays import Bools, Floats, Ints

F_HZ: Final = 50.0
UNRATED_MVA: Final = 99_999.0
"""Rated power of a transformer that states none."""
PQ, PV, REF, ISOLATED = 1, 2, 3, 4
"""Types of buses."""
BUS_I, BUS_TYPE, PD, QD, GS, BS = range(6)
VM, VA, BASE_KV, ZONE, VMAX, VMIN = range(7, 13)
GEN_BUS, PG, QG, QMAX, QMIN, VG, MBASE, GEN_STATUS, PMAX, PMIN = range(10)
F_BUS, T_BUS, BR_R, BR_X, BR_B, RATE_A = range(6)
TAP, SHIFT, BR_STATUS = 8, 9, 10

Columns = Mapping[str, Any]


class CaseTables:
    """The tables of a case while they are made.

    Args:
        case: ``baseMVA`` [MVA], ``bus``, ``gen`` and ``branch`` as MATPOWER has them, without faults.
        guessed: Where is told what the case does not say.
    """

    def __init__(self, case: Mapping[str, Any], guessed: list[str]) -> None:
        self.base_mva: float = case["baseMVA"]
        self.bus, self.gen, self.branch = case["bus"], case["gen"], case["branch"]
        self.guessed = guessed
        place = {number: k for k, number in enumerate(self.bus[:, BUS_I])}
        self.gen_at: Ints = np.array([place[number] for number in self.gen[:, GEN_BUS]], dtype=np.int64)
        ends = [[place[number] for number in row] for row in self.branch[:, [F_BUS, T_BUS]]]
        self.ends: Ints = np.array(ends, dtype=np.int64).reshape(-1, 2).T
        self.isolated: Bools = self.bus[:, BUS_TYPE] == ISOLATED
        self.in_service: Bools = (self.branch[:, BR_STATUS] != 0) & ~self.isolated[self.ends].any(axis=0)
        cut = np.count_nonzero((self.branch[:, BR_STATUS] != 0) & ~self.in_service)
        if cut:
            guessed.append(f"{cut} branches at isolated buses (type 4) are out of service, as in MATPOWER.")

    def tables(self) -> dict[str, Columns]:
        """All tables."""
        bus, number = self.bus, self.bus[:, BUS_I].astype(np.int64)
        drawn, fed = (bus[:, PD] > 0) | ((bus[:, PD] == 0) & (bus[:, QD] != 0)), bus[:, PD] < 0
        tables = {
            "bus": {"index": number, "vn_kv": bus[:, BASE_KV], "type": "b", "zone": bus[:, ZONE],
                    "in_service": ~self.isolated, "max_vm_pu": _finite(bus[:, VMAX]),
                    "min_vm_pu": _finite(bus[:, VMIN])},
            "load": {"bus": number[drawn], "p_mw": bus[drawn, PD], "q_mvar": bus[drawn, QD],
                     "controllable": np.zeros(np.count_nonzero(drawn), dtype=bool)},
            **self._generators(number),
            **self._branches(number),
        }  # fmt: skip
        negative = {"bus": number[fed], "p_mw": -bus[fed, PD], "q_mvar": -bus[fed, QD]}
        tables["sgen"] = _below(negative, tables["sgen"])
        shunt = (bus[:, GS] != 0) | (bus[:, BS] != 0)
        stated = {"bus": number[shunt], "p_mw": bus[shunt, GS], "q_mvar": -bus[shunt, BS]}
        tables["shunt"] = _below(stated, self._charging(number))
        return tables

    def held_voltages(self) -> tuple[Ints, Ints]:
        """Rows of generators that hold the voltage at a bus: those at references, and the others.

        As in MATPOWER (``bustypes``), a bus of type 2 or 3 holds its voltage if a generator in service is there, and
        the first bus of type 2 that does is the reference where no other is.
        """
        used = (self.gen[:, GEN_STATUS] > 0) & ~self.isolated[self.gen_at]
        first = {at: row for row, at in reversed([*enumerate(self.gen_at.tolist())]) if used[row]}
        kinds = self.bus[:, BUS_TYPE]
        held = {kind: [row for at, row in sorted(first.items()) if kinds[at] == kind] for kind in (REF, PV)}
        if not held[REF] and held[PV]:
            held[REF], held[PV] = held[PV][:1], held[PV][1:]
            number = f"{self.gen[held[REF][0], GEN_BUS]:.0f}"
            self.guessed.append(
                "The bus of type 3 has no generator in service: the first bus of type 2 that has one, "
                f"{number}, is the reference, as in MATPOWER."
            )
        return np.array(held[REF], dtype=np.int64), np.array(held[PV], dtype=np.int64)

    def _generators(self, number: Ints) -> dict[str, Columns]:
        """Generators by what they hold: references, voltages, or nothing but their powers."""
        gen = self.gen
        slack, holding = self.held_voltages()
        used = gen[:, GEN_STATUS] > 0
        last = {at: k for k, at in enumerate(self.gen_at.tolist()) if used[k]}  # whose voltage MATPOWER takes
        holders = set(self.gen_at[np.concatenate([slack, holding])].tolist())
        other = {at for k, at in enumerate(self.gen_at.tolist()) if used[k] and gen[k, VG] != gen[last[at], VG]}
        if several := len(other & holders):
            self.guessed.append(
                f"Generators at {several} buses state different voltages: that of the last holds, as in MATPOWER."
            )

        def columns(rows: Ints) -> dict[str, Any]:
            limits = {"max_p_mw": PMAX, "min_p_mw": PMIN, "max_q_mvar": QMAX, "min_q_mvar": QMIN}
            return {"bus": number[self.gen_at[rows]], **{name: gen[rows, k] for name, k in limits.items()}}

        def vm_pu(rows: Ints) -> Floats:
            return np.asarray(gen[[last[at] for at in self.gen_at[rows].tolist()], VG])

        others = np.setdiff1d(np.arange(len(gen)), np.concatenate([slack, holding]))
        return {
            "ext_grid": {**columns(slack), "vm_pu": vm_pu(slack), "va_degree": self.bus[self.gen_at[slack], VA]},
            "gen": {**columns(holding), "p_mw": gen[holding, PG], "vm_pu": vm_pu(holding),
                    "sn_mva": gen[holding, MBASE], "controllable": True},
            "sgen": {**columns(others), "p_mw": gen[others, PG], "q_mvar": gen[others, QG],
                     "sn_mva": gen[others, MBASE], "in_service": used[others] & ~self.isolated[self.gen_at[others]],
                     "controllable": np.ones(len(others), dtype=bool)},
        }  # fmt: skip

    def _ratio(self) -> Floats:
        return np.where(self.branch[:, TAP] == 0, 1.0, self.branch[:, TAP])

    def _is_line(self) -> Bools:
        kv = self.bus[self.ends, BASE_KV]
        return np.asarray((kv[0] == kv[1]) & (self._ratio() == 1) & (self.branch[:, SHIFT] == 0))

    def _is_impedance(self) -> Bools:
        """Branches with capacitance between buses of different rated voltage, such as lines of two nominal voltages."""
        joins = (self._ratio() == 1) & (self.branch[:, SHIFT] == 0) & (self.branch[:, BR_B] > 0)
        return np.asarray(~self._is_line() & joins)

    def _branches(self, number: Ints) -> dict[str, Columns]:
        """Lines, transformers, and branches that are neither."""
        branch, kv = self.branch, self.bus[self.ends, BASE_KV]
        line, other = self._is_line(), self._is_impedance()
        trafo = ~line & ~other
        rate = np.where(np.isfinite(branch[:, RATE_A]), branch[:, RATE_A], 0.0)
        ohm = kv[1] ** 2 / self.base_mva
        unrated, unlimited = int(np.count_nonzero(trafo & (rate == 0))), int(np.count_nonzero(other & (rate > 0)))
        if unrated:
            self.guessed.append(
                f"{unrated} transformers state no rating: {UNRATED_MVA:,.0f} MVA is assumed, on which their loading "
                "alone depends."
            )
        if unlimited:
            self.guessed.append(
                f"{unlimited} branches with capacitance between buses of different rated voltages are impedances, "
                "whose rating is not followed."
            )
        return {
            "line": {
                "from_bus": number[self.ends[0, line]], "to_bus": number[self.ends[1, line]],
                "length_km": np.ones(np.count_nonzero(line)),
                "r_ohm_per_km": branch[line, BR_R] * ohm[line], "x_ohm_per_km": branch[line, BR_X] * ohm[line],
                "c_nf_per_km": branch[line, BR_B] / ohm[line] / (2 * np.pi * F_HZ) * 1e9,
                "max_i_ka": rate[line] / kv[1, line] / np.sqrt(3), "type": "ol", "max_loading_percent": 100,
                "in_service": self.in_service[line],
            },
            "trafo": self._transformers(trafo, number, np.where(rate == 0, UNRATED_MVA, rate)),
            "impedance": {
                "from_bus": number[self.ends[0, other]], "to_bus": number[self.ends[1, other]],
                "rft_pu": branch[other, BR_R], "xft_pu": branch[other, BR_X],
                "bf_pu": branch[other, BR_B] / 2, "sn_mva": np.full(np.count_nonzero(other), self.base_mva),
                "in_service": self.in_service[other],
            },
        }  # fmt: skip

    def _transformers(self, rows: Bools, number: Ints, sn_mva: Floats) -> Columns:
        """Branches with a ratio: the tap is at their first bus, which may be that of the lower voltage."""
        branch, sn_mva, ratio = self.branch[rows], sn_mva[rows], self._ratio()[rows]
        kv, bus = self.bus[self.ends[:, rows], BASE_KV], number[self.ends[:, rows]]
        turned = kv[0] < kv[1]
        z = branch[:, BR_R] + 1j * branch[:, BR_X]
        return {
            "hv_bus": np.where(turned, bus[1], bus[0]), "lv_bus": np.where(turned, bus[0], bus[1]),
            "vn_hv_kv": np.where(turned, kv[1], kv[0]), "vn_lv_kv": np.where(turned, kv[0], kv[1]),
            "sn_mva": sn_mva, "vkr_percent": 100 * z.real * sn_mva / self.base_mva,
            "vk_percent": 100 * np.copysign(np.abs(z), z.imag) * sn_mva / self.base_mva,
            "pfe_kw": np.zeros(len(z)), "i0_percent": np.zeros(len(z)),
            "shift_degree": np.where(turned, -branch[:, SHIFT], branch[:, SHIFT]),
            "tap_side": np.where(turned, "lv", "hv"), "tap_neutral": np.zeros(len(z)), "tap_pos": np.sign(ratio - 1),
            "tap_step_percent": 100 * np.abs(ratio - 1),
            "tap_changer_type": ["Ratio" if each != 1 else None for each in ratio],
            "max_loading_percent": np.full(len(z), 100.0), "in_service": self.in_service[rows],
        }  # fmt: skip

    def _charging(self, number: Ints) -> Columns:
        """Shunts at both buses of transformers whose pi has a susceptance."""
        rows = ~self._is_line() & ~self._is_impedance() & (self.branch[:, BR_B] != 0)
        if rows.any():
            self.guessed.append(
                f"The charging of {np.count_nonzero(rows)} transformers stands as shunts at their buses."
            )
        q_mvar = -self.branch[rows, BR_B] / 2 * self.base_mva
        at = number[self.ends[:, rows]]
        return {
            "bus": np.concatenate([at[0], at[1]]), "p_mw": np.zeros(at.size),
            "q_mvar": np.concatenate([q_mvar / self._ratio()[rows] ** 2, q_mvar]),
            "in_service": np.tile(self.in_service[rows], 2),
        }  # fmt: skip


def _finite(values: Floats) -> Floats:
    """Limits, NaN where the case has none."""
    return np.where(np.isfinite(values) & (values > 0), values, np.nan)


def _below(first: Columns, second: Columns) -> Columns:
    """Two tables below each other; what the first does not state is NaN, in service and not controllable."""
    n = len(first["bus"])
    absent: Mapping[str, Any] = {"in_service": True, "controllable": False}
    return {
        name: np.concatenate([first[name] if name in first else np.full(n, absent.get(name, np.nan)), values])
        for name, values in second.items()
    }
