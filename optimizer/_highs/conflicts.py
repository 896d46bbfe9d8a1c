"""Why a linear programme has no solution, or no end."""

from __future__ import annotations

import numpy as np

from grid.arrays import Floats, Ints
from optimizer._highs.errors import SolverError
from optimizer._highs.solver import Solver


def conflict(solver: Solver) -> tuple[Ints, Ints]:
    """Rows and columns of a smallest set that cannot hold together: leaving any one out makes it feasible."""
    solver.set_option("iis_strategy", 2)
    status, iis = solver.highs.getIis()
    if status == solver.highspy.HighsStatus.kError:
        raise SolverError("HiGHS found no conflict")
    return np.array(iis.row_index_, dtype=np.int64), np.array(iis.col_index_, dtype=np.int64)


def least_relaxation(solver: Solver) -> tuple[Floats, Floats]:
    """By how much rows and columns must be relaxed at least, in sum, for a solution: shapes (rows,) and (N,)."""
    lp = solver.highs.getLp()
    low, high = np.array(lp.row_lower_), np.array(lp.row_upper_)
    c_low, c_high = np.array(lp.col_lower_), np.array(lp.col_upper_)
    if solver.highs.feasibilityRelaxation(1.0, 1.0, 1.0) == solver.highspy.HighsStatus.kError:
        raise SolverError("HiGHS found no relaxation")
    solution = solver.highs.getSolution()
    rows, columns = np.array(solution.row_value)[: low.size], np.array(solution.col_value)[: c_low.size]
    return (
        np.maximum(low - rows, 0.0) - np.maximum(rows - high, 0.0),
        np.maximum(c_low - columns, 0.0) - np.maximum(columns - c_high, 0.0),
    )


def free_direction(solver: Solver) -> Floats:
    """A direction in which the cost falls without end, shape (N,)."""
    status, has, ray = solver.highs.getPrimalRay()
    if status == solver.highspy.HighsStatus.kError or not has:
        raise SolverError("HiGHS found no free direction")
    return np.array(ray)
