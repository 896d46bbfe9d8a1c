"""What flows in a grid, where it comes from and who uses it: the inputs of carbon tracing."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import scipy.sparse as sp

from carbon.mixing.block_kernel import FLUX_THRESHOLD_MW
from carbon.validation import array_faults, index_faults
from grid.arrays import Bools, Floats, Ints, read_only, read_only_ints
from grid.errors import Fault, raise_if_any

STEPS_AT_ONCE = 2048
"""Steps whose losses at all nodes are held at a time."""


@dataclass(frozen=True, eq=False)
class Flows:
    """Active power at both ends of every branch (a line, transformer or DC line), step by step.

    Where p_from > 0 > p_to, p_from is sent, -p_to is received and their difference is lost; likewise the other way
    round. In all other cases nothing is transferred and what enters either end is lost there: the iron of an unloaded
    transformer, the charging of a line that is open at one end. Neither end may be within `FLUX_THRESHOLD_MW` of 0,
    since a power flow leaves a rounding error of either sign at an end where nothing is drawn.

    Args:
        n_nodes: Number of nodes, N (electrically distinct buses).
        from_node: Node at the first end, shape (L,).
        to_node: Node at the second end, shape (L,).
        p_from_mw: Power entering the branch from its first node, shape (T, L) [MW].
        p_to_mw: Power entering the branch from its second node, shape (T, L) [MW].
        p_shunt_mw: Power lost in the conductance of bus shunts, shape (T, N) [MW]; None if there are none.

    Raises:
        InputError: If shapes disagree, a node does not exist or a power is not finite.
    """

    n_nodes: int
    from_node: Ints
    to_node: Ints
    p_from_mw: Floats
    p_to_mw: Floats
    p_shunt_mw: Floats | None = None

    def __post_init__(self) -> None:
        _freeze_indices(self, "from_node", "to_node")
        _freeze_floats(self, "p_from_mw", "p_to_mw", "p_shunt_mw")
        n_branches, shape = self.from_node.shape[:1], self.p_from_mw.shape[:1] + self.from_node.shape[:1]
        faults = [
            *index_faults("flows.from_node", self.from_node, n_branches, self.n_nodes),
            *index_faults("flows.to_node", self.to_node, n_branches, self.n_nodes),
            *array_faults("flows.p_from_mw", self.p_from_mw, shape),
            *array_faults("flows.p_to_mw", self.p_to_mw, shape),
        ]
        if self.p_shunt_mw is not None:
            faults += array_faults("flows.p_shunt_mw", self.p_shunt_mw, (self.n_steps, self.n_nodes))
        raise_if_any(faults)

    @property
    def n_steps(self) -> int:
        """Number of steps, T."""
        return len(self.p_from_mw)

    def between(self, steps: slice) -> Flows:
        """The same in some steps that follow each other."""
        shunt_mw = None if self.p_shunt_mw is None else self.p_shunt_mw[steps]
        ends = self.from_node, self.to_node
        return Flows(self.n_nodes, *ends, self.p_from_mw[steps], self.p_to_mw[steps], shunt_mw)

    def loss_by_step_mw(self) -> Floats:
        """Power lost in all of the grid, shape (T,) [MW]."""
        begins = range(0, self.n_steps, STEPS_AT_ONCE)
        parts = [self.between(slice(first, first + STEPS_AT_ONCE)).loss_mw().sum(axis=1) for first in begins]
        return np.concatenate([np.empty(0), *parts])

    def received_mw(self) -> tuple[Floats, Floats]:
        """Power that arrives at the second node from the first, and at the first from the second, (T, L) each [MW]."""
        forward, backward = self.transfers()
        return np.where(forward, -self.p_to_mw, 0.0), np.where(backward, -self.p_from_mw, 0.0)

    def transfers(self) -> tuple[Bools, Bools]:
        """Whether power is carried from the first node to the second, and from the second to the first, (T, L) each."""
        from_in, from_out = self.p_from_mw > FLUX_THRESHOLD_MW, self.p_from_mw < -FLUX_THRESHOLD_MW
        to_in, to_out = self.p_to_mw > FLUX_THRESHOLD_MW, self.p_to_mw < -FLUX_THRESHOLD_MW
        return from_in & to_out, to_in & from_out

    def loss_mw(self) -> Floats:
        """Power lost, at the node whose power it is, shape (T, N) [MW].

        What is lost on the way belongs to the sending node; what enters a branch without transfer (charging of an open
        line, a transformer's iron) and what a shunt takes belongs to its own node.
        """
        forward, backward = self.transfers()
        both = self.p_from_mw + self.p_to_mw
        at_from = np.where(forward, both, np.where(backward, 0.0, self.p_from_mw))
        at_to = np.where(backward, both, np.where(forward, 0.0, self.p_to_mw))
        lost = at_nodes(at_from, self.from_node, self.n_nodes) + at_nodes(at_to, self.to_node, self.n_nodes)
        return lost if self.p_shunt_mw is None else lost + self.p_shunt_mw


@dataclass(frozen=True, eq=False)
class Sources:
    """Generators and imports: what feeds the grid, each at its node, after curtailment.

    An import is a source at the node of the slack. Discharging stores are not sources: their carbon follows from the
    tracing (`carbon.stocks.operation`).

    Args:
        node: Node of each source, shape (G,).
        p_mw: Power fed in, shape (T, G), at least 0 [MW].
        ci_kg_per_mwh: Carbon intensity, shape (T, G) or (G,) [kg/MWh].
        renewable_share: Share of the power that is renewable, shape (T, G) or (G,), 0 to 1 [1].

    Raises:
        InputError: If shapes disagree or a value is out of range or not finite.
    """

    node: Ints
    p_mw: Floats
    ci_kg_per_mwh: Floats
    renewable_share: Floats

    def __post_init__(self) -> None:
        _freeze_indices(self, "node")
        _freeze_floats(self, "p_mw", "ci_kg_per_mwh", "renewable_share")
        shape = self.p_mw.shape[:1] + self.node.shape[:1]
        for name in ("ci_kg_per_mwh", "renewable_share"):
            values = getattr(self, name)
            if values.shape == shape[1:]:
                object.__setattr__(self, name, np.broadcast_to(values, shape))
        raise_if_any(
            [
                *array_faults("sources.p_mw", self.p_mw, shape, low=0),
                *array_faults("sources.ci_kg_per_mwh", self.ci_kg_per_mwh, shape),
                *array_faults("sources.renewable_share", self.renewable_share, shape, low=0, high=1),
            ]
        )

    def carrying(self, ci_kg_per_mwh: Floats, renewable_share: Floats) -> Sources:
        """The same power with other carbon; what is the same object is not checked again.

        Args:
            ci_kg_per_mwh: Carbon intensity, shape (T, G) or (G,) [kg/MWh].
            renewable_share: Renewable share of the power, shape (T, G) or (G,) [1].
        """
        if renewable_share is not self.renewable_share or ci_kg_per_mwh.shape != self.p_mw.shape:
            return Sources(self.node, self.p_mw, ci_kg_per_mwh, renewable_share)
        raise_if_any(array_faults("sources.ci_kg_per_mwh", ci_kg_per_mwh, self.p_mw.shape))
        other = object.__new__(Sources)
        vars(other).update(vars(self), ci_kg_per_mwh=read_only(ci_kg_per_mwh))
        return other

    def between(self, steps: slice) -> Sources:
        """The same in some steps that follow each other."""
        return Sources(self.node, self.p_mw[steps], self.ci_kg_per_mwh[steps], self.renewable_share[steps])

    def emissions_kg(self, step_hours: float) -> Floats:
        """Carbon of all of them in every step of so many hours, shape (T,) [kg]."""
        kg: Floats = step_hours * (self.p_mw * self.ci_kg_per_mwh).sum(axis=1)
        return kg


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
        _freeze_indices(self, "node")
        _freeze_floats(self, "p_mw", "share")
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

    @cached_property
    def sector_mw(self) -> Floats:
        """Power of all consumers of each sector, shape (T, S) [MW]."""
        return self.p_mw @ self.share


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
        _freeze_indices(self, "node")
        _freeze_floats(self, "p_mw")
        raise_if_any(array_faults("exports.p_mw", self.p_mw, (len(self.p_mw), len(self.node)), low=0))


def at_nodes(values: Floats, node: Ints, n_nodes: int) -> Floats:
    """Sums over the elements at each node: `values` (T, E) at `node` (E,) become (T, N)."""
    n_elements = len(node)
    elements = sp.csr_array((np.ones(n_elements), (node, np.arange(n_elements))), shape=(n_nodes, n_elements))
    return np.ascontiguousarray((elements @ values.T).T)


def _freeze_floats(record: object, *names: str) -> None:
    for name in names:
        if getattr(record, name) is not None:
            object.__setattr__(record, name, read_only(getattr(record, name)))


def _freeze_indices(record: object, *names: str) -> None:
    for name in names:
        object.__setattr__(record, name, read_only_ints(getattr(record, name)))
