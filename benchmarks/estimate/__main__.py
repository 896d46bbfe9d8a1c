"""Measures by how much estimates err: `python -m benchmarks.estimate STORE [strategy …] [--write]`."""

from __future__ import annotations

import sys
from pathlib import Path

from benchmarks.estimate.design import DESIGNS
from benchmarks.estimate.errors import Compared, errors_of
from benchmarks.estimate.runs import results_of


def main(arguments: list[str]) -> None:
    place = Path(arguments[0])
    chosen = [each for each in arguments[1:] if not each.startswith("--")]
    measured: dict[str, list[Compared]] = {}
    for design in DESIGNS:
        if not chosen or design.strategy in chosen:
            runs = results_of(design, place)
            if "--only-run" not in arguments:
                measured.setdefault(design.strategy, []).extend(errors_of(runs, place))
    if measured:
        from benchmarks.estimate.report import report  # noqa: PLC0415

        report(measured, write="--write" in arguments)


if __name__ == "__main__":
    main(sys.argv[1:])
