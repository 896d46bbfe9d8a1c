"""The dispatch and the power flow of a run, taken from what another run of the same has left, if any."""

from __future__ import annotations

from dataclasses import fields
from typing import TYPE_CHECKING

import numpy as np

from app.simulation.marginal import loss_sensitivity
from app.simulation.phase_arrays import flow_arrays, flow_from, schedule_arrays, schedule_from
from app.simulation.reuse import PhaseReuse
from grid.arrays import Floats
from grid.city.city import City
from grid.network.network import Complexes, Network
from grid.powerflow.powerflow import PowerFlow, network_digest, power_flow
from grid.threads import processors
from grid.time.clock import Clock
from optimizer.horizon.fixed import net_import_mw
from optimizer.horizon.rolling import Progress, dispatch, leaves_nothing
from optimizer.horizon.spans import Map, Spans, dispatch_in_spans
from optimizer.problem.problem import DispatchProblem
from optimizer.problem.schedule import Schedule

if TYPE_CHECKING:
    from grid.three_phase import PhasePowerFlow


def dispatch_reusing(
    problem: DispatchProblem, progress: Progress, reuse: PhaseReuse | None, spans: Spans | None = None, apply: Map = map
) -> tuple[Schedule, bool]:
    """What `dispatch` decides, in one span or in several, and whether it was taken from another run.

    A problem in which something is decided must be the same in everything. Where nothing is, only the net import comes
    from another run: it depends on the powers alone, and prices and intensities may be others.
    """

    def decided() -> Schedule:
        return dispatch(problem, progress) if spans is None else dispatch_in_spans(problem, spans, progress, apply)

    if leaves_nothing(problem):
        return _priced(problem, progress, reuse)
    if reuse is None:
        return decided(), False
    cut = () if spans is None else (spans.steps, spans.run_in_steps)
    phases = problem.phases
    of_phases = () if phases is None else (phases.wye, phases.delta, phases.shares, phases.unbalance_max_percent)
    named = (field.name for field in fields(problem) if field.name not in {"network", "phases"})
    takes = *(getattr(problem, name) for name in named), *cut, *of_phases
    arrays, found = reuse.get("dispatch", (network_digest(problem.network), *takes), lambda: schedule_arrays(decided()))
    return schedule_from(arrays, problem.clock), found


def _priced(problem: DispatchProblem, progress: Progress, reuse: PhaseReuse | None) -> tuple[Schedule, bool]:
    """The schedule where nothing is left to decide."""
    reused = False
    if reuse is None:
        return dispatch(problem, progress, net_import_mw), False

    def net_import(problem: DispatchProblem, p_mw: Floats, q_mvar: Floats) -> Floats:
        nonlocal reused
        takes = _takes(problem.network, problem.clock, p_mw, q_mvar, problem.loads_between(0, problem.clock.n_steps))
        arrays, reused = reuse.get("net import", takes, lambda: {"net_import_mw": net_import_mw(problem, p_mw, q_mvar)})
        return np.asarray(arrays["net_import_mw"])

    return dispatch(problem, progress, net_import), reused


def flow_reusing(city: City, p_mw: Floats, q_mvar: Floats, reuse: PhaseReuse | None) -> tuple[PowerFlow, bool]:
    """The AC power flow of a city with all its assets, and whether it was taken from another run.

    Args:
        city: The city.
        p_mw: Withdrawal at every bus, shape (T, B) [MW].
        q_mvar: Reactive withdrawal, shape (T, B) [MVAr].
        reuse: Where arrays are kept, if anywhere.
    """
    network, clock, loads_mva = city.network, city.clock, city.voltage_dependent_loads_mva()

    def solved() -> PowerFlow:
        return power_flow(network, clock, p_mw, q_mvar, loads_mva=loads_mva, threads=processors())

    if reuse is None:
        return solved(), False
    takes = _takes(network, clock, p_mw, q_mvar, loads_mva)
    arrays, found = reuse.get("power flow", takes, lambda: flow_arrays(solved()))
    return flow_from(arrays, network, clock), found


def sensitivity_reusing(flow: PowerFlow | PhasePowerFlow, reuse: PhaseReuse | None) -> Floats:
    """The sensitivity of losses of an AC power flow (`app.simulation.marginal.loss_sensitivity`)."""
    if reuse is None:
        return loss_sensitivity(flow)
    delta = None if isinstance(flow, PowerFlow) else flow.delta
    takes = (network_digest(flow.network), flow.clock, flow.voltage, flow.failed, delta)
    arrays, _ = reuse.get("loss sensitivity", takes, lambda: {"per_mwh": loss_sensitivity(flow)})
    return np.asarray(arrays["per_mwh"])


def _takes(
    network: Network, clock: Clock, p_mw: Floats, q_mvar: Floats, loads_mva: Complexes | None
) -> tuple[object, ...]:
    """All that a power flow depends on."""
    return network_digest(network), clock, p_mw, q_mvar, loads_mva
