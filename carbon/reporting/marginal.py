"""Marginal intensity: what one more megawatt-hour would emit. It tells consequences; no inventory is made of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NoReturn

import numpy as np

from carbon.validation import array_faults
from grid.arrays import Floats, read_only
from grid.errors import InputError, raise_if_any
from grid.large_arrays import moved_out


@dataclass(frozen=True, eq=False)
class MarginalIntensity:
    """Emissions of a little more or a little less consumption, of either side where they differ.

    At a tie between two generators, or at a limit, the first megawatt-hour more is made by another unit than the last
    one was: the derivative has two values. A marginal intensity may be negative, or above that of any generator.
    Times *all* consumption it means nothing (it would count the dearest plant for every megawatt-hour), so arithmetic
    with it is refused: ask for the `impact_kg` of a change.

    Args:
        below_kg_per_mwh: What a MWh less saves, shape (T,) of a region or (T, N) of nodes [kg/MWh].
        above_kg_per_mwh: What a MWh more emits, same shape [kg/MWh].

    Raises:
        InputError: If shapes disagree or a value is not finite.
    """

    below_kg_per_mwh: Floats
    above_kg_per_mwh: Floats

    __array_ufunc__ = None
    """numpy leaves arithmetic to this type, which refuses it."""

    def __post_init__(self) -> None:
        for name in ("below_kg_per_mwh", "above_kg_per_mwh"):
            object.__setattr__(self, name, read_only(getattr(self, name)))
        raise_if_any(
            [
                *array_faults("below_kg_per_mwh", self.below_kg_per_mwh, self.below_kg_per_mwh.shape),
                *array_faults("above_kg_per_mwh", self.above_kg_per_mwh, self.below_kg_per_mwh.shape),
            ]
        )

    @property
    def is_tie(self) -> Floats:
        """Where the two sides differ; same shape, 1 or 0."""
        differs = ~np.isclose(self.below_kg_per_mwh, self.above_kg_per_mwh, rtol=1e-9, atol=1e-9)
        return differs.astype(np.float64)

    def impact_kg(self, delta_mwh: Floats) -> Floats:
        """Emissions caused by a change of consumption, small against the system; same shape [kg].

        Args:
            delta_mwh: More (positive) or less (negative) consumption, of the intensity's shape [MWh].

        Raises:
            InputError: If it does not fit or is not finite.
        """
        change = np.asarray(delta_mwh, dtype=np.float64)
        raise_if_any(array_faults("delta_mwh", change, self.above_kg_per_mwh.shape))
        per_mwh = np.where(change < 0, self.below_kg_per_mwh, self.above_kg_per_mwh)
        return np.asarray(change * per_mwh)

    def at_nodes(self, loss_sensitivity: Floats) -> MarginalIntensity:
        """The marginal intensity of each node: that of the region, with the losses that a MWh there causes.

        A MWh more at node n takes ``1 + d(loss) / d(p_n)`` from the region, as long as the import serves it and no
        limit of the grid binds (where one does, the dispatch's duals tell, and `MarginalIntensity` takes them as they
        are).

        Args:
            loss_sensitivity: Losses of the grid for a MWh more at each node, shape (T, N) [MWh/MWh].

        Raises:
            InputError: If this is not the intensity of a region, or shapes disagree.
        """
        if self.above_kg_per_mwh.ndim != 1:
            raise InputError.single(
                "at_nodes", "must be asked of the intensity of a region", self.above_kg_per_mwh.shape
            )
        shape = (*self.above_kg_per_mwh.shape, *loss_sensitivity.shape[1:2])
        raise_if_any(array_faults("loss_sensitivity", loss_sensitivity, shape))
        taken = 1.0 + loss_sensitivity
        below, above = self.below_kg_per_mwh[:, None] * taken, self.above_kg_per_mwh[:, None] * taken
        less = taken < 0  # more use there takes less from the region
        return MarginalIntensity(moved_out(np.where(less, above, below)), moved_out(np.where(less, below, above)))

    def __mul__(self, other: object) -> NoReturn:
        """Refused.

        Raises:
            TypeError: Always.
        """
        raise TypeError("a marginal intensity is no factor of an inventory; use .impact_kg(delta_mwh) for a change")

    __rmul__ = __matmul__ = __rmatmul__ = __mul__


def regional_marginal(
    ci_marginal_kg_per_mwh: Floats,
    ci_below_kg_per_mwh: Floats | None = None,
    ci_above_kg_per_mwh: Floats | None = None,
) -> MarginalIntensity:
    """The marginal intensity of a region, from what `carbon.upstream.Upstream` or another source of it holds.

    Args:
        ci_marginal_kg_per_mwh: That of one more MWh, shape (T,) [kg/MWh].
        ci_below_kg_per_mwh: What one MWh less saves, same shape; None: the same.
        ci_above_kg_per_mwh: What one MWh more emits, same shape; None: `ci_marginal_kg_per_mwh`.

    Raises:
        InputError: If shapes disagree or a value is not finite.
    """
    below, above = (
        ci_marginal_kg_per_mwh if side is None else side for side in (ci_below_kg_per_mwh, ci_above_kg_per_mwh)
    )
    return MarginalIntensity(below, above)


def merit_order_marginal(
    demand_mw: Floats, capacity_mw: Floats, ci_kg_per_mwh: Floats, tolerance_mw: float = 1e-6
) -> MarginalIntensity:
    """Marginal intensity of a merit order without anything that couples one step to another.

    The unit that serves the next MW is the first in the order whose capacity is not used up, the unit that served the
    last MW is the last that runs. They differ where the demand fills a unit exactly: a tie.

    Args:
        demand_mw: Demand, shape (T,), at least 0 [MW].
        capacity_mw: Capacity of each unit in ascending order of cost, shape (T, U), at least 0 [MW].
        ci_kg_per_mwh: Intensity of each unit, shape (U,) [kg/MWh].
        tolerance_mw: How close to a unit's limit counts as at it [MW].

    Returns:
        The intensity, shape (T,). Beyond the last unit, and before the first, it is that unit's.

    Raises:
        InputError: If shapes disagree or a power is negative or not finite.
    """
    n_steps, n_units = len(demand_mw), len(ci_kg_per_mwh)
    raise_if_any(
        [
            *array_faults("demand_mw", demand_mw, (n_steps,), low=0),
            *array_faults("capacity_mw", capacity_mw, (n_steps, n_units), low=0),
            *array_faults("ci_kg_per_mwh", ci_kg_per_mwh, (n_units,)),
        ]
    )
    filled = np.cumsum(capacity_mw, axis=1)
    empty = capacity_mw <= tolerance_mw
    last = np.where((filled < demand_mw[:, None] - tolerance_mw) | empty, np.inf, filled).argmin(axis=1)
    following = np.where((filled <= demand_mw[:, None] + tolerance_mw) | empty, np.inf, filled).argmin(axis=1)
    largest = np.where(empty, -1, np.arange(n_units)).max(axis=1)
    beyond = filled[:, -1] <= demand_mw + tolerance_mw
    above = np.where(beyond, largest, following)
    below = np.where(filled[:, -1] < demand_mw - tolerance_mw, largest, last)
    return MarginalIntensity(below_kg_per_mwh=ci_kg_per_mwh[below], above_kg_per_mwh=ci_kg_per_mwh[above])
