"""Alerts as they stand, in a file, so that the next look goes on from there."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from grid.errors import InputError
from grid.files.content import is_file
from grid.files.json_file import read_json
from grid.files.output import written_whole
from grid.twin.alerts.levels import AlertLevel, AlertState, Key
from grid.twin.alerts.risks import Risk

PLACE = "--state"
_TIMES = ("begins", "ends", "worst")


def read_states(path: Path) -> dict[Key, AlertState]:
    """The alerts of a file; none if there is no such file yet.

    Raises:
        InputError: If it is no file of alerts.
    """
    if not is_file(path):
        return {}
    content = read_json(path, PLACE)
    try:
        states = [state_of(item) for item in content["alerts"]]
    except (KeyError, TypeError, ValueError) as error:
        raise InputError.single(PLACE, f"{path.name} is no file of alerts", str(error)) from error
    return {state.risk.key: state for state in states}


def write_states(path: Path, states: Mapping[Key, AlertState]) -> None:
    """Writes alerts into a file, whole.

    Raises:
        InputError: If that cannot be done.
    """
    with written_whole(path, PLACE) as draft:
        draft.write_text(json.dumps({"alerts": [plain_state(states[key]) for key in sorted(states)]}, indent=1))


def kept_states(path: Path | None, states: Mapping[Key, AlertState]) -> Iterator[str]:
    """Writes alerts into a file, or says why that cannot be done now: the log holds them too."""
    try:
        if path is not None:
            write_states(path, states)
    except InputError as error:
        yield "; ".join(map(str, error.faults))


def plain_state(state: AlertState) -> dict[str, Any]:
    """An alert as JSON has it."""
    risk = {
        name: value.isoformat() if name in _TIMES else None if value != value else value  # noqa: PLR0124  NaN
        for name, value in vars(state.risk).items()
    }
    below = None if state.below_since is None else state.below_since.isoformat()
    return {
        "identifier": state.identifier, "level": int(state.level), "since": state.since.isoformat(),
        "below_since": below, "risk": risk,
    }  # fmt: skip


def state_of(item: Mapping[str, Any]) -> AlertState:
    """The alert that `plain_state` made plain; raises a `KeyError`, `TypeError` or `ValueError` if it is none."""
    given = dict(item["risk"])
    risk = Risk(**given | {name: datetime.fromisoformat(given[name]) for name in _TIMES}
                | {name: math.nan for name in ("value", "limit") if given[name] is None})  # fmt: skip
    below = item["below_since"]
    return AlertState(
        str(item["identifier"]), AlertLevel(item["level"]), datetime.fromisoformat(item["since"]),
        None if below is None else datetime.fromisoformat(below), risk,
    )  # fmt: skip
