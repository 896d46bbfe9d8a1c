"""The entries of the log as an operation reads them: each once, up to where it says, kept only while one needs them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from app.twin.log.store import TwinLog
from app.twin.operation.cases import OpenCases
from grid.twin.learning.records import LogRecord

_AT_ONCE: Final = 1_000
"""Entries that are read at once."""


class LogEntries:
    """How far a log was read, and what is open in it.

    Args:
        log: The log.
        number: Number of the last entry that is not needed any more.

    Attributes:
        cases: The alerts that have no outcome yet.
        number: Number of the last entry that was read.
    """

    def __init__(self, log: TwinLog, number: int = 0) -> None:
        self._log, self.number = log, number
        self.cases = OpenCases(log.has_outcome)

    def read(self, tell: Callable[[int, LogRecord], None], until: int | None = None) -> None:
        """Reads what is new in the log.

        Args:
            tell: Is told of each entry, with its number.
            until: Number of the last one that is wanted; None for all.

        Raises:
            StoreError: If the log cannot be reached.
        """
        while new := self._log.numbered(self.number, until, _AT_ONCE):
            for number, record in new:
                self.cases.take(number, record)
                tell(number, record)
                self.number = number

    def needed(self, first: int | None) -> int:
        """Number of the last entry that is not needed any more.

        Args:
            first: Number of the first entry that the actions of the day need; None without one.
        """
        firsts = [each for each in (self.cases.first, first) if each is not None]
        return min(firsts) - 1 if firsts else self.number
