"""Pages as they were made, kept for the next who asks: navigation computes nothing twice."""

from __future__ import annotations

import hashlib
import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field

MOST_BYTES = 64_000_000
"""Most memory that kept pages take together; what was not asked for longest goes first."""


@dataclass(frozen=True)
class Answer:
    """What a browser is sent.

    Args:
        content: JSON.
        tag: Of this content alone, by which the browser asks whether what it has is still right.
    """

    content: bytes
    tag: str

    @classmethod
    def of(cls, content: bytes) -> Answer:
        """The answer of this content."""
        return cls(content, hashlib.sha256(content).hexdigest()[:32])


@dataclass(frozen=True)
class KeptPages:
    """Answers by key. One that several ask for at once is made once; the others wait for it.

    Args:
        most_bytes: Most bytes that are kept.
    """

    most_bytes: int = MOST_BYTES
    _kept: OrderedDict[Hashable, Answer] = field(default_factory=OrderedDict)
    _making: dict[Hashable, threading.Lock] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __len__(self) -> int:
        return len(self._kept)

    def get(self, key: Hashable, make: Callable[[], bytes]) -> Answer:
        """What is kept under a key; made by `make` if there is nothing."""
        with self._lock:
            found = self._found(key)
            if found is not None:
                return found
            making = self._making.setdefault(key, threading.Lock())
        with making:
            with self._lock:
                found = self._found(key)
            return self._made(key, make) if found is None else found

    def _found(self, key: Hashable) -> Answer | None:
        if key in self._kept:
            self._kept.move_to_end(key)
        return self._kept.get(key)

    def _made(self, key: Hashable, make: Callable[[], bytes]) -> Answer:
        try:
            made = Answer.of(make())
            with self._lock:
                self._kept[key] = made
                while (
                    sum(len(answer.content) for answer in self._kept.values()) > self.most_bytes and len(self._kept) > 1
                ):
                    self._kept.popitem(last=False)
        finally:
            with self._lock:
                self._making.pop(key, None)
        return made
