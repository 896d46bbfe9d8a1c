"""A scenario read again from its result: for studies of a run after it has ended."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from app.scenario import check_scenario
from app.scenario.loaded import LoadedScenario
from app.simulation.inputs import prepare
from grid.errors import Fault, raise_if_any


def loaded_again(scenario: Mapping[str, Any], manifest: Mapping[str, Any], place: Path) -> LoadedScenario:
    """The scenario of a result with its city, as the run had it.

    Args:
        scenario: The scenario that the result holds.
        manifest: The manifest of the result.
        place: Folder of the result, which faults are named after.

    Raises:
        InputError: If a file that the result was made of has changed.
    """
    loaded = check_scenario(dict(scenario), Path(str(manifest["folder"])), str(place / "scenario.yaml"))
    raise_if_any(_changed(manifest["inputs"], loaded.input_hashes()), str(place))
    return prepare(loaded).loaded if loaded.scenario.city.own_generation == "weather" else loaded


def _changed(before: Mapping[str, str], now: Mapping[str, str]) -> Iterator[Fault]:
    """Files that a result was made of and that are gone or others now, by their hashes."""
    for name in sorted({*before, *now}):
        if before.get(name) != now.get(name):
            what = "is gone" if name not in now else "has changed"
            yield Fault(name, f"{what} since the run: put it back, or run again")
