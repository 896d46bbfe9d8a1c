"""Who works on which run: statements that give a run to one worker at a time, by the clock of the database."""

from __future__ import annotations

import json
from collections.abc import Sequence

from sqlalchemy import (
    ColumnElement,
    Connection,
    FromClause,
    Text,
    Update,
    and_,
    cast,
    func,
    literal,
    or_,
    select,
    update,
)
from sqlalchemy.dialects.postgresql import ARRAY

from app.results.store.index_tables import RUNS


def listed(connection: Connection, keys: Sequence[str]) -> FromClause:
    """The keys as rows with a `value` and a `place` in the order given; as many as there are, in one parameter."""
    if connection.dialect.name == "sqlite":
        rows = func.json_each(literal(json.dumps(list(keys)), Text)).table_valued("value", "key")
        return select(rows.c.value, rows.c.key.label("place")).subquery("asked")
    found = func.unnest(cast(list(keys), ARRAY(Text))).table_valued("value", with_ordinality="place")
    return found.render_derived()


def next_free(
    connection: Connection, store: str, keys: Sequence[str], now: ColumnElement[float]
) -> tuple[str, int] | None:
    """The first of the keys whose run is nobody's and not done, locked until the transaction ends; and its attempts."""
    asked = listed(connection, keys)
    expired = and_(RUNS.c.status == "running", RUNS.c.lease_until < now)
    statement = (
        select(RUNS.c.key, RUNS.c.attempts)
        .join(asked, RUNS.c.key == asked.c.value)
        .where(RUNS.c.store == store, or_(RUNS.c.status == "waiting", expired))
        .order_by(asked.c.place)
        .limit(1)
        .with_for_update(of=RUNS, skip_locked=True)
    )
    row = connection.execute(statement).first()
    return None if row is None else (row.key, row.attempts)


def of_worker(store: str, key: str, worker: str) -> Update:
    """A change of the run that a worker has; of no row if it has lost it."""
    return update(RUNS).where(
        RUNS.c.store == store, RUNS.c.key == key, RUNS.c.worker == worker, RUNS.c.status == "running"
    )
