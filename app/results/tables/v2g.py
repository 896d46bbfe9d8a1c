"""What V2G avoided elsewhere: a consequence, beside the inventory and in none of its ledgers."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

from app.results.folder import TABLES
from app.results.tables.vehicles import class_names, fleets
from app.simulation.phases import SimulationResult
from carbon.reporting.v2g_credit import AVOIDED_ELSEWHERE, Reference, V2GCredit, v2g_credit
from grid.arrays import Floats, Ints
from grid.flexibility.flexibility import Flexibility
from grid.units import KG_PER_T

NOTE = (
    f"{AVOIDED_ELSEWHERE}: what V2G replaced less what it released and wore out is a consequence, subtracted from "
    "no ledger, sector or coefficient. The wear of batteries counts whatever the boundary."
)
REFERENCES: tuple[Reference, ...] = ("marginal", "average")
QUANTITIES = ("energy_mwh", "replaced_kg", "released_kg", "wear_kg", "avoided_kg")


@dataclass(frozen=True, eq=False)
class _FedIn:
    """What a fleet fed in, shape (F,) each.

    Args:
        energy_mwh: Energy at the meter [MWh].
        released_kg: Carbon that left the batteries with it [kg].
        step: When.
        bus: Where.
        session: In which session.
    """

    energy_mwh: Floats
    released_kg: Floats
    step: Ints
    bus: Ints
    session: Ints


def avoided(outcome: SimulationResult) -> pl.DataFrame:
    """One row a vehicle class and reference: what its V2G replaced, released and wore out, and what is left.

    The energy fed in is taken to have replaced the marginal generation, of that side of a tie on which less is
    consumed, or the mean of the node where it was fed in.
    """
    sums: dict[tuple[str, Reference], Floats] = {}
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


def avoided_t(frame: pl.DataFrame) -> dict[str, float | None]:
    """What all V2G of a run avoided elsewhere, by reference [t]; None where there are no cars."""
    text = pl.col("reference").cast(pl.String)
    return {
        f"v2g_avoided_elsewhere_not_in_inventory_{reference}_t": None
        if frame.is_empty()
        else float(frame.filter(text == reference)["avoided_kg"].sum()) / KG_PER_T
        for reference in REFERENCES
    }


def notes(outcome: SimulationResult) -> tuple[str, ...]:
    """What a reader should know of the credit, if any car may feed in."""
    return (NOTE,) if any((flexibility.p_min_mw < 0).any() for flexibility in fleets(outcome)) else ()


def _fed_in(outcome: SimulationResult, flexibility: Flexibility) -> _FedIn | None:
    """What a fleet fed in."""
    stocks, stores = outcome.accounts.tracing.stocks, outcome.accounts.stores
    if stocks is None:
        return None
    devices = stores.devices[flexibility.name]
    record = stocks.of(devices)
    entries = record.entries
    fed, session = entries.feeds, entries.device[entries.feeds]
    return _FedIn(
        energy_mwh=-entries.p_mw[fed] * outcome.inputs.clock.step_hours,
        released_kg=record.moved_kg[fed],
        step=entries.step[fed],
        bus=stores.bus[devices][session],
        session=session,
    )


def _credit(outcome: SimulationResult, fed: _FedIn, reference: Reference, wear_kg_per_mwh: float) -> V2GCredit:
    if reference == "marginal":
        replaced = outcome.marginal.nodes.below_kg_per_mwh[fed.step, fed.bus]
    else:
        node = outcome.flow.network.buses.node[fed.bus]
        replaced = np.nan_to_num(outcome.accounts.tracing.ci_kg_per_mwh[fed.step, node])
    return v2g_credit(fed.energy_mwh, fed.released_kg, replaced, reference, wear_kg_per_mwh)
