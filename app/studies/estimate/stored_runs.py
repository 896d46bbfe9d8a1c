"""Stored runs of the same city in the same period, from which an estimate learns by how much it errs."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import yaml

from app.failures import StoreError
from app.results.folder import Result
from app.results.store.store import Store
from app.scenario.loaded import LoadedScenario
from app.scenario.schema import Scenario
from grid.errors import InputError
from grid.files.plain_yaml import plain_yaml

FIXED = ("currency", "seed", "period", "weather", "upstream", "power_limits")
"""Parts of a scenario that must be equal for two runs to tell of each other; and city and emission factors."""
MOST_OPENED = 400
"""Results of a store that are looked at."""
MOST_RUNS = 200
"""Runs of the same surroundings that are kept."""


@dataclass(frozen=True)
class StoredRun:
    """A run that is in the store.

    Args:
        name: Name of its folder.
        content: Its scenario, with all defaults.
        figures: Its key figures.
    """

    name: str
    content: Mapping[str, Any]
    figures: Mapping[str, Any]

    @property
    def strategy(self) -> str:
        """How its assets are operated."""
        return str(self.content["dispatch"]["strategy"])


def surroundings(content: Mapping[str, Any], inputs: Mapping[str, str]) -> str:
    """What two scenarios must have in common, as text that is equal where it is.

    Args:
        content: A scenario with all defaults, as JSON.
        inputs: Hashes of the files that it refers to.
    """
    carbon = {key: value for key, value in content["carbon"].items() if key != "conventions"}
    city = {key: value for key, value in content["city"].items() if key != "demand_growth"}
    return json.dumps([{name: content[name] for name in FIXED}, city, carbon, dict(inputs)], sort_keys=True)


def identity(content: Mapping[str, Any]) -> str:
    """All that decides the figures of a scenario, as text: everything but its name."""
    return json.dumps({key: value for key, value in content.items() if key != "name"}, sort_keys=True)


def with_defaults(scenario: Scenario) -> Mapping[str, Any]:
    """A scenario as a result stores it."""
    content: Mapping[str, Any] = scenario.model_dump(mode="json")
    return content


def stored_runs(results: Iterable[Result], loaded: LoadedScenario) -> list[StoredRun]:
    """The runs of the same surroundings among results, without those that lack a solution of the power flow.

    Args:
        results: The results.
        loaded: A scenario of the surroundings.
    """
    inputs, steps = loaded.input_hashes(), loaded.scenario.clock.n_steps
    wanted = surroundings(with_defaults(loaded.scenario), inputs)
    found = []
    for result in results:
        alike = result.summary.get("steps") == steps and (result.manifest.get("inputs") or {}) == inputs
        if not alike or result.summary.get("failed_steps"):  # reading scenarios is the slow part
            continue
        try:
            content = with_defaults(Scenario.model_validate(_scenario(result)))
        except (ValueError, OSError, yaml.YAMLError):  # of another version of the schema, or gone since
            continue
        if surroundings(content, inputs) == wanted:
            found.append(StoredRun(result.name, content, result.summary))
    return found[-MOST_RUNS:]


def _scenario(result: Result) -> Any:
    """The scenario of a result."""
    return plain_yaml((result.path / "scenario.yaml").read_text("utf-8"))


def results_in(store: Store) -> Iterator[Result]:
    """The results of a store that can be opened; none where it cannot be reached."""
    try:
        names = store.folder.names()
    except StoreError:
        return
    for name in names[-MOST_OPENED:]:
        try:
            if store.folder.has(name):
                yield store.folder.open(name)
        except (InputError, StoreError):
            continue
