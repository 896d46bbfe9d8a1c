"""Where the fault behind a trip can be, from the fault indicators behind the breaker."""

from __future__ import annotations

from datetime import timedelta
from typing import Final, NamedTuple

import polars as pl

from app.twin.operation.faults.trips import OPEN_BELOW, Trip
from grid.errors import InputError
from grid.network.switching import SwitchableNetwork
from grid.twin.fault_location import possible_faults
from grid.twin.measurements import USABLE

_SEEN_BEFORE: Final = timedelta(seconds=60)
_SEEN_AFTER: Final = timedelta(seconds=120)
"""How long before and after a trip an indicator's time may lie that belongs to it: clocks differ; ours."""


class FaultPlace(NamedTuple):
    """Where a fault is.

    Args:
        branch: The branch in which it is; None where it can be in several, or in none.
        words: What there is to say of that.
    """

    branch: str | None
    words: tuple[str, ...]


def fault_place(switches: SwitchableNetwork | None, trip: Trip, rows: pl.DataFrame) -> FaultPlace:
    """Where the fault behind a trip can be.

    Args:
        switches: The network as it was operated before; None where it cannot be solved with its open lines closed.
        trip: The trip.
        rows: What was measured on that day, with `MEASUREMENT_COLUMNS`.
    """
    if switches is None:
        return FaultPlace(None, ("no switching is proposed: the net has no solution with its open lines closed",))
    try:
        found = _possible(switches, trip, rows)
    except InputError as error:
        return FaultPlace(None, (f"no switching is proposed: {'; '.join(map(str, error.faults))}",))
    if not found:
        contradict = "breaker and fault indicators contradict each other: no fault of one branch explains them"
        return FaultPlace(None, (contradict,))
    if len(found) > 1:
        return FaultPlace(None, (f"the fault is in one of {', '.join(found)}: what to switch needs to know which",))
    return FaultPlace(found[0], (f"the fault is in {found[0]}", "what to switch is sought"))


def _possible(switches: SwitchableNetwork, trip: Trip, rows: pl.DataFrame) -> list[str]:
    """Names of the branches whose fault explains what was told."""
    seen = rows.filter(
        pl.col("quantity") == "fault_passed", pl.col("quality").is_in(USABLE), pl.col("value").is_not_null(),
        pl.col("time").is_between(trip.time - _SEEN_BEFORE, trip.time + _SEEN_AFTER),
    )  # fmt: skip
    said = {name: value > OPEN_BELOW for name, value in seen.select("element", "value").iter_rows()}
    names = switches.meshed.branches.names
    known = {name: k for k, name in enumerate(names)}
    passed, clear = ([known[name] for name in sorted(said) if name in known and said[name] is yes]
                     for yes in (True, False))  # fmt: skip
    return [names[k] for k in possible_faults(switches, known[trip.branch], passed, clear)]
