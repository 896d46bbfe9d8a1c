"""Forecasts of total powers that were made elsewhere, as a window of the dispatch sees them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any

import numpy as np

from grid.arrays import Floats
from grid.errors import Fault, raise_if_any
from grid.flexibility.per_slot import values_of
from optimizer.forecast.forecast import available_power, is_available, with_values
from optimizer.problem.problem import DispatchProblem


@dataclass(frozen=True, eq=False)
class IssuedPowers:
    """What is forecast when a window begins; H steps, B buses.

    Args:
        p_fixed_mw: Withdrawal that cannot be moved, shape (H, B) [MW].
        q_fixed_mvar: Its reactive power, shape (H, B) [MVAr].
        available_mw: What sun and wind allow assets to feed in altogether, by name, shape (H,) each [MW].
    """

    p_fixed_mw: Floats
    q_fixed_mvar: Floats
    available_mw: Mapping[str, Floats] = field(default_factory=lambda: MappingProxyType({}))


@dataclass(frozen=True)
class IssuedForecasts:
    """A window sees what was forecast when it begins; prices, carbon and cars are known.

    What assets can feed in is shared among their devices by the most that each can feed in at all.

    Args:
        issue: What is forecast for the steps from `first` to `stop` - 1 when step `first` begins.
    """

    issue: Callable[[int, int], IssuedPowers]

    def __call__(self, problem: DispatchProblem, first: int, stop: int) -> DispatchProblem:
        """The problem as seen at the beginning of step `first`.

        Raises:
            InputError: If what is issued has another shape, or names an asset that sun and wind do not drive.
        """
        issued, at = self.issue(first, stop), np.arange(first, stop)
        shape = (at.size, problem.p_fixed_mw.shape[1])
        assets = {f.name: f for f in problem.flexibilities}
        faults = [
            Fault(f"forecast.{name}", f"must have shape {shape}", values.shape)
            for name, values in (("p_fixed_mw", issued.p_fixed_mw), ("q_fixed_mvar", issued.q_fixed_mvar))
            if values.shape != shape
        ]
        faults += [
            Fault(f"forecast.available_mw.{name}", "is no asset that sun or wind drives")
            for name in issued.available_mw
            if name not in assets or not is_available(assets[name])
        ]
        raise_if_any(faults, "the forecast that was issued")
        changes: dict[str, Any] = {
            name: with_values(getattr(problem, name), at, getattr(issued, name))
            for name in ("p_fixed_mw", "q_fixed_mvar")
        }
        for name, total in issued.available_mw.items():
            asset = assets[name]
            most = -np.minimum.reduceat(values_of(asset.p_min_mw), asset.offsets[:-1])
            assets[name] = available_power(asset, at, -np.outer(most / most.sum(), np.maximum(total, 0.0)))
        return replace(problem, flexibilities=tuple(assets.values()), **changes)
