"""A store at a URL that fsspec knows, such as a bucket of S3.

A result is written to a folder of this machine and sent file by file, ``manifest.json`` last: it makes the result.
While a result is being sent, a file in ``.uploads`` says so; what a killed writer left is removed by it.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable, Collection, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from app.failures import StoreError
from app.results.draft import new_draft, take_place
from app.results.folder import open_result
from app.results.store.folders.cache import Cache
from app.results.store.folders.reach import disk_error, reaching
from app.results.store.folders.store_folder import Answer, Found, StoreFolder
from app.results.store.key import check_key
from app.results.store.records import FOLDER, SweepRecord, read_record
from app.results.verification import FILES, MANIFEST, manifest_in
from grid.errors import Fault, InputError, raise_if_any

if TYPE_CHECKING:
    from app.results.folder import Result
    from app.simulation.phases import Progress, SimulationResult

UPLOADS = ".uploads"
"""Folder of a store that says which results are being sent."""
LEFT_AFTER_S = 3600.0
"""An unfinished result of a name that nobody here works on counts as left behind when it was begun so long ago."""
_SIDE_BY_SIDE = 32
_WITHOUT_FOLDERS = frozenset({"s3", "s3a", "gs", "gcs", "az", "abfs", "adl", "oci", "oss", "memory"})
"""Protocols of object stores, where a file needs no folder to lie in."""


@dataclass(frozen=True)
class RemoteFolder(StoreFolder):
    """See `StoreFolder`.

    Args:
        system: The file system, of fsspec.
        root: Path of the store in it.
        shown: The URL as messages name it.
        cache: Copies on this machine.
    """

    system: Any
    root: str
    shown: str
    cache: Cache

    def listed(self) -> list[str]:
        """See `StoreFolder.listed`."""
        return [name for name, _ in self._files("") if not name.startswith(".")]

    def each(self, ask: Callable[[str], Answer], names: Sequence[str]) -> Iterator[Answer]:
        """See `StoreFolder.each`."""
        with ThreadPoolExecutor(_SIDE_BY_SIDE) as threads:
            yield from threads.map(ask, names)

    def has(self, name: str) -> bool:
        """See `StoreFolder.has`."""
        with reaching(self.shown):
            self.system.invalidate_cache()
            try:
                self.system.info(f"{self.root}/{name}/{MANIFEST}")
            except FileNotFoundError:
                return False
        return True

    def look(self, name: str, *, all_files: bool) -> Found:  # noqa: ARG002  tables would have to be fetched
        """See `StoreFolder.look`."""
        place = f"{self.shown}/{name}"
        manifest = manifest_in(self._read(f"{name}/{MANIFEST}"), f"{place}/{MANIFEST}")
        check_key(name, manifest, place)
        sizes = dict(self._files(name))
        faults = [Fault(f"{place}/{file}", "is missing: not a complete result") for file in FILES if file not in sizes]
        summary = b"" if faults else self._read(f"{name}/summary.json")
        if not faults and hashlib.sha256(summary).hexdigest() != manifest["files"]["summary.json"]:
            faults.append(Fault(f"{place}/summary.json", "is not as it was written: its SHA-256 differs"))
        raise_if_any(faults, place)
        return Found(manifest, json.loads(summary), sum(sizes[file] for file in (*FILES, MANIFEST)))

    def verify(self, name: str) -> None:
        """See `StoreFolder.verify`: all of it is fetched, but not kept."""
        stated = self.look(name, all_files=False).manifest["files"]

        def as_written(file: str) -> bool:
            with reaching(self.shown), self.system.open(f"{self.root}/{name}/{file}", "rb") as content:
                return bool(hashlib.file_digest(content, "sha256").hexdigest() == stated[file])

        rule = "is not as it was written: its SHA-256 differs"
        sound = zip(FILES, self.each(as_written, FILES), strict=True)
        faults = [Fault(f"{self.shown}/{name}/{file}", rule) for file, same in sound if not same]
        raise_if_any(faults, f"{self.shown}/{name}")

    def open(self, name: str) -> Result:
        """See `StoreFolder.open`: it is fetched unless a copy of it is here, and compared with its hashes."""
        manifest = self._read(f"{name}/{MANIFEST}")
        check_key(name, manifest_in(manifest, f"{self.shown}/{name}/{MANIFEST}"), f"{self.shown}/{name}")
        copy = self.cache.folder / name
        if self.cache.is_copy(name, manifest):
            try:
                result = open_result(copy)
                result.verify()
            except InputError:
                self.cache.remove(name)
            else:
                self.cache.used(name)
                return result
        with self._on_this_machine():
            self.cache.remove(name)
            self.cache.make_room()
            with new_draft(self.cache.folder) as draft:
                for file in FILES:
                    with reaching(self.shown):
                        self.system.get_file(f"{self.root}/{name}/{file}", str(draft / file))
                (draft / MANIFEST).write_bytes(manifest)
                take_place(draft, copy, MANIFEST)
        result = open_result(copy)
        result.verify()
        return result

    def write(self, name: str, outcome: SimulationResult, progress: Progress | None) -> Result:
        """See `StoreFolder.write`: it is written to the copies, and sent from there."""
        from app.results.run import write_outcome  # noqa: PLC0415  loads the simulation, which only writers need

        if self._is_complete(name):
            return self.open(name)
        with self._on_this_machine():
            self.cache.remove(name)
            self.cache.make_room()
            result = write_outcome(outcome, self.cache.folder / name, progress)
        self.send(name, result, progress)
        return result

    def send(self, name: str, result: Result, progress: Progress | None = None) -> None:
        """Sends a result, in place of what is left of an unfinished or damaged one."""
        tell: Callable[[str, float], None] = progress or (lambda _phase, _share: None)
        mark = f"{self.root}/{UPLOADS}/{name}.json"
        with reaching(self.shown):
            self._make_folder(UPLOADS)
            self.system.pipe_file(mark, json.dumps({"begun": time.time()}).encode())
            self._remove(name)
            self._make_folder(name)
            for number, file in enumerate((*FILES, MANIFEST)):
                tell("upload", number / (len(FILES) + 1))
                self.system.put_file(str(result.path / file), f"{self.root}/{name}/{file}")
            self.system.rm_file(mark)
        tell("upload", 1.0)

    def clean(self, running: Collection[str]) -> None:
        """See `StoreFolder.clean`."""
        for file, _ in self._files(UPLOADS):
            name = file.removesuffix(".json")
            if name in running or file == name:
                continue
            try:
                begun = json.loads(self._read(f"{UPLOADS}/{file}"))["begun"]
            except (InputError, ValueError, KeyError):
                continue  # ended meanwhile, or not ours
            if time.time() - begun < LEFT_AFTER_S:
                continue
            with reaching(self.shown):
                if not self.has(name):
                    self._remove(name)
                self.system.rm_file(f"{self.root}/{UPLOADS}/{file}")

    def file_names(self, folder: str) -> list[str]:
        """See `StoreFolder.file_names`."""
        return [name for name, _ in self._files(folder) if not name.startswith(".")]

    def read_file(self, folder: str, name: str) -> bytes:
        """See `StoreFolder.read_file`."""
        return self._read(f"{folder}/{name}")

    def write_file(self, folder: str, name: str, text: str) -> None:
        """See `StoreFolder.write_file`."""
        with reaching(self.shown):
            self._make_folder(folder)
            self.system.pipe_file(f"{self.root}/{folder}/{name}", text.encode())

    def remove_file(self, folder: str, name: str) -> None:
        """See `StoreFolder.remove_file`."""
        with reaching(self.shown), suppress(FileNotFoundError):
            self.system.rm_file(f"{self.root}/{folder}/{name}")

    def records(self) -> list[SweepRecord]:
        """See `StoreFolder.records`."""
        found: list[SweepRecord] = []
        faults: list[Fault] = []
        names = [name for name, _ in self._files(FOLDER) if name.endswith(".json")]
        contents = self.each(lambda name: self._read(f"{FOLDER}/{name}"), names)
        for name, content in zip(names, contents, strict=True):
            try:
                found.append(read_record(content, f"{self.shown}/{FOLDER}/{name}"))
            except InputError as error:
                faults += error.faults
        raise_if_any(faults, self.shown)
        return found

    def _is_complete(self, name: str) -> bool:
        """Whether there is a result of this name that is as it was written, as far as is seen without its tables."""
        try:
            self.look(name, all_files=False)
        except InputError:
            return False
        return True

    def _files(self, folder: str) -> list[tuple[str, int]]:
        """Names and sizes of what lies in a folder of the store, in order; nothing where there is no such folder."""
        path = f"{self.root}/{folder}".rstrip("/")
        with reaching(self.shown):
            self.system.invalidate_cache()
            try:
                found = self.system.ls(path, detail=True)
            except FileNotFoundError:
                return []
        entries = ((entry["name"].rstrip("/"), entry["size"] or 0) for entry in found)
        prefix = f"{path.strip('/')}/"
        inside = ((name.strip("/").removeprefix(prefix), size) for name, size in entries)
        return sorted(found for found in inside if "/" not in found[0] and found[0] != path.strip("/"))

    def _read(self, path: str) -> bytes:
        with reaching(self.shown):
            try:
                content: bytes = self.system.cat_file(f"{self.root}/{path}")
            except FileNotFoundError as error:
                raise InputError.single(f"{self.shown}/{path}", "is missing: not a complete result") from error
        return content

    def _make_folder(self, name: str) -> None:
        protocols = self.system.protocol
        if _WITHOUT_FOLDERS.isdisjoint([protocols] if isinstance(protocols, str) else protocols):
            self.system.makedirs(f"{self.root}/{name}", exist_ok=True)

    def _remove(self, name: str) -> None:
        """Removes what lies under a name, the file that makes it a result first."""
        for file, _ in sorted(self._files(name), key=lambda found: found[0] != MANIFEST):
            self.system.rm_file(f"{self.root}/{name}/{file}")

    @contextmanager
    def _on_this_machine(self) -> Iterator[None]:
        """Says errors of this machine's file system in words."""
        try:
            yield
        except OSError as error:
            raise StoreError(str(self.cache.folder), disk_error(error)) from error
