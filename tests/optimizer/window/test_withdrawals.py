from __future__ import annotations

import numpy as np
import pytest
from scipy import sparse

from optimizer.network.linearisation import Linearisation
from optimizer.window.withdrawals import Part, Withdrawals, rows_by_column

STEPS = np.array([0, 1, 0, 1, 1])
SHARES = np.array([[0.0, 1.0, 0.0], [0.0, 0.0, 1.0], [0.0, 1.0, 0.0], [0.25, 0.0, 0.75], [1.0, 0.0, 0.0]])


def withdrawals() -> Withdrawals:
    """Two devices of one bus, one at another, one at two buses, and reactive power; the last device draws nothing."""
    devices = np.array([0, 2, 1, 3, 0])
    own, other = sparse.csr_array(SHARES[:4]), sparse.csr_array(SHARES[[2, 4]])
    parts = [
        Part(np.arange(4), STEPS[:4], 1.0, 0, devices[:4]),
        Part(np.array([4]), STEPS[4:], -1.0, 1, devices[4:], reactive=True),
    ]
    return Withdrawals.from_parts(parts, [own, other])


def test_devices_of_one_bus_have_one_row_of_shares() -> None:
    shares = withdrawals().shares.toarray()
    assert sorted(map(tuple, shares.tolist())) == sorted({tuple(row) for row in SHARES[:4].tolist()})


def test_rows_give_the_value_that_the_withdrawals_of_all_columns_have() -> None:
    rng = np.random.default_rng(3)
    step, slack = np.array([1, 0, 1]), np.array([5, 6])
    rows = Linearisation(step, rng.normal(size=3), rng.normal(size=(3, 3)), rng.normal(size=(3, 3)))
    now, later = rng.normal(size=(2, 7))
    matrix, constant = rows_by_column(withdrawals(), rows, now, slack, 0.0)
    for row in range(3):
        moved = later - now
        at_buses = sum(
            moved[column] * SHARES[device] for column, device in enumerate([0, 2, 1, 3]) if STEPS[column] == step[row]
        )
        reactive = -moved[4] * SHARES[2] if step[row] == STEPS[4] else np.zeros(3)
        value = rows.value[row] + rows.per_mw[row] @ at_buses + rows.per_mvar[row] @ reactive
        found = later[slack[step[row]]] - (matrix @ later)[row] + constant[row]
        assert found == pytest.approx(value, abs=1e-12)


def test_small_coefficients_stay_in_the_constant() -> None:
    rows = Linearisation(np.array([0]), np.array([2.0]), np.array([[0.0, 1.0, 1e-4]]), np.zeros((1, 3)))
    now = np.arange(7.0) + 1
    matrix, constant = rows_by_column(withdrawals(), rows, now, np.array([5, 6]), 1e-3)
    assert matrix.toarray()[0].tolist() == [-1.0, 0.0, 0.0, 0.0, 0.0, 1.0, 0.0]
    assert constant[0] == 2.0 - now[0]
