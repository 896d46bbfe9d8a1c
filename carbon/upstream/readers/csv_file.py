"""Price, intensity and mix of imports from a CSV file, in our layout or in those that data portals publish."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np

from carbon.factors import Boundary, FactorSet, UsedFactor, load_factor_set
from carbon.factors.used import published
from carbon.upstream.currency import currency_doubt
from carbon.upstream.readers.csv_layouts import layout_of
from carbon.upstream.readers.csv_rows import STEPS_US, FileRows, read_rows
from carbon.upstream.readers.entsoe_files import is_library, library_table
from carbon.upstream.readers.entsoe_long import has_types_in_rows, with_types_in_columns
from carbon.upstream.readers.file_part import FileHead, FilePart, heads_faults, joint_report, mix_faults
from carbon.upstream.readers.layout import Layout
from carbon.upstream.readers.national_layouts import with_one_time
from carbon.upstream.supply import IMPORTS, Upstream
from grid.arrays import Floats
from grid.errors import Fault, InputError, nearest, raise_if_any
from grid.files.cell_faults import Rows
from grid.files.content import is_folder
from grid.files.text_table import TextTable, read_text_table, tidy
from grid.sharing import shared
from grid.time.clock import Clock
from grid.time.gaps import FilledSeries, fill_gaps, gap_faults
from grid.time.rows import EvenRows, even_rows, order_faults, step_means, uneven_rows

_REQUIRED = ("time_utc", "ci_kg_per_mwh", "price_per_mwh")
"""Columns that a file in our own layout must have."""
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
    currency: str | None = None,
) -> Upstream:
    """Reads intensity, price and, where it has them, mix and shares of the electricity above the city.

    The layout is told by the header (`carbon.upstream.readers.csv_layouts`). Our own has ``time_utc`` (beginning, ISO
    8601, UTC), ``ci_kg_per_mwh``, ``price_per_mwh``; optional ``ci_marginal_kg_per_mwh`` (otherwise the average),
    ``renewable_share`` and ``carbon_free_share`` (0 to 1; otherwise 0 and the renewable share: what is not known does
    not count). Intervals are hours or parts of them, also both in one file. Gaps, as missing rows or empty cells, are
    filled by the rule of `grid.time.gaps` and counted in `Upstream.missing_hours`.

    Args:
        path: The file, or a folder with files of ENTSO-E's File Library, or with one file of generation or intensity
            and one of prices, in any layouts.
        clock: The time axis; the file must cover it. Steps take the mean of the file over them.
        boundary: What to count: it chooses among the file's intensities, or the factors for its mix; our own layout
            states it for the file.
        factors: For the technologies of a mix without intensities; the default set if None.
        price_per_mwh: For a file without prices; without it such a file is refused.
        area: Which area of a file or folder of ENTSO-E's File Library, by code or name; needed where it holds several.
        currency: Of the scenario; a file that states another for its prices says so in its report.

    Raises:
        InputError: If the file cannot be read, is of no known layout, lacks columns or part of the clock, has values
            that are no numbers or out of range, or gaps that must not be filled; all faults at once, with their rows.
    """
    path = Path(path)
    library = is_library(path) and not _is_folder_of_others(path)
    if area is not None and not library:
        raise InputError.single("area", "chooses from files of ENTSO-E's File Library; this file is another", area)
    files = [path] if library or not is_folder(path) else sorted(path.glob("*.csv"))
    parts = _read_parts(path, files, clock, boundary, area, price_per_mwh)
    found = {name: means for part in parts for name, means in part.means.items()}
    if price_per_mwh is not None and "price_per_mwh" not in found:
        found["price_per_mwh"] = np.full(clock.n_steps, price_per_mwh)
    layouts = [part.head.layout for part in parts]
    generation = {name: technology for layout in layouts for name, technology in layout.generation.items()}
    missing_hours = max(part.series.missing_hours for part in parts)
    upstream = _upstream(generation, found, clock, boundary, factors, missing_hours)
    report = joint_report(str(path), parts, upstream)
    stated = next((layout.currency for layout in layouts if layout.currency), "")
    doubt = currency_doubt(stated, currency, "prices of the file") if currency is not None else ""
    return replace(upstream, report=replace(report, mended=(*report.mended, *filter(None, (doubt,)))))


def _read_parts(
    path: Path, files: list[Path], clock: Clock, boundary: Boundary, area: str | None, price_per_mwh: float | None
) -> list[FilePart]:
    """Reads the files at a path; faults of headers, of what the files lack together and of rows are told at once."""
    heads, parts, faults = list[FileHead](), list[FilePart](), list[Fault]()
    for file in files:
        try:
            heads.append(_read_head(file, boundary, area))
        except InputError as error:
            faults += _of_file(error, file, path)
    if not faults:
        faults += heads_faults(heads, price_per_mwh, boundary)
    for head in heads:
        try:
            parts.append(_read_part(head, clock))
        except InputError as error:
            faults += _of_file(error, head.file, path)
    raise_if_any(faults, str(path))
    return parts


def _of_file(error: InputError, file: Path, path: Path) -> list[Fault]:
    """The faults of a file; of one of a folder with its name."""
    if file == path:
        return list(error.faults)
    return [replace(fault, place=f"{file.name}, {fault.place or 'columns'}") for fault in error.faults]


def _read_head(path: Path, boundary: Boundary, area: str | None) -> FileHead:
    """The cells of a file of any known layout; faults as in `upstream_from_csv`."""
    library = is_library(path)
    table = _library(path, area) if library else _table(path)
    layout = layout_of(tuple(table.names), boundary)
    if layout is None:
        raise_if_any(_column_faults(table.names), str(path))
        raise InputError.single("", "has none of the known layouts (docs/reading_files.md)", str(path))
    raise_if_any(mix_faults(layout), str(path))
    return FileHead(path, layout, table, of_library=library)


def _read_part(head: FileHead, clock: Clock) -> FilePart:
    """The rows of a file; faults as in `upstream_from_csv`."""
    path, layout, table = str(head.file), head.layout, head.table
    rows = read_rows(layout, table, of_one_file=not head.of_library)
    raise_if_any(_zone_faults(layout, table), path)
    raise_if_any([*_time_faults(layout, rows, clock), *rows.faults], path)
    even, series, faults = _filled(rows, clock)
    raise_if_any(faults, path)
    means = step_means(replace(even, values=series.values), clock)
    return FilePart(head, rows, even, series, dict(zip(rows.names, means.T, strict=True)))


def _is_folder_of_others(path: Path) -> bool:
    """Whether a path is a folder without files of the File Library, and with one in another published layout."""
    files = sorted(path.glob("*.csv")) if is_folder(path) else []
    if any(is_library(file) for file in files):
        return False
    for file in files:
        try:
            layout = layout_of(tuple(_table(file).names), "direct")
        except InputError:  # told where the file is read
            continue
        if layout is not None and layout.name not in {"gridcarbon", "ENTSO-E File Library"}:
            return True
    return False


def _table(path: str | Path) -> TextTable:
    """The cells as texts, with clean names."""
    try:
        table = read_text_table(path)
    except InputError as error:
        rule = f"cannot be read as CSV: {error.faults[0].rule}"
        raise InputError([replace(error.faults[0], rule=rule), *error.faults[1:]], str(path)) from error
    known = {name.casefold(): name for name in (*_REQUIRED, "ci_marginal_kg_per_mwh", "renewable_share")}
    renamed = {name: known.get(name.casefold(), name) for name in table.names}
    if len(set(renamed.values())) == len(renamed):
        table = replace(table, cells=table.cells.rename(renamed))
    table = with_one_time(table)
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

    def position(step: int) -> str:
        return rows.position(even.begins[step], int(last_row[step]))

    missing = ~np.isfinite(even.values)
    faults = list(gap_faults(missing, used, even.step_hours, rows.names, position))
    return even, fill_gaps(even.values, used, even.step_hours), faults


def _upstream(
    generation: Mapping[str, str],
    found: dict[str, Floats],
    clock: Clock,
    boundary: Boundary,
    factors: FactorSet | None,
    missing_hours: float,
) -> Upstream:
    names = tuple(dict.fromkeys(generation.values()))
    p_mw, used = np.zeros((clock.n_steps, len(names))), tuple[UsedFactor, ...]()
    for column, technology in generation.items():
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


def _column_faults(columns: list[str]) -> Iterator[Fault]:
    if not {*_REQUIRED} & {*columns} and not any(nearest(name, columns) for name in _REQUIRED):
        yield Fault("", "has none of the known layouts (docs/reading_files.md); its columns are", ", ".join(columns))
        return
    for name in _REQUIRED:
        if name not in columns:
            rule = "is a required column of our layout"
            if name == "time_utc":
                rule += ", beginnings in UTC (times with an offset, such as +02:00, may be local)"
            yield Fault(name, rule, suggestion=nearest(name, columns))


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
        rule = "must be times such as 2030-01-01T00:00, or as the layout has them"
        yield Fault(name, f"{rule}; not so in rows", Rows(rows.line[unread].tolist()) or "an empty file")
        return
    falling = list(order_faults(begins, rows.line, name))
    if falling:
        yield from falling
        return
    distances = np.diff(begins).astype("timedelta64[us]").astype(np.int64)
    odd = uneven_rows(begins, rows.lengths_us)
    if (distances.size and int(distances.min()) not in STEPS_US) or odd.size:
        at = rows.line[odd] if odd.size else rows.line[1:2]
        rule = "must be whole hours, halves or quarters of an hour apart, or 5, 10 or 20 minutes; not so in rows"
        yield Fault(name, rule, at[:_SHOWN].tolist())
        return
    even = even_rows(begins, rows.values[:, :0], rows.lengths_us)
    if not even.covers(clock):
        stop = clock.times[-1] + np.timedelta64(clock.step)
        rule = f"must cover {clock.times[0].astype('datetime64[m]')} to {stop.astype('datetime64[m]')} UTC"
        yield Fault(name, rule, f"{even.start.astype('datetime64[m]')} to {even.stop.astype('datetime64[m]')}")
