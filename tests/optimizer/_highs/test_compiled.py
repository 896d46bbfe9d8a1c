from __future__ import annotations

from typing import Any

import numpy as np
import pyomo.environ as pyo
import pytest
from scipy import sparse

from optimizer._highs import Compiled, LinearProgram, Solver, SolverError
from optimizer.window.model import StoreConstants, Structure, window_model


def small_model(sense: Any = pyo.minimize) -> Any:
    """Every kind of side: two-sided, equal, at least, at most; a constant within a body; a variable without bounds."""
    m = pyo.ConcreteModel()
    m.x = pyo.Var([0, 1, 2], bounds=(0, 10))
    m.y = pyo.Var(bounds=(-5, None))
    m.z = pyo.Var()
    m.both = pyo.Constraint([0, 1], rule=lambda m, i: (1, m.x[i] + m.y, 3 + i))
    m.equal = pyo.Constraint(expr=m.x[2] - m.y + 2 == 4)
    m.least = pyo.Constraint(expr=2 * m.x[0] + m.x[1] - m.z >= 1)
    m.most = pyo.Constraint(expr=m.x[2] + 0.5 * m.z <= 7)
    m.between = pyo.Constraint(expr=pyo.inequality(-2, m.z, 8))
    sign = 1 if sense == pyo.minimize else -1
    m.cost = pyo.Objective(expr=sign * (m.x[0] + 2 * m.x[1] + 3 * m.x[2] - m.y - 0.1 * m.z), sense=sense)
    return m


def optimum(program: LinearProgram) -> float:
    return float(program.cost @ Solver(program).solve())


@pytest.mark.parametrize("sense", [pyo.minimize, pyo.maximize])
def test_compiled_model_has_the_optimum_that_pyomo_finds(sense: Any) -> None:
    model = small_model(sense)
    pyo.SolverFactory("appsi_highs").solve(model)
    sign = 1 if sense == pyo.minimize else -1
    compiled = Compiled.from_pyomo(small_model(sense))
    x = Solver(compiled.program).solve()
    assert compiled.program.cost @ x == pytest.approx(sign * pyo.value(model.cost), abs=1e-9)
    for name in ("x", "y", "z"):
        values = [variable.value for variable in getattr(model, name).values()]
        np.testing.assert_allclose(x[compiled.columns[name]], values, atol=1e-9)


def test_sides_and_places_are_those_of_the_model() -> None:
    compiled = Compiled.from_pyomo(small_model())
    program, rows = compiled.program, compiled.rows
    sides = {"both": ([1, 1], [3, 4]), "equal": ([2], [2]), "least": ([1], [np.inf]), "most": ([-np.inf], [7])}
    for name, (low, high) in sides.items():
        np.testing.assert_array_equal(program.row_lower[rows[name]], low)
        np.testing.assert_array_equal(program.row_upper[rows[name]], high)
    assert program.matrix.shape == (6, 5), "a constraint with two sides is one row"
    np.testing.assert_array_equal(program.lower[compiled.columns["x"]], 0)
    np.testing.assert_array_equal(program.upper[compiled.columns["x"]], 10)
    assert program.lower[compiled.columns["z"]] == -np.inf
    row = program.matrix[[int(rows["least"])], :].toarray()[0]
    np.testing.assert_array_equal(row[compiled.columns["x"]], [2, 1, 0])
    np.testing.assert_array_equal(row[compiled.columns["z"]], [-1])


def stated() -> Any:
    """A unit, a store and a fleet over four half hours."""
    m = window_model(Structure(4, 0.5, 1, (StoreConstants(0.9, 0.8, 0.99),), 1, n_months=2))
    m.charge_mw.setub(1.0)
    m.discharge_mw.setub(1.0)
    m.energy_mwh.setlb(0.1)
    m.energy_mwh.setub(2.0)
    m.unit_mw.setlb(-0.3)
    m.unit_mw.setub(0.0)
    return m


