"""What V2G avoided elsewhere: a consequence, beside the inventory and in none of its ledgers."""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np
import polars as pl

from app.results.columns import TABLES
from app.results.tables.vehicles import class_names, fleets
from app.simulation.phases import SimulationResult
from carbon.reporting.v2g_credit import (
    AVOIDED_ELSEWHERE,
    CreditBasis,
    V2GCredit,
    charging_intensity,
    v2g_credit,
)
from carbon.stocks.trace import StockEvents, StockRecord
from grid.arrays import Bools, Floats, Ints
from grid.flexibility.flexibility import Flexibility
from grid.flexibility.per_slot import PerSlot, values_of
from grid.sharing import keep_latest

NOTE = (
    f"{AVOIDED_ELSEWHERE}: what V2G replaced less what charging for it caused and wore out is a consequence, "
    "subtracted from no ledger, sector or coefficient. Both sides are marginal, or both are averages. The wear of "
    "batteries counts whatever the boundary."
)
REFERENCES: tuple[CreditBasis, ...] = ("marginal", "average")
QUANTITIES = ("energy_mwh", "replaced_kg", "released_kg", "wear_kg", "avoided_kg")


@dataclass(frozen=True, eq=False)
class _FedIn:
    """What a fleet fed in, shape (F,) each.

    Args:
        energy_mwh: Energy at the meter [MWh].
        released_kg: Carbon that left the batteries with it, by averages [kg].
        released_marginal_kg: Marginal emissions of the charging that filled them [kg].
        step: When.
        bus: Where.
        session: In which session.
    """

    energy_mwh: Floats
    released_kg: Floats
    released_marginal_kg: Floats
    step: Ints
    bus: Ints
    session: Ints


def avoided(outcome: SimulationResult) -> pl.DataFrame:
    """One row a vehicle class and reference: what its V2G replaced, released and wore out, and what is left.

    By the marginal basis the energy fed in replaced the marginal generation, of that side of a tie on which less is
    consumed, and released that of the steps in which it was charged, of the side on which more is consumed. By the
    average basis it replaced the mean of the node where it was fed in, and released the carbon of the battery's stock.
    """
    sums: dict[tuple[str, CreditBasis], Floats] = {}
    for flexibility in fleets(outcome):
        fed = _fed_in(outcome, flexibility)
        if fed is None:
            continue
        names, code = class_names(flexibility)
        for reference in REFERENCES:
            credit = _credit(outcome, fed, reference, flexibility.wear_kg_per_mwh)
            values = (fed.energy_mwh, credit.replaced_kg, credit.released_kg, credit.wear_kg, credit.avoided_kg)
            of_class = [np.bincount(code[fed.session], weights=value, minlength=len(names)) for value in values]
            for name, total in zip(names, np.transpose(of_class), strict=True):
                sums[name, reference] = sums.get((name, reference), np.zeros(len(QUANTITIES))) + total
    rows = [
        {"vehicle_class": name, "reference": reference, **dict(zip(QUANTITIES, total.tolist(), strict=True))}
        for (name, reference), total in sorted(sums.items())
    ]
    return pl.DataFrame(rows, schema=dict(TABLES["v2g_credit"]))


def notes(outcome: SimulationResult) -> tuple[str, ...]:
    """What a reader should know of the credit, if any car may feed in."""
    return (NOTE,) if any((values_of(flexibility.p_min_mw) < 0).any() for flexibility in fleets(outcome)) else ()


def _fed_in(outcome: SimulationResult, flexibility: Flexibility) -> _FedIn | None:
    """What a fleet fed in.

    Only the batteries that ever feed in are followed, some of all; what they hold at first counts at the mean of all
    charges of the fleet.
    """
    stocks, stores = outcome.accounts.tracing.stocks, outcome.accounts.stores
    if stocks is None:
        return None
    devices = stores.devices[flexibility.name]
    if not any(record.events.feeds.any() for record in stocks.in_windows(devices)):
        nothing, nowhere = np.empty(0), np.empty(0, dtype=np.int64)
        return _FedIn(nothing, nothing, nothing, nowhere, nowhere, nowhere)
    feeds = np.zeros(stocks.events.operation.n_owners, dtype=np.bool_)
    caused_kg = stored_mwh = 0.0
    above, bus = outcome.marginal.nodes.above_kg_per_mwh, stores.bus[devices]
    for record in stocks.in_windows(devices):
        moved = _kept_movements(outcome, record, bus, f"movements of {flexibility.name}")
        feeds[moved.owner[record.events.feeds]] = True
        charged_mwh = np.maximum(moved.energy_mwh, 0.0)
        caused_kg += float((charged_mwh * above[moved.step, moved.bus]).sum())
        stored_mwh += float((charged_mwh * moved.eta_charge).sum())
    mix_kg_per_mwh, parts = np.full(feeds.size, caused_kg / stored_mwh if stored_mwh else 0.0), list[_FedIn]()
    for record in stocks.in_windows(devices):
        moved = _kept_movements(outcome, record, bus, f"movements of {flexibility.name} that feeds in", feeds)
        parts.append(_given_back(moved, record.moved_kg[moved.place], above, mix_kg_per_mwh))
    return _FedIn(*(np.concatenate([getattr(part, each.name) for part in parts]) for each in fields(_FedIn)))


