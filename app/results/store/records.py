"""Records of sweeps: files of a store that say which runs a sweep has and what it calls them."""

from __future__ import annotations

import hashlib
import json
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, Field, ValidationError

from app.results.store.states import NamedRun, Variant
from grid.errors import Fault, InputError, raise_if_any
from grid.files.content import read_bytes

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

    Raises:
        InputError: If runs have the same name.
    """

    sweep: str
    runs: tuple[NamedRun, ...]
    design: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        twice = [name for name, count in Counter(run.name for run in self.runs).items() if count > 1]
        raise_if_any([Fault(name, "is the name of several runs") for name in twice], f"sweep {self.sweep!r}")

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


class _Run(BaseModel, extra="forbid"):
    name: str
    key: str
    tags: tuple[str, ...]
    parameters: dict[str, bool | int | Annotated[float, Field(allow_inf_nan=False)] | str | None]


class _Content(BaseModel, extra="forbid"):
    """The content of a record's file."""

    format: int
    sweep: str
    design: dict[str, Any]
    runs: tuple[_Run, ...]


def read_record(text: str | bytes, shown: str) -> SweepRecord:
    """A record from its file's content.

    Raises:
        InputError: If it is damaged or of another format.
    """
    try:
        content = _Content.model_validate_json(text)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"]))
        raise InputError.single(shown, f"is no record of a sweep: {place} {first['msg']}") from error
    if content.format != FORMAT:
        raise InputError.single(shown, f"is of format {content.format}; this gridcarbon reads format {FORMAT}")
    runs = tuple(NamedRun(run.name, run.key, run.tags, run.parameters) for run in content.runs)
    return SweepRecord(content.sweep, runs, content.design)


def record_in(file: Path) -> SweepRecord:
    """The record in a file; raises as `read_record`."""
    return read_record(read_bytes(file), str(file))
