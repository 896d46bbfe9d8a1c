"""What fleets and neighbours offer the market, and how the minimum load of running plants changes it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from carbon.upstream.market.merit_order import Clearing, clear_market
from carbon.upstream.market.region import Region
from grid.arrays import Floats, Ints
from grid.time.clock import Clock

_STOP_HOURS = 24
"""Plants stay in operation for a stop shorter than this, half of it to either side [h]."""


@dataclass(frozen=True, eq=False)
class Offers:
    """Columns of supply; column k < K is what fleet k can do beyond its must-run output, column K is trade.

    Trade is offered as supply from full export (0) to full import, so the market must serve the full export too.

    Args:
        must_run_mw: Shape (T, J) [MW].
        flexible_mw: Shape (T, J) [MW].
        cost_per_mwh: Cheapest and dearest plant in each month, shape (12, J, 2).
        owners: Fleet of each column, shape (J,); K for trade.
        months: Month of each step, 0 to 11, shape (T,).
    """

    must_run_mw: Floats
    flexible_mw: Floats
    cost_per_mwh: Floats
    owners: Ints
    months: Ints

    def clear(self, demand_mw: Floats) -> Clearing:
        """Clears the market of every month at its costs; columns as of the offers, demand of shape (T,)."""
        parts: list[tuple[Ints, Clearing]] = []
        for month in np.unique(self.months):
            steps = np.flatnonzero(self.months == month)
            low, high = self.cost_per_mwh[month].T
            parts.append(
                (steps, clear_market(demand_mw[steps], self.must_run_mw[steps], self.flexible_mw[steps], low, high))
            )
        if len(parts) == 1:
            return parts[0][1]
        order = np.argsort(np.concatenate([steps for steps, _ in parts]), kind="stable")
        joined = {
            name: np.concatenate([getattr(clearing, name) for _, clearing in parts])[order]
            for name in Clearing.__dataclass_fields__
        }
        return Clearing(**joined)


def months_of(clock: Clock) -> Ints:
    """Month (UTC) in which each step begins, 0 to 11, shape (T,)."""
    months = np.asarray(clock.times, dtype="datetime64[M]").astype(np.int64)
    return np.asarray(months % 12)


def offers_of(region: Region, must_run_mw: Floats, flexible_mw: Floats, months: Ints) -> Offers:
    """The fleets' offers by marginal cost, and the neighbours'.

    The dearest plants of a fleet run for few hours, in which they recover what a start costs.

    Args:
        region: Fleets and trade.
        must_run_mw: Of the fleets, shape (T, K) [MW].
        flexible_mw: Of the fleets, shape (T, K) [MW].
        months: From `months_of`.
    """
    fleets, carbon_price = region.technologies, region.carbon_price_per_t
    cost = np.array([[fleet.cost_range_per_mwh(carbon_price, month) for fleet in fleets] for month in range(1, 13)])
    cost[:, :, 1] += [fleet.start_up_per_mwh for fleet in fleets]
    least = must_run_mw
    trade = region.trade
    if trade is not None:
        followed = cost[:, [fleet.name for fleet in fleets].index(trade.follows), 0]
        prices = followed[:, None] * np.array([trade.price_export, trade.price_import])
        cost = np.concatenate((cost, prices[:, None, :]), axis=1)
        exchange_mw = np.full((len(months), 1), trade.import_max_mw + trade.export_max_mw)
        flexible_mw = np.concatenate((flexible_mw, exchange_mw), axis=1)
        least = np.concatenate((must_run_mw, np.zeros_like(exchange_mw)), axis=1)
    return Offers(least, flexible_mw, cost, np.arange(flexible_mw.shape[1]), months)


def with_minimum_load(offers: Offers, region: Region, clearing: Clearing, step_hours: float) -> Offers:
    """The same offers where plants in operation would rather run at minimum load than stop and start again.

    What runs at the highest hour within half a day counts as in operation. Its minimum load is offered below marginal
    cost by what a start costs per MWh of the stop it avoids; the rest as before. This is the part of unit commitment
    that matters for prices in hours of surplus, without its integers [1].

    Args:
        offers: Of all fleets.
        region: Its fleets say what a start costs.
        clearing: The market of `offers`.
        step_hours: Length of a step [h].

    References:
        [1] B. F. Hobbs et al., "The Next Generation of Electric Power Unit Commitment Models", Kluwer, 2001, ch. 1.
    """
    starting = [k for k, fleet in enumerate(region.technologies) if fleet.start_up_per_mwh > 0]
    if not starting:
        return offers
    width = 2 * round(_STOP_HOURS / 2 / step_hours) + 1
    running_mw = np.maximum(clearing.p_mw[:, starting] - offers.must_run_mw[:, starting], 0.0)
    share = np.array([region.technologies[k].minimum_load_share for k in starting])
    start_up = np.array([region.technologies[k].start_up_per_mwh for k in starting])
    least_mw = share * _highest_around(running_mw, width)
    least_mw = np.minimum(least_mw, offers.flexible_mw[:, starting])
    flexible_mw = offers.flexible_mw.copy()
    flexible_mw[:, starting] -= least_mw
    return Offers(
        must_run_mw=np.concatenate((offers.must_run_mw, np.zeros_like(least_mw)), axis=1),
        flexible_mw=np.concatenate((flexible_mw, least_mw), axis=1),
        cost_per_mwh=np.concatenate(
            (offers.cost_per_mwh, offers.cost_per_mwh[:, starting] - start_up[:, None]), axis=1
        ),
        owners=np.concatenate((offers.owners, starting)),
        months=offers.months,
    )


def _highest_around(values: Floats, width: int) -> Floats:
    """Highest of the `width` rows around each row, an odd number, shape (T, J); at the ends of those that there are."""
    half = width // 2
    highest, covered = np.pad(values, ((half, half), (0, 0)), mode="edge"), 1
    while covered < width:  # of as many rows as are covered twice, and then of what is missing
        more = min(covered, width - covered)
        highest = np.maximum(highest[:-more], highest[more:])
        covered += more
    return np.asarray(highest)


def by_owner(values: Floats, owners: Ints, n_owners: int) -> Floats:
    """Sums columns of one owner, shape (T, J) to (T, n_owners)."""
    sums = np.zeros((len(values), n_owners))
    for column, owner in enumerate(owners):
        sums[:, owner] += values[:, column]
    return sums
