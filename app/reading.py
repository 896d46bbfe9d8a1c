"""Earlier address of `app.scenario.load`, kept for scripts of users."""

from app.scenario.load import check_scenario, load_scenario

__all__ = ["check_scenario", "load_scenario"]
