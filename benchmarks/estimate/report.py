"""What was measured, as the package's data file and as tables for people."""

from __future__ import annotations

import datetime as dt
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from app.studies.estimate.accuracy import Correction
from app.studies.estimate.levers import LABELS, Ranges
from benchmarks.estimate.design import DESIGNS
from benchmarks.estimate.errors import Compared, summarised

FILE = Path("app/studies/estimate/measured.yaml")
TABLES = Path("docs/estimate_measured.md")
COLUMNS = ("q80", "q90", "largest", "covered80", "covered")
HEAD = """# Errors of estimates, measured
Written by `python -m benchmarks.estimate STORE --write` ([how estimates are made](estimate.md)). Absolute errors of
the short run against the full run of the same scenario: quantiles of 80 and 90 %, and the largest. Of amounts they
are shares of the amount, of V2G of what cars charge, of exports of the consumption, of violations of the steps;
others are in the unit of the figure. *Alone*: the short run by itself. *Corrected*: by the run from which one to
four levers were moved. *Held*: share of the corrected that lay within a band made from the others, for bands of 80
and 90 %. Where runs whose fleets have another size than their reference err more, only those count.
"""


def report(measured: Mapping[str, Sequence[Compared]], *, write: bool) -> None:
    """Prints the tables; writes them and the data file too if asked."""
    known = yaml.safe_load(FILE.read_text("utf-8"))
    for strategy, compared in measured.items():
        errors = {correction: _largest_of(compared, correction) for correction in ("alone", "corrected")}
        kinds = sorted(frozenset[str]().union(*(each.kinds for each in compared)))
        known["strategies"][strategy] = {"kinds": kinds, "ranges": _ranges(compared), "errors": _rounded(errors)}
        seconds = sorted(each.seconds for each in compared)
        sys.stdout.write(f"{strategy}: short way {1000 * seconds[len(seconds) // 2]:.0f} ms (median)\n")
    there = [design for design in DESIGNS if design.strategy in known["strategies"]]
    runs = ", ".join(
        f"{len(design.starts) * (design.variants + 1)} {design.strategy} runs of {design.days} days in steps of "
        f"{design.step_minutes} minutes ({design.scenario})"
        for design in there
    )
    known["source"] = f"python -m benchmarks.estimate: {runs} of the reference city against the short way"
    known["date"] = dt.datetime.now(dt.UTC).date().isoformat()
    known["networks"], known["days"] = ["reference"], [2, 14]
    text = "\n".join(_tables(known)) + "\n"
    sys.stdout.write(text)
    if write:
        FILE.write_text(yaml.safe_dump(known, sort_keys=False, width=120), encoding="utf-8")
        TABLES.write_text(text, encoding="utf-8")


def _largest_of(compared: Sequence[Compared], correction: Correction) -> dict[str, dict[str, float]]:
    """Errors of all runs, or of those whose fleets have another size where these are larger, figure by figure.

    Without decisions most figures are exact unless that lever is moved, and bands are for who moves it.
    """
    every = summarised(compared, correction)
    resized = summarised([each for each in compared if each.resized], correction)
    return {key: max(of_all, resized.get(key, of_all), key=lambda each: each["q90"]) for key, of_all in every.items()}


def _ranges(compared: Sequence[Compared]) -> dict[str, list[float]]:
    of = Ranges.around([each.levers for each in compared]).of
    return {name: [float(f"{low:.4g}"), float(f"{high:.4g}")] for name, (low, high) in of.items()}


def _rounded(errors: Mapping[str, Mapping[str, Mapping[str, float]]]) -> dict[str, dict[str, dict[str, float]]]:
    return {
        correction: {
            key: {name: value if name == "runs" else float(f"{value:.3g}") for name, value in each.items()}
            for key, each in figures.items()
        }
        for correction, figures in errors.items()
    }


def _tables(known: Mapping[str, Any]) -> Iterator[str]:
    """The document, line by line."""
    yield HEAD
    yield f"{known['date']}. {known['source'].partition(': ')[2]}."
    for strategy, of in known["strategies"].items():
        moved = (f"{LABELS[name][0]} {low:g} to {high:g} {LABELS[name][1]}".rstrip()
                 for name, (low, high) in of["ranges"].items())  # fmt: skip
        yield f"\n## {strategy}\nAssets: {', '.join(of['kinds'])}. Levers: {'; '.join(moved)}.\n"
        yield "| figure | alone 80 % | 90 % | largest | corrected 80 % | 90 % | largest | held 80 % | held 90 % |"
        yield "|---|---|---|---|---|---|---|---|---|"
        for key, alone in of["errors"]["alone"].items():
            corrected = of["errors"]["corrected"].get(key, {})
            cells = [f"{each.get(name, float('nan')):.2g}" for each in (alone, corrected) for name in COLUMNS[:3]]
            cells += [f"{corrected.get(name, float('nan')):.0%}" for name in COLUMNS[3:]]
            yield f"| {key} | " + " | ".join(cells) + " |"
