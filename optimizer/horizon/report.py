"""What each window adds to the schedule of a whole problem, and how the schedule is made of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from grid.arrays import Bools, Floats
from grid.large_arrays import large_array
from optimizer.horizon.realisation import RealisedWindow
from optimizer.horizon.state import HorizonState
from optimizer.problem.problem import DispatchProblem
from optimizer.problem.schedule import BindingLimit, Costs, Quality, Schedule, Shortfall
from optimizer.window import answers
from optimizer.window.grid_rows import LITTLE_DUAL
from optimizer.window.model import EXCESSES
from optimizer.window.programme import Window
from optimizer.window.solve import WindowSolution
from optimizer.window.state import WindowSchedule

ROUNDING_DUAL = 1e-9
NO_EXCESS = 1e-7
"""Less than this above a limit is rounding [MW, percentage points, pu, kg]."""


@dataclass(frozen=True, eq=False)
class WindowPrices:
    """What the duals of a window say of its n decided steps.

    Args:
        price_per_mwh: What a MWh more at each bus costs, without penalties, shape (n, B) [currency/MWh].
        penalty_per_mwh: What it adds of penalties for limits that are exceeded, shape (n, B) [currency/MWh].
        marginal_ci_kg_per_mwh: What it emits, shape (n, B) [kg/MWh].
        binding: Limits that cost something to keep.
        carbon_cap_per_kg: Price of the cap on carbon, without penalties [currency/kg].
        carbon_cap_penalty_per_kg: What it adds of penalties [currency/kg].
        duals: Of each constraint of the model by name.
        why_no_bound: Why the value of the programme does not bound the cost from below, as far as its rows say.
    """

    price_per_mwh: Floats
    penalty_per_mwh: Floats
    marginal_ci_kg_per_mwh: Floats
    binding: tuple[BindingLimit, ...]
    carbon_cap_per_kg: tuple[float, ...]
    carbon_cap_penalty_per_kg: tuple[float, ...]
    duals: dict[str, Floats]
    why_no_bound: str


@dataclass(frozen=True, eq=False)
class WindowReport:
    """What a window adds to a schedule, of the n steps it decides.

    Args:
        first: First step.
        stop: Step after the last that it decides.
        import_mw: Import in the programme, shape (n,) [MW].
        export_mw: Export in the programme, shape (n,) [MW].
        net_mw: Net import as the AC power flow has it, shape (n,) [MW].
        imbalance_mw: Net import beyond what was planned, shape (n,) [MW].
        costs: Cost by kind, without peaks.
        emissions_kg: Carbon of imports and own generation [kg].
        shortfalls: Limits not kept.
        rounds: Linear programmes solved.
        gap: None where the rounds came to their end, see `WindowSolution.gap`.
        prices: What the duals say; None where there are none.
    """

    first: int
    stop: int
    import_mw: Floats
    export_mw: Floats
    net_mw: Floats
    imbalance_mw: Floats
    costs: Costs
    emissions_kg: float
    shortfalls: tuple[Shortfall, ...]
    rounds: int
    gap: float | None
    prices: WindowPrices | None

    @property
    def why_no_bound(self) -> str:
        """Why the value of the programme does not bound the cost of these steps from below; empty if it does."""
        if self.shortfalls:
            return "limits are exceeded"
        return "the optimisation was interrupted" if self.prices is None else self.prices.why_no_bound


def report_window(
    problem: DispatchProblem, plan: WindowSolution, done: RealisedWindow, n: int, unit: float
) -> WindowReport:
    """What the first n steps of a window add.

    Args:
        problem: The problem, with its own prices.
        plan: The window as it was decided.
        done: The window as it came about.
        n: Steps that it decides.
        unit: What the objective was divided by.
    """
    solution, first = done.solution, plan.window.first
    imported, exported = (solution.values(name)[:n] for name in ("import_mw", "export_mw"))
    net = imported - exported
    if problem.alternating:
        net = np.where(solution.flow.failed[:n], net, answers.net_import_mw(solution)[:n])
    return WindowReport(
        first=first,
        stop=first + n,
        import_mw=imported,
        export_mw=exported,
        net_mw=net,
        imbalance_mw=done.imbalance_mw[:n],
        costs=answers.cost_by_kind(solution, n),
        emissions_kg=answers.emissions_kg(solution, net),
        shortfalls=tuple(answers.limits_not_kept(solution, n)),
        rounds=plan.rounds,
        gap=plan.gap,
        prices=_prices(problem, plan, n, unit) if plan.gap is None else None,
    )


def _prices(problem: DispatchProblem, plan: WindowSolution, n: int, unit: float) -> WindowPrices:
    """Prices and limits of the decided steps of a window, as planned."""
    window = plan.window
    dual = unit * plan.solver.duals()
    weights = np.zeros(plan.solver.n_columns)
    weights[: window.n_columns] = window.emissions_kg
    if problem.import_marginal_ci_kg_per_mwh is not None:
        marginal = problem.import_marginal_ci_kg_per_mwh[window.steps]
        weights[window.compiled.columns["import_mw"]] = problem.clock.step_hours * marginal
    emitted = plan.solver.duals_of(weights)
    priced = unit * _duals_without_penalties(plan)
    price, cap = answers.change_per_mwh(plan, priced), tuple(answers.carbon_cap_prices(plan, priced))
    with_penalties = answers.carbon_cap_prices(plan, dual)
    return WindowPrices(
        price_per_mwh=price[:n],
        penalty_per_mwh=(answers.change_per_mwh(plan, dual) - price)[:n],
        marginal_ci_kg_per_mwh=answers.change_per_mwh(plan, emitted)[:n],
        binding=tuple(answers.binding_limits(plan, dual, priced, n)),
        carbon_cap_per_kg=cap,
        carbon_cap_penalty_per_kg=tuple(all_of - of for all_of, of in zip(with_penalties, cap, strict=True)),
        duals={name: dual[rows].ravel() for name, rows in window.compiled.rows.items()},
        why_no_bound=_why_no_bound(plan, dual),
    )


def _duals_without_penalties(plan: WindowSolution) -> Floats:
    """Change of the cost without penalties per side of each row of the solver, shape (rows,) [units of price]."""
    window, columns = plan.window, plan.window.compiled.columns
    if not any((plan.values(name) > NO_EXCESS).any() for name in EXCESSES):
        return plan.solver.duals()
    cost = np.zeros(plan.solver.n_columns)
    cost[: window.n_columns] = window.cost
    for name in EXCESSES:
        cost[columns[name]] = 0.0
    return plan.solver.duals_of(cost)


def _why_no_bound(plan: WindowSolution, dual: Floats) -> str:
    """Why the value of a programme may lie above what some schedule costs in AC; empty if it cannot."""
    for rows in plan.rows.added:
        if (rows.inner & (np.abs(dual[rows.row]) > LITTLE_DUAL)).any():
            limit = {"vm_max": "voltage from above", "unbalance": "unbalance with a margin"}.get(
                rows.kind, "loading with a margin"
            )
            return f"a row of {limit} binds, which may cut off what the grid admits"
    if plan.window.problem.alternating and plan.window.problem.network.decided_by_voltage:
        return "what the net itself draws follows its voltages, which the programme does not know"
    if (dual[plan.window.compiled.rows["balance"]] < -ROUNDING_DUAL).any():
        return "energy has a negative price in some steps"
    return (
        "sessions are aggregated, which leaves the value of the programme a little above its optimum"
        if (plan.solver.decomposed)
        else ""
    )


def write_powers(
    window: Window, schedule: WindowSchedule, stop: int, p_mw: dict[str, Floats], q_mvar: dict[str, Floats]
) -> None:
    """Writes the steps before `stop` of a window's schedule into the powers by slot of the whole problem."""
    for flexibility in window.problem.flexibilities:
        name = flexibility.name
        slot, power = schedule.p_mw[name]
        mine = window.first + window.step_of_slot[name] < stop
        p_mw[name][slot[mine]] = power[mine]
        if name in schedule.q_mvar:
            slot, reactive = schedule.q_mvar[name]
            q_mvar.setdefault(name, np.zeros(flexibility.n_slots))[slot[mine]] = reactive[mine]


