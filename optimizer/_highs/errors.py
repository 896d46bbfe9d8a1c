"""How a solve can end without an optimum."""


class SolverError(RuntimeError):
    """HiGHS did not end with an optimum; the message says how it ended."""


class InfeasibleError(SolverError):
    """No solution meets all constraints."""


class UnboundedError(SolverError):
    """The cost falls without end."""


class InterruptedSolveError(SolverError):
    """Time ran out, or the caller called it off, before an optimum was found.

    Args:
        bound: Cost that the optimum cannot fall below, as far as the solver got; minus infinity where it proved none.
    """

    def __init__(self, bound: float = float("-inf")) -> None:
        super().__init__("interrupted")
        self.bound = bound
