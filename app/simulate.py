"""Earlier address of `app.simulation.simulate`, kept for scripts of users."""

from app.simulation import simulate

__all__ = ["simulate"]
