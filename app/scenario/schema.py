"""The scenario file: its schema, its reading, and everything that can be wrong with it."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from typing import Annotated, Any, Literal
from zoneinfo import available_timezones

from pydantic import Discriminator, Field, Tag, field_validator, model_validator
from pydantic_core import PydanticCustomError

from carbon.data_centre import DataCentre
from carbon.factors import DEFAULT_FACTOR_SET
from carbon.tracing.convention_names import CONVENTIONS, OPERATOR, Convention
from grid.assets import AnyAsset, AssetKind, SharedPowerLimit
from grid.assets.adoption import Adoption
from grid.city.city import UNSPECIFIED_SECTOR
from grid.spec import Spec
from grid.time.clock import Clock

MAX_DAYS = 366
DEFAULT_TIME_ZONE = "Europe/Berlin"
"""Of a city that states none."""
TAG = "·"
"""How names begin that tell what is meant where a key takes a name or a mapping; no key of a file begins so."""
GPC_PATTERN = r"^(I|II|III|IV|V|VI)(\.\d+)*$"


class CitySpec(Spec):
    """The grid and where it is."""

    network: str = Field(min_length=1)
    """`reference`, a pandapower JSON file, a pandapower built-in such as `mv_oberrhein`, or a SimBench code."""
    profiles: str | None = None
    """Parquet file with `time_utc` and a column per element and quantity, e.g. `load/<name>/p_mw`."""
    time_zone: str = DEFAULT_TIME_ZONE
    """IANA name of the city's time zone."""
    latitude: float | None = Field(default=None, ge=-90, le=90)
    """Of the city, for the sun; default: from the grid's coordinates, else the middle of Germany [degree]."""
    longitude: float | None = Field(default=None, ge=-180, le=180)
    """East positive [degree]."""
    holidays: str | None = "DE"
    """Country whose public holidays count as Sundays when profiles of another year are used; null for none."""
    demand_growth: float = Field(default=0.0, ge=-1, le=10)
    """Growth of all loads against the profiles: 0.05 is 5 %."""
    own_generation: Literal["profiles", "weather"] = "profiles"
    """Solar and wind power of the net itself: by its profiles, or by the scenario's weather like all else."""
    default_sector: str = Field(default=UNSPECIFIED_SECTOR, pattern=GPC_PATTERN)
    """GPC sub-sector of loads that name none."""

    @field_validator("time_zone")
    @classmethod
    def _known_zone(cls, name: str) -> str:
        if name not in available_timezones():
            raise PydanticCustomError("time_zone", "no such time zone")
        return name


class PeriodSpec(Spec):
    """When."""

    start: dt.date
    """First day, from midnight UTC."""
    days: int = Field(ge=1, le=MAX_DAYS)
    """Number of days."""
    step_minutes: Literal[5, 10, 15, 20, 30, 60] = 15
    """Length of a step [min]."""


class UpstreamSpec(Spec):
    """What imports are made of."""

    region: str | None = None
    """A merit-order region: `reference`, `germany`, `great_britain`, `japan`, `california`, `china`, `china_north`,
    `china_east` or `china_south`, or a YAML file of your own. Default: `reference`."""
    csv: str | None = None
    """Or a CSV of hourly values, `time_utc, ci_kg_per_mwh, price_per_mwh` or a published layout, or a folder of
    ENTSO-E's File Library."""
    area: str | None = Field(default=None, min_length=1)
    """Which area of a file or folder of ENTSO-E's File Library, which hold all of Europe, such as `DE_LU`."""

    @model_validator(mode="after")
    def _one_of_both(self) -> UpstreamSpec:
        if self.region is not None and self.csv is not None:
            raise PydanticCustomError("upstream", "needs either 'region' or 'csv', not both")
        if self.area is not None and self.csv is None:
            raise PydanticCustomError("upstream", "'area' chooses from a 'csv'; a region has none")
        return self


