"""From what somebody asks for to records of the queue: all that is wrong with it at once, before anything waits."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from app.batch.jobs.progress import size_of
from app.results.store import key_of
from app.results.store.key import KEY_LENGTH
from app.results.store.queue.record import JobRecord
from app.results.store.store import Store
from grid.sharing import sharing_preparation

if TYPE_CHECKING:
    from app.batch.sweep import CheckedSweep

IN_THE_QUEUE = "submitted"
ALREADY_RUN = "submitted; this very scenario was run before, its stored result is the answer"


def record_of(content: Mapping[str, Any], folder: Path, name: str, tags: Sequence[str], store: Store) -> JobRecord:
    """The record of a scenario that somebody wants to be run.

    Args:
        content: The scenario.
        folder: Folder that file names in it are relative to.
        name: What people call it; empty for the scenario's own name.
        tags: Words by which it is found again.
        store: Where its result may lie already.

    Raises:
        ScenarioError: With all faults, as `gridcarbon check` names them.
        StoreError: If the store cannot be used.
    """
    from app.scenario import check_scenario  # noqa: PLC0415  slow to import

    with sharing_preparation():
        loaded = check_scenario(content, folder, name or "the scenario")
    key = key_of(loaded)
    found = store.queue.stored(key)
    return JobRecord(
        key=key,
        name=name or loaded.scenario.name,
        content=loaded.scenario.model_dump(mode="json"),
        folder=str(folder.absolute()),
        submitted=time.time(),
        tags=tuple(tags),
        size=size_of(loaded),
        result=None if found in {None, key} else found,
        status="waiting" if found is None else "done",
    )


def study_record(content: Mapping[str, Any], folder: Path, study: str, name: str, result: str) -> JobRecord:
    """The record of a study of a scenario; arguments as in `Jobs.submit_study`, faults as in `record_of`."""
    from app.scenario import check_scenario  # noqa: PLC0415  slow to import

    with sharing_preparation():
        loaded = check_scenario(content, folder, name)
    key = hashlib.sha256(f"{key_of(loaded)} {study}".encode()).hexdigest()[:KEY_LENGTH]
    return JobRecord(
        key=key, name=name, content=loaded.scenario.model_dump(mode="json"), folder=str(folder.absolute()),
        submitted=time.time(), size={**size_of(loaded), "strategy": study, "study": study}, result=result, study=study,
    )  # fmt: skip


def records_of_sweep(sweep: CheckedSweep, store: Store) -> list[JobRecord]:
    """The records of a sweep's runs, in its order; arguments and faults as in `record_of`."""
    submitted = time.time()
    records = []
    for place, run in enumerate(sweep.runs):
        found = store.queue.stored(run.key)
        size: dict[str, str | int] = {
            "network": str(run.content["city"]["network"]),
            "strategy": str(run.content["dispatch"]["strategy"]),
            "steps": _steps(run.content["period"]),
        }
        records.append(
            JobRecord(
                key=run.key, name=str(run.content["name"]), content=run.content, folder=str(run.folder.absolute()),
                submitted=submitted, place=place, sweep=sweep.name, tags=run.tags, size=size,
                result=None if found in {None, run.key} else found, status="waiting" if found is None else "done",
            )
        )  # fmt: skip
    return records


def _steps(period: Mapping[str, Any]) -> int:
    return int(period["days"]) * 24 * 60 // int(period["step_minutes"])


def checked_sweep(content: Mapping[str, Any], folder: Path) -> CheckedSweep:
    """A sweep that somebody wants to be run.

    Raises:
        ScenarioError: With all faults of the sweep, its base and its runs.
    """
    from app.batch.sweep import check_sweep_content  # noqa: PLC0415  slow to import

    return check_sweep_content(content, folder, str(content.get("name") or "the sweep"))


def said_of(record: JobRecord) -> str:
    """What is written into the log of a job that was asked for."""
    return IN_THE_QUEUE if record.status == "waiting" else ALREADY_RUN
