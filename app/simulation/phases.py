"""From a scenario to what happens: dispatch, AC power flow, carbon tracing, accounts."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import cached_property, partial
from typing import TYPE_CHECKING, Literal

import numpy as np

from app.accounts.accounts import Accounts, account
from app.accounts.grid_elements import is_store
from app.scenario.loaded import LoadedScenario
from app.simulation.controllers import controlled, flow_with_controllers, reactive_by_power
from app.simulation.forecast import forecast_of
from app.simulation.inputs import SimulationInputs, prepare
from app.simulation.marginal import Marginal, marginal_of
from app.simulation.reuse import PhaseReuse
from app.simulation.reused_phases import dispatch_reusing, flow_reusing, sensitivity_reusing
from carbon.data_centre import Facility
from grid.arrays import Floats, frozen, in_one_piece
from grid.city.city import City
from grid.controllers import ControlledFlow
from grid.controllers.flow import most_frequent
from grid.controllers.switching import network_at
from grid.kept_if_small import MOST_BYTES, n_bytes
from grid.memory import give_back_if_large
from grid.powerflow.extremes import Extremes
from grid.powerflow.grid_flow import GridFlow
from grid.powerflow.powerflow import PowerFlow
from grid.sharing import keep_latest, shared, sharing_preparation
from grid.threads import at_most
from grid.units import KG_PER_T
from optimizer.horizon.spans import Map, Spans
from optimizer.problem.phases import PhaseConnections
from optimizer.problem.problem import DispatchProblem, with_strategy
from optimizer.problem.schedule import Schedule
from optimizer.problem.totals import withdrawal_with

if TYPE_CHECKING:
    from grid.three_phase import PhasePowerFlow

BALANCE_TOLERANCE = 1e-6
"""A run whose ledgers miss more than this share of consumption or of emissions is not stored as done."""

Progress = Callable[[str, float], None]
"""Told the phase and the share of it that is done."""
Status = Literal["done", "infeasible", "out_of_balance"]


@dataclass(frozen=True, eq=False)
class SimulationResult:
    """What happens in a scenario.

    Args:
        inputs: The scenario.
        schedule: What the flexible assets were told.
        p_mw: What they did, by name, shape (K,) each [MW].
        facilities: Data centres as dispatched, by name.
        flow: The AC power flow, balanced or in three phases.
        accounts: Energy and carbon.
        seconds: Time spent in each phase [s].
        reused: Phases whose arrays another run had made.
        reuse: Where arrays of phases are kept, if anywhere.
        even: What the same powers spread evenly over three phases give; None where phases are not solved apart.
        control: What controllers did; None where there are none.
    """

    inputs: SimulationInputs
    schedule: Schedule
    p_mw: dict[str, Floats]
    facilities: dict[str, Facility]
    flow: PowerFlow | PhasePowerFlow
    accounts: Accounts
    seconds: dict[str, float] = field(default_factory=dict)
    reused: tuple[str, ...] = ()
    reuse: PhaseReuse | None = None
    even: Extremes | None = None
    control: ControlledFlow | None = None

    @property
    def by_phase(self) -> PhasePowerFlow | None:
        """The power flow in three phases; None where it is solved balanced."""
        return None if isinstance(self.flow, PowerFlow) else self.flow

    @cached_property
    def marginal(self) -> Marginal:
        """Marginal intensities and prices of the region and of every bus."""
        return marginal_of(self.inputs.upstream, self.flow, self.schedule, sensitivity_reusing(self.flow, self.reuse))

    @property
    def balanced(self) -> bool:
        """Whether both ledgers close, in every step and over the run, and the stocks traced are those dispatched."""
        return self.accounts.closes(BALANCE_TOLERANCE)


def simulate(
    loaded: LoadedScenario,
    progress: Progress | None = None,
    reuse: PhaseReuse | None = None,
    threads: int | None = None,
    apply: Map = map,
) -> SimulationResult:
    """Runs a scenario.

    Args:
        loaded: The scenario and its city.
        progress: Told the phase and how much of it is done.
        reuse: Where arrays of phases are kept, and taken from where a phase takes the same; the result is that of a run
            by itself, bit for bit.
        threads: How many threads compute; None: as `grid.threads` says.
        apply: Applies a function to the spans of the dispatch, such as on many processes.
    """
    tell = progress or (lambda _phase, _share: None)
    seconds: dict[str, float] = {}
    reused: list[str] = []
    with at_most(threads):
        with _phase("prepare", seconds, tell), sharing_preparation():
            inputs = prepare(loaded)
        with _phase("dispatch", seconds, tell) as name:
            schedule, found = _dispatched(inputs, tell, reuse, apply)
            reused += [name] if found else []
            schedule, p_mw, facilities = _as_done(inputs, schedule)
        with _phase("power flow", seconds, tell) as name:
            flow, even, control, found = _solved(inputs, schedule, p_mw, reuse)
            reused += [name] if found else []
        with _phase("carbon tracing", seconds, tell):
            accounts = _account(inputs, flow, p_mw)
    return SimulationResult(
        inputs, schedule, p_mw, facilities, flow, accounts, seconds, tuple(reused), reuse, even, control
    )


@contextmanager
def _phase(name: str, seconds: dict[str, float], tell: Progress) -> Iterator[str]:
    tell(name, 0.0)
    begun = time.perf_counter()
    yield name
    give_back_if_large()
    seconds[name] = round(time.perf_counter() - begun, 3)
    tell(name, 1.0)


def _dispatched(
    inputs: SimulationInputs, tell: Progress, reuse: PhaseReuse | None, apply: Map
) -> tuple[Schedule, bool]:
    """The schedule, and whether it was taken over; of the problem, which is as large as the schedule, nothing stays."""
    withdrawal = _own_withdrawal(inputs.loaded.city)
    problem = _with_controllers_held(dispatch_problem(inputs, *withdrawal), inputs)
    told = partial(_tell_share, tell)
    return dispatch_reusing(problem, told, reuse, _spans(inputs), apply)


def _tell_share(tell: Progress, done: int, total: int) -> None:
    tell("dispatch", done / total)


def _solved(
    inputs: SimulationInputs, schedule: Schedule, p_mw: Mapping[str, Floats], reuse: PhaseReuse | None
) -> tuple[PowerFlow | PhasePowerFlow, Extremes | None, ControlledFlow | None, bool]:
    """The power flow, what even phases would give beside three, what controllers did, and whether it was taken over.

    Args:
        inputs: The scenario.
        schedule: What the dispatch decided.
        p_mw: What the assets do, by name, shape (K,) each [MW].
        reuse: Where arrays are kept, if anywhere.
    """
    sequences, has_controllers = inputs.loaded.phases.sequences, bool(inputs.loaded.scenario.controllers)
    drawn = _with_assets(inputs, _own_withdrawal(inputs.loaded.city), schedule, p_mw)
    if sequences is None and has_controllers:
        control = flow_with_controllers(inputs, *drawn, p_mw)
        return control.flow, None, control, False
    if sequences is None:
        flow, found = flow_reusing(inputs.loaded.city, *drawn, reuse)
        return flow, None, None, found
    if has_controllers:
        from app.simulation.controlled_phases import (  # noqa: PLC0415  only where needed
            evenly_with_controllers,
            phase_flow_with_controllers,
        )

        control = phase_flow_with_controllers(inputs, sequences, schedule, p_mw)
        return control.flow, evenly_with_controllers(inputs, drawn, p_mw, control), control, False
    from app.simulation.three_phases import evenly_spread, flow_in_three_phases  # noqa: PLC0415  only where needed

    by_phase, found = flow_in_three_phases(inputs, sequences, schedule, p_mw, reuse)
    return by_phase, evenly_spread(inputs, drawn), None, found


@shared(latest=True)
def _own_withdrawal(city: City) -> tuple[Floats, Floats]:
    """Withdrawal at every bus of all but the assets, shape (T, B) each [MW, MVAr]."""
    p_mw, q_mvar = city.withdrawal()
    return frozen(p_mw.copy()), frozen(q_mvar.copy())  # of their own, or whoever holds both could write to them


def _with_assets(
    inputs: SimulationInputs, withdrawal: tuple[Floats, Floats], schedule: Schedule, p_mw: Mapping[str, Floats]
) -> tuple[Floats, Floats]:
    """Withdrawal at every bus with all assets as they did, shape (T, B) each [MW, MVAr]."""
    takes = withdrawal, inputs.flexibilities, p_mw, schedule.q_mvar
    return keep_latest("withdrawal with assets", takes, lambda: withdrawal_with(*takes))


def _account(inputs: SimulationInputs, flow: GridFlow, p_mw: Mapping[str, Floats]) -> Accounts:
    """Energy and carbon of a run."""
    return account(
        inputs.loaded.city, flow, inputs.flexibilities, p_mw, inputs.upstream, inputs.factors,
        ci_year_kg_per_mwh=inputs.ci_year_kg_per_mwh, renewable_share_year=inputs.renewable_share_year,
        conventions=inputs.loaded.scenario.carbon.conventions,
        data_centres={load.name: (load.name, load.deferrable_name) for load in inputs.data_centres},
    )  # fmt: skip


def dispatch_problem(inputs: SimulationInputs, p_fixed_mw: Floats, q_fixed_mvar: Floats) -> DispatchProblem:
    """The scenario as the optimizer sees it.

    Args:
        inputs: The scenario.
        p_fixed_mw: Withdrawal of what cannot be moved, at every bus, shape (T, B) [MW].
        q_fixed_mvar: The same of reactive power, shape (T, B) [MVAr].
    """
    scenario, clock = inputs.loaded.scenario, inputs.clock
    limits, carbon_cap_t = inputs.limits, scenario.dispatch.carbon_cap_t
    per_hour = 1 / clock.step_hours
    return DispatchProblem(
        clock=clock,
        network=inputs.loaded.city.network,
        p_fixed_mw=p_fixed_mw,
        q_fixed_mvar=q_fixed_mvar,
        loads_mva=inputs.loaded.city.voltage_dependent_loads_mva(),
        flexibilities=with_strategy(inputs.flexibilities, scenario.dispatch.strategy),
        import_price_per_mwh=inputs.import_price_per_mwh,
        export_price_per_mwh=inputs.export_price_per_mwh,
        import_ci_kg_per_mwh=inputs.upstream.ci_kg_per_mwh,
        import_marginal_ci_kg_per_mwh=inputs.upstream.ci_marginal_kg_per_mwh,
        carbon_price_per_kg=scenario.dispatch.carbon_price_per_t / KG_PER_T,
        carbon_cap_kg=np.inf if carbon_cap_t is None else carbon_cap_t * KG_PER_T,
        import_max_mw=limits.import_max_mw,
        demand_charge_per_mw_month=inputs.prices.demand_per_mw_month,
        loading_max_percent=limits.loading_max_percent,
        vm_min_pu=limits.vm_min_pu,
        vm_max_pu=limits.vm_max_pu,
        phases=_connected_phases(inputs),
        horizon_steps=max(1, round(scenario.dispatch.horizon_hours * per_hour)),
        look_ahead_steps=round(scenario.dispatch.look_ahead_hours * per_hour),
        forecast=forecast_of(inputs.loaded, inputs.flexibilities),
    )


def _with_controllers_held(problem: DispatchProblem, inputs: SimulationInputs) -> DispatchProblem:
    """The problem of the dispatch with all controllers as they are where nobody manages the assets.

    Tap changers and capacitor banks stand where they do in most steps, and controlled assets draw the reactive power
    of each step that they would draw then; the dispatch linearises the network there.
    """
    if not inputs.loaded.scenario.controllers:
        return problem
    unmanaged = {flexibility.name: flexibility.unmanaged_power() for flexibility in inputs.flexibilities}
    p_mw = problem.p_fixed_mw.copy()
    for flexibility in inputs.flexibilities:
        p_mw += flexibility.at_buses(unmanaged[flexibility.name])
    found: ControlledFlow
    if problem.phases is None:
        found = flow_with_controllers(inputs, p_mw, problem.q_fixed_mvar, unmanaged)
        phases, drawn = None, reactive_by_power(inputs, unmanaged) + found.q_curves_mvar
    else:
        from app.simulation.controlled_phases import held_in_phases  # noqa: PLC0415  only where needed

        phases, drawn, found = held_in_phases(problem.phases, inputs, unmanaged)
    return replace(
        problem,
        network=network_at(problem.network, found.devices, most_frequent(found)),
        q_fixed_mvar=problem.q_fixed_mvar + drawn,
        phases=phases,
        flexibilities=tuple(
            replace(one, q_max_mvar=np.zeros(1)) if controlled(inputs, one) else one for one in problem.flexibilities
        ),
    )


def _connected_phases(inputs: SimulationInputs) -> PhaseConnections | None:
    """On which phases everything is, where they are solved apart."""
    sequences = inputs.loaded.phases.sequences
    if sequences is None:
        return None
    from app.simulation.three_phases import phase_connections  # noqa: PLC0415  only where needed

    return phase_connections(inputs, sequences)


def _spans(inputs: SimulationInputs) -> Spans | None:
    """How the dispatch is cut; None for one span."""
    spans, day = inputs.loaded.scenario.dispatch.spans, inputs.clock.steps_per_day
    return None if spans is None else Spans(spans.days * day, spans.run_in_days * day)


def _as_done(inputs: SimulationInputs, schedule: Schedule) -> tuple[Schedule, dict[str, Floats], dict[str, Facility]]:
    """The schedule and what the assets do: the same, with data centres at the facility power of their IT load.

    The dispatch knows a data centre by its marginal facility power; the losses of its power chain are not quite
    linear, and what the grid sees is the real facility.
    """
    schedule = _with_stores_in_one_piece(inputs, schedule)
    p_mw, facilities = dict(schedule.p_mw), {}
    for load in inputs.data_centres:
        deferrable = p_mw.get(load.deferrable_name)
        facility = load.facility(deferrable)
        facilities[load.name] = facility
        p_mw[load.name] = facility.p_total_mw - (0.0 if deferrable is None else load.by_step(deferrable))
    return schedule, p_mw, facilities


def _with_stores_in_one_piece(inputs: SimulationInputs, schedule: Schedule) -> Schedule:
    """The schedule, in which the powers of all stores stand as their tracing takes them where they are large."""
    powers = {f.name: schedule.p_mw[f.name] for f in inputs.flexibilities if is_store(f)}
    if n_bytes(tuple(powers.values())) <= MOST_BYTES:
        return schedule
    together = in_one_piece(list(powers.values()))
    return replace(schedule, p_mw={**schedule.p_mw, **dict(zip(powers, together, strict=True))})
