"""Which source the power at every node comes from."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import numpy.typing as npt

from carbon.stocks.desk import Desk
from carbon.stocks.ledger import check_book, open_book
from carbon.stocks.operation import StockOperation
from carbon.stocks.plan import check_step_hours, stores_of
from carbon.tracing.equations import Mixing
from carbon.tracing.flows import Flows, Sources
from carbon.tracing.trace import check_sources
from carbon.validation import index_faults
from grid.arrays import Floats
from grid.errors import InputError, raise_if_any
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

    The same mixing as in `carbon.tracing.trace.trace`, one share in place of an intensity. Energy from a store counts
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
    mixing = Mixing.of(flows, sources, group, n_properties)
    solve = _without_stocks(mixing) if operation is None else _with_stocks(mixing, operation, step_hours)
    n_steps = at_once(8 * flows.n_nodes * (n_properties + 1))
    for first in range(0, max(flows.n_steps, 1), max(n_steps, 1)):
        yield first, np.moveaxis(solve(first, min(first + n_steps, flows.n_steps)), 0, 2)


def _without_stocks(mixing: Mixing) -> Callable[[int, int], Floats]:
    """Shares in a window of time, shape (S, T, N)."""
    return lambda first, stop: mixing.solve(first, stop).carried


def _with_stocks(mixing: Mixing, operation: StockOperation, step_hours: float) -> Callable[[int, int], Floats]:
    """The same with stores, whose account goes on from window to window."""
    shape = (operation.n_owners, mixing.n_properties)
    of_the_past = np.broadcast_to(np.arange(shape[1]) == shape[1] - 1, shape)
    stores = stores_of(operation, mixing.order, mixing.n_steps, of_the_past, lossy=(True,) * shape[1])
    desks, book = Desk.pair(stores, mixing.block_steps), open_book(stores, mixing.order.n_nodes, with_journal=False)

    def solve(first: int, stop: int) -> Floats:
        shares = mixing.solve_with_stocks(first, stop, step_hours, stores, desks, book).carried
        check_book(book, stores)
        return shares

    return solve
