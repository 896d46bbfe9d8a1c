"""The sweep file: a base scenario, and what varies from run to run."""

from __future__ import annotations

from math import prod
from typing import Annotated, Any, Literal

from pydantic import Discriminator, Field, Tag, model_validator
from pydantic_core import PydanticCustomError

from app.batch.sweep.distributions import AnyDistribution, Levels
from grid.spec import TAG, Spec

MOST_RUNS = 10_000
"""Of a sweep that states no other limit."""
MOST_SAMPLES = 2**20
MOST_PARAMETERS = 1000

Names = Annotated[str, Field(min_length=1)]


class FullGrid(Spec):
    """Every combination of the values of all parameters."""

    kind: Literal["grid"] = "grid"
    parameters: dict[str, Levels] = Field(min_length=1, max_length=MOST_PARAMETERS)
    """Values by path into the scenario, such as `assets[roofs].p_peak_mw: [2, 4, 8]`."""

    @property
    def n_runs(self) -> int:
        """How many runs it comes to."""
        return prod(len(levels) for levels in self.parameters.values())


class NamedVariant(Spec):
    """One run by its name."""

    name: Names
    """Name of the run."""
    tags: tuple[Names, ...] = ()
    """Words by which runs are found again."""
    changes: dict[str, Any] = Field(default_factory=dict)
    """New values by path into the scenario."""


class Variants(Spec):
    """Runs that are listed by name, each with its changes to the base."""

    kind: Literal["variants"] = "variants"
    variants: tuple[NamedVariant, ...] = Field(min_length=1)
    """The runs."""

    @property
    def n_runs(self) -> int:
        """How many runs it comes to."""
        return len(self.variants)


class Paired(Spec):
    """Columns of equal length: the first run has the first value of each, the second run the second."""

    kind: Literal["paired"] = "paired"
    columns: dict[str, tuple[Any, ...]] = Field(min_length=1, max_length=MOST_PARAMETERS)
    """Values by path into the scenario, all columns of one length."""
    names: tuple[Names, ...] | None = None
    """Names of the runs, as many as values in a column; default: made from the values."""

    @property
    def n_runs(self) -> int:
        """How many runs it comes to."""
        return max(len(column) for column in self.columns.values())


class OneAtATime(Spec):
    """Each value of each parameter by itself, all else as in the base."""

    kind: Literal["one_at_a_time"] = "one_at_a_time"
    parameters: dict[str, Levels] = Field(min_length=1, max_length=MOST_PARAMETERS)
    """Values by path into the scenario."""
    base: bool = True
    """Whether the base, unchanged, is a run too."""

    @property
    def n_runs(self) -> int:
        """How many runs it comes to."""
        return sum(len(levels) for levels in self.parameters.values()) + self.base


class LatinHypercube(Spec):
    """Samples that fall once into each of as many equally likely slices of every parameter [McKay 1979]."""

    kind: Literal["latin_hypercube"] = "latin_hypercube"
    samples: int = Field(ge=1, le=MOST_SAMPLES)
    """Number of runs."""
    parameters: dict[str, AnyDistribution] = Field(min_length=1, max_length=MOST_PARAMETERS)
    """Distributions by path into the scenario."""

    @property
    def n_runs(self) -> int:
        """How many runs it comes to."""
        return self.samples


class PowerOfTwo(Spec):
    """A design on points of a Sobol sequence, which is balanced only over powers of two."""

    samples: int = Field(ge=2, le=MOST_SAMPLES)
    """Points of the sequence, a power of two."""

    @model_validator(mode="after")
    def _a_power_of_two(self) -> PowerOfTwo:
        if self.samples & (self.samples - 1):
            below = 1 << (self.samples.bit_length() - 1)
            message = "samples must be a power of two, over which the sequence is balanced: {below} or {above}"
            raise PydanticCustomError("samples", message, {"below": below, "above": 2 * below})
        return self


class Sobol(PowerOfTwo):
    """Points of a scrambled Sobol sequence, which fill the space evenly [Owen 1998]."""

    kind: Literal["sobol"] = "sobol"
    parameters: dict[str, AnyDistribution] = Field(min_length=1, max_length=MOST_PARAMETERS)
    """Distributions by path into the scenario."""

    @property
    def n_runs(self) -> int:
        """How many runs it comes to."""
        return self.samples


class Saltelli(PowerOfTwo):
    """Two independent samples A and B, and A with each column of B in turn, for Sobol indices [Saltelli 2010].

    It comes to samples × (parameters + 2) runs; with `second_order` to samples × (2 × parameters + 2).
    """

    kind: Literal["saltelli"] = "saltelli"
    parameters: dict[str, AnyDistribution] = Field(min_length=1, max_length=MOST_PARAMETERS)
    """Distributions by path into the scenario."""
    second_order: bool = False
    """Whether B with each column of A is added, for indices of pairs of parameters."""

    @property
    def n_runs(self) -> int:
        """How many runs it comes to."""
        return self.samples * ((2 if self.second_order else 1) * len(self.parameters) + 2)


Design = Annotated[
    FullGrid | Variants | Paired | OneAtATime | LatinHypercube | Sobol | Saltelli, Field(discriminator="kind")
]


class Replications(Spec):
    """Every run of the design once for each combination of these; without any, once."""

    weather: tuple[Names, ...] = ()
    """Names or files of the weather of the city, as the scenario's `weather`."""
    years: tuple[Annotated[int, Field(ge=1900, le=2199)], ...] = ()
    """Years in which the period starts, on the day that the base states."""
    seeds: tuple[Annotated[int, Field(ge=0)], ...] = ()
    """Seeds of the scenario's random draws (charging sessions, forecast errors)."""

    @property
    def n_runs(self) -> int:
        """How many times each run of the design is made."""
        return prod(max(1, len(values)) for values in (self.weather, self.years, self.seeds))


class Sweep(Spec):
    """A base scenario, and what varies. Only `name`, `base` and `design` are required.

    Paths lead into the scenario: `dispatch.carbon_price_per_t`; into lists by the name of what stands there or by its
    place from 0: `assets[roofs].p_peak_mw`, `data_centres[north].cooling.kind`, `assets[0].p_peak_mw`.
    """

    schema_version: Literal[1] = 1
    """Version of this schema; only 1 is read."""
    name: Names
    """Name of the sweep."""
    base: Annotated[
        Annotated[str, Tag(f"{TAG}name")] | Annotated[dict[str, Any], Tag(f"{TAG}inline")],
        Discriminator(lambda given: f"{TAG}inline" if isinstance(given, dict) else f"{TAG}name"),
    ]
    """The scenario that is varied: a file (path relative to the sweep's), the name of a shipped scenario such as
    `demo`, or the scenario itself."""
    changes: dict[str, Any] = Field(default_factory=dict)
    """New values by path for all runs, before anything varies."""
    tags: tuple[Names, ...] = ()
    """Words by which all runs are found again."""
    seed: int = Field(default=0, ge=0)
    """Seed of the samples that the design draws; the same sweep and seed give the same runs."""
    design: Design
    """What varies, and how values are combined; by `kind`."""
    replications: Replications = Replications()
    """Repetitions of the whole design over weather, years and seeds."""
    max_runs: int = Field(default=MOST_RUNS, ge=1)
    """Largest number of runs that is accepted, against designs that grow by mistake."""

    @property
    def n_runs(self) -> int:
        """How many runs it comes to."""
        return self.design.n_runs * self.replications.n_runs


def schema() -> dict[str, Any]:
    """The JSON Schema of sweep files, for editors."""
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **Sweep.model_json_schema()}
