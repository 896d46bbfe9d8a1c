"""What several scenarios have in common, made once: results of pure functions, kept while `sharing_preparation` holds.

Nothing is kept unless a caller asks for it, and nothing outlives what he holds. A kept result is that of the same
arguments and, where the function reads files, of files with the same size, identity and time of change; so it equals
one made afresh bit for bit. Nobody changes it: all that is passed on is frozen.
"""

from __future__ import annotations

import sys
from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import fields, is_dataclass
from functools import cache, partial, wraps
from inspect import signature
from pathlib import Path
from threading import Lock
from typing import Any, ParamSpec, Protocol, TypeVar

import numpy as np
from pydantic import BaseModel

from grid.array_digest import array_digest

__all__ = ["SharedPreparation", "is_shared", "keep_latest", "shared", "sharing_preparation"]

_P = ParamSpec("_P")
_R = TypeVar("_R")

MOST_BYTES = 320_000_000
"""Kept by default, a third more than a week of the reference city needs with its large tables [byte]."""
MOST_UNUSED = 10
"""Blocks in a row, such as runs of a worker, in which a result may be of no use before it is let go."""
_SCALARS = (str, bytes, bool, int, float, complex, np.generic, type(None))
_EXACT = frozenset({str, bytes, bool, int, type(None)})
"""Types of which equal values are the same in all that can be seen of them."""


class SharedPreparation:
    """Results that are kept, those used last first; at most so many bytes of them, and none that is not used any more.

    Threads may share one. What is larger than all that may be kept is made afresh every time.
    """

    def __init__(self, most_bytes: int = MOST_BYTES) -> None:
        """Keeps nothing yet.

        Args:
            most_bytes: Size of all that is kept, at most [byte]. Arrays that are part of several results count in
                each, so it is rather less.
        """
        self.most_bytes = most_bytes
        self.made = 0
        """How many results were made."""
        self.found = 0
        """How many were found."""
        self._kept: OrderedDict[Hashable, tuple[Hashable, Any, int, int]] = OrderedDict()  # key, size, last use's block
        self._block = 0
        self._latest: dict[str, Hashable] = {}
        self._bytes = 0
        self._lock = Lock()

    @property
    def n_bytes(self) -> int:
        """Size of what is kept [byte]."""
        return self._bytes

    def begin(self) -> None:
        """Notes that another block begins, and lets go what was of no use in the last `MOST_UNUSED` of them."""
        with self._lock:
            self._block += 1
            for key in [key for key, (*_, used) in self._kept.items() if used < self._block - MOST_UNUSED]:
                self._bytes -= self._kept.pop(key)[2]

    def get(self, key: Hashable, make: Callable[[], _R], replaces: str | None = None) -> _R:
        """The result kept under `key`, or a new one; what raises is not kept.

        Args:
            key: What tells it from others.
            make: Makes it.
            replaces: Name of the results of which only the latest is kept, if it is one of those.
        """
        with self._lock:
            entry = self._kept.get(key)
            if entry is not None:
                found: _R
                own, found, size, _ = entry  # with its own key nothing is compared again
                self._kept[own] = own, found, size, self._block
                self._kept.move_to_end(own)
                self.found += 1
                return found
            if replaces is not None:  # before the next one is made, so that both need no room at once
                self._bytes -= self._kept.pop(self._latest.pop(replaces, None), (None, None, 0))[2]
        made = make()
        size = _n_bytes(made, set())
        with self._lock:
            self.made += 1
            if key not in self._kept and size <= self.most_bytes:
                self._kept[key] = (key, made, size, self._block)
                self._bytes += size
                if replaces is not None:
                    self._latest[replaces] = key
                while self._bytes > self.most_bytes:
                    self._bytes -= self._kept.popitem(last=False)[1][2]
        return made


_PREPARATION: ContextVar[SharedPreparation | None] = ContextVar("shared preparation", default=None)


@contextmanager
def sharing_preparation(kept: SharedPreparation | None = None) -> Iterator[SharedPreparation]:
    """Within it, what scenarios checked and run in this thread have in common is made once.

    Args:
        kept: Where results are kept, for a process that runs one scenario after the other; by default that of the
            block around this one, else a new one that is gone at the end.
    """
    around = _PREPARATION.get()
    preparation = kept if kept is not None else around  # `or` would take an empty one for none
    preparation = SharedPreparation() if preparation is None else preparation
    if preparation is not around:
        preparation.begin()
    token = _PREPARATION.set(preparation)
    try:
        yield preparation
    finally:
        _PREPARATION.reset(token)


class _Decorator(Protocol):
    """Leaves the arguments and the result of a function as they are."""

    def __call__(self, function: Callable[_P, _R], /) -> Callable[_P, _R]: ...


