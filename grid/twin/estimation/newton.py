"""The least square of steps that one linearisation does not settle: Newton's method with steps that are cut back.

Where a current's magnitude is measured, what it reads turns with the current: z − |I| has a curvature of (1 − z / |I|)
across the current, which near |I| = 0 exceeds all that the other measurements say. Iterations with the derivatives of
one linearisation, or of Gauss and Newton, which leave that curvature out, go to and fro there. Here a current counts
with two rows, along and across it, and with its own curvature, as far as that is positive; the derivatives of the real
and imaginary parts of currents, which hardly change from state to state, are those of the linearisation. Each step goes
down: it is halved until the weighted squares fall [1]. The gradient is exact, so what is settled on is the least square
itself.

References:
    [1] J. Nocedal and S. J. Wright, "Numerical Optimization", 2nd ed., Springer, 2006, sections 3.1 (sufficient
        decrease) and 10.3 (Gauss and Newton).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from grid.arrays import Bools, Floats, Ints
from grid.network.network import Complexes
from grid.twin.estimation.covariance import PriorCovariance
from grid.twin.estimation.model import StateModel
from grid.twin.estimation.readings import Readings

MOST_STEPS: Final = 60
"""Steps of Newton's method at most."""
MOST_HALVINGS: Final = 20
"""How often a step is halved at most."""
SUFFICIENT: Final = 1e-4
"""Share of what the gradient promises by which the squares must fall [1]."""
ROUNDING: Final = 1e-9
"""Share of the squares that is rounding."""
ADJOINT_SHARE: Final = 1e-11
"""An adjoint is exact when no entry moves by more than this share of the largest."""
ADJOINT_SWEEPS, MOST_LOOKS = 4, 15
"""Iterations of the adjoint between two looks at that; looks at most."""
RENEWED_PU: Final = 1e-3
"""Distance of a voltage from the state of a linearisation from which on the step is linearised anew [pu]."""
SHARES: Final = (1.0, 0.5, 0.25, 0.0)
"""Shares of the negative curvature that are tried until that of all together is positive."""
LEAST_CURVATURE: Final = 1e-2
"""Share of the curvature of what is expected below which that of all together does not count as positive."""
REPEATED: Final = 1e-9
"""Share that is added to variances where rows may say the same."""
POLISHING: Final = 3
"""Sweeps of the power flow after it is solved."""


@dataclass(frozen=True, eq=False)
class LeastSquares:
    """What is to be least: T steps, M measurements, K columns.

    Args:
        model: The grid.
        readings: What the measurements read.
        measured: Values, shape (M, T); magnitudes of currents are not below 0.
        weights: Inverse variances, shape (M, T); 0 where a value is missing.
        prior: Covariance of the withdrawals.
        columns: The expected states, shape (K, T).
    """

    model: StateModel
    readings: Readings
    measured: Floats
    weights: Floats
    prior: PriorCovariance
    columns: Floats


@dataclass(eq=False)
class _Point:
    """States by Σ's argument, with voltages, what is missed, and half the weighted squares, of all steps."""

    u: Floats
    x: Floats
    voltage: Complexes
    missed: Floats
    cost: Floats

    def put(self, steps: Bools, other: _Point) -> None:
        """Takes some steps from another."""
        self.u[:, steps], self.x[:, steps], self.voltage[:, steps] = (
            other.u[:, steps], other.x[:, steps], other.voltage[:, steps],
        )  # fmt: skip
        self.missed[:, steps], self.cost[steps] = other.missed[:, steps], other.cost[steps]


def descend(
    case: LeastSquares, reference: tuple[Floats, Complexes], settled_pu: float
) -> tuple[Floats, Floats, Complexes, Floats]:
    """The least squares of steps, each sought from its expected state.

    Args:
        case: What is to be least.
        reference: State and voltages of the linearisation, shapes (K,) and (N,).
        settled_pu: What counts as no movement of a voltage [pu].

    Returns:
        States, Σ's arguments, voltages, and by how much the last step moved a voltage of each step [pu].
    """
    n_steps = case.columns.shape[1]
    rows, point = _Rows.of(case, reference), _at(case, np.zeros_like(case.columns))
    adjoint, moved = case.model.no_adjoint(n_steps), np.full(n_steps, np.inf)
    for _ in range(MOST_STEPS):
        active = moved > settled_pu
        if not active.any():
            break
        slope, adjoint = _slope(case, point, adjoint)
        towards = slope - point.u
        change = np.zeros_like(towards)
        for step in np.flatnonzero(active).tolist():
            rows.renew(case, point, step)
            change[:, step] = _newton(case, rows, point, towards[:, step], step)
        moved = np.where(active, _go(case, point, change, towards, active), moved)
    return point.x, point.u, point.voltage, moved


def _at(case: LeastSquares, u: Floats) -> _Point:
    """What is known of states."""
    past = case.prior.times(u)
    x = case.columns + past
    voltage, _ = case.model.sweep(x, case.model.voltages(x), POLISHING)
    missed = np.where(case.weights > 0, case.measured - case.readings.values(voltage, x), 0.0)
    cost = ((u * past).sum(axis=0) + (case.weights * missed**2).sum(axis=0)) / 2
    return _Point(u, x, voltage, missed, np.where(np.isfinite(cost), cost, np.inf))


def _slope(case: LeastSquares, point: _Point, adjoint: Complexes) -> tuple[Floats, Complexes]:
    """Derivative of the measurements' part of the squares, with the other sign, and its adjoint."""
    weights = case.weights * point.missed
    for _ in range(MOST_LOOKS):
        before = adjoint
        slope, adjoint = case.model.slope(case.readings, weights, (point.x, point.voltage), before, ADJOINT_SWEEPS)
        if np.abs(adjoint - before).max(initial=0.0) <= ADJOINT_SHARE * np.abs(adjoint).max(initial=0.0):
            break
    return slope, adjoint


