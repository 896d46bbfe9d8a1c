"""Where runs are computed: processes of this machine, or the workers of a Dask cluster."""

from __future__ import annotations

import asyncio
import logging
import signal
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from multiprocessing import resource_tracker
from typing import TYPE_CHECKING, Any

from app.batch.worker import worker_version
from grid.errors import InputError
from grid.memory import KEEPING_FREED_MEMORY, MB
from grid.threads import environment, processors

if TYPE_CHECKING:
    from distributed import Client

CONNECT_S = 10
"""How long a scheduler may take to answer [s]."""
LEAST_MB = 200.0
"""Memory that a worker needs before it runs anything [MB]."""
_PLACE = "--scheduler"
_ON_THIS_MACHINE = {
    "distributed.worker.profile.enabled": False,  # takes time from the runs
    "distributed.scheduler.work-stealing": False,  # a run goes where what it shares is in memory
    # Dask looks every 20 ms how late its event loop is, twice a second at disks and network, and every two seconds for
    # data to move: a twentieth of a processor, in the client alone.
    "distributed.admin.tick.interval": "1s",
    "distributed.admin.system-monitor.interval": "10s",
    "distributed.admin.system-monitor.disk": False,
    "distributed.admin.system-monitor.gil.enabled": False,
    "distributed.scheduler.active-memory-manager.start": False,
    # A worker's nanny starts it again when it dies. Dask gives up both if the worker is not there 15 s after it died,
    # even where it came back meanwhile and has just died once more.
    "distributed.deploy.lost-worker-timeout": "1 week",
    # What libraries read when they are loaded must stand there before a worker's process starts. It takes the place of
    # Dask's MALLOC_TRIM_THRESHOLD_, by which arrays are given back to the system and asked for again.
    "distributed.nanny.pre-spawn-environ": {**KEEPING_FREED_MEMORY, **environment(threads=1)},
}
_OF_TERMINAL = (signal.SIGINT, signal.SIGHUP)
"""Signals that a terminal sends to all processes of a command; here the client alone acts on them."""


def opened_workers(jobs: int | None, scheduler: str | None) -> AbstractContextManager[Client]:
    """The workers that are asked for: of a scheduler, or so many on this machine (default: one for each processor).

    Raises:
        InputError: If both are given.
    """
    require_one_of(jobs, scheduler)
    return local_cluster(jobs or processors()) if scheduler is None else cluster_at(scheduler)


def require_one_of(jobs: int | None, scheduler: str | None) -> None:
    """Refuses a number of workers beside a scheduler.

    Raises:
        InputError: If both are given.
    """
    if jobs is not None and scheduler is not None:
        raise InputError.single("--jobs", "must be left out with --scheduler: a cluster has the workers it has", jobs)


@contextmanager
def local_cluster(jobs: int) -> Iterator[Client]:
    """Worker processes on this machine with one thread each, while the context lasts.

    They end with this process, however it ends. One that dies is started again.

    Args:
        jobs: How many.
    """
    import dask  # noqa: PLC0415  slow to import
    from distributed import Client, LocalCluster  # noqa: PLC0415

    with dask.config.set(_ON_THIS_MACHINE):
        resource_tracker.ensure_running()  # whose start lets blocked signals through again
        before = signal.pthread_sigmask(signal.SIG_BLOCK, _OF_TERMINAL)
        try:  # threads started here and processes started by them have the signals blocked
            cluster = LocalCluster(
                n_workers=jobs,
                threads_per_worker=1,
                processes=True,
                dashboard_address="127.0.0.1:0",  # Dask serves its state there; 8787 may be another's
                memory_limit=0,  # a worker of ours looks after its memory itself; Dask's would pause it
                silence_logs=logging.CRITICAL,
            )
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)
        with cluster, Client(cluster, set_as_default=False) as client:
            yield client


@contextmanager
def cluster_at(address: str) -> Iterator[Client]:
    """The cluster of a scheduler, while the context lasts.

    Raises:
        InputError: If there is no scheduler at the address, it is of another version, or its workers are.
    """
    from distributed import Client  # noqa: PLC0415  slow to import
    from distributed.utils import silence_logging_cmgr  # noqa: PLC0415

    check_scheduler(address)
    with (
        silence_logging_cmgr(logging.CRITICAL),  # what goes wrong is said by the batch
        Client(address, timeout=CONNECT_S, set_as_default=False) as client,
    ):
        _check_workers(client, address)
        yield client


