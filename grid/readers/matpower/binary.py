"""What a file of MATLAB holds of a MATPOWER case."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any, Final

import numpy as np

from grid.errors import Fault, InputError, raise_if_any
from grid.files.content import read_bytes, shown_path
from grid.files.json_file import what_it_says
from grid.readers.matpower.text import TABLES
from grid.readers.report import PLACE

_HDF5: Final = b"\x89HDF"
_HDF5_AT: Final = (0, 512)


def case_in_mat(path: Path) -> tuple[dict[str, Any], list[str]]:
    """The case in a file of MATLAB up to version 7, and tables of it that are not read.

    The case is the structure that has its tables, whatever it is called, or else the variables of the file themselves.

    Raises:
        InputError: If it is no such file, or lacks a table, or a table holds anything but numbers.
    """
    from scipy.io import loadmat  # noqa: PLC0415  slow to import

    content = read_bytes(path, PLACE)
    if any(content[at : at + len(_HDF5)] == _HDF5 for at in _HDF5_AT):
        rule = "is a MATLAB file of version 7.3: save it as version 7 (save -v7), or as text with savecase"
        raise InputError.single(PLACE, rule, shown_path(path))
    try:
        held = loadmat(io.BytesIO(content), squeeze_me=True, struct_as_record=False)
    except Exception as error:  # whatever a broken file provokes inside SciPy is a fault of the file
        raise InputError.single(PLACE, f"is not a complete MATLAB file of version 7 or before: {what_it_says(error)}",
                                shown_path(path)) from error  # fmt: skip
    structures = {
        name: {field: getattr(value, field) for field in value._fieldnames}  # noqa: SLF001  SciPy's only list of them
        for name, value in held.items() if hasattr(value, "_fieldnames")
    }  # fmt: skip
    cases = [name for name, fields in structures.items() if {"bus", "branch"} & fields.keys()]
    if len(cases) > 1 and "mpc" not in cases:
        raise InputError.single(PLACE, "must hold one case", ", ".join(sorted(cases)))
    stated = structures.get("mpc" if "mpc" in structures else cases[0] if cases else "")
    if stated is None:
        stated = {name: value for name, value in held.items() if not name.startswith("__")}
    faults = [Fault(f"mpc.{name}", "is missing") for name in ("baseMVA", *TABLES) if name not in stated]
    raise_if_any(faults, shown_path(path))
    case: dict[str, Any] = {}
    for name in ("baseMVA", *TABLES):
        try:
            values = np.asarray(stated[name], dtype=float)
        except (TypeError, ValueError):
            faults.append(Fault(f"mpc.{name}", "must hold numbers only"))
        else:
            case[name] = float(values) if values.ndim == 0 else np.atleast_2d(values)
    raise_if_any(faults, shown_path(path))
    if "version" in stated:
        case["version"] = str(stated["version"])
    unread = {name for name, value in stated.items() if np.size(value)}
    return case, sorted(unread - {"version", "baseMVA", *TABLES})
