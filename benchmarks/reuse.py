"""What a variant takes that differs only in carbon factors, against the same week run afresh.

``python -m benchmarks.reuse [--days N] [--turns N] [--strategy S]``. The demonstration's city, unmanaged. Seconds are
those that the processor spends in the process, all threads together, the least of several turns, so that others on the
machine count for little; the process is started as a worker is, with one thread, and has run the week once before, so
that nothing is compiled. Four cases:

- by itself: nothing is shared and nothing reused, as `gridcarbon run` after its start;
- prepared: within `sharing_preparation`, with roofs of another size each turn, as every run of a worker but its first;
- factors: the same and with `PhaseReuse`, with another factor for gas, each turn its own;
- conventions: the same, traced under one convention of losses instead of four.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import nullcontext
from importlib import resources
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import polars as pl
import yaml

from app.results.run import store
from app.scenario import check_scenario
from app.simulation import PhaseReuse, simulate
from carbon.factors import DEFAULT_FACTOR_SET
from grid.memory import KEEPING_FREED_MEMORY
from grid.sharing import SharedPreparation, sharing_preparation
from grid.threads import environment

PHASES = ("check", "prepare", "dispatch", "power flow", "carbon tracing", "write")
Seconds = dict[str, float]


def demonstration(strategy: str, days: int) -> dict[str, Any]:
    """The demonstration's scenario."""
    text = (resources.files("app") / "scenarios" / "demo.yaml").read_text("utf-8")
    content: dict[str, Any] = yaml.safe_load(text)
    content["period"]["days"] = days
    content["dispatch"]["strategy"] = strategy
    return content


def with_roofs(content: dict[str, Any], p_peak_mw: float) -> dict[str, Any]:
    """The same with roofs of another size."""
    others = [asset for asset in content["assets"] if asset["name"] != "roofs"]
    (roofs,) = (asset for asset in content["assets"] if asset["name"] == "roofs")
    return content | {"assets": [roofs | {"p_peak_mw": p_peak_mw}, *others]}


def run(content: Mapping[str, Any], folder: Path, reuse: PhaseReuse | None = None) -> Seconds:
    """Processor seconds of each phase of a run, from its scenario to its folder."""
    spent, last = Seconds(), time.process_time()

    def until_now(phase: str) -> None:
        nonlocal last
        now = time.process_time()
        spent[phase] = spent.get(phase, 0.0) + now - last
        last = now

    loaded = check_scenario(content, folder, "benchmark")
    until_now("check")
    outcome = simulate(loaded, lambda phase, _: until_now(phase), reuse)
    with TemporaryDirectory() as out:
        store(outcome, Path(out) / "result")
        until_now("write")
    return spent


def write_factors(folder: Path, turn: int) -> str:
    """The default factors with another one for gas, as a file in `folder`; returns its name."""
    shipped = resources.files("carbon.factors") / f"{DEFAULT_FACTOR_SET}.csv"
    factors = pl.read_csv(shipped.read_bytes(), infer_schema=False)
    other = (pl.col("value").cast(pl.Float64) * (1 + 0.002 * turn)).cast(pl.String)  # within its published range
    name = f"factors {turn}.csv"
    factors.with_columns(
        pl.when(pl.col("technology") == "gas").then(other).otherwise("value").alias("value")
    ).write_csv(folder / name)
    return name


def measured(content: dict[str, Any], folder: Path, turns: int) -> dict[str, Seconds]:
    """Least seconds of each phase in each case."""
    kept, reuse = SharedPreparation(), PhaseReuse()
    cases: dict[str, Callable[[int], Seconds]] = {
        "by itself": lambda _: run(content, folder),
        "prepared": lambda turn: run(with_roofs(content, 6.0 + turn / 100), folder),
        "factors": lambda turn: run(
            content | {"carbon": {"factor_set": write_factors(folder, turn + 1)}}, folder, reuse
        ),
        "conventions": lambda _: run(content | {"carbon": {"conventions": ["operator"]}}, folder, reuse),
    }
    run(content, folder)
    found: dict[str, Seconds] = {}
    for name, case in cases.items():
        with nullcontext() if name == "by itself" else sharing_preparation(kept):
            if name != "by itself":
                run(content, folder, reuse)
            spent = [case(turn) for turn in range(turns)]
        found[name] = min(spent, key=lambda seconds: sum(seconds.values()))
    return found


def table_of_worker(days: int, turns: int, strategy: str = "unmanaged") -> str:
    """The table, measured in a process that is started as a worker is: with one thread, and keeping freed memory."""
    given = ["--days", str(days), "--turns", str(turns), "--strategy", strategy]
    command = [sys.executable, "-m", "benchmarks.reuse", "--here", *given]
    started_with = {**os.environ, **environment(threads=1), **KEEPING_FREED_MEMORY}
    found = subprocess.run(command, check=True, capture_output=True, text=True, env=started_with)  # noqa: S603  ours
    return found.stdout.strip()


def main() -> None:
    """Prints the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--days", type=int, default=7)
    parser.add_argument("--turns", type=int, default=3)
    parser.add_argument("--strategy", default="unmanaged")
    parser.add_argument("--here", action="store_true", help="in this process, with the threads that it has")
    options = parser.parse_args()
    if not options.here:
        sys.stdout.write(f"{table_of_worker(options.days, options.turns, options.strategy)}\n")
        return
    with TemporaryDirectory() as folder:
        found = measured(demonstration(options.strategy, options.days), Path(folder), options.turns)
    sys.stdout.write(f"{table(found)}\n")


def table(found: Mapping[str, Seconds]) -> str:
    """Seconds of every case, and what share they are of those of a run by itself and of one that is prepared."""
    totals = {name: sum(seconds.values()) for name, seconds in found.items()}
    lines = [f"| {' | '.join(('CPU seconds', *PHASES, 'all', 'of by itself', 'of prepared'))} |", f"|---{'|---:' * 9}|"]
    for name, seconds in found.items():
        cells = [f"{seconds.get(phase, 0.0):.3f}" for phase in PHASES]
        shares = [f"{totals[name] / totals[against]:.0%}" for against in ("by itself", "prepared")]
        lines.append(f"| {' | '.join((name, *cells, f'{totals[name]:.3f}', *shares))} |")
    return "\n".join(lines)


if __name__ == "__main__":
    main()
