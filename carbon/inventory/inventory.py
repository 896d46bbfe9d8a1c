"""A city's greenhouse-gas inventory by GPC: electricity from the tracing, everything else from a table."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from carbon.inventory.activities import Activity
from carbon.inventory.codes import BIOGENIC, GWP100, GpcCode, gpc_codes
from grid.errors import Fault, raise_if_any
from grid.time.clock import Clock
from grid.units import HOURS_PER_YEAR, KG_PER_T

OLDEST, NEWEST = 1900, 2200
"""What can be a base year."""
LOCAL_GENERATION = "I.4.4"
"""Generation supplied to the grid: reported, but in no total, since its electricity is traced to its users."""
ON_ROAD = "II.1.2"
"""On-road transport from the grid: cars at the meter, and hydrogen that was made from it."""
TRACED = "carbon tracing, grid operator bears losses, direct emissions"
SIMULATED = "M"
"""Quality of activities that a run simulates: modelled (GPC 1.1, table 5.3), never measured."""
ABOVE_THE_CITY = (
    "Lines x.3 hold the losses of the city's own grid; losses above its connection, in transmission, are in no line."
)
WHOLE = 1e-3
"""How near to whole years a period counts as such [years]."""


@dataclass(frozen=True)
class Combustion:
    """Fuel burnt in the run for something else than electricity.

    Args:
        gpc_code: Line, such as ``I.2.1``.
        name: What it is.
        energy_mwh: Fuel, lower heating value [MWh].
        emissions_kg: Direct emissions, without those of biomass [kg].
        biogenic_kg: CO2 of biomass [kg].
    """

    gpc_code: str
    name: str
    energy_mwh: float
    emissions_kg: float
    biogenic_kg: float = 0.0


@dataclass(frozen=True)
class RunElectricity:
    """What a run says of the city's electricity, over its period.

    Args:
        hours: Length of the period [h].
        sector_mwh: Energy by line, such as ``I.1.2`` [MWh]; of lines x.3 the energy lost.
        sector_kg: Emissions by line [kg]: x.2 the electricity used, x.3 its share of the grid's losses.
        generation_mwh: Local generation [MWh].
        generation_kg: Its direct emissions [kg].
        gas: ``CO2`` or ``CO2e``, as the factors of the run count.
        source: Scenario and factor set.
        reductions: Quantities of `carbon.inventory.activities.REDUCED_BY` in the run.
        years: The period in calendar years, see `calendar_years`; None: its hours over 8760.
        hydrogen_mwh: Part of II.1.2 that was refuelled as hydrogen, lower heating value [MWh].
        hydrogen_kg: Its emissions [kg].
        factor_quality: H, M or L; ``L`` where factors of the run are unverified.
        combustion: Fuel burnt for heat beside electricity, and in tests of emergency generators.
        generation_biogenic_kg: CO2 of biomass of local generation [kg].
    """

    hours: float
    sector_mwh: Mapping[str, float]
    sector_kg: Mapping[str, float]
    generation_mwh: float
    generation_kg: float
    gas: str
    source: str
    reductions: Mapping[str, float]
    years: float | None = None
    hydrogen_mwh: float = 0.0
    hydrogen_kg: float = 0.0
    factor_quality: str = "M"
    combustion: tuple[Combustion, ...] = ()
    generation_biogenic_kg: float = 0.0

    @property
    def share_of_year(self) -> float:
        """The period in years; a whole leap year is one, as every other."""
        return self.hours / HOURS_PER_YEAR if self.years is None else self.years


@dataclass(frozen=True)
class InventoryLine:
    """One line of the inventory, over the period.

    Args:
        code: The line by GPC.
        name: What it is.
        activity: Amount; None where a notation key stands.
        unit: Its unit.
        kg_by_gas: Emissions of each gas, as that gas [kg]; ``CO2e`` where the gases are not told apart, ``CO2b`` the
            CO2 of biomass.
        notation: Notation key of a line without an amount, or empty.
        activity_quality: H, M or L, or empty.
        factor_quality: H, M or L, or empty.
        source: Where the numbers come from.
    """

    code: GpcCode
    name: str
    activity: float | None
    unit: str
    kg_by_gas: Mapping[str, float]
    notation: str
    activity_quality: str
    factor_quality: str
    source: str

    @property
    def co2e_kg(self) -> float:
        """All gases as CO2 equivalents by AR5, without the CO2 of biomass [kg]."""
        return sum(kg * GWP100.get(gas, 1.0) for gas, kg in self.kg_by_gas.items() if gas != BIOGENIC)

    @property
    def biogenic_kg(self) -> float:
        """CO2 of biomass, in no total [kg]."""
        return self.kg_by_gas.get(BIOGENIC, 0.0)


@dataclass(frozen=True)
class Inventory:
    """The lines of a period, and what they sum to.

    Args:
        lines: In the order of GPC.
        hours: Length of the period [h].
        base_year: The year that later inventories are compared with.
        population: Inhabitants; None if unknown.
        floor_area_m2: Floor area of the buildings [m²]; None if unknown.
        years: Length of the period in calendar years; None: its hours over 8760.
    """

    lines: tuple[InventoryLine, ...]
    hours: float
    base_year: int
    population: int | None = None
    floor_area_m2: float | None = None
    years: float | None = None

    @cached_property
    def basic_kg(self) -> float:
        """BASIC: fuel and electricity in the city, and its waste [kg CO2e]."""
        return sum(line.co2e_kg for line in self.lines if line.code.basic)

    @cached_property
    def basic_plus_kg(self) -> float:
        """BASIC+: BASIC with losses of the grid, trips across the boundary, processes and land [kg CO2e]."""
        return sum(line.co2e_kg for line in self.lines if line.code.basic_plus)

    @property
    def territorial_kg(self) -> float:
        """Scope 1 of everything, generation supplied to the grid included [kg CO2e]."""
        return sum(line.co2e_kg for line in self.lines if line.code.scope == 1)

    @property
    def biogenic_kg(self) -> float:
        """CO2 of biomass of all lines, in no total [kg]."""
        return sum(line.biogenic_kg for line in self.lines)

    @property
    def period_years(self) -> float:
        """Length of the period [years]."""
        return self.hours / HOURS_PER_YEAR if self.years is None else self.years

    @property
    def notes(self) -> tuple[str, ...]:
        """What a reader must know: what is in no line, and a part of a year that yearly figures multiply."""
        years = self.period_years
        if abs(years - round(years)) < WHOLE:
            return (ABOVE_THE_CITY,)
        times = f"multiplied by {1 / years:.3g}" if years < 1 else f"divided by {years:.3g}"
        period = f"The period is {self.hours / 24:g} days, not whole years: yearly figures are its own {times}"
        return (ABOVE_THE_CITY, f"{period}, its season included.")

    def by_sector_and_scope(self) -> dict[tuple[str, int], float]:
        """Emissions by sector and scope of what BASIC+ counts [kg CO2e]."""
        sums: dict[tuple[str, int], float] = {}
        for line in self.lines:
            if line.code.basic_plus:
                key = (line.code.sector, line.code.scope)
                sums[key] = sums.get(key, 0.0) + line.co2e_kg
        return sums

    def per_year(self, kg: float) -> float:
        """A total of the period as tonnes a year [t/a]."""
        return kg / KG_PER_T / self.period_years

    def indicators(self) -> dict[str, float | None]:
        """Yearly totals, per inhabitant and per floor area; None where the denominator is unknown."""
        basic, plus = self.per_year(self.basic_kg), self.per_year(self.basic_plus_kg)
        people, area = self.population, self.floor_area_m2
        return {
            "basic_t_per_year": basic,
            "basic_plus_t_per_year": plus,
            "basic_t_per_inhabitant_year": basic / people if people else None,
            "basic_plus_t_per_inhabitant_year": plus / people if people else None,
            "basic_kg_per_m2_year": basic * KG_PER_T / area if area else None,
        }


def calendar_years(clock: Clock) -> float:
    """Length of a clock in calendar years (UTC): a whole year is 1, whether it has 8760 or 8784 hours."""
    whole = 0.0
    for year in range(clock.start.year, clock.stop.year + 1):
        begin, end = (
            clock.start.replace(year=y, month=1, day=1, hour=0, minute=0, second=0, microsecond=0)
            for y in (year, year + 1)
        )
        inside = min(end, clock.stop) - max(begin, clock.start)
        whole += max(inside / (end - begin), 0.0)
    return whole


def compile_inventory(
    electricity: RunElectricity,
    activities: Sequence[Activity],
    *,
    base_year: int,
    population: int | None = None,
    floor_area_m2: float | None = None,
) -> Inventory:
    """The inventory of a period.

    Yearly amounts of the table count by the share of a year that the period is. Electricity stands in x.2 and its
    losses in x.3, that of cars in II.1 alone, hydrogen from the grid as a line of its own there; what the kilometres
    of electric cars and the heat of heat pumps replace lowers the activity of the fuel, and is no credit. A line of
    which nothing is known gets ``NE``.

    Args:
        electricity: What a run says.
        activities: The table of everything else.
        base_year: The year that later inventories are compared with.
        population: Inhabitants.
        floor_area_m2: Floor area [m²].

    Raises:
        InputError: If the table states a line that the tracing provides, or more is replaced than there is; or the base
            year is none.
    """
    raise_if_any([*_base_year_faults(base_year), *_conflicts(electricity, activities)], "the inventory")
    share = electricity.share_of_year
    found: dict[str, list[InventoryLine]] = {code: [] for code in gpc_codes()}
    for activity in activities:
        found[activity.gpc_code].append(_of_activity(activity, share, electricity.reductions))
    for code, kg in electricity.sector_kg.items():
        found[code] += _used(electricity, code, electricity.sector_mwh.get(code, 0.0), kg)
    found[LOCAL_GENERATION].append(_generation(electricity))
    for burnt in electricity.combustion:
        found[burnt.gpc_code].append(_of_combustion(electricity, burnt))
    lines = [line for code, own in found.items() for line in (own or [_not_estimated(gpc_codes()[code])])]
    return Inventory(tuple(lines), electricity.hours, base_year, population, floor_area_m2, electricity.share_of_year)


def _base_year_faults(base_year: int) -> Iterable[Fault]:
    if not OLDEST <= base_year <= NEWEST:
        yield Fault("base_year", f"must lie within {OLDEST} and {NEWEST}", base_year)


def _conflicts(electricity: RunElectricity, activities: Sequence[Activity]) -> Iterable[Fault]:
    share = electricity.share_of_year
    for place, activity in enumerate(activities):
        at = f"activity {place + 1} ({activity.name})"
        if activity.gpc_code in electricity.sector_kg or activity.gpc_code == LOCAL_GENERATION:
            yield Fault(at, "this line comes from the run; stating it too would count it twice", activity.gpc_code)
        replaced = activity.reduction_per_unit * electricity.reductions.get(activity.reduced_by, 0.0)
        if activity.per_year is not None and replaced > activity.per_year * share + 1e-9:
            yield Fault(at, f"{replaced:g} {activity.unit} are replaced in the period, more than there are",
                        activity.per_year * share)  # fmt: skip
    for code in electricity.sector_kg:
        if code not in gpc_codes():
            yield Fault(code, "no such line of GPC 1.1")


def _of_activity(activity: Activity, share: float, reductions: Mapping[str, float]) -> InventoryLine:
    code = gpc_codes()[activity.gpc_code]
    if activity.per_year is None:
        return InventoryLine(code, activity.name, None, "", {}, activity.notation, "", "", activity.source)
    amount = activity.per_year * share - activity.reduction_per_unit * reductions.get(activity.reduced_by, 0.0)
    return InventoryLine(
        code,
        activity.name,
        amount,
        activity.unit,
        {activity.gas: amount * activity.kg_per_unit},
        "",
        activity.activity_quality,
        activity.factor_quality,
        activity.source,
    )


def _used(electricity: RunElectricity, code: str, mwh: float, kg: float) -> Iterable[InventoryLine]:
    """The electricity of a line; of on-road transport that of cars and, apart from it, that in their hydrogen."""
    if code != ON_ROAD or not (electricity.hydrogen_mwh or electricity.hydrogen_kg):
        yield _of_electricity(electricity, code, mwh, kg)
        return
    hydrogen_mwh, hydrogen_kg = electricity.hydrogen_mwh, electricity.hydrogen_kg
    yield _of_electricity(electricity, code, mwh - hydrogen_mwh, kg - hydrogen_kg)
    yield _of_electricity(electricity, code, hydrogen_mwh, hydrogen_kg, "On-road transport: hydrogen from the grid")


def _of_electricity(electricity: RunElectricity, code: str, mwh: float, kg: float, name: str = "") -> InventoryLine:
    line = gpc_codes()[code]
    return InventoryLine(
        line,
        name or line.name,
        mwh,
        "MWh",
        {electricity.gas: kg},
        "",
        SIMULATED,
        electricity.factor_quality,
        f"{TRACED}; {electricity.source}",
    )


def _generation(electricity: RunElectricity) -> InventoryLine:
    """Local generation supplied to the grid: of plants that make heat too, the electricity's share of their fuel."""
    line = _of_electricity(electricity, LOCAL_GENERATION, electricity.generation_mwh, electricity.generation_kg)
    if not electricity.generation_biogenic_kg:
        return line
    return replace(line, kg_by_gas={**line.kg_by_gas, BIOGENIC: electricity.generation_biogenic_kg})


def _of_combustion(electricity: RunElectricity, burnt: Combustion) -> InventoryLine:
    """Fuel burnt in the run, in scope 1 of the sector that uses its heat or owns the generators."""
    kg = {electricity.gas: burnt.emissions_kg}
    if burnt.biogenic_kg:
        kg[BIOGENIC] = burnt.biogenic_kg
    source = f"simulated fuel, lower heating value; {electricity.source}"
    code = gpc_codes()[burnt.gpc_code]
    return InventoryLine(code, burnt.name, burnt.energy_mwh, "MWh", kg, "", SIMULATED, "M", source)


def _not_estimated(code: GpcCode) -> InventoryLine:
    return InventoryLine(code, code.name, None, "", {}, "NE", "", "", "")
