"""Rows of the table of runs: adding them, and what a result or a state is in them."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, select
from sqlalchemy.dialects import postgresql, sqlite

from app.results.store.folders.store_folder import Found
from app.results.store.index_tables import RUNS, VARIANTS
from app.results.store.leases import listed
from app.results.store.records import SweepRecord
from app.results.store.states import RunState


def known_keys(connection: Connection, store: str, keys: Collection[str]) -> set[str]:
    """Those of the keys that have a row."""
    asked = listed(connection, list(keys))
    statement = select(RUNS.c.key).join(asked, RUNS.c.key == asked.c.value).where(RUNS.c.store == store)
    return set(connection.scalars(statement))


def add_missing(connection: Connection, store: str, keys: Iterable[str], now: ColumnElement[float]) -> bool:
    """Adds a waiting run for each key that has no row. Returns whether there were any."""
    wanted = list(dict.fromkeys(keys))
    known = known_keys(connection, store, wanted)
    missing = [key for key in wanted if key not in known]
    if missing:
        rows = [{"store": store, "key": key, "status": "waiting"} for key in missing]
        dialect = sqlite if connection.dialect.name == "sqlite" else postgresql
        connection.execute(dialect.insert(RUNS).values(registered=now).on_conflict_do_nothing(), rows)
    return bool(missing)


def write_variants(connection: Connection, store: str, record: SweepRecord) -> None:
    """Writes what a sweep calls its runs, in place of what was there."""
    connection.execute(VARIANTS.delete().where(VARIANTS.c.store == store, VARIANTS.c.sweep == record.sweep))
    rows = [
        {"store": store, "sweep": record.sweep, "name": run.name, "place": place, "tags": list(run.tags),
         "parameters": dict(run.parameters), "key": run.key}
        for place, run in enumerate(record.runs)
    ]  # fmt: skip
    if rows:
        connection.execute(VARIANTS.insert(), rows)


def result_values(found: Found) -> dict[str, Any]:
    """Columns of a run whose result is in the store."""
    seconds = found.manifest.get("seconds")
    return {
        "status": "infeasible" if found.manifest.get("status") == "infeasible" else "done",
        "reason": "",
        "scenario_hash": found.manifest["scenario_hash"],
        "seconds": sum(seconds.values()) if isinstance(seconds, dict) else None,
        "size_bytes": found.size_bytes,
        "figures": dict(found.summary),
        "lease_until": None,
    }


def as_state(row: Row[Any]) -> RunState:
    """The state of a run from its row, which has `lease_left_s` besides the table's columns."""
    return RunState(
        key=row.key,
        status=row.status,
        reason=row.reason,
        worker=row.worker,
        phase=row.phase,
        share=row.share,
        lease_left_s=row.lease_left_s if row.status == "running" else None,
        attempts=row.attempts,
        started=row.started,
        finished=row.finished,
        seconds=row.seconds,
        peak_memory_mb=row.peak_memory_mb,
        size_bytes=row.size_bytes,
        figures=row.figures or {},
    )
