"""By how much a limit of the grid may be exceeded before that counts as a violation, the same in all packages."""

from __future__ import annotations

from typing import Final

VOLTAGE_TOLERANCE_PU: Final = 1e-4
"""A voltage violates its limit when it is outside by more than this [pu]."""
LOADING_TOLERANCE_PERCENT: Final = 0.2
"""A loading violates its limit when it exceeds it by more than this [percentage points]."""
IMPORT_TOLERANCE: Final = LOADING_TOLERANCE_PERCENT / 100
"""An import violates its limit when it exceeds it by more than this, relative to the limit [1]."""
UNBALANCE_MAX: Final = 0.02
"""Highest ratio of the negative to the positive sequence of the voltage, EN 50160:2010, clauses 4.2.4 and 5.2.4 [1]."""
UNBALANCE_PERMITTED_SHARE: Final = 0.05
"""Share of a week's means over ten minutes in which more is permitted, by the same clauses [1]."""
