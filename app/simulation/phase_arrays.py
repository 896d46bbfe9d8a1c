"""Results of the dispatch and of the power flow as arrays, and back, bit for bit."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, fields
from typing import Any

import numpy as np

from app.simulation.reuse import Arrays
from grid.network.network import Network
from grid.powerflow.powerflow import PowerFlow
from grid.sharing import shared
from grid.time.clock import Clock
from optimizer.problem.schedule import BindingLimit, Costs, Quality, Schedule, Shortfall

_REST = "rest"
"""Name of the array that holds as JSON what is no array."""
_BY_NAME = ("p_mw", "q_mvar", "duals")
"""Fields of a schedule that hold arrays by name."""
_NOT_KEPT = ("clock",)


def flow_arrays(flow: PowerFlow) -> dict[str, np.ndarray]:
    """What an AC power flow has found."""
    return {"voltage": flow.voltage, "by_newton": flow.by_newton, "failed": flow.failed}


@shared(latest=True)
def flow_from(arrays: Arrays, network: Network, clock: Clock) -> PowerFlow:
    """An AC power flow on a network and clock, from `flow_arrays`; where runs share, what follows from it is found."""
    return PowerFlow(clock, network, arrays["voltage"], arrays["by_newton"], arrays["failed"])


def schedule_arrays(schedule: Schedule) -> dict[str, np.ndarray]:
    """A schedule without its clock."""
    arrays: dict[str, np.ndarray] = {}
    rest: dict[str, Any] = {}
    for name in (field.name for field in fields(schedule) if field.name not in _NOT_KEPT):
        value = getattr(schedule, name)
        if name in _BY_NAME:
            rest[name] = list(value)
            arrays |= {f"{name}/{place}": np.array(each) for place, each in enumerate(value.values())}
        elif isinstance(value, np.ndarray):
            arrays[name] = np.array(value)
        elif name in {"costs", "quality"}:
            rest[name] = asdict(value)
        elif name in {"shortfalls", "binding"}:
            rest[name] = [asdict(each) for each in value]
        else:
            rest[name] = value
    text = json.dumps(rest, default=_plain)
    return arrays | {_REST: np.frombuffer(text.encode(), dtype=np.uint8).copy()}


def schedule_from(arrays: Arrays, clock: Clock) -> Schedule:
    """A schedule on a clock, from `schedule_arrays`."""
    parts: dict[str, Any] = json.loads(arrays[_REST].tobytes())
    parts |= {name: _named(arrays, name, parts[name]) for name in _BY_NAME}
    parts |= {name: array for name, array in arrays.items() if "/" not in name and name != _REST}
    parts["costs"], parts["quality"] = Costs(**parts["costs"]), Quality(**parts["quality"])
    parts["shortfalls"] = tuple(Shortfall(**each) for each in parts["shortfalls"])
    parts["binding"] = tuple(BindingLimit(**each) for each in parts["binding"])
    parts["carbon_cap_price_per_kg"] = tuple(parts["carbon_cap_price_per_kg"])
    return Schedule(clock=clock, **parts)


def _named(arrays: Arrays, name: str, names: list[str]) -> Mapping[str, np.ndarray]:
    return {each: arrays[f"{name}/{place}"] for place, each in enumerate(names)}


def _plain(value: Any) -> Any:
    """A number of numpy as one of Python."""
    if isinstance(value, np.generic):
        return value.item()
    raise TypeError(f"{type(value).__name__} is no part of a schedule")
