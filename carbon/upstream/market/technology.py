"""A fleet of power stations, and its marginal costs; every number has a source."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from grid.spec import Spec
from grid.units import KG_PER_T

UNVERIFIED = "unverified"
"""What the source of a number says where the number, or part of it, was not checked."""
Course = Annotated[tuple[Annotated[float, Field(ge=0)], ...], Field(min_length=12, max_length=12)]
"""Values of the months from January over their mean."""


class Sourced(Spec):
    """An input model whose every number names its source."""

    sources: dict[str, str]
    """Where each number comes from, by its name; says ``unverified`` where that has not been checked."""

    @model_validator(mode="after")
    def _every_number_has_a_source(self) -> Self:
        numbers = {
            name
            for name in self.model_fields_set
            if isinstance(value := getattr(self, name), int | float | tuple)
            and not isinstance(value, bool)
            and (not isinstance(value, tuple) or all(isinstance(item, int | float) for item in value))
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
    price_by_month: Course | None = None
    """Price of the fuel in each month from January over `price_per_mwh_th`; by default the same all year."""

    def marginal_cost_per_mwh(self, efficiency: float, carbon_price_per_t: float, month: int | None = None) -> float:
        """Cost of one more MWh: fuel and allowances over the efficiency, and operation.

        Args:
            efficiency: Net electrical efficiency of the plant.
            carbon_price_per_t: Price of allowances.
            month: 1 to 12; by default at the mean price of the year.
        """
        course = 1.0 if month is None or self.price_by_month is None else self.price_by_month[month - 1]
        carbon_per_mwh_th = self.co2_kg_per_mwh_th / KG_PER_T * carbon_price_per_t
        return (self.price_per_mwh_th * course + carbon_per_mwh_th) / efficiency + self.operation_per_mwh


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
    course: Course | None = None
    """Availability, or energy of reservoirs, of each month from January over that of the year: overhauls in summer,
    snow that melts. Not where the weather gives the availability."""
    start_up_per_mwh: float = Field(0.0, ge=0)
    """What a start costs, per MWh of minimum load in a stop: running plants offer their minimum load so much below
    their marginal cost, because stopping and starting again would cost more."""
    minimum_load_share: float = Field(0.4, ge=0, le=1)
    """Least output of a plant in operation over its capacity; only with `start_up_per_mwh`."""

    @model_validator(mode="after")
    def _costs_and_availability_fit(self) -> Self:
        if isinstance(self.availability, float) and not 0 <= self.availability <= 1:
            raise ValueError("availability must lie within 0 and 1")
        if isinstance(self.availability, str) and self.capacity_factor is None:
            raise ValueError("capacity_factor is required where the weather gives the availability")
        self._check_operation()
        if self.course is not None and (isinstance(self.availability, str) or self.operation == "storage"):
            raise ValueError("course is of fleets whose availability is a number, and of reservoirs")
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

    def cost_range_per_mwh(self, carbon_price_per_t: float, month: int | None = None) -> tuple[float, float]:
        """Marginal cost of the cheapest and of the dearest plant at a price of allowances, in a month (1 to 12)."""
        if self.fuel is None:
            return float(self.marginal_cost_min_per_mwh or 0.0), float(self.marginal_cost_max_per_mwh or 0.0)
        efficiencies = (self.fuel.efficiency_best, self.fuel.efficiency_worst)
        costs = sorted(
            self.fuel.marginal_cost_per_mwh(efficiency, carbon_price_per_t, month) for efficiency in efficiencies
        )
        return costs[0], costs[1]
