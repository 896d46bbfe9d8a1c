"""A published set of emission factors and its rows."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Final, Literal

from grid.errors import InputError, nearest
from grid.spec import SourceStatus

Boundary = Literal["direct", "lifecycle"]
"""What a factor counts: emissions at the stack, or those of the whole chain."""
Gas = Literal["CO2", "CO2e"]
FactorView = Literal["production", "consumption"]
LossTreatment = Literal["in", "out"]

TECHNOLOGIES: Final = (
    *("nuclear", "lignite", "hard_coal", "gas", "oil", "biomass", "hydro", "wind_onshore", "wind_offshore"),
    *("solar", "geothermal", "other", "unknown", "grid", "petrol", "diesel"),
    *("fuel_bituminous_coal", "fuel_anthracite", "fuel_lignite", "fuel_natural_gas", "fuel_lpg"),
    *("hydrogen_smr", "hydrogen_coal", "hydrogen_threshold"),
)
"""What a factor can be for.

``grid`` is the average of a region's electricity; petrol, diesel and ``fuel_*`` are per lower heating value of the
fuel, ``hydrogen_*`` per that of the hydrogen.
"""


@dataclass(frozen=True)
class EmissionFactor:
    """One published value and what it stands for.

    Args:
        technology: One of `TECHNOLOGIES`.
        region: Where it holds; empty for a technology's factor.
        value_kg_per_mwh: Emissions per MWh of electricity (of fuel, lower heating value, for road fuels).
        gas: CO2 alone, or all greenhouse gases as CO2 equivalents.
        boundary: Direct or life-cycle.
        view: Of production or of consumption.
        losses: Whether losses of the grid are in it.
        renewable: Whether the source is renewable.
        year: The year it stands for, or was published in.
        issuer: Who publishes it.
        source: Title and address.
        status: How far the value was checked.
        value: As published.
        unit: Of `value`, one of `carbon.factors.units.UNITS`.
        low_kg_per_mwh: Lower end of the published range; None if none is known.
        high_kg_per_mwh: Upper end of it; None if none is known.
        range_source: Who published the range; that none is known, otherwise.
        range_status: How far the range was checked; empty without one.
        published_kg_per_mwh: The published value where a scenario takes another (`carbon.factors.adjusted`); else None.
        adjustment: What the scenario made of it, in words; empty where it is as published.
    """

    technology: str
    region: str
    value_kg_per_mwh: float
    gas: Gas
    boundary: Boundary
    view: FactorView
    losses: LossTreatment
    renewable: bool
    year: int
    issuer: str
    source: str
    status: SourceStatus
    value: float
    unit: str
    low_kg_per_mwh: float | None = None
    high_kg_per_mwh: float | None = None
    range_source: str = ""
    range_status: SourceStatus | Literal[""] = ""
    published_kg_per_mwh: float | None = None
    adjustment: str = ""

    @property
    def has_range(self) -> bool:
        """Whether a published range is known."""
        return self.low_kg_per_mwh is not None and self.high_kg_per_mwh is not None

    @property
    def ratio(self) -> float:
        """The factor over what was published; 1 where nothing was changed or 0 was published."""
        return self.value_kg_per_mwh / self.published_kg_per_mwh if self.published_kg_per_mwh else 1.0


@dataclass(frozen=True)
class FactorSet:
    """A published set of emission factors.

    Args:
        name: Of the set; of its file.
        factors: Its rows.
    """

    name: str
    factors: tuple[EmissionFactor, ...]

    @cached_property
    def _in_order(self) -> tuple[EmissionFactor, ...]:
        return tuple(sorted(self.factors, key=lambda factor: factor.year))

    @property
    def technologies(self) -> tuple[str, ...]:
        """What there are factors for, each once, in the order of the file."""
        return tuple(dict.fromkeys(factor.technology for factor in self.factors))

    @property
    def unverified(self) -> tuple[str, ...]:
        """What there is an unchecked factor for, each once."""
        return tuple(dict.fromkeys(f.technology for f in self.factors if f.status == "unverified"))

    def gas(self, boundary: Boundary) -> Gas:
        """What its factors of technologies count on a boundary: ``CO2`` alone, or ``CO2e``; never both in one set."""
        gases = {factor.gas for factor in self.factors if factor.boundary == boundary and not factor.region}
        return "CO2" if gases == {"CO2"} else "CO2e"

    def find(
        self,
        technology: str,
        boundary: Boundary = "direct",
        region: str = "",
        *,
        year: int | None = None,
        view: FactorView | None = None,
    ) -> EmissionFactor:
        """The newest factor of a technology (and region).

        Args:
            technology: One of `TECHNOLOGIES`.
            boundary: Direct or life-cycle.
            region: Where it holds.
            year: Which year; the newest if None.
            view: Of production or consumption; any if None.

        Raises:
            InputError: If the set has none.
        """
        alike = [f for f in self._in_order if f.technology == technology and f.boundary == boundary]
        there = [f for f in alike if f.region == region]
        found = [f for f in there if year in (None, f.year) and view in (None, f.view)]
        if found:
            return found[-1]
        rule = f"factor set {self.name!r} has no {boundary} factor for"
        if there:
            held = ", ".join(f"{f.year} ({f.view})" for f in there)
            raise InputError.single(
                "factors", f"{rule} {technology} {region} other than of {held}".replace("  ", " "), year
            )
        if region:
            raise InputError.single(
                "factors", f"{rule} {technology} in", region, nearest(region, {f.region for f in alike})
            )
        regions = sorted({f.region for f in alike})
        if regions:
            held = f"by region only, of {', '.join(regions)}"
            raise InputError.single("factors", f"{rule} {technology} that holds everywhere; it has some {held}")
        names = {f.technology for f in self.factors if f.boundary == boundary}
        raise InputError.single("factors", rule, technology, nearest(technology, names))

    def value(self, technology: str, boundary: Boundary = "direct", region: str = "") -> float:
        """Emissions per MWh [kg/MWh]; arguments and faults as in `find`."""
        return self.find(technology, boundary, region).value_kg_per_mwh

    def renewable(self, technology: str) -> bool:
        """Whether the set counts a technology as renewable; False if it does not know it."""
        return any(factor.renewable for factor in self.factors if factor.technology == technology)

    def carbon_free(self, technology: str) -> bool:
        """Whether a technology is renewable or nuclear."""
        return technology == "nuclear" or self.renewable(technology)
