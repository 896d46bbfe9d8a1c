"""A part of a problem: some steps of it, with what its devices hold when they begin."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from scipy import sparse

from grid.arrays import Floats, Ints
from grid.flexibility.flexibility import Flexibility, Reservoir
from grid.flexibility.per_slot import of_devices
from optimizer.problem.problem import DispatchProblem
from optimizer.problem.slots import slots_between

BY_DEVICE = (
    *("p_min_mw", "p_max_mw", "p_min_on_mw", "ramp_mw_per_h", "q_max_mvar"),
    *("wear_cost_per_mwh", "value_per_mwh"),
)
"""What a flexibility holds by device or by slot."""


@dataclass(frozen=True, eq=False)
class ProblemPart:
    """Some steps of a problem, as a problem by itself.

    Args:
        first: Its first step in the whole.
        problem: It.
        slots: Slots of the whole that its slots are, by flexibility, shape (K',) each; those that have none in it are
            left out.
        devices: Devices of the whole that its devices are, by flexibility, shape (N',) each.
    """

    first: int
    problem: DispatchProblem
    slots: Mapping[str, Ints]
    devices: Mapping[str, Ints]

    def energy_after(self, n_steps: int, p_mw: Mapping[str, Floats]) -> dict[str, Floats]:
        """What the devices hold after the first `n_steps`, by flexibility, shape (N',) each [MWh]; NaN if not there."""
        found = {}
        for flexibility in self.problem.flexibilities:
            if flexibility.reservoir is not None:
                there = (flexibility.start < n_steps) & (flexibility.stop >= n_steps)
                slot = flexibility.offsets[:-1][there] + n_steps - 1 - flexibility.start[there]
                found[flexibility.name] = np.full(there.size, np.nan)
                found[flexibility.name][there] = flexibility.energy_mwh(p_mw[flexibility.name])[slot]
        return found


def part_of(
    problem: DispatchProblem,
    first: int,
    stop: int,
    devices: Mapping[str, Ints],
    e_begin_mwh: Mapping[str, Floats],
    e_due_mwh: Mapping[str, Floats] | None = None,
) -> ProblemPart:
    """The steps `first` to `stop` - 1 of a problem.

    Args:
        problem: The whole.
        first: First step.
        stop: Step after the last.
        devices: The devices that are part of it, by flexibility; all of them must end by `stop`, or last throughout.
        e_begin_mwh: What each of all devices holds when the first of these steps begins, by flexibility, shape (N,)
            [MWh]; of those that begin later it is not looked at.
        e_due_mwh: What those that last throughout must hold at the end, as far as they can, shape (N,) each; by default
            what is due in the whole.
    """
    at, marginal = slice(first, stop), problem.import_marginal_ci_kg_per_mwh
    cut, slots = [], {}
    for flexibility in problem.flexibilities:
        chosen = devices[flexibility.name]
        if chosen.size:
            begin = np.maximum(flexibility.start[chosen], first)
            end = np.minimum(flexibility.stop[chosen], stop)
            slots[flexibility.name] = slots_between(flexibility, chosen, begin, end)[2]
            e_mwh, due = (None if of is None else of.get(flexibility.name) for of in (e_begin_mwh, e_due_mwh))
            cut.append(_cut(flexibility, chosen, slots[flexibility.name], (first, stop), (e_mwh, due)))
    there = {name: devices[name] for name in slots}
    return ProblemPart(first, replace(
        problem,
        clock=problem.clock.window(first, stop),
        p_fixed_mw=problem.p_fixed_mw[at],
        q_fixed_mvar=problem.q_fixed_mvar[at],
        loads_mva=problem.loads_between(first, stop),
        phases=None if problem.phases is None else problem.phases.part(first, stop, there),
        flexibilities=tuple(cut),
        import_price_per_mwh=problem.import_price_per_mwh[at],
        export_price_per_mwh=problem.export_price_per_mwh[at],
        import_ci_kg_per_mwh=problem.import_ci_kg_per_mwh[at],
        import_marginal_ci_kg_per_mwh=None if marginal is None else marginal[at],
    ), slots, there)  # fmt: skip


def _cut(
    flexibility: Flexibility, device: Ints, slots: Ints, steps: tuple[int, int],
    energies: tuple[Floats | None, Floats | None],
) -> Flexibility:  # fmt: skip
    """Some devices of a flexibility within some steps."""
    first, stop = steps
    own: dict[str, Any] = {
        name: of_devices(getattr(flexibility, name), device, slots)
        for name in BY_DEVICE
        if getattr(flexibility, name) is not None
    }
    begin = np.maximum(flexibility.start[device], first) - first
    whole = replace(
        flexibility,
        clock=flexibility.clock.window(first, stop),
        shares=sparse.csr_array(flexibility.shares[device]),
        start=begin,
        stop=np.minimum(flexibility.stop[device], stop) - first,
        reservoir=None,
        vehicle_class=None if flexibility.vehicle_class is None else flexibility.vehicle_class.select(device),
        p_unmanaged_mw=None if flexibility.p_unmanaged_mw is None else flexibility.p_unmanaged_mw[slots],
        **own,
    )
    if flexibility.reservoir is None:
        return whole
    store = _reservoir(flexibility.reservoir, device, slots)
    begun = flexibility.start[device] < first
    e_mwh, due = energies
    start = store.e_start_mwh if e_mwh is None else np.where(begun, e_mwh[device], store.e_start_mwh)
    start = np.clip(start, store.e_min_mwh, store.e_max_mwh)
    if due is None:
        return replace(whole, reservoir=replace(store, e_start_mwh=start))
    reached = replace(whole, reservoir=replace(store, e_start_mwh=start, e_end_mwh=start, exact_end=False))
    most = reached.highest_mwh(start, 0, stop - first) if reached.lasts_throughout else due[device]
    end = np.where(np.isnan(due[device]), store.e_end_mwh, np.minimum(due[device], most))
    return replace(whole, reservoir=replace(store, e_start_mwh=start, e_end_mwh=end))


def _reservoir(store: Reservoir, device: Ints, slots: Ints) -> Reservoir:
    """What some devices fill and empty in some slots; what only accounts ask for is left out."""
    by_device = ("e_start_mwh", "e_end_mwh", "e_min_mwh", "e_max_mwh", "retention_per_step")
    return replace(
        store,
        **{name: getattr(store, name)[device] for name in by_device},
        eta_charge=of_devices(store.eta_charge, device, slots),
        eta_discharge=of_devices(store.eta_discharge, device, slots),
        owner=np.unique(store.owner[device], return_inverse=True)[1],
        mwh_per_km=None,
        e_before_mwh=None,
        owed_mwh=None,
        drain_mwh=None if store.drain_mwh is None else store.drain_mwh[slots],
        p_segments_mw=None if store.p_segments_mw is None else store.p_segments_mw[device],
    )
