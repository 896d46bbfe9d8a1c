"""Emission factors: one published set a CSV file, each row with its source; a new file in this folder is a new set."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Final

from carbon.factors.adjusted import adjusted
from carbon.factors.factor_set import (
    TECHNOLOGIES,
    Boundary,
    EmissionFactor,
    FactorSet,
    FactorView,
    Gas,
    LossTreatment,
)
from carbon.factors.needed import lacking_factors
from carbon.factors.reading import read_factor_set
from carbon.factors.units import UNITS
from carbon.factors.used import UsedFactor
from grid.errors import InputError, nearest
from grid.files.content import is_file
from grid.sharing import shared
from grid.spec import SourceStatus

__all__ = [
    "DEFAULT_FACTOR_SET",
    "TECHNOLOGIES",
    "UNITS",
    "Boundary",
    "EmissionFactor",
    "FactorSet",
    "FactorView",
    "Gas",
    "LossTreatment",
    "SourceStatus",
    "UsedFactor",
    "adjusted",
    "factor_sets",
    "lacking_factors",
    "load_factor_set",
]

DEFAULT_FACTOR_SET: Final = "germany_2023"
"""The set of the model's own runs, made for the reference region's fleet; direct unless life-cycle is asked for."""


def factor_sets() -> dict[str, FactorSet]:
    """All shipped sets by name."""
    return {path.stem: _read(path) for path in _shipped_files()}


@shared(files=lambda given: [given["name_or_path"]])
def load_factor_set(name_or_path: str | Path = DEFAULT_FACTOR_SET) -> FactorSet:
    """A shipped set by its name, or one of your own by the path of its CSV file.

    Raises:
        InputError: If there is no such set, or rows of it are refused (`carbon.factors.reading.read_factor_set`).
    """
    shipped = {path.stem: path for path in _shipped_files()}
    if str(name_or_path) in shipped:
        return _read(shipped[str(name_or_path)])
    path = Path(name_or_path)
    if not is_file(path):
        suggestion = nearest(str(name_or_path), shipped)
        raise InputError.single("factors", "no such factor set or file", str(name_or_path), suggestion)
    return read_factor_set(path)


def _shipped_files() -> list[Path]:
    return sorted(Path(__file__).parent.glob("*.csv"))


@cache
def _read(path: Path) -> FactorSet:
    return read_factor_set(path)
