"""The builder of a server: its drafts, uploads and checks, and the runs it may start."""

from __future__ import annotations

import shutil
import tempfile
import weakref
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from app.dashboard.builder.checking import Checker, schema_faults
from app.dashboard.builder.content import ABSENT, Content, value_at, with_value
from app.dashboard.builder.drafts.draft import Draft, Step
from app.dashboard.builder.drafts.edits import edited, of_kind
from app.dashboard.builder.drafts.store import DRAFTS, DraftStore
from app.dashboard.builder.estimating import Estimating
from app.dashboard.builder.files.named import UPLOADS
from app.dashboard.builder.levers.declared import BY_KEY, turned
from app.dashboard.builder.levers.lever import NetFacts
from app.dashboard.builder.levers.sweeping import axes, sweep_content
from app.dashboard.builder.net_plan import NetPlans
from app.dashboard.builder.templates import template_content
from app.results.folder import Result
from grid.errors import Fault, InputError, ScenarioError


class Builder:
    """The builder of a server.

    Args:
        results: The results that are served.
        place: The store; None keeps drafts and uploads in a temporary folder that goes with the server.
    """

    def __init__(self, results: Mapping[str, Result], place: Path | None) -> None:
        if place is None:
            place = Path(tempfile.mkdtemp(prefix="gridcarbon-drafts-"))
            weakref.finalize(self, shutil.rmtree, place, ignore_errors=True)
        self.results = results
        self.drafts = DraftStore(place / DRAFTS)
        self.uploads = place / UPLOADS
        self.checker = Checker(self.uploads)
        self.plans = NetPlans(self.uploads)
        self.estimating = Estimating(results, self.uploads)

    def begin(self, template: str, name: str = "", changed: Sequence[tuple[str, str]] = ()) -> Draft:
        """A new draft of a template.

        Args:
            template: ``shipped:<name>`` or ``result:<name>``.
            name: Name of the scenario; empty keeps the template's.
            changed: Levers or places in the scenario with other values, as addresses hold them.

        Raises:
            InputError: If there is no such template, lever or place.
        """
        label, base = template_content(template, self.results)
        content = {**base, "name": name} if name else base
        for path, value in changed:
            content = self._changed(content, path, value)
        return self.drafts.new(template, label, base, content)

    def _changed(self, content: Content, path: str, value: str) -> Content:
        """The content with a lever, by its key, or a place, by its keys with dots between, at another value."""
        if path in BY_KEY:
            return turned(content, path, _read(value), self.net(content))
        keys = tuple(int(key) if key.isdigit() else key for key in path.replace("[", ".").replace("]", "").split("."))
        keys = _by_name(content, keys)
        if keys[-1] == "kind" and value_at(content, keys) not in (ABSENT, value):
            return dict(with_value(content, keys[:-1], {"kind": value}))  # another kind has other parts
        try:
            if keys[-1] == "kind" and len(keys) > 1:
                return of_kind(content, keys[:-1], value)
            return dict(with_value(content, keys, _read(value)))
        except KeyError as error:
            raise InputError.single("build_set", "leads to nothing in the scenario", path) from error

    def net(self, content: Content) -> Callable[[], NetFacts]:
        """What levers ask of the net of a draft, read when it is asked."""
        return lambda: self.plans.facts(content)

    def edit(self, draft_id: str, revision: int, edit: Mapping[str, Any]) -> Draft:
        """A draft after an edit; arguments and faults as in `DraftStore.change` and `edited`."""
        return self.drafts.change(
            draft_id, revision, lambda draft: edited(draft, edit, self.net(draft.content))
        )  # fmt: skip

    def copy(self, draft_id: str, content: Content, edit: Mapping[str, Any] | None) -> Draft:
        """A new draft with a content of the planner's own, made from what another tab had, and an edit to it.

        Raises:
            InputError: If there is no such draft, or the edit cannot be done.
        """
        other = self.drafts.read(draft_id)
        mine = Draft(other.id, 0, other.template, other.template_label, other.base, (Step(content, ""),))
        if edit is not None and edit.get("do") not in {"undo", "redo"}:
            mine = edited(mine, edit, self.net(content))
        name = f"{mine.content.get('name', '')} (copy)".strip()
        return self.drafts.new(other.template, other.template_label, other.base, {**mine.content, "name": name})

    def submit(self, jobs: Any, draft_id: str) -> Any:
        """Hands the scenario of a draft to the queue; a job that is done at once has a stored result already.

        Raises:
            InputError: With all that is wrong with the scenario.
        """
        draft = self.drafts.read(draft_id)
        self._require_right(draft)
        return jobs.submit(draft.content, self.uploads, draft.name, tags=("builder",))

    def submit_sweep(self, jobs: Any, draft_id: str, asked: Sequence[Mapping[str, Any]], name: str) -> Any:
        """Hands a sweep of a draft to the queue; faults as in `submit`, and those of the levers and values."""
        draft = self.drafts.read(draft_id)
        self._require_right(draft)
        return jobs.submit_sweep(self.sweep(draft, asked, name), self.uploads)

    def sweep(self, draft: Draft, asked: Sequence[Mapping[str, Any]], name: str) -> dict[str, Any]:
        """The sweep of a draft and some levers; faults as in `axes` and `sweep_content`."""
        found = axes(asked, draft.content)
        return sweep_content(name or f"{draft.name}: sweep", draft.content, found, self.net(draft.content))

    def _require_right(self, draft: Draft) -> None:
        faults = schema_faults(draft.content, self.uploads)
        if faults:
            raise ScenarioError(faults, draft.name)


def _by_name(content: Content, keys: Sequence[str | int]) -> tuple[str | int, ...]:
    """Keys with the names of things in lists as their places."""
    found: list[str | int] = []
    for key in keys:
        here = value_at(content, found)
        if isinstance(here, list) and isinstance(key, str):
            names = [item.get("name") if isinstance(item, Mapping) else None for item in here]
            if key not in names:
                raise InputError([Fault("build_set", f"nothing is called {key!r}")])
            found.append(names.index(key))
        else:
            found.append(key)
    return tuple(found)


def _read(value: str) -> Any:
    """A value of an address: a number, a truth value, nothing, or text."""
    if value in {"true", "false"}:
        return value == "true"
    if value in {"", "null", "none"}:
        return None
    for kind in (int, float):
        try:
            return kind(value)
        except ValueError:
            continue
    return value
