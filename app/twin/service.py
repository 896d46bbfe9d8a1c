"""The twin at work: takes measurements in, stores them, and hands them to whoever draws conclusions from them."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final, Protocol

import polars as pl

from app.failures import StoreError
from app.twin.measuring.messages import ReceivedMessage, measurements_in
from app.twin.measuring.store import MeasurementStore
from grid.errors import InputError
from grid.twin.arrival import KEPT, ArrivalMarks
from grid.twin.measurements import Measurement, measurements_of
from grid.twin.quality import QualityRules

if TYPE_CHECKING:
    from app.twin.mqtt import ArrivedMessage, MqttIntake
    from app.twin.sole_service import ServerLock

MOST_AT_ONCE: Final = 5_000
"""Messages that are stored in one transaction, at most."""
WAIT_S: Final = 0.25
"""How long a batch waits for its first message [s]; within it the service can end."""
SURE_S: Final = 0.02
"""After this time a message that had arrived is in the queue [s]; ours."""
LONGEST_PAUSE_S: Final = 5.0
"""Longest time between two tries to store a batch [s]."""
CHECK_S: Final = 10.0
"""Time after which it is made sure again that no other service writes the store [s]."""


class Follower(Protocol):
    """What is told of measurements as soon as they are stored: estimation, forecast, alerts.

    It keeps in a store of its own how far it came, and asks `MeasurementStore.after` for what it missed: the service
    may have ended between storing and telling.
    """

    def take(self, marked: pl.DataFrame, store: MeasurementStore) -> Iterator[str]:
        """What it has to say after a batch, in lines.

        Args:
            marked: The rows of the batch with `MEASUREMENT_COLUMNS`, marked.
            store: Where they are, with all before them.
        """

    def due(self, now: datetime) -> datetime | None:
        """When it has something to do though nothing arrives; None while nothing waits for its time.

        Args:
            now: The time by the clock of the machine.
        """

    def wait(self, now: datetime, store: MeasurementStore) -> Iterator[str]:
        """What it has to say while nothing arrives, in lines.

        Args:
            now: A time by the clock of the machine; all messages that had arrived by then are stored.
            store: Where they are.
        """


@dataclass(frozen=True)
class IntakeState:
    """How the intake stands.

    Args:
        at: When.
        stored: Measurements added since it began.
        repeated: Measurements that the store had.
        rejected: Messages that held no measurement.
        qualities: How many of the measurements had each quality on arrival.
        per_second: Messages taken per second since the state before [1/s].
        waiting: Messages that have arrived and are not stored.
        connected: Whether there is a connection to the broker.
        latest: When the latest measurement was measured; None if there is none.
        trouble: What is wrong now, in words; empty if nothing is.
    """

    at: datetime
    stored: int
    repeated: int
    rejected: int
    qualities: Mapping[str, int]
    per_second: float
    waiting: int
    connected: bool
    latest: datetime | None
    trouble: str = ""

    def __str__(self) -> str:
        """In one line."""
        qualities = ", ".join(f"{count:,} {name.replace('_', ' ')}" for name, count in self.qualities.items() if count)
        latest = "no measurement yet" if self.latest is None else f"latest of {self.latest:%Y-%m-%d %H:%M:%S} UTC"
        parts = [
            f"{self.stored:,} stored ({self.repeated:,} repeated, {self.rejected:,} rejected)",
            qualities,
            f"{self.per_second:,.0f}/s, {self.waiting:,} waiting",
            latest,
            "" if self.connected else "not connected",
            self.trouble,
        ]
        return f"{self.at:%H:%M:%S} " + "; ".join(part for part in parts if part)


class TwinService:
    """Takes messages from a broker into a store until it is told to end.

    Args:
        intake: Connected to the broker.
        store: Where measurements are kept.
        followers: Told of each batch after it is stored.
        say: Gets lines, of followers and of trouble.
        lock: The lock on the store in a server, which is checked now and then; None without one.
    """

    def __init__(
        self,
        intake: MqttIntake,
        store: MeasurementStore,
        followers: Sequence[Follower] = (),
        say: Callable[[str], None] = print,
        lock: ServerLock | None = None,
    ) -> None:
        self._intake, self._store, self._followers, self._say = intake, store, followers, say
        self._lock, self._checked = lock, time.monotonic()
        self._marks = ArrivalMarks()
        self._stored = self._repeated = self._rejected = self._taken = 0
        self._trouble, self._latest, self._hampered = "", store.latest(), False
        self._clock_trouble = ""
        self._untold: int | None = None
        self._ends: Callable[[], bool] = bool  # until `run` says otherwise, never
        self._told_at, self._told_taken = time.monotonic(), 0
        self._catch_up()

    def _catch_up(self) -> None:
        """Lets the rules know the last values of each place from before a restart."""
        before = self._store.last(min(self._store.counts()["places"] * KEPT, 10 * MOST_AT_ONCE))
        if before.height:
            self._marks.take(before, count=False)

    def state(self) -> IntakeState:
        """How the intake stands; rates are since this was asked for last."""
        now, taken = time.monotonic(), self._taken
        per_second = (taken - self._told_taken) / max(now - self._told_at, 1e-9)
        self._told_at, self._told_taken = now, taken
        return IntakeState(
            at=datetime.now(UTC),
            stored=self._stored,
            repeated=self._repeated,
            rejected=self._rejected,
            qualities=self._marks.counts,
            per_second=per_second,
            waiting=self._intake.n_waiting,
            connected=self._intake.connected,
            latest=self._latest,
            trouble=self._trouble or self._clock_trouble or self._intake.reason,
        )

    def run(self, ends: Callable[[], bool], every_s: float = 10.0) -> IntakeState:
        """Takes messages until it is told to end; then stores what has arrived, and says how it stands.

        Args:
            ends: Asked several times a second whether to end.
            every_s: How often it says how it stands [s].

        Raises:
            InputError: If another service has taken the store, after the connection to its server was lost.
        """
        said, self._ends = time.monotonic(), ends
        self._tell_followers(self._marks.take(self._store.last(0)))  # they take what arrived before this run
        while not ends():
            self._check_lock()
            self.step(WAIT_S)
            if time.monotonic() - said >= every_s:
                said = time.monotonic()
                self._say(str(self.state()))
        while self._intake.n_waiting and not self._trouble:
            self.step(0.0)
        return self.state()

    def _check_lock(self) -> None:
        if self._lock is not None and time.monotonic() - self._checked >= CHECK_S:
            self._checked = time.monotonic()
            self._lock.check()

    def step(self, wait_s: float) -> int:
        """Takes one batch; returns how many messages it had."""
        arrived = self._intake.take(MOST_AT_ONCE, self._until_due(wait_s))
        if not arrived:
            now = datetime.now(UTC)
            arrived = self._intake.take(MOST_AT_ONCE, min(wait_s, SURE_S))
        if arrived:
            self._keep(arrived)
        elif self._untold is not None:
            self._tell(self._untold)
        else:
            self._say_of(follower.wait(now, self._store) for follower in self._followers)
        return len(arrived)

    def _until_due(self, wait_s: float) -> float:
        """How long to wait for messages: not longer than until a follower has something to do [s]."""
        now = datetime.now(UTC)
        moments = [] if self._hampered else [each.due(now) for each in self._followers]
        return min([wait_s, *(max(0.0, (each - now).total_seconds()) for each in moments if each is not None)])

    def _keep(self, arrived: Sequence[ArrivedMessage]) -> None:
        """Stores a batch, then acknowledges it, then tells the followers."""
        measurements, rejected = read_messages([each.message for each in arrived], self._intake.address.prefix)
        pause_s = 0.1
        while True:
            try:
                added = self._store.add(measurements, rejected)
                break
            except StoreError as error:  # unacknowledged messages wait at the broker: nothing is lost
                if self._trouble != str(error):
                    self._say(f"{error}; messages wait")
                self._trouble = str(error)
                if self._ends():
                    return
                time.sleep(pause_s)
                pause_s = min(2 * pause_s, LONGEST_PAUSE_S)
        self._trouble = ""
        self._intake.acknowledge(arrived)
        self._taken += len(arrived)
        self._stored += added.new
        self._repeated += added.repeated
        self._rejected += len(rejected)
        if added.new:
            self._tell(added.after)

    def _tell(self, number: int) -> None:
        self._untold = number if self._untold is None else self._untold
        try:
            new, _ = self._store.after(self._untold)
        except StoreError as error:  # they are stored, and told when the store can be read again
            self._hampered = True
            self._say(str(error))
            return
        self._untold = None
        marked = self._marks.take(new)
        self._compare_clocks(marked)
        newest = marked["time"].max()
        if isinstance(newest, datetime):
            self._latest = newest if self._latest is None else max(newest, self._latest)
        self._tell_followers(marked)

    def _compare_clocks(self, new: pl.DataFrame) -> None:
        """Says once when measurements are timed after their arrival, as where this machine's clock was set back."""
        before, self._clock_trouble = self._clock_trouble, clock_trouble(new)
        if self._clock_trouble and not before:
            self._say(self._clock_trouble)

    def _tell_followers(self, marked: pl.DataFrame) -> None:
        self._say_of(follower.take(marked, self._store) for follower in self._followers)

    def _say_of(self, followers: Iterable[Iterator[str]]) -> None:
        """Says what followers have to say."""
        self._hampered = False
        for lines in followers:
            try:
                for line in lines:
                    self._say(line)
            except StoreError as error:  # it asks for what it missed with the next batch
                self._hampered = True
                self._say(str(error))


