"""Which voltages follow from measurements, which rest on expectations, and which on nothing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from grid.arrays import Bools, Floats
from grid.twin.estimation.estimate import StateEstimate
from grid.twin.estimation.measured import MeasuredValues

Basis = Literal["measured", "observable", "pseudo", "unobservable", "de-energised"]
"""A voltage that is measured; one that follows from measurements and from buses that draw nothing; one that rests on
pseudo-measurements too; one about which nothing is known; one of a bus without supply."""
RANK = 1e-7
"""Singular values below this share of the largest are those of what is not observed."""


@dataclass(frozen=True, eq=False)
class Observability:
    """What the voltage of each of B buses rests on.

    Args:
        basis: See `Basis`, length B.
        explained: Share of the variance that pseudo-measurements leave which the measurements remove, shape (B,) [1];
            NaN where nothing was known before.
    """

    basis: tuple[Basis, ...]
    explained: Floats


def voltages_of(estimate: StateEstimate) -> MeasuredValues:
    """The voltages of all buses, as readings; those of buses without supply are the first node's."""
    node = estimate.network.buses.node
    buses = np.where(node >= 0, np.arange(node.size), np.flatnonzero(node >= 0)[0])
    nothing = np.zeros((1, node.size))
    return MeasuredValues(("vm_pu",) * node.size, buses, nothing, np.ones(node.size))


def observability(estimate: StateEstimate) -> Observability:
    """What the voltage of every bus rests on, by the measurements that are there in half of the steps or more."""
    measured, network = estimate.measured, estimate.network
    there = measured.known.mean(axis=0) >= 0.5
    rows = estimate.sensitivity(estimate.model.readings(voltages_of(estimate)))
    seen = estimate.sensitivity(estimate.readings)[there]
    nothing = np.zeros(len(network.buses.names), dtype=bool)
    follows = _spanned(rows, seen) if len(seen) else nothing
    unknown = estimate.gain.unobserved(rows)
    direct = {
        int(network.buses.node[place])
        for quantity, place, known in zip(measured.quantity, measured.place, there, strict=True)
        if quantity == "vm_pu" and known
    }
    basis = tuple(
        _basis(node in direct, bool(follows[k]), bool(unknown[k]), node >= 0)
        for k, node in enumerate(network.buses.node.tolist())
    )
    before = estimate.gain.prior_variance(rows).mean(axis=0)
    after = estimate.gain.variance(rows).mean(axis=0)
    finite = np.isfinite(before) & (before > 0)
    explained = np.full(before.shape, np.nan)
    explained[finite] = 1 - after[finite] / before[finite]
    return Observability(basis, explained)


def _basis(direct: bool, follows: bool, unknown: bool, live: bool) -> Basis:
    if not live:
        return "de-energised"
    if direct:
        return "measured"
    if follows:
        return "observable"
    return "unobservable" if unknown else "pseudo"


def _spanned(rows: Floats, by: Floats) -> Bools:
    """Rows that are combinations of others, all scaled column by column."""
    scale = np.abs(np.vstack([rows, by])).max(axis=0)
    scale[scale == 0] = 1.0
    _, values, vectors = np.linalg.svd(by / scale, full_matrices=False)
    basis = vectors[values > RANK * values.max(initial=0.0)]
    scaled = rows / scale
    left = scaled - (scaled @ basis.T) @ basis
    return np.asarray(np.linalg.norm(left, axis=1) <= 1e-6 * np.linalg.norm(scaled, axis=1))
