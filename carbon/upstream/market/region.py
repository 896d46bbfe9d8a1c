"""A region that supplies the city: its power stations, its demand, its fuel prices; every number has a source."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Self

from pydantic import Field, ValidationError, model_validator

from carbon.upstream.market.technology import UNVERIFIED, Course, Sourced, Technology
from grid.errors import InputError, nearest
from grid.files.content import is_file
from grid.files.spec_faults import faults_of
from grid.files.yaml_file import read_yaml
from grid.sharing import shared
from grid.spec import Spec
from grid.time.zones import zone_names

_REGIONS = Path(__file__).parents[1] / "regions"
REFERENCE = "germany"
"""The shipped region that ``reference`` stands for: what a city imports from unless it says otherwise."""


TRADED = "imports"
"""Name in results of what a region takes from its neighbours."""


class Demand(Sourced):
    """The region's load."""

    annual_mwh: float = Field(gt=0)
    """Energy of a year."""
    profile_shares: dict[str, float]
    """Shares of BDEW's standard load profiles (``h0_dyn``, ``g0`` … ``g6``, ``l0`` … ``l2``) and of ``flat``; sum 1."""
    country: str
    """Whose public holidays count as Sundays (ISO 3166)."""
    course: Course | None = None
    """Load of each month from January over that of the year, instead of the season of the profiles."""
    flat_on_free_days: float = Field(1.0, ge=0)
    """Load of `flat` on Saturdays, Sundays and public holidays over that of a working day: industry that rests."""

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


class Trade(Sourced):
    """Exchange with neighbouring markets, as one block whose balance rises with the region's own price.

    At `price_export` and below, the region exports as much as the lines take, at `price_import` and above it imports as
    much; between them the balance is linear. Both prices are relative to the marginal cost of the best plant of a
    fleet, because neighbours burn the same fuel.
    """

    import_max_mw: float = Field(ge=0)
    """Greatest import."""
    export_max_mw: float = Field(ge=0)
    """Greatest export."""
    follows: str
    """Fleet, by its name, whose best plant's marginal cost the prices are relative to."""
    price_export: float
    """Price at which the lines are full outwards, relative to that cost."""
    price_import: float
    """Price at which the lines are full inwards, relative to that cost."""
    direct_kg_per_mwh: float = Field(ge=0)
    """Direct intensity of what is imported."""
    lifecycle_kg_per_mwh: float = Field(ge=0)
    """Its life-cycle intensity."""
    renewable_share: float = Field(ge=0, le=1)
    """Its renewable share."""
    carbon_free_share: float = Field(ge=0, le=1)
    """Its renewable and nuclear share."""
    neighbours_alike: float = Field(0.0, ge=0, le=1)
    """How far the neighbours' hours are like the region's: MW that they take more, at any price, per MW of the region's
    load less its sun above the mean. Wind is left out, it comes to them at other hours."""
    marginal_factor: str
    """What runs more abroad for one more MWh of import or one less of export: a name in the set of factors."""

    @model_validator(mode="after")
    def _prices_rise(self) -> Self:
        if self.price_export >= self.price_import:
            raise ValueError("price_export must be below price_import")
        if self.renewable_share > self.carbon_free_share:
            raise ValueError("renewable_share must not exceed carbon_free_share")
        return self


class RegionPlace(Sourced):
    """Where the region lies: the sun and the wall time by which it lives, whatever the place of the city."""

    time_zone: str
    """Such as ``Europe/Berlin``."""
    latitude: float = Field(ge=-90, le=90)
    """Of its middle, north positive [degree]."""
    longitude: float = Field(ge=-180, le=180)
    """Of its middle, east positive [degree]."""

    @model_validator(mode="after")
    def _time_zone_exists(self) -> Self:
        if self.time_zone not in zone_names():
            raise ValueError(f"time_zone: no such time zone {self.time_zone!r}")
        return self


