"""Failures that are neither the input's nor a defect: what is needed is not there now, and the call can go on later."""

from __future__ import annotations


class StoreError(RuntimeError):
    """A store or its index cannot be reached, read or written now; nothing is lost, and the same call can go on later.

    Args:
        place: The store, or the index, as the user named it.
        reason: What is wrong with it, in words.
    """

    def __init__(self, place: str, reason: str) -> None:
        super().__init__(place, reason)  # both, so that the error can be sent from one process to another
        self.place = place
        self.reason = reason

    def __str__(self) -> str:
        return f"{self.place}: {self.reason}"
