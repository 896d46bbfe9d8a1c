"""A cap on carbon in a rolling horizon: how much of it each window may use."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from grid.arrays import Floats
from optimizer.problem.problem import DispatchProblem


@dataclass(frozen=True, eq=False)
class CarbonBudget:
    """What is left of a cap is shared among windows in proportion to what imports would emit if nobody managed.

    A winter evening needs more of a year's budget than a summer noon; by time alone it could not keep its share, while
    summer left its own unused. Where nothing would be emitted any more, what is left is shared by time.

    Args:
        cap_kg: The cap [kg]; infinite for none.
        unmanaged_kg: What would be emitted before each step, and in all, shape (T + 1,) [kg].
    """

    cap_kg: float
    unmanaged_kg: Floats

    @classmethod
    def from_problem(cls, problem: DispatchProblem) -> CarbonBudget:
        """The budget of a problem with its cap."""
        until_kg = np.zeros(problem.clock.n_steps + 1)
        if np.isfinite(problem.carbon_cap_kg):
            drawn = problem.p_fixed_mw.sum(axis=1)
            for flexibility in problem.flexibilities:
                drawn += flexibility.by_step(flexibility.unmanaged_power())
            unmanaged = problem.clock.step_hours * np.maximum(drawn, 0.0) * np.maximum(problem.import_ci_kg_per_mwh, 0)
            until_kg[1:] = np.cumsum(unmanaged)
        return cls(problem.carbon_cap_kg, until_kg)

    def share_kg(self, first: int, stop: int, emitted_kg: float) -> float:
        """Most that may be emitted in the steps `first` to `stop` - 1, when `emitted_kg` is before `first` [kg]."""
        if not np.isfinite(self.cap_kg):
            return np.inf
        by_step = np.arange(self.unmanaged_kg.size, dtype=np.float64)
        until = self.unmanaged_kg if self.unmanaged_kg[-1] > self.unmanaged_kg[first] else by_step
        share = (until[stop] - until[first]) / (until[-1] - until[first])
        return max((self.cap_kg - emitted_kg) * float(share), 0.0)
