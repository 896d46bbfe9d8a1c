"""Earlier address of `app.simulation.simulate`, kept for scripts of users."""

from app.simulation.simulate import simulate

__all__ = ["simulate"]
