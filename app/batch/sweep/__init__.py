"""From a sweep file to checked runs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from grid.public_names import on_demand

if TYPE_CHECKING:
    from app.batch.sweep.base import is_sweep
    from app.batch.sweep.check import check_sweep, check_sweep_content
    from app.batch.sweep.checked import CheckedSweep, SweepRun

__all__ = ["CheckedSweep", "SweepRun", "check_sweep", "check_sweep_content", "is_sweep"]

__getattr__ = on_demand(
    __name__,
    {
        "CheckedSweep": "checked",
        "SweepRun": "checked",
        "check_sweep": "check",
        "check_sweep_content": "check",
        "is_sweep": "base",
    },
)
