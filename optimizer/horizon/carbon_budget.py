"""A cap on carbon in a rolling horizon: how much of it each window may use."""

from __future__ import annotations

import numpy as np

from optimizer.problem.problem import DispatchProblem


class CarbonBudget:
    """What is left of a cap is shared among windows in proportion to what imports would emit if nobody managed.

    A winter evening needs more of a year's budget than a summer noon; by time alone it could not keep its share, while
    summer left its own unused. Where nothing would be emitted any more, what is left is shared by time.

    Args:
        problem: The problem with its cap.
    """

    def __init__(self, problem: DispatchProblem) -> None:
        self.cap_kg, self.emitted_kg, n = problem.carbon_cap_kg, 0.0, problem.clock.n_steps
        self._until_kg, self._until_step = np.zeros(n + 1), np.arange(n + 1, dtype=np.float64)
        if np.isfinite(self.cap_kg):
            drawn = problem.p_fixed_mw.sum(axis=1)
            for flexibility in problem.flexibilities:
                drawn += flexibility.by_step(flexibility.unmanaged_power())
            unmanaged = problem.clock.step_hours * np.maximum(drawn, 0.0) * np.maximum(problem.import_ci_kg_per_mwh, 0)
            self._until_kg[1:] = np.cumsum(unmanaged)

    def of_window(self, first: int, stop: int) -> float:
        """Most that may be emitted in the steps `first` to `stop` - 1, when all before `first` is emitted [kg]."""
        until = self._until_kg if self._until_kg[-1] > self._until_kg[first] else self._until_step
        share = (until[stop] - until[first]) / (until[-1] - until[first])
        return max((self.cap_kg - self.emitted_kg) * float(share), 0.0) if np.isfinite(self.cap_kg) else np.inf
