"""Scanning a store of many results against reading its summaries file by file: ``python -m benchmarks.store [N]``.

One day of the reference city is run once. The store then holds its manifest and summary under so many keys, and the
index and the record of a sweep that so many runs leave, each with key figures and parameters of its own. Tables are
left out: neither reads them. The peer is what one writes without an index: a frame made of every ``summary.json``.
"""

from __future__ import annotations

import json
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from importlib import resources
from pathlib import Path

import numpy as np
import polars as pl

from app.results import scan
from app.results.folder import Result
from app.results.run import run_scenario
from app.results.store.folders.local import LocalFolder
from app.results.store.index_tables import RUNS
from app.results.store.key import KEY_LENGTH
from app.results.store.records import SweepRecord
from app.results.store.states import NamedRun
from app.results.store.store import opened_store
from app.scenario import load_scenario

RESULTS = 10_000
REPETITIONS = 7
SEED = 1


def fill(place: Path, result: Result, count: int) -> None:
    """Makes a store of `count` results."""
    chance = np.random.default_rng(SEED)
    runs, rows = [], []
    for number in range(count):
        key = f"{number:0{KEY_LENGTH}x}"
        (place / key).mkdir(parents=True)
        for name in ("manifest.json", "summary.json"):
            os.link(result.path / name, place / key / name)
        varied = {"dispatch.carbon_price_per_t": 200 * chance.random(), "weather": ["here", "there"][number % 2],
                  "assets[roofs].p_peak_mw": 1 + number % 20}  # fmt: skip
        runs.append(NamedRun(f"run {number}", key, ("benchmark",), varied))
        figures = {name: value * chance.random() if isinstance(value, float) else value
                   for name, value in result.summary.items()}  # fmt: skip
        rows.append({"store": ".", "key": key, "status": "done", "attempts": 1, "started": 1e9, "finished": 2e9,
                     "seconds": 2.0, "peak_memory_mb": 400.0, "figures": figures})  # fmt: skip
    LocalFolder(place).write_record(SweepRecord("benchmark", tuple(runs)))
    with opened_store(place) as store, store.index.database.writing() as connection:
        connection.execute(RUNS.insert(), rows)


def scanned(place: Path) -> pl.DataFrame:
    return scan(place).sort("emissions_t", descending=True).collect()


def file_by_file(place: Path) -> pl.DataFrame:
    summaries = [json.loads(file.read_bytes()) for file in place.glob("*/summary.json")]
    return pl.from_dicts(summaries, infer_schema_length=None).sort("emissions_t", descending=True)


def seconds_of(engine: Callable[[Path], pl.DataFrame], place: Path) -> tuple[float, float]:
    """Time and processor time of one call [s]."""
    begun, used = time.perf_counter(), time.process_time()
    engine(place)
    return time.perf_counter() - begun, time.process_time() - used


def rows(count: int = RESULTS) -> list[str]:
    """Rows of the table."""
    scenario = load_scenario(Path(str(resources.files("app.scenarios") / "demo.yaml")), 1)
    with tempfile.TemporaryDirectory() as folder:
        result = run_scenario(scenario, Path(folder) / "one")
        place = Path(folder) / "store"
        fill(place, result, count)
        engines = {"**gridcarbon**: scan and sort": scanned, "each `summary.json` read": file_by_file}
        shapes = {name: engine(place).height for name, engine in engines.items()}  # imports and caches
        found: dict[str, list[tuple[float, float]]] = {name: [] for name in engines}
        for _ in range(REPETITIONS):
            for name, engine in engines.items():
                found[name].append(seconds_of(engine, place))
    medians = {
        name: [statistics.median(column) for column in zip(*times, strict=True)] for name, times in found.items()
    }
    ours = next(iter(medians.values()))[0]
    return [f"| {shapes[name]:,} | {name} | {wall:.2f} | {used:.2f} | {wall / ours:.1f} |"
            for name, (wall, used) in medians.items()]  # fmt: skip


def section(table: list[str]) -> str:
    """The section of ``docs/benchmarks.md``."""
    return f"""
## Summaries of a store
Runs of the reference city in one store, scanned and sorted by their emissions; medians of {REPETITIONS} in turns.

| results | way | s | s of processor time | × gridcarbon |
|---|---|---|---|---|
{chr(10).join(table)}
"""


if __name__ == "__main__":
    sys.stdout.write(section(rows(int(sys.argv[1]) if len(sys.argv) > 1 else RESULTS)))
