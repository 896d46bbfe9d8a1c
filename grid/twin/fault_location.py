"""Where a fault can be, from the breaker that tripped and the fault indicators behind it."""

from __future__ import annotations

from collections.abc import Collection

import numpy as np
from scipy import sparse
from scipy.sparse import csgraph

from grid.arrays import Ints
from grid.errors import InputError
from grid.network.switching import SwitchableNetwork


def possible_faults(
    network: SwitchableNetwork, tripped: int, passed: Collection[int] = (), clear: Collection[int] = ()
) -> Ints:
    """Branches whose fault explains which breaker tripped and which indicators saw the current.

    In a radial grid the current of a fault comes from the supply: it passes all branches on the way to the faulted
    one, whose own indicator, at its end towards the supply, sees it as well, and no others.

    Args:
        network: The network as it was operated before.
        tripped: The branch whose breaker opened.
        passed: Branches whose indicators saw the current.
        clear: Branches whose indicators did not.

    Returns:
        The branches, ascending; none where breaker and indicators contradict each other.

    Raises:
        InputError: If the network is not radial in operation.
    """
    if not network.is_radial(network.open):
        raise InputError.single("network", "is not radial in operation: a fault has no single way to it")
    branches, closed = network.meshed.branches, np.flatnonzero(~network.open)
    n = network.meshed.n_nodes
    ends = branches.from_node[closed], branches.to_node[closed]
    number = sparse.coo_array((closed + 1, ends), shape=(n, n)).tocsr()
    found = []
    for slack in network.meshed.slack.tolist():
        order, before = csgraph.breadth_first_order(number, slack, directed=False)
        ways: dict[int, frozenset[int]] = {slack: frozenset()}
        for node in order[1:].tolist():
            parent = int(before[node])
            branch = int(number[parent, node] or number[node, parent]) - 1
            ways[node] = ways[parent] | {branch}
            if tripped in ways[node] and ways[node] >= set(passed) and not ways[node] & set(clear):
                found.append(branch)
    return np.array(sorted(found), dtype=np.int64)
