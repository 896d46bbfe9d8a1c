"""From a Pyomo model to plain arrays: compiled once per structure, then changed by component name."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Self

import numpy as np
from scipy import sparse

from grid.arrays import Floats, Ints

INFINITY = np.inf


@dataclass(frozen=True, eq=False)
class LinearProgram:
    """Minimise ``cost @ x`` with ``row_lower <= matrix @ x <= row_upper`` and ``lower <= x <= upper``.

    Args:
        matrix: Shape (M, N).
        row_lower: Shape (M,).
        row_upper: Shape (M,).
        lower: Shape (N,).
        upper: Shape (N,).
        cost: Shape (N,).
    """

    matrix: sparse.csr_array
    row_lower: Floats
    row_upper: Floats
    lower: Floats
    upper: Floats
    cost: Floats

    def with_block(self, columns: LinearProgram, into_rows: sparse.csr_array) -> LinearProgram:
        """Appends a block of columns with rows of their own; `into_rows` is what they add to the rows here."""
        return LinearProgram(
            matrix=sparse.csr_array(sparse.block_array([[self.matrix, into_rows], [None, columns.matrix]])),
            row_lower=np.concatenate([self.row_lower, columns.row_lower]),
            row_upper=np.concatenate([self.row_upper, columns.row_upper]),
            lower=np.concatenate([self.lower, columns.lower]),
            upper=np.concatenate([self.upper, columns.upper]),
            cost=np.concatenate([self.cost, columns.cost]),
        )


@dataclass(frozen=True, eq=False)
class Compiled:
    """A Pyomo model as arrays, with the places of its components by name and shape.

    A component over the sets A and B, of sizes a and b, has places of shape (a, b), so that ``x[columns["charge_mw"]]``
    are its values in that shape; one without an index has shape (). A component of which members were skipped has one
    axis.

    Args:
        program: The model.
        columns: Places of the members of each variable.
        rows: Places of the members of each constraint.
    """

    program: LinearProgram
    columns: dict[str, Ints]
    rows: dict[str, Ints]

    @classmethod
    def from_pyomo(cls, model: Any) -> Self:
        """Compiles a linear Pyomo model.

        Every variable must occur in a constraint or in the objective: a variable that occurs nowhere has no column.
        """
        import pyomo.environ as pyo  # noqa: PLC0415  slow to import
        from pyomo.repn.plugins.standard_form import LinearStandardFormCompiler  # noqa: PLC0415

        form = LinearStandardFormCompiler().write(model, mixed_form=True)
        matrix = sparse.csr_array(form.A)
        bound_type = np.array([row.bound_type for row in form.rows])  # 0: =, 1: <=, -1: >=
        rhs = np.asarray(form.rhs, dtype=float)
        lower = np.where(bound_type <= 0, rhs, -INFINITY)
        upper = np.where(bound_type >= 0, rhs, INFINITY)
        # a constraint with two sides comes out as two rows, one after the other: make it one again
        constraint = np.array([id(row.constraint) for row in form.rows])
        second = np.concatenate([[False], constraint[1:] == constraint[:-1]])
        pair = np.flatnonzero(second)
        lower[pair - 1] = np.maximum(lower[pair - 1], lower[pair])
        upper[pair - 1] = np.minimum(upper[pair - 1], upper[pair])
        kept = ~second
        column_of = {id(variable): place for place, variable in enumerate(form.columns)}
        row_of = {key: place for place, key in enumerate(constraint[kept].tolist())}
        program = LinearProgram(
            matrix=sparse.csr_array(matrix[kept]),
            row_lower=lower[kept],
            row_upper=upper[kept],
            lower=np.array([-INFINITY if v.lb is None else v.lb for v in form.columns], dtype=float),
            upper=np.array([INFINITY if v.ub is None else v.ub for v in form.columns], dtype=float),
            cost=np.asarray(form.c.todense(), dtype=float).ravel(),
        )
        return cls(
            program,
            {v.local_name: _places(v, column_of) for v in model.component_objects(pyo.Var, active=True)},
            {c.local_name: _places(c, row_of) for c in model.component_objects(pyo.Constraint, active=True)},
        )

    def updated(
        self,
        *,
        bounds: dict[str, tuple[Floats | float, Floats | float]],
        cost: dict[str, Floats | float],
        rhs: dict[str, tuple[Floats | float, Floats | float]],
    ) -> LinearProgram:
        """The programme with new bounds and costs of variables and new sides of constraints, by component name.

        Values have the shape of their component, or one that is broadcast to it.
        """
        program = self.program
        lower, upper, prices = program.lower.copy(), program.upper.copy(), program.cost.copy()
        row_lower, row_upper = program.row_lower.copy(), program.row_upper.copy()
        for name, (low, high) in bounds.items():
            lower[self.columns[name]], upper[self.columns[name]] = low, high
        for name, price in cost.items():
            prices[self.columns[name]] = price
        for name, (low, high) in rhs.items():
            row_lower[self.rows[name]], row_upper[self.rows[name]] = low, high
        return replace(program, lower=lower, upper=upper, cost=prices, row_lower=row_lower, row_upper=row_upper)


def _places(component: Any, place_of: dict[int, int]) -> Ints:
    """Place of each member of a component, in the shape of its index sets."""
    places = np.array([place_of[id(member)] for member in component.values()], dtype=np.int64)
    index = component.index_set()
    shape = tuple(len(part) for part in index.subsets()) if component.is_indexed() else ()
    return places.reshape(shape) if np.prod(shape, dtype=np.int64) == places.size else places
