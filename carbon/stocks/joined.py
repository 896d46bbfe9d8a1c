"""What the tracing finds in windows of time that follow each other, as one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from carbon.stocks.trace import ClassTrace, Movements, StockEvents, StockTrace
from grid.arrays import Floats, one_after_another, run_offsets


def without_devices(part: StockTrace) -> StockTrace:
    """A window without what it says of every device, which only the last one says for good, and with its bare events.

    Of a year both take a gigabyte in all windows: what was worked out of events, such as their nodes, stays with them.
    """
    nothing = np.empty(0)
    return replace(
        part,
        events=replace(part.events),
        driven_mwh=nothing,
        driven_kg=nothing,
        ci_start_kg_per_mwh=nothing,
        renewable_share_start=nothing,
    )


def joined_traces(parts: Sequence[StockTrace]) -> StockTrace:
    """The stocks in all windows; events are not copied where they stand one after the other in memory already.

    All but the last may be `without_devices`.
    """
    events = [part.events for part in parts]
    offsets = run_offsets(np.array([of.device.size for of in events], dtype=np.int64))
    begins = np.concatenate([of.begins[:-1] + offset for of, offset in zip(events, offsets, strict=False)])
    device, e_after = (one_after_another([getattr(of, name) for of in events]) for name in ("device", "e_after_mwh"))
    return replace(
        parts[-1],
        events=StockEvents(events[0].operation, np.append(begins, offsets[-1]), device, e_after, events[0].first_step),
        vehicles=joined_classes([part.vehicles for part in parts]),
        stationary=joined_classes([part.stationary for part in parts]),
        opening=parts[0].opening,
        moved_kg=one_after_another([part.moved_kg for part in parts]),
        ci_after_kg_per_mwh=one_after_another([part.ci_after_kg_per_mwh for part in parts]),
        renewable_share_after=_joined_shares([part.renewable_share_after for part in parts]),
    )


def joined_classes(parts: Sequence[ClassTrace]) -> ClassTrace:
    """The stocks of a class in all windows."""
    return ClassTrace(
        energy=_joined_movements([part.energy for part in parts]),
        carbon=_joined_movements([part.carbon for part in parts]),
        renewable=_joined_movements([part.renewable for part in parts]),
        charge_meter_mwh=np.concatenate([part.charge_meter_mwh for part in parts]),
        discharge_meter_mwh=np.concatenate([part.discharge_meter_mwh for part in parts]),
    )


def _joined_shares(parts: Sequence[Floats]) -> Floats:
    """Shares after each event; where they were not traced, NaN that takes no memory."""
    if any(part.strides != (0,) for part in parts):
        return one_after_another(parts)
    return np.broadcast_to(np.nan, sum(part.size for part in parts))


def _joined_movements(parts: Sequence[Movements]) -> Movements:
    by_step = ("content", "charge", "discharge", "fuel", "standing", "arriving")
    return Movements(parts[0].opening, *(np.concatenate([getattr(part, name) for part in parts]) for name in by_step))