def clock_trouble(new: pl.DataFrame) -> str:
    """What is wrong where half of the rows are timed after their arrival, in words; empty where they are not."""
    ahead = new.select((pl.col("time") - pl.col("received")).dt.total_seconds().median()).item()
    if ahead is None or ahead <= QualityRules().early_after_s:
        return ""
    return (
        f"measurements are timed {ahead:,.0f} s after they arrive by this machine's clock, which seems to be behind: "
        "they are stored, marked as suspect and not used until it is right"
    )


def read_messages(
    messages: Sequence[ReceivedMessage], prefix: str
) -> tuple[list[Measurement], list[tuple[ReceivedMessage, str]]]:
    """The measurements in messages, and the messages that hold none, each with all that is wrong with it."""
    measurements: list[Measurement] = []
    rejected = []
    for message in messages:
        try:
            measurements += measurements_in(message, prefix)
        except InputError as error:
            rejected.append((message, "; ".join(map(str, error.faults)).replace("\0", "\\0")))
    return measurements, rejected


def store_frame(store: MeasurementStore, frame: pl.DataFrame) -> tuple[int, int]:
    """Adds the rows of a table with `MEASUREMENT_COLUMNS`; returns how many were new, and how many were there."""
    new = repeated = 0
    for part in frame.iter_slices(MOST_AT_ONCE):
        added = store.add(measurements_of(part))
        new, repeated = new + added.new, repeated + added.repeated
    return new, repeated
