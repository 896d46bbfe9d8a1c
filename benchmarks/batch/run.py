"""Measures batches and merges what was measured into ``docs/benchmarks_batch.md``.

``python -m benchmarks.batch.run [throughput] [memory] [variant] [kills]``: without a part all of them, in the sizes
that the targets name, which takes over an hour on two processors that do nothing else (40 optimal weeks with one worker
are half of it). ``--short`` takes a tenth of the runs, ``--quick`` a small net besides and writes nothing.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import app
from benchmarks import reuse
from benchmarks.batch.campaign import Campaign, campaign
from benchmarks.batch.page import (
    TITLES,
    kills_section,
    memory_section,
    merged,
    throughput_section,
    variant_section,
)
from benchmarks.batch.throughput import Throughput, measure, sweep_of

OUT = Path(__file__).parents[2] / "docs" / "benchmarks_batch.md"
CITY = Path(app.__file__).parent / "scenarios" / "demo.yaml"
ROOFS = "assets[roofs].p_peak_mw"
SMALL = {
    "name": "small",
    "city": {"network": "case33bw"},
    "period": {"start": "2030-01-01", "days": 366, "step_minutes": 60},
    "dispatch": {"strategy": "unmanaged"},
    "assets": [{"kind": "pv", "name": "roofs", "bus": "5", "p_peak_mw": 1.0}],
}
"""The scenario of the kills: a small net, and runs long enough that kills fall into them."""
FULL = {"unmanaged": 200, "optimal": 40, "memory": 100, "days": 7, "turns": 9, "kill_runs": 100, "kills": 20}
SHORT = FULL | {"unmanaged": 20, "optimal": 4, "memory": 20, "turns": 3, "kill_runs": 12, "kills": 3}
QUICK = SHORT | {"unmanaged": 8, "days": 1}


def compared(folder: Path, base: Path, runs: int, strategy: str, days: int) -> tuple[Throughput, Throughput]:
    """The same sweep with one worker and with two, one after the other."""
    sweep = sweep_of(folder, base, runs, {"dispatch.strategy": strategy}, ROOFS, 6.0)
    return measure(sweep, folder / "store-1", 1, days), measure(sweep, folder / "store-2", 2, days)


def killed(folder: Path, small: Path, runs: int, kills: int, seed: int) -> Campaign:
    """The campaign of kills against a batch that was left alone."""
    sweep = sweep_of(folder, small, runs, {}, ROOFS, 1.0)
    measure(sweep, folder / "undisturbed", 2)
    return campaign(sweep, folder / "store", folder / "undisturbed", folder / "cluster", kills=kills, seed=seed)


def sections(folder: Path, asked: argparse.Namespace) -> dict[str, Callable[[], str]]:
    """What measures each part."""
    small = folder / "small.yaml"
    small.write_text(json.dumps(SMALL))
    base = small if asked.quick else CITY

    def throughput() -> str:
        return throughput_section(
            {strategy: compared(folder / strategy, base, getattr(asked, strategy), strategy, asked.days)
             for strategy in ("unmanaged", "optimal") if getattr(asked, strategy)}
        )  # fmt: skip

    def memory() -> str:
        sweep = sweep_of(folder, base, asked.memory, {"dispatch.strategy": "unmanaged"}, ROOFS, 6.0)
        return memory_section(measure(sweep, folder / "memory", 1, asked.days))

    def variant() -> str:
        return variant_section(reuse.table_of_worker(asked.days, asked.turns))

    def kills() -> str:
        return kills_section(killed(folder / "kills", small, asked.kill_runs, asked.kills, asked.seed))

    return {"throughput": throughput, "memory": memory, "variant": variant, "kills": kills}


def options() -> argparse.ArgumentParser:
    """What can be asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("parts", nargs="*", choices=[*TITLES, ()], default=(), help="what is measured; default: all")
    parser.add_argument("--unmanaged", type=int, help="runs of the strategy unmanaged; 0 for none")
    parser.add_argument("--optimal", type=int, help="runs of the strategy optimal; 0 for none")
    parser.add_argument("--memory", type=int, help="runs of one worker whose memory is looked at")
    parser.add_argument("--days", type=int, help="days of these runs")
    parser.add_argument("--turns", type=int, help="turns of each case of a variant")
    parser.add_argument("--kill-runs", type=int, help="runs of the batch that is killed")
    parser.add_argument("--kills", type=int, help="how often it is killed")
    parser.add_argument("--seed", type=int, default=1, help="of the moments of the kills")
    parser.add_argument("--short", action="store_true", help="a tenth of the runs")
    parser.add_argument("--quick", action="store_true", help="besides a small net; the page goes to standard output")
    return parser


def main(arguments: list[str] | None = None) -> None:
    """Measures what is asked for, part by part, and writes the page after each."""
    asked = options().parse_args(arguments)
    for name, size in (QUICK if asked.quick else SHORT if asked.short else FULL).items():
        if getattr(asked, name) is None:
            setattr(asked, name, size)
    with tempfile.TemporaryDirectory(prefix="gridcarbon-bench-") as folder:
        measures = sections(Path(folder), asked)
        for part in asked.parts or TITLES:
            found = measures[part]()
            sys.stderr.write(f"{found}\n")
            page = merged(OUT.read_text(encoding="utf-8"), {part: found})
            (sys.stdout.write if asked.quick else OUT.write_text)(page)


if __name__ == "__main__":
    main()
