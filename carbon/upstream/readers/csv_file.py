"""Price, intensity and mix of imports from a CSV file, in our layout or in those that data portals publish."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl

from carbon.factors import Boundary, FactorSet, load_factor_set
from carbon.upstream.readers.csv_gaps import filled, gap_faults
from carbon.upstream.readers.csv_layouts import Layout, layout_of
from carbon.upstream.readers.entsoe_files import is_library, library_table
from carbon.upstream.supply import Upstream
from grid.arrays import Floats, Ints
from grid.errors import Fault, InputError, nearest, raise_if_any
from grid.time.clock import Clock

_NOT_OURS = ("time_utc", "ci_kg_per_mwh", "price_per_mwh")
_GREATEST = {
    "ci_kg_per_mwh": 3000.0,
    "ci_marginal_kg_per_mwh": 3000.0,
    "renewable_share": 1.0,
    "carbon_free_share": 1.0,
}
_EMPTY = ("", "-", "n/e", "N/A", "NaN", "nan", "null")
_HOUR = np.timedelta64(3_600_000_000, "us")
_STEPS = (_HOUR // 4, _HOUR // 2, _HOUR)
_SHOWN = 10


@dataclass(frozen=True, eq=False)
class _Rows:
    """The cells of a file as numbers: NaN where empty, on the file's own times."""

    begins: np.ndarray[tuple[int, ...], np.dtype[np.datetime64]]
    row: Ints
    values: dict[str, Floats]
    of_one_file: bool = True

    def place(self, begin: np.datetime64, row: int) -> str:
        """Where something is: by its row, or by its time where several files are one table."""
        return f"row {row}" if self.of_one_file else f"{begin.astype('datetime64[m]')} UTC"


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
    not count). Intervals are hours, halves or quarters of an hour. Gaps, as missing rows or empty cells, are filled by
    the rule of `carbon.upstream.readers.csv_gaps` and counted in `Upstream.missing_hours`.

    Args:
        path: The file, or a folder with files of ENTSO-E's File Library.
        clock: The time axis; the file must cover it. Steps take the mean of the file over them.
        boundary: What to count: it chooses among the file's intensities, or the factors for its mix; our own layout
            states it for the file.
        factors: For the technologies of a mix without intensities; the default set if None.
        price_per_mwh: For a file without prices; without it such a file is refused.
        area: Which area of a file or folder of ENTSO-E's File Library, by code or name; needed where it holds several.

    Raises:
        InputError: If the file cannot be read, is of no known layout, lacks columns or part of the clock, or has
            values that are no numbers or out of range; all faults at once, with their rows.
    """
    library = is_library(Path(path))
    if area is not None and not library:
        raise InputError.single("area", "chooses from files of ENTSO-E's File Library; this file is another", area)
    table, first_row = (library_table(Path(path), area), 2) if library else _table(path)
    layout = layout_of(tuple(table.columns), boundary)
    if layout is None:
        raise_if_any(_column_faults(table.columns), str(path))
        raise InputError.single("", "has none of the known layouts", str(path))
    raise_if_any(_layout_faults(layout, table, boundary, price_per_mwh), str(path))
    rows = _rows(layout, table, first_row, of_one_file=not library)
    raise_if_any(
        [*_time_faults(layout, rows, clock), *_value_faults(layout, table, rows), *_zone_faults(layout, table)],
        str(path),
    )
    found, missing_hours, faults = _on_clock(rows, clock)
    raise_if_any(faults, str(path))
    if price_per_mwh is not None and "price_per_mwh" not in found:
        found["price_per_mwh"] = np.full(clock.n_steps, price_per_mwh)
    return _upstream(layout, found, clock, boundary, factors, missing_hours)


def _table(path: str | Path) -> tuple[pl.DataFrame, int]:
    """The cells as texts, with clean names, and the line of the first row of values."""
    try:
        with Path(path).open(encoding="utf-8-sig") as file:
            header = file.readline()
        separator = max(",;\t", key=header.count)
        table = pl.read_csv(path, infer_schema=False, separator=separator)
    except (pl.exceptions.PolarsError, OSError, UnicodeDecodeError) as error:
        raise InputError.single("upstream", f"cannot be read as CSV ({error})", str(path)) from error
    table = table.rename({name: name.strip().strip("\ufeff").strip('"') for name in table.columns})
    table = table.with_columns(pl.all().fill_null("").str.strip_chars())
    if table.height and table.width and not table.row(0)[0] and any("(" in cell for cell in table.row(0)):
        return table.slice(1), 3  # a row of units below the header, as in Energy-Charts
    return table, 2


def _rows(layout: Layout, table: pl.DataFrame, first_row: int, *, of_one_file: bool) -> _Rows:
    begins = layout.times(table[layout.time_column]).to_numpy().astype("datetime64[us]")
    values = {name: _numbers(table[column]) * scale for name, (column, scale) in layout.values.items()}
    for column in layout.generation:
        power_mw = np.maximum(_numbers(table[column]), 0.0)  # own use and pumping are no generation
        values[column] = power_mw if np.isfinite(power_mw).any() else np.zeros(table.height)  # a type that is not there
    return _Rows(begins, np.arange(first_row, first_row + table.height), values, of_one_file)


def _numbers(texts: pl.Series) -> Floats:
    plain = texts.str.replace_all(r"(\d),(\d{3})", "${1}${2}")  # thousands, as in EIA-930
    return plain.cast(pl.Float64, strict=False).fill_null(np.nan).to_numpy().astype(np.float64)


def _on_clock(rows: _Rows, clock: Clock) -> tuple[dict[str, Floats], float, list[Fault]]:
    """Means over the steps of the clock, the hours that were filled within it, and gaps that are too long."""
    step = _step_of(rows.begins)
    place = ((rows.begins - rows.begins[0]) // step).astype(np.int64)
    count, per_hour = int(place[-1]) + 1, int(_HOUR // step)
    row = np.full(count, -1)
    row[place] = rows.row
    stop = clock.times[-1] + np.timedelta64(clock.step)
    begins = rows.begins[0] + np.arange(count) * step
    used = (begins + step > clock.times[0]) & (begins < stop)
    names = list(rows.values)
    grid = np.full((count, len(names)), np.nan)
    grid[place] = np.column_stack([rows.values[name] for name in names])
    mix_free = np.isnan(grid).any(axis=1)
    last_row = np.maximum.accumulate(row)
    faults = list(
        gap_faults(mix_free & used, lambda k: rows.place(rows.begins[0] + k * step, int(last_row[k])), per_hour)
    )
    complete = filled(grid, per_hour)
    edges = np.append(clock.times, stop).astype("datetime64[us]")
    at = (edges - rows.begins[0]) / step
    total = np.vstack((np.zeros(len(names)), np.cumsum(complete, axis=0)))
    sums = np.column_stack([np.interp(at, np.arange(count + 1), column) for column in total.T])
    means = np.diff(sums, axis=0) / np.diff(at)[:, None]
    hours = float((mix_free & used).sum()) / per_hour
    return {name: means[:, position] for position, name in enumerate(names)}, hours, faults


def _upstream(
    layout: Layout,
    found: dict[str, Floats],
    clock: Clock,
    boundary: Boundary,
    factors: FactorSet | None,
    missing_hours: float,
) -> Upstream:
    names = tuple(dict.fromkeys(layout.generation.values()))
    p_mw = np.zeros((clock.n_steps, len(names)))
    for column, technology in layout.generation.items():
        p_mw[:, names.index(technology)] += found[column]
    if names:
        known = factors or load_factor_set()
        total_mw = p_mw.sum(axis=1)
        share = p_mw / np.where(total_mw > 0, total_mw, 1.0)[:, None]
        of_mix = {
            "ci_kg_per_mwh": [known.value(name, boundary) for name in names],
            "renewable_share": [float(known.renewable(name)) for name in names],
            "carbon_free_share": [float(known.carbon_free(name)) for name in names],
        }
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
    )


def _step_of(begins: np.ndarray[tuple[int, ...], np.dtype[np.datetime64]]) -> np.timedelta64:
    return np.diff(begins).min() if begins.size > 1 else _HOUR


def _column_faults(columns: list[str]) -> Iterator[Fault]:
    for name in _NOT_OURS:
        if name not in columns:
            yield Fault(name, "is a required column of our layout", suggestion=nearest(name, columns))


def _layout_faults(
    layout: Layout, table: pl.DataFrame, boundary: Boundary, price_per_mwh: float | None
) -> Iterator[Fault]:
    if "ci_kg_per_mwh" not in layout.values and not layout.generation:
        rule = f"is a required column; this file, in the layout of {layout.name}, has no {boundary} intensities"
        yield Fault("ci_kg_per_mwh", rule, suggestion=nearest("ci_kg_per_mwh", table.columns))
    if "price_per_mwh" not in layout.values and price_per_mwh is None:
        rule = f"is a required column; {layout.name} has no prices here, so {layout.cure}"
        if layout.name == "gridcarbon":
            rule = "is a required column"
        yield Fault("price_per_mwh", rule, suggestion=nearest("price_per_mwh", table.columns))


def _zone_faults(layout: Layout, table: pl.DataFrame) -> Iterator[Fault]:
    for name in layout.single:
        zones = table[name].unique(maintain_order=True).to_list()
        if len(zones) > 1:
            row = int((table[name] != zones[0]).arg_max() or 0) + 2
            yield Fault(f"row {row}, {name}", f"must be {zones[0]!r} as above; one zone a file", zones[1])


def _time_faults(layout: Layout, rows: _Rows, clock: Clock) -> Iterator[Fault]:
    begins, name = rows.begins, layout.time_column
    unread = np.isnat(begins)
    if unread.any() or not begins.size:
        rule = "must be times such as 2030-01-01T00:00, or as the layout has them; not so in rows"
        yield Fault(name, rule, rows.row[unread][:_SHOWN].tolist() or "an empty file")
        return
    steps = np.diff(begins)
    falling = np.flatnonzero(steps <= np.timedelta64(0, "us"))
    if falling.size:
        yield Fault(name, "must rise from row to row, each time once; not so in rows", _shown(rows.row[falling + 1]))
        return
    step = _step_of(begins)
    odd = np.flatnonzero(((begins - begins[0]) % step) != np.timedelta64(0, "us"))
    if step not in _STEPS or odd.size:
        at = rows.row[odd] if odd.size else rows.row[1:2]
        yield Fault(name, "must be whole hours, halves or quarters of an hour apart; not so in rows", _shown(at))
        return
    stop = clock.times[-1] + np.timedelta64(clock.step)
    if begins[0] > clock.times[0] or begins[-1] + step < stop:
        rule = f"must cover {clock.times[0].astype('datetime64[m]')} to {stop.astype('datetime64[m]')} UTC"
        yield Fault(name, rule, f"{begins[0].astype('datetime64[m]')} to {begins[-1].astype('datetime64[m]')}")


def _value_faults(layout: Layout, table: pl.DataFrame, rows: _Rows) -> Iterator[Fault]:
    columns = {name: column for name, (column, _) in layout.values.items()} | {name: name for name in layout.generation}
    for name, column in columns.items():
        values = rows.values[name]
        empty = table[column].is_in(_EMPTY).to_numpy()
        unread = np.flatnonzero(~np.isfinite(values) & ~empty)
        if unread.size:
            yield Fault(column, "must be a number in every row, or empty; not so in rows", _shown(rows.row[unread]))
        elif empty.all() and name not in layout.generation:
            yield Fault(column, "must have values; it is empty")
        if name in _GREATEST:
            bad = np.flatnonzero((values < 0) | (values > _GREATEST[name] * (1 + 1e-9)))
            if bad.size:
                rule = f"must lie within 0 and {_GREATEST[name] / layout.values[name][1]:g}; not so in rows"
                yield Fault(column, rule, _shown(rows.row[bad]))


def _shown(rows: Ints) -> list[int]:
    return [int(row) for row in rows[:_SHOWN]]
