"""A scenario's period as what is ahead, and the days before it as what was measured."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

from app.results.folder import open_result
from app.scenario import LoadedScenario, check_scenario
from app.simulation.again import loaded_again
from app.simulation.inputs import SimulationInputs, prepare
from app.twin.forecasts.powers import CityPowers, city_powers
from grid.errors import Fault, raise_if_any
from grid.files.content import is_folder
from grid.files.yaml_file import read_yaml
from grid.twin.forecast.history import PowerHistory

PAST_DAYS = 70
"""Days before the period that stand for what was measured: eight weeks to learn from, two to test on."""


@dataclass(frozen=True, eq=False)
class OperatedCity:
    """A city at the beginning of a period.

    Args:
        ahead: The scenario over the hours ahead.
        past: The days before, as nobody managed anything.
    """

    ahead: SimulationInputs
    past: CityPowers

    @property
    def histories(self) -> tuple[PowerHistory, ...]:
        """The past totals by kind, as if they had been measured."""
        spec = self.ahead.loaded.scenario.city
        return tuple(self.past.history(kind, spec.time_zone, spec.holidays) for kind in self.past.kinds)


def operated_city(path: Path, start: date | None, days: int | None, past_days: int = PAST_DAYS) -> OperatedCity:
    """A city at the beginning of its period, with what its profiles say of the days before.

    Args:
        path: A scenario file, or the folder of a result, whose scenario is taken.
        start: Day at whose midnight (UTC) what is ahead begins; None: as the scenario says.
        days: Days ahead; None: all of the period.
        past_days: Days before.

    Raises:
        InputError: With all that is wrong with the scenario, or with what is asked.
    """
    raise_if_any(_faults(days, past_days), "the period")
    loaded = city_ahead(path, start, days)
    begins = loaded.scenario.period.start
    before = {"period.start": begins - timedelta(days=past_days), "period.days": past_days}
    past = check_scenario(loaded.scenario.with_changes(before).model_dump(mode="json"), loaded.folder, str(path))
    return OperatedCity(prepare(loaded), city_powers(prepare(past)))


def city_ahead(path: Path, start: date | None, days: int | None) -> LoadedScenario:
    """The scenario of a file or of a result over the days ahead; None: over all of its period."""
    if is_folder(path):
        result = open_result(path)
        asked = {"days": days, "start": start}
        period = result.scenario["period"] | {name: value for name, value in asked.items() if value is not None}
        return loaded_again({**result.scenario, "period": period}, result.manifest, path)
    file = read_yaml(path)
    raw = file.content
    if isinstance(raw, Mapping) and isinstance(raw.get("period"), Mapping) and start is not None:
        raw = {**raw, "period": {**raw["period"], "start": start}}
    with file.naming_lines():
        return check_scenario(raw, path.parent, str(path), days)


def _faults(days: int | None, past_days: int) -> list[Fault]:
    """What is wrong with the numbers of days."""
    faults = [] if days is None or 1 <= days <= 7 else [Fault("--days", "must lie within 1..7", days)]
    return faults + ([] if 7 <= past_days <= 366 else [Fault("--past-days", "must lie within 7..366", past_days)])
