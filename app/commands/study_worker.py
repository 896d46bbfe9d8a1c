"""A worker process of `gridcarbon serve`, which makes studies too: see `app.batch.jobs.worker`."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from app.batch.jobs.worker import main

if TYPE_CHECKING:
    from app.batch.worker import RunTask
    from app.results.store.store import Store

MODULE = "app.commands.study_worker"
"""Its name, by which it is started."""


def hosting(what: str, task: RunTask, store: Store, tell: Callable[[str, float], None]) -> dict[str, float]:
    """Hosting capacity of all buses, kept in the store; see `app.studies.hosting.of_all_buses`."""
    begun = time.perf_counter()
    tell("read", 0.0)
    from app.studies.hosting.kept import FOLDER
    from app.studies.hosting.of_all_buses import PHASE, hosting_of_all_buses

    name, content = hosting_of_all_buses(task.content, task.folder, task.name, what, tell)
    store.index.folder.write_file(FOLDER, name, content)
    return {PHASE: time.perf_counter() - begun}


STUDIES = {"hosting": hosting}
"""What can be asked for beside runs."""

if __name__ == "__main__":
    main(STUDIES)