class TariffSpec(Spec):
    """What the city pays above the wholesale price."""

    import_markup_per_mwh: float = Field(default=60.0, ge=0)
    """Grid fees, levies and margin on imports [currency/MWh]."""
    export_discount_per_mwh: float = Field(default=10.0, ge=0)
    """What exports earn less than the wholesale price [currency/MWh]."""
    demand_charge_per_mw_month: float = Field(default=0.0, ge=0)
    """For the highest import of each calendar month [currency/MW]."""


class ForecastSpec(Spec):
    """A forecast that errs, the more the further it looks ahead (`optimizer.forecast.forecast`)."""

    load: float = Field(default=0.03, ge=0, le=1)
    """Standard deviation far ahead of what cannot be moved, relative to the highest at each bus [1]."""
    generation: float = Field(default=0.1, ge=0, le=1)
    """That of what sun and wind allow, relative to the most they allow in the period [1]."""
    price: float = Field(default=0.1, ge=0, le=1)
    """That of prices, relative to the mean import price [1]."""
    carbon_intensity: float = Field(default=0.1, ge=0, le=1)
    """That of the carbon of imports, relative to its mean [1]."""
    correlation_per_hour: float = Field(default=0.9, ge=0, lt=1)
    """Correlation of errors that lie an hour apart [1]."""
    arrivals_known: bool = True
    """Whether cars that are yet to arrive have said so; else they charge at once until the next window sees them."""


class DispatchSpec(Spec):
    """Who decides, and for what."""

    strategy: Literal["unmanaged", "smart", "optimal"] = "unmanaged"
    """`unmanaged`: cars charge on arrival, stores idle; `smart`: charging shifts; `optimal`: everything that can."""
    carbon_price_per_t: float = Field(default=0.0, ge=0)
    """Price of carbon in the decision and in the cost [currency/t]."""
    carbon_cap_t: float | None = Field(default=None, gt=0)
    """Most carbon of imports and own generation over the period, grid losses included [t]; each window may emit its
    share of what is left, by what would be emitted unmanaged. What a tonne more would save stands in the manifest."""
    v2g: bool = True
    """Whether cars whose owners are willing may feed in."""
    horizon_hours: int = Field(default=24, ge=1, le=24 * 31)
    """What each window decides [h]."""
    look_ahead_hours: int = Field(default=12, ge=0, le=24 * 31)
    """What each window sees beyond that [h]."""
    forecast: Annotated[
        Annotated[Literal["perfect", "persistence"], Tag(f"{TAG}name")] | Annotated[ForecastSpec, Tag(f"{TAG}errors")],
        Discriminator(lambda given: f"{TAG}name" if isinstance(given, str) else f"{TAG}errors"),
    ] = "perfect"
    """What a window knows of the steps ahead: all; that they are as at the same time yesterday; or all with an error,
    drawn with the scenario's seed. What is done meets the truth, and the grid connection balances the difference."""

    @model_validator(mode="after")
    def _who_decides(self) -> DispatchSpec:
        if self.carbon_cap_t is not None and self.strategy == "unmanaged":
            raise PydanticCustomError("dispatch", "carbon_cap_t needs a strategy that decides: 'smart' or 'optimal'")
        return self


class LimitsSpec(Spec):
    """Limits of the grid; where one is not given, the net's own holds."""

    vm_min_pu: float | None = Field(default=None, gt=0, lt=2)
    """Lower voltage limit [pu]."""
    vm_max_pu: float | None = Field(default=None, gt=0, lt=2)
    """Upper voltage limit [pu]."""
    line_loading_max_percent: float | None = Field(default=None, gt=0)
    """Limit of lines [%]."""
    trafo_loading_max_percent: float | None = Field(default=None, gt=0)
    """Limit of transformers [%]."""
    import_max_mw: float | None = Field(default=None, gt=0)
    """Most import [MW]."""

    @model_validator(mode="after")
    def _in_order(self) -> LimitsSpec:
        if self.vm_min_pu is not None and self.vm_max_pu is not None and self.vm_min_pu >= self.vm_max_pu:
            raise PydanticCustomError("limits", "vm_min_pu must be less than vm_max_pu")
        return self


