"""Small, inefficient rooms against one hall that takes over their work."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from carbon.data_centre.facility import it_demand_mw
from carbon.data_centre.spec import DataCentre
from carbon.data_centre.studies.operation import OperatingSite, OperationTotals, annuity, as_table, operate
from grid.arrays import Floats
from grid.errors import Fault, raise_if_any

if TYPE_CHECKING:
    import polars as pl


@dataclass(frozen=True)
class Investment:
    """An investment and how it is paid back.

    Args:
        capital: Of the investment [currency].
        lifetime_years: How long it lasts [years].
        discount_rate: Interest a year [1].
    """

    capital: float
    lifetime_years: float = 15.0
    discount_rate: float = 0.05

    def __post_init__(self) -> None:
        faults = []
        if self.capital < 0:
            faults.append(Fault("capital", "must not be negative", self.capital))
        if self.lifetime_years <= 0:
            faults.append(Fault("lifetime_years", "must be longer than 0", self.lifetime_years))
        if self.discount_rate < 0:
            faults.append(Fault("discount_rate", "must not be negative", self.discount_rate))
        raise_if_any(faults, "the investment")

    @property
    def per_year(self) -> float:
        """Yearly payment [currency/year]."""
        return annuity(self.capital, self.lifetime_years, self.discount_rate)


@dataclass(frozen=True)
class Retrofit:
    """Before and after; savings are positive.

    Args:
        before: The rooms.
        after: What takes over, and rooms that stay.
        saved_mwh: Energy [MWh].
        saved_water_l: Water [L].
        saved_t: Emissions [t].
        saved_cost: Energy cost less the investment's payment over the period [currency].
        cost_per_t: Net cost of each tonne saved [currency/t]; negative where it pays; None where none is saved.
        payback_years: Capital over the yearly saving of energy cost [years]; None where nothing is saved.
    """

    before: tuple[OperationTotals, ...]
    after: tuple[OperationTotals, ...]
    saved_mwh: float
    saved_water_l: float
    saved_t: float
    saved_cost: float
    cost_per_t: float | None
    payback_years: float | None

    def table(self) -> pl.DataFrame:
        """Before and after, row by row."""
        return as_table([*self.before, *self.after])


def consolidated_load_mw(rooms: Sequence[DataCentre], hall: DataCentre, site: OperatingSite) -> Floats:
    """IT power of a hall that takes over the work of rooms, shape (T,) [MW].

    Where both sides say how servers turn work into power (`it_load`), the work is moved: as many servers of the hall's
    type as carry it at the hall's utilisation, one unit of work being a rated megawatt at full load. Otherwise the
    power is moved as it is.

    Args:
        rooms: The rooms.
        hall: The hall; its own load does not count.
        site: Where and when.

    Raises:
        InputError: If the hall is too small.
    """
    clock, zone = site.clock, site.time_zone
    powers = [it_demand_mw(room, clock, zone, site.air, site.folder) for room in rooms]
    moved = np.asarray(np.sum(powers, axis=0), dtype=np.float64)
    works = [
        room.p_it_rated_mw * room.it_load.installed(clock) * room.it_load.utilisation(clock, zone, site.folder)
        for room in rooms
        if room.it_load is not None
    ]
    if hall.it_load is not None and len(works) == len(rooms):
        work, load = np.asarray(np.sum(works, axis=0)), hall.it_load
        servers_mw = float(work.max()) / float(load.utilisation(clock, zone, site.folder).max())
        inlet = np.full(clock.n_steps, load.server.t_reference_degc)
        moved = servers_mw * load.server.power_share(np.minimum(work / servers_mw, 1.0), inlet)
    if moved.max() > hall.p_it_rated_mw:
        fault = Fault(f"{hall.name}.p_it_rated_mw", f"must be at least {moved.max():.4g} to take over the rooms",
                      hall.p_it_rated_mw)  # fmt: skip
        raise_if_any([fault], "the consolidation")
    return moved


def consolidation(
    rooms: Sequence[DataCentre], hall: DataCentre, site: OperatingSite, investment: Investment
) -> Retrofit:
    """Rooms against one hall that takes over all their work; see `consolidated_load_mw`.

    Args:
        rooms: The rooms.
        hall: The hall.
        site: Where and when; a year for yearly figures.
        investment: Of the hall and the move.
    """
    before = tuple(operate(room, site) for room in rooms)
    after = (operate(hall, site, consolidated_load_mw(rooms, hall, site)),)
    return compare_operation(before, after, investment, site.years)


def compare_retrofit(before: DataCentre, after: DataCentre, site: OperatingSite, investment: Investment) -> Retrofit:
    """One data centre before and after a change; arguments as in `consolidation`."""
    return compare_operation((operate(before, site),), (operate(after, site),), investment, site.years)


def compare_operation(
    before: tuple[OperationTotals, ...], after: tuple[OperationTotals, ...], investment: Investment, years: float
) -> Retrofit:
    """What an investment saves over a period of `years`."""

    def saved(quantity: str) -> float:
        totals = [sum(float(getattr(row, quantity)) for row in rows) for rows in (before, after)]
        return totals[0] - totals[1]

    saved_t, energy_cost = saved("emissions_t"), saved("energy_cost")
    net = energy_cost - investment.per_year * years
    return Retrofit(
        before=before,
        after=after,
        saved_mwh=saved("energy_mwh"),
        saved_water_l=saved("water_l"),
        saved_t=saved_t,
        saved_cost=net,
        cost_per_t=-net / saved_t if saved_t > 0 else None,
        payback_years=investment.capital / (energy_cost / years) if energy_cost > 0 else None,
    )
