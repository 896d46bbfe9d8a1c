"""Drafts as files of a store: written whole, and only by who knows the newest revision."""

from __future__ import annotations

import json
import re
import secrets
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from app.dashboard.builder.content import Content
from app.dashboard.builder.drafts.draft import Draft, Step, draft_from_json
from grid.errors import InputError
from grid.files.content import read_text
from grid.files.output import written_whole
from grid.folder_lock import locked

DRAFTS = ".drafts"
"""Folder of the drafts in a store; hidden folders of a store are no results."""
_ID = re.compile(r"[0-9a-f]{16}")


class StaleRevisionError(Exception):
    """Somebody else changed the draft meanwhile.

    Args:
        newest: The draft as it is stored.
    """

    def __init__(self, newest: Draft) -> None:
        super().__init__(f"draft {newest.id} is at revision {newest.revision}")
        self.newest = newest


@dataclass(frozen=True)
class DraftStore:
    """The drafts of a store.

    Args:
        folder: The folder that holds them; made when the first is.
    """

    folder: Path

    def new(self, template: str, label: str, base: Content, content: Content | None = None) -> Draft:
        """A new draft of a template, at its content or at another.

        Raises:
            InputError: If it cannot be written.
        """
        changed = () if content is None or content == base else (Step(content, "as copied"),)
        steps = (Step(base, ""), *changed)
        draft = Draft(secrets.token_hex(8), 1, template, label, base, steps, len(steps) - 1)
        self._write(draft)
        return draft

    def read(self, draft_id: str) -> Draft:
        """A draft.

        Raises:
            InputError: If there is none of this name, or its file is damaged.
        """
        file = self._file(draft_id)
        if not file.is_file():
            raise InputError.single("draft", "there is no such draft here; begin a new one from a template", draft_id)
        try:
            return draft_from_json(json.loads(read_text(file, "draft")))
        except (json.JSONDecodeError, RecursionError) as error:
            raise InputError.single("draft", "its file is damaged; begin a new one from the same template") from error

    def change(self, draft_id: str, revision: int, change: Callable[[Draft], Draft]) -> Draft:
        """Changes a draft, whole or not at all.

        Args:
            draft_id: Its name.
            revision: The revision that the change was made to.
            change: From the draft to the changed one.

        Raises:
            StaleRevisionError: If the stored draft is at another revision; nothing is written then.
            InputError: If there is no such draft, the change is wrong, or it cannot be written.
        """
        if not self.folder.is_dir():
            raise InputError.single("draft", "there is no such draft here; begin a new one from a template", draft_id)
        with locked(self.folder):
            draft = self.read(draft_id)
            if draft.revision != revision:
                raise StaleRevisionError(draft)
            changed = change(draft)
            if changed is not draft:
                self._write(changed)
            return changed

    def all(self) -> Iterator[Draft]:
        """All drafts that can be read, the one changed last first."""
        if not self.folder.is_dir():
            return
        files = [file for file in self.folder.glob("*.json") if _ID.fullmatch(file.stem)]
        for file in sorted(files, key=lambda file: file.stat().st_mtime, reverse=True):
            try:
                yield self.read(file.stem)
            except InputError:  # a damaged one is told to who opens it
                continue

    def remove(self, draft_id: str) -> None:
        """Removes a draft for good."""
        self._file(draft_id).unlink(missing_ok=True)

    def _file(self, draft_id: str) -> Path:
        if not _ID.fullmatch(draft_id):
            raise InputError.single("draft", "is not the name of a draft", draft_id)
        return self.folder / f"{draft_id}.json"

    def _write(self, draft: Draft) -> None:
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise InputError.single("draft", f"cannot be kept here: {error.strerror}") from error
        with written_whole(self._file(draft.id), "draft") as file:
            file.write_text(json.dumps(draft.as_json(), separators=(",", ":"), allow_nan=False), encoding="utf-8")
