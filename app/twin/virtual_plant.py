"""A city's small plants as one: what they can do, what they ask for it, and what each then does."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import polars as pl

from app.scenario.loaded import LoadedScenario
from app.simulation.inputs import prepare
from app.simulation.phases import dispatch_problem
from grid.errors import Fault, raise_if_any
from optimizer.problem.problem import DispatchProblem
from optimizer.virtual_power_plant import (
    Activation,
    Bid,
    Settlement,
    activate,
    bids,
    course,
    feasible_region,
    settle,
    virtual_plant,
)


@dataclass(frozen=True)
class PowerChange:
    """Changes of withdrawal that are asked of the plants, all over the same steps.

    Args:
        first: First step.
        hours: How long [h].
        powers_mw: Changes against the baseline, all above or all below 0 [MW].
    """

    first: int
    hours: float
    powers_mw: Sequence[float]


@dataclass(frozen=True, eq=False)
class AskedPlant:
    """What plants answer to changes that are asked.

    Args:
        bids: A bid for each change, the smallest first.
        activation: What every plant does for the largest change.
        settlement: What that comes to, delivered as scheduled.
    """

    bids: tuple[Bid, ...]
    activation: Activation
    settlement: Settlement


def plants_problem(loaded: LoadedScenario) -> DispatchProblem:
    """All assets of a scenario with everything that they can move, whatever its strategy.

    Raises:
        InputError: If it has no assets.
    """
    inputs = prepare(loaded)
    raise_if_any([] if inputs.flexibilities else [Fault("assets", "must be at least one: there is no plant")])
    problem = dispatch_problem(inputs, *inputs.loaded.city.withdrawal())
    return replace(problem, flexibilities=inputs.flexibilities)


def region_table(problem: DispatchProblem) -> pl.DataFrame:
    """What the plants can do together.

    Returns:
        A row for each step: ``time_utc``, ``baseline_mw`` (the cheapest), ``p_min_mw``, ``p_max_mw``,
        ``gained_min_mwh``, ``gained_max_mwh``; see `optimizer.virtual_power_plant.region`.
    """
    region, plant = feasible_region(problem.flexibilities), virtual_plant(problem)
    return pl.DataFrame(
        {
            "time_utc": problem.clock.times,
            "baseline_mw": plant.baseline.total_mw,
            "p_min_mw": region.p_min_mw,
            "p_max_mw": region.p_max_mw,
            "gained_min_mwh": region.gained_min_mwh,
            "gained_max_mwh": region.gained_max_mwh,
        }
    )


def ask(problem: DispatchProblem, change: PowerChange) -> AskedPlant:
    """Asks the plants for changes of their power.

    Raises:
        InputError: If the steps lie outside of the period, or changes are 0, infinite or of both signs.
    """
    stop = change.first + max(1, round(change.hours / problem.clock.step_hours))
    raise_if_any(_faults(change, stop, problem.clock.n_steps), "what is asked of the plants")
    plant, offered = bids(virtual_plant(problem), change.first, stop, change.powers_mw)
    asked = np.full(problem.clock.n_steps, np.nan)
    asked[change.first : stop] = plant.baseline.total_mw[change.first : stop] + offered[-1].power_mw
    done = activate(plant, course(plant, change.first, stop, offered[-1].power_mw))
    paid = offered[-1].cost / max(abs(offered[-1].offered_mw) * (stop - change.first) * problem.clock.step_hours, 1e-9)
    settled = settle(
        problem.clock, plant.baseline.total_mw, asked, done.total_mw, paid, problem.import_ci_kg_per_mwh,
        problem.import_marginal_ci_kg_per_mwh,
    )  # fmt: skip
    return AskedPlant(offered, done, settled)


def _faults(change: PowerChange, stop: int, n_steps: int) -> list[Fault]:
    """Where a change lies outside of the period, or is none that can be asked."""
    faults = []
    if not 0 <= change.first < stop <= n_steps:
        rule = f"must lie, with --hours, within 0..{n_steps}: the change would take steps {change.first}..{stop}"
        faults.append(Fault("--step", rule, change.first))
    powers = np.asarray(change.powers_mw)
    if not np.isfinite(powers).all() or not ((powers > 0).all() or (powers < 0).all()):
        faults.append(Fault("--change", "must be finite, and all above 0 or all below", list(change.powers_mw)))
    return faults


def bid_table(asked: AskedPlant) -> pl.DataFrame:
    """A row for each bid: ``power_mw``, ``offered_mw``, ``cost`` and ``price_per_mwh``."""
    return pl.DataFrame([vars(bid) for bid in asked.bids])


def asset_table(asked: AskedPlant) -> pl.DataFrame:
    """What each asset does for the largest change: ``time_utc``, ``asset``, ``baseline_mw``, ``p_mw``."""
    done = asked.activation
    frames = [
        pl.DataFrame(
            {
                "time_utc": done.plant.problem.clock.times,
                "asset": [flexibility.name] * flexibility.clock.n_steps,
                "baseline_mw": flexibility.by_step(done.plant.baseline.p_mw[flexibility.name]),
                "p_mw": flexibility.by_step(done.p_mw[flexibility.name]),
            }
        )
        for flexibility in done.plant.problem.flexibilities
    ]
    return pl.concat(frames)


def settlement_lines(asked: AskedPlant, currency: str) -> list[str]:
    """What the largest change comes to, delivered as scheduled, in words."""
    found, done = asked.settlement, asked.activation
    marginal = "not known" if np.isnan(found.carbon_marginal_kg) else f"{found.carbon_marginal_kg:,.0f} kg CO2e"
    return [
        (
            f"asked {found.asked_mwh:.3f} MWh, delivered {found.delivered_mwh:.3f} MWh ({found.met:.1%}); "
            f"{found.rebound_mwh:.3f} MWh in other hours"
        ),
        (
            f"costs {done.cost:,.2f} {currency} beyond the baseline; no other way costs less than {done.bound:,.2f} "
            f"({done.rounds} schedules looked for)"
        ),
        (
            f"carbon of the change: {found.carbon_average_kg:,.0f} kg CO2e at the average intensity of imports; "
            f"{marginal} at the marginal one"
        ),
    ]
