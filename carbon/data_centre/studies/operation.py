"""A data centre at a site over a period: energy, water, carbon and cost, on which designs and sites are compared."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from carbon.data_centre.air.outdoor import OutdoorAir
from carbon.data_centre.facility import Facility, FacilityModel, it_demand_mw
from carbon.data_centre.on_site import generator_tests
from carbon.data_centre.spec import DataCentre
from carbon.data_centre.standard_metrics import Metric, MetricInputs, facility_totals, run_metrics
from grid.arrays import Floats, read_only
from grid.errors import Fault, raise_if_any
from grid.time.clock import Clock
from grid.units import HOURS_PER_YEAR, KG_PER_T

if TYPE_CHECKING:
    import polars as pl


@dataclass(frozen=True, eq=False)
class OperatingSite:
    """Where and when: climate, carbon and price of the electricity; T steps.

    Args:
        name: Of the site.
        clock: The time axis.
        time_zone: IANA name of its time zone.
        air: Outdoor air.
        ci_kg_per_mwh: Intensity of its electricity, shape (T,) [kg/MWh].
        price_per_mwh: Price of its electricity, shape (T,) [currency/MWh].
        folder: Folder that file names in a specification are relative to.

    Raises:
        InputError: If a shape is not that of the clock, or a value is not finite.
    """

    name: str
    clock: Clock
    time_zone: str
    air: OutdoorAir
    ci_kg_per_mwh: Floats
    price_per_mwh: Floats
    folder: Path = Path()

    def __post_init__(self) -> None:
        steps = self.clock.n_steps
        faults = []
        if self.air.pressure_pa.shape != (steps,):
            faults.append(Fault("air", f"must have {steps} steps", self.air.pressure_pa.shape))
        for name in ("ci_kg_per_mwh", "price_per_mwh"):
            values = read_only(getattr(self, name))
            object.__setattr__(self, name, values)
            if values.shape != (steps,):
                faults.append(Fault(name, f"must have shape ({steps},)", values.shape))
            elif not np.isfinite(values).all():
                faults.append(Fault(name, "must be finite in every step"))
        raise_if_any(faults, f"site {self.name!r}")

    @property
    def years(self) -> float:
        """Length of the period [years of 8,760 h]."""
        return self.clock.n_steps * self.clock.step_hours / HOURS_PER_YEAR


@dataclass(frozen=True)
class OperationTotals:
    """What a data centre used over a period; one row of a table.

    Args:
        name: Of the data centre.
        site: Of the site.
        it_energy_mwh: Of the servers [MWh].
        energy_mwh: Of the facility [MWh].
        pue: Facility per IT energy [1]; None where there is none.
        peak_mw: Highest facility power [MW].
        water_l: Made up on site [L].
        emissions_t: Of its energy and its generators' tests [t].
        energy_cost: Price times energy [currency].
    """

    name: str
    site: str
    it_energy_mwh: float
    energy_mwh: float
    pue: float | None
    peak_mw: float
    water_l: float
    emissions_t: float
    energy_cost: float


def facility_at(spec: DataCentre, site: OperatingSite, p_it_mw: Floats | None = None) -> Facility:
    """The facility over the period, at an IT load or at that of its specification.

    Args:
        spec: The data centre.
        site: Where and when.
        p_it_mw: IT power instead of the specification's, shape (T,) [MW].
    """
    model = FacilityModel(spec, site.air, site.clock.step_hours)
    if p_it_mw is None:
        p_it_mw = it_demand_mw(spec, site.clock, site.time_zone, site.air, site.folder)
    return model.at(p_it_mw)


def operate(spec: DataCentre, site: OperatingSite, p_it_mw: Floats | None = None) -> OperationTotals:
    """What a data centre uses over the period; arguments as in `facility_at`."""
    facility = facility_at(spec, site, p_it_mw)
    sums = facility_totals(facility, site.ci_kg_per_mwh)
    burnt_kg = generator_tests(spec.on_site.generators, site.clock).emissions_kg
    return OperationTotals(
        name=spec.name,
        site=site.name,
        it_energy_mwh=sums.it_energy_mwh,
        energy_mwh=sums.energy_mwh,
        pue=sums.pue,
        peak_mw=float(facility.p_total_mw.max()),
        water_l=sums.water_l,
        emissions_t=((sums.emissions_kg or 0.0) + burnt_kg) / KG_PER_T,
        energy_cost=float((facility.p_total_mw * site.price_per_mwh).sum() * facility.step_hours),
    )


def metrics_at(spec: DataCentre, site: OperatingSite) -> dict[str, Metric]:
    """The standard metrics of a data centre over the period, with what its specification says of itself."""
    return metrics_of(facility_at(spec, site), spec, site)


def metrics_of(facility: Facility, spec: DataCentre, site: OperatingSite) -> dict[str, Metric]:
    """The standard metrics of a facility over the period of its site, see `metrics_at`."""
    it_energy_mwh = float(facility.p_it_mw.sum() * facility.step_hours)
    load = spec.it_load
    return run_metrics(
        facility,
        MetricInputs(
            ci_kg_per_mwh=site.ci_kg_per_mwh,
            reused_mwh=spec.heat_reuse_share * it_energy_mwh,
            cpu_utilisation=None if load is None else load.utilisation(site.clock, site.time_zone, site.folder),
            tests=generator_tests(spec.on_site.generators, site.clock),
        ),
    )


def annuity(capital: float, lifetime_years: float, discount_rate: float) -> float:
    """Yearly payment that repays a capital with interest over a lifetime [currency/year].

    Args:
        capital: The capital [currency].
        lifetime_years: Of what it pays for [years].
        discount_rate: Interest a year [1]; 0 spreads it evenly.
    """
    if discount_rate == 0.0:
        return capital / lifetime_years
    return float(capital * discount_rate / (1.0 - (1.0 + discount_rate) ** -lifetime_years))


def as_table(rows: Sequence[object]) -> pl.DataFrame:
    """Frozen rows of one kind as a table, a column a field."""
    import polars as pl  # noqa: PLC0415  only where a table is wanted

    return pl.DataFrame([asdict(row) for row in rows])  # type: ignore[call-overload]  # rows are dataclasses
