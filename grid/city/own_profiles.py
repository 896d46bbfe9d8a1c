"""What can be wrong with a planner's own profiles in a net and on a clock."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

import numpy as np

from grid.errors import Fault
from grid.time.calendar import ProfileTable
from grid.time.clock import Clock

_TOO_LARGE: Final = 100.0
"""Peak of the columns of a table against the powers of its elements in the net, beyond which they are in kW."""
_TABLES: Final = ("load", "storage", "sgen")


def own_profile_faults(
    profiles: ProfileTable, clock: Clock, tables: Mapping[str, Mapping[str, list[Any]]]
) -> Iterator[Fault]:
    """Units that are a thousand times too large, and profiles that cover a part of the clock.

    Args:
        profiles: Columns such as ``load/<name or index>/p_mw``.
        clock: The time axis.
        tables: Elements of the net by table.
    """
    stop = profiles.start + len(profiles.values) * profiles.step
    overlap = profiles.start < clock.stop and clock.start < stop
    if overlap and not (profiles.start <= clock.start and clock.stop <= stop):
        rule = (
            f"must cover all of the period, {clock.start:%Y-%m-%d %H:%M} to {clock.stop:%Y-%m-%d %H:%M} UTC, or be of "
        )
        yield Fault("time_utc", f"{rule}another year", f"{profiles.start:%Y-%m-%d %H:%M} to {stop:%Y-%m-%d %H:%M}")
    for table in _TABLES:
        places = [k for k, name in enumerate(profiles.names) if name.startswith(f"{table}/") and name.endswith("/p_mw")]
        powers = {str(key): abs(float(p)) for names in ("index", "name") for key, p in
                  zip(tables[table][names], tables[table]["p_mw"], strict=True)}  # fmt: skip
        nominal = sum(powers.get(profiles.names[k].split("/", 1)[1].rpartition("/")[0], 0.0) for k in places)
        peak = float(np.abs(profiles.values[:, places]).max(axis=0).sum()) if places else 0.0
        if nominal > 0 and peak > _TOO_LARGE * nominal:
            rule = f"must be in MW; the peaks of its columns sum to {peak:,.1f}, the same elements of the net have "
            yield Fault(f"{table}/…/p_mw", f"{rule}{nominal:,.3f} MW: is it in kW? Divide by 1000", round(peak, 1))