def shared(
    files: Callable[[Mapping[str, Any]], Iterable[str | Path]] | None = None, *, latest: bool = False
) -> _Decorator:
    """Makes a pure function one whose results are kept within `sharing_preparation`.

    Models, clocks, numbers, texts and arrays are the same argument where their content is; frozen objects of the kind
    that compare by identity (a city, weather), where they are one object.

    Args:
        files: Gives the files that the function reads for its arguments, which are named; a folder stands for all
            files in it.
        latest: Whether only the latest result is kept: of what is large, and the same in runs that follow one another
            or not at all.
    """

    def decorate(function: Callable[_P, _R], /) -> Callable[_P, _R]:
        parameters, name = signature(function), f"{function.__module__}.{function.__qualname__}"

        @wraps(function)
        def from_kept(*args: _P.args, **kwargs: _P.kwargs) -> _R:
            preparation = _PREPARATION.get()
            if preparation is None:
                return function(*args, **kwargs)
            bound = parameters.bind(*args, **kwargs)
            bound.apply_defaults()
            stamps = () if files is None else tuple(_stamp(Path(file)) for file in files(bound.arguments))
            key = (name, _content(bound.arguments), stamps)
            return preparation.get(key, lambda: function(*args, **kwargs), name if latest else None)

        return from_kept

    return decorate


def is_shared() -> bool:
    """Whether results are kept here."""
    return _PREPARATION.get() is not None


def keep_latest(name: str, takes: Any, make: Callable[[], _R]) -> _R:
    """What `make` gives; within `sharing_preparation` kept until something else is made under the same name.

    For what is large, and the same in runs that follow one another or not at all.

    Args:
        name: What it is.
        takes: All that it depends on, see `shared`.
        make: Makes it, of `takes` and of nothing that does not follow from them.
    """
    preparation = _PREPARATION.get()
    return make() if preparation is None else preparation.get((name, _content(takes)), make, name)


def _stamp(path: Path) -> Hashable:
    """What tells a file from another, or from itself once it has changed; None where there is none."""
    try:
        found = path.stat()
        inside = sorted(path.iterdir()) if path.is_dir() else []
    except (OSError, ValueError):  # ValueError: a name that no file can have, with a zero byte
        return None
    return (
        str(path.absolute()), found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns,
        tuple(_stamp(file) for file in inside if file.is_file()),
    )  # fmt: skip


def _content(value: Any) -> Hashable:
    """An argument as part of a key: equal where the content is; an object that compares by identity is itself.

    The key holds on to such an object, so that no other can take its identity.
    """
    kind: Any = type(value)
    if kind in _EXACT:
        return kind, value  # 1, 1.0 and True are equal
    return _rule_for(kind)(value)


@cache
def _rule_for(kind: Any) -> Callable[[Any], Hashable]:  # noqa: PLR0911  one a kind
    """What of a value of a type is part of a key."""
    if issubclass(kind, np.ndarray):
        return lambda value: ("array", array_digest(value))
    if is_dataclass(kind):
        names = tuple(field.name for field in fields(kind))
        if kind.__eq__ is object.__eq__:
            return _itself
        return lambda value: (kind, tuple(_content(getattr(value, name)) for name in names))
    if issubclass(kind, _SCALARS):
        return lambda value: (kind, repr(value))  # 0.0 and -0.0 are equal
    if issubclass(kind, BaseModel):
        return lambda value: (kind, value.model_dump_json())
    if issubclass(kind, Mapping):
        return lambda value: ("mapping", tuple((_content(key), _content(each)) for key, each in value.items()))
    if issubclass(kind, Sequence):
        return lambda value: (kind, tuple(map(_content, value)))
    return _itself


def _itself(value: Hashable) -> Hashable:
    return value


def _n_bytes(value: Any, seen: set[int]) -> int:
    """Size of arrays and tables that a result holds on to [byte]; each once."""
    if isinstance(value, _SCALARS) or id(value) in seen:
        return 0
    seen.add(id(value))
    if isinstance(value, np.ndarray):  # a view holds on to all of its base
        return _n_bytes(value.base, seen) if isinstance(value.base, np.ndarray) else value.nbytes
    if hasattr(value, "estimated_size"):
        return int(value.estimated_size())  # a frame of polars
    if isinstance(value, Mapping):
        parts: Iterable[Any] = value.values()
    elif isinstance(value, list | tuple):
        parts = value
    elif isinstance(value, partial):
        parts = (value.args, value.keywords)
    else:
        parts = getattr(value, "__dict__", {}).values()
    own = sys.getsizeof(value)  # of a frame of pandas that of its data
    return own + sum(_n_bytes(each, seen) for each in parts)
