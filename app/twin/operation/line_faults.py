"""Faults of lines, from the breakers that trip and the indicators behind them, with what to switch."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

import numpy as np
import polars as pl

from app.scenario.loaded import LoadedScenario
from app.scenario.schema import LimitsSpec
from app.twin.restoration import FaultCase, restoration_lines, restoration_of
from grid.errors import InputError
from grid.twin.equipment import switchable_network
from grid.twin.fault_location import possible_faults
from grid.twin.learning.records import AlertRecord
from grid.twin.measurements import USABLE

SETTLES_AFTER: Final = timedelta(seconds=30)
"""Time after the message of a trip in which those of indicators are waited for; ours."""
_SEEN_BEFORE: Final = timedelta(seconds=60)
_SEEN_AFTER: Final = timedelta(seconds=120)
"""How long before and after a trip an indicator's time may lie that belongs to it: clocks differ; ours."""
REPAIR_HOURS: Final = 4.0
"""How long a repair is taken to last [h]; ours."""
SEARCH_S: Final = 120.0
"""Longest search for what to switch [s]; a search that ends by it may end otherwise on another machine."""
EMERGENCY: Final = LimitsSpec(
    vm_min_pu=0.9, vm_max_pu=1.1, line_loading_max_percent=100, trafo_loading_max_percent=100
)  # fmt: skip
"""Limits until the repair, as `gridcarbon twin restore` has them by default."""
_HALF: Final = 0.5
"""States are 0 or 1; a value above this counts as 1."""


@dataclass(frozen=True)
class Trip:
    """A breaker that opened by itself.

    Args:
        branch: Name of its branch.
        time: When.
        told: When that was told.
    """

    branch: str
    time: datetime
    told: datetime

    @property
    def alert(self) -> str:
        """Name of its alert."""
        return f"fault behind {self.branch} {self.time:%Y-%m-%dT%H:%M:%SZ}"

    @property
    def settled(self) -> datetime:
        """When indicators have said what they saw."""
        return self.told + SETTLES_AFTER

    def plain(self) -> dict[str, str]:
        """It as JSON has it."""
        return {"branch": self.branch, "time": self.time.isoformat(), "told": self.told.isoformat()}

    @classmethod
    def from_plain(cls, content: dict[str, Any]) -> Trip:
        """The trip that `plain` made plain."""
        moments = (datetime.fromisoformat(content[name]) for name in ("time", "told"))
        return cls(content["branch"], *moments)


def switching(rows: pl.DataFrame, faults: Collection[str]) -> pl.Series:
    """Which rows say of a branch that it is open, or closed again after a fault.

    Args:
        rows: What has come in.
        faults: Branches that are open after a fault.
    """
    known = rows["element"].is_in(list(faults))
    return (_switch_rows(rows, closed=False) & ~known) | (_switch_rows(rows, closed=True) & known)


def _switch_rows(rows: pl.DataFrame, *, closed: bool) -> pl.Series:
    """Which rows say that a branch is closed, or that it is open."""
    value = pl.col("value") > _HALF if closed else pl.col("value") <= _HALF
    said = (pl.col("element_kind") == "branch") & (pl.col("quantity") == "closed") & pl.col("quality").is_in(USABLE)
    return rows.select((said & value.fill_null(value=False)).alias("said"))["said"]


def fault_record(loaded: LoadedScenario, trip: Trip, rows: pl.DataFrame) -> AlertRecord:
    """Where the fault behind a trip can be, and what restores supply soonest if it is known.

    Args:
        loaded: The scenario over the day, and its city.
        trip: The trip.
        rows: What was measured on that day, with `MEASUREMENT_COLUMNS`.
    """
    network = switchable_network(loaded.city.network)
    seen = rows.filter(
        pl.col("quantity") == "fault_passed", pl.col("quality").is_in(USABLE), pl.col("value").is_not_null(),
        pl.col("time").is_between(trip.time - _SEEN_BEFORE, trip.time + _SEEN_AFTER),
    )  # fmt: skip
    said = {name: value > _HALF for name, value in seen.select("element", "value").iter_rows()}
    names = network.meshed.branches.names
    known = {name: k for k, name in enumerate(names)}
    passed, clear = ([known[name] for name in sorted(said) if name in known and said[name] is yes]
                     for yes in (True, False))  # fmt: skip
    try:
        found = [names[k] for k in possible_faults(network, known[trip.branch], passed, clear)]
        advice = _advice(loaded, trip, found)
    except InputError as error:
        advice = [f"no switching is proposed: {'; '.join(map(str, error.faults))}"]
    return AlertRecord(
        trip.alert, trip.time, "raised", "alarm", "supply", trip.branch, 1.0, begins=trip.time, advice=tuple(advice)
    )


def _advice(loaded: LoadedScenario, trip: Trip, found: list[str]) -> list[str]:
    if not found:
        return ["breaker and fault indicators contradict each other: no fault of one branch explains them"]
    if len(found) > 1:
        return [f"the fault is in one of {', '.join(found)}: what to switch needs to know which"]
    clock = loaded.city.clock
    step = int((trip.time - clock.start) // clock.step)
    hours = min(REPAIR_HOURS, (clock.n_steps - step) * clock.step_hours)
    restored = restoration_of(loaded, FaultCase(found[0], step, hours), EMERGENCY, SEARCH_S)
    return [f"the fault is in {found[0]}", *(line.strip() for line in restoration_lines(*restored))]


def supply_buses(loaded: LoadedScenario) -> list[str]:
    """Names of the buses with the external grid."""
    network = loaded.city.network
    at = np.flatnonzero(np.isin(network.buses.node, network.slack))
    return [network.buses.names[k] for k in at.tolist()]
