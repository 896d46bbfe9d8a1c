"""Price, intensity and mix of imports from a CSV file, in our layout or in those that data portals publish."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np

from carbon.factors import Boundary, FactorSet, UsedFactor, load_factor_set
from carbon.factors.used import published
from carbon.upstream.readers.csv_layouts import Layout, layout_of
from carbon.upstream.readers.csv_rows import FileRows, read_rows
from carbon.upstream.readers.entsoe_files import is_library, library_table
from carbon.upstream.readers.entsoe_long import has_types_in_rows, with_types_in_columns
from carbon.upstream.supply import IMPORTS, Upstream
from grid.arrays import Floats
from grid.errors import Fault, InputError, nearest, raise_if_any
from grid.files.report import FileReport
from grid.files.text_table import TextTable, read_text_table, tidy
from grid.sharing import shared
from grid.time.clock import Clock
from grid.time.gaps import FilledSeries, fill_gaps, gap_faults
from grid.time.rows import EvenRows, even_rows, order_faults, step_means, uneven_rows

_NOT_OURS = ("time_utc", "ci_kg_per_mwh", "price_per_mwh")
_STEPS_US = tuple(60_000_000 * minutes for minutes in (5, 10, 15, 20, 30, 60))
_SHOWN = 10


@shared(files=lambda given: [given["path"]])
def upstream_from_csv(
    path: str | Path,
    clock: Clock,
    boundary: Boundary = "direct",
    *,
    factors: FactorSet | None = None,
    price_per_mwh: float | None = None,
    area: str | None = None,
) -> Upstream:
    """Reads intensity, price and, where it has them, mix and shares of the electricity above the city.

    The layout is told by the header (`carbon.upstream.readers.csv_layouts`). Our own has ``time_utc`` (beginning, ISO
    8601, UTC), ``ci_kg_per_mwh``, ``price_per_mwh``; optional ``ci_marginal_kg_per_mwh`` (otherwise the average),
    ``renewable_share`` and ``carbon_free_share`` (0 to 1; otherwise 0 and the renewable share: what is not known does
    not count). Intervals are hours or parts of them, also both in
    one file. Gaps, as missing rows or empty cells, are filled by
    the rule of `grid.time.gaps` and counted in `Upstream.missing_hours`.

    Args:
        path: The file, or a folder with files of ENTSO-E's File Library.
        clock: The time axis; the file must cover it. Steps take the mean of the file over them.
        boundary: What to count: it chooses among the file's intensities, or the factors for its mix; our own layout
            states it for the file.
        factors: For the technologies of a mix without intensities; the default set if None.
        price_per_mwh: For a file without prices; without it such a file is refused.
        area: Which area of a file or folder of ENTSO-E's File Library, by code or name; needed where it holds several.

    Raises:
        InputError: If the file cannot be read, is of no known layout, lacks columns or part of the clock, has values
            that are no numbers or out of range, or gaps that must not be filled; all faults at once, with their rows.
    """
    library = is_library(Path(path))
    if area is not None and not library:
        raise InputError.single("area", "chooses from files of ENTSO-E's File Library; this file is another", area)
    table = _library(Path(path), area) if library else _table(path)
    layout = layout_of(tuple(table.names), boundary)
    if layout is None:
        raise_if_any(_column_faults(table.names), str(path))
        raise InputError.single("", "has none of the known layouts (docs/reading_files.md)", str(path))
    raise_if_any(_layout_faults(layout, table, price_per_mwh, boundary), str(path))
    rows = read_rows(layout, table, of_one_file=not library)
    raise_if_any(_zone_faults(layout, table), str(path))
    raise_if_any([*_time_faults(layout, rows, clock), *rows.faults], str(path))
    even, series, faults = _filled(rows, clock)
    raise_if_any(faults, str(path))
    means = step_means(replace(even, values=series.values), clock)
    found = {name: means[:, place] for place, name in enumerate(rows.names)}
    if price_per_mwh is not None and "price_per_mwh" not in found:
        found["price_per_mwh"] = np.full(clock.n_steps, price_per_mwh)
    upstream = _upstream(layout, found, clock, boundary, factors, series.missing_hours)
    return replace(upstream, report=_report(str(path), layout, rows, even, series, upstream))


def _table(path: str | Path) -> TextTable:
    """The cells as texts, with clean names."""
    try:
        table = read_text_table(path)
    except InputError as error:
        rule = f"cannot be read as CSV: {error.faults[0].rule}"
        raise InputError([replace(error.faults[0], rule=rule), *error.faults[1:]], str(path)) from error
    known = {name.casefold(): name for name in (*_NOT_OURS, "ci_marginal_kg_per_mwh", "renewable_share")}
    renamed = {name: known.get(name.casefold(), name) for name in table.names}
    if len(set(renamed.values())) == len(renamed):
        table = replace(table, cells=table.cells.rename(renamed))
    if has_types_in_rows(table.names):
        return with_types_in_columns(table)
    first = table.cells.row(0) if table.n_rows else ("x",)
    if not first[0] and any("(" in cell for cell in first):
        return table.without_first()  # a row of units below the header, as in Energy-Charts
    return table


def _library(path: Path, area: str | None) -> TextTable:
    cells = library_table(path, area)
    return tidy(cells, np.arange(2, 2 + cells.height), None, "utf-8")


def _filled(rows: FileRows, clock: Clock) -> tuple[EvenRows, FilledSeries, list[Fault]]:
    """The whole file on even steps, without gaps, and the gaps that must not be filled."""
    even = even_rows(rows.begins, rows.values, rows.lengths_us).reaching(clock)
    used = even.used_by(clock)
    last_row = np.maximum(np.maximum.accumulate(even.row), 0)

    def place(step: int) -> str:
        return rows.place(even.begins[step], int(last_row[step]))

    missing = ~np.isfinite(even.values)
    faults = list(gap_faults(missing, used, even.step_hours, rows.names, place))
    return even, fill_gaps(even.values, used, even.step_hours), faults


def _upstream(
    layout: Layout,
    found: dict[str, Floats],
    clock: Clock,
    boundary: Boundary,
    factors: FactorSet | None,
    missing_hours: float,
) -> Upstream:
    names = tuple(dict.fromkeys(layout.generation.values()))
    p_mw, used = np.zeros((clock.n_steps, len(names))), tuple[UsedFactor, ...]()
    for column, technology in layout.generation.items():
        if column not in found:  # joined with the column that it is a part of
            continue
        p_mw[:, names.index(technology)] += found[column]
    if names:
        known = factors or load_factor_set()
        total_mw = p_mw.sum(axis=1)
        share = p_mw / np.where(total_mw > 0, total_mw, 1.0)[:, None]
        rows = [known.find(name, boundary) for name in names]
        of_mix = {
            "ci_kg_per_mwh": [row.value_kg_per_mwh for row in rows],
            "renewable_share": [float(known.renewable(name)) for name in names],
            "carbon_free_share": [float(known.carbon_free(name)) for name in names],
        }
        if "ci_kg_per_mwh" not in found:
            used = tuple(published(row.technology, IMPORTS, row) for k, row in enumerate(rows) if p_mw[:, k].any())
        found = {name: share @ np.array(values) for name, values in of_mix.items()} | found
    renewable = np.clip(found.get("renewable_share", np.zeros(clock.n_steps)), 0.0, 1.0)
    return Upstream(
        clock=clock,
        price_per_mwh=found["price_per_mwh"],
        ci_kg_per_mwh=found["ci_kg_per_mwh"],
        ci_marginal_kg_per_mwh=found.get("ci_marginal_kg_per_mwh", found["ci_kg_per_mwh"]),
        renewable_share=renewable,
        technologies=names,
        p_mw=p_mw,
        boundary=boundary,
        carbon_free_share=np.clip(found.get("carbon_free_share", renewable), 0.0, 1.0),
        missing_hours=missing_hours,
        factors=used,
    )


def _report(
    source: str, layout: Layout, rows: FileRows, even: EvenRows, series: FilledSeries, upstream: Upstream
) -> FileReport:
    """What was read, in figures of the whole file and of the run."""
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
        gaps=series.words,
        totals=tuple(totals),
        mended=rows.mended,
        dropped=rows.dropped,
    )


def _column_faults(columns: list[str]) -> Iterator[Fault]:
    if not {*_NOT_OURS} & {*columns} and not any(nearest(name, columns) for name in _NOT_OURS):
        yield Fault("", "has none of the known layouts (docs/reading_files.md); its columns are", ", ".join(columns))
        return
    for name in _NOT_OURS:
        if name not in columns:
            yield Fault(name, "is a required column of our layout", suggestion=nearest(name, columns))


def _layout_faults(
    layout: Layout, table: TextTable, price_per_mwh: float | None, boundary: Boundary
) -> Iterator[Fault]:
    if "ci_kg_per_mwh" not in layout.values and not layout.generation:
        rule = f"is a required column; this file, in the layout of {layout.name}, has no {boundary} intensities"
        yield Fault("ci_kg_per_mwh", rule, suggestion=nearest("ci_kg_per_mwh", table.names))
    if "price_per_mwh" not in layout.values and price_per_mwh is None:
        rule = f"is a required column; {layout.name} has no prices here, so {layout.cure}"
        if layout.name == "gridcarbon":
            rule = "is a required column"
        yield Fault("price_per_mwh", rule, suggestion=nearest("price_per_mwh", table.names))


def _zone_faults(layout: Layout, table: TextTable) -> Iterator[Fault]:
    for name in layout.single:
        zones = table.cells[name].unique(maintain_order=True).to_list()
        if len(zones) > 1:
            row = int(table.lines[int((table.cells[name] != zones[0]).arg_max() or 0)])
            yield Fault(f"row {row}, {name}", f"must be {zones[0]!r} as above; one zone a file", zones[1])


def _time_faults(layout: Layout, rows: FileRows, clock: Clock) -> Iterator[Fault]:
    begins, name = rows.begins, layout.time_column
    if rows.order_faults:
        yield from rows.order_faults
        return
    unread = np.isnat(begins)
    if unread.any() or not begins.size:
        rule = "must be times such as 2030-01-01T00:00, or as the layout has them; not so in rows"
        yield Fault(name, rule, rows.line[unread][:_SHOWN].tolist() or "an empty file")
        return
    falling = list(order_faults(begins, rows.line, name))
    if falling:
        yield from falling
        return
    distances = np.diff(begins).astype("timedelta64[us]").astype(np.int64)
    odd = uneven_rows(begins, rows.lengths_us)
    if (distances.size and int(distances.min()) not in _STEPS_US) or odd.size:
        at = rows.line[odd] if odd.size else rows.line[1:2]
        rule = "must be whole hours, halves or quarters of an hour apart, or 5, 10 or 20 minutes; not so in rows"
        yield Fault(name, rule, at[:_SHOWN].tolist())
        return
    even = even_rows(begins, rows.values[:, :0], rows.lengths_us)
    if not even.covers(clock):
        stop = clock.times[-1] + np.timedelta64(clock.step)
        rule = f"must cover {clock.times[0].astype('datetime64[m]')} to {stop.astype('datetime64[m]')} UTC"
        yield Fault(name, rule, f"{even.start.astype('datetime64[m]')} to {even.stop.astype('datetime64[m]')}")
