"""A store in a folder of this machine: results are written as single runs write theirs."""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from app.failures import StoreError
from app.results.draft import remove_abandoned
from app.results.folder import open_result
from app.results.store.folders.reach import disk_error
from app.results.store.folders.store_folder import Answer, Found, StoreFolder
from app.results.store.key import check_key
from app.results.store.records import FOLDER, SweepRecord, record_in
from app.results.verification import FILES, MANIFEST
from grid.errors import Fault, InputError, raise_if_any
from grid.files.content import read_bytes, shown_path
from grid.files.output import NO_PLACE, in_words

if TYPE_CHECKING:
    from app.results.folder import Result
    from app.simulation.phases import Progress, SimulationResult


@dataclass(frozen=True)
class LocalFolder(StoreFolder):
    """See `StoreFolder`.

    Args:
        path: The folder; need not exist.
    """

    path: Path

    @property
    def shown(self) -> str:  # type: ignore[override]
        """See `StoreFolder`."""
        return str(self.path)

    def make(self) -> None:
        """Makes the folder where it is not there.

        Raises:
            InputError: If its name can be that of no folder.
            StoreError: If it cannot be made.
        """
        with self._said():
            try:
                self.path.mkdir(parents=True, exist_ok=True)
            except OSError as error:
                if error.errno in NO_PLACE:
                    raise InputError.single("STORE", in_words(error), shown_path(self.path)) from error
                raise

    def listed(self) -> list[str]:
        """See `StoreFolder.listed`."""
        with self._said():
            try:
                return sorted(name for name in os.listdir(self.path) if not name.startswith("."))  # noqa: PTH208  fast
            except FileNotFoundError:
                return []

    def each(self, ask: Callable[[str], Answer], names: Sequence[str]) -> Iterator[Answer]:
        """See `StoreFolder.each`."""
        return map(ask, names)

    def has(self, name: str) -> bool:
        """See `StoreFolder.has`."""
        return os.path.isfile(f"{self.path}/{name}/{MANIFEST}")  # noqa: PTH113  asked of thousands

    def look(self, name: str, *, all_files: bool) -> Found:
        """See `StoreFolder.look`."""
        result = self.open(name)
        if all_files:
            result.verify()
        size = sum((result.path / file).stat().st_size for file in (*FILES, MANIFEST))
        return Found(result.manifest, result.summary, size)

    def open(self, name: str) -> Result:
        """See `StoreFolder.open`."""
        result = open_result(self.path / name)
        check_key(name, result.manifest, str(result.path))
        return result

    def write(self, name: str, outcome: SimulationResult, progress: Progress | None) -> Result:
        """See `StoreFolder.write`."""
        from app.results.run import write_outcome  # noqa: PLC0415  loads the simulation, which only writers need

        out = self.path / name
        self.make()
        with self._said():
            remove_abandoned(out)
            if self.has(name):
                try:
                    result = self.open(name)
                    result.verify()
                except InputError:
                    out.rename(self.path / f".damaged-{name}-{secrets.token_hex(4)}")
                else:
                    return result
            return write_outcome(outcome, out, progress)

    def clean(self, running: Collection[str]) -> None:  # noqa: ARG002  drafts are locked by those who write
        """See `StoreFolder.clean`."""
        remove_abandoned(self.path)

    def file_names(self, folder: str) -> list[str]:
        """See `StoreFolder.file_names`."""
        with self._said():
            return sorted(path.name for path in (self.path / folder).glob("[!.]*"))

    def read_file(self, folder: str, name: str) -> bytes:
        """See `StoreFolder.read_file`."""
        return read_bytes(self.path / folder / name)

    def write_file(self, folder: str, name: str, text: str) -> None:
        """See `StoreFolder.write_file`."""
        draft = self.path / folder / f".{name}-{secrets.token_hex(4)}"
        with self._said():
            draft.parent.mkdir(parents=True, exist_ok=True)
            try:
                draft.write_text(text, encoding="utf-8")
                draft.replace(draft.with_name(name))
            finally:
                draft.unlink(missing_ok=True)

    def remove_file(self, folder: str, name: str) -> None:
        """See `StoreFolder.remove_file`."""
        with self._said():
            (self.path / folder / name).unlink(missing_ok=True)

    def records(self) -> list[SweepRecord]:
        """See `StoreFolder.records`."""
        found: list[SweepRecord] = []
        faults: list[Fault] = []
        with self._said():
            for file in sorted((self.path / FOLDER).glob("[!.]*.json")):
                try:
                    found.append(record_in(file))
                except InputError as error:
                    faults += error.faults
        raise_if_any(faults, self.shown)
        return found

    @contextmanager
    def _said(self) -> Iterator[None]:
        """Says errors of the file system in words."""
        try:
            yield
        except OSError as error:
            raise StoreError(self.shown, disk_error(error)) from error
