"""How far the voltage of the external grids is off the net's own, by the measurements of all steps.

Its variance is a component of variance: what voltages are off by in all steps holds that of the meters, which is known,
and that of the external grids, which is the rest. Either the external grids have the voltage of the net, or they
deviate from it, by a standard deviation that is half-normal [1]; both are as likely before anything is measured, and
weighed by how likely they make what was measured [2]. Steps in a row count for as many as are independent [3]. Bands
are made of all these standard deviations, each as often as it is likely.

References:
    [1] A. Gelman, "Prior distributions for variance parameters in hierarchical models", Bayesian Analysis, vol. 1,
        no. 3, pp. 515-534, 2006.
    [2] R. E. Kass and A. E. Raftery, "Bayes factors", J. Amer. Statist. Assoc., vol. 90, no. 430, pp. 773-795, 1995.
    [3] G. V. Bayley and J. M. Hammersley, "The 'effective' number of independent observations in an autocorrelated
        time series", Suppl. J. R. Stat. Soc., vol. 8, no. 2, pp. 184-197, 1946.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Self

import numpy as np

from grid.arrays import Floats
from grid.twin.estimation.correlation import independent_share
from grid.twin.estimation.estimate import GRID_VOLTAGE_SPREAD, StateEstimate

TOLD: Final = 1e-6
"""Share of the variance of the external grids' voltage by which a step must narrow it to tell anything of it."""
WIDEST, POINTS = 8.0, 2000
"""Standard deviations of the external grids' voltage that are weighed: up to so many times the usual, and how many."""


@dataclass(frozen=True, eq=False)
class GridVoltageSpread:
    """How likely standard deviations of the external grids' voltage about the net's own are.

    Args:
        values: The standard deviations, ascending, shape (P,) [1].
        weights: How likely each is, shape (P,) [1].
    """

    values: Floats
    weights: Floats

    @property
    def rms(self) -> float:
        """Root mean square of the standard deviations [1]."""
        return float(np.sqrt(np.average(self.values**2, weights=self.weights)))

    def quantile(self, probability: float) -> float:
        """The standard deviation that is not exceeded with a probability [1]."""
        below = np.cumsum(self.weights) / self.weights.sum()
        return float(self.values[min(int(np.searchsorted(below, probability)), self.values.size - 1)])


def grid_voltage_spread(found: StateEstimate, usual: float = GRID_VOLTAGE_SPREAD) -> GridVoltageSpread:
    """Standard deviation of the external grids' voltage about the net's own, by an estimate that took the usual one.

    The deviations a that the measurements alone say are normal with variance w + τ², see `_measured_alone`.

    Args:
        found: The estimate.
        usual: The standard deviation s that it took [1], which is left where nothing was measured.
    """
    deviation, variance = _measured_alone(found, usual)
    told = np.isfinite(variance)
    if not told.any():
        return GridVoltageSpread(np.array([usual]), np.ones(1))
    deviation, variance = deviation[told], variance[told]
    tau = usual * WIDEST * np.append(0.0, (np.arange(POINTS) + 0.5) / POINTS)
    off = np.exp(-0.25 * (tau[1:] / usual) ** 2)  # of mean square 2 s², which either of both as likely makes s²
    within = variance[:, None] + tau**2
    likelihood = -0.5 * (np.log(within) + deviation[:, None] ** 2 / within).sum(axis=0)
    likelihood *= float(independent_share(deviation / np.sqrt(variance)))
    return GridVoltageSpread(tau, np.append(1.0, off / off.sum()) * np.exp(likelihood - likelihood.max()))


def _measured_alone(found: StateEstimate, spread: float) -> tuple[Floats, Floats]:
    """What measurements alone say of the external grids' voltage: deviation from the net's own, and its variance.

    That is the estimate m, of variance v, without its prior: 1 / w = 1 / v - 1 / s² and a = m w / v.

    Args:
        found: The estimate.
        spread: The standard deviation s of that voltage that it took [1].

    Returns:
        Shape (T,) each [1]; 0 with an infinite variance where they say nothing.
    """
    left = np.broadcast_to(found.gain.variance(_scale(found))[:, 0], found.settled.shape)
    told = found.settled & (left < (1 - TOLD) * spread**2)
    deviation, variance = np.zeros(told.size), np.full(told.size, np.inf)
    variance[told] = 1 / (1 / left[told] - 1 / spread**2)
    deviation[told] = (found.x[-1, told] - 1) * variance[told] / left[told]
    return deviation, variance


def _scale(found: StateEstimate) -> Floats:
    """The row of the state that is the voltage scale, shape (1, K)."""
    scale = np.zeros((1, len(found.x)))
    scale[0, -1] = 1.0
    return scale


@dataclass(frozen=True, eq=False)
class GridVoltages:
    """Voltages that external grids may have by an estimate, with the withdrawals that go with them; T steps.

    Args:
        spread: How likely standard deviations of it are.
        estimated: Voltage scale less 1 by the estimate, shape (T,) [1].
        deviation: What measurements alone say of it, shape (T,) [1].
        variance: Variance of that, likewise; infinite where they say nothing.
        slope: By how much withdrawals are more per voltage scale, the scale last, shape (V + 1, T) [MW or MVAr].
    """

    spread: GridVoltageSpread
    estimated: Floats
    deviation: Floats
    variance: Floats
    slope: Floats

    @classmethod
    def of(cls, found: StateEstimate, taken: float, spread: GridVoltageSpread) -> Self:
        """Those of an estimate that took one standard deviation [1], where it may be others."""
        covariance = found.gain.covariance_with(_scale(found)[0])
        slope = np.divide(covariance, covariance[-1], out=np.zeros_like(covariance), where=covariance[-1] > 0)
        estimated = np.where(found.settled, found.x[-1] - 1, 0.0)
        return cls(spread, estimated, *_measured_alone(found, taken), slope)

    def moved(self, error: Floats, probability: float, rng: np.random.Generator) -> Floats:
        """Errors drawn by the estimate, shape (V + 1, T), with the voltage drawn anew by one standard deviation.

        Given the voltage, withdrawals are what they are by any of them.

        Args:
            error: The errors, that of the voltage scale last.
            probability: With which the standard deviation is not greater than that taken.
            rng: All that is left to chance.
        """
        variance = self.spread.quantile(probability) ** 2
        weight = np.where(np.isfinite(self.variance), variance / (self.variance + max(variance, 1e-300)), 0.0)
        drawn = weight * self.deviation + np.sqrt(variance * (1 - weight)) * rng.standard_normal(weight.size)
        return np.asarray(error + self.slope * (drawn - self.estimated - error[-1]))
