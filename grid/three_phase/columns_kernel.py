"""Columns of a table of steps turned into rows, a few steps at a time, so that both stay in the cache; compiled."""

from __future__ import annotations

from grid.powerflow.zbus_kernel import kernel

STEPS_AT_ONCE = 8
"""As many numbers as a line of the cache holds."""


@kernel()
def turn_columns(begin, end, table, row_of, rows):  # type: ignore[no-untyped-def]
    """Writes columns of the steps ``begin`` to ``end`` - 1 as rows; returns whether another column is not 0.

    Args:
        begin: First step.
        end: Step after the last.
        table: Shape (T, C).
        row_of: Row that each column becomes, shape (C,); -1 for none.
        rows: Shape (R, T).
    """
    others = 0
    for first in range(begin, end, STEPS_AT_ONCE):
        n_steps = min(STEPS_AT_ONCE, end - first)
        for column in range(row_of.size):
            row = row_of[column]
            if row >= 0:
                for k in range(n_steps):
                    rows[row, first + k] = table[first + k, column]
        for k in range(n_steps):
            for column in range(row_of.size):
                others |= (row_of[column] < 0) & (table[first + k, column] != 0.0)
    return others != 0
