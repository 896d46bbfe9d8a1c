"""A region that supplies the city: its power stations, its demand, its fuel prices; every number has a source."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Literal, Self

from pydantic import Field, ValidationError, model_validator

from grid.errors import Fault, InputError, nearest
from grid.files.content import is_file
from grid.files.yaml_file import read_yaml
from grid.spec import Spec

_REGIONS = Path(__file__).parents[1] / "regions"
REFERENCE = "germany"
"""The shipped region that ``reference`` stands for: what a city imports from unless it says otherwise."""
UNVERIFIED = "unverified"
"""What the source of a number says where the number, or part of it, was not checked."""


class Sourced(Spec):
    """An input model whose every number names its source."""

    sources: dict[str, str]
    """Where each number comes from, by its name; says ``unverified`` where that has not been checked."""

    @model_validator(mode="after")
    def _every_number_has_a_source(self) -> Self:
        numbers = {
            name
            for name in self.model_fields_set
            if isinstance(value := getattr(self, name), int | float) and not isinstance(value, bool)
        }
        if missing := sorted(numbers - {name for name, text in self.sources.items() if text.strip()}):
            raise ValueError(f"sources must name the source of {', '.join(missing)}")
        return self

    @property
    def unverified_here(self) -> tuple[str, ...]:
        """Numbers of this part, without those of its own parts, of whose source something was not checked."""
        return tuple(name for name, source in self.sources.items() if UNVERIFIED in source)


class FuelCost(Sourced):
    """The fuel of a fleet of plants: its price, carbon and efficiency, of which marginal costs are made."""

    price_per_mwh_th: float = Field(ge=0)
    """Price of the fuel at the plant, per MWh of lower heating value."""
    co2_kg_per_mwh_th: float = Field(ge=0)
    """Its carbon dioxide per MWh of lower heating value, for the price of allowances."""
    efficiency_best: float = Field(gt=0, le=1)
    """Net electrical efficiency of the best plants."""
    efficiency_worst: float = Field(gt=0, le=1)
    """Net electrical efficiency of the worst plants."""
    operation_per_mwh: float = Field(ge=0)
    """Variable cost of operation per MWh of electricity."""

    def marginal_cost_per_mwh(self, efficiency: float, carbon_price_per_t: float) -> float:
        """Cost of one more MWh: fuel and allowances over the efficiency, and operation."""
        carbon_per_mwh_th = self.co2_kg_per_mwh_th / 1000 * carbon_price_per_t
        return (self.price_per_mwh_th + carbon_per_mwh_th) / efficiency + self.operation_per_mwh


class Technology(Sourced):
    """A fleet of power stations; its supply rises linearly from its cheapest to its dearest plant."""

    name: str
    """What it is called in results."""
    factor: str
    """Its name in the set of emission factors."""
    capacity_mw: float = Field(ge=0)
    """Net capacity."""
    marginal_cost_min_per_mwh: float | None = None
    """Marginal cost of the cheapest plant; computed if there is a fuel."""
    marginal_cost_max_per_mwh: float | None = None
    """Marginal cost of the dearest plant; computed if there is a fuel."""
    fuel: FuelCost | None = None
    """What it burns."""
    availability: float | Literal["wind", "solar"] = Field(1.0, union_mode="left_to_right")
    """Share of the capacity that can run: the same all year, or as the weather has it."""
    capacity_factor: float | None = Field(None, gt=0, le=1)
    """Published yearly mean share of the capacity, for wind, solar and reservoirs: the rest gives the course."""
    must_run_share: float = Field(0.0, ge=0, le=1)
    """Share of what is available that runs whatever the price (heat supply, minimum load, least flow of a river)."""
    operation: Literal["market", "peak_shaving", "storage"] = "market"
    """By price; as hydro reservoirs where residual load is highest; or as storage, by the spread of prices."""
    storage_energy_mwh: float | None = Field(None, gt=0)
    """Energy that storage can deliver in a day."""
    round_trip_efficiency: float | None = Field(None, gt=0, lt=1)
    """Delivered over charged energy of storage."""
    fleet_efficiency: float | None = Field(None, gt=0, le=1)
    """Mean net efficiency of the fleet; with the fuel's carbon dioxide it gives the direct factor, not the set."""

    @model_validator(mode="after")
    def _costs_and_availability_fit(self) -> Self:
        if isinstance(self.availability, float) and not 0 <= self.availability <= 1:
            raise ValueError("availability must lie within 0 and 1")
        if isinstance(self.availability, str) and self.capacity_factor is None:
            raise ValueError("capacity_factor is required where the weather gives the availability")
        self._check_operation()
        costs = (self.marginal_cost_min_per_mwh, self.marginal_cost_max_per_mwh)
        if self.fuel is None and (costs[0] is None or costs[1] is None or costs[0] > costs[1]):
            raise ValueError("needs a fuel, or marginal_cost_min_per_mwh not above marginal_cost_max_per_mwh")
        if self.fuel is not None and costs != (None, None):
            raise ValueError("marginal costs follow from the fuel; give one or the other")
        return self

    def _check_operation(self) -> None:
        stores = (self.storage_energy_mwh, self.round_trip_efficiency)
        if (None in stores) == (self.operation == "storage") or (stores != (None, None)) != (
            self.operation == "storage"
        ):
            raise ValueError("storage_energy_mwh and round_trip_efficiency belong to operation storage, both")
        if self.operation == "peak_shaving":
            if self.capacity_factor is None or self.availability != 1.0:
                raise ValueError("operation peak_shaving needs a capacity_factor, and no availability")
            if self.must_run_share > self.capacity_factor:
                raise ValueError("must_run_share must not exceed capacity_factor where reservoirs shave peaks")
        if self.fleet_efficiency is not None and self.fuel is None:
            raise ValueError("fleet_efficiency needs a fuel")

    @property
    def direct_kg_per_mwh(self) -> float | None:
        """Direct emissions by the fleet's own heat rate [kg CO2/MWh]; None if the set of factors is to give them."""
        if self.fuel is None or self.fleet_efficiency is None:
            return None
        return self.fuel.co2_kg_per_mwh_th / self.fleet_efficiency

    def cost_range_per_mwh(self, carbon_price_per_t: float) -> tuple[float, float]:
        """Marginal cost of the cheapest and of the dearest plant at a price of allowances."""
        if self.fuel is None:
            return float(self.marginal_cost_min_per_mwh or 0.0), float(self.marginal_cost_max_per_mwh or 0.0)
        efficiencies = (self.fuel.efficiency_best, self.fuel.efficiency_worst)
        costs = sorted(self.fuel.marginal_cost_per_mwh(efficiency, carbon_price_per_t) for efficiency in efficiencies)
        return costs[0], costs[1]


