"""Runs on the screen: the tray in the header, what it asks the server, and what it tells it to do."""

from app.dashboard.runs.routes import add_runs
from app.dashboard.runs.tray import tray

__all__ = ["add_runs", "tray"]