class PowerLimitSpec(SharedPowerLimit):
    """A limit on the power of several assets, each by itself, such as no discharge from 22:00 to 6:00.

    It holds for every strategy and every device, charging sessions included.
    """

    kinds: tuple[AssetKind, ...] = ()
    """Kinds of assets that it holds for, such as `[battery, ev_fleet]`; batteries and cars that are part of another
    asset included."""


class CarbonSpec(Spec):
    """How carbon is counted."""

    boundary: Literal["direct", "lifecycle"] = "direct"
    """Emissions at the stack, or of the whole chain."""
    factor_set: str = DEFAULT_FACTOR_SET
    """A shipped set of emission factors (`gridcarbon factors`), or a CSV file of your own."""
    conventions: tuple[Convention, ...] = CONVENTIONS
    """Who bears the losses of the grid: all conventions that are traced, `operator` among them."""

    @field_validator("conventions")
    @classmethod
    def _with_the_ledgers_own(cls, names: tuple[Convention, ...]) -> tuple[Convention, ...]:
        if OPERATOR not in names:
            raise PydanticCustomError("conventions", "must hold 'operator', the convention of the run's ledgers")
        if len(set(names)) < len(names):
            raise PydanticCustomError("conventions", "must not name a convention twice")
        return names


class Scenario(Spec):
    """A city, a period, and what if. Only `name`, `city` and `period` are required."""

    schema_version: Literal[1] = 1
    """Version of this schema."""
    name: str = Field(min_length=1)
    """What the scenario is called."""
    currency: str = Field(default="EUR", min_length=1, max_length=8)
    """Currency of all prices."""
    seed: int = Field(default=0, ge=0)
    """Seed of everything drawn: the same scenario gives the same result."""
    city: CitySpec
    """The grid and where it is."""
    period: PeriodSpec
    """When."""
    weather: str = "greensboro-tmy3"
    """`greensboro-tmy3` (shipped with pvlib), or an EPW, TMY3 or CSV file."""
    upstream: UpstreamSpec = UpstreamSpec()
    """What imports are made of."""
    tariff: TariffSpec = TariffSpec()
    """What energy costs."""
    adoption: Adoption | None = None
    """Levers: shares of roofs, cars and homes that become assets."""
    assets: tuple[AnyAsset, ...] = ()
    """Flexible and renewable assets."""
    power_limits: tuple[PowerLimitSpec, ...] = ()
    """Limits on power that change with time, each for several assets; one asset's own stand with the asset."""
    data_centres: tuple[DataCentre, ...] = ()
    """Data centres."""
    dispatch: DispatchSpec = DispatchSpec()
    """Who decides."""
    limits: LimitsSpec = LimitsSpec()
    """Limits of the grid."""
    carbon: CarbonSpec = CarbonSpec()
    """How carbon is counted."""

    @property
    def clock(self) -> Clock:
        """The time axis."""
        start = dt.datetime.combine(self.period.start, dt.time(), dt.UTC)
        step = dt.timedelta(minutes=self.period.step_minutes)
        return Clock(start, step, round(dt.timedelta(days=self.period.days) / step))

    @property
    def sha256(self) -> str:
        """SHA-256 of the canonical scenario: everything that decides the result, with all defaults."""
        canonical = json.dumps(self.model_dump(mode="json"), sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(canonical.encode()).hexdigest()

    def as_yaml(self) -> str:
        """The scenario with all defaults, as a file that reads back to the same."""
        import yaml  # noqa: PLC0415  only where a scenario is written

        return yaml.safe_dump(self.model_dump(mode="json"), sort_keys=False, allow_unicode=True)


def schema() -> dict[str, Any]:
    """The JSON Schema of scenario files, for editors."""
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **Scenario.model_json_schema()}
