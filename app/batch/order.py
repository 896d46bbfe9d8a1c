"""Which run comes next on which worker: one that has most in common with what the worker did last."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

PREPARED_FROM = ("city", "period", "weather", "seed", "upstream", "adoption", "assets", "power_limits", "data_centres")
"""Sections of a scenario that preparation reads, from what takes longest to make."""
NAMING = frozenset({"name", "schema_version"})
"""Keys of a scenario that decide nothing."""

Signature = tuple[int, ...]


class Described(Protocol):
    """A run, as far as its order asks."""

    @property
    def key(self) -> str:
        """Address of its result."""

    @property
    def content(self) -> Mapping[str, Any]:
        """Its scenario."""


@dataclass
class _Group:
    """Runs that are prepared alike, those that also go on alike side by side; the next one last."""

    signature: Signature
    keys: list[str]


class WaitingRuns:
    """Runs that wait for a worker, in groups that share their preparation.

    A worker goes on with the group that it has in memory. Where that is used up, it takes the one that has most
    sections in common with it; among equals one that fewest others are at, then the largest.
    """

    def __init__(self, runs: Iterable[Described]) -> None:
        """Arranges the runs.

        Args:
            runs: Runs with different keys.
        """
        numbers: dict[str, int] = {}
        whole: dict[str, Signature] = {}
        for run in runs:
            rest = sorted(set(run.content) - NAMING - set(PREPARED_FROM))
            whole[run.key] = tuple(
                numbers.setdefault(
                    json.dumps([section, run.content.get(section)], sort_keys=True, default=str), len(numbers)
                )
                for section in (*PREPARED_FROM, *rest)
            )
        self._signature = {key: signature[: len(PREPARED_FROM)] for key, signature in whole.items()}
        self._groups: dict[Signature, _Group] = {}
        self._last: dict[str, Signature] = {}
        for key in sorted(whole, key=lambda key: whole[key], reverse=True):
            self.put_back(key)

    def __len__(self) -> int:
        return sum(len(group.keys) for group in self._groups.values())

    def __iter__(self) -> Iterable[str]:
        return (key for group in self._groups.values() for key in reversed(group.keys))

    def put_back(self, key: str) -> None:
        """Lets a run wait again, as the next of its group."""
        signature = self._signature[key]
        self._groups.setdefault(signature, _Group(signature, [])).keys.append(key)

    def discard(self, keys: Iterable[str]) -> None:
        """Takes runs out that need not be run any more."""
        gone = set(keys)
        for group in list(self._groups.values()):
            group.keys = [key for key in group.keys if key not in gone]
            if not group.keys:
                del self._groups[group.signature]

    def next_for(self, worker: str, workers: Iterable[str]) -> str | None:
        """The next run of a worker, which waits no longer; None where none waits.

        Args:
            worker: Its address.
            workers: Addresses of all workers that there are.
        """
        if not self._groups:
            return None
        last = self._last.get(worker)
        at = Counter(self._last[other] for other in workers if other != worker and other in self._last)
        group = self._groups.get(last) if last is not None else None
        if group is None:
            group = min(
                self._groups.values(),
                key=lambda one: (-_in_common(one.signature, last), at[one.signature], -len(one.keys), one.signature),
            )
        self._last[worker] = group.signature
        key = group.keys.pop()
        if not group.keys:
            del self._groups[group.signature]
        return key


def _in_common(one: Signature, other: Signature | None) -> int:
    """How many sections two groups have in common."""
    return 0 if other is None else sum(a == b for a, b in zip(one, other, strict=True))
