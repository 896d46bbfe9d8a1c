"""The same load in several cities: climate, carbon and price of their electricity, and the way of the data there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from carbon.data_centre.spec import DataCentre
from carbon.data_centre.studies.operation import OperatingSite, OperationTotals, as_table, operate
from grid.arrays import Floats
from grid.errors import Fault, InputError, raise_if_any

if TYPE_CHECKING:
    import polars as pl

KWH_PER_GB_2015 = 0.06
"""Electricity of core and fixed-line access networks per data in 2015, halving about every two years [kWh/GB].

J. Aslan, K. Mayers, J. Koomey, C. France, "Electricity intensity of internet data transmission", J. Ind. Ecol.,
vol. 22, no. 4, pp. 785-798, 2018 (abstract read). The trend is of 2000 to 2015; beyond that it is an extrapolation."""
HALVING_YEARS = 2.0


@dataclass(frozen=True)
class DataTransfer:
    """Data that go between the users and a site far away.

    Args:
        gb_per_mwh_it: Data per IT energy [GB/MWh]; 0 ignores the network.
        kwh_per_gb: Electricity of the network per data [kWh/GB].
        ci_kg_per_mwh: Mean intensity of the network's electricity [kg/MWh].
        price_per_mwh: Its price [currency/MWh].
    """

    gb_per_mwh_it: float = 0.0
    kwh_per_gb: float = KWH_PER_GB_2015
    ci_kg_per_mwh: float = 0.0
    price_per_mwh: float = 0.0

    def __post_init__(self) -> None:
        names = ("gb_per_mwh_it", "kwh_per_gb", "ci_kg_per_mwh", "price_per_mwh")
        faults = [Fault(name, "must not be negative", value) for name in names if (value := getattr(self, name)) < 0]
        raise_if_any(faults, "the transfer of data")

    def energy_mwh(self, it_energy_mwh: float) -> float:
        """Energy of the network for the data of an IT energy, both [MWh]."""
        return it_energy_mwh * self.gb_per_mwh_it * self.kwh_per_gb / 1e3


def kwh_per_gb(year: int) -> float:
    """Electricity of the network per data in a year [kWh/GB], by the trend of `KWH_PER_GB_2015`."""
    return float(KWH_PER_GB_2015 * 0.5 ** ((year - 2015) / HALVING_YEARS))


@dataclass(frozen=True)
class SiteRow:
    """The load at one site, against the first.

    Args:
        operation: What the data centre uses there.
        network_mwh: Energy of the network for its data [MWh].
        energy_mwh: Of both [MWh].
        emissions_t: Of both [t].
        cost: Of both [currency].
        saved_t: Emissions less than at the first site [t].
        cost_per_t: Extra cost of each tonne saved against the first site [currency/t]; negative where it pays; None
            where none is saved.
    """

    operation: OperationTotals
    network_mwh: float
    energy_mwh: float
    emissions_t: float
    cost: float
    saved_t: float
    cost_per_t: float | None


@dataclass(frozen=True)
class Siting:
    """The same load at several sites; the first is where it is now.

    Args:
        rows: One a site, in their order.
    """

    rows: tuple[SiteRow, ...]

    @property
    def least_carbon(self) -> SiteRow:
        """The site with the least emissions."""
        return min(self.rows, key=lambda row: row.emissions_t)

    def table(self) -> pl.DataFrame:
        """The comparison, a row a site."""
        operations = as_table([row.operation for row in self.rows])
        sums = as_table(self.rows).drop("operation").rename(
            {"energy_mwh": "energy_with_network_mwh", "emissions_t": "emissions_with_network_t"}
        )  # fmt: skip
        return operations.hstack(sums)


def compare_sites(
    spec: DataCentre,
    sites: Sequence[OperatingSite],
    transfers: Sequence[DataTransfer] | None = None,
    p_it_mw: Sequence[Floats] | None = None,
) -> Siting:
    """The same data centre at several sites over the same period.

    Args:
        spec: The data centre.
        sites: The sites; the first is where it is now.
        transfers: The way of the data to each; by default the network is ignored.
        p_it_mw: IT power at each, shape (T,) each [MW]; by default that of the specification in local time.

    Raises:
        InputError: If there is no site, or the lists differ in length.
    """
    faults = [] if sites else [Fault("sites", "must be at least one")]
    for name, given in (("transfers", transfers), ("p_it_mw", p_it_mw)):
        if given is not None and len(given) != len(sites):
            faults.append(Fault(name, f"must be one a site, {len(sites)}", len(given)))
    raise_if_any(faults, "the comparison of sites")
    ways = [DataTransfer()] * len(sites) if transfers is None else transfers
    loads: Sequence[Floats | None] = [None] * len(sites) if p_it_mw is None else p_it_mw
    operations = [operate(spec, site, load) for site, load in zip(sites, loads, strict=True)]
    rows: list[SiteRow] = []
    for operation, way in zip(operations, ways, strict=True):
        rows.append(_row(operation, way, rows[0] if rows else None))
    return Siting(tuple(rows))


def _row(operation: OperationTotals, way: DataTransfer, first: SiteRow | None) -> SiteRow:
    network_mwh = way.energy_mwh(operation.it_energy_mwh)
    emissions_t = operation.emissions_t + network_mwh * way.ci_kg_per_mwh / 1e3
    cost = operation.energy_cost + network_mwh * way.price_per_mwh
    saved_t = 0.0 if first is None else first.emissions_t - emissions_t
    extra = 0.0 if first is None else cost - first.cost
    return SiteRow(
        operation=operation,
        network_mwh=network_mwh,
        energy_mwh=operation.energy_mwh + network_mwh,
        emissions_t=emissions_t,
        cost=cost,
        saved_t=saved_t,
        cost_per_t=extra / saved_t if saved_t > 0 else None,
    )


@dataclass(frozen=True)
class LoadSplit:
    """Hot data stay with their users, cold data (archives, training, batch) move to another site.

    Args:
        together: Everything at home.
        hot: What stays.
        cold: What moves.
        network_mwh: Energy of the network for the cold data [MWh].
        saved_t: Emissions less than with everything at home, the network's counted [t].
        extra_cost: Cost more than that, the network's counted [currency].
        cost_per_t: Extra cost of each tonne saved [currency/t]; negative where it pays; None where none is saved.
    """

    together: OperationTotals
    hot: OperationTotals
    cold: OperationTotals
    network_mwh: float
    saved_t: float
    extra_cost: float
    cost_per_t: float | None

    def table(self) -> pl.DataFrame:
        """The three operations, row by row."""
        return as_table([self.together, self.hot, self.cold])


def split_load(
    spec: DataCentre, home: OperatingSite, away: OperatingSite, cold_share: float, transfer: DataTransfer | None = None
) -> LoadSplit:
    """What it saves to move a share of a data centre to another site, in a hall of the same design and fill.

    Args:
        spec: The data centre.
        home: Where it is now.
        away: Where its cold data would go.
        cold_share: Share of its size that moves, between 0 and 1 [1].
        transfer: The way of the cold data; by default the network is ignored.

    Raises:
        InputError: If the share is not between 0 and 1.
    """
    if not 0 < cold_share < 1:
        raise InputError.single("cold_share", "must lie between 0 and 1", cold_share)
    way = transfer or DataTransfer()
    sizes = {"hot": 1.0 - cold_share, "cold": cold_share}
    halls = {
        name: spec.with_changes({"name": f"{spec.name}, {name}", "p_it_rated_mw": share * spec.p_it_rated_mw})
        for name, share in sizes.items()
    }
    together, hot, cold = operate(spec, home), operate(halls["hot"], home), operate(halls["cold"], away)
    network_mwh = way.energy_mwh(cold.it_energy_mwh)
    saved_t = together.emissions_t - hot.emissions_t - cold.emissions_t - network_mwh * way.ci_kg_per_mwh / 1e3
    extra = hot.energy_cost + cold.energy_cost + network_mwh * way.price_per_mwh - together.energy_cost
    return LoadSplit(together, hot, cold, network_mwh, saved_t, extra, extra / saved_t if saved_t > 0 else None)