class Demand(Sourced):
    """The region's load."""

    annual_mwh: float = Field(gt=0)
    """Energy of a year."""
    profile_shares: dict[str, float]
    """Shares of BDEW's standard load profiles (``h0_dyn``, ``g0`` … ``g6``, ``l0`` … ``l2``) and of ``flat``; sum 1."""
    country: str
    """Whose public holidays count as Sundays (ISO 3166)."""

    @model_validator(mode="after")
    def _shares_sum_to_one(self) -> Self:
        known = ("flat", "h0", "h0_dyn", *(f"g{number}" for number in range(7)), "l0", "l1", "l2")
        if unknown := sorted(set(self.profile_shares) - set(known)):
            raise ValueError(f"profile_shares: no standard load profile called {', '.join(unknown)}")
        if min(self.profile_shares.values(), default=0.0) < 0 or abs(sum(self.profile_shares.values()) - 1) > 1e-9:
            raise ValueError("profile_shares must be positive and sum to 1")
        if missing := sorted(set(self.profile_shares) - set(self.sources)):
            raise ValueError(f"sources must name the source of {', '.join(missing)}")
        return self


class PublishedFactor(Spec):
    """The yearly factor that a region reproduces, on its own basis (gas, view, losses, year: as its row says)."""

    factor_set: str
    """Shipped set that holds it."""
    region: str
    """Its region there."""
    year: int
    """Its year."""


