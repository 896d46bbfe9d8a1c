"""The scenario file: its schema, its reading, and everything that can be wrong with it."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from functools import partial
from typing import Annotated, Any, Literal

from pydantic import Discriminator, Field, Tag, field_validator, model_validator
from pydantic_core import PydanticCustomError

from app.scenario.forecast_spec import ForecastFileSpec, ForecastSpec, which_forecast
from app.tariffs.account import TariffSpec
from carbon.data_centre import DataCentre
from carbon.factors import DEFAULT_FACTOR_SET
from carbon.tracing.convention_names import CONVENTIONS, OPERATOR, Convention
from grid.assets import AnyAsset, AssetKind, SharedPowerLimit
from grid.assets.adoption import Adoption
from grid.city.city import UNSPECIFIED_SECTOR
from grid.controllers import AnyController
from grid.sharing import keep_latest
from grid.spec import HIGHEST_PRICE, TAG, Spec
from grid.synthetic import SyntheticSpec
from grid.time.clock import Clock
from grid.time.zones import zone_names

MAX_DAYS = 366
DEFAULT_TIME_ZONE = "Europe/Berlin"
"""Of a city that states none."""
GPC_PATTERN = r"^(I|II|III|IV|V|VI)(\.\d+)*$"


class CitySpec(Spec):
    """The city's grid, its place, and the loads of the grid."""

    network: str = Field(min_length=1)
    """The grid: `reference` (shipped), a file (path relative to the scenario's) as `docs/reading_grids.md` lists them,
    such as pandapower JSON, GeoPackage, CGMES, MATPOWER, PyPSA or OpenDSS, the name of a net that pandapower ships,
    such as `mv_oberrhein`, a SimBench code (needs `simbench`), or `synthetic`: one made by rule from loads with
    coordinates, see `synthetic`."""
    synthetic: SyntheticSpec | None = Field(default=None, exclude_if=lambda value: value is None)
    """What a `synthetic` grid is made of; labelled as such wherever it is shown. Default: none is made."""
    profiles: str | None = None
    """Parquet or CSV file of powers by time: a column `time_utc`, and one for each element and quantity, such as
    `load/<name>/p_mw` [MW] or `load/<name>/q_mvar` [MVAr], at any regular step of whole seconds; gaps of up to a week
    are filled and reported. Elements without a column keep the net's profiles. Default: the net's own profiles, else
    constant at its nominal power."""
    time_zone: str = DEFAULT_TIME_ZONE
    """Time zone of the city, by its IANA name; sets the hours of demand, cars and `power_limits`."""
    latitude: float | None = Field(default=None, ge=-90, le=90)
    """Latitude of the city, north positive; places the sun [degree]. Default: mean of the grid's coordinates, else the
    middle of Germany."""
    longitude: float | None = Field(default=None, ge=-180, le=180)
    """Longitude of the city, east positive; places the sun [degree]. Default: as for `latitude`."""
    holidays: str | None = "DE"
    """Country, by its ISO 3166-1 code of two letters, whose public holidays count as Sundays when profiles of another
    year are used; null for none."""
    demand_growth: float = Field(default=0.0, ge=-1, le=10)
    """Growth of all loads of the grid against their profiles [1]; 0.05 is 5 % more."""
    own_generation: Literal["profiles", "weather"] = "profiles"
    """What sets solar and wind power of the grid's own generators: their `profiles`, or the scenario's `weather`."""
    phases: Literal["auto", "one", "three"] = Field(default="auto", exclude_if=lambda value: value == "auto")
    """How the power flow is solved: `three` phases apart, where single-phase units are on one of them, `one` as if all
    were balanced, or `auto`: three where the net has asymmetric elements, else one."""
    default_sector: str = Field(default=UNSPECIFIED_SECTOR, pattern=GPC_PATTERN)
    """GPC sub-sector of loads whose element names none, such as `I.1` (residential buildings)."""

    @model_validator(mode="after")
    def _made_of_something(self) -> CitySpec:
        if (self.network == "synthetic") != (self.synthetic is not None):
            raise PydanticCustomError("synthetic", "'network: synthetic' and the key 'synthetic' need each other")
        return self

    @field_validator("time_zone")
    @classmethod
    def _known_zone(cls, name: str) -> str:
        if name not in zone_names():
            raise PydanticCustomError("time_zone", "no such time zone")
        return name


