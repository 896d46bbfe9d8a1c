"""What one window hands on to the next: stored energies, powers, peaks and emissions so far."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from itertools import pairwise

import numpy as np

from grid.arrays import Floats, Ints
from grid.flexibility.flexibility import Flexibility
from optimizer.problem.problem import DispatchProblem
from optimizer.window.programme import Window
from optimizer.window.state import WindowSchedule


@dataclass(frozen=True, eq=False)
class HorizonState:
    """Where a dispatch stands when all steps before `step` are decided; nothing of it is ever written to.

    Args:
        step: First step that is not decided.
        e_now_mwh: Energy of every device with a reservoir, by flexibility, shape (N,) each [MWh].
        p_before_mw: Power of every device that lasts throughout in the step before, by flexibility, shape (N,) each
            [MW]; empty at the start.
        peak_mw: Highest import so far by month, a ``datetime64[M]`` [MW].
        emitted_kg: Carbon of imports and own generation so far, and all of generation that is given [kg].
        ahead: What the last window saw ahead; None at the start.
    """

    step: int
    e_now_mwh: Mapping[str, Floats]
    p_before_mw: Mapping[str, Floats] = field(default_factory=dict)
    peak_mw: Mapping[np.datetime64, float] = field(default_factory=dict)
    emitted_kg: float = 0.0
    ahead: WindowSchedule | None = None

    @classmethod
    def at_start(cls, problem: DispatchProblem, given_kg: float = 0.0) -> HorizonState:
        """The state before the first step of a problem beside generation that is given and emits so much [kg]."""
        energies = {f.name: f.reservoir.e_start_mwh for f in problem.flexibilities if f.reservoir is not None}
        return cls(0, energies, emitted_kg=given_kg)

    def after(self, problem: DispatchProblem, window: Window, schedule: WindowSchedule, stop: int) -> HorizonState:
        """The state when a schedule of a window was followed up to step `stop`, by what devices do in truth.

        Peaks, emissions and `ahead` stay as they are.
        """
        energy, before = dict(self.e_now_mwh), dict(self.p_before_mw)
        for flexibility in problem.flexibilities:
            slot, power = schedule.p_mw[flexibility.name]
            step = window.first + window.step_of_slot[flexibility.name]
            if flexibility.lasts_throughout:
                before[flexibility.name] = power[step == stop - 1]
            if flexibility.reservoir is not None:
                mine = step < stop
                device = window.device_of_slot[flexibility.name][mine]
                energy[flexibility.name] = _energy_after(
                    flexibility, energy[flexibility.name], slot[mine], device, power[mine], step[mine]
                )
        return replace(self, step=stop, e_now_mwh=energy, p_before_mw=before)


def _energy_after(
    flexibility: Flexibility, energy: Floats, slot: Ints, device: Ints, power: Floats, step: Ints
) -> Floats:
    """Energy of each device after some slots, shape (N,) [MWh], step after step where standing loses some."""
    store = flexibility.reservoir
    energy = energy.copy()
    if store is None or not slot.size:
        return energy
    gain = flexibility.gain_at(power, slot, device) - flexibility.drained_mwh(slot)
    if (store.retention_per_step == 1.0).all():
        np.add.at(energy, device, gain)
        return energy
    order = np.argsort(step, kind="stable")
    edges = np.searchsorted(step[order], np.arange(step.min(), step.max() + 2))
    for low, high in pairwise(edges):
        at = device[order[low:high]]
        energy[at] = store.retention_per_step[at] * energy[at] + gain[order[low:high]]
    return energy
