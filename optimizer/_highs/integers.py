"""Mixed-integer linear Pyomo models solved by HiGHS, with a proven gap."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

import numpy as np

from grid.arrays import Floats, Ints
from optimizer._highs.compiled import INFINITY, Compiled
from optimizer._highs.errors import InfeasibleError, InterruptedSolveError, SolverError
from optimizer._highs.solver import Solver, Watch


@dataclass(frozen=True, eq=False)
class IntegerSolution:
    """The best solution found, and how much better another one could be.

    Args:
        values: Of each variable by name, in the shape of its index sets.
        objective: Its objective, which is minimised.
        bound: What no solution is below.
    """

    values: dict[str, Floats]
    objective: float
    bound: float


class IntegerProgram:
    """A mixed-integer linear Pyomo model in HiGHS, to which rows can be added between solves.

    Args:
        model: The model; variables with an integer domain are integer, and every variable occurs in a row.
        gap: Relative gap at which a solve ends.
    """

    def __init__(self, model: Any, *, gap: float = 1e-6) -> None:
        import pyomo.environ as pyo  # noqa: PLC0415  slow to import

        self.compiled = Compiled.from_pyomo(model)
        self.solver = Solver(self.compiled.program)
        self.solver.set_option("presolve", "choose")
        self.solver.set_option("mip_rel_gap", gap)
        integer = [
            self.compiled.columns[variable.local_name].ravel()
            for variable in model.component_objects(pyo.Var, active=True)
            if all(not member.is_continuous() for member in variable.values())
        ]
        columns = np.concatenate([np.empty(0, dtype=np.int64), *integer]).astype(np.int32)
        kinds = np.full(columns.size, self.solver.highspy.HighsVarType.kInteger)
        self.solver.highs.changeColsIntegrality(columns.size, columns, kinds)

    def add_row(self, columns: Ints, values: Floats, lower: float) -> None:
        """Adds the row ``lower <= values @ x[columns]``."""
        self.solver.highs.addRow(lower, INFINITY, columns.size, columns.astype(np.int32), values)

    def solve(self, seconds: float = INFINITY) -> IntegerSolution:
        """Solves it as it is now; the constant of the objective is left out.

        Args:
            seconds: After how much time it ends with what it has found [s].

        Raises:
            InfeasibleError: If it has no solution.
            InterruptedSolveError: If the time ended before one was found.
            SolverError: If HiGHS failed.
        """
        highs, highspy = self.solver.highs, self.solver.highspy
        Watch(time.monotonic() + seconds).set_limit(highs)
        highs.run()
        status, info = highs.getModelStatus(), highs.getInfo()
        if status in (highspy.HighsModelStatus.kInfeasible, highspy.HighsModelStatus.kUnboundedOrInfeasible):
            raise InfeasibleError("the integer programme has no solution")
        if info.primal_solution_status != highspy.SolutionStatus.kSolutionStatusFeasible:
            if status == highspy.HighsModelStatus.kTimeLimit:
                raise InterruptedSolveError
            raise SolverError(f"integer programme: {highs.modelStatusToString(status)}")
        x = np.array(highs.getSolution().col_value)
        values = {name: x[places] for name, places in self.compiled.columns.items()}
        return IntegerSolution(values, float(info.objective_function_value), float(info.mip_dual_bound))
