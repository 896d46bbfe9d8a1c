"""What was measured, as the package's data file and as a table for people."""

from __future__ import annotations

import datetime as dt
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import yaml

from app.studies.estimate.levers import Ranges
from benchmarks.estimate.design import DESIGNS
from benchmarks.estimate.errors import Compared, summarised

FILE = Path("app/studies/estimate/measured.yaml")


def report(measured: Mapping[str, Sequence[Compared]], *, write: bool) -> None:
    """Prints the table; writes the file too if asked."""
    strategies = {}
    for strategy, compared in measured.items():
        errors = {correction: summarised(compared, correction) for correction in ("alone", "corrected")}
        strategies[strategy] = {"ranges": _ranges(compared), "errors": _rounded(errors)}
        _print(strategy, compared, errors)
    if write:
        known = yaml.safe_load(FILE.read_text("utf-8"))
        chosen = [design for design in DESIGNS if design.strategy in {**known["strategies"], **strategies}]
        runs = ", ".join(f"{len(design.starts) * (design.variants + 1)} {design.strategy} runs of {design.days} days"
                         for design in chosen)  # fmt: skip
        content = {
            "source": f"python -m benchmarks.estimate: {runs} of the reference city against the short way",
            "date": dt.datetime.now(dt.UTC).date().isoformat(),
            "networks": ["reference"],
            "days": [2, 14],
            "strategies": {**known["strategies"], **strategies},
        }
        FILE.write_text(yaml.safe_dump(content, sort_keys=False, width=120), encoding="utf-8")


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


def _print(
    strategy: str, compared: Sequence[Compared], errors: Mapping[str, Mapping[str, Mapping[str, float]]]
) -> None:
    seconds = sorted(each.seconds for each in compared)
    out = [f"\n{strategy}: {len(compared)} runs, short way median {1000 * seconds[len(seconds) // 2]:.0f} ms\n",
           "| figure | alone 80 % | 90 % | largest | corrected 80 % | 90 % | largest | within 80 % | within 90 % |",
           "|---|---|---|---|---|---|---|---|---|"]  # fmt: skip
    for key, alone in errors["alone"].items():
        moved = errors["corrected"].get(key, {})
        cells = [alone[name] for name in ("q80", "q90", "largest")]
        cells += [moved.get(name, float("nan")) for name in ("q80", "q90", "largest")]
        words = [f"{cell:.3g}" for cell in cells]
        words += [f"{moved.get(name, float('nan')):.0%}" for name in ("covered80", "covered")]
        out.append(f"| {key} | " + " | ".join(words) + " |")
    sys.stdout.write("\n".join(out) + "\n")
