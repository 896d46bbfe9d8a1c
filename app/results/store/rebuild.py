"""An index made again from the results and the records of sweeps in its store."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from sqlalchemy import Connection, and_, delete, func, not_, or_, select, update

from app.results.store.database import Database
from app.results.store.folders.store_folder import Found, StoreFolder
from app.results.store.index_tables import RUNS, VARIANTS, make_job_tables
from app.results.store.leases import listed
from app.results.store.queue.record import read_jobs
from app.results.store.queue.rows import rebuild_jobs
from app.results.store.records import SweepRecord
from app.results.store.rows import add_missing, result_values, write_variants
from app.results.store.states import WITH_RESULT
from grid.errors import Fault, InputError, raise_if_any


def rebuild(database: Database, store: str, folder: StoreFolder) -> int:
    """See `Index.rebuild`; the store is looked through before the index is changed."""
    faults: list[Fault] = []
    results: dict[str, Found] = {}
    for name, found in looked_at(folder, folder.names()).items():
        if isinstance(found, InputError):
            faults += found.faults
        else:
            results[name] = found
    records: list[SweepRecord] = []
    try:
        records = folder.records()
    except InputError as error:
        faults += error.faults
    jobs, unreadable = read_jobs(folder)
    faults += [fault for error in unreadable for fault in error.faults]
    named = {run.key: None for record in records for run in record.runs} | {
        job.key: None for job in jobs if job.needs_run
    }
    with database.writing() as connection:
        make_job_tables(connection)
        connection.execute(delete(VARIANTS).where(VARIANTS.c.store == store))
        for record in records:
            write_variants(connection, store, record)
        _remove_gone(connection, store, database, results, named)
        rebuild_jobs(connection, store, jobs, database.now)
        add_missing(connection, store, [*named, *results], database.now)
        for key, found in results.items():
            values = result_values(found)
            values["seconds"] = func.coalesce(RUNS.c.seconds, values["seconds"])  # what was measured stays
            connection.execute(update(RUNS).where(RUNS.c.store == store, RUNS.c.key == key).values(**values))
    raise_if_any(faults, folder.shown)
    return len(results)


def looked_at(folder: StoreFolder, names: Sequence[str]) -> dict[str, Found | InputError]:
    """The results of these names, or what is wrong with them; their tables are not compared with their hashes."""

    def look(name: str) -> Found | InputError:
        try:
            return folder.look(name, all_files=False)
        except InputError as error:
            return error

    return dict(zip(names, folder.each(look, names), strict=True))


def _remove_gone(
    connection: Connection, store: str, database: Database, results: Collection[str], named: Collection[str]
) -> None:
    """Removes runs whose results are gone, and those that no sweep names, unless somebody works on them now."""
    there, known = (select(listed(connection, list(keys)).c.value) for keys in (results, named))
    living = and_(RUNS.c.status == "running", RUNS.c.lease_until >= database.now)
    gone = and_(RUNS.c.key.not_in(there), or_(RUNS.c.status.in_(WITH_RESULT), RUNS.c.key.not_in(known)))
    connection.execute(delete(RUNS).where(RUNS.c.store == store, gone, not_(living)))
