"""Points of sampled designs in the unit cube, in the order of their runs."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy

from app.batch.sweep.schema import LatinHypercube, Saltelli, Sobol
from grid.arrays import Floats

SampledDesign = LatinHypercube | Sobol | Saltelli


@dataclass(frozen=True)
class SampledPoint:
    """One run of a sampled design.

    Args:
        sample: Place of the sample it belongs to, from 0.
        matrix: Of a Saltelli design: ``A``, ``B``, ``AB`` or ``BA``; else empty.
        column: Of ``AB`` and ``BA``: place of the parameter whose column is the other matrix's; else None.
        shares: The point, shape (P,), each between 0 and 1.
    """

    sample: int
    matrix: str
    column: int | None
    shares: Floats


def sampled_points(design: SampledDesign, seed: int) -> list[SampledPoint]:
    """The points of a design, the same for the same seed.

    References:
        [1] M. D. McKay, R. J. Beckman, W. J. Conover, "A comparison of three methods for selecting values of input
            variables in the analysis of output from a computer code", Technometrics, vol. 21, pp. 239-245, 1979.
        [2] A. B. Owen, "Scrambling Sobol' and Niederreiter-Xing points", Journal of Complexity, vol. 14, 1998.
        [3] A. Saltelli et al., "Variance based sensitivity analysis of model output. Design and estimator for the total
            sensitivity index", Computer Physics Communications, vol. 181, pp. 259-270, 2010.
    """
    width, generator = len(design.parameters), np.random.default_rng(seed)
    if isinstance(design, LatinHypercube):
        return _plain(scipy.stats.qmc.LatinHypercube(width, rng=generator).random(design.samples))
    power = design.samples.bit_length() - 1
    if isinstance(design, Sobol):
        return _plain(scipy.stats.qmc.Sobol(width, rng=generator).random_base2(power))
    both = scipy.stats.qmc.Sobol(2 * width, rng=generator).random_base2(power)
    return _saltelli(both[:, :width], both[:, width:], second_order=design.second_order)


def _plain(points: Floats) -> list[SampledPoint]:
    return [SampledPoint(k, "", None, point) for k, point in enumerate(points)]


def _saltelli(a: Floats, b: Floats, *, second_order: bool) -> list[SampledPoint]:
    """A and B, then all that have one column of the other; sample by sample within each."""
    made = [SampledPoint(k, name, None, point) for name, points in (("A", a), ("B", b)) for k, point in
            enumerate(points)]  # fmt: skip
    for name, points, other in (("AB", a, b), ("BA", b, a))[: 2 if second_order else 1]:
        for column in range(a.shape[1]):
            mixed = points.copy()
            mixed[:, column] = other[:, column]
            made += [SampledPoint(k, name, column, point) for k, point in enumerate(mixed)]
    return made
