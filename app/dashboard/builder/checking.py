"""What is wrong with a draft, in the words of ``gridcarbon check``, and where in its form that stands."""

from __future__ import annotations

import hashlib
import json
import re
from collections import OrderedDict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock
from typing import Any

from pydantic import ValidationError

from app.dashboard.builder.content import Content, Key, value_at, written
from app.dashboard.builder.files.named import file_faults
from app.dashboard.builder.hall_pue import hall_pue
from app.dashboard.builder.labels import label_of
from app.scenario import LoadedScenario, check_scenario
from app.scenario.asset_faults import repeated_names
from app.scenario.messages import faults_of
from app.scenario.schema import Scenario
from grid.assets.adoption import Adoption, adopt
from grid.errors import Fault, ScenarioError, shown
from grid.sharing import SharedPreparation, sharing_preparation

KEPT_BYTES = 64_000_000
"""Nets, weather and regions that checks have in common [byte]."""
KEPT_ANSWERS = 64
CARS = "electric cars"
"""What `adopt` calls the cars that a share comes to."""
_STEP = re.compile(r"\[(\d+)\]|([^.\[\]]+)")


def schema_faults(content: Content, folder: Path) -> tuple[Fault, ...]:
    """What the schema alone says, at once: no file is read.

    Args:
        content: The scenario's.
        folder: The folder of the uploads.
    """
    faults = list(file_faults(content, folder))
    try:
        Scenario.model_validate(content)
    except ValidationError as error:
        faults += faults_of(error)
    return tuple(dict.fromkeys([*faults, *repeated_names(content)]))


@dataclass(frozen=True)
class Checked:
    """What a full check found.

    Args:
        faults: All that is wrong.
        notes: What a planner should know of a scenario without faults.
        cars: Cars of the city, electric or not, where its homes are known.
        pue: PUE of each data centre over the period [1].
    """

    faults: tuple[Fault, ...]
    notes: tuple[str, ...] = ()
    cars: float | None = None
    pue: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Checker:
    """Checks drafts as the command line does, one after the other, and remembers its last answers.

    Args:
        folder: The folder of the uploads, which files in drafts are relative to.
    """

    folder: Path
    _kept: SharedPreparation = field(default_factory=lambda: SharedPreparation(KEPT_BYTES), repr=False)
    _answers: OrderedDict[str, Checked] = field(default_factory=OrderedDict, repr=False)
    _one: Lock = field(default_factory=Lock, repr=False)

    def check(self, content: Content) -> Checked:
        """Everything that is wrong with a scenario, its files and its city; a second or so where the net is new."""
        key = hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()
        with self._one:
            if key in self._answers:
                self._answers.move_to_end(key)
                return self._answers[key]
            found = self._checked(content)
            self._answers[key] = found
            if len(self._answers) > KEPT_ANSWERS:
                self._answers.popitem(last=False)
            return found

    def _checked(self, content: Content) -> Checked:
        outside = tuple(file_faults(content, self.folder))
        if outside:  # nothing is read then
            return Checked(tuple(dict.fromkeys([*schema_faults(content, self.folder), *outside])))
        try:
            with sharing_preparation(self._kept):
                loaded = check_scenario(content, self.folder, "the draft")
                return Checked((), _notes(loaded), _cars(loaded), hall_pue(loaded))
        except ScenarioError as error:
            return Checked(error.faults)


def _notes(loaded: LoadedScenario) -> tuple[str, ...]:
    sentences = [*loaded.phases.misstated, *loaded.phases.notes, *loaded.city.network.not_followed]
    return (*sentences, *(str(step) for step in loaded.adopted.derivation))


def _cars(loaded: LoadedScenario) -> float | None:
    """Cars of the city's homes, as the share of electric ones is taken of them."""
    every = (loaded.scenario.adoption or Adoption()).with_changes({"ev_share": 1.0})
    if any(True for _ in every.faults(loaded.city, "adoption")):
        return None
    steps = adopt(every, loaded.city).derivation
    return next((step.value for step in steps if step.quantity == CARS), None)


def keys_of(place: str, content: Any) -> list[Key]:
    """The keys of the field that a fault stands at, as far as they lead into the content.

    Pydantic names the kind of something beside its place (``assets[0].battery.p_rated_mw``); that is no key.

    Args:
        place: Where the fault stands.
        content: The scenario's.
    """
    keys: list[Key] = []
    for index, name in _STEP.findall(place.partition(": ")[0]):
        if index:
            keys.append(int(index))
            content = content[int(index)] if isinstance(content, list) and int(index) < len(content) else None
        elif isinstance(content, Mapping) and name not in content and content.get("kind") == name:
            continue
        else:
            keys.append(name)
            content = content.get(name) if isinstance(content, Mapping) else None
    return keys


def spoken_place(keys: Sequence[Key], content: Content) -> str:
    """A place in words: the name of what it belongs to in a list, and the field, such as ``feeder 8: rated power``."""
    field = next((key for key in reversed(keys) if isinstance(key, str)), "")
    named = [value_at(content, keys[: place + 1]) for place, key in enumerate(keys) if isinstance(key, int)]
    names = [str(item["name"]) for item in named if isinstance(item, Mapping) and item.get("name")]
    label = label_of(field) if field else ""
    return f"{names[-1]}: {label[:1].lower()}{label[1:]}" if names and label else label


def told(faults: Iterable[Fault], content: Content) -> list[dict[str, Any]]:
    """Faults as the page shows them: keys, path and label of the field, and the sentence without its place."""
    rows = []
    for fault in faults:
        words = fault.rule
        if fault.value is not None:
            words += f"; got {shown(fault.value)}"
        if fault.suggestion is not None:
            words += f"; did you mean {fault.suggestion!r}?"
        keys = keys_of(fault.place, content)
        rows.append({
            "keys": keys, "path": written(content, keys), "place": fault.place, "words": words,
            "suggestion": fault.suggestion, "label": spoken_place(keys, content) or fault.place,
        })  # fmt: skip
    return rows
