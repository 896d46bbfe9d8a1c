"""What PyPSA writes, netCDF or a folder of CSV, as records by component and series by component and quantity."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import numpy as np

from grid.errors import Fault, InputError, raise_if_any
from grid.files.content import is_folder, limit_bytes, read_bytes, read_text, shown_path
from grid.files.json_file import what_it_says
from grid.readers.report import PLACE

COMPONENTS: Final = (
    "buses", "lines", "transformers", "loads", "generators", "storage_units", "stores", "links", "shunt_impedances",
    "line_types", "transformer_types",
)  # fmt: skip
SERIES: Final = (
    "loads-p_set", "loads-q_set", "generators-p_set", "generators-q_set", "generators-p", "generators-q",
    "storage_units-p", "storage_units-p_set", "storage_units-q_set", "stores-p_set", "stores-q_set", "links-p_set",
    "links-efficiency", "buses-v_mag_pu", "buses-v_mag_pu_set",
)  # fmt: skip
"""Series that are looked at; of each the first snapshot."""


@dataclass(frozen=True)
class PypsaFile:
    """The content of a network of PyPSA.

    Args:
        name: Its name; empty if it has none.
        form: How it is stored.
        records: Records by component, each with its ``name``.
        first: Values of the first snapshot by series (such as ``loads-p_set``) and name of the element.
        n_snapshots: Number of snapshots.
    """

    name: str
    form: str
    records: Mapping[str, Sequence[Mapping[str, Any]]]
    first: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    n_snapshots: int = 0


def read_pypsa_file(path: Path) -> PypsaFile:
    """Reads netCDF (``.nc``) or a folder of CSV.

    Raises:
        InputError: If it is neither, or broken.
    """
    return _of_folder(path) if is_folder(path) else _of_netcdf(path)


def _of_folder(folder: Path) -> PypsaFile:
    records: dict[str, list[dict[str, Any]]] = {}
    faults: list[Fault] = []
    first: dict[str, dict[str, Any]] = {}
    for component in COMPONENTS:
        rows = _rows(folder / f"{component}.csv", faults)
        for row in rows:  # the first column is the name, whatever its header
            row["name"] = next(iter(row.values()))
        records[component] = rows
    for series in SERIES:
        rows = _rows(folder / f"{series}.csv", faults)
        if rows:
            first[series] = dict(list(rows[0].items())[1:])
    about = _rows(folder / "network.csv", faults)
    n_snapshots = len(_rows(folder / "snapshots.csv", faults))
    raise_if_any(faults, shown_path(folder))
    name = str(next(iter(about[0].values()))) if about else ""
    return PypsaFile(name, "PyPSA, folder of CSV", records, first, n_snapshots)


def _rows(file: Path, faults: list[Fault]) -> list[dict[str, Any]]:
    """Rows of a CSV file as texts by column; none where there is no such file."""
    if not file.exists():
        return []
    try:
        reader = csv.DictReader(io.StringIO(read_text(file, file.name), newline=""), strict=True)
        rows = list(reader)
    except InputError as error:
        faults.extend(error.faults)
        return []
    except csv.Error as error:
        faults.append(Fault(file.name, f"is no CSV: {error}"))
        return []
    for number, row in enumerate(rows, 2):
        if None in row or None in row.values():
            faults.append(Fault(file.name, "must have as many cells as the header", line=number))
            return []
    return rows


def _of_netcdf(path: Path) -> PypsaFile:
    import h5py  # noqa: PLC0415  slow to import

    content = read_bytes(path, PLACE)
    try:
        with h5py.File(io.BytesIO(content), "r") as file:
            held = {str(key): _values(file[key]) for key in file if _wanted(str(key))}
            attributes = {str(key): _text(file.attrs[key]) for key in ("network_name",) if key in file.attrs}
    except InputError:
        raise
    except Exception as error:  # whatever a broken file provokes inside HDF5 is a fault of the file
        raise InputError.single(
            PLACE, f"is not a complete netCDF-4 file: {what_it_says(error)}", shown_path(path)
        ) from error
    records = {component: _records(held, component) for component in COMPONENTS}
    first = {}
    for series in SERIES:
        component, _, quantity = series.partition("-")
        names, values = held.get(f"{component}_t_{quantity}_i"), held.get(f"{component}_t_{quantity}")
        if (
            names is not None
            and values is not None
            and values.ndim == 2
            and values.shape[0]
            and values.shape[1] == len(names)
        ):
            first[series] = dict(zip(map(_text, names), values[0].tolist(), strict=True))
    return PypsaFile(
        attributes.get("network_name", ""), "PyPSA, netCDF", records, first, len(held.get("snapshots", ()))
    )


def _wanted(key: str) -> bool:
    return key == "snapshots" or any(key.startswith(f"{component}_") for component in COMPONENTS)


def _values(dataset: Any) -> Any:
    """A variable of the file, no larger than a file may be."""
    if dataset.size * max(dataset.dtype.itemsize, 8) > 10 * limit_bytes():
        raise InputError.single(PLACE, f"holds a variable larger than {10 * limit_bytes() / 1e6:g} MB", dataset.name)
    return np.atleast_1d(dataset[()])


def _records(held: Mapping[str, Any], component: str) -> list[dict[str, Any]]:
    """Records of a component, of its variables that have a value each."""
    names = held.get(f"{component}_i")
    if names is None:
        return []
    prefix = f"{component}_"
    columns = {
        key.removeprefix(prefix): values.tolist() for key, values in held.items()
        if key.startswith(prefix) and not key.startswith(f"{prefix}t_") and values.shape == names.shape
    }  # fmt: skip
    columns["name"] = names.tolist()
    rows = zip(*columns.values(), strict=True)
    return [
        {key: _text(value) if isinstance(value, bytes) else value for key, value in zip(columns, row, strict=True)}
        for row in rows
    ]


def _text(value: Any) -> str:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)
