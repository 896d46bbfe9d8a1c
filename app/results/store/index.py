"""The index of a store: its runs, what sweeps call them, who works on which, and how each ended.

The folders of the store are the truth, the index is what makes asking them fast and what workers agree by. An index
that is lost or behind is made again from the folders.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, delete, select, update

from app.results.store.database import Database
from app.results.store.folders.store_folder import Found, StoreFolder
from app.results.store.index_tables import RUNS
from app.results.store.leases import listed, next_free, of_worker
from app.results.store.rebuild import rebuild
from app.results.store.records import SweepRecord
from app.results.store.rows import add_missing, as_state, result_values, write_variants
from app.results.store.states import WITH_RESULT, RunState, RunStatus, Variant
from grid.errors import InputError


@dataclass(frozen=True)
class Index:
    """The index of a store. All methods raise a `StoreError` where the database or the store cannot be reached.

    Args:
        database: Where it lies.
        store: The store's name in it.
        folder: The store's results.
    """

    database: Database
    store: str
    folder: StoreFolder

    def register(self, sweep: str, runs: Iterable[Variant], design: Mapping[str, Any] | None = None) -> None:
        """Makes the runs of a sweep known, here and in the store, in place of what a sweep of this name had before.

        Runs whose results are in the store count as done; what killed writers left in the store is removed.

        Args:
            sweep: Name of the sweep.
            runs: Its runs; several may have the same key, and then share a result.
            design: What an evaluation needs to know of how the runs were chosen, JSON-like.
        """
        record = SweepRecord.of(sweep, runs, design or {})
        keys = list(dict.fromkeys(run.key for run in record.runs))
        self.folder.write_record(record)
        with self.database.writing() as connection:
            write_variants(connection, self.store, record)
            add_missing(connection, self.store, keys, self.database.now)
        self.reconcile(keys)
        self.folder.clean(self.running())

    def reconcile(self, keys: Collection[str]) -> None:
        """Lets runs count as done whose results are in the store, and lets wait those whose results are gone."""
        there = set(self.folder.listed())
        known = {key: state.status in WITH_RESULT for key, state in self.states(keys).items()}
        self._let_wait([key for key, done in known.items() if done and key not in there], WITH_RESULT)
        unknown = [key for key, done in known.items() if not done and key in there]
        for key, found in zip(unknown, self.folder.each(self._verified, unknown), strict=True):
            if found is not None:
                with self.database.writing() as connection:
                    values = {**result_values(found), "finished": self.database.now}
                    connection.execute(update(RUNS).where(self._is(key)).values(**values))

    def take(self, worker: str, keys: Sequence[str], lease_s: float) -> str | None:
        """Gives a worker the next run that is nobody's and not done: no other gets it while the lease lasts.

        A run whose result is in the store although the index did not know is done, and is passed over.

        Args:
            worker: Name of the worker, different for each.
            keys: Which runs, in order; those that the index does not know are added to it.
            lease_s: Seconds until the run may be given to another, unless the lease is renewed [s].

        Returns:
            Its key; None if every run is done, failed, or somebody else's.
        """
        while True:
            key = self._take(worker, keys, lease_s)
            found = None if key is None else self._verified(key)
            if key is None or found is None:
                return key
            self._finish(key, worker, result_values(found))

    def _take(self, worker: str, keys: Sequence[str], lease_s: float) -> str | None:
        now = self.database.now
        with self.database.writing() as connection:
            free = next_free(connection, self.store, keys, now)
            if free is None and add_missing(connection, self.store, keys, now):
                free = next_free(connection, self.store, keys, now)
            if free is None:
                return None
            key, attempts = free
            values = {"status": "running", "reason": "", "worker": worker, "phase": "", "share": 0.0, "started": now,
                      "finished": None, "attempts": attempts + 1, "lease_until": now + lease_s}  # fmt: skip
            connection.execute(update(RUNS).where(self._is(key)).values(**values))
            return key

    def renew(self, key: str, worker: str, phase: str, share: float, lease_s: float) -> bool:
        """Renews the lease of a worker and says how far it is.

        Returns:
            Whether the run is still its own; if not, it must not write the result.
        """
        values = {"phase": phase, "share": share, "lease_until": self.database.now + lease_s}
        return self._change(key, worker, values)

    def finish(
        self,
        key: str,
        worker: str,
        status: RunStatus = "done",
        reason: str = "",
        figures: Mapping[str, Any] | None = None,
        seconds: float | None = None,
        peak_memory_mb: float | None = None,
        size_bytes: int | None = None,
    ) -> bool:
        """Writes down how the run of a worker ended.

        Args:
            key: The run.
            worker: Who had it.
            status: How it ended; a run with a result ended as its manifest says, whether `done` or `infeasible`.
            reason: Why it failed.
            figures: Its key figures; those of its result if None.
            seconds: How long it took [s].
            peak_memory_mb: The most memory it needed [MB].
            size_bytes: Size of its result; measured if None.

        Returns:
            Whether the run was still its own; if not, nothing is written.

        Raises:
            InputError: If the run is said to have a result and the store holds none.
        """
        values: dict[str, Any] = {"status": status, "reason": reason}
        if status in WITH_RESULT:
            values = result_values(self.folder.look(key, all_files=False))
        given = {"figures": figures, "seconds": seconds, "peak_memory_mb": peak_memory_mb, "size_bytes": size_bytes}
        values |= {name: value for name, value in given.items() if value is not None}
        return self._finish(key, worker, values)

    def _finish(self, key: str, worker: str, values: Mapping[str, Any]) -> bool:
        ended = {"finished": self.database.now, "lease_until": None, "phase": "", "share": 0.0}
        return self._change(key, worker, {**ended, **values})

    def release(self, key: str, worker: str) -> bool:
        """Gives a run back that a worker did not finish. Returns whether it was still its own."""
        return self._change(key, worker, {"status": "waiting", "lease_until": None, "phase": "", "share": 0.0})

    def forget(self, key: str, worker: str) -> bool:
        """Takes a run out that ended without a result, as studies do. Returns whether it was still the worker's."""
        with self.database.writing() as connection:
            of_it = self._is(key) & (RUNS.c.worker == worker) & (RUNS.c.status == "running")
            return connection.execute(delete(RUNS).where(of_it)).rowcount == 1

    def retry(self, keys: Sequence[str]) -> int:
        """Lets failed and cancelled runs wait again. Returns how many."""
        return self._let_wait(keys, ("failed", "cancelled"))

    def cancel(self, keys: Sequence[str]) -> list[str]:
        """Ends runs that wait or go on: the worker of one has lost its lease, and ends it when it notices.

        Returns:
            The keys of those that were ended.
        """
        values = {"status": "cancelled", "reason": "", "lease_until": None, "phase": "", "share": 0.0,
                  "finished": self.database.now}  # fmt: skip
        with self.database.writing() as connection:
            asked = listed(connection, list(keys))
            chosen = RUNS.c.key.in_(select(asked.c.value)) & RUNS.c.status.in_(("waiting", "running"))
            statement = update(RUNS).where(RUNS.c.store == self.store, chosen).values(**values)
            return list(connection.scalars(statement.returning(RUNS.c.key)))

    def states(self, keys: Collection[str]) -> dict[str, RunState]:
        """What is known of runs, by key in the order given; keys that the index does not know are left out."""
        with self.database.reading() as connection:
            asked = listed(connection, list(keys))
            statement = (
                select(RUNS, (RUNS.c.lease_until - self.database.now).label("lease_left_s"))
                .join(asked, RUNS.c.key == asked.c.value)
                .where(RUNS.c.store == self.store)
                .order_by(asked.c.place)
            )
            return {row.key: as_state(row) for row in connection.execute(statement)}

    def with_result(self) -> set[str]:
        """Keys of the runs that the index says have a result, whether or not it is there."""
        with self.database.reading() as connection:
            chosen = RUNS.c.status.in_(WITH_RESULT) & (RUNS.c.store == self.store)
            return set(connection.scalars(select(RUNS.c.key).where(chosen)))

    def running(self) -> set[str]:
        """Keys of the runs that somebody works on."""
        living = (RUNS.c.status == "running") & (RUNS.c.lease_until >= self.database.now)
        with self.database.reading() as connection:
            return set(connection.scalars(select(RUNS.c.key).where(RUNS.c.store == self.store, living)))

    def rebuild(self) -> int:
        """Makes the index again from the results and the records of sweeps in the store.

        What only the index knows stays as far as it is there: who works on which run now, and why runs failed.

        Returns:
            How many results the store has.

        Raises:
            InputError: If records of sweeps or results are damaged, when all others are in the index; all at once.
        """
        return rebuild(self.database, self.store, self.folder)

    def close(self) -> None:
        """Closes the connections to the database."""
        self.database.close()

    def _is(self, key: str) -> ColumnElement[bool]:
        return (RUNS.c.store == self.store) & (RUNS.c.key == key)

    def _change(self, key: str, worker: str, values: Mapping[str, Any]) -> bool:
        with self.database.writing() as connection:
            changed = connection.execute(of_worker(self.store, key, worker).values(**values))
            return changed.rowcount == 1

    def _let_wait(self, keys: Sequence[str], of: Sequence[str]) -> int:
        values = {"status": "waiting", "reason": "", "figures": None, "size_bytes": None}
        with self.database.writing() as connection:
            asked = listed(connection, list(keys))
            chosen = RUNS.c.key.in_(select(asked.c.value)) & RUNS.c.status.in_(of) & (RUNS.c.store == self.store)
            return connection.execute(update(RUNS).where(chosen).values(**values)).rowcount

    def _verified(self, key: str) -> Found | None:
        """The result of a run if the store has it as it was written."""
        if not self.folder.has(key):
            return None
        try:
            return self.folder.look(key, all_files=True)
        except InputError:
            return None
