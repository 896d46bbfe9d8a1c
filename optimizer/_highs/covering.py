"""A programme of yes-or-no decisions: the cheapest that meets all rows."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from grid.arrays import Bools, Floats
from optimizer._highs.compiled import INFINITY
from optimizer._highs.errors import SolverError


def cheapest_cover(cost: Floats, rows: Sequence[tuple[Floats, float, float]]) -> Bools | None:
    """The cheapest decisions, to optimality; None if no decisions meet the rows.

    Args:
        cost: Cost of each decision, shape (M,).
        rows: Coefficients, shape (M,), lower and upper bound of each row.
    """
    import highspy  # noqa: PLC0415  loads a large library

    model = highspy.Highs()
    for option, value in (("output_flag", False), ("threads", 1), ("mip_rel_gap", 0.0), ("mip_abs_gap", 0.0)):
        model.setOptionValue(option, value)
    n = cost.size
    nothing = np.zeros(0, dtype=np.int32)
    model.addCols(n, cost, np.zeros(n), np.ones(n), 0, np.zeros(n, dtype=np.int32), nothing, np.zeros(0))
    model.changeColsIntegrality(n, np.arange(n, dtype=np.int32), np.full(n, highspy.HighsVarType.kInteger))
    for coefficients, lower, upper in rows:
        at = np.flatnonzero(coefficients).astype(np.int32)
        model.addRow(max(lower, -INFINITY), min(upper, INFINITY), at.size, at, coefficients[at])
    model.run()
    status = model.getModelStatus()
    if status == highspy.HighsModelStatus.kInfeasible:
        return None
    if status != highspy.HighsModelStatus.kOptimal:
        raise SolverError(f"yes-or-no decisions: {model.modelStatusToString(status)}")
    return np.array(model.getSolution().col_value) > 0.5
