"""Which generator of a network of PyPSA is the slack of each part that hangs together."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from grid.arrays import Ints
from grid.errors import listed


def one_slack_each(control: Any, at: Ints, branches: Ints, names: Sequence[str]) -> tuple[Any, list[str]]:
    """Controls of generators with one slack in each part of the network, as PyPSA takes them.

    A part without a slack takes its first generator, the others of several slacks hold their voltage.

    Args:
        control: What the generators state (``PQ``, ``PV``, ``Slack``), shape (G,).
        at: Their buses, shape (G,); -1 where there is none.
        branches: Both buses of every branch, shape (2, L); -1 where there is none.
        names: Names of the buses.

    Returns:
        Controls, shape (G,).
        What was assumed, a sentence each.
    """
    from scipy.sparse import coo_array  # noqa: PLC0415  slow to import
    from scipy.sparse.csgraph import connected_components  # noqa: PLC0415

    n = len(names)
    known = branches[:, (branches >= 0).all(axis=0)]
    joined = coo_array((np.ones(known.shape[1]), (known[0], known[1])), shape=(n, n))
    _, part = connected_components(joined, directed=False)
    taken, several = control.copy(), 0
    chosen = []
    for each in np.unique(part[at[at >= 0]]):
        here = np.flatnonzero((at >= 0) & (part[at] == each))
        slacks = here[control[here] == "Slack"]
        if not slacks.size:
            taken[here[0]] = "Slack"
            chosen.append(names[at[here[0]]])
        several += max(slacks.size - 1, 0)
        taken[slacks[1:]] = "PV"
    said = []
    if chosen:
        said.append(
            f"No generator is the slack in {len(chosen)} parts of the network: the first is taken, as PyPSA does (at "
            f"{listed(list(map(repr, chosen)))})."
        )
    if several:
        said.append(f"{several} slacks beside another in the same part hold their voltage only, as PyPSA does.")
    return taken, said
