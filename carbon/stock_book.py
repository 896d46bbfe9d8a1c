"""The running account of all stocks: opened before the kernels walk through time, closed after."""

from __future__ import annotations

import numpy as np

from carbon.stock_desk import Stores
from carbon.stock_kernel import Book
from carbon.stocks import ClassTrace, Contents, Movements, StockOperation, StockTrace
from grid.errors import Fault, raise_if_any
from grid.series import Floats

_VEHICLES, _STATIONARY = range(2)
_FAULTS_LISTED = 20


def open_book(stores: Stores, n_nodes: int) -> Book:
    """The account before the first step: each stock holds what its first device starts with.

    What leaves a stock takes energy, carbon and all other properties in the same proportion, so one share of the
    content for each way out says it all. The only arrays of the tracing that change; they never leave it.

    Args:
        stores: What every store did.
        n_nodes: Number of nodes.
    """
    n_owners, width = stores.per_initial_mwh.shape
    n_devices, n_steps = len(stores.owner), len(stores.starts) - 1
    opening_mwh = np.zeros(n_owners)
    latest_first = stores.by_start[::-1]
    opening_mwh[stores.owner[latest_first]] = stores.e_start_mwh[latest_first]  # the earliest is assigned last
    content = opening_mwh[:, None] * stores.per_initial_mwh
    total = np.zeros((2, width, 2))
    for kind in (_VEHICLES, _STATIONARY):
        total[kind, :, 0] = content[stores.kind == kind].sum(axis=0)
    return Book(
        content=content,
        mix=stores.per_initial_mwh[:, 1:].copy(),
        total=total,
        fed=np.zeros((n_nodes, width - 1)),
        carried=np.zeros((n_nodes, width - 1)),
        moved=np.zeros((n_steps, 2, 5, width)),
        contents=np.zeros((n_steps, width, 2)),
        meter_mwh=np.zeros((n_steps, 2, 2)),
        driven=np.zeros((n_devices, width)),
        overdrawn=np.full(n_devices, -1, dtype=np.int64),
        excess_mwh=np.zeros(n_devices),
    )


def check_book(book: Book) -> None:
    """Raises an `InputError` if more was taken out of a stock than it held: the first such step of every device."""
    devices = np.flatnonzero(book.overdrawn >= 0)
    devices = devices[np.argsort(book.overdrawn[devices], kind="stable")]
    faults = [
        Fault(
            f"operation.p_mw, device {device}, step {book.overdrawn[device]}",
            "must not take out more than the stock holds",
            f"{book.excess_mwh[device]:.3g} MWh too much",
        )
        for device in devices[:_FAULTS_LISTED].tolist()
    ]
    n_more = len(devices) - len(faults)
    more = [Fault("operation.p_mw", f"the same for {n_more} more devices")] if n_more > 0 else []
    raise_if_any([*faults, *more])


def close_book(book: Book, slots: Floats, opening: Floats, op: StockOperation) -> StockTrace:
    """The account of carbon and renewable energy after the last step.

    Args:
        book: The account.
        slots: The record of every slot (see `Desk`), shape (5, K).
        opening: Content of each stock before the first step, shape (O, 3).
        op: What every store did.

    Raises:
        InputError: If more was taken out of a stock than it held.
    """
    check_book(book)
    e_end_mwh, charge_kg, discharge_kg, ci_kg_per_mwh, renewable_share = slots
    return StockTrace(
        e_end_mwh=e_end_mwh,
        charge_kg=charge_kg,
        discharge_kg=discharge_kg,
        ci_discharge_kg_per_mwh=ci_kg_per_mwh / op.at_slots(op.eta_discharge),
        renewable_share=renewable_share,
        driven_mwh=book.driven[:, 0].copy(),
        driven_kg=book.driven[:, 1].copy(),
        vehicles=_class_trace(book, opening[op.vehicle].sum(axis=0), _VEHICLES),
        stationary=_class_trace(book, opening[~op.vehicle].sum(axis=0), _STATIONARY),
        opening=Contents(*np.ascontiguousarray(opening.T)),
        closing=Contents(*np.ascontiguousarray(book.content.T)),
    )


def _class_trace(book: Book, opening: Floats, kind: int) -> ClassTrace:
    """All stocks of one class."""
    energy, carbon, renewable = (
        Movements(float(opening[q]), book.contents[:, q, kind], *book.moved[:, kind, :, q].T) for q in range(3)
    )
    return ClassTrace(energy, carbon, renewable, book.meter_mwh[:, kind, 0], book.meter_mwh[:, kind, 1])
