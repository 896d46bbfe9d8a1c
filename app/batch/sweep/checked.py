"""A sweep that has been checked: its runs, and what an evaluation needs to know of its design."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import astuple, dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

Scalar = bool | int | float | str | None


@dataclass(frozen=True)
class PlaceInDesign:
    """Where a run stands in the design of its sweep.

    Args:
        sample: Place of its sample in a sampled design, of the run in another, from 0.
        matrix: Of a Saltelli design: ``A``, ``B``, ``AB`` (A with a column of B) or ``BA``; else empty.
        column: Of ``AB`` and ``BA``: path of the parameter whose column is the other matrix's; else empty.
        replication: Which weather, year and seed of the replications; empty if there are none.
    """

    sample: int = 0
    matrix: str = ""
    column: str = ""
    replication: str = ""


FIRST = PlaceInDesign()
"""Of the first run of a design without matrices and replications."""


@dataclass(frozen=True)
class SweepRun:
    """One run of a sweep.

    Args:
        name: Its name, which no other run of the sweep has.
        tags: Words by which it is found again.
        parameters: What varies in the sweep, by path, each with its value in this run.
        content: The whole scenario, JSON-like, with all defaults, as `scenario.yaml` of a result holds it.
        folder: Folder that file names in it are relative to.
        key: Address of its result in a store.
        in_design: Where it stands in the design.
    """

    name: str
    tags: tuple[str, ...]
    parameters: Mapping[str, Scalar]
    content: Mapping[str, Any]
    folder: Path
    key: str
    in_design: PlaceInDesign = FIRST


@dataclass(frozen=True)
class CheckedSweep:
    """A sweep without faults.

    Args:
        name: Its name.
        source: Its file.
        runs: Its runs, in order.
        kind: Kind of its design, such as ``grid`` or ``saltelli``.
        parameters: Paths that the design varies, in order; those of replications are not among them.
        seed: Of its samples.
        samples: Number of samples of a sampled design; None for others.
    """

    name: str
    source: Path
    runs: tuple[SweepRun, ...]
    kind: str
    parameters: tuple[str, ...]
    seed: int
    samples: int | None = None

    @cached_property
    def design(self) -> dict[str, Any]:
        """What an evaluation needs to know of the design, JSON-like.

        ``runs`` has for each run, in order, its sample, matrix, column and replication (`PlaceInDesign`).
        """
        return {
            "kind": self.kind,
            "parameters": list(self.parameters),
            "seed": self.seed,
            "samples": self.samples,
            "runs": [list(astuple(run.in_design)) for run in self.runs],
        }
