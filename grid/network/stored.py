"""A network as text and back, number for number, so that it can be had without pandapower."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from scipy import sparse

from grid.network.network import Branches, Buses, DCLines, Network

LATER = "load_net"
"""The field of a network that is not stored: where its pandapower net comes from."""
PARTS = {"buses": Buses, "branches": Branches, "dc_lines": DCLines}


def network_to_text(network: Network) -> str:
    """The network as JSON, all but its pandapower net."""
    return json.dumps({name: _plain(value) for name, value in _fields(network).items() if name != LATER})


def network_from_text(text: str, load_net: Callable[[], Any]) -> Network:
    """The network that `network_to_text` wrote.

    Args:
        text: What it wrote.
        load_net: Gives the pandapower net.
    """
    stored = json.loads(text)
    parts = {name: part(**_made(stored.pop(name))) for name, part in PARTS.items()}
    elements = stored.pop("elements")
    return Network(**_made(stored), **parts, elements=elements, load_net=load_net)


def _fields(of: Any) -> dict[str, Any]:
    return {field.name: getattr(of, field.name) for field in dataclasses.fields(of)}


def _plain(value: Any) -> Any:
    """A value in what JSON knows; an array is its type, its shape and its numbers, complex ones as pairs of numbers."""
    if isinstance(value, np.ndarray):
        numbers = value.view(np.float64) if np.iscomplexobj(value) else value
        return {"dtype": str(value.dtype), "shape": list(value.shape), "values": numbers.ravel().tolist()}
    if sparse.issparse(value):
        arrays = {name: _plain(getattr(value, name)) for name in ("data", "indices", "indptr")}
        return {"format": value.format, "shape": list(value.shape), **arrays}
    if dataclasses.is_dataclass(value):
        return {name: _plain(part) for name, part in _fields(value).items()}
    return value


def _made(fields: Mapping[str, Any]) -> dict[str, Any]:
    return {name: _value(value) for name, value in fields.items()}


def _value(value: Any) -> Any:
    """The value that was made plain."""
    if isinstance(value, list):
        return tuple(value)
    if not isinstance(value, dict):
        return value
    if "format" in value:
        make = {"csc": sparse.csc_array, "csr": sparse.csr_array}[value["format"]]
        return make(tuple(_value(value[name]) for name in ("data", "indices", "indptr")), shape=tuple(value["shape"]))
    dtype = np.dtype(value["dtype"])
    numbers = np.array(value["values"], dtype=np.float64 if dtype.kind == "c" else dtype)
    return numbers.view(dtype).reshape(value["shape"])
