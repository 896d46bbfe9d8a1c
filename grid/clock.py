"""Earlier address of `grid.time.clock`, kept for scripts of users."""

from grid.time.clock import Clock

__all__ = ["Clock"]