def assembled_schedule(
    problem: DispatchProblem, reports: Sequence[WindowReport], state: HorizonState, p_mw: dict[str, Floats],
    q_mvar: dict[str, Floats], of_given: Costs,
) -> Schedule:  # fmt: skip
    """The schedule of a whole problem; what no window reported is not known, and was guessed.

    Args:
        problem: The problem.
        reports: What its windows add, one after another.
        state: The state when the last of them was decided.
        p_mw: Power of every flexibility by slot, by name.
        q_mvar: Reactive power of those that have inverters.
        of_given: What those of which nothing was left to decide cost by themselves in the steps that were decided.
    """
    n, h = problem.clock.n_steps, problem.clock.step_hours
    net, imbalance, *stated = _by_step(reports, n)
    price, penalty, marginal = _by_bus(reports, n, len(problem.network.buses.names))
    peak = problem.demand_charge_per_mw_month * sum(state.peak_mw.values())
    costs = sum((report.costs for report in reports), of_given) + Costs(peak=peak)
    prices = [report.prices for report in reports if report.prices is not None]
    decided = max((report.stop for report in reports if report.prices is not None), default=0)
    finished = bool(reports) and reports[-1].stop == n
    gaps = [report.gap for report in reports if report.gap is not None]
    known = np.isfinite(net)
    energy = h * _energy_cost(problem, known, np.maximum(net, 0.0), np.maximum(-net, 0.0))
    in_programme = h * _energy_cost(problem, known, *stated)
    return Schedule(
        clock=problem.clock,
        p_mw=p_mw,
        lp_cost=costs.total,
        shortfalls=_with_the_cap(problem, reports, state.emitted_kg, decided),
        windows=len(reports),
        rounds=sum(report.rounds for report in reports),
        q_mvar={name: q for name, q in q_mvar.items() if q.any()},
        import_mw=np.maximum(net, 0.0),
        export_mw=np.maximum(-net, 0.0),
        costs=costs,
        quality=Quality(
            costs.total, costs.total + energy - in_programme,
            "it was decided on a forecast" if problem.forecast is not None
            else next((report.why_no_bound for report in reports if report.why_no_bound), ""),
        ),
        nodal_price_per_mwh=price,
        nodal_penalty_per_mwh=penalty,
        marginal_ci_kg_per_mwh=marginal,
        binding=tuple(limit for window in prices for limit in window.binding),
        carbon_cap_price_per_kg=tuple(price for window in prices for price in window.carbon_cap_per_kg),
        carbon_cap_penalty_per_kg=tuple(each for window in prices for each in window.carbon_cap_penalty_per_kg),
        duals=prices[-1].duals if prices else {},
        decided_steps=decided,
        optimality_gap=max(gaps, default=0.0) if finished else np.inf,
        imbalance_mw=imbalance,
    )  # fmt: skip


