"""How the change of a sum of products is shared out among their factors, so that nothing is left over."""

from __future__ import annotations

import numpy as np

from grid.arrays import Floats


def at_mean(change: Floats, before: Floats, after: Floats) -> Floats:
    """A change at the mean of what the other factor was before and after: the Shapley value of one of two factors [1].

    ``a₁ b₁ - a₀ b₀ = (a₁ - a₀) (b₀ + b₁) / 2 + (b₁ - b₀) (a₀ + a₁) / 2``, so the two of a product leave no rest, swap
    signs when before and after do, and need neither logarithms nor positive values.

    Args:
        change: Change of one factor, shape (T,).
        before: The other factor before, shape (T,).
        after: The other factor after, shape (T,).

    References:
        [1] J. Albrecht, D. François, K. Schoors, "A Shapley decomposition of carbon emissions without residuals",
            Energy Policy, vol. 30, pp. 727-736, 2002.
    """
    shared: Floats = change * (before + after) / 2
    return shared


def amount_and_timing(before: Floats, after: Floats) -> tuple[Floats, Floats]:
    """The change of a use of energy in every step: because there is more or less of it, and because its hours changed.

    A use is its amount times its pattern, the share of the amount in each step. What is drawn and what is fed in, which
    is below zero, have an amount and a pattern each, so that no sum of both is near zero. A use that one of the two
    results does not have takes the pattern of the other: all of its change is amount.

    Args:
        before: Energy of the use in every step, shape (T,) [MWh].
        after: The same afterwards.

    Returns:
        Change by the amount and change by the pattern, shape (T,) each [MWh]; they sum to the change.
    """
    change = after - before
    amount = np.zeros_like(change)
    for part in (np.maximum, np.minimum):
        amount += _of_amount(part(before, 0.0), part(after, 0.0))
    return amount, change - amount


def _of_amount(before: Floats, after: Floats) -> Floats:
    """The change by the amount, of values that have one sign."""
    total_before, total_after = float(before.sum()), float(after.sum())
    if total_before == 0 and total_after == 0:
        return np.zeros_like(before)
    patterns = [values / total for values, total in ((before, total_before), (after, total_after)) if total != 0]
    changed: Floats = (total_after - total_before) * sum(patterns, np.zeros_like(before)) / len(patterns)
    return changed
