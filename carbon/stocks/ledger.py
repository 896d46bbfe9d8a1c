"""The running account of all stocks: opened before the kernels walk through time, closed after."""

from __future__ import annotations

import numpy as np

from carbon.stocks.account import Book, Journal
from carbon.stocks.desk import Stores
from carbon.stocks.operation import StockOperation
from carbon.stocks.trace import ClassTrace, Contents, Entries, Movements, StockTrace
from grid.arrays import Bools
from grid.errors import Fault, raise_if_any

_VEHICLES, _STATIONARY = range(2)
_FAULTS_LISTED = 20


def open_book(stores: Stores, n_nodes: int, n_conventions: int = 1, *, with_journal: bool = True) -> Book:
    """The account before the first step: each stock holds what its first device starts with.

    The only arrays of the tracing that change; they never leave it.

    Args:
        stores: What every store did.
        n_nodes: Number of nodes.
        n_conventions: Under how many conventions it is kept, P.
        with_journal: Whether every entry is kept as well.
    """
    n_owners, width = stores.kind.size, n_conventions * stores.lossy.size
    n_devices, n_steps = len(stores.owner), len(stores.starts) - 1
    e_mwh = np.zeros(n_owners)
    e_mwh[stores.owner[::-1]] = stores.e_start_mwh[::-1]  # the earliest is assigned last
    mix = np.tile(stores.per_initial_mwh[:, 1:], n_conventions)
    content = e_mwh[:, None] * mix
    total = np.zeros((2, 1 + width, 2))
    for kind in (_VEHICLES, _STATIONARY):
        total[kind, 0, 0] = e_mwh[stores.kind == kind].sum()
        total[kind, 1:, 0] = content[stores.kind == kind].sum(axis=0)
    return Book(
        e_mwh=e_mwh,
        before_mwh=np.zeros(n_devices),
        content=content,
        mix=mix,
        at_start=np.zeros((n_devices, width)),
        total=total,
        fed=np.zeros((n_nodes, width)),
        mixed=np.zeros((n_nodes, width)),
        carried=np.zeros((n_nodes, width)),
        listed=np.full((2, n_nodes), -1, dtype=np.int64),
        path=np.zeros((2, n_nodes), dtype=np.int64),
        moved=np.zeros((n_steps, 2, 5, 1 + width)),
        contents=np.zeros((n_steps, 1 + width, 2)),
        meter_mwh=np.zeros((n_steps, 2, 2)),
        driven=np.zeros((n_devices, 1 + width)),
        overdrawn=np.full(n_devices, -1, dtype=np.int64),
        excess_mwh=np.zeros(n_devices),
        journal=_journal(stores, n_conventions, _most_entries(stores) if with_journal else 0),
    )


def _journal(stores: Stores, n_conventions: int, n_entries: int) -> Journal:
    """An empty journal with room for so many entries."""
    return Journal(
        begins=np.zeros(len(stores.starts), dtype=np.int64),
        device=np.empty(n_entries, dtype=np.int64),
        values=np.empty((1 + n_conventions * (1 + stores.lossy.size), n_entries)),
    )


def _most_entries(stores: Stores) -> int:
    """Upper bound on entries of all stores (`carbon.stocks.energy_kernel`): a stock's last residue goes at a start."""
    happens = stores.p_mw != 0
    if stores.p_drain_mw.size:
        happens |= stores.p_drain_mw != 0
    length = stores.stop - stores.start
    leaking = length[stores.retention != 1.0].sum()
    return min(int(np.count_nonzero(happens)) + int(leaking) + len(length), len(happens))


def check_book(book: Book, stores: Stores) -> None:
    """Raises an `InputError` if more was taken out of a stock than it held: the first such step of every device."""
    devices = np.flatnonzero(book.overdrawn >= 0)
    devices = devices[np.argsort(book.overdrawn[devices], kind="stable")]
    faults = [
        Fault(
            f"operation.p_mw, device {stores.device[device]}, step {book.overdrawn[device]}",
            "must not take out more than the stock holds",
            f"{book.excess_mwh[device]:.3g} MWh too much",
        )
        for device in devices[:_FAULTS_LISTED].tolist()
    ]
    n_more = len(devices) - len(faults)
    more = [Fault("operation.p_mw", f"the same for {n_more} more devices")] if n_more > 0 else []
    raise_if_any([*faults, *more])


def entries_of(book: Book, op: StockOperation) -> Entries:
    """All that happened, whatever the convention."""
    journal = book.journal
    n_entries = journal.begins[-1]
    return Entries(op, journal.begins, journal.device[:n_entries], journal.values[0, :n_entries])


def close_book(book: Book, stores: Stores, place: int, opening: Contents, entries: Entries) -> StockTrace:
    """The account of carbon and renewable energy after the last step, under one convention.

    Args:
        book: The account.
        stores: What every store did, as the kernels read it.
        place: Which of the conventions.
        opening: Each stock before the first step.
        entries: All that happened.
    """
    moved_kg, ci_kg_per_mwh, renewable_share = book.journal.values[1 + 3 * place : 4 + 3 * place, : entries.device.size]
    columns, op = _columns(place), entries.operation
    by_device = np.empty((4, len(stores.device)))
    by_device[:2, stores.device] = book.driven[:, columns[:2]].T
    by_device[2:, stores.device] = book.at_start[:, 2 * place : 2 * place + 2].T
    driven_mwh, driven_kg, ci_start_kg_per_mwh, renewable_share_start = by_device
    return StockTrace(
        entries=entries,
        moved_kg=moved_kg,
        ci_after_kg_per_mwh=ci_kg_per_mwh,
        renewable_share_after=renewable_share,
        ci_start_kg_per_mwh=ci_start_kg_per_mwh,
        renewable_share_start=renewable_share_start,
        driven_mwh=driven_mwh,
        driven_kg=driven_kg,
        vehicles=_class_trace(book, _VEHICLES, columns, opening, op.vehicle),
        stationary=_class_trace(book, _STATIONARY, columns, opening, ~op.vehicle),
        opening=opening,
        closing=contents_of(book, place),
    )


def contents_of(book: Book, place: int) -> Contents:
    """What each stock holds now, under one convention."""
    carbon_kg, renewable_mwh = book.content[:, 2 * place : 2 * place + 2].T.copy()
    return Contents(book.e_mwh.copy(), carbon_kg, renewable_mwh)


def _columns(place: int) -> list[int]:
    """Columns of energy, carbon and renewable energy of a convention."""
    return [0, 2 * place + 1, 2 * place + 2]


def _class_trace(book: Book, kind: int, columns: list[int], opening: Contents, members: Bools) -> ClassTrace:
    """All stocks of one class."""
    at_first = (opening.e_mwh, opening.carbon_kg, opening.renewable_mwh)
    energy, carbon, renewable = (
        Movements(float(values[members].sum()), book.contents[:, q, kind], *book.moved[:, kind, :, q].T)
        for q, values in zip(columns, at_first, strict=True)
    )
    return ClassTrace(energy, carbon, renewable, book.meter_mwh[:, kind, 0], book.meter_mwh[:, kind, 1])