class PeriodSpec(Spec):
    """The simulated period, in UTC."""

    start: dt.date = Field(ge=dt.date(1900, 1, 1), le=dt.date(2199, 12, 31))
    """First day, YYYY-MM-DD; the period begins at its midnight UTC."""
    days: int = Field(ge=1, le=MAX_DAYS)
    """Length of the period [d]."""
    step_minutes: Literal[5, 10, 15, 20, 30, 60] = 15
    """Length of a time step [min]."""


class UpstreamSpec(Spec):
    """Carbon intensity and wholesale price of imports: from a model of a region's market, or from a file."""

    region: str | None = None
    """Region whose power market is simulated by merit order: `reference`, `germany`, `germany_2030`, `great_britain`,
    `japan`, `california`, `china`, `china_north`, `china_east` or `china_south`, or a YAML file of your own (path
    relative to the scenario's). Default: `reference`."""
    weather: tuple[str, ...] = ()
    """Weather of the region itself, at one site or several: EPW, TMY3, PVGIS or CSV files (paths relative to the
    scenario's). Where they are hours of the year that is simulated, the region has the wind and the sun of those hours.
    Default: the city's weather."""
    csv: str | None = None
    """File used instead of a region: hourly (or shorter) values as `time_utc, ci_kg_per_mwh, price_per_mwh`, a layout
    published by Electricity Maps, EIA-930, NESO, ENTSO-E, Energy-Charts, SMARD or éCO2mix, a folder of ENTSO-E's File
    Library, or a folder of one file of generation and one of prices."""
    area: str | None = Field(default=None, min_length=1)
    """Area to read from files of ENTSO-E's File Library, which hold all of Europe, by its short name, such as
    `DE_LU`."""

    @model_validator(mode="after")
    def _one_of_both(self) -> UpstreamSpec:
        if self.region is not None and self.csv is not None:
            raise PydanticCustomError("upstream", "needs either 'region' or 'csv', not both")
        if self.weather and self.csv is not None:
            raise PydanticCustomError("upstream", "'weather' is of a region; a 'csv' has its hours already")
        if self.area is not None and self.csv is None:
            raise PydanticCustomError("upstream", "'area' chooses from a 'csv'; a region has none")
        return self


class SpansSpec(Spec):
    """Spans that a long dispatch is cut into, to be decided side by side on several processes."""

    days: int = Field(ge=1, le=366)
    """Length of each span but the last [d]."""
    run_in_days: int = Field(default=2, ge=1, le=31)
    """Days that are decided before each span, so that its stores and cars are as they would be, and thrown away [d]."""


