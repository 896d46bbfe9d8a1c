"""Records of sweeps: files of a store that say which runs a sweep has and what it calls them."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from app.results.store.states import NamedRun, Variant
from grid.errors import InputError

FOLDER = ".sweeps"
"""Folder of a store that holds the records."""
FORMAT = 1
"""Number of the format of records."""
_LONGEST_NAME = 60


@dataclass(frozen=True)
class SweepRecord:
    """What a store remembers of a sweep.

    Args:
        sweep: Name of the sweep.
        runs: Its runs, in its order.
        design: What an evaluation needs to know of how they were chosen, JSON-like.
    """

    sweep: str
    runs: tuple[NamedRun, ...]
    design: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def of(cls, sweep: str, runs: Iterable[Variant], design: Mapping[str, Any]) -> SweepRecord:
        """The record of a sweep."""
        named = (NamedRun(run.name, run.key, tuple(run.tags), dict(run.parameters)) for run in runs)
        return cls(sweep, tuple(named), dict(design))

    @property
    def file_name(self) -> str:
        """Name of its file: readable, and different for different sweeps."""
        readable = re.sub(r"[^\w-]+", "-", self.sweep, flags=re.ASCII)[:_LONGEST_NAME].strip("-")
        return f"{readable or 'sweep'}-{hashlib.sha256(self.sweep.encode()).hexdigest()[:8]}.json"

    def as_json(self) -> str:
        """Its file's content."""
        runs = [{"name": run.name, "key": run.key, "tags": list(run.tags), "parameters": dict(run.parameters)}
                for run in self.runs]  # fmt: skip
        content = {"format": FORMAT, "sweep": self.sweep, "design": dict(self.design), "runs": runs}
        return json.dumps(content, indent=1, allow_nan=False) + "\n"


def read_record(text: str | bytes, shown: str) -> SweepRecord:
    """A record from its file's content.

    Raises:
        InputError: If it is damaged or of another format.
    """
    try:
        content = json.loads(text)
        if content["format"] != FORMAT:
            raise InputError.single(shown, f"is of format {content['format']}; this gridcarbon reads format {FORMAT}")
        runs = tuple(NamedRun(str(run["name"]), str(run["key"]), tuple(run["tags"]), dict(run["parameters"]))
                     for run in content["runs"])  # fmt: skip
        return SweepRecord(str(content["sweep"]), runs, dict(content["design"]))
    except InputError:
        raise
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise InputError.single(shown, f"is no record of a sweep: {type(error).__name__} {error}") from error
