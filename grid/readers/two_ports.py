"""Branches between two buses in the forms in which formats state them."""

from __future__ import annotations

from typing import Any

import numpy as np

from grid.network.network import Complexes


def as_t(z: Complexes, y: Complexes, of_pi: Any) -> tuple[Complexes, Complexes]:
    """Series impedance and shunt admittance of transformers in the form of a T, which is pandapower's.

    A symmetric two-port has both forms: with ``k = 1 + z·y/4`` that of a pi with half of `y` at either end is a T of
    ``z/k`` with ``y·k`` in its middle.

    Args:
        z: Series impedances, shape (L,) [pu].
        y: Shunt admittances, shape (L,) [pu].
        of_pi: Which are stated as a pi, shape (L,); the others are a T already.

    Returns:
        Both of the T, shape (L,) each [pu].
    """
    k = np.where(of_pi, 1 + z * y / 4, 1.0)
    return z / k, y * k
