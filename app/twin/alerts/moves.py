"""What an action asks of each asset step by step, and what is to be expected where only a part of that comes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Final

import numpy as np

from app.twin.alerts.plan import Plan
from grid.arrays import Floats
from grid.flexibility.flexibility import Flexibility
from grid.twin.learning.records import PlannedMove

LEAST_MWH: Final = 1e-3
"""Energy below which an asset is not said to do anything else [MWh]."""
WORDS: Final = {
    "battery": "battery charged and discharged otherwise", "pv": "sun curtailed", "wind": "wind curtailed",
    "data_centre": "load of the data centre deferred", "heat_pump": "heating shifted",
    "hydrogen_station": "electrolysis shifted", "industrial_demand": "industrial load shifted",
}  # fmt: skip
"""What a kind of asset does when its power changes."""
CHARGING: Final = "charging shifted"
FED_BACK: Final = "fed back by cars (V2G)"
_DIGITS: Final = 6
"""Digits of powers in the log [MW]: a watt."""


def planned_moves(before: Plan, after: Plan) -> tuple[PlannedMove, ...]:
    """What each asset is to do otherwise, from its first changed step to its last; nothing where it is small."""
    return tuple(move for flexibility in after.problem.flexibilities for move in _move(flexibility, before, after))


def _move(flexibility: Flexibility, before: Plan, after: Plan) -> Iterator[PlannedMove]:
    name, clock = flexibility.name, flexibility.clock
    then, now = (flexibility.by_step(plan.schedule.p_mw[name]) for plan in (before, after))
    change = np.abs(now - then)
    if change.sum() * clock.step_hours < LEAST_MWH:
        return
    at = np.flatnonzero(change > 1e-6)
    window = slice(int(at[0]), int(at[-1]) + 1)
    yield PlannedMove(
        name, _kind(flexibility, before, after), clock.start + int(at[0]) * clock.step, clock.step.total_seconds(),
        *(tuple(np.round(power[window], _DIGITS).tolist()) for power in (then, now)),
    )  # fmt: skip


def _kind(flexibility: Flexibility, before: Plan, after: Plan) -> str:
    """What an asset does, in words; of cars, what most of it is."""
    store = flexibility.reservoir
    if store is None or not store.vehicle:
        return WORDS.get(flexibility.kind, "power shifted")
    then, now = (plan.schedule.p_mw[flexibility.name] for plan in (before, after))
    fed_back = fed_in(flexibility, now) - fed_in(flexibility, then)
    moved = flexibility.by_step(now - then)
    return FED_BACK if fed_back.clip(min=0).sum() > (-moved).clip(min=0).sum() / 2 else CHARGING


def fed_in(flexibility: Flexibility, p_mw: Floats) -> Floats:
    """What the devices of a flexibility, of withdrawal `p_mw` by slot (K,), feed in by step, shape (T,) [MW]."""
    return flexibility.by_step(np.maximum(-p_mw, 0.0))


def in_part(before: Plan, after: Plan, shares: Mapping[str, float]) -> Plan:
    """The plan in which only a part of an action comes, as drivers respond or as somebody decided.

    Args:
        before: The plan without the action.
        after: The plan with it.
        shares: By asset, which share of its change of active and reactive power comes; the whole of assets that are
            not named.
    """
    then, now = before.schedule, after.schedule
    p_mw = {
        name: power if name not in shares else then.p_mw[name] + shares[name] * (power - then.p_mw[name])
        for name, power in now.p_mw.items()
    }
    none = {name: np.zeros_like(power) for name, power in now.q_mvar.items()}
    q_before = {**none, **then.q_mvar}
    q_mvar = {
        name: power if name not in shares else q_before[name] + shares[name] * (power - q_before[name])
        for name, power in now.q_mvar.items()
    }
    return Plan(after.problem, replace(now, p_mw=p_mw, q_mvar=q_mvar))


def beginning_at(before: Plan, after: Plan, step: int) -> Plan:
    """The plan that changes nothing before a step: what is over was as planned, whatever sun and wind allowed.

    Args:
        before: The plan without the action.
        after: The plan with it.
        step: First step that can be changed.
    """
    over = {flexibility.name: flexibility.step < step for flexibility in after.problem.flexibilities}
    then, now = before.schedule, after.schedule
    p_mw = {name: np.where(over[name], then.p_mw[name], power) for name, power in now.p_mw.items()}
    q_mvar = {
        name: np.where(over[name], then.q_mvar.get(name, np.zeros_like(power)), power)
        for name, power in now.q_mvar.items()
    }
    return Plan(after.problem, replace(now, p_mw=p_mw, q_mvar=q_mvar))
