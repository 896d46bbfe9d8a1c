"""The scenario file: schema, reading, everything that can be wrong with it."""

from app.scenario.load import check_scenario, load_scenario
from app.scenario.loaded import LoadedScenario

__all__ = ["LoadedScenario", "check_scenario", "load_scenario"]