def _given_back(moved: _Movements, moved_kg: Floats, above_kg_per_mwh: Floats, mix_kg_per_mwh: Floats) -> _FedIn:
    """What was fed in of what moved in a window of time.

    Args:
        moved: What moved, J times.
        moved_kg: Carbon that passed the terminals, by averages, shape (J,) [kg].
        above_kg_per_mwh: Marginal emissions of a MWh more at each bus, shape (T, B) [kg/MWh].
        mix_kg_per_mwh: The mix in every battery before, shape (O,) [kg/MWh], which is brought up to date.
    """
    held = charging_intensity(
        moved.owner, moved.energy_mwh, moved.e_after_mwh, moved.eta_charge, above_kg_per_mwh[moved.step, moved.bus],
        mix_kg_per_mwh=mix_kg_per_mwh,
    )  # fmt: skip
    fed = moved.energy_mwh < 0
    return _FedIn(
        energy_mwh=-moved.energy_mwh[fed],
        released_kg=moved_kg[fed],
        released_marginal_kg=(held * -moved.energy_mwh / moved.eta_discharge)[fed],
        step=moved.step[fed],
        bus=moved.bus[fed],
        session=moved.session[fed],
    )


@dataclass(frozen=True, eq=False)
class _Movements:
    """What moved in and out of batteries, event by event in the order of time, shape (J,) each.

    Args:
        owner: Battery.
        energy_mwh: Energy at the meter, charging positive [MWh].
        e_after_mwh: Energy in the battery after it [MWh].
        eta_charge: Energy stored per energy charged [1].
        eta_discharge: Energy at the meter per energy taken out [1].
        step: When.
        bus: Where.
        session: In which session.
        place: Place of the event among those of its window.
    """

    owner: Ints
    energy_mwh: Floats
    e_after_mwh: Floats
    eta_charge: Floats
    eta_discharge: Floats
    step: Ints
    bus: Ints
    session: Ints
    place: Ints


def _kept_movements(
    outcome: SimulationResult, record: StockRecord, bus: Ints, name: str, which: Bools | None = None
) -> _Movements:
    """As `_movements`, which no emission factor changes; kept under a name."""
    takes = record.events, bus, which, outcome.inputs.clock.step_hours
    return keep_latest(name, takes, lambda: _movements(record.events, bus, which, outcome.inputs.clock.step_hours))


def _movements(events: StockEvents, bus: Ints, which: Bools | None, step_hours: float) -> _Movements:
    """What moved in a window of time.

    Args:
        events: The events.
        bus: Bus of each session, shape (N,).
        which: Owners whose movements count, shape (O,); None for all.
        step_hours: Length of a step [h].
    """
    operation = events.operation
    here = np.arange(events.device.size) if which is None else np.flatnonzero(which[operation.owner[events.device]])
    session, slot, step = events.device[here], events.slot[here], events.step[here] + events.first_step
    eta_charge, eta_discharge = (
        eta.values[slot] if isinstance(eta, PerSlot) else eta[session]
        for eta in (operation.eta_charge, operation.eta_discharge)
    )
    return _Movements(
        owner=operation.owner[session],
        energy_mwh=operation.p_mw[slot] * step_hours,
        e_after_mwh=events.e_after_mwh[here],
        eta_charge=eta_charge,
        eta_discharge=eta_discharge,
        step=step,
        bus=bus[session],
        session=session,
        place=here,
    )


def _credit(outcome: SimulationResult, fed: _FedIn, reference: CreditBasis, wear_kg_per_mwh: float) -> V2GCredit:
    if reference == "marginal":
        replaced = outcome.marginal.nodes.below_kg_per_mwh[fed.step, fed.bus]
        return v2g_credit(fed.energy_mwh, fed.released_marginal_kg, replaced, reference, wear_kg_per_mwh)
    node = outcome.flow.network.buses.node[fed.bus]
    replaced = np.nan_to_num(outcome.accounts.tracing.ci_kg_per_mwh[fed.step, node])
    return v2g_credit(fed.energy_mwh, fed.released_kg, replaced, reference, wear_kg_per_mwh)