class Region(Sourced):
    """Fleet, demand, fuels and trade of a region, from which its intensity and price follow hour by hour."""

    name: str
    """Of the region."""
    currency: str
    """Of all its prices."""
    carbon_price_per_t: float = Field(ge=0)
    """Price of emission allowances per tonne of CO2."""
    scarcity_price_per_mwh: float = Field(gt=0)
    """Price while demand exceeds supply and the rest comes from unknown imports."""
    wind_smoothing_hours: int = Field(ge=1)
    """Time the wind takes to cross the region; weather of one site is averaged over it."""
    wind_farm_efficiency: float = Field(gt=0, le=1)
    """What wakes and turbines out of service leave of the power of the wind."""
    demand: Demand
    """Its load."""
    technologies: tuple[Technology, ...] = Field(min_length=1)
    """Its power stations."""
    published: PublishedFactor | None = None
    """What its yearly mean is to reproduce."""
    calibrated: tuple[str, ...] = ()
    """Physical parameters set so that it does, as ``technology.parameter``."""

    @property
    def unverified(self) -> tuple[str, ...]:
        """Numbers of whose source something was not checked, such as ``lignite.fuel.efficiency_best``."""
        return tuple(f"{place}{name}" for place, part in self._parts() for name in part.unverified_here)

    @property
    def n_sourced(self) -> int:
        """Count of all numbers with a source."""
        return sum(len(part.sources) for _, part in self._parts())

    def _parts(self) -> Iterator[tuple[str, Sourced]]:
        """The region and its parts, each with the beginning of the names of its numbers."""
        yield "", self
        yield "demand.", self.demand
        for technology in self.technologies:
            yield f"{technology.name}.", technology
            if technology.fuel is not None:
                yield f"{technology.name}.fuel.", technology.fuel

    @model_validator(mode="after")
    def _names_are_unique(self) -> Self:
        names = [technology.name for technology in self.technologies]
        if len(set(names)) != len(names):
            raise ValueError("technologies must have different names")
        if sum(technology.operation == "storage" for technology in self.technologies) > 1:
            raise ValueError("technologies must have at most one of operation storage; add their capacities")
        known = {f"{tech.name}.{field}" for tech in self.technologies for field in tech.model_fields_set}
        if unknown := sorted(set(self.calibrated) - known):
            raise ValueError(f"calibrated: no parameter called {', '.join(unknown)}")
        return self


def region_files() -> dict[str, Path]:
    """Files of the shipped regions by name; ``reference`` is another name of one of them."""
    files = {path.stem: path for path in sorted(_REGIONS.glob("*.yaml"))}
    return {"reference": files[REFERENCE], **files}


def load_region(name_or_path: str | Path) -> Region:
    """A shipped region by its name, or one of your own by the path of its YAML file.

    Raises:
        InputError: If there is none, or it is not valid; all faults at once.
    """
    shipped = region_files()
    path = shipped.get(str(name_or_path), Path(name_or_path))
    if not is_file(path):
        raise InputError.single(
            "upstream.region", "no such region or file", str(name_or_path), nearest(str(name_or_path), shipped)
        )
    try:
        return Region.model_validate(read_yaml(path).content)
    except ValidationError as error:
        faults = [Fault(".".join(map(str, fault["loc"])), fault["msg"]) for fault in error.errors()]
        raise InputError(faults, str(path)) from error


def reference_region() -> Region:
    """The default: the power stations, the load and the prices of Germany in 2023."""
    return load_region("reference")
