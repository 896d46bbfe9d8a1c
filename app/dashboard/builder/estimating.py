"""Estimators of the drafts that are open: prepared in the background, kept, made again when there are new results."""

from __future__ import annotations

import json
from collections import OrderedDict
from collections.abc import Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from threading import Lock

from app.dashboard.builder.content import Content
from app.results.folder import Result
from app.studies.estimate import Estimator, ScenarioEstimate, estimator_for
from grid.errors import InputError

MOST_KEPT = 2
"""Estimators that are kept; each holds a city and its assets, some 50 MB."""
FIXED = ("currency", "seed", "city", "period", "weather", "upstream", "carbon", "power_limits")
"""Parts of a scenario that an estimator is prepared for."""
_Stamp = tuple[tuple[str, str], ...]


class Estimating:
    """Estimates drafts. Threads may share one.

    Args:
        results: The results that are served, from which errors are learned.
        folder: Folder that file names of drafts are relative to.
    """

    def __init__(self, results: Mapping[str, Result], folder: Path) -> None:
        self._results, self._folder = results, folder
        self._kept: OrderedDict[str, tuple[_Stamp, Estimator, dict[str, ScenarioEstimate]]] = OrderedDict()
        self._making: dict[str, Future[None]] = {}
        self._refused: tuple[str, str] | None = None
        self._lock = Lock()
        self._threads = ThreadPoolExecutor(1, thread_name_prefix="estimates")

    def estimate(self, base: Content, content: Content) -> tuple[ScenarioEstimate, ScenarioEstimate] | str | None:
        """The estimates of a draft and of its template; why there is none; or None while it is being prepared."""
        key, stamp, whole = _key(content), self._stamp(), json.dumps(content, sort_keys=True)
        with self._lock:
            known = self._kept.get(key)
            if known is not None:
                self._kept.move_to_end(key)
            refused = self._refused is not None and self._refused[0] == whole
            if (known is None or known[0] != stamp) and key not in self._making and not refused:
                self._making[key] = self._threads.submit(self._make, key, stamp, content)
            if known is None:
                return self._refused[1] if self._refused is not None and refused else None
        _, estimator, of_templates = known
        template = json.dumps(base, sort_keys=True)
        if template not in of_templates:
            of_templates.clear()
            of_templates[template] = estimator.estimate(base)
        return estimator.estimate(content), of_templates[template]

    def _make(self, key: str, stamp: _Stamp, content: Content) -> None:
        try:
            made = estimator_for(content, self._folder, None, list(self._results.values()))
        except InputError as error:
            with self._lock:
                self._refused = json.dumps(content, sort_keys=True), str(error.faults[0])
        else:
            with self._lock:
                self._kept[key] = (stamp, made, {})
                while len(self._kept) > MOST_KEPT:
                    self._kept.popitem(last=False)
        finally:
            with self._lock:
                self._making.pop(key, None)

    def _stamp(self) -> _Stamp:
        """What changes when results come, go or are replaced."""
        return tuple((name, result.scenario_hash) for name, result in self._results.items())


def _key(content: Content) -> str:
    """What an estimator is prepared for, as text."""
    fixed = {name: content.get(name) for name in FIXED}
    if isinstance(fixed["city"], Mapping):
        fixed["city"] = {key: value for key, value in fixed["city"].items() if key != "demand_growth"}
    return json.dumps(fixed, sort_keys=True)
