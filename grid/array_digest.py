"""A digest of an array, bit by bit; of one that never changes it is made once."""

from __future__ import annotations

import hashlib
import weakref

import numpy as np

_SIZE_BYTES = 16
_known: dict[int, tuple[weakref.ref[np.ndarray], bytes]] = {}
"""Digests by the identity of arrays that never change, as long as these are there."""


def array_digest(array: np.ndarray) -> bytes:
    """The digest of an array's type, shape and content, 16 bytes."""
    fixed = _never_changes(array)
    if fixed:
        known = _known.get(id(array))
        if known is not None and known[0]() is array:
            return known[1]
    found = hashlib.blake2b(f"{array.dtype.str}{array.shape}".encode(), digest_size=_SIZE_BYTES)
    if array.dtype.hasobject:
        found.update(repr(array.tolist()).encode())
    elif array.size:
        found.update(np.ascontiguousarray(array).reshape(-1).view(np.uint8).data)
    if fixed:
        _keep(array, found.digest())
    return found.digest()


def _never_changes(array: np.ndarray) -> bool:
    """Whether nobody can write to an array, nor to one that it is a part of."""
    part: object = array
    while isinstance(part, np.ndarray):
        if part.flags.writeable:
            return False
        part = part.base
    return part is None and not array.dtype.hasobject


def _keep(array: np.ndarray, digest: bytes) -> None:
    place = id(array)
    _known[place] = weakref.ref(array, lambda _: _known.pop(place, None)), digest