class DispatchSpec(Spec):
    """How flexible assets are operated: not at all, or by optimisation in rolling windows for least cost."""

    strategy: Literal["unmanaged", "smart", "optimal"] = "unmanaged"
    """`unmanaged`: cars charge on arrival, stores idle; `smart`: only charging is shifted in time; `optimal`: all
    flexible assets are operated for least cost, V2G included."""
    carbon_price_per_t: float = Field(default=0.0, ge=0, le=HIGHEST_PRICE)
    """Price of carbon, in the objective of the dispatch and in the cost of the run [currency/t]."""
    carbon_cap_t: float | None = Field(default=None, gt=0)
    """Highest emissions of imports and the city's own generation over the period, grid losses included [t]. Each window
    may emit its share of what is left, by what would be emitted unmanaged; the marginal cost of the cap is in the
    manifest. Default: no cap."""
    v2g: bool = True
    """Whether electric cars with `v2g` may discharge into the grid."""
    horizon_hours: int = Field(default=24, ge=1, le=24 * 31)
    """Length of the part of each window whose decisions are kept [h]."""
    look_ahead_hours: int = Field(default=12, ge=0, le=24 * 31)
    """Length of what each window optimises beyond that, to be decided anew by the next [h]."""
    forecast: Annotated[
        Annotated[Literal["perfect", "persistence"], Tag(f"{TAG}name")]
        | Annotated[ForecastSpec, Tag(f"{TAG}errors")]
        | Annotated[ForecastFileSpec, Tag(f"{TAG}file")],
        Discriminator(which_forecast),
    ] = "perfect"
    """What a window knows of the steps ahead: `perfect`: their true values; `persistence`: those of the same time on
    the day before; true values with errors drawn with the scenario's seed; or the medians of a `file` that `gridcarbon
    twin forecast` wrote. The schedule is then carried out with the true values, and imports balance the difference."""

    spans: SpansSpec | None = Field(default=None, exclude_if=lambda value: value is None)
    """Spans that the period is cut into, which `gridcarbon run --processes N` decides side by side; the cost is that of
    one span within some hundredths of a percent. Default: one."""

    @model_validator(mode="after")
    def _spans_apart(self) -> DispatchSpec:
        if self.spans is not None:
            if self.carbon_cap_t is not None or self.forecast != "perfect":
                raise PydanticCustomError("spans", "spans need perfect forecasts and no cap on carbon")
            if 24 % self.horizon_hours:
                raise PydanticCustomError("spans", "spans need a horizon_hours that divides 24")
            if self.look_ahead_hours > self.horizon_hours:
                raise PydanticCustomError("spans", "spans need look_ahead_hours of at most horizon_hours")
        return self

    @model_validator(mode="after")
    def _who_decides(self) -> DispatchSpec:
        if self.carbon_cap_t is not None and self.strategy == "unmanaged":
            raise PydanticCustomError("dispatch", "carbon_cap_t needs a strategy that decides: 'smart' or 'optimal'")
        return self


class LimitsSpec(Spec):
    """Limits of the grid. A limit that is not given is that of each element of the net, if it has one."""

    vm_min_pu: float | None = Field(default=None, gt=0, lt=2)
    """Least voltage of all buses [pu]."""
    vm_max_pu: float | None = Field(default=None, gt=0, lt=2)
    """Highest voltage of all buses [pu]."""
    line_loading_max_percent: float | None = Field(default=None, gt=0)
    """Highest current of all lines, as a share of their rating [%]."""
    trafo_loading_max_percent: float | None = Field(default=None, gt=0)
    """Highest current of all transformers, as a share of their rating [%]."""
    voltage_unbalance_max_percent: float | None = Field(default=None, gt=0, le=100)
    """Highest unbalance of the voltage of all buses, negative over positive sequence [%]. Default: 2 % (EN 50160) where
    three phases are solved apart (`city.phases`); a balanced power flow knows none."""
    import_max_mw: float | None = Field(default=None, gt=0)
    """Highest import of the city, all connections to the grid above together [MW]. Default: no limit."""

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
    """Emission factors, their boundary, and the conventions by which grid losses are allocated."""

    boundary: Literal["direct", "lifecycle"] = "direct"
    """`direct`: emissions of combustion at the plant; `lifecycle`: with construction, fuel supply and disposal."""
    factor_set: str = DEFAULT_FACTOR_SET
    """Emission factors by technology: name of a shipped set (`gridcarbon factors` lists them), or a CSV file (path
    relative to the scenario's)."""
    factor_scale: dict[str, Annotated[float, Field(ge=0, le=10, strict=True)]] = Field(default_factory=dict)
    """Multiples of emission factors by technology, such as `{lignite: 1.02}` [1]; of imports and of local generation,
    on both boundaries. Prices and dispatch of the region's market stay as they are. Default: as published."""
    factor_position: dict[str, Annotated[float, Field(ge=-1, le=1, strict=True)]] = Field(default_factory=dict)
    """Where in its published range an emission factor lies, by technology, such as `{gas: 0.5}`: -1 its lower end, 0
    the published value, 1 its upper end, linearly between [1]. Sets name their ranges (`gridcarbon factors`)."""
    conventions: tuple[Convention, ...] = CONVENTIONS
    """Conventions by which the carbon of grid losses is traced; who bears it: `operator` (the grid operator; always
    among them), `load` (whom each line feeds), `generator` (who feeds it), `average` (the operator, half of it at each
    end of a line)."""

    @field_validator("conventions")
    @classmethod
    def _with_the_ledgers_own(cls, names: tuple[Convention, ...]) -> tuple[Convention, ...]:
        if OPERATOR not in names:
            raise PydanticCustomError("conventions", "must hold 'operator', the convention of the run's ledgers")
        if len(set(names)) < len(names):
            raise PydanticCustomError("conventions", "must not name a convention twice")
        return names


