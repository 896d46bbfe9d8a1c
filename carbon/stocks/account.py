"""The running account of all stocks, as the kernels keep it."""

from __future__ import annotations

from typing import NamedTuple

from carbon.mixing.compiled import kernel
from grid.arrays import Floats, Ints

EMPTY_MWH = 1e-9
"""A stock of no more energy than this (1 mWh) is empty; a discharge may exceed the stock by no more."""
BY_CHARGE, BY_DISCHARGE, BY_FUEL, BY_STANDING, BY_ARRIVING = range(5)
"""The ways in and out of a stock."""
ROUNDING = 1e-14
"""A negative rest this small against what was there is the rounding of a stock that all has left."""


class Journal(NamedTuple):
    """What happened in all stores, entry after entry in the order of time: room for J of them (see `Desk`).

    Args:
        begins: The entries of step t are begins[t] to begins[t + 1], shape (T + 1,).
        device: Device of each entry, as the operation calls it, shape (J,).
        values: Energy in its stock after it; then under each of P conventions the carbon that passed the terminals,
            and what a MWh in the stock carries after it, R properties; shape (1 + P (1 + R), J).
    """

    begins: Ints
    device: Ints
    values: Floats


class Book(NamedTuple):
    """The account of O stocks: of their energy, and of Q = P R properties, R of them under each of P conventions.

    Where both stand in one array, column 0 is energy and the properties follow.

    Args:
        e_mwh: Energy in each stock now, shape (O,) [MWh].
        before_mwh: Energy in the stock of each device before it started, shape (N,) [MWh].
        content: What each stock holds now of every property, shape (O, Q).
        mix: What a MWh in each stock carries, the last known while it is empty, shape (O, Q).
        at_start: The same when a device starts, shape (N, Q).
        total: Content of each class and what rounding took from it, shape (2, 1 + Q, 2).
        fed: Discharged at each node in this step, by rank, shape (B, Q) for B nodes [x/h].
        mixed: The solution at the nodes of the stores in this step, by rank, shape (B, Q).
        carried: What a MWh charged at a node brings in this step, by rank, shape (B, Q).
        listed: The last step in which each node was on a path, for each of the two ways, shape (2, B).
        path: Ranks of the nodes of all who charge in this step, and of all who discharge, and of the nodes between
            them and the root of the elimination tree, those nearer to the root first; shape (2, B).
        moved: What moved in every step, class and way, shape (T, 2, 5, 1 + Q).
        contents: What each class holds at the end of every step (before that, what changed), shape (T, 1 + Q, 2).
        meter_mwh: Charged and discharged at the terminals, by step and class, shape (T, 2, 2) [MWh].
        driven: What left before each device's start, shape (N, 1 + Q).
        overdrawn: First step in which a device took out too much, else -1, shape (N,).
        excess_mwh: How much too much that was, shape (N,) [MWh].
        journal: Every entry; without room for any if nobody asks.
    """

    e_mwh: Floats
    before_mwh: Floats
    content: Floats
    mix: Floats
    at_start: Floats
    total: Floats
    fed: Floats
    mixed: Floats
    carried: Floats
    listed: Ints
    path: Ints
    moved: Floats
    contents: Floats
    meter_mwh: Floats
    driven: Floats
    overdrawn: Ints
    excess_mwh: Floats
    journal: Journal


@kernel()
def driven_share(before_mwh: float, e_start_mwh: float) -> float:
    """Share of a stock's content that left between two sessions."""
    return (before_mwh - e_start_mwh) / before_mwh if before_mwh > e_start_mwh else 0.0


@kernel()
def unless_rounding(left: float, held: float, charge: float) -> float:
    """What is left of a stock: 0 if all of it left (carbon may be negative for good)."""
    return 0.0 if -ROUNDING * (abs(held) + abs(charge)) < left < 0.0 else left
