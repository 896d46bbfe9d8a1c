"""Records of jobs: files of a store that hold the scenario of each, and how it ended, so that no index is needed."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, get_args

from pydantic import BaseModel, ValidationError

from app.results.store.folders.store_folder import StoreFolder
from app.results.store.states import WITH_RESULT, RunStatus
from grid.errors import InputError

FOLDER = ".jobs"
"""Folder of a store that holds the records."""
FORMAT = 1
"""Number of the format of records."""
_Size = dict[str, str | int | float]


@dataclass(frozen=True)
class JobRecord:
    """A run that somebody asked for by itself.

    Args:
        key: Address of its result.
        name: What people call it.
        content: The scenario, JSON-like, with all defaults.
        folder: Folder that file names in it are relative to.
        submitted: When it was asked for, seconds since 1970 (UTC).
        place: Its place among those asked for together, from 0.
        sweep: The sweep it is of; empty for none.
        tags: Words by which it is found again.
        size: What its duration depends on.
        result: Name of its result where that is not its key.
        status: How it ended; ``waiting`` while it has not.
        reason: Why it failed.
        phases: Time spent in each phase [s].
        study: What is worked out of the scenario and kept beside its results (``hosting pv``); empty for a run. The
            result that it is of is `result`, and no result has its key.
    """

    key: str
    name: str
    content: Mapping[str, Any]
    folder: str
    submitted: float
    place: int = 0
    sweep: str = ""
    tags: tuple[str, ...] = ()
    size: Mapping[str, str | int | float] = field(default_factory=dict)
    result: str | None = None
    status: RunStatus = "waiting"
    reason: str = ""
    phases: Mapping[str, float] = field(default_factory=dict)
    study: str = ""

    @property
    def needs_run(self) -> bool:
        """Whether a worker has it, or may still get it: not where another result answers it, or its study is done."""
        return self.result is None or (self.study != "" and self.status not in WITH_RESULT)

    @property
    def file_name(self) -> str:
        """Name of its file."""
        return f"{self.key}.json"

    def as_json(self) -> str:
        """Its file's content."""
        content = {"format": FORMAT, **self.__dict__, "tags": list(self.tags), "size": dict(self.size),
                   "content": dict(self.content), "phases": dict(self.phases)}  # fmt: skip
        return json.dumps(content, indent=1, allow_nan=False) + "\n"


class _JobFile(BaseModel, extra="forbid"):
    """The content of a record's file."""

    format: int
    key: str
    name: str
    content: dict[str, Any]
    folder: str
    submitted: float
    place: int
    sweep: str
    tags: tuple[str, ...]
    size: _Size
    result: str | None
    status: Literal[*get_args(RunStatus)]  # type: ignore[valid-type]
    reason: str
    phases: dict[str, float]
    study: str = ""  # records of earlier versions have none


def read_job(folder: StoreFolder, key: str) -> JobRecord:
    """The record of a job.

    Raises:
        InputError: If it is not there, damaged, or of another format.
        StoreError: If the store cannot be read.
    """
    name = f"{key}.json"
    shown = f"{folder.shown}/{FOLDER}/{name}"
    try:
        found = _JobFile.model_validate_json(folder.read_file(FOLDER, name))
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"]))
        raise InputError.single(shown, f"is no record of a job: {place} {first['msg']}") from error
    if found.format != FORMAT:
        raise InputError.single(shown, f"is of format {found.format}; this gridcarbon reads format {FORMAT}")
    return JobRecord(**{name: getattr(found, name) for name in _JobFile.model_fields if name != "format"})


def read_jobs(folder: StoreFolder) -> tuple[list[JobRecord], list[InputError]]:
    """All records of jobs that can be read, and what is wrong with the others."""

    def read(name: str) -> JobRecord | InputError:
        try:
            return read_job(folder, name.removesuffix(".json"))
        except InputError as error:
            return error

    names = [name for name in folder.file_names(FOLDER) if name.endswith(".json")]
    found = list(folder.each(read, names))
    good = [record for record in found if isinstance(record, JobRecord)]
    return good, [error for error in found if isinstance(error, InputError)]
