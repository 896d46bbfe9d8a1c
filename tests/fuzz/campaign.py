"""Many wrong inputs for every reader, counted: `python -m tests.fuzz.campaign [N] [SEED]`, as `make fuzz` does.

Ends with status 1 if anything but a refusal or a reading happened: another exception, or more than `LONGEST_S`.
"""

from __future__ import annotations

import json
import resource
import sys
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Callable
from datetime import date
from pathlib import Path
from random import Random
from typing import Any

from app.scenario import load_scenario
from grid.errors import InputError
from tests.fuzz.mutants import changed_bytes, changed_scenario, changed_text, changed_tree
from tests.fuzz.readers import Reader, readers

LONGEST_S = 10.0
"""Processor time beyond which an input counts as one that hangs [s]."""
SCENARIO: dict[str, Any] = {
    "schema_version": 1, "name": "feeder", "currency": "EUR",
    "city": {"network": "case33bw", "time_zone": "Europe/Berlin", "holidays": "DE", "demand_growth": 0.05},
    "period": {"start": date(2030, 1, 7), "days": 1, "step_minutes": 60},
    "upstream": {"region": "reference"}, "tariff": {"import_markup_per_mwh": 60},
    "assets": [
        {"kind": "battery", "name": "store", "bus": "5", "p_rated_mw": 0.5, "e_rated_mwh": 2,
         "power_limits": [{"hours": "22:00-06:00", "discharge_max_mw": 0}]},
        {"kind": "ev_fleet", "name": "homes", "where": {"areas": "all"}, "vehicles": 50, "place": "home"},
        {"kind": "hydrogen_station", "name": "depot", "bus": "7", "electrolyser_mw": 0.5, "tank_kg": 200,
         "fuel_cell_mw": 0.1, "demand_kg_per_day": 50},
    ],
    "power_limits": [{"kinds": ["battery"], "hours": "17:00-20:00", "charge_max_share": 0.5}],
    "data_centres": [{"name": "hall", "bus": "3", "p_it_rated_mw": 0.3, "cooling": {"kind": "air_economiser"},
                      "power_chain": {"kind": "hvdc_240"}, "on_site": {"battery_mw": 0.1, "battery_mwh": 0.2}}],
    "dispatch": {"strategy": "optimal", "carbon_price_per_t": 80, "forecast": {"load": 0.03}},
    "limits": {"vm_min_pu": 0.9, "vm_max_pu": 1.1},
    "carbon": {"boundary": "direct", "conventions": ["operator"]},
}  # fmt: skip
"""A scenario on a small net, with something of every part."""


def changed_content(random: Random, reader: Reader) -> bytes:
    """A file for a reader in which something was changed: bytes, text, or values inside its tables."""
    how = random.randrange(3)
    if reader.name == "net.json" and how:
        net = json.loads(reader.content)
        name = random.choice(("bus", "load", "sgen", "line", "trafo", "ext_grid", "storage", "switch", "controller"))
        table = net["_object"][name]
        table["_object"] = json.dumps(changed_tree(random, json.loads(table["_object"])), default=str)
        return json.dumps(net if how == 1 else changed_tree(random, net), default=str).encode()
    if how == 0 or reader.name.endswith(".parquet"):
        return changed_bytes(random, reader.content)
    return changed_text(random, reader.content.decode()).encode("utf-8", "surrogatepass")


class Tally:
    """What became of the inputs of one kind."""

    def __init__(self, kind: str) -> None:
        self.kind = kind
        self.ends: Counter[str] = Counter()
        self.examples: dict[str, str] = {}

    def try_one(self, seed: int, read: Callable[[], object]) -> None:
        """Reads one input, and counts how that ended."""
        begun = time.process_time()
        try:
            read()
            end = "read"
        except InputError as error:
            str(error).encode()
            end = "refused"
        except Exception as error:  # what this is here to find
            end = f"{type(error).__name__} at {traceback.extract_tb(error.__traceback__)[-1].name}"
            self.examples.setdefault(end, f"seed {seed}\n{traceback.format_exc()}")
        if time.process_time() - begun > LONGEST_S:
            self.ends["hang"] += 1
            self.examples.setdefault("hang", f"seed {seed}: {time.process_time() - begun:.0f} s, then {end}")
        self.ends[end] += 1

    def __str__(self) -> str:
        return f"{self.kind}: " + ", ".join(f"{count:,} {end}" for end, count in self.ends.most_common())


def campaign(n: int, first_seed: int, folder: Path) -> list[Tally]:
    """Tries `n` scenarios, and a twentieth as many nets and files of every other reader."""
    scenarios = Tally("scenarios")
    path = folder / "scenario.yaml"
    for seed in range(first_seed, first_seed + n):
        path.write_bytes(changed_scenario(Random(seed), SCENARIO).encode("utf-8", "surrogatepass"))
        scenarios.try_one(seed, lambda: load_scenario(path))
    seeds = range(first_seed, first_seed + max(1, n // 20))
    return [scenarios, *(_files(reader, seeds, folder / reader.name) for reader in readers())]


def _files(reader: Reader, seeds: range, path: Path) -> Tally:
    tally = Tally(reader.name)
    for seed in seeds:
        path.write_bytes(changed_content(Random(seed), reader))
        tally.try_one(seed, lambda: reader.read(path))
    return tally


def main() -> None:
    """Runs a campaign and prints what was found."""
    given = [int(word) for word in sys.argv[1:]]
    n, seed = [*given, *(20_000, 0)[len(given) :]]
    with tempfile.TemporaryDirectory() as folder:
        tallies = campaign(n, seed, Path(folder))
    for tally in tallies:
        sys.stdout.write(f"{tally}\n")
        sys.stdout.writelines(f"  {end}: {example}\n" for end, example in tally.examples.items())
    peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    sys.stdout.write(f"peak memory {peak_mb:,.0f} MB\n")
    sys.exit(any(tally.examples for tally in tallies))


if __name__ == "__main__":
    main()
