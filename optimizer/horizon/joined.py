"""One schedule of the schedules of parts of a problem, one after another."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TypeVar

import numpy as np

from grid.arrays import Bools, Floats
from optimizer.horizon.seams import Piece
from optimizer.problem.problem import DispatchProblem
from optimizer.problem.schedule import BindingLimit, Costs, Quality, Schedule, Shortfall

Limit = TypeVar("Limit", Shortfall, BindingLimit)
Decided = tuple[Piece, Schedule]
"""A piece and its schedule."""


def write_slots(
    problem: DispatchProblem, decided: Decided, p_mw: dict[str, Floats], q_mvar: dict[str, Floats],
    devices: Mapping[str, Bools] | None = None,
) -> None:  # fmt: skip
    """Writes the decided steps of a piece into the powers by slot of the whole problem.

    Args:
        problem: The whole.
        decided: The piece.
        p_mw: Power of every flexibility by slot, by name.
        q_mvar: Reactive power of those that have inverters.
        devices: Which devices of the whole are written, by flexibility, shape (N,) each; by default all.
    """
    piece, schedule = decided
    sizes = {f.name: f.n_slots for f in problem.flexibilities}
    for flexibility in piece.part.problem.flexibilities:
        name = flexibility.name
        mine = flexibility.step < piece.n_steps
        if devices is not None:
            mine &= devices[name][piece.part.devices[name]][flexibility.device]
        slots = piece.part.slots[name][mine]
        p_mw[name][slots] = schedule.p_mw[name][mine]
        if name in schedule.q_mvar:
            q_mvar.setdefault(name, np.zeros(sizes[name]))[slots] = schedule.q_mvar[name][mine]


def joined(
    problem: DispatchProblem, pieces: Sequence[Decided], p_mw: dict[str, Floats], q_mvar: Mapping[str, Floats]
) -> Schedule:
    """The schedule of a whole problem.

    Args:
        problem: The problem.
        pieces: Its pieces in order; each begins where the one before ends.
        p_mw: Power of every flexibility by slot, by name.
        q_mvar: Reactive power of those that have inverters.
    """

    def one(name: str) -> Floats:
        return np.concatenate([getattr(schedule, name)[: piece.n_steps] for piece, schedule in pieces])

    def by_bus(name: str) -> Floats:
        shape = len(problem.network.buses.names)
        given = [(piece.n_steps, getattr(schedule, name)) for piece, schedule in pieces]
        return np.concatenate([of[:n] if of.size else np.full((n, shape), np.nan) for n, of in given])

    schedules = [schedule for _, schedule in pieces]
    costs = sum((schedule.costs for schedule in schedules), Costs())
    ac_cost = sum(schedule.quality.ac_cost for schedule in schedules)
    gaps = [0.0 if s.decided_steps >= piece.n_steps else s.optimality_gap for piece, s in pieces]
    return Schedule(
        clock=problem.clock,
        p_mw=p_mw,
        lp_cost=costs.total,
        shortfalls=tuple(_later(each, piece) for piece, s in pieces for each in s.shortfalls),
        windows=sum(schedule.windows for schedule in schedules),
        rounds=sum(schedule.rounds for schedule in schedules),
        q_mvar=dict(q_mvar),
        import_mw=one("import_mw"),
        export_mw=one("export_mw"),
        costs=costs,
        quality=Quality(costs.total, ac_cost, next((w for s in schedules if (w := s.quality.why_no_bound)), "")),
        nodal_price_per_mwh=by_bus("nodal_price_per_mwh"),
        nodal_penalty_per_mwh=by_bus("nodal_penalty_per_mwh"),
        marginal_ci_kg_per_mwh=by_bus("marginal_ci_kg_per_mwh"),
        binding=tuple(_later(each, piece) for piece, s in pieces for each in s.binding),
        carbon_cap_price_per_kg=tuple(each for s in schedules for each in s.carbon_cap_price_per_kg),
        carbon_cap_penalty_per_kg=tuple(each for s in schedules for each in s.carbon_cap_penalty_per_kg),
        duals=schedules[-1].duals,
        decided_steps=problem.clock.n_steps,
        optimality_gap=max(gaps),
        imbalance_mw=one("imbalance_mw"),
    )


def _later(limit: Limit, piece: Piece) -> Limit:
    """A shortfall or a binding limit of a piece, at its step of the whole."""
    return replace(limit, step=limit.step + piece.part.first)
