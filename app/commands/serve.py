"""The dashboard's server."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from app.commands.options import Host, IndexUrl, Port

if TYPE_CHECKING:
    from app.batch.jobs import Jobs
    from app.dashboard.operations.live import TwinPlace


def serve(
    place: Annotated[str, typer.Argument(metavar="DIR", help="A result, or a folder of results.")] = "runs/demo",
    host: Host = "127.0.0.1",
    port: Port = 8050,
    jobs: Annotated[
        int | None,
        typer.Option(min=0, help="Runs at the same time; default: one less than there are processors. 0: they wait."),
    ] = None,
    read_only: Annotated[
        bool, typer.Option("--read-only", help="Only show results: nothing is run, and nothing written into DIR.")
    ] = False,
    index: IndexUrl = None,
    basemap: Annotated[
        Path | None, typer.Option(metavar="FILE", help="GeoJSON that grids with geographic coordinates are drawn on.")
    ] = None,
    twin: Annotated[
        str | None,
        typer.Option(metavar="STORE", help="Store of measurements that the page of operations shows, see twin run."),
    ] = None,
    alerts: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Alerts beside it, as twin alerts --state writes them.")
    ] = None,
    log: Annotated[
        str | None,
        typer.Option(
            metavar="LOG", help="Log of alerts and decisions beside it; actions are decided on from the page."
        ),
    ] = None,
    estimate: Annotated[
        Path | None,
        typer.Option(metavar="FOLDER", help="State by twin estimate beside it; of a folder of several the last."),
    ] = None,
) -> None:
    """Serve the dashboard, in which scenarios are also run; their results go into DIR."""
    folder = _shown_folder(place)
    from grid.memory import importing_much, return_memory_of_tables_soon

    return_memory_of_tables_soon()
    with importing_much():
        from app.dashboard import serve as serve_dashboard

    shown = _twin(twin, alerts, log, estimate, decides=not read_only)
    if read_only:
        _refuse_with_read_only(jobs, index)
    with _queue(folder, jobs, index, read_only=read_only) as queue:
        serve_dashboard(folder, host, port, open_browser=sys.stdout.isatty(), jobs=queue, basemap=basemap, twin=shown)


def _twin(
    store: str | None, alerts: Path | None, log: str | None, estimate: Path | None, *, decides: bool
) -> TwinPlace | None:
    """Where the twin keeps what it knows.

    Raises:
        InputError: With all that is wrong: alerts, a log or an estimate without a store, or what is not there.
    """
    from app.dashboard.operations.live import TwinPlace
    from grid.errors import Fault, raise_if_any
    from grid.files.content import is_file, is_folder

    given = {
        "--twin": (store, "gridcarbon twin run SOURCE STORE makes one"),
        "--alerts": (alerts, "gridcarbon twin alerts --state FILE writes it"),
        "--log": (log, "gridcarbon twin alerts --log LOG makes one"),
        "--estimate": (estimate, "gridcarbon twin estimate RESULT MEASUREMENTS FOLDER writes it"),
    }
    named = {option: (str(place), cure) for option, (place, cure) in given.items() if place is not None}
    faults = [] if store is not None else [Fault(option, "needs --twin STORE beside it", place)
                                           for option, (place, _) in named.items()]  # fmt: skip
    for option, (place, cure) in named.items():
        there = is_folder(Path(place)) if option == "--estimate" else "://" in place or is_file(Path(place))
        kind = "folder" if option == "--estimate" else "file"
        rule = "is a folder, not a file" if kind == "file" and is_folder(Path(place)) else f"no such {kind}"
        faults += [] if there else [Fault(option, f"{rule}; {cure}", place)]
    raise_if_any(faults, "the options")
    return None if store is None else TwinPlace(store, alerts, log, decides, estimate)


def _shown_folder(place: str) -> Path:
    """The folder whose results are shown.

    Raises:
        InputError: If it is not on this machine.
    """
    from app.results.store.folders.places import folder_on_this_machine
    from grid.errors import InputError

    folder = folder_on_this_machine(place)
    if folder is None:
        rule = "must be a folder of this machine; of a store at a URL, copy the results that are to be shown"
        raise InputError.single("DIR", rule, place)
    return folder


def _refuse_with_read_only(jobs: int | None, index: str | None) -> None:
    """Raises an `InputError` if options of runs are given where nothing is run."""
    from grid.errors import Fault, raise_if_any

    given = {"--jobs": jobs, "--index": index}
    rule = "must be left out with --read-only, as nothing is run then"
    raise_if_any([Fault(name, rule, value) for name, value in given.items() if value is not None], "the options")


@contextmanager
def _queue(folder: Path, workers: int | None, index: str | None, *, read_only: bool) -> Iterator[Jobs | None]:
    """What runs scenarios into a folder; None where nothing can be run, of which is told why unless that was asked for.

    Raises:
        InputError: If options of runs were given and cannot be kept.
        StoreError: If options of runs were given, and the folder or its index cannot be used.
    """
    from app.batch.jobs import open_jobs
    from app.commands.study_worker import MODULE
    from app.failures import StoreError
    from app.results.store.store import opened_store
    from grid.errors import InputError
    from grid.files.content import is_folder

    if read_only or not is_folder(folder):
        yield None  # who serves says that a folder is not there
        return
    queue = None
    with ExitStack() as opened:
        try:
            store = opened.enter_context(opened_store(folder, index))
            queue = opened.enter_context(open_jobs(store, workers, entry=MODULE))
        except (InputError, StoreError) as error:
            if workers is not None or index is not None:
                raise
            typer.echo(f"Nothing can be run here, results are only shown: {error}", err=True)
        yield queue
