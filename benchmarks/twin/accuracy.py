"""How far estimates of whole weeks of the reference city are from its true state, and what their bands hold.

``python -m benchmarks.twin.accuracy [--weeks 2030-11-25 ...] [--seeds 0 ...] [--results DIR]`` prints rows as those of
``docs/state_estimation.md``, there of one step in seven: the demonstration's scenario under ``optimal``, stations at 13
buses (5 %) placed for carbon, noise of 1 % of the value and nothing else wrong, first with every charging place
metered, then with totals of charging known. A week takes half a minute of processor time, and its run as long.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from importlib import resources
from pathlib import Path
from typing import Final

from app.results.run import run_scenario
from app.scenario import check_scenario, load_scenario
from app.twin.estimation.accuracy import Accuracy, accuracy
from app.twin.estimation.city_state import state_by
from app.twin.estimation.elements import city_elements
from app.twin.estimation.expectations import expectations
from app.twin.estimation.measured_city import MeasuredCity, simulated_series
from app.twin.estimation.study import SensorStudy
from app.twin.measuring.simulated import Metering
from app.twin.measuring.solved_state import solved_state
from app.twin.measuring.true_state import true_state

WEEKS: Final = ("2030-02-04", "2030-03-11", "2030-04-22", "2030-06-03", "2030-07-08", "2030-08-26", "2030-10-07",
                "2030-11-25", "2030-12-09")  # fmt: skip
STATIONS, NOISE, DAYS = 13, 0.01, 7
HEAD: Final = """\
| {} | voltage [%] | loading [points] | losses [%] | carbon [%] | voltages | loadings | losses | intensities |
|---|---|---|---|---|---|---|---|---|
"""


def city_of(week: str, place: Path) -> MeasuredCity:
    """The demonstration's city in the week that begins on a day; run if it is not there yet."""
    folder = place / week
    if not folder.exists():
        with resources.as_file(resources.files("app") / "scenarios" / "demo.yaml") as path:
            loaded = load_scenario(path, DAYS)
        changed = loaded.scenario.with_changes({"period.start": week, "dispatch.strategy": "optimal"})
        run_scenario(check_scenario(changed.model_dump(mode="json"), loaded.folder, loaded.scenario.name), folder)
    return MeasuredCity.from_result(folder)


def measured(city: MeasuredCity, seed: int, *, charging: bool) -> Accuracy:
    """Errors and coverage of an estimate of the whole week."""
    inputs, names = city.inputs, city.inputs.loaded.city.network.buses.names
    found = SensorStudy(city, charging, NOISE, seed).places(STATIONS, "carbon", None)
    metering = Metering(charging=charging, stations=tuple(names[bus] for bus in found.buses))
    series = simulated_series(true_state(city.result), metering, NOISE, seed)
    state = state_by(inputs, series, expectations(inputs, city_elements(inputs), series), seed)
    return accuracy(state, city.result, solved_state(city.result, inputs.loaded))


def row(name: str, all_seeds: list[Accuracy]) -> str:
    """A line of the table, the seeds one after the other."""
    errors = (("vm_percent", ".2f"), ("loading_points", ".2f"), ("loss_percent", ".1f"), ("ci_percent", ".1f"))
    covered = ((f"{what}_covered", ".3f") for what in ("vm", "loading", "loss", "ci"))
    cells = (
        ", ".join(format(getattr(found, field), digits) for found in all_seeds)
        for field, digits in (*errors, *covered)
    )  # fmt: skip
    return f"| {name} | {' | '.join(cells)} |\n"


def report(weeks: list[str], seeds: list[int], place: Path) -> Iterator[str]:
    """Both tables, line by line."""
    for charging, title in ((True, "every charging place metered"), (False, "totals of charging known")):
        yield HEAD.format(f"{title}; week from")
        for week in weeks:
            city = city_of(week, place)
            yield row(week, [measured(city, seed, charging=charging) for seed in seeds])
        yield "\n"


def main() -> None:
    """Prints the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--weeks", nargs="+", default=list(WEEKS), help="first days of the weeks")
    parser.add_argument("--seeds", nargs="+", type=int, default=[0, 1])
    parser.add_argument("--results", type=Path, default=Path("runs") / "benchmark of the estimation")
    given = parser.parse_args()
    for line in report(given.weeks, given.seeds, given.results):
        sys.stdout.write(line)
        sys.stdout.flush()


if __name__ == "__main__":
    main()
