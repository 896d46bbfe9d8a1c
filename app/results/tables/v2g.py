"""What V2G avoided elsewhere: a consequence, beside the inventory and in none of its ledgers."""

from __future__ import annotations

from dataclasses import dataclass

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
from grid.arrays import Floats, Ints
from grid.flexibility.flexibility import Flexibility
from grid.flexibility.per_slot import PerSlot, values_of

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
    """What a fleet fed in."""
    stocks, stores = outcome.accounts.tracing.stocks, outcome.accounts.stores
    if stocks is None:
        return None
    devices = stores.devices[flexibility.name]
    record = stocks.select(devices)
    events = record.events
    fed, session = events.feeds, events.device[events.feeds]
    if not session.size:
        nothing = np.zeros(0)
        return _FedIn(nothing, nothing, nothing, session, session, session)
    energy_mwh = events.p_mw * outcome.inputs.clock.step_hours
    operation, bus = events.operation, stores.bus[devices][events.device]
    eta_charge, eta_discharge = (
        eta.values[events.slot] if isinstance(eta, PerSlot) else eta[events.device]
        for eta in (operation.eta_charge, operation.eta_discharge)
    )
    marginal = outcome.marginal.nodes.above_kg_per_mwh[events.step, bus]
    held = charging_intensity(operation.owner[events.device], energy_mwh, events.e_after_mwh, eta_charge, marginal)
    return _FedIn(
        energy_mwh=-energy_mwh[fed],
        released_kg=record.moved_kg[fed],
        released_marginal_kg=(held * -energy_mwh / eta_discharge)[fed],
        step=events.step[fed],
        bus=stores.bus[devices][session],
        session=session,
    )


def _credit(outcome: SimulationResult, fed: _FedIn, reference: CreditBasis, wear_kg_per_mwh: float) -> V2GCredit:
    if reference == "marginal":
        replaced = outcome.marginal.nodes.below_kg_per_mwh[fed.step, fed.bus]
        return v2g_credit(fed.energy_mwh, fed.released_marginal_kg, replaced, reference, wear_kg_per_mwh)
    node = outcome.flow.network.buses.node[fed.bus]
    replaced = np.nan_to_num(outcome.accounts.tracing.ci_kg_per_mwh[fed.step, node])
    return v2g_credit(fed.energy_mwh, fed.released_kg, replaced, reference, wear_kg_per_mwh)
