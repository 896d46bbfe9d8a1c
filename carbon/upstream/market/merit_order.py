"""The market of a region: supply in order of marginal cost, for all steps at once."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from grid.arrays import Floats, Ints

_TIE = 1e-12  # relative distance at which demand counts as meeting a kink


@dataclass(frozen=True, eq=False)
class Clearing:
    """What runs, and the price.

    Args:
        p_mw: Output of each fleet, shape (T, K) [MW].
        p_marginal: Share of each fleet in one MW less of demand, shape (T, K); sums to 1 in each step, or is 0 where
            demand is unserved.
        p_marginal_above: Share of each fleet in one MW more; differs from `p_marginal` only where demand meets a
            kink of the supply curve (a tie). Sums to 1, or is 0 where all supply runs.
        unserved_mw: Demand beyond all supply, shape (T,) [MW].
        price_per_mwh: Cost of the dearest plant that runs, shape (T,); NaN where demand is unserved.
    """

    p_mw: Floats
    p_marginal: Floats
    p_marginal_above: Floats
    unserved_mw: Floats
    price_per_mwh: Floats


def clear_market(
    demand_mw: Floats, must_run_mw: Floats, flexible_mw: Floats, cost_min_per_mwh: Floats, cost_max_per_mwh: Floats
) -> Clearing:
    """Clears a uniform-price market of linear supply curves.

    Fleet k offers at price c its must-run output and the share (c - min) / (max - min) of its flexible output, so
    that total supply is piecewise linear in price with the same kinks in every step: it is evaluated at the kinks
    and inverted between them. Where must-run output alone exceeds demand, all of it is curtailed in proportion.

    Args:
        demand_mw: Shape (T,), positive [MW].
        must_run_mw: Output whatever the price, shape (T, K) [MW].
        flexible_mw: What else could run, shape (T, K) [MW].
        cost_min_per_mwh: Marginal cost of each fleet's cheapest plant, shape (K,).
        cost_max_per_mwh: Marginal cost of its dearest plant, shape (K,).

    Returns:
        Output that sums, with the unserved demand, to demand in each step.
    """
    prices, running = _supply_at_kinks(cost_min_per_mwh, cost_max_per_mwh)
    supply_mw = must_run_mw.sum(axis=1)[:, None] + flexible_mw @ running.T
    last = len(prices) - 1
    upper = np.clip((supply_mw < demand_mw[:, None]).sum(axis=1), 1, last)
    steps = np.arange(len(demand_mw))
    below_mw, above_mw = supply_mw[steps, upper - 1], supply_mw[steps, upper]
    rise_mw = above_mw - below_mw
    weight = np.clip((demand_mw - below_mw) / np.where(rise_mw > 0, rise_mw, 1.0), 0.0, 1.0)
    weight = np.where(rise_mw > 0, weight, 1.0)
    share = running[upper - 1] + weight[:, None] * (running[upper] - running[upper - 1])
    p_mw = must_run_mw + flexible_mw * share
    excess = np.minimum(1.0, demand_mw / np.maximum(p_mw.sum(axis=1), np.finfo(float).tiny))
    p_mw = p_mw * excess[:, None]
    short = supply_mw[:, last] < demand_mw
    marginal, above = _marginals(demand_mw, supply_mw, flexible_mw, running, p_mw)
    price = prices[upper - 1] + weight * (prices[upper] - prices[upper - 1])
    price = np.where(supply_mw[:, 0] >= demand_mw, prices[0], price)
    return Clearing(
        p_mw=p_mw,
        p_marginal=np.where(short[:, None], 0.0, marginal),
        p_marginal_above=above,
        unserved_mw=np.maximum(demand_mw - p_mw.sum(axis=1), 0.0) * short,
        price_per_mwh=np.where(short, np.nan, price),
    )


def supply_curve(flexible_mw: Floats, cost_min_per_mwh: Floats, cost_max_per_mwh: Floats) -> tuple[Floats, Floats]:
    """Prices and the flexible supply at each, shape (M,) each; arguments as of `clear_market`, shape (K,)."""
    prices, running = _supply_at_kinks(cost_min_per_mwh, cost_max_per_mwh)
    return prices, running @ flexible_mw


def _marginals(
    demand_mw: Floats, supply_mw: Floats, flexible_mw: Floats, running: Floats, p_mw: Floats
) -> tuple[Floats, Floats]:
    """Share of each fleet in one MW less and in one more, shape (T, K) each."""
    last = supply_mw.shape[1] - 1
    upper = np.clip((supply_mw < demand_mw[:, None]).sum(axis=1), 1, last)
    beyond = (supply_mw <= demand_mw[:, None] * (1 + _TIE)).sum(axis=1)
    must_run_mw = supply_mw[:, 0]
    below = _share_of_segment(flexible_mw, running, upper)
    below = np.where((must_run_mw >= demand_mw)[:, None], _share_of_row(p_mw), below)
    above = _share_of_segment(flexible_mw, running, np.clip(beyond, 1, last))
    above = np.where((beyond > last)[:, None], 0.0, above)
    same = (must_run_mw > demand_mw) | ((beyond == upper) & (must_run_mw < demand_mw))
    return below, np.where(same[:, None], below, above)


def _share_of_segment(flexible_mw: Floats, running: Floats, upper: Ints) -> Floats:
    """Share of each fleet in the supply between two kinks, of which `upper` is the higher, shape (T, K)."""
    return _share_of_row(flexible_mw * (running[upper] - running[upper - 1]))


def _supply_at_kinks(cost_min_per_mwh: Floats, cost_max_per_mwh: Floats) -> tuple[Floats, Floats]:
    """Prices of all kinks, shape (M,), and the share of each fleet that runs there, shape (M, K).

    Each price stands twice, below and above the step of fleets whose plants all cost the same.
    """
    kinks = np.unique(np.concatenate((cost_min_per_mwh, cost_max_per_mwh)))
    spread = cost_max_per_mwh - cost_min_per_mwh
    rising = np.clip((kinks[:, None] - cost_min_per_mwh) / np.where(spread > 0, spread, 1.0), 0.0, 1.0)
    below = np.where(spread > 0, rising, kinks[:, None] > cost_min_per_mwh)
    above = np.where(spread > 0, rising, kinks[:, None] >= cost_min_per_mwh)
    running = np.stack((below, above), axis=1).reshape(2 * len(kinks), -1)
    return np.repeat(kinks, 2), running


def _share_of_row(p_mw: Floats) -> Floats:
    total_mw = p_mw.sum(axis=1, keepdims=True)
    return np.asarray(p_mw / np.where(total_mw > 0, total_mw, 1.0))
