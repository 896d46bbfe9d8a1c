"""Carbon tracing: where the power at every node comes from, and the carbon it carries."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from carbon.stocks.event_log import EventLog, list_events
from carbon.stocks.ledger import (
    StockState,
    check_not_overdrawn,
    events_in_window,
    in_window,
    open_stocks,
    stock_contents,
    stock_events,
    stock_trace,
)
from carbon.stocks.operation import StockOperation
from carbon.stocks.schedule import DeviceArrays, device_arrays
from carbon.stocks.trace import ClassTrace, StockTrace, no_stocks, own
from carbon.tracing.equations import MixingEquations, MixingSolution
from carbon.tracing.flows import Flows, Sources
from carbon.validation import check_step_hours, index_faults, shape_faults
from grid.arrays import Floats, without_nan
from grid.errors import raise_if_any
from grid.kept_if_small import MOST_BYTES, kept_if_small
from grid.large_arrays import large_array
from grid.memory import give_back_if_large
from grid.sharing import is_shared, keep_latest


@dataclass(frozen=True, eq=False)
class Tracing:
    """What the power at every node carries.

    Args:
        ci_kg_per_mwh: Carbon intensity, shape (T, N) [kg/MWh]; NaN where nothing flows, which is not 0.
        renewable_share: Renewable share, shape (T, N) [1]; NaN likewise, and where it was not traced.
        inflow_mw: Power that enters each node, from branches, sources and devices, shape (T, N) [MW].
        stocks: What the stores hold; None if there are none.
    """

    ci_kg_per_mwh: Floats
    renewable_share: Floats
    inflow_mw: Floats
    stocks: StockTrace | None

    def detached(self) -> Tracing:
        """The same in arrays of its own, so that those shared with other conventions can be freed."""
        copies = self.ci_kg_per_mwh.copy(), own(self.renewable_share), self.inflow_mw.copy()
        return Tracing(*copies, None if self.stocks is None else self.stocks.detached())

    @kept_if_small
    def known_ci_kg_per_mwh(self) -> Floats:
        """Carbon intensity, 0 where nothing flows, shape (T, N) [kg/MWh]."""
        return without_nan(self.ci_kg_per_mwh)

    @property
    def vehicles(self) -> ClassTrace:
        """The stocks of all vehicles; empty if there are no devices."""
        return no_stocks(len(self.inflow_mw)) if self.stocks is None else self.stocks.vehicles

    @property
    def stationary(self) -> ClassTrace:
        """All stationary stocks; empty if there are no devices."""
        return no_stocks(len(self.inflow_mw)) if self.stocks is None else self.stocks.stationary


def trace(
    flows: Flows,
    sources: Sources,
    step_hours: float,
    operation: StockOperation | None = None,
    *,
    threads: int | None = None,
    of_shares: bool = False,
) -> Tracing:
    """Carbon intensity and renewable share at every node, by proportional sharing; the grid operator bears the losses.

    All power that enters a node is taken to mix there perfectly, so all that leaves it, to loads, stores and lines
    alike, carries the same intensity [1]. Only what a line delivers arrives; what it loses is left at the intensity of
    its sending node. Stores are virtual stocks [2]: charging brings the intensity of the node, discharging is a source
    of intensity w / eta_discharge with w = carbon / energy of the stock at the start of the step.

    Args:
        flows: Power at both ends of every branch, T steps.
        sources: Generation and imports, T steps.
        step_hours: Length of a step [h].
        operation: What every store did.
        threads: How many parts of the time are traced at once; None for as many as there are processors. Stores carry
            one step over to the next: with them a second thread only goes before and after.
        of_shares: Whether another share of the power, of the sources and of what stocks hold at first, stands in the
            place of the carbon intensity: conversion losses take it along like the renewable share.

    Raises:
        InputError: If the inputs do not fit together, or more is taken out of a stock than it holds.

    References:
        [1] C. Kang et al., "Carbon emission flow from generation to demand: a network-based model", IEEE Trans. Smart
            Grid, vol. 6, no. 5, pp. 2386-2394, 2015.
        [2] X. Chen et al., "Carbon-aware optimal power flow", arXiv:2308.03240, 2023: the "water tank" model.
    """
    check_step_hours(step_hours)
    check_sources(flows, sources)
    equations = MixingEquations.from_flows(flows, sources)
    solution, stocks = trace_rules(equations, step_hours, operation, threads, of_shares=of_shares)
    inflow_mw, ci_kg_per_mwh, renewable_share = solution.found[0]
    return Tracing(ci_kg_per_mwh, renewable_share, inflow_mw, stocks[0])


def trace_in_windows(
    flows: Flows,
    sources: Sources,
    step_hours: float,
    operation: StockOperation | None,
    n_steps: int,
    *,
    of_shares: bool = False,
) -> Iterator[tuple[slice, Tracing]]:
    """As `trace`, in windows of time of `n_steps` each, one after the other; else its arguments and errors.

    What stores hold goes on from window to window, so that nothing depends on where one ends.
    """
    check_step_hours(step_hours)
    check_sources(flows, sources)
    equations = MixingEquations.from_flows(flows, sources)
    windows = rules_in_windows(equations, step_hours, operation, None, n_steps, of_shares=of_shares, keeps_events=False)
    for window, solution, stocks in windows:
        inflow_mw, ci_kg_per_mwh, renewable_share = solution.found[0]
        yield window, Tracing(ci_kg_per_mwh, renewable_share, inflow_mw, stocks[0])


def rules_in_windows(
    equations: MixingEquations,
    step_hours: float,
    operation: StockOperation | None,
    threads: int | None,
    n_steps: int,
    *,
    of_shares: bool = False,
    keeps_events: bool = True,
) -> Iterator[tuple[slice, MixingSolution, Sequence[StockTrace | None]]]:
    """As `trace_rules`, in windows of time of `n_steps` each, one after the other.

    What the first rule says of the events of all windows stands in arrays that stay, one after the other, if the caller
    `keeps_events`; what the other rules say of those of a window is gone with it.
    """
    end = equations.n_steps
    if n_steps >= end:
        yield slice(0, end), *trace_rules(equations, step_hours, operation, threads, of_shares=of_shares)
        return
    windows = [slice(first, min(first + n_steps, end)) for first in range(0, end, n_steps)]
    if operation is None:
        for window in windows:
            yield window, equations.solve(window.start, window.stop, threads), [None] * len(equations.rules)
        return
    devices, state = _opened(equations, operation, of_shares=of_shares, with_log=False)
    give_back_if_large()
    n_kept, events_before = (1 + equations.n_properties) * keeps_events, 0
    kept = [large_array(state.log.device.size) for _ in range(n_kept)]
    for window in windows:
        first, stop = window.start, window.stop
        now = in_window(state, first, stop, len(equations.rules))
        openings = [stock_contents(state, place, equations.n_properties) for place in range(len(equations.rules))]
        solution = equations.solve_with_stocks(first, stop, step_hours, devices, now, threads)
        check_not_overdrawn(state)
        events = events_in_window(state, now, operation, first, stop)
        stocks = [stock_trace(now, devices, place, opening, events) for place, opening in enumerate(openings)]
        own = _in_arrays(stocks[0], kept, events_before) if keeps_events else stocks[0]
        yield window, solution, [own, *stocks[1:]]
        events_before += events.device.size


def trace_rules(
    equations: MixingEquations,
    step_hours: float,
    operation: StockOperation | None,
    threads: int | None,
    *,
    of_shares: bool = False,
) -> tuple[MixingSolution, list[StockTrace | None]]:
    """Carbon, and renewable share if there are two properties, at every node, and the stocks, under each mixing rule.

    All rules share one pass through the steps of the stores; arguments and errors as `trace`.
    """
    n_rules = len(equations.rules)
    if operation is None:
        return equations.solve(0, equations.n_steps, threads), [None] * n_rules
    devices, state = _opened(equations, operation, of_shares=of_shares, with_log=True)
    opening = stock_contents(state, 0, equations.n_properties)
    solution = equations.solve_with_stocks(0, equations.n_steps, step_hours, devices, state, threads)
    check_not_overdrawn(state)
    events = stock_events(state, operation)
    return solution, [stock_trace(state, devices, place, opening, events) for place in range(n_rules)]


def _opened(
    equations: MixingEquations, operation: StockOperation, *, of_shares: bool, with_log: bool
) -> tuple[DeviceArrays, StockState]:
    """What every store did, as the kernels read it, and the stocks before the first step."""
    n_properties = equations.n_properties
    initial = np.column_stack([operation.ci_initial_kg_per_mwh, operation.renewable_share_initial][:n_properties])
    lossy = (of_shares, True)[:n_properties]
    order, n_rules = equations.order, len(equations.rules)

    def listed() -> tuple[DeviceArrays, EventLog]:
        made = device_arrays(operation, order, equations.n_steps, initial, lossy)
        return made, list_events(made, operation, 0)

    if not is_shared() or operation.p_mw.nbytes > MOST_BYTES:
        devices = device_arrays(operation, order, equations.n_steps, initial, lossy)
        return devices, open_stocks(devices, operation, n_rules, with_log=with_log)
    takes = operation.energy, order.pattern.rank, equations.n_steps
    devices, events = keep_latest("devices of stores", takes, listed)
    devices = devices.carrying(initial, lossy)
    return devices, open_stocks(devices, operation, n_rules, with_log=with_log, events=events)


def _in_arrays(trace: StockTrace, kept: Sequence[Floats], begin: int) -> StockTrace:
    """A window's trace with what it says of its events, J of them, in the places from `begin` of larger arrays."""
    moved_kg, ci_after, *renewable = (values[begin : begin + trace.events.device.size] for values in kept)
    moved_kg[:], ci_after[:] = trace.moved_kg, trace.ci_after_kg_per_mwh
    for share in renewable:
        share[:] = trace.renewable_share_after
    share_after = renewable[0] if renewable else trace.renewable_share_after
    return replace(trace, moved_kg=moved_kg, ci_after_kg_per_mwh=ci_after, renewable_share_after=share_after)


def check_sources(flows: Flows, sources: Sources) -> None:
    """Raises an `InputError` unless the sources stand at nodes of the grid and cover the same steps."""
    raise_if_any(
        [
            *index_faults("sources.node", sources.node, sources.node.shape, flows.n_nodes),
            *shape_faults("sources.p_mw", sources.p_mw, (flows.n_steps, len(sources.node))),
        ]
    )
