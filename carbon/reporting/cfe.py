"""The 24/7 carbon-free energy score: what share of every hour's load was met by carbon-free energy."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from carbon.validation import array_faults
from grid.arrays import Floats
from grid.errors import raise_if_any


@dataclass(frozen=True)
class CfeScore:
    """Scores of a load over a period [1].

    Args:
        hourly: Contracted energy counts in the step in which it is made, the rest by the grid's share: the 24/7 score.
        contracts_annual: Contracted energy over load, both over the period: what yearly matching would say.
        with_grid_annual: The same with the grid's share of the rest.
        grid: The load-weighted share of the grid, contracts left out.
    """

    hourly: float
    contracts_annual: float
    with_grid_annual: float
    grid: float


def cfe_score(load_mwh: Floats, contracted_mwh: Floats, grid_share: Floats) -> CfeScore:
    """24/7 CFE of a load [1].

    ``Σ [min(L, C) + (L - min(L, C)) g] / Σ L``: contracted carbon-free energy counts up to the load of its own step,
    never more, and what is left is as carbon-free as the grid is in that step.

    Args:
        load_mwh: Load, shape (T,) [MWh].
        contracted_mwh: Carbon-free energy under contract, shape (T,) [MWh].
        grid_share: Carbon-free share of the electricity that the grid delivers, shape (T,) [1]. A plant under contract
            that feeds the same grid is in this share too, unless it was taken out before.

    Raises:
        InputError: If shapes disagree, a value is negative or not finite, a share exceeds 1, or there is no load.

    References:
        [1] Google, "24/7 Carbon-Free Energy: Methodologies and Metrics", 2021.
    """
    shape = load_mwh.shape
    faults = [
        *array_faults("load_mwh", load_mwh, shape, low=0),
        *array_faults("contracted_mwh", contracted_mwh, shape, low=0),
        *array_faults("grid_share", grid_share, shape, low=0, high=1),
    ]
    raise_if_any(faults or array_faults("load_mwh.sum()", np.atleast_1d(load_mwh.sum()), (1,), low=1e-12))
    total = float(load_mwh.sum())
    matched = np.minimum(load_mwh, contracted_mwh)
    grid = float((load_mwh * grid_share).sum()) / total
    volume = min(float(contracted_mwh.sum()) / total, 1.0)
    return CfeScore(
        hourly=float((matched + (load_mwh - matched) * grid_share).sum()) / total,
        contracts_annual=volume,
        with_grid_annual=volume + (1.0 - volume) * grid,
        grid=grid,
    )
