"""Earlier address of `check_scenario` and `load_scenario` of `app.scenario`, kept for scripts of users."""

from app.scenario import check_scenario, load_scenario

__all__ = ["check_scenario", "load_scenario"]
