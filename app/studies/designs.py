"""Designs side by side: one scenario, and named changes to it, run one at a time in the same city."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from pydantic import Field, ValidationError

from app.results.key_figures import evaluate, figure_named
from app.results.manifest import status
from app.results.table_file import in_columns
from app.results.tables.registry import tables
from app.scenario import load_scenario
from app.scenario.loaded import LoadedScenario
from app.scenario.messages import faults_of
from app.simulation.inputs import outdoor_air
from app.simulation.phases import Progress, SimulationResult, simulate
from carbon.data_centre import FacilityModel, it_demand_mw
from grid.errors import Fault, ScenarioError
from grid.files.yaml_file import read_yaml
from grid.spec import Spec
from grid.weather.weather import weather_for

if TYPE_CHECKING:
    import polars as pl

FIXED = ("schema_version", "city", "period", "weather")
"""Parts of a scenario that a design must not change: the designs are compared in one city under one weather."""
_NAME_SEPARATOR = "."
OF_THE_RUN = (
    *("cost", "peak_import_mw", "line_loading_max_percent", "trafo_loading_max_percent", "vm_min_pu"),
    "violation_steps",
)
"""Key figures of the run that a comparison holds under their own names."""


class Design(Spec):
    """One design."""

    name: str = Field(min_length=1)
    """What it is called."""
    changes: dict[str, Any] = Field(default_factory=dict)
    """New values by dotted path into the scenario, such as `data_centres.0.cooling`."""


class Designs(Spec):
    """A comparison of designs, as a file describes it."""

    schema_version: Literal[1] = 1
    """Version of this schema."""
    name: str = Field(min_length=1)
    """What the comparison is called."""
    scenario: str = Field(min_length=1)
    """The scenario file that the designs change, relative to this file."""
    designs: tuple[Design, ...] = Field(min_length=1)
    """The designs; the others are compared with the first."""


@dataclass(frozen=True)
class DesignRow:
    """What a design does; what does not exist in a run is None.

    Args:
        name: Of the design.
        status: How its run ended.
        pue_year: Facility per IT energy over a whole year of its weather, all data centres together [1].
        pue: The same over the run [1].
        wue_l_per_kwh: Water per IT energy over the run [L/kWh].
        cue_kg_per_kwh: Emissions traced at its bus per IT energy [kg/kWh].
        energy_mwh: Of all data centres [MWh].
        data_centre_emissions_t: Traced to all data centres [t].
        city_emissions_t: Of the city [t].
        cost: Of the city [currency].
        peak_import_mw: Of the city [MW].
        line_loading_max_percent: Highest loading of a line [%].
        trafo_loading_max_percent: Highest loading of a transformer [%].
        vm_min_pu: Lowest voltage [pu].
        violation_steps: Steps with a violated limit.
    """

    name: str
    status: str
    pue_year: float | None
    pue: float | None
    wue_l_per_kwh: float | None
    cue_kg_per_kwh: float | None
    energy_mwh: float
    data_centre_emissions_t: float
    city_emissions_t: float
    cost: float
    peak_import_mw: float
    line_loading_max_percent: float | None
    trafo_loading_max_percent: float | None
    vm_min_pu: float | None
    violation_steps: int


@dataclass(frozen=True)
class Comparison:
    """Designs side by side.

    Args:
        name: Of the comparison.
        currency: Of all costs.
        days: Length of the runs [days].
        rows: One a design, in their order.
    """

    name: str
    currency: str
    days: int
    rows: tuple[DesignRow, ...]

    def table(self) -> pl.DataFrame:
        """A row a design."""
        import polars as pl  # noqa: PLC0415  slow to import

        return pl.DataFrame([asdict(row) for row in self.rows])


def shipped_designs() -> Path:
    """The shipped comparison: five designs of a data centre."""
    return Path(str(resources.files("app") / "scenarios" / "designs" / "data_centre_designs.yaml"))


def load_designs(path: Path, days: int | None = None) -> tuple[Designs, tuple[LoadedScenario, ...]]:
    """Reads and checks a comparison and the scenario of every design.

    Args:
        path: The YAML file.
        days: Overrides ``period.days`` of the scenario.

    Raises:
        ScenarioError: With all faults, each with its place and its line.
    """
    file = read_yaml(path)
    with file.naming_lines():
        spec = _check_designs(file.content, str(path))
    base = load_scenario(path.parent / spec.scenario, days)
    faults: list[Fault] = []
    loaded: list[LoadedScenario] = []
    names = [design.name for design in spec.designs]
    for place, design in enumerate(spec.designs):
        if names.index(design.name) != place:
            faults.append(Fault(f"designs[{place}].name", "stands twice", design.name))
        found = _changed(base, design, f"designs[{place}].changes", faults)
        if found is not None:
            loaded.append(found)
    if faults:
        with file.naming_lines():
            raise ScenarioError(faults, str(path))
    return spec, tuple(loaded)


def _check_designs(raw: Any, source: str) -> Designs:
    """The content of a designs file, its scenario apart."""
    if not isinstance(raw, Mapping):
        raise ScenarioError([Fault("", "must be a mapping with name, scenario and designs")], source)
    try:
        return Designs.model_validate(raw)
    except ValidationError as error:
        raise ScenarioError(faults_of(error, Designs), source) from error


def _changed(base: LoadedScenario, design: Design, at: str, faults: list[Fault]) -> LoadedScenario | None:
    """The scenario of a design; what is wrong with it is added to `faults`."""
    before = len(faults)
    faults += [
        Fault(at, "a design must not change the city, its weather or the period", path)
        for path in design.changes
        if path.split(_NAME_SEPARATOR)[0] in FIXED
    ]
    if len(faults) > before:
        return None
    try:
        changed = base.with_changes(design.changes)
    except ValidationError as error:
        faults += [replace(fault, place=f"{at}: {fault.place}") for fault in faults_of(error)]
        return None
    except (KeyError, IndexError, ValueError) as error:
        paths = ", ".join(path for path in design.changes if not _leads_somewhere(base, path))
        faults.append(Fault(at, f"a path leads nowhere: {paths or error}"))
        return None
    faults += _bus_faults(changed, at)
    return changed if len(faults) == before else None


def _leads_somewhere(base: LoadedScenario, path: str) -> bool:
    """Whether a dotted path alone can be followed in a scenario."""
    place: Any = base.scenario.model_dump(mode="python")
    *parents, last = path.split(_NAME_SEPARATOR)
    try:
        for key in parents:
            place = place[int(key)] if isinstance(place, list | tuple) else place[key]
        return isinstance(place, Mapping) or int(last) < len(place)
    except (KeyError, IndexError, ValueError, TypeError):
        return False


def _bus_faults(loaded: LoadedScenario, at: str) -> Iterator[Fault]:
    buses = loaded.city.network.buses
    for place, spec in enumerate(loaded.scenario.data_centres):
        fault = buses.fault(spec.bus, f"{at}: data_centres[{place}].bus")
        if fault is not None:
            yield fault
    for place, asset in enumerate(loaded.scenario.assets):
        yield from asset.faults(loaded.city, f"{at}: assets[{place}]")


def compare_designs(path: Path, days: int | None = None, progress: Progress | None = None) -> Comparison:
    """Runs every design of a comparison.

    Args:
        path: The YAML file.
        days: Overrides ``period.days`` of the scenario.
        progress: Told the design with its phase, and how much of it is done.

    Raises:
        ScenarioError: If the file or any design is wrong; all faults at once, before the first run.
    """
    spec, variants = load_designs(path, days)
    rows = []
    for design, loaded in zip(spec.designs, variants, strict=True):
        tell = None if progress is None else _named(progress, design.name)
        rows.append(_row(design.name, simulate(loaded, tell)))
    scenario = variants[0].scenario
    return Comparison(spec.name, scenario.currency, scenario.period.days, tuple(rows))


def _named(progress: Progress, design: str) -> Progress:
    return lambda phase, share: progress(f"{design}: {phase}", share)


def _row(name: str, outcome: SimulationResult) -> DesignRow:
    made = tables(outcome)
    centres = [spec.name for spec in outcome.inputs.loaded.scenario.data_centres]
    of_centres = (f"data_centres.{centre}.{key}" for centre in centres for key in ("emissions_t", "energy_mwh"))
    figures = [figure_named(key) for key in ("pue_mean", "emissions_t", *OF_THE_RUN, *of_centres)]
    summary: dict[str, Any] = dict(evaluate(figures, lambda table: in_columns(table, made[table]()).lazy()))
    it_mwh = sum(float(f.p_it_mw.sum() * f.step_hours) for f in outcome.facilities.values())
    water_l = sum(float(f.water_l.sum()) for f in outcome.facilities.values())
    emissions_t = sum(summary[f"data_centres.{centre}.emissions_t"] or 0.0 for centre in centres)
    return DesignRow(
        name=name,
        status=status(outcome),
        pue_year=yearly_pue(outcome),
        pue=summary["pue_mean"],
        wue_l_per_kwh=water_l / it_mwh / 1e3 if it_mwh else None,
        cue_kg_per_kwh=emissions_t / it_mwh if it_mwh else None,
        energy_mwh=sum(summary[f"data_centres.{centre}.energy_mwh"] for centre in centres),
        data_centre_emissions_t=emissions_t,
        city_emissions_t=summary["emissions_t"],
        **{key: summary[key] for key in OF_THE_RUN},
    )


def yearly_pue(outcome: SimulationResult) -> float | None:
    """Facility per IT energy of all data centres over the year in which the run begins, before any shifting [1].

    A run of a few days meets the weather of a few days; PUE is a figure of a year. None without data centres.
    """
    scenario, weather = outcome.inputs.loaded.scenario, outcome.inputs.weather
    zone = scenario.city.time_zone
    clock = outcome.inputs.clock.year()
    source: str | Path = Path(weather.source) if Path(weather.source).is_file() else weather.source
    air = outdoor_air(weather_for(source, clock, zone, weather.latitude, weather.longitude), zone)
    it_mwh = total_mwh = 0.0
    for spec in scenario.data_centres:
        p_it_mw = it_demand_mw(spec, clock, zone, air, outcome.inputs.loaded.folder)
        it_mwh += float(p_it_mw.sum())
        total_mwh += float(FacilityModel(spec, air, clock.step_hours).total_at(p_it_mw).sum())
    return total_mwh / it_mwh if it_mwh else None


FIGURES = (
    ("PUE, year", "pue_year", "{:.3f}"),
    ("PUE", "pue", "{:.3f}"),
    ("WUE L/kWh", "wue_l_per_kwh", "{:.2f}"),
    ("CUE kg/kWh", "cue_kg_per_kwh", "{:.3f}"),
    ("facility MWh", "energy_mwh", "{:,.0f}"),
    ("its t CO2e", "data_centre_emissions_t", "{:,.1f}"),
    ("city t CO2e", "city_emissions_t", "{:,.1f}"),
    ("cost", "cost", "{:,.0f}"),
    ("peak MW", "peak_import_mw", "{:.1f}"),
    ("line %", "line_loading_max_percent", "{:.1f}"),
    ("violations", "violation_steps", "{:d}"),
)
"""What is printed: label, field of `DesignRow`, format."""


def print_designs(comparison: Comparison) -> None:
    """Prints a comparison, a column a design."""
    from rich.console import Console  # noqa: PLC0415  slow to import
    from rich.table import Table  # noqa: PLC0415

    table = Table(title=f"{comparison.name}: {comparison.days} days, costs in {comparison.currency}")
    table.add_column("")
    for row in comparison.rows:
        table.add_column(row.name, justify="right")
    for heading, key, form in FIGURES:
        values = [getattr(row, key) for row in comparison.rows]
        table.add_row(heading, *("–" if value is None else form.format(value) for value in values))
    Console().print(table)
