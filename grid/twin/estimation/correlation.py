"""How errors of several series go together, by what was missed in the past.

References:
    [1] G. V. Bayley and J. M. Hammersley, "The 'effective' number of independent observations in an autocorrelated
        time series", Suppl. J. R. Stat. Soc., vol. 8, no. 2, pp. 184-197, 1946.
    [2] Y. Chen, A. Wiesel, Y. C. Eldar and A. O. Hero, "Shrinkage algorithms for MMSE covariance estimation", IEEE
        Trans. Signal Process., vol. 58, no. 10, pp. 5016-5029, 2010, equation 23.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from scipy import sparse
from scipy.sparse import linalg

from grid.arrays import Floats

MOST_CAUSES: Final = 64
"""Principal causes at most; ours: their number is that of products for each withdrawal and measurement."""


def independent_share(z: Floats) -> Floats:
    """Independent values per value of series whose means are known to be 0, by the correlation of those in a row [1].

    Args:
        z: Shape (T,) or (T, N).

    Returns:
        At least 1 / T, shape () or (N,) [1].
    """
    square, product = (z**2).sum(axis=0), (z[1:] * z[:-1]).sum(axis=0)
    correlation = np.divide(product, square, out=np.zeros_like(square), where=square > 0)
    correlation = np.maximum(correlation, 0.0)
    return np.asarray(np.maximum((1 - correlation) / (1 + correlation), 1 / len(z)))


def loadings_of_errors(error: Floats) -> sparse.csr_array:
    """Loadings of N series on independent causes that give them the correlation of past errors, see `PseudoInjections`.

    The correlation is that about a mean of 0, drawn towards none by oracle approximating shrinkage [2] with as many
    observations as are independent in the median series. Of many series the causes are the `MOST_CAUSES` principal
    ones, and what is left each series errs by a cause of its own. A series that never erred errs by that alone.

    Args:
        error: Errors of a series, each per their standard deviation at their time, shape (T, N) [1].

    Returns:
        Shape (C + N, N), a cause in each row, the series' own ones last [1]; squares of a column add up to 1.
    """
    root = np.sqrt((error**2).mean(axis=0))
    live = np.flatnonzero(root)
    z = error[:, live] / (root[live] * np.sqrt(len(error)))
    common = np.zeros((0, error.shape[1]))
    if live.size > 1:
        shrinkage = _shrinkage(z, len(z) * float(np.median(independent_share(z))))
        values, vectors = _principal(z)
        common = np.zeros((values.size, error.shape[1]))
        common[:, live] = np.sqrt(1 - shrinkage) * values[:, None] * vectors
    own = np.sqrt(np.maximum(1 - (common**2).sum(axis=0), 0.0))
    return sparse.csr_array(sparse.vstack([sparse.csr_array(common), sparse.diags_array(own)]))


def _principal(z: Floats) -> tuple[Floats, Floats]:
    """Greatest singular values and right vectors of a matrix, shapes (C,) and (C, N)."""
    if min(z.shape) <= MOST_CAUSES:
        _, values, vectors = np.linalg.svd(z, full_matrices=False)
    else:
        _, values, vectors = linalg.svds(z, MOST_CAUSES, v0=np.ones(min(z.shape)))
    return values, vectors


def _shrinkage(z: Floats, observations: float) -> float:
    """Weight of the identity matrix in the correlation matrix ``zᵀ z``, of trace N [1]."""
    n = z.shape[1]
    squares = float(((z.T @ z if n < len(z) else z @ z.T) ** 2).sum())
    apart = max(squares - n, np.finfo(float).tiny)
    return float(min(((1 - 2 / n) * squares + n**2) / ((observations + 1 - 2 / n) * apart), 1.0))
