"""When an electrolyser that nobody manages runs, so that its tank never fails the pumps."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from grid.arrays import Floats
from grid.errors import Fault

KNEE = 0.5
"""Load at which the electrolyser's efficiency changes [1]."""
NEGLIGIBLE_MWH = 1e-9


@dataclass(frozen=True)
class Electrolyser:
    """An electrolyser with compressor; energies by the lower heating value of hydrogen.

    Args:
        p_rated_mw: Rated power [MW].
        efficiency: Hydrogen stored per electricity at full load [1].
        part_load_gain: By what share it makes more of its electricity up to half load [1], and less of the rest, so
            that full load has `efficiency`.
        minimum_load: Least load at which it runs, as a share of rated [1].
    """

    p_rated_mw: float
    efficiency: float
    part_load_gain: float
    minimum_load: float

    @property
    def segments(self) -> tuple[tuple[float, float], ...]:
        """Part-load efficiency as segments: share of the power, efficiency relative to full load [1]."""
        gain = self.part_load_gain
        return ((KNEE, 1 + gain), (1 - KNEE, 1 - gain)) if gain else ((1.0, 1.0),)

    def output_mwh(self, p_mw: Floats, step_hours: float) -> Floats:
        """Hydrogen that a step at `p_mw` stores, same shape [MWh]."""
        knee_mw, gain = KNEE * self.p_rated_mw, self.part_load_gain
        worth = np.minimum(p_mw, knee_mw) * (1 + gain) + np.maximum(p_mw - knee_mw, 0.0) * (1 - gain)
        return np.asarray(step_hours * self.efficiency * worth)

    def power_mw(self, output_mwh: float, step_hours: float) -> float:
        """Power at which a step stores `output_mwh`: the inverse of `output_mwh` [MW]."""
        knee_mw, gain = KNEE * self.p_rated_mw, self.part_load_gain
        worth = output_mwh / (step_hours * self.efficiency)
        at_knee = knee_mw * (1 + gain)
        return worth / (1 + gain) if worth <= at_knee else knee_mw + (worth - at_knee) / (1 - gain)


@dataclass(frozen=True, eq=False)
class Supply:
    """What a tank has to do: T steps.

    Args:
        electrolyser: What fills it.
        tank_mwh: Most energy it holds [MWh].
        level_mwh: Energy at the start, and least at the end [MWh].
        drain_mwh: What the pumps take in each step, shape (T,) [MWh].
        step_hours: Length of a step [h].
    """

    electrolyser: Electrolyser
    tank_mwh: float
    level_mwh: float
    drain_mwh: Floats
    step_hours: float

    def needed_mwh(self, most_mw: Floats) -> Floats:
        """Least energy before each step, and at the end, from which the rest can be supplied, shape (T + 1,) [MWh].

        Args:
            most_mw: Power that the electrolyser may draw in each step, shape (T,) [MW].
        """
        short = self.drain_mwh - self._most_mwh(most_mw)
        needed = np.empty(short.size + 1)
        needed[-1] = self.level_mwh
        for step in range(short.size - 1, -1, -1):
            needed[step] = max(needed[step + 1] + short[step], 0.0)
        return needed

    def faults(self, at: str, mwh_per_kg: float) -> Iterator[Fault]:
        """Why the demand cannot be met with the electrolyser at full load all the time, in kilograms of hydrogen.

        While the least energy that is needed leaves room for a step at minimum load, a step that has to make hydrogen
        can: so these two conditions are sufficient, and but for that room necessary.
        """
        if not self.drain_mwh.any():
            return
        full = np.full(self.drain_mwh.size, self.electrolyser.p_rated_mw)
        needed = self.needed_mwh(full)
        missing = needed[0] - self.level_mwh
        if missing > NEGLIGIBLE_MWH:
            rule = (
                "the tank runs empty, or ends with less than it began with, though the electrolyser runs all the time: "
                f"{missing / mwh_per_kg:.3g} kg are missing"
            )
            yield Fault(f"{at}.demand_kg_per_day", rule)
        least = self._least_mwh()
        room = needed[1:].max() + least
        if self.level_mwh + least > self.tank_mwh + NEGLIGIBLE_MWH:
            most = math.floor(1000 * max(1 - least / self.tank_mwh, 0.0)) / 1000
            rule = f"must be at most {most:g}: a step of the electrolyser at minimum load has to fit in above it"
            yield Fault(f"{at}.tank_start", rule, round(self.level_mwh / self.tank_mwh, 6))
        elif room > self.tank_mwh + NEGLIGIBLE_MWH:
            rule = (
                f"must be at least {room / mwh_per_kg:.4g} for the demand to come and a step of the electrolyser "
                "at minimum load"
            )
            yield Fault(f"{at}.tank_kg", rule, round(self.tank_mwh / mwh_per_kg, 6))

    def unmanaged_mw(self, most_mw: Floats) -> Floats:
        """The electrolyser at the most it may draw whenever the tank holds less than it shall, shape (T,) [MW].

        It shall hold what it began with, or what the coming demand needs beyond what the electrolyser can make then.

        Args:
            most_mw: Power that it may draw in each step, shape (T,) [MW]; where it shares its connection and what is
                left is not enough, it draws up to its rating all the same.
        """
        needed = self.needed_mwh(most_mw)
        if needed[0] > self.level_mwh + NEGLIGIBLE_MWH or needed[1:].max() + self._least_mwh() > self.tank_mwh:
            most_mw = np.full(most_mw.size, self.electrolyser.p_rated_mw)
            needed = self.needed_mwh(most_mw)
        shall, most_mwh = np.maximum(needed[1:], self.level_mwh), self._most_mwh(most_mw)
        power, energy = np.zeros(most_mw.size), self.level_mwh
        for step, used in enumerate(self.drain_mwh):
            energy -= used
            if energy < shall[step] - NEGLIGIBLE_MWH and most_mwh[step] > 0:
                stored = min(float(most_mwh[step]), self.tank_mwh - energy)
                power[step] = min(self.electrolyser.power_mw(stored, self.step_hours), float(most_mw[step]))
                energy += stored
        return power

    def _most_mwh(self, most_mw: Floats) -> Floats:
        """Most hydrogen of each step, shape (T,) [MWh]: none where minimum load is out of reach."""
        runs = most_mw >= self.electrolyser.minimum_load * self.electrolyser.p_rated_mw
        return np.where(runs, self.electrolyser.output_mwh(most_mw, self.step_hours), 0.0)

    def _least_mwh(self) -> float:
        """Hydrogen of a step at minimum load [MWh]."""
        least_mw = self.electrolyser.minimum_load * self.electrolyser.p_rated_mw
        return float(self.electrolyser.output_mwh(np.array(least_mw), self.step_hours))