def _by_step(reports: Sequence[WindowReport], n_steps: int) -> Floats:
    """Net import, imbalance, import and export in the programme, shape (4, T) [MW]; NaN where nothing was decided."""
    found = np.full((4, n_steps), np.nan)
    for report in reports:
        values = (report.net_mw, report.imbalance_mw, report.import_mw, report.export_mw)
        found[:, report.first : report.stop] = values
    return found


def _by_bus(reports: Sequence[WindowReport], n_steps: int, n_buses: int) -> Floats:
    """Prices, penalties and marginal intensities, (3, T, B) [currency/MWh, kg/MWh]; NaN where there are none."""
    found = large_array((3, n_steps, n_buses))
    found.fill(np.nan)
    for report in reports:
        if report.prices is not None:
            found[0, report.first : report.stop] = report.prices.price_per_mwh
            found[1, report.first : report.stop] = report.prices.penalty_per_mwh
            found[2, report.first : report.stop] = report.prices.marginal_ci_kg_per_mwh
    return found


def _energy_cost(problem: DispatchProblem, known: Bools, import_mw: Floats, export_mw: Floats) -> float:
    """Imports with their carbon less exports, in the steps where they are known [currency/h]."""
    bought = import_mw[known] @ problem.import_cost_per_mwh[known]
    return float(bought - export_mw[known] @ problem.export_price_per_mwh[known])


def _with_the_cap(
    problem: DispatchProblem, reports: Sequence[WindowReport], emitted_kg: float, decided: int
) -> tuple[Shortfall, ...]:
    """All shortfalls; whether the cap on carbon was kept is known at the end: a window may make up for another."""
    shortfalls, cap = [shortfall for report in reports for shortfall in report.shortfalls], problem.carbon_cap_kg
    if emitted_kg <= cap * (1 + answers.RELATIVE_TOLERANCE) + answers.RELATIVE_TOLERANCE:
        return tuple(shortfall for shortfall in shortfalls if shortfall.element != "carbon")
    if problem.forecast is not None or not any(shortfall.element == "carbon" for shortfall in shortfalls):
        shortfalls.append(Shortfall(decided - 1, "carbon", "emissions_kg", emitted_kg, cap))
    return tuple(shortfalls)
