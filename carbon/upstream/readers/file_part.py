"""One file of several that say what a city imports: what was read of it, and what all of them lack or share."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from carbon.factors import Boundary
from carbon.upstream.readers.csv_rows import FileRows
from carbon.upstream.readers.layout import Layout
from carbon.upstream.supply import Upstream
from grid.arrays import Floats
from grid.errors import Fault, nearest
from grid.files.report import FileReport
from grid.files.text_table import TextTable
from grid.time.gaps import FilledSeries
from grid.time.rows import EvenRows


@dataclass(frozen=True, eq=False)
class FileHead:
    """One file whose columns are known, and whose rows are not read.

    Args:
        file: The file, or the folder of a library.
        layout: How it is read.
        table: Its cells.
        of_library: Whether it is of ENTSO-E's File Library.
    """

    file: Path
    layout: Layout
    table: TextTable
    of_library: bool

    @property
    def names(self) -> tuple[str, ...]:
        """Its columns."""
        return tuple(self.table.names)


@dataclass(frozen=True, eq=False)
class FilePart:
    """One file, read.

    Args:
        head: The file and its columns.
        rows: Its rows.
        even: The same at even steps.
        series: The same without gaps.
        means: Means over the steps of the clock by name of column, shape (T,).
    """

    head: FileHead
    rows: FileRows
    even: EvenRows
    series: FilledSeries
    means: dict[str, Floats]


def heads_faults(heads: Sequence[FileHead], price_per_mwh: float | None, boundary: Boundary) -> Iterator[Fault]:
    """Intensity or prices that no file has, or that several have."""
    layouts = [head.layout for head in heads]
    mixes = [head for head in heads if head.layout.generation or "ci_kg_per_mwh" in head.layout.values]
    names = [name for head in heads for name in head.names]
    forms = ", ".join(dict.fromkeys(layout.name for layout in layouts))
    if not mixes:
        rule = f"is a required column; this file, in the layout of {forms}, has no {boundary} intensities"
        if any("price_per_mwh" in layout.values for layout in layouts) and forms != "gridcarbon":
            rule += ": put a file of generation beside it in one folder, and name the folder"
        yield Fault("ci_kg_per_mwh", rule, suggestion=nearest("ci_kg_per_mwh", names))
    priced = [head for head in heads if "price_per_mwh" in head.layout.values]
    if not priced and price_per_mwh is None:
        rule = "is a required column"
        if forms != "gridcarbon":
            rule += f"; {forms} has no prices here, so {layouts[0].cure}"
        yield Fault("price_per_mwh", rule, suggestion=nearest("price_per_mwh", names))
    for what, holding in (("generation or intensities", mixes), ("prices", priced)):
        if len(holding) > 1:
            rule = f"must hold {what} in one file; join files of several periods into one"
            yield Fault("upstream.csv", rule, ", ".join(head.file.name for head in holding))


def mix_faults(layout: Layout) -> Iterator[Fault]:
    """That the types of generation in a file are no whole mix, whose intensity would be none of imports."""
    kinds = set(layout.generation.values())
    if not kinds or "ci_kg_per_mwh" in layout.values:
        return
    lacking = [name for name in layout.required if name not in kinds]
    if lacking:
        rule = f"must have every type of generation, to say what imports are made of; {layout.name} has here only"
        lacks = f" (it lacks {', '.join(lacking)})"
        yield Fault("columns", f"{rule} {', '.join(sorted(kinds))}{lacks}: download all types in one file")


def joint_report(source: str, parts: Sequence[FilePart], upstream: Upstream) -> FileReport:
    """What was read of all files, in figures of the whole files and of the run; times are those of the mix."""
    heads, reports = [part.head for part in parts], [_report(source, part, upstream) for part in parts]
    if len(reports) == 1:
        return reports[0]
    main = next(k for k, head in enumerate(heads) if "price_per_mwh" not in head.layout.values or len(head.names) > 2)
    forms = " and ".join(f"{head.layout.name} ({head.file.name})" for head in heads)
    gaps = "; ".join(f"{head.file.name}: {report.gaps}" for head, report in zip(heads, reports, strict=True))
    return replace(
        reports[main], form=forms, gaps=gaps,
        totals=tuple(dict.fromkeys(line for report in reports for line in report.totals)),
        mended=tuple(line for report in reports for line in report.mended),
        dropped=tuple(line for report in reports for line in report.dropped),
    )  # fmt: skip


def _report(source: str, part: FilePart, upstream: Upstream) -> FileReport:
    """What was read, in figures of the whole file and of the run."""
    layout, rows, even = part.head.layout, part.rows, part.even
    totals = []
    for name, label in (("ci_kg_per_mwh", "intensity [kg/MWh]"), ("price_per_mwh", "price [currency/MWh]")):
        run = getattr(upstream, name)
        text = f"{label}: run {run.mean():,.2f} ({run.min():,.2f} to {run.max():,.2f})"
        if name in rows.names:
            column = even.values[:, rows.names.index(name)]
            text += f", file {np.nanmean(column):,.2f} ({np.nanmin(column):,.2f} to {np.nanmax(column):,.2f})"
        totals.append(text)
    energy: dict[str, float] = {}
    for fuel, technology in layout.generation.items():
        if fuel in rows.names:
            gwh = float(np.nansum(even.values[:, rows.names.index(fuel)])) * even.step_hours / 1000
            energy[technology] = energy.get(technology, 0.0) + gwh
    if energy:
        largest = sorted(energy, key=lambda each: -energy[each])
        parts = ", ".join(f"{name} {energy[name]:,.1f}" for name in largest if energy[name] > 0)
        totals.append(f"generation in the file {sum(energy.values()):,.1f} GWh: {parts}")
    return FileReport(
        kind="upstream",
        source=source,
        form=layout.name,
        rows=f"{rows.begins.size:,}",
        period=even.period_words,
        zone=rows.zone,
        step=even.words,
        gaps=part.series.words,
        totals=tuple(totals),
        mended=rows.mended,
        dropped=rows.dropped,
    )
