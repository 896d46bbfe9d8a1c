"""From a sweep file to checked runs."""

from app.batch.sweep.base import is_sweep
from app.batch.sweep.check import check_sweep, check_sweep_content
from app.batch.sweep.checked import CheckedSweep, SweepRun

__all__ = ["CheckedSweep", "SweepRun", "check_sweep", "check_sweep_content", "is_sweep"]