def test_compiled_window_model_solves_as_pyomo_solves_it() -> None:
    prices, fixed = [30.0, 80.0, 20.0, 90.0], [1.0, 2.0, 0.5, 1.5]
    compiled = Compiled.from_pyomo(stated())
    program = compiled.updated(
        bounds={},
        cost={
            "import_mw": 0.5 * np.array(prices),
            "export_mw": -0.5 * 10.0,
            "discharge_mw": 0.5 * 5.0,
            "peak_mw": 7.0,
            "unit_mw": 0.0,
            "charge_mw": 0.0,
            "energy_mwh": 0.0,
        },
        rhs={"balance": (np.array(fixed), np.array(fixed)), "store_balance": (np.array([0.5, 0, 0, 0]),) * 2},
    )
    m = stated()
    for t in range(4):
        m.balance[t].set_value(m.balance[t].body == fixed[t])
    m.store_balance[0, 0].set_value(m.store_balance[0, 0].body == 0.5)
    m.import_limit.deactivate()
    m.cost.deactivate()
    wear = sum(5 * m.discharge_mw[0, t] for t in range(4))
    m.paid = pyo.Objective(
        expr=0.5 * (sum(prices[t] * m.import_mw[t] - 10 * m.export_mw[t] for t in range(4)) + wear)
        + 7 * (m.peak_mw[0] + m.peak_mw[1])
    )
    pyo.SolverFactory("appsi_highs").solve(m)
    free = compiled.updated(bounds={}, cost={}, rhs={"import_limit": (-np.inf, np.inf)})
    program = LinearProgram(
        program.matrix, program.row_lower, np.where(np.isinf(free.row_upper), np.inf, program.row_upper),
        program.lower, program.upper, program.cost,
    )  # fmt: skip
    assert optimum(program) == pytest.approx(pyo.value(m.paid), rel=1e-9)


def test_updated_writes_where_it_should_and_leaves_the_rest() -> None:
    compiled = Compiled.from_pyomo(small_model())
    before = compiled.program
    new = compiled.updated(
        bounds={"x": (np.array([1.0, 2.0, 3.0]), 9.0)}, cost={"y": 5.0}, rhs={"both": (0.5, np.array([2.5, 3.5]))}
    )
    x, y, both = compiled.columns["x"], compiled.columns["y"], compiled.rows["both"]
    np.testing.assert_array_equal(new.lower[x], [1, 2, 3])
    np.testing.assert_array_equal(new.upper[x], 9)
    np.testing.assert_array_equal(new.cost[y], 5)
    np.testing.assert_array_equal(new.row_lower[both], 0.5)
    np.testing.assert_array_equal(new.row_upper[both], [2.5, 3.5])
    other_columns, other_rows = np.setdiff1d(np.arange(5), x), np.setdiff1d(np.arange(6), both)
    np.testing.assert_array_equal(new.lower[other_columns], before.lower[other_columns])
    np.testing.assert_array_equal(new.cost[x], before.cost[x])
    np.testing.assert_array_equal(new.row_upper[other_rows], before.row_upper[other_rows])
    np.testing.assert_array_equal(before.lower[x], 0, err_msg="the compiled programme itself must not change")


def test_a_block_is_appended_with_its_own_rows_and_into_those_there_are() -> None:
    program = Compiled.from_pyomo(small_model()).program
    block = LinearProgram(
        sparse.csr_array([[1.0, 1.0]]), np.array([2.0]), np.array([2.0]), np.zeros(2), np.ones(2), np.array([3.0, 4.0])
    )
    into = sparse.csr_array(([-1.0], ([2], [1])), shape=(6, 2))
    joined = program.with_block(block, into)
    expected = np.block([[program.matrix.toarray(), into.toarray()], [np.zeros((1, 5)), np.ones((1, 2))]])
    np.testing.assert_array_equal(joined.matrix.toarray(), expected)
    assert joined.row_lower[-1] == joined.row_upper[-1] == 2
    np.testing.assert_array_equal(joined.cost[-2:], [3, 4])


def test_added_rows_bind_and_relaxed_rows_do_not() -> None:
    program = LinearProgram(
        sparse.csr_array((0, 2)), np.empty(0), np.empty(0), np.zeros(2), np.full(2, 10.0), np.array([-1.0, -2.0])
    )
    solver = Solver(program)
    np.testing.assert_allclose(solver.solve(), [10, 10])
    rows = solver.add_rows(sparse.csr_array([[1.0, 1.0], [0.0, 1.0]]), np.full(2, -np.inf), np.array([12.0, 5.0]))
    np.testing.assert_array_equal(rows, [0, 1])
    np.testing.assert_allclose(solver.solve(), [7, 5])
    solver.relax_rows(rows[1:])
    np.testing.assert_allclose(solver.solve(), [2, 10])


def test_no_optimum_is_said_not_returned() -> None:
    one = sparse.csr_array([[1.0]])
    impossible = LinearProgram(one, np.array([2.0]), np.array([3.0]), np.zeros(1), np.ones(1), np.ones(1))
    with pytest.raises(SolverError, match="Infeasible"):
        Solver(impossible).solve()
