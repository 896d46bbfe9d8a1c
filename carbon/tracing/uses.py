"""Who uses the power of a city: final consumers, and exports."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from carbon.validation import array_faults
from grid.arrays import Floats, Ints, read_only
from grid.errors import Fault, raise_if_any


@dataclass(frozen=True, eq=False)
class Consumers:
    """Final consumers: loads and the facilities of data centres; no store, charger or electrolyser.

    Args:
        node: Node of each consumer, shape (M,).
        p_mw: Power consumed, shape (T, M), at least 0 [MW].
        sectors: Codes of GPC sub-sectors, such as "I.1", S of them.
        share: Share of each consumer's energy that goes to each sector, shape (M, S); rows sum to 1.

    Raises:
        InputError: If shapes disagree, a value is out of range or the shares of a consumer do not sum to 1.
    """

    node: Ints
    p_mw: Floats
    sectors: tuple[str, ...]
    share: Floats

    def __post_init__(self) -> None:
        object.__setattr__(self, "node", np.asarray(self.node, dtype=np.int64))
        object.__setattr__(self, "p_mw", read_only(self.p_mw))
        object.__setattr__(self, "share", read_only(self.share))
        n_consumers = len(self.node)
        faults = [
            *array_faults("consumers.p_mw", self.p_mw, (len(self.p_mw), n_consumers), low=0),
            *array_faults("consumers.share", self.share, (n_consumers, len(self.sectors)), low=0),
        ]
        if not faults:
            total = self.share.sum(axis=1)
            worst = np.flatnonzero(abs(total - 1.0) > 1e-9)[:1]
            faults += [Fault(f"consumers.share[{i}]", "must sum to 1", float(total[i])) for i in worst]
        if len(set(self.sectors)) != len(self.sectors):
            faults.append(Fault("consumers.sectors", "must be unique", self.sectors))
        raise_if_any(faults)


@dataclass(frozen=True, eq=False)
class Exports:
    """Power that leaves the city, at the node where it leaves.

    Args:
        node: Node of each export, shape (X,).
        p_mw: Power exported, shape (T, X), at least 0 [MW].

    Raises:
        InputError: If shapes disagree or a power is negative or not finite.
    """

    node: Ints
    p_mw: Floats

    def __post_init__(self) -> None:
        object.__setattr__(self, "node", np.asarray(self.node, dtype=np.int64))
        object.__setattr__(self, "p_mw", read_only(self.p_mw))
        raise_if_any(array_faults("exports.p_mw", self.p_mw, (len(self.p_mw), len(self.node)), low=0))
