"""The cheapest set of measures that keeps the limits in the critical hours of a run, against doing nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from app.results.folder import Result
from app.simulation.limits import GridLimits, resolve_limits
from app.simulation.phases import Progress
from app.studies.outages.hours import CriticalHours, critical_hours
from app.studies.reinforcement.costs import MeasureCost
from app.studies.reinforcement.measures import GridMeasure, Need, measures, upstream_of
from grid.arrays import Bools, Floats, Ints
from grid.errors import InputError
from grid.network.injections import Injections
from grid.network.network import Network
from grid.powerflow.full_arrays import FullArrays, full_arrays
from grid.powerflow.trials import beyond_limits
from grid.units import HOURS_PER_YEAR
from optimizer.studies.cheapest_set import cheapest_set

MOST_MEASURES = 40
"""Measures that the search chooses from: those that relieve most."""
STORAGE_HOURS = 4.0
"""How long batteries hold out at full power [h]."""
LEAST_LACKING_MW = 0.1


@dataclass(frozen=True, eq=False)
class Reinforcement:
    """What keeps the limits, and what it costs.

    Args:
        chosen: The measures; none where nothing is needed, or where nothing helps.
        cost: Their cost of a year [currency/a].
        kept: Whether all limits are kept with them in the critical hours, in full AC.
        broken: Elements beyond a limit as the grid is.
        left: Elements beyond a limit with all that helps, where no set keeps all limits.
        cost_of_nothing: Load that would have to go without, at its value, brought to a year [currency/a].
        offered: All measures that the search chose from, with their cost and what each does alone.
        tests: Sets that were tested in full AC.
    """

    chosen: tuple[GridMeasure, ...]
    cost: float
    kept: bool
    broken: tuple[str, ...]
    left: tuple[str, ...]
    cost_of_nothing: float
    offered: pl.DataFrame
    tests: int


@dataclass(frozen=True, eq=False)
class _Grid:
    """A grid in some hours, and what measures make of it."""

    network: Network
    injections: Injections
    hours: CriticalHours
    threads: int

    def with_measures(self, chosen: Sequence[GridMeasure]) -> _Grid:
        """The grid with measures, taps first, so that what stands beside a transformer has its tap."""
        network, drawn = self.network, self.injections
        for measure in sorted(chosen, key=lambda one: one.kind != "tap"):
            network = measure.change(network) if measure.change is not None else network
            if measure.p_mw is not None:
                drawn = drawn.plus(Injections.dense(measure.p_mw, np.zeros_like(measure.p_mw)))
        return _Grid(network, drawn, self.hours, self.threads)

    @property
    def limits(self) -> GridLimits:
        """Its limits, tolerances included."""
        return resolve_limits(self.hours.loaded.scenario.limits, self.network).tolerated

    def keeps(self) -> bool:
        """Whether every limit holds in every hour."""
        beyond, _ = beyond_limits(self.network, self.injections, self.limits.of_elements, threads=self.threads)
        return not beyond.any()

    def arrays(self) -> FullArrays:
        """Voltages and loadings in every hour."""
        return full_arrays(self.network, self.hours.clock, self.injections, threads=self.threads)


def _over(grid: _Grid, arrays: FullArrays) -> tuple[Floats, Floats, Floats]:
    """By how much voltages are too low and too high, (T, B) each, and loadings too high, (T, L), relative."""
    limits, node = grid.limits, grid.network.buses.node
    vm = np.where(node >= 0, arrays.vm_pu[:, node].astype(float), np.nan)
    loading = arrays.loading_percent.astype(float) / limits.loading_max_percent - 1
    low, high = limits.vm_min_pu - vm, vm - limits.vm_max_pu
    return tuple(np.maximum(np.nan_to_num(each), 0.0) for each in (low, high, loading))  # type: ignore[return-value]


def reinforce(
    result: Result, costs: Sequence[MeasureCost], progress: Progress | None = None, threads: int = 1
) -> Reinforcement:
    """The cheapest set of measures that keeps the limits of a run's scenario in its critical hours.

    Args:
        result: The run.
        costs: What measures cost.
        progress: Told what is done.
        threads: Number of threads.

    Raises:
        InputError: If voltage decides a power of the net, or a file that the run was made of has changed.
    """
    tell = progress or (lambda _words, _share: None)
    hours = critical_hours(result)
    network = hours.loaded.city.network
    if network.decided_by_voltage:
        rule = "reinforcement needs a net in which voltage decides no power"
        raise InputError.single("network", rule, ", ".join(network.decided_by_voltage))
    grid = _Grid(network, hours.injections, hours, threads)
    arrays = grid.arrays()
    over = _over(grid, arrays)
    broken = _names(grid, over)
    nothing = _cost_of_nothing(result, hours, costs)
    if not broken:
        return Reinforcement((), 0.0, True, (), (), nothing, _table([], np.zeros(0)), 1)
    tell("measures one by one", 0.1)
    need = _need(grid, arrays, over)
    longest_h = _longest_run_h(result)
    all_of = list(measures(network, need, costs, _charging(result, hours), longest_h <= STORAGE_HOURS))
    before = sum(float(each.sum()) for each in over)
    relief = np.array([before - _excess(grid.with_measures([one])) for one in all_of])
    best_first = np.argsort(-relief, kind="stable")[:MOST_MEASURES]
    offered = [all_of[k] for k in best_first if relief[k] > 1e-9]
    relief = np.array([relief[k] for k in best_first if relief[k] > 1e-9])
    tell("sets of measures", 0.5)
    return _searched(grid, offered, relief, broken, nothing)


def _searched(
    grid: _Grid, offered: list[GridMeasure], relief: Floats, broken: tuple[str, ...], nothing: float
) -> Reinforcement:
    """The cheapest set of what is offered, or what is left where none keeps all limits."""
    groups = [
        [k for k, one in enumerate(offered) if one.group == name] for name in {one.group for one in offered} - {""}
    ]

    def passes(chosen: Bools) -> bool:
        return grid.with_measures([one for one, taken in zip(offered, chosen, strict=True) if taken]).keeps()

    found = cheapest_set(np.array([one.cost for one in offered]), passes, groups, relief)
    table = _table(offered, relief)
    if found.chosen is None:
        every = grid.with_measures([one for one in offered if not one.group])
        left = _names(every, _over(every, every.arrays()))
        return Reinforcement((), 0.0, False, broken, left, nothing, table, found.tests)
    chosen = tuple(one for one, taken in zip(offered, found.chosen, strict=True) if taken)
    return Reinforcement(chosen, found.cost, True, broken, (), nothing, table, found.tests)


def _excess(grid: _Grid) -> float:
    return sum(float(each.sum()) for each in _over(grid, grid.arrays()))


def _names(grid: _Grid, over: tuple[Floats, Floats, Floats]) -> tuple[str, ...]:
    """Elements beyond a limit, the worst first."""
    low, high, loading = (each.max(axis=0, initial=0.0) for each in over)
    worst = {name: max(a, b) for name, a, b in zip(grid.network.buses.names, low, high, strict=True)}
    worst |= dict(zip(grid.network.branches.names, loading, strict=True))
    return tuple(sorted((name for name, by in worst.items() if by > 0), key=lambda name: -worst[name]))


def _need(grid: _Grid, arrays: FullArrays, over: tuple[Floats, Floats, Floats]) -> Need:
    """Where limits break and what is on the way there."""
    low, high, loading = over
    network = grid.network
    node, branches = network.buses.node, network.branches
    buses = np.flatnonzero((low + high).max(axis=0) > 0)
    worst_first = buses[np.argsort(-(low + high).max(axis=0)[buses])]
    lines = np.flatnonzero(loading.max(axis=0) > 0)
    ends = branches.to_bus[lines[np.argsort(-loading.max(axis=0)[lines])]]
    upstream = upstream_of(network, np.unique(node[buses]))
    excess_mw = loading / (1 + loading) * np.abs(arrays.p_from_mw.astype(float))
    forward = ((loading > 0) & (arrays.p_from_mw > 0)).any(axis=1)
    return Need(
        branches=np.union1d(lines, upstream).astype(np.int64),
        buses=_first_of_each(np.concatenate([ends[ends >= 0], worst_first])),
        lacking_mw=max(float(excess_mw.max(initial=0.0)), LEAST_LACKING_MW),
        discharge=np.asarray((low > 0).any(axis=1) | forward),
        broken=np.asarray((low > 0).any(axis=1) | (high > 0).any(axis=1) | (loading > 0).any(axis=1)),
    )


def _first_of_each(places: Ints) -> Ints:
    return np.array(list(dict.fromkeys(places.tolist())), dtype=np.int64)


def _charging(result: Result, hours: CriticalHours) -> dict[str, Floats]:
    """What each fleet charges at each bus in the critical hours, shape (M, B) each [MW]."""
    fleets = [name for name, entry in result.manifest["assets"].items() if entry["kind"] == "ev_fleet"]
    times, position = hours.times, hours.loaded.city.network.buses.position
    found = {}
    for fleet in fleets:
        rows = result.table("assets").filter(
            (pl.col("asset") == fleet) & pl.col("time").is_in(pl.Series(times).dt.replace_time_zone("UTC").implode())
        )
        frame = rows.select("time", pl.col("bus").cast(pl.String), "drawn_mw").collect()
        drawn = np.zeros((times.size, len(position)))
        row = np.searchsorted(times, frame["time"].dt.replace_time_zone(None).to_numpy())
        at = np.array([position[bus] for bus in frame["bus"]], dtype=np.int64)
        np.add.at(drawn, (row, at), frame["drawn_mw"].to_numpy())
        found[fleet] = drawn
    return found


def _longest_run_h(result: Result) -> float:
    """The longest time without a break in which some limit is broken [h]."""
    times = result.table("violations").select(pl.col("time").unique().sort()).collect()["time"]
    step_h = float(result.summary["step_hours"])
    if times.is_empty():
        return 0.0
    steps = np.round((times - times[0]).dt.total_seconds().to_numpy() / 3600 / step_h).astype(int)
    runs = np.split(steps, np.flatnonzero(np.diff(steps) > 1) + 1)
    return max(len(run) for run in runs) * step_h


def _cost_of_nothing(result: Result, hours: CriticalHours, costs: Sequence[MeasureCost]) -> float:
    """Load that goes without so that no branch is over its limit, in all steps of the run, brought to a year.

    In each step that of the branch that is over by most: upstream and downstream branches are relieved together.
    """
    value = next(cost.per_mw for cost in costs if cost.measure == "curtailment")
    within = resolve_limits(hours.loaded.scenario.limits, hours.loaded.city.network).tolerated.loading_max_percent
    names = list(hours.loaded.city.network.branches.names)
    limit = pl.DataFrame({"branch": names, "limit": within})
    rows = result.table("branches").select("time", pl.col("branch").cast(pl.String), "p_from_mw", "loading_percent")
    share = 1 - pl.col("limit") / pl.col("loading_percent")
    over = rows.join(limit.lazy(), on="branch").filter(pl.col("loading_percent") > pl.col("limit"))
    worst = over.group_by("time").agg((share * pl.col("p_from_mw").abs()).max().alias("mw")).collect()
    step_h = float(result.summary["step_hours"])
    period_h = float(result.summary["steps"]) * step_h
    return float(worst["mw"].sum() or 0.0) * step_h * value * HOURS_PER_YEAR / period_h


def _table(offered: Sequence[GridMeasure], relief: Floats) -> pl.DataFrame:
    return pl.DataFrame(
        {
            "measure": pl.Series([one.name for one in offered], dtype=pl.String),
            "kind": pl.Series([one.kind for one in offered], dtype=pl.String),
            "cost_per_year": pl.Series([one.cost for one in offered], dtype=pl.Float64),
            "relief": pl.Series(relief.tolist(), dtype=pl.Float64),
        }
    )
