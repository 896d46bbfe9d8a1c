"""Arrays and records of arrays as what JSON knows, and back, number for number."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

import numpy as np
from scipy import sparse


def plain(value: Any) -> Any:
    """A value in what JSON knows: an array as its type, its shape and its numbers, a record as a mapping.

    Complex numbers are pairs of numbers, a sparse matrix is the arrays that it consists of.
    """
    if isinstance(value, np.ndarray):
        numbers = value.view(np.float64) if np.iscomplexobj(value) else value
        return {"dtype": str(value.dtype), "shape": list(value.shape), "values": numbers.ravel().tolist()}
    if sparse.issparse(value):
        arrays = {name: plain(getattr(value, name)) for name in ("data", "indices", "indptr")}
        return {"format": value.format, "shape": list(value.shape), **arrays}
    if dataclasses.is_dataclass(value):
        return {field.name: plain(getattr(value, field.name)) for field in dataclasses.fields(value)}
    if isinstance(value, Mapping):
        return {name: plain(part) for name, part in value.items()}
    return value


def from_plain(value: Any) -> Any:
    """The value that was made plain; a list becomes a tuple, a record stays a mapping of its fields."""
    if isinstance(value, list):
        return tuple(map(from_plain, value))
    if not isinstance(value, dict):
        return value
    if "format" in value and "indptr" in value:
        make = {"csc": sparse.csc_array, "csr": sparse.csr_array}[value["format"]]
        parts = tuple(from_plain(value[name]) for name in ("data", "indices", "indptr"))
        return make(parts, shape=tuple(value["shape"]))
    if "dtype" in value:
        dtype = np.dtype(value["dtype"])
        numbers = np.array(value["values"], dtype=np.float64 if dtype.kind == "c" else dtype)
        return numbers.view(dtype).reshape(value["shape"])
    return {name: from_plain(part) for name, part in value.items()}
