"""Pydantic's errors in the words of whoever writes a scenario file."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from app.scenario.schema import Scenario
from grid.assets.power_limits import HOURS_PATTERN
from grid.files import spec_faults
from grid.files.spec_faults import WORDS

if TYPE_CHECKING:
    from pydantic import BaseModel, ValidationError

    from grid.errors import Fault

__all__ = ["PATTERNS", "WORDS", "fault_of", "faults_of"]

PATTERNS = {HOURS_PATTERN: "must be hours of a day such as 07:00-11:00 or 22:00-06:00"}
"""Patterns of texts in the words of a user."""


def faults_of(error: ValidationError, root: type[BaseModel] = Scenario) -> list[Fault]:
    """All of pydantic's errors in our words; see `grid.files.spec_faults.faults_of`."""
    return spec_faults.faults_of(error, root, PATTERNS)


def fault_of(item: Any, root: type[BaseModel] = Scenario) -> Fault:
    """A pydantic error in our words; see `grid.files.spec_faults.fault_of`."""
    return spec_faults.fault_of(item, root, PATTERNS)