class Scenario(Spec):
    """A city in a period, with its assets, prices and limits. Only `name`, `city` and `period` are required."""

    schema_version: Literal[1] = 1
    """Version of this schema; only 1 is read."""
    name: str = Field(min_length=1)
    """Name of the scenario, shown with its results."""
    currency: str = Field(default="EUR", min_length=1, max_length=8)
    """Currency of all prices and costs, as a code such as `EUR`; prices are not converted."""
    seed: int = Field(default=0, ge=0)
    """Seed of all random draws (charging sessions, forecast errors); the same scenario and seed give the same
    result."""
    city: CitySpec
    """The grid, its place, and its loads."""
    period: PeriodSpec
    """Start, length and time step of what is simulated."""
    weather: str = "potsdam-try"
    """Weather of the city: `potsdam-try` (shipped with demandlib), `greensboro-tmy3` (shipped with pvlib), or an EPW,
    TMY3, TRY, PVGIS or CSV file (path relative to the scenario's); a typical year is laid over the period by date."""
    upstream: UpstreamSpec = UpstreamSpec()
    """Source of carbon intensity and wholesale price of imports."""
    tariff: TariffSpec = TariffSpec()
    """Prices on top of the wholesale price."""
    adoption: Adoption | None = None
    """Shares of roofs, cars and homes with photovoltaics, electric drive and heat pumps, turned into assets."""
    assets: tuple[AnyAsset, ...] = ()
    """Assets connected to the grid: generation, storage, charging, flexible demand; by `kind`."""
    power_limits: tuple[PowerLimitSpec, ...] = ()
    """Limits on power by time of day or by profile, each for several assets; limits of one asset stand with it."""
    data_centres: tuple[DataCentre, ...] = ()
    """Data centres, each with its IT load, cooling and power chain."""
    dispatch: DispatchSpec = DispatchSpec()
    """How flexible assets are operated."""
    limits: LimitsSpec = LimitsSpec()
    """Limits of voltage, loading and import."""
    controllers: tuple[AnyController, ...] = Field(default=(), exclude_if=lambda given: not given)
    """Controllers of the grid: tap changers, capacitor banks, reactive power by voltage or by power; by `kind`."""
    carbon: CarbonSpec = CarbonSpec()
    """Emission factors and conventions."""

    @model_validator(mode="after")
    def _peaks_within_spans(self) -> Scenario:
        if self.dispatch.spans is not None and self.tariff.demand_charge_per_mw_month > 0:
            raise PydanticCustomError("spans", "dispatch.spans needs a tariff without a demand charge")
        return self

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

        dumper = getattr(yaml, "CSafeDumper", yaml.SafeDumper)  # libyaml's writes the same ten times as fast

        def written(name: str, value: Any) -> str:
            return str(yaml.dump({name: value}, Dumper=dumper, sort_keys=False, allow_unicode=True))

        parts = self.model_dump(mode="json").items()
        return "".join(
            keep_latest(f"YAML of {name}", json.dumps(value), partial(written, name, value)) for name, value in parts
        )


def schema() -> dict[str, Any]:
    """The JSON Schema of scenario files, for editors."""
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **Scenario.model_json_schema()}
