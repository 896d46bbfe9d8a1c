"""An emission factor as a run used it: that of a published row, or one that follows from other numbers."""

from __future__ import annotations

from dataclasses import dataclass

from carbon.factors.factor_set import Boundary, EmissionFactor, FactorView, Gas, LossTreatment
from grid.spec import SourceStatus


@dataclass(frozen=True)
class UsedFactor:
    """An emission factor that figures of a run rest on.

    Args:
        name: What it was used for, as results call it: a technology of the imports or of local generation, an asset.
        use: ``imports``, ``local generation`` or ``generator tests``.
        technology: Its technology, one of `carbon.factors.TECHNOLOGIES`.
        value_kg_per_mwh: Emissions per MWh of electricity; of fuel, lower heating value, for generator tests.
        gas: CO2 alone, or all greenhouse gases as CO2 equivalents.
        boundary: Direct or life-cycle.
        view: Of production or of consumption.
        losses: Whether losses of the grid are in it.
        year: The year it stands for; None where nothing says so.
        issuer: Who publishes it, or what it follows from.
        source: Title and address; for a derived value those of the numbers behind it.
        status: How far it was checked; a derived value no further than the numbers behind it.
        derivation: How it follows from other numbers; empty for the value of a published row.
    """

    name: str
    use: str
    technology: str
    value_kg_per_mwh: float
    gas: Gas
    boundary: Boundary
    view: FactorView
    losses: LossTreatment
    year: int | None
    issuer: str
    source: str
    status: SourceStatus
    derivation: str = ""


def published(name: str, use: str, row: EmissionFactor) -> UsedFactor:
    """A factor of a set as it stands there, or as the scenario adjusts it."""
    return UsedFactor(
        name=name,
        use=use,
        technology=row.technology,
        value_kg_per_mwh=row.value_kg_per_mwh,
        gas=row.gas,
        boundary=row.boundary,
        view=row.view,
        losses=row.losses,
        year=row.year,
        issuer=row.issuer,
        source=row.source,
        status="unverified" if row.adjustment else row.status,  # what a scenario makes of it, nobody publishes
        derivation=row.adjustment,
    )


def derived(
    name: str,
    technology: str,
    use: str,
    value_kg_per_mwh: float,
    derivation: str,
    *,
    boundary: Boundary,
    gas: Gas,
    issuer: str,
    source: str,
    status: SourceStatus,
    year: int | None = None,
) -> UsedFactor:
    """A factor of production, without losses of the grid, that follows from other numbers."""
    return UsedFactor(
        name, use, technology, value_kg_per_mwh, gas, boundary, "production", "out", year, issuer, source, status,
        derivation,
    )  # fmt: skip
