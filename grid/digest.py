"""A digest of what a computation takes: the same for the same content, in every process."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from pydantic import BaseModel
from scipy import sparse

from grid.array_digest import array_digest


class _Hash(Protocol):
    def update(self, data: bytes, /) -> None: ...


def digest_of(*values: Any) -> str:
    """A digest of values: numbers, texts, times, arrays, sparse matrices, models, dataclasses, and collections of them.

    Numbers and arrays count bit by bit, with their types and shapes; dataclasses and models with their types.

    Raises:
        TypeError: If there is something else among them, whose content is not known.
    """
    found = hashlib.blake2b(digest_size=16)
    for value in values:
        _add(found, value)
    return found.hexdigest()


@cache
def source_digest(*packages: str) -> str:
    """A digest of the source of packages, so that what other code has made is told from what this would make.

    Args:
        packages: Names of packages beside this one, such as ``grid``.
    """
    found = hashlib.blake2b(digest_size=16)
    for package in packages:
        for file in _sources(Path(__file__).parents[1] / package):
            found.update(file.name.encode())
            found.update(file.read_bytes())
    return found.hexdigest()


def _sources(folder: Path) -> Iterator[Path]:
    yield from sorted(folder.rglob("*.py"))


def _add(found: _Hash, value: Any) -> None:
    """Adds a value to a digest, after its type, so that two sequences of values differ where any of them does."""
    found.update(f"{type(value).__qualname__}:".encode())
    if isinstance(value, np.ndarray):
        found.update(array_digest(value))
    elif sparse.issparse(value):
        found.update(f"{value.format}{value.shape}".encode())
        compressed = value.tocsr() if value.format not in {"csr", "csc"} else value
        for part in (compressed.indptr, compressed.indices, compressed.data):
            found.update(array_digest(part))
    elif value is None or isinstance(
        value, str | bytes | bool | int | float | complex | np.generic | datetime | timedelta
    ):
        found.update(repr(value).encode())
    elif isinstance(value, BaseModel):
        found.update(value.model_dump_json().encode())
    elif isinstance(value, Mapping):
        found.update(f"{len(value)}".encode())
        for key, each in value.items():
            _add(found, key)
            _add(found, each)
    elif isinstance(value, list | tuple):
        found.update(f"{len(value)}".encode())
        for each in value:
            _add(found, each)
    elif is_dataclass(value):
        for field in fields(value):
            found.update(field.name.encode())
            _add(found, getattr(value, field.name))
    else:
        raise TypeError(f"no digest can be made of {type(value).__name__}")