class PublishedFactor(Spec):
    """The yearly factor that a region reproduces, on its own basis (gas, view, year: as its row says).

    A region is what enters the grids of cities, whose losses are simulated there. Of a factor per energy at the point
    of use the losses on the way are therefore taken out, or they would count twice.
    """

    factor_set: str
    """Shipped set that holds it."""
    region: str
    """Its region there."""
    year: int
    """Its year."""
    loss_share: float = Field(0.0, ge=0, lt=0.5)
    """Share of what is sent out that is lost before the point of use; 0 where the factor is per energy sent out."""
    loss_source: str = ""
    """Where that comes from."""

    @model_validator(mode="after")
    def _losses_have_a_source(self) -> Self:
        if self.loss_share > 0 and not self.loss_source.strip():
            raise ValueError("loss_source must name the source of loss_share")
        return self

    def sent_out_kg_per_mwh(self, value_kg_per_mwh: float) -> float:
        """The factor's value per energy sent out [kg/MWh]."""
        return value_kg_per_mwh * (1.0 - self.loss_share)


class HourlyFit(Spec):
    """Parameters that were set by measured hours."""

    parameters: tuple[str, ...]
    """Their names, as ``technology.parameter``."""
    year: int
    """Year of the measured hours."""
    months: tuple[int, ...]
    """Months, 1 to 12, whose hours were used; the others were kept for the score."""
    measured: str
    """What was measured, by whom, and with which weather."""


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
    place: RegionPlace | None = None
    """Where it lies; by default where the city is."""
    trade: Trade | None = None
    """Its exchange with neighbours; by default it trades with nobody."""
    mix_year: int | None = None
    """Year whose power stations, load and prices these are; of a scenario, the year that it is made for."""
    published: PublishedFactor | None = None
    """What its yearly mean is to reproduce."""
    calibrated: tuple[str, ...] = ()
    """Physical parameters set so that it does, as ``technology.parameter``."""
    fitted: HourlyFit | None = None
    """Parameters set by measured hours, and by which."""

    @property
    def unverified(self) -> tuple[str, ...]:
        """Numbers of whose source something was not checked, such as ``lignite.fuel.efficiency_best``."""
        of_parts = tuple(f"{place}{name}" for place, part in self._parts() for name in part.unverified_here)
        loss = self.published is not None and UNVERIFIED in self.published.loss_source
        return (*of_parts, "published.loss_share") if loss else of_parts

    @property
    def n_sourced(self) -> int:
        """Count of all numbers with a source."""
        losses = self.published is not None and self.published.loss_share > 0
        return sum(len(part.sources) for _, part in self._parts()) + losses

    def _parts(self) -> Iterator[tuple[str, Sourced]]:
        """The region and its parts, each with the beginning of the names of its numbers."""
        yield "", self
        yield "demand.", self.demand
        if self.place is not None:
            yield "place.", self.place
        if self.trade is not None:
            yield "trade.", self.trade
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
        if self.trade is not None and self.trade.follows not in names:
            raise ValueError(f"trade.follows: no technology called {self.trade.follows!r}")
        if TRADED in names:
            raise ValueError(f"technologies: {TRADED!r} is what trade brings")
        known = {f"{place}{field}" for place, part in self._parts() for field in type(part).model_fields}
        for field, listed in (
            ("calibrated", self.calibrated),
            ("fitted", self.fitted.parameters if self.fitted else ()),
        ):
            if unknown := sorted(set(listed) - known):
                raise ValueError(f"{field}: no parameter called {', '.join(unknown)}")
        return self


def region_files() -> dict[str, Path]:
    """Files of the shipped regions by name; ``reference`` is another name of one of them."""
    files = {path.stem: path for path in sorted(_REGIONS.glob("*.yaml"))}
    return {"reference": files[REFERENCE], **files}


@shared(files=lambda given: [given["name_or_path"]])
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
    file = read_yaml(path)
    with file.naming_lines():
        try:
            return Region.model_validate({} if file.content is None else file.content)
        except ValidationError as error:
            raise InputError(faults_of(error, Region), str(path)) from error


def reference_region() -> Region:
    """The default: the power stations, the load and the prices of Germany in 2023."""
    return load_region("reference")