def check_scheduler(address: str) -> None:
    """Asks a scheduler who it is, before a client is made: one that cannot connect does not end by itself.

    Raises:
        InputError: If none of this version answers.
    """
    try:
        identity, versions = asyncio.run(_ask(address))
    except ValueError as error:
        rule = f"is no address of a scheduler such as tcp://host:8786 ({error})"
        raise InputError.single(_PLACE, rule, address) from error
    except (OSError, TimeoutError) as error:
        raise InputError.single(_PLACE, f"no scheduler answers within {CONNECT_S} s", address) from error
    except Exception as error:  # what another program or a much older scheduler answers
        raise InputError.single(
            _PLACE, f"what answers is no Dask scheduler of this version ({error})", address
        ) from error
    if identity.get("type") != "Scheduler":
        raise InputError.single(_PLACE, f"must be a scheduler; a {identity.get('type')} answers", address)
    _check_same(versions, "its scheduler", address)


async def _ask(address: str) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
    """What a scheduler says of itself, and its versions."""
    from distributed.core import rpc  # noqa: PLC0415  slow to import
    from distributed.security import Security  # noqa: PLC0415

    arguments = Security().get_connection_args("client")  # as Dask's configuration says, for tls://
    async with rpc(address, timeout=CONNECT_S, connection_args=arguments) as scheduler:
        identity = await asyncio.wait_for(scheduler.identity(n_workers=0), CONNECT_S)
        return identity, await asyncio.wait_for(scheduler.versions(), CONNECT_S)


def _check_same(versions: Mapping[str, Any], whose: str, address: str) -> None:
    """Raises an `InputError` if Python or Dask are of other versions than here, as pickled calls need the same."""
    from distributed.versions import get_versions  # noqa: PLC0415  slow to import

    here, there = get_versions()["packages"], versions.get("packages") or {}
    names = ("python", "dask", "distributed")
    shown = {name: (_minor(here[name]) if name == "python" else here[name]) for name in names}
    found = {name: (_minor(there.get(name)) if name == "python" else there.get(name)) for name in names}
    differ = [f"{name} {found[name]} there, {shown[name]} here" for name in names if found[name] != shown[name]]
    if differ:
        raise InputError.single(_PLACE, f"{whose} has other versions: {'; '.join(differ)}", address)


def _minor(version: str | None) -> str | None:
    """A version of Python without what is only mended between two."""
    return None if version is None else ".".join(version.split(".")[:2])


def _check_workers(client: Client, address: str) -> None:
    """Raises an `InputError` if a worker has another version of Dask or of gridcarbon."""
    for worker, versions in client.get_versions()["workers"].items():
        _check_same(versions, f"its worker {worker}", address)
    here = worker_version()[0]
    answers = client.run(worker_version, on_error="return")
    for worker, answer in answers.items():
        if isinstance(answer, BaseException):
            raise InputError.single(_PLACE, f"its worker {worker} cannot run gridcarbon ({answer})", address)
        if answer[0] != here:
            rule = f"its worker {worker} has gridcarbon {answer[0]}, and here it is {here}"
            raise InputError.single(_PLACE, rule, address)


def megabytes(text: str | None, jobs: int | None, scheduler: str | None) -> float | None:
    """The most memory of a worker [MB].

    Args:
        text: It as a user writes it, such as ``2GB``. By default each worker on this machine has its part of the
            memory, and one of a cluster what it was started with, which is None here.
        jobs: Workers on this machine; by default one for each processor.
        scheduler: Address of a scheduler instead.

    Raises:
        InputError: If it is no size, or less than a worker itself needs.
    """
    from dask.utils import parse_bytes  # noqa: PLC0415  slow to import
    from distributed.system import MEMORY_LIMIT  # noqa: PLC0415

    if text is None:
        return None if scheduler is not None else float(MEMORY_LIMIT) / MB / (jobs or processors())
    try:
        limit_mb = float(parse_bytes(text)) / MB
    except ValueError as error:
        raise InputError.single("--memory-limit", "must be a size such as 2GB or 800MB", text) from error
    if limit_mb < LEAST_MB:
        raise InputError.single("--memory-limit", f"must be at least {LEAST_MB:g}MB, which a worker itself needs", text)
    return limit_mb
