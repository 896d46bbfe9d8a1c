"""Smallest sets of sides that cannot hold together, and the least relaxation, against SciPy."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import sparse
from scipy.optimize import linprog

from grid.arrays import Bools, Floats
from optimizer._highs import InfeasibleError, LinearProgram, Solver, SolverError
from optimizer._highs.conflicts import all_sides, conflict, least_relaxation
from tests.examples import examples


def random_program(seed: int) -> LinearProgram:
    """A small programme, most of which have no solution."""
    rng = np.random.default_rng(seed)
    m, n = int(rng.integers(3, 9)), int(rng.integers(2, 6))
    matrix = rng.integers(-3, 4, (m, n)) * (rng.random((m, n)) < 0.7)
    lower = rng.integers(-4, 6, m).astype(float)
    upper = np.where(rng.random(m) < 0.5, lower + rng.integers(0, 3, m), np.inf)
    lower[rng.random(m) < 0.2] = -np.inf
    high = np.where(rng.random(n) < 0.6, rng.integers(1, 4, n), np.inf)
    return LinearProgram(sparse.csr_array(matrix.astype(float)), lower, upper, np.zeros(n), high, rng.random(n))


def has_solution(program: LinearProgram, sides: Floats, kept: Bools) -> bool:
    """Whether some point meets the sides that are kept, by SciPy."""
    m, n = program.matrix.shape
    free = np.repeat([-np.inf, np.inf, -np.inf, np.inf], [m, m, n, n])
    low_row, high_row, low, high = np.split(np.where(kept, sides, free), [m, 2 * m, 2 * m + n])
    a = program.matrix.toarray()
    at_most, at_least = np.isfinite(high_row), np.isfinite(low_row)
    rows, right = np.concatenate([a[at_most], -a[at_least]]), np.concatenate([high_row[at_most], -low_row[at_least]])
    found = linprog(np.zeros(n), rows, right, bounds=np.column_stack([low, high]))
    assert found.status in (0, 2)
    return bool(found.status == 0)


@given(seed=st.integers(0, 10_000))
@examples(60)
def test_leaving_out_any_one_leads_to_a_solution_and_the_relaxation_to_another(seed: int) -> None:
    program = random_program(seed)
    solver = Solver(program)
    sides = all_sides(solver)
    m, n = program.matrix.shape
    soft = np.ones(sides.size, dtype=bool)
    soft[2 * m : 2 * m + n] = False
    if has_solution(program, sides, np.ones(sides.size, dtype=bool)):
        with pytest.raises(SolverError, match="has a solution"):
            conflict(solver, soft)
        return
    found = conflict(solver, soft)
    assert found.smallest
    assert soft[found.soft].all()
    assert not soft[found.hard].any()
    kept = ~soft
    kept[found.soft] = True
    assert not has_solution(program, sides, kept)
    for place in found.soft:
        without = kept.copy()
        without[place] = False
        assert has_solution(program, sides, without)
    amounts = least_relaxation(solver, soft, np.ones(sides.size))
    assert amounts.sum() > 0
    sign = np.repeat([-1.0, 1.0, -1.0, 1.0], [m, m, n, n])
    assert has_solution(program, sides + sign * (amounts + 1e-6 * (amounts > 0)), np.ones(sides.size, dtype=bool))
    for place in np.flatnonzero(amounts):
        less = amounts.copy()
        less[place] *= 0.99
        assert not has_solution(program, sides + sign * less, np.ones(sides.size, dtype=bool))


def test_sides_that_cross_are_the_conflict() -> None:
    program = LinearProgram(sparse.csr_array(np.ones((1, 2))), np.array([0.0]), np.array([9.0]), np.array([0.0, 3.0]),
                            np.array([1.0, 2.0]), np.zeros(2))  # fmt: skip
    solver = Solver(program)
    found = conflict(solver, np.ones(6, dtype=bool))
    assert found.soft.tolist() == [3, 5]


def test_a_conflict_of_nothing_but_what_must_hold_has_no_relaxation() -> None:
    program = LinearProgram(sparse.csr_array(np.ones((1, 1))), np.array([3.0]), np.array([3.0]), np.zeros(1),
                            np.ones(1), np.zeros(1))  # fmt: skip
    solver, nothing = Solver(program), np.zeros(4, dtype=bool)
    found = conflict(solver, nothing)
    assert not found.soft.size
    assert set(found.hard.tolist()) == {0, 3}
    with pytest.raises(InfeasibleError):
        least_relaxation(solver, nothing, np.ones(4))


def test_a_relaxation_that_counts_little_is_found() -> None:
    """Its dual is below what is taken for noise, and yet it makes all of the objective."""
    program = LinearProgram(sparse.csr_array(np.ones((1, 1))), np.array([20.0]), np.array([np.inf]), np.zeros(1),
                            np.zeros(1), np.zeros(1))  # fmt: skip
    soft = np.array([True, False, False, False])
    amounts = least_relaxation(Solver(program), soft, np.full(4, 5e-7))
    assert amounts.tolist() == [20.0, 0.0, 0.0, 0.0]
