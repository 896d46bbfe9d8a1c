"""Virtual carbon stocks ("water tank"): what the tracing finds that batteries, cars and tanks hold besides energy.

Something happens in a small part of the slots (device and step) only: most of most charging sessions is rest. So what
is kept are events, and values of all slots are filled in between them when somebody asks.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import pairwise

import numpy as np

from carbon.stocks.event_log import fill_in
from carbon.stocks.operation import StockOperation
from grid.arrays import Bools, Floats, Ints, run_of
from grid.kept_if_small import kept_if_small
from grid.memory import give_back_if_large

EVENTS_AT_ONCE = 1_000_000
"""Events of a window of time, about: those of four weeks of the reference city with 10,000 cars."""
MOST_KEPT_EVENTS = 500_000
"""Events that stay, and parts of them, at most: three times those of a week of the reference city."""


@dataclass(frozen=True, eq=False)
class Movements:
    """What went into and out of the stocks of one class, inside the stock (after conversion), of one quantity.

    In every step the content changes by charge - discharge - fuel - standing + arriving.

    Args:
        opening: Content before the first step.
        content: Content at the end of each step, shape (T,).
        charge: What charging brought, shape (T,).
        discharge: What discharging took, shape (T,).
        fuel: What left as fuel, or was driven between two sessions (booked when the next one starts), shape (T,).
        standing: Standing loss, and the residue of a stock that has run empty, shape (T,).
        arriving: What arrived from outside between two sessions (booked when the next one starts), shape (T,).
    """

    opening: float
    content: Floats
    charge: Floats
    discharge: Floats
    fuel: Floats
    standing: Floats
    arriving: Floats

    @property
    def change(self) -> Floats:
        """Change of the content over each step, shape (T,)."""
        return np.diff(self.content, prepend=self.opening)

    @property
    def residual(self) -> Floats:
        """What the balance of each step misses, shape (T,)."""
        return self.change - (self.charge - self.discharge - self.fuel - self.standing + self.arriving)


@dataclass(frozen=True, eq=False)
class ClassTrace:
    """All stocks of one class (vehicles, or stationary stores) together.

    Args:
        energy: Energy in the stocks [MWh].
        carbon: Carbon in the stocks [kg].
        renewable: Renewable energy in the stocks [MWh]; NaN where it was not traced.
        charge_meter_mwh: Energy charged, at the terminals, shape (T,) [MWh].
        discharge_meter_mwh: Energy discharged, at the terminals, shape (T,) [MWh].
    """

    energy: Movements
    carbon: Movements
    renewable: Movements
    charge_meter_mwh: Floats
    discharge_meter_mwh: Floats


def no_stocks(n_steps: int) -> ClassTrace:
    """The trace of a class without any stock over `n_steps` steps."""
    zeros = np.zeros(n_steps)
    nothing = Movements(0.0, zeros, zeros, zeros, zeros, zeros, zeros)
    return ClassTrace(nothing, nothing, nothing, zeros, zeros)


@dataclass(frozen=True, eq=False)
class Contents:
    """What each stock holds at one time; shape (O,) each.

    Args:
        e_mwh: Energy [MWh].
        carbon_kg: Carbon [kg].
        renewable_mwh: Renewable part of the energy [MWh]; NaN where it was not traced.
    """

    e_mwh: Floats
    carbon_kg: Floats
    renewable_mwh: Floats


@dataclass(frozen=True, eq=False)
class StockEvents:
    """When something happened in which store: J events in the order of time.

    Args:
        operation: What every store did.
        begins: The events of step t are begins[t] to begins[t + 1], shape (T + 1,).
        device: Device of each event, shape (J,).
        e_after_mwh: Energy in its stock after it, shape (J,) [MWh].
        first_step: Step of the operation that is step 0 here, where the events are those of a window of time.
    """

    operation: StockOperation
    begins: Ints
    device: Ints
    e_after_mwh: Floats
    first_step: int = 0

    @property
    def steps(self) -> slice:
        """The steps of the operation in which they happen."""
        return slice(self.first_step, self.first_step + self.begins.size - 1)

    @kept_if_small
    def step(self) -> Ints:
        """Step of each event, shape (J,)."""
        return run_of(np.diff(self.begins))

    @kept_if_small
    def node(self) -> Ints:
        """Node at which each event happens, shape (J,)."""
        return self.operation.node[self.device]

    @kept_if_small
    def of_vehicle(self) -> Bools:
        """Whether each event is one of a vehicle, shape (J,)."""
        return self.operation.vehicle[self.operation.owner][self.device]

    @kept_if_small
    def node_and_class(self) -> Ints:
        """Twice the node of each event, and one more if it is one of a vehicle, shape (J,)."""
        both: Ints = 2 * self.node
        both += self.of_vehicle
        return both

    @kept_if_small
    def slot(self) -> Ints:
        """Slot of each event in the operation, shape (J,)."""
        slot: Ints = (self.operation.first_slot - self.operation.start + self.first_step)[self.device]
        slot += self.step
        return slot

    @kept_if_small
    def p_mw(self) -> Floats:
        """Withdrawal at the terminals in each event, shape (J,) [MW]."""
        return self.operation.p_mw[self.slot]

    @cached_property
    def feeds(self) -> Bools:
        """Whether the store discharges in an event, shape (J,)."""
        return self.p_mw < 0

    def between(self, steps: slice) -> StockEvents:
        """Those of some steps that follow each other, counted from the first of these steps."""
        if (steps.start, steps.stop) == (0, self.begins.size - 1):
            return self
        begin, end = self.begins[[steps.start, steps.stop]].tolist()
        begins, first = self.begins[steps.start : steps.stop + 1] - begin, self.first_step + steps.start
        return StockEvents(self.operation, begins, self.device[begin:end], self.e_after_mwh[begin:end], first)

    def select(self, devices: slice) -> tuple[StockEvents, Ints | slice]:
        """Those of some devices that follow each other, as if there were no others, and their places among all."""
        first, stop, _ = devices.indices(self.operation.n_devices)
        if (first, stop) == (0, self.operation.n_devices):
            return self, slice(None)
        found = self._parts.get((first, stop))
        if found is None:
            here = np.flatnonzero((self.device >= first) & (self.device < stop))
            part, begins = self.operation.select(devices), np.searchsorted(here, self.begins)
            events = StockEvents(part, begins, self.device[here] - first, self.e_after_mwh[here], self.first_step)
            if self.device.size > MOST_KEPT_EVENTS:
                return events, here
            found = self._parts[first, stop] = (events, here)
        return found

    @cached_property
    def _parts(self) -> dict[tuple[int, int], tuple[StockEvents, Ints]]:
        return {}

    def by_slot(self, at_start: Floats, after: Floats, *, at_end: bool) -> Floats:
        """What is in a stock in every slot, shape (K,), rest included.

        Args:
            at_start: What is there when each device starts, shape (N,).
            after: What is there after each event, shape (J,).
            at_end: At the end of the slots, else at their beginning.
        """
        values = np.full(self.operation.p_mw.shape, np.nan)
        values[self.slot] = after
        fill_in(np.ascontiguousarray(at_start), self.operation.first_slot, at_end, values)
        return values

    def scattered(self, values: Floats) -> Floats:
        """Values of the events, shape (J,), by slot, shape (K,): 0 in all others."""
        by_slot = np.zeros(self.operation.p_mw.shape)
        by_slot[self.slot] = values
        return by_slot


@dataclass(frozen=True, eq=False)
class StockRecord:
    """What was in some stocks and what moved, event by event, under one convention.

    The renewable share of a discharge is that of the stored energy: losses of conversion take renewable and other
    energy alike, so a share never exceeds 1. Its carbon per MWh is greater by 1/eta_discharge, because whoever
    receives the discharge pays for the loss. Neither changes by a discharge.

    Args:
        events: When something happened, J times; the same under every convention.
        moved_kg: Carbon that a charge brought or a discharge took, shape (J,) [kg]; `StockEvents.feeds` tells which.
        ci_after_kg_per_mwh: Carbon of a MWh in the stock after it, shape (J,) [kg/MWh]; the last known while the stock
            is empty.
        renewable_share_after: Renewable share of the stock after it, shape (J,) [1]; NaN where it was not traced.
        ci_start_kg_per_mwh: Carbon of a MWh in the stock when each device starts, shape (N,) [kg/MWh].
        renewable_share_start: Renewable share then, shape (N,) [1].
    """

    events: StockEvents
    moved_kg: Floats
    ci_after_kg_per_mwh: Floats
    renewable_share_after: Floats
    ci_start_kg_per_mwh: Floats
    renewable_share_start: Floats

    @property
    def charged_kg(self) -> Floats:
        """Carbon that a charge brought in each event, shape (J,) [kg]."""
        return np.where(self.events.feeds, 0.0, self.moved_kg)

    @property
    def given_back_kg(self) -> Floats:
        """Carbon that a discharge took in each event, shape (J,) [kg]."""
        return np.where(self.events.feeds, self.moved_kg, 0.0)

    @property
    def e_end_mwh(self) -> Floats:
        """Energy in the stock at the end of each slot, shape (K,), computed at each call [MWh]."""
        events = self.events
        return events.by_slot(events.operation.e_start_mwh, events.e_after_mwh, at_end=True)

    @property
    def charge_kg(self) -> Floats:
        """Carbon that charging brought in each slot, shape (K,), computed at each call [kg]."""
        return self.events.scattered(self.charged_kg)

    @property
    def discharge_kg(self) -> Floats:
        """Carbon that discharging took in each slot, shape (K,), computed at each call [kg]."""
        return self.events.scattered(self.given_back_kg)

    @property
    def ci_discharge_kg_per_mwh(self) -> Floats:
        """Carbon of a MWh discharged in each slot, at the terminals, shape (K,), computed at each call [kg/MWh]."""
        ci = self.events.by_slot(self.ci_start_kg_per_mwh, self.ci_after_kg_per_mwh, at_end=False)
        ci /= self.events.operation.per_slot(self.events.operation.eta_discharge)
        return ci

    @property
    def renewable_share(self) -> Floats:
        """Renewable share of the stock at the start of each slot, shape (K,), computed at each call [1]."""
        return self.events.by_slot(self.renewable_share_start, self.renewable_share_after, at_end=False)

    def between(self, steps: slice) -> StockRecord:
        """The same of some steps that follow each other, without copies."""
        if (steps.start, steps.stop) == (0, self.events.begins.size - 1):
            return self
        here = slice(*self.events.begins[[steps.start, steps.stop]].tolist())
        of_events = self.moved_kg[here], self.ci_after_kg_per_mwh[here], self.renewable_share_after[here]
        return StockRecord(self.events.between(steps), *of_events, self.ci_start_kg_per_mwh, self.renewable_share_start)

    def in_windows(self, devices: slice) -> Iterator[StockRecord]:
        """Those of some devices that follow each other, in windows of time of not too many events."""
        begins, last = self.events.begins, self.events.begins.size - 1
        steps = np.unique(np.searchsorted(begins, np.arange(0, begins[-1] + 1, EVENTS_AT_ONCE)).clip(0, last)).tolist()
        for first, stop in pairwise([0, *(step for step in steps if 0 < step < last), last]):
            yield self.between(slice(first, stop)).select(devices)
            give_back_if_large()

    def select(self, devices: slice) -> StockRecord:
        """The same of some devices that follow each other, as if there were no others."""
        first, stop, _ = devices.indices(self.events.operation.n_devices)
        found = self._parts.get((first, stop))
        if found is None:
            events, here = self.events.select(devices)
            of_events = self.moved_kg[here], self.ci_after_kg_per_mwh[here], self.renewable_share_after[here]
            at_start = self.ci_start_kg_per_mwh[devices], self.renewable_share_start[devices]
            found = StockRecord(events, *of_events, *at_start)
            if self.events.device.size <= MOST_KEPT_EVENTS:
                self._parts[first, stop] = found
        return found

    @cached_property
    def _parts(self) -> dict[tuple[int, int], StockRecord]:
        return {}


@dataclass(frozen=True, eq=False)
class StockTrace(StockRecord):
    """What the tracing found in all stocks under one convention.

    Args:
        driven_mwh: Energy that left since the owner's previous session, shape (N,) [MWh].
        driven_kg: Carbon that left with it, shape (N,) [kg].
        vehicles: All vehicles, step by step.
        stationary: All stationary stores, step by step.
        opening: Each stock before the first step.
        closing: Each stock after the last step.
    """

    driven_mwh: Floats
    driven_kg: Floats
    vehicles: ClassTrace
    stationary: ClassTrace
    opening: Contents
    closing: Contents

    def detached(self) -> StockTrace:
        """The same in arrays of its own, so that those shared with other conventions can be freed."""
        shares = self.events.e_after_mwh.base is not None
        events = replace(self.events, e_after_mwh=self.events.e_after_mwh.copy()) if shares else self.events
        return replace(
            self,
            events=events,
            moved_kg=own(self.moved_kg),
            ci_after_kg_per_mwh=own(self.ci_after_kg_per_mwh),
            renewable_share_after=own(self.renewable_share_after),
        )


def own(values: Floats) -> Floats:
    """A copy; of one value for all, which takes no memory, itself."""
    return values.copy() if any(values.strides) else values
