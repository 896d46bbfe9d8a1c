"""The other model of stores: loads when they charge, carbon-free generators when they discharge.

Simpler than the water tank (`carbon.stocks`), and as conservative: whoever charges answers for all of it at once, in
the hour and at the node of charging, and the energy that comes back is free of carbon. It moves the blame in time.
"""

from __future__ import annotations

import numpy as np

from carbon.checks import array_faults
from carbon.flows import Flows, Sources
from carbon.stocks import StockOperation
from carbon.uses import Consumers
from grid.errors import raise_if_any
from grid.series import Bools, Floats, Ints


def carbon_free_stores(
    flows: Flows,
    sources: Sources,
    consumers: Consumers,
    operation: StockOperation,
    *,
    vehicle_sector: str = "II.1",
    storage_sector: str = "I.4",
) -> tuple[Sources, Consumers]:
    """Sources and consumers of the variant "load / carbon-free generator" [1], to be traced without an operation.

    ``S = D + A + L + E``: charging A counts among the consumers, discharge feeds in 0 kg/MWh and nothing that is
    renewable (that was counted at charging), and no stock carries carbon; fuel drawn later was paid for already. The
    energy ledger stays that of the water tank.

    Args:
        flows: Power at both ends of every branch, T steps.
        sources: Generation and imports.
        consumers: Final consumers.
        operation: What every store did.
        vehicle_sector: Sub-sector of the charging of vehicles.
        storage_sector: Sub-sector of the charging of stationary stores.

    Raises:
        InputError: If sources or consumers cover other steps than the flows.

    References:
        [1] X. Chen et al., "Carbon-aware optimal power flow", arXiv:2308.03240, 2023: the second of its two models of
            storage.
    """
    shape = (flows.n_steps,)
    raise_if_any(
        [
            *array_faults("sources.p_mw", sources.p_mw, (*shape, len(sources.node))),
            *array_faults("consumers.p_mw", consumers.p_mw, (*shape, len(consumers.node))),
        ]
    )
    every = np.ones(operation.n_devices, dtype=np.bool_)
    vehicle = operation.vehicle[operation.owner]
    nodes, given_mw = _by_node(operation, np.maximum(-operation.p_mw, 0.0), every, flows.n_steps)
    free = np.zeros_like(given_mw)
    fed = Sources(
        np.concatenate([sources.node, nodes]),
        np.concatenate([sources.p_mw, given_mw], axis=1),
        np.concatenate([sources.ci_kg_per_mwh, free], axis=1),
        np.concatenate([sources.renewable_share, free], axis=1),
    )
    sectors = tuple(dict.fromkeys((*consumers.sectors, vehicle_sector, storage_sector)))
    more = len(sectors) - len(consumers.sectors)
    parts = [(consumers.node, consumers.p_mw, np.pad(consumers.share, ((0, 0), (0, more))))]
    for of_kind, sector in ((vehicle, vehicle_sector), (~vehicle, storage_sector)):
        at, drawn_mw = _by_node(operation, np.maximum(operation.p_mw, 0.0), of_kind, flows.n_steps)
        parts.append((at, drawn_mw, np.tile(np.array(sectors) == sector, (at.size, 1)).astype(np.float64)))
    node, p_mw, share = zip(*parts, strict=True)
    return fed, Consumers(np.concatenate(node), np.concatenate(p_mw, axis=1), sectors, np.concatenate(share))


def _by_node(operation: StockOperation, p_mw: Floats, of_kind: Bools, n_steps: int) -> tuple[Ints, Floats]:
    """The nodes of some devices, and their power, shape (K,) by slot, summed at each, shape (T, nodes)."""
    nodes = np.unique(operation.node[of_kind])
    device = operation.slot_device
    here = of_kind[device]
    total = np.zeros((n_steps, nodes.size))
    column = np.searchsorted(nodes, operation.node[device[here]])
    np.add.at(total, (operation.slot_step[here], column), p_mw[here])
    return nodes, total
