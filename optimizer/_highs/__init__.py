"""From a Pyomo model to arrays, and from arrays to HiGHS: the only importer of highspy.

Pyomo states the model. It is compiled once per structure into plain arrays; what changes between windows is written
into them by component name, blocks too large for an algebraic language are appended, and HiGHS is driven directly.
"""

from optimizer._highs.compiled import INFINITY, Compiled, LinearProgram
from optimizer._highs.errors import InfeasibleError, InterruptedSolveError, SolverError, UnboundedError
from optimizer._highs.solver import BASIC, FREE, LOWER, UPPER, Solver, Statuses, Watch

__all__ = [
    "BASIC",
    "FREE",
    "INFINITY",
    "LOWER",
    "UPPER",
    "Compiled",
    "InfeasibleError",
    "InterruptedSolveError",
    "LinearProgram",
    "Solver",
    "SolverError",
    "Statuses",
    "UnboundedError",
    "Watch",
]
