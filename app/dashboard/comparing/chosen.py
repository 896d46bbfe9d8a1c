"""Which results a view compares, and with which of them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

from app.dashboard.view import View
from app.failures import StoreError
from app.results.comparison import what_differs
from app.results.folder import Result
from app.results.store.folders.places import open_folder
from app.results.store.records import FOLDER, SweepRecord
from grid.errors import InputError
from grid.files.content import is_folder

_BETWEEN = ":, "
_PARTS = re.compile(r"(?<=: )|(?<=, )")
MOST_BY_DEFAULT = 4
"""Further results that are compared where the address names none."""


@dataclass(frozen=True, eq=False)
class ComparedResult:
    """A result beside others.

    Args:
        name: Its name, as addresses hold it.
        label: What people read.
        result: The result.
        reason: Why it is not compared with the reference, as what follows its label; empty if it is.
    """

    name: str
    label: str
    result: Result
    reason: str = ""


@dataclass(frozen=True, eq=False)
class ResultComparison:
    """The results that a view compares.

    Args:
        reference: What the others are compared with: the baseline, or without one the result looked at.
        others: The result looked at, and further ones.
    """

    reference: ComparedResult
    others: tuple[ComparedResult, ...]

    @property
    def every(self) -> tuple[ComparedResult, ...]:
        """The reference, then the others."""
        return (self.reference, *self.others)

    @property
    def fit(self) -> tuple[ComparedResult, ...]:
        """Those of the others that may be compared with the reference."""
        return tuple(one for one in self.others if not one.reason)

    @property
    def currency(self) -> str:
        """Currency of the reference."""
        return str(self.reference.result.manifest.get("currency", ""))


def comparison_of(view: View) -> ResultComparison:
    """The baseline, the result looked at, and the further results of a view, each once.

    Where the address names no further results, those that may be compared are taken, up to `MOST_BY_DEFAULT`.
    """
    reference = view.name if view.baseline is None else view.baseline_name
    further = view.compared if "with" in view.query else tuple(_by_default(view))
    names = list(dict.fromkeys([reference, view.name, *further]))
    labels = short_labels([view.results.label(name) for name in names])
    opened = {view.name: view.result}
    found = [opened[name] if name in opened else view.results[name] for name in names]
    first, *others = (
        ComparedResult(name, label, result, "" if result is found[0] else what_differs(found[0], result))
        for name, label, result in zip(names, labels, found, strict=True)
    )
    return ResultComparison(first, tuple(others))


def _by_default(view: View) -> Iterator[str]:
    """Results of the same city and period that are no runs of a sweep, in the order of the pickers."""
    swept = {run.key for record in sweeps_beside(view) for run in record.runs}
    named = ((name, one) for name, one in view.results.items() if name not in swept and name != view.name)
    yield from islice((name for name, one in named if not what_differs(view.result, one)), MOST_BY_DEFAULT)


def sweeps_beside(view: View) -> list[SweepRecord]:
    """The sweeps that are stored with the results of a view; none where their records cannot be read."""
    if not is_folder(view.results.place / FOLDER):
        return []
    try:
        return open_folder(view.results.place).records()
    except (InputError, StoreError):  # who serves the folder is told by `gridcarbon reindex`; the results stay
        return []


def short_labels(labels: Sequence[str]) -> list[str]:
    """Labels without the parts that all begin and end with, such as the scenario's name or the strategy.

    Args:
        labels: The labels; parts are set apart by ``: `` and ``, ``.
    """
    parts = [_PARTS.split(label) for label in labels]
    for place in (0, -1):
        while len(parts) > 1 and min(map(len, parts)) > 1 and len({own[place] for own in parts}) == 1:
            for own in parts:
                own.pop(place)
    short = ["".join(own).strip(_BETWEEN) for own in parts]
    return short if len(set(short)) == len(short) else list(labels)
