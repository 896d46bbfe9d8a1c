"""How far off expectations really are, by what was measured.

Every station's withdrawal by all others, against what it measured; and the voltage of the external grids by the
measurements alone, against the net's own. The variance of the latter is a component of variance: what voltages are off
by in all steps holds that of the meters, which is known, and that of the external grids, which is the rest. Either the
external grids have the voltage of the net, or they deviate from it, by a standard deviation that is half-normal [1];
both are as likely before anything is measured, and weighed by how likely they make what was measured [2]. Steps in a
row count for as many as are independent [3].

References:
    [1] A. Gelman, "Prior distributions for variance parameters in hierarchical models", Bayesian Analysis, vol. 1,
        no. 3, pp. 515-534, 2006.
    [2] R. E. Kass and A. E. Raftery, "Bayes factors", J. Amer. Statist. Assoc., vol. 90, no. 430, pp. 773-795, 1995.
    [3] G. V. Bayley and J. M. Hammersley, "The 'effective' number of independent observations in an autocorrelated
        time series", Suppl. J. R. Stat. Soc., vol. 8, no. 2, pp. 184-197, 1946.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from app.twin.estimation.expectations import Expectations
from grid.arrays import Floats
from grid.network.network import Network
from grid.twin.estimation.estimate import GRID_VOLTAGE_SPREAD, StateEstimate, estimate
from grid.twin.estimation.measured import BUS_QUANTITIES, MeasuredValues

LEAST, MOST = 1.0, 3.0
"""Between which a factor lies: a few stations are no reason to narrow the bands of all other buses, and beyond the
greater, expectations are wrong and not only their spread."""
FEWEST: Final = 100
"""Values from which a factor is taken."""
NORMAL_90: Final = 1.6449
"""Two-sided 90 % quantile of the normal distribution."""
MOST_STATIONS: Final = 8
MOST_STEPS: Final = 32
"""Stations left out one by one, and steps of each."""
TOLD: Final = 1e-6
"""Share of the variance of the external grids' voltage by which a step must narrow it to tell anything of it."""
WIDEST, POINTS = 8.0, 2000
"""Standard deviations of the external grids' voltage that are weighed: up to so many times the usual, and how many."""


@dataclass(frozen=True)
class SpreadFactors:
    """What the spread of expectations is multiplied with, and that of the external grids' voltage.

    Args:
        active: Of active powers [1].
        reactive: Of reactive powers [1].
        n_stations: Stations that were left out one by one; 0: too few measure withdrawals, and nothing is changed.
        grid_voltage: Standard deviation of the external grids' voltage about the net's own [1].
    """

    active: float = 1.0
    reactive: float = 1.0
    n_stations: int = 0
    grid_voltage: float = GRID_VOLTAGE_SPREAD


def spread_factors(network: Network, measured: MeasuredValues, expected: Expectations) -> SpreadFactors:
    """The factors with which bands of stations that are left out hold 90 % of what they measured.

    Args:
        network: The network.
        measured: Measurements of T steps.
        expected: What is expected of the elements in these steps.
    """
    pseudo, *_ = expected.pseudo()
    unknown = np.setdiff1d(np.arange(len(expected.elements.name)), expected.known)
    known = set(expected.elements.bus.tolist()) - set(expected.elements.bus[unknown].tolist())
    drawing = np.unique(pseudo.bus)
    stations = [
        int(place) for quantity, place in zip(measured.quantity, measured.place, strict=True)
        if quantity == "p_mw" and place in drawing and int(place) not in known
        and network.buses.node[place] not in network.slack
    ]  # fmt: skip
    steps = np.unique(np.linspace(0, measured.n_steps - 1, min(MOST_STEPS, measured.n_steps)).astype(int))
    found: dict[str, list[Floats]] = {"p_mw": [], "q_mvar": []}
    part, expects = measured.steps(steps), pseudo.steps(steps)
    for bus in stations[:MOST_STATIONS]:
        at = _at(network, measured, bus)
        left = estimate(network, part.select(np.flatnonzero(~at)), expects)
        for quantity, values in found.items():
            here = np.flatnonzero(at & (np.array(measured.quantity) == quantity))
            if here.size:
                values.append(_normalised(left, part.select(here)))
    factors = [_factor(np.concatenate(values)) if values else 1.0 for values in found.values()]
    return SpreadFactors(factors[0], factors[1], min(len(stations), MOST_STATIONS))


def grid_voltage_spread(found: StateEstimate, usual: float = GRID_VOLTAGE_SPREAD) -> float:
    """Standard deviation of the external grids' voltage about the net's own, by an estimate that took the usual one.

    What the measurements alone say of the voltage of a step is the estimate without its prior: 1 / w = 1 / v - 1 / s²
    for variances, and a = m w / v for the deviation m. The deviations are normal with variance w + τ²; what is taken
    is the root of the posterior mean of τ², which is s² where nothing was measured.

    Args:
        found: The estimate.
        usual: The standard deviation s that it took [1].
    """
    scale = np.zeros((1, len(found.x)))
    scale[0, -1] = 1.0
    left = np.broadcast_to(found.gain.variance(scale)[:, 0], found.settled.shape)
    told = found.settled & (left < (1 - TOLD) * usual**2)
    if not told.any():
        return usual
    variance = 1 / (1 / left[told] - 1 / usual**2)
    deviation = (found.x[-1, told] - 1) * variance / left[told]
    tau = usual * WIDEST * np.append(0.0, (np.arange(POINTS) + 0.5) / POINTS)
    off = np.exp(-0.25 * (tau[1:] / usual) ** 2)  # of mean square 2 s², which either of both as likely makes s²
    within = variance[:, None] + tau**2
    likelihood = -0.5 * (np.log(within) + deviation[:, None] ** 2 / within).sum(axis=0)
    likelihood *= _independent_share(deviation / np.sqrt(variance))
    weight = np.append(1.0, off / off.sum()) * np.exp(likelihood - likelihood.max())
    return float(np.sqrt(np.average(tau**2, weights=weight)))


def _independent_share(z: Floats) -> float:
    """Independent values per value of a series whose mean is known to be 0, by the correlation of those in a row."""
    square = float(z @ z)
    correlation = max(float(z[1:] @ z[:-1]) / square, 0.0) if square > 0 else 0.0
    return max((1 - correlation) / (1 + correlation), 1 / z.size)


def _at(network: Network, measured: MeasuredValues, bus: int) -> np.ndarray:
    """Values that are measured at a bus, shape (M,)."""
    branches = network.branches
    found = np.zeros(len(measured.quantity), dtype=bool)
    for k, (quantity, place) in enumerate(zip(measured.quantity, measured.place, strict=True)):
        if quantity in BUS_QUANTITIES:
            found[k] = place == bus
        else:
            found[k] = (branches.from_bus if "_from_" in quantity else branches.to_bus)[place] == bus
    return found


def _normalised(left: StateEstimate, measured: MeasuredValues) -> Floats:
    readings = left.model.readings(measured)
    error = measured.values.T - readings.values(left.swept, left.x)
    variance = left.gain.variance(left.sensitivity(readings)).T + np.asarray(measured.standard_deviation).T ** 2
    z = error / np.sqrt(variance)
    return np.asarray(z[np.isfinite(z)])


def _factor(z: Floats) -> float:
    if z.size < FEWEST:
        return 1.0
    return float(np.clip(np.quantile(np.abs(z), 0.9) / NORMAL_90, LEAST, MOST))
