"""Why a number is what it is, in a form that a machine can read and repeat."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True)
class Why:
    """The account of one number.

    Args:
        name: Its name.
        value: What it is; None where it does not exist in the run.
        unit: Its unit.
        formula: How it follows from the tables of the result, as SQL over them.
        meaning: What it counts, in words.
        convention: Conventions of the tracing and the books.
        inputs: Names, sizes and time spans of the tables that the formula reads.
        factors: Rows of the emission factors behind it; none where no carbon is in it.
        scenario_hash: SHA-256 of the canonical scenario.
        code_version: Version of gridcarbon.
    """

    name: str
    value: float | None
    unit: str
    formula: str
    meaning: str
    convention: str
    inputs: Mapping[str, str]
    factors: tuple[Mapping[str, Any], ...]
    scenario_hash: str
    code_version: str

    def as_dict(self) -> dict[str, Any]:
        """As plain data, for JSON."""
        return asdict(self)
