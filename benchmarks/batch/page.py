"""The page of what batches cost: a section for each part that is measured, which replaces the one from before."""

from __future__ import annotations

import importlib.metadata
import os
import platform
from collections.abc import Mapping, Sequence

from benchmarks.batch.campaign import Campaign
from benchmarks.batch.throughput import Throughput

TITLES = {
    "throughput": "Throughput and overhead",
    "memory": "Memory",
    "variant": "A variant in carbon factors",
    "kills": "Kills",
}
"""Heading of the section of every part, in the order of the page."""
_HEAD = """# Batches, measured
Written by `make bench` ([benchmarks/batch](../benchmarks/batch)), or part by part by
`python -m benchmarks.batch.run throughput`, `memory`, `variant` or `kills`. Runs are weeks of the reference city
(`demo`), each with another peak power of its roofs, so that none takes the dispatch or the power flow of another.
"""
_PACKAGES = ("dask", "distributed", "sqlalchemy", "numpy", "polars", "pyarrow", "highspy")


def merged(page: str, found: Mapping[str, str]) -> str:
    """A page with other sections of the parts that were measured.

    Args:
        page: The page as it is; may be empty.
        found: What is below the heading, by part.
    """
    before = {each.partition("\n")[0]: each.partition("\n")[2] for each in page.split("\n## ")[1:]}
    sections = {title: found.get(part, before.get(title)) for part, title in TITLES.items()}
    parts = [f"## {title}\n{text.strip()}\n" for title, text in sections.items() if text is not None]
    return "\n".join([_HEAD, *parts])


def machine() -> str:
    """What it was measured on."""
    versions = ", ".join(f"{name} {importlib.metadata.version(name)}" for name in _PACKAGES)
    return f"On {os.cpu_count()} processors ({platform.machine()}), Python {platform.python_version()}, {versions}."


def throughput_section(pairs: Mapping[str, tuple[Throughput, Throughput]]) -> str:
    """One worker against two, by strategy."""
    rows = [
        f"| {name} | {each.workers} | {each.runs} | {each.seconds:,.1f} | {each.per_hour:,.0f} | "
        f"{'' if each is one else f'{two.per_hour / one.per_hour:.2f}'} | {100 * each.overhead:.1f} % | "
        f"{each.start_s:.1f} |"
        for name, (one, two) in pairs.items()
        for each in (one, two)
    ]
    return f"""Time from the first run handed out to the last result in the store, the first imports of the workers
included; their start is beside it. Overhead is all of the workers' time that is no phase of a run (read, prepare,
dispatch, power flow, tracing, write).

| runs | workers | number | s | an hour | × one worker | overhead | start of the workers, s |
|---|---|---|---|---|---|---|---|
{chr(10).join(rows)}

Targets: at least 1.8 times the throughput of one worker, at most 5 % overhead.
{machine()}
"""


def memory_section(memory: Throughput) -> str:
    """A worker's memory."""
    (series,) = memory.memory_mb
    shown = ", ".join(f"{series[place - 1]:,.0f}" for place in (1, 10, 25, 50, 75, 100) if place <= len(series))
    return f"""One worker over {memory.runs} runs, after the 1st, 10th, 25th, 50th, 75th and 100th as far as there were
so many: {shown} MB. Largest deviation from that after the tenth: {100 * memory.memory_drift:.1f} % (target: 10 %).
{machine()}
"""


def variant_section(table: str) -> str:
    """A variant against a fresh run, from the table of `benchmarks.reuse`."""
    return f"""Processor time of one process, started as a worker is, the least of several turns
(`python -m benchmarks.reuse`, which says what the cases are; [reuse.md](reuse.md) what they share). Target: a variant
in factors at most 15 % of a run by itself.

{table}

{machine()}
"""


def kills_section(kills: Campaign, notes: Sequence[str] = ()) -> str:
    """A batch that was killed again and again."""
    whom = {name: kills.kills.count(name) for name in ("client", "worker", "scheduler")}
    return f"""{kills.results} runs of a year of a small net, on a scheduler and two workers as processes of their own,
killed {len(kills.kills)} times at random moments: the client {whom["client"]} times, a worker {whom["worker"]}, the
scheduler {whom["scheduler"]}. It took {kills.clients} clients and {kills.seconds:,.0f} s. Runs that were interrupted
and begun again: {kills.attempts - kills.results}.

| | target | found |
|---|---|---|
| results | all | {kills.results} |
| results that differ in a byte from those of a batch that was left alone | 0 | {len(kills.different)} |
| runs that were finished twice | 0 | {len(kills.twice)} |
| leftovers: hidden files, runs in nobody's hands | 0 | {len(kills.leftovers)} |

{" ".join([*notes, machine()])}
"""
