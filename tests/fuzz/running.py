"""What `check` accepts, `run` accepts: changed scenarios that are valid are run, to the written result."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from random import Random

from app.results.run import run_scenario
from app.scenario import load_scenario
from app.scenario.loaded import LoadedScenario
from grid.errors import InputError
from tests.fuzz.scenarios import changed_scenario

MOSTLY = ("plausible", "plausible", "plausible", "content", "number", "date", "name")
"""Kinds of change that may leave a scenario valid."""


def accepted(seeds: Iterator[int], path: Path) -> Iterator[tuple[int, str, LoadedScenario]]:
    """Changed scenarios that are valid, of one day, with their seed and the kind of change."""
    for seed in seeds:
        random = Random(seed)
        kind, content = changed_scenario(random, random.choice(MOSTLY))
        path.write_bytes(content)
        try:
            loaded = load_scenario(path, days=1)
        except InputError:
            continue
        yield seed, kind, loaded


def run_whole(loaded: LoadedScenario, out: Path) -> str:
    """Runs a scenario and reads its result back; how it ended."""
    result = run_scenario(loaded, out)
    result.verify()
    return str(result.manifest["status"])