@dataclass(eq=False)
class _Rows:
    """Linearised rows: measurements without currents, then real and imaginary parts of currents; R in all.

    Args:
        other: Which measurements are no currents.
        h: Rows of each step, (R, K) each.
        about: Voltages about which they are, shape (N, T).
        among: ``H Σ Hᵀ`` of each step, (R, R) each.
        root: Their Cholesky factors.
    """

    other: Ints
    h: list[Floats]
    about: Complexes
    among: list[Floats]
    root: list[Floats]

    @classmethod
    def of(cls, case: LeastSquares, reference: tuple[Floats, Complexes]) -> _Rows:
        """Those of the linearisation, for all steps."""
        other = np.setdiff1d(np.arange(case.readings.n_values), case.readings.current)
        found = cls(other, [], np.tile(reference[1][:, None], (1, case.columns.shape[1])), [], [])
        h = found._derived(case, *reference)
        n = case.columns.shape[1]
        alike = case.prior.own.shape[1] == 1
        found.h = [h] * n
        found.among = [case.prior.between(h, h, step) for step in range(1 if alike else n)] * (n if alike else 1)
        found.root = [_root(among) for among in found.among[: 1 if alike else n]] * (n if alike else 1)
        return found

    def _derived(self, case: LeastSquares, x: Floats, voltage: Complexes) -> Floats:
        own = case.model.sensitivity(case.readings, x, voltage)[self.other]
        return np.vstack([own, case.model.current_sensitivity(case.readings, x, voltage)])

    def renew(self, case: LeastSquares, point: _Point, step: int) -> None:
        """Those of a step about its own state, where that is too far from where they are about."""
        voltage = point.voltage[:, step]
        if np.abs(voltage - self.about[:, step]).max() > RENEWED_PU and np.isfinite(voltage).all():
            self.h[step] = self._derived(case, point.x[:, step], voltage)
            self.among[step] = case.prior.between(self.h[step], self.h[step], step)
            self.root[step] = _root(self.among[step])
            self.about[:, step] = voltage


def _root(among: Floats) -> Floats:
    """The Cholesky factor of a covariance, of which some rows may say the same."""
    scale = np.sqrt(np.maximum(np.diagonal(among), np.finfo(float).tiny))
    alike = among / scale[:, None] / scale + REPEATED * np.eye(len(among))
    return np.asarray(scale[:, None] * np.linalg.cholesky(alike))


def _newton(case: LeastSquares, rows: _Rows, point: _Point, towards: Floats, step: int) -> Floats:
    """Change of Σ's argument, shape (K,): ``(Σ⁻¹ + Hᵀ W H) Σ change = towards``, with W such that this goes down."""
    h, among = rows.h[step], rows.among[step]
    read = h @ case.prior.times(towards[:, None])[:, 0]
    for share in SHARES:
        weight = _curvature(case, rows, point, step, share)
        if share == 0.0 or _is_convex(rows.root[step], weight):
            break
    y = np.linalg.solve(np.eye(len(weight)) + among @ weight, read)
    return np.asarray(towards - h.T @ (weight @ y))


def _is_convex(root: Floats, weight: Floats) -> bool:
    """Whether ``Σ⁻¹ + Hᵀ W H`` is positive definite: of what rows see it is ``1 + Rᵀ W R`` with ``R Rᵀ = H Σ Hᵀ``."""
    try:
        np.linalg.cholesky((1 - LEAST_CURVATURE) * np.eye(len(weight)) + root.T @ weight @ root)
    except np.linalg.LinAlgError:
        return False
    return True


def _curvature(case: LeastSquares, rows: _Rows, point: _Point, step: int, share: float) -> Floats:
    """Weights of the rows in a step, shape (R, R), with curvatures across currents, a share of those below 0."""
    n, m = rows.other.size, case.readings.current.size
    found = np.zeros((n + 2 * m, n + 2 * m))
    found[np.arange(n), np.arange(n)] = case.weights[rows.other, step]
    flowing = case.readings.current_rows @ point.voltage[:, step]
    size = np.maximum(np.abs(flowing), np.finfo(float).tiny)
    along = flowing / size
    weight = case.weights[case.readings.current, step]
    bent = 1 - case.measured[case.readings.current, step] / size
    across = weight * np.where(bent < 0, share * bent, bent)
    real, imag = n + np.arange(m), n + m + np.arange(m)
    found[real, real] = weight * along.real**2 + across * along.imag**2
    found[imag, imag] = weight * along.imag**2 + across * along.real**2
    found[real, imag] = found[imag, real] = (weight - across) * along.real * along.imag
    return found


def _go(case: LeastSquares, point: _Point, change: Floats, towards: Floats, active: Bools) -> Floats:
    """Goes so far that the squares fall; returns by how much a voltage moved, or would have moved [pu]."""
    promised = (towards * case.prior.times(change)).sum(axis=0)
    share, left = np.ones(len(active)), active.copy()
    moved = np.full(len(active), np.inf)
    for _ in range(MOST_HALVINGS):
        tried = _at(case, point.u + share * change)
        least = SUFFICIENT * share * promised - ROUNDING * np.abs(point.cost)
        fell = left & (tried.cost <= point.cost - least)
        far = np.abs(tried.voltage - point.voltage).max(axis=0, initial=0.0)
        moved[fell & (share == 1)] = far[fell & (share == 1)]
        point.put(fell, tried)
        left &= ~fell
        if not left.any():
            break
        share[left] /= 2
    return moved
