"""Which source the power at every node, and of every consumer, comes from."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from carbon.stocks.ledger import check_not_overdrawn, open_stocks
from carbon.stocks.operation import StockOperation
from carbon.stocks.schedule import device_arrays
from carbon.tracing.conventions import ConventionTrace
from carbon.tracing.equations import MixingEquations
from carbon.tracing.flows import Consumers, Flows, Sources
from carbon.tracing.proportional_sharing import check_sources
from carbon.validation import check_step_hours, index_faults
from grid.arrays import Floats
from grid.errors import InputError, raise_if_any
from grid.flexibility.per_slot import PerSlot
from grid.memory import give_back_if_large
from grid.units import BYTES_PER_MB


def source_shares(
    flows: Flows,
    sources: Sources,
    groups: npt.ArrayLike,
    operation: StockOperation | None = None,
    *,
    step_hours: float = 1.0,
) -> Floats:
    """Shares of groups of sources in the power at every node, by proportional sharing.

    The same equations as in `carbon.tracing.trace`, one share in place of an intensity. Energy from a store counts
    for the sources that charged it; what it held at first, or brought from outside, is a group of its own.

    Args:
        flows: Power at both ends of every branch, T steps.
        sources: Generation and imports, G of them.
        groups: Group of each source, shape (G,), 0 to S - 1; ``range(G)`` tells every source apart.
        operation: What every store did.
        step_hours: Length of a step, which matters to stores only [h].

    Returns:
        Shares, shape (T, N, S) [1], with an operation (T, N, S + 1), the last for what the stores held at first; they
        sum to 1. NaN where nothing flows.

    Raises:
        InputError: If the inputs do not fit together, or more is taken out of a stock than it holds.
    """
    return next(shares for _, shares in _chunks(flows, sources, groups, operation, step_hours, lambda _: flows.n_steps))


def source_share_chunks(
    flows: Flows,
    sources: Sources,
    groups: npt.ArrayLike,
    operation: StockOperation | None = None,
    *,
    step_hours: float = 1.0,
    memory_mb: float = 256.0,
) -> Iterator[tuple[int, Floats]]:
    """The same in consecutive windows of time, none of more than `memory_mb` [MB].

    Yields:
        The first step of a window and its shares.

    Raises:
        InputError: As `source_shares`, or if not even one step fits.
    """

    def at_once(bytes_per_step: int) -> int:
        steps = int(memory_mb * BYTES_PER_MB // bytes_per_step)
        if steps < 1:
            raise InputError.single("memory_mb", f"must be at least {bytes_per_step / BYTES_PER_MB:.3g}", memory_mb)
        return steps

    yield from _chunks(flows, sources, groups, operation, step_hours, at_once)


def _chunks(
    flows: Flows,
    sources: Sources,
    groups: npt.ArrayLike,
    operation: StockOperation | None,
    step_hours: float,
    at_once: Callable[[int], int],
) -> Iterator[tuple[int, Floats]]:
    """Windows of as many steps as `at_once` makes of the bytes that one step takes."""
    check_step_hours(step_hours)
    check_sources(flows, sources)
    group = np.asarray(groups, dtype=np.int64)
    n_groups = int(group.max(initial=-1)) + 1
    raise_if_any(index_faults("groups", group, sources.node.shape, n_groups))
    n_properties = n_groups if operation is None else n_groups + 1
    equations = MixingEquations.from_flows(flows, sources, group, n_properties)
    solve = _without_stocks(equations) if operation is None else _with_stocks(equations, operation, step_hours)
    n_steps = at_once(8 * flows.n_nodes * (n_properties + 1))
    for first in range(0, max(flows.n_steps, 1), max(n_steps, 1)):
        yield first, np.moveaxis(solve(first, min(first + n_steps, flows.n_steps)), 0, 2)


def _without_stocks(equations: MixingEquations) -> Callable[[int, int], Floats]:
    """Shares in a window of time, shape (S, T, N)."""
    return lambda first, stop: equations.solve(first, stop).carried


def _with_stocks(
    equations: MixingEquations, operation: StockOperation, step_hours: float
) -> Callable[[int, int], Floats]:
    """The same with stores, whose state goes on from window to window."""
    shape = (operation.n_owners, equations.n_properties)
    of_the_past = np.broadcast_to(np.arange(shape[1]) == shape[1] - 1, shape)
    devices = device_arrays(operation, equations.order, equations.n_steps, of_the_past, lossy=(True,) * shape[1])
    state = open_stocks(devices, operation, with_log=False)
    give_back_if_large()

    def solve(first: int, stop: int) -> Floats:
        shares = equations.solve_with_stocks(first, stop, step_hours, devices, state).carried
        check_not_overdrawn(state)
        return shares

    return solve


def load_shares_mw(
    flows: Flows,
    sources: Sources,
    consumers: Consumers,
    answer: ConventionTrace,
    groups: npt.ArrayLike | None = None,
    operation: StockOperation | None = None,
    *,
    step_hours: float = 1.0,
) -> Floats:
    """Power of each source, or group of sources, in each consumer's.

    Under ``operator`` the parts of a consumer sum to what it takes, under ``load`` to what was generated for it [1].

    Args:
        flows: Power at both ends of every branch, T steps.
        sources: Generation and imports, G of them.
        consumers: Final consumers, M of them.
        answer: Their trace under ``operator`` or ``load`` (`carbon.tracing.trace_conventions`).
        groups: Group of each source, shape (G,), 0 to S - 1; None to tell every source apart.
        operation: What every store did; energy from a store counts for the sources that charged it.
        step_hours: Length of a step, which matters to stores only [h].

    Returns:
        Shape (T, M, S) [MW], with an operation (T, M, S + 1), the last for what the stores held at first.

    Raises:
        InputError: If the convention has no such shares, or the inputs do not fit together.

    References:
        [1] J. Bialek, "Tracing the flow of electricity", IEE Proc. Gener. Transm. Distrib., vol. 143, no. 4,
            pp. 313-320, 1996.
    """
    if answer.convention not in ("operator", "load"):
        raise InputError.single("answer.convention", "must be operator or load", answer.convention)
    each = np.arange(len(sources.node)) if groups is None else groups
    use_mw = consumers.p_mw
    if answer.convention == "load":
        use_mw = answer.gross_use_mw(consumers)
        flows, operation = _gross_flows(flows, answer.gross_factor), _gross_operation(operation, answer.gross_factor)
    shares = source_shares(flows, sources, each, operation, step_hours=step_hours)
    return use_mw[:, :, None] * np.nan_to_num(shares[:, consumers.node])


def _gross_operation(operation: StockOperation | None, factor: Floats) -> StockOperation | None:
    """The same stores, charged with what was generated for them."""
    if operation is None:
        return None
    per_use = np.nan_to_num(factor, nan=1.0)[operation.slot_step, operation.node[operation.slot_device]]
    per_use = np.where((operation.p_mw > 0) & (per_use > 0), per_use, 1.0)
    eta = PerSlot(operation.per_slot(operation.eta_charge) / per_use)
    return replace(operation, p_mw=operation.p_mw * per_use, eta_charge=eta)


def _gross_flows(flows: Flows, factor: Floats) -> Flows:
    """The same flows as gross power: nothing is lost on the way, and each node sends what was generated for it."""
    generated = np.nan_to_num(factor)
    forward, backward = flows.received_mw()
    sent = np.where(forward > 0, flows.p_from_mw * generated[:, flows.from_node], 0.0)
    sent -= np.where(backward > 0, flows.p_to_mw * generated[:, flows.to_node], 0.0)
    return Flows(flows.n_nodes, flows.from_node, flows.to_node, sent, -sent)
