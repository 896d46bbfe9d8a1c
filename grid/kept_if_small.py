"""Properties that are computed once where what they give is small, and each time where it is large."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Generic, TypeVar

_R = TypeVar("_R")

MOST_BYTES = 16_000_000
"""What is kept, at most [byte]: ten times an array of a week of the reference city, a fifth of one of a year."""


class kept_if_small(Generic[_R]):  # noqa: N801  used as `functools.cached_property` is
    """Like `functools.cached_property`, but arrays of a year, of which there would be gigabytes, are made each time."""

    def __init__(self, make: Callable[[Any], _R]) -> None:
        """Makes a property of a method."""
        self._make = make
        self.__doc__ = make.__doc__

    def __set_name__(self, owner: type, name: str) -> None:
        self._name = name

    def __get__(self, instance: Any, owner: type | None = None) -> _R:
        made = self._make(instance)
        if n_bytes(made) <= MOST_BYTES:
            vars(instance)[self._name] = made  # where it is found next time, before this property
        return made


def n_bytes(value: Any) -> int:
    """Size of an array, of several, or of what says its own [byte]."""
    return sum(map(n_bytes, value)) if isinstance(value, tuple) else int(value.nbytes)
