"""The entries of the log as an operation reads them: each once, up to where it says."""

from __future__ import annotations

from app.twin.log.store import TwinLog
from grid.twin.learning.records import LogRecord


class LogEntries:
    """The entries of a log that were read.

    Args:
        log: The log.

    Attributes:
        records: The entries, in the order of the log.
        number: Number of the last one, by which the next are asked for.
    """

    def __init__(self, log: TwinLog) -> None:
        self._log = log
        self.records: list[LogRecord] = []
        self.number = 0

    def read(self, until: int | None = None) -> None:
        """Reads what is new in the log, up to a number if one is given.

        Raises:
            StoreError: If the log cannot be reached.
        """
        new, number = self._log.after(self.number, until)
        self.number = number
        self.records += new
