"""The other model of stores: loads when they charge, carbon-free generators when they discharge.

Simpler than the water tank (`carbon.stocks.operation`), and as conservative: whoever charges answers for all of it at
once, in the hour and at the node of charging, and the energy that comes back is free of carbon. It moves the blame in
time.
"""

from __future__ import annotations

import numpy as np

from carbon.stocks.operation import StockOperation
from carbon.tracing.flows import Consumers, Flows, Sources
from carbon.validation import array_faults
from grid.arrays import Bools, Floats, Ints
from grid.errors import raise_if_any


def with_carbon_free_stores(
    flows: Flows,
    sources: Sources,
    consumers: Consumers,
    operation: StockOperation,
    *,
    first_step: int = 0,
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
        first_step: Step of the operation with which the flows begin.
        vehicle_sector: Sub-sector of the charging of vehicles.
        storage_sector: Sub-sector of the charging of stationary stores.

    Raises:
        InputError: If sources or consumers cover other steps than the flows.

    References:
        [1] X. Chen et al., "Carbon-aware optimal power flow", arXiv:2308.03240, 2023: the second of its two models of
            storage.
    """
    shape = (flows.n_steps, flows.n_nodes)
    raise_if_any(
        [
            *array_faults("sources.p_mw", sources.p_mw, (flows.n_steps, len(sources.node))),
            *array_faults("consumers.p_mw", consumers.p_mw, (flows.n_steps, len(consumers.node))),
        ]
    )
    every = np.ones(operation.n_devices, dtype=np.bool_)
    vehicle = operation.vehicle[operation.owner]
    nodes, _, given_mw = _by_node(operation, every, shape, first_step)
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
        at, drawn_mw, _ = _by_node(operation, of_kind, shape, first_step)
        parts.append((at, drawn_mw, np.tile(np.array(sectors) == sector, (at.size, 1)).astype(np.float64)))
    node, p_mw, share = zip(*parts, strict=True)
    return fed, Consumers(np.concatenate(node), np.concatenate(p_mw, axis=1), sectors, np.concatenate(share))


def _by_node(
    operation: StockOperation, of_kind: Bools, shape: tuple[int, int], first_step: int
) -> tuple[Ints, Floats, Floats]:
    """The nodes of some devices, and what these charge and discharge at each, shape (T, nodes) each."""
    nodes = np.unique(operation.node[of_kind])
    drawn_mw, given_mw = operation.power_at_nodes(*shape, of_kind, first_step)
    return nodes, drawn_mw[:, nodes], given_mw[:, nodes]
