"""What becomes of a plan when the truth turns out otherwise than forecast.

Stores and cars keep to the plan. Sun and wind feed in what they can: a plan that took all there was takes all there is,
a curtailed one stays where it is unless there is less. Cars that nobody expected charge at once. The rest of the
difference is balanced at the grid connection.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from grid.arrays import Floats, Ints
from grid.errors import Fault, raise_if_any
from grid.flexibility.flexibility import Flexibility
from grid.flexibility.per_slot import DeviceOrSlot, PerSlot
from optimizer.forecast.arrivals import charging_on_arrival
from optimizer.problem.problem import DispatchProblem
from optimizer.problem.slots import step_of
from optimizer.window import answers
from optimizer.window.roles import Roles
from optimizer.window.solve import WindowSolution
from optimizer.window.state import WindowSchedule

AT_BOUND_MW = 1e-7
"""A plan so near the forecast availability takes all there is (tolerance of the programme)."""


@dataclass(frozen=True, eq=False)
class RealisedWindow:
    """A window as it comes about.

    Args:
        solution: The solution with the problem, powers, power flow, imports and excesses of the truth in its place.
        imbalance_mw: Net import beyond the plan's, shape (n_steps,) [MW].
        planned: The schedule as it was planned.
    """

    solution: WindowSolution
    imbalance_mw: Floats
    planned: WindowSchedule


def realise(problem: DispatchProblem, solution: WindowSolution) -> RealisedWindow:
    """A window that was decided on a forecast, in truth.

    Args:
        problem: The truth.
        solution: The solution of the forecast; steps that it only looked ahead at come about as they were forecast, if
            at all.
    """
    window = replace(solution.window, problem=problem)
    of_view = {f.name: f for f in solution.window.problem.flexibilities}
    powers = {}
    for flexibility in problem.flexibilities:
        slot, planned = solution.schedule.p_mw[flexibility.name]
        powers[flexibility.name] = (slot, _power(flexibility, of_view[flexibility.name], window.first, slot, planned))
    schedule = WindowSchedule(powers, solution.schedule.q_mvar)
    flow = window.flow(schedule)
    true = replace(solution, window=window, schedule=schedule, flow=flow)
    drawn = window.withdrawal(schedule)[0] - solution.window.withdrawal(solution.schedule)[0]
    imbalance = drawn.sum(axis=1)
    if problem.alternating:
        solved = ~(flow.failed | solution.flow.failed)
        imbalance = np.where(solved, answers.net_import_mw(true) - answers.net_import_mw(solution), imbalance)
    return RealisedWindow(replace(true, x=_columns(true, imbalance)), imbalance, solution.schedule)


def _power(truth: Flexibility, view: Flexibility, first: int, slot: Ints, planned: Floats) -> Floats:
    """What the slots of an asset really do in a window that begins with the step `first` [MW]."""
    if view is truth:
        return planned
    bounds = [f.at_slots(getattr(f, name), slot) for f in (truth, view) for name in ("p_min_mw", "p_max_mw")]
    if truth.reservoir is None:
        return _within(planned, *bounds)
    opened = (bounds[2] != 0.0) | (bounds[3] != 0.0)
    device = truth.device_of(slot)
    hidden = np.setdiff1d(device[~opened], device[opened])
    at, power = charging_on_arrival(truth, hidden[truth.start[hidden] > first])
    order = np.argsort(slot)
    place = order[np.minimum(np.searchsorted(slot, at, sorter=order), slot.size - 1)] if slot.size else slot
    inside = slot[place] == at if slot.size else np.zeros(0, dtype=bool)
    done = planned.copy()
    done[place[inside]] = power[inside]
    return done


def _within(planned: Floats, low: Floats, high: Floats, seen_low: Floats, seen_high: Floats) -> Floats:
    """A plan within what was seen, brought to what there is."""
    wanted = np.where(planned >= seen_high - AT_BOUND_MW, high, planned)
    wanted = np.where(planned <= seen_low + AT_BOUND_MW, low, wanted)
    return np.where((low == seen_low) & (high == seen_high), planned, np.clip(wanted, low, high))


def _columns(solution: WindowSolution, imbalance_mw: Floats) -> Floats:
    """The optimum with the columns that are reported as they really are, shape (columns,)."""
    window, problem = solution.window, solution.window.problem
    columns, x = window.compiled.columns, solution.x.copy()
    own = window.columns_of(solution.schedule)
    x[columns["unit_mw"]] = own[columns["unit_mw"]]
    imported, exported = x[columns["import_mw"]], x[columns["export_mw"]]
    net = imported - exported + imbalance_mw
    off = imbalance_mw != 0.0
    for name, limit, power in (
        ("import", problem.import_max_mw, np.where(off, np.maximum(net, 0.0), imported)),
        ("export", problem.export_max_mw, np.where(off, np.maximum(-net, 0.0), exported)),
    ):
        x[columns[f"{name}_mw"]] = power
        before = x[columns[f"{name}_excess_mw"]]
        x[columns[f"{name}_excess_mw"]] = np.where(off, np.maximum(power - limit, 0.0), before)
    x[columns["connection_excess_mw"]] = _connection_excess(solution)
    x[columns["carbon_excess_kg"]] = 0.0  # the cap is for the whole clock, and known to be kept when it is over
    return x


def _connection_excess(solution: WindowSolution) -> Floats:
    """Power above what each shared connection carries, shape (connections, n_steps) [MW]."""
    window, n = solution.window, solution.window.n_steps
    parts = []
    given = window.roles.given_behind(window.first, window.stop)
    for before, (name, limit) in zip(given, window.roles.connections.items(), strict=True):
        total = before.copy()
        for flexibility in window.problem.flexibilities:
            if flexibility.connection == name:
                slot, power = solution.schedule.p_mw[flexibility.name]
                total += np.bincount(step_of(flexibility, slot) - window.first, weights=power, minlength=n)
        parts.append(np.maximum(np.abs(total) - limit, 0.0))
    return np.array(parts).reshape(-1, n)


def roles_in(view: DispatchProblem, roles: Roles) -> Roles:
    """The roles of the truth, played by the flexibilities as a forecast sees them.

    Raises:
        InputError: If the forecast has other devices, or other reservoirs than hidden ones.
    """
    seen = {f.name: f for f in view.flexibilities}
    true = (*roles.lasting, *roles.sessions)
    raise_if_any(_faults(seen, true), "the forecast")
    if all(seen[f.name] is f for f in true):
        return roles
    stores = [(seen[f.name], seen[f.name].reservoir) for f, _ in roles.stores]
    return replace(
        roles,
        units=tuple(seen[f.name] for f in roles.units),
        stores=tuple((f, store) for f, store in stores if store is not None),
        sessions=tuple(seen[f.name] for f in roles.sessions),
    )


def _faults(seen: dict[str, Flexibility], true: tuple[Flexibility, ...]) -> Iterator[Fault]:
    if set(seen) != {f.name for f in true}:
        yield Fault("forecast.flexibilities", "must be those of the problem", sorted(seen))
    for flexibility in true:
        other = seen.get(flexibility.name, flexibility)
        if other is flexibility:
            continue
        place = f"forecast.{flexibility.name}"
        if not (_same(other.start, flexibility.start) and _same(other.stop, flexibility.stop)):
            yield Fault(place, "must have the devices of the problem")
        elif (other.reservoir is None) != (flexibility.reservoir is None):
            yield Fault(place, "must have a reservoir just where the problem has one")
        elif other.reservoir is not None and flexibility.reservoir is not None:
            mine, its = flexibility.reservoir, other.reservoir
            if not all(_same(getattr(mine, name), getattr(its, name)) for name in KNOWN):
                yield Fault(place, "must have the reservoirs of the problem")
            if any(_wider(other, flexibility, name, sign) for name, sign in (("p_max_mw", 1.0), ("p_min_mw", -1.0))):
                yield Fault(place, "must not be able to do more than in the problem")


def _wider(other: Flexibility, flexibility: Flexibility, name: str, sign: float) -> bool:
    one, two = flexibility.alike(getattr(other, name), getattr(flexibility, name))
    return bool((sign * (one - two) > 0).any())


KNOWN = ("e_start_mwh", "e_min_mwh", "e_max_mwh", "eta_charge", "eta_discharge", "retention_per_step", "drain_mwh")
"""What a forecast may not change of a reservoir: stores and cars keep to the plan, so it must hold in truth."""


def _same(one: DeviceOrSlot | Ints | None, other: DeviceOrSlot | Ints | None) -> bool:
    if isinstance(one, PerSlot) and isinstance(other, PerSlot):
        return np.array_equal(one.values, other.values)
    if isinstance(one, np.ndarray) and isinstance(other, np.ndarray):
        return np.array_equal(one, other)
    return one is other
