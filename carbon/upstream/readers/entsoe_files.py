"""Files of ENTSO-E's File Library: a row for each area, time and type; read to a table with a row for each time.

The Transparency Platform exports months of all Europe as tab-separated files [1]. Three say what a city imports:

- ``AggregatedGenerationPerType_16.1.B_C``: output and own consumption (pumping) of each type;
- ``EnergyPrices_12.1.D`` (before 2024 ``DayAheadPrices_12.1.D``): day-ahead prices;
- ``ActualTotalLoad_6.1.A``: the load. What load and consumption exceed generation by is an import of unknown origin.

A folder holds any of them, of any months. Columns are those of the files of 2026 and of their predecessors without
units in their names.

References:
    [1] ENTSO-E Transparency Platform, File Library Guide,
        https://transparencyplatform.zendesk.com/hc/en-us/articles/35960137882129-File-Library-Guide
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

import polars as pl

from carbon.upstream.readers.night import solar_nights
from grid.errors import Fault, InputError, listed, nearest, raise_if_any
from grid.files.cell_faults import Rows
from grid.files.content import open_regular
from grid.files.text_table import read_text_table

TIME: Final = "DateTime(UTC)"
PRICE: Final = "Price"
IMPORTS: Final = "Net imports"
SOLAR: Final = "Solar"
"""Columns of the wide table, beside those of the types of generation; that of prices names their currency too."""
_LOAD: Final = "Total load"
_CONSUMPTION: Final = "Consumption of "
_VALUES: Final = {"ActualGenerationOutput": "", "TotalLoad": _LOAD, "Price": PRICE}
"""How the column of values begins, and what is read from it; generation is told apart by its type."""
_NAMES: Final = {
    "time": ("DateTime(UTC)", "DateTime (UTC)", "DateTime"),
    "resolution": ("ResolutionCode",),
    "area_code": ("AreaCode",),
    "area": ("AreaMapCode", "MapCode"),
    "area_name": ("AreaDisplayName", "AreaName"),
    "area_type": ("AreaTypeCode",),
}
_OPTIONAL: Final = {
    "updated": ("UpdateTime(UTC)", "UpdateTime (UTC)", "UpdateTime"),
    "contract": ("ContractType",),
    "sequence": ("Sequence",),
    "currency": ("Currency",),
}
_TYPE: Final = "ProductionType"
_AREA_TYPES: Final = ("BZN", "CTY", "CTA")
"""Bidding zone, country, control area: which rows to take where an area is listed as several."""
_SHOWN: Final = 10
_LONGEST_HEADER: Final = 100_000


def is_library(path: Path) -> bool:
    """Whether a path is a folder, or a file in a layout of the File Library."""
    try:
        if path.is_dir():
            return True
        with open_regular(path) as file:
            first = file.readline(_LONGEST_HEADER).decode("utf-8-sig")
    except (OSError, ValueError):
        return False
    header = [name.strip().strip('"') for name in first.split(_separator(first))]
    return "ResolutionCode" in header and _value_column(header) is not None


def library_table(path: Path, area: str | None = None) -> pl.DataFrame:
    """The files of a folder, or one file, as one wide table of texts.

    Args:
        path: A file, or a folder with files.
        area: Code, map code or display name of the area; needed where the files hold several.

    Returns:
        `TIME` and a column for each type of generation [MW], `IMPORTS` [MW] where there is a load, `PRICE` with its
        currency, as in ``Price [EUR/MWh]``, where there are prices; a row for each interval of the finest resolution,
        empty where nothing was published.

    Raises:
        InputError: If files cannot be read, have other columns, cells that are no numbers, or the wrong areas; all
            faults at once, with file and row.
    """
    files = sorted(path.glob("*.csv")) if path.is_dir() else [path]
    if not files:
        raise InputError.single("upstream", "must hold files of ENTSO-E's File Library (.csv)", str(path))
    tables, faults = [], list[Fault]()
    for file in files:
        try:
            tables.append(_tidy(file))
        except InputError as error:
            named = "" if len(files) == 1 else f"{file.name}, "
            faults += [replace(fault, place=f"{named}{fault.place}") for fault in error.faults]
    raise_if_any(faults, str(path))
    everything = pl.concat(tables)
    chosen = _of_area(everything, area, path)
    raise_if_any(_cell_faults(chosen), str(path))
    wide = _wide(_at_finest(_newest(chosen)))
    currencies = chosen.filter(pl.col("name") == PRICE)["currency"].unique().to_list()
    return wide.rename({PRICE: f"{PRICE} [{currencies[0]}/MWh]"}) if any(currencies) else wide


def _tidy(file: Path) -> pl.DataFrame:
    """A file as rows of (file, row, time, minutes, area …, name, value), all texts but the row."""
    read = read_text_table(file)
    table = read.cells.with_columns(row=pl.Series(read.lines))
    columns = {ours: _first(table.columns, theirs) for ours, theirs in (_NAMES | _OPTIONAL).items()}
    value = _value_column(table.columns)
    faults = [
        Fault(_NAMES[name][0], "is a required column", suggestion=nearest(_NAMES[name][0], table.columns))
        for name in _NAMES
        if columns[name] is None
    ]
    if value is None and len(faults) > len(_NAMES) // 2:
        rule = "is no file of ENTSO-E's File Library (docs/reading_files.md lists what is read); its columns are"
        raise InputError.single("columns", rule, read.names[:_SHOWN])
    if value is None:
        faults.append(Fault("values", f"needs a column that begins with {', '.join(_VALUES)}"))
    elif not _VALUES[_kind(value)] and _TYPE not in table.columns:
        faults.append(Fault(_TYPE, "is a required column", suggestion=nearest(_TYPE, table.columns)))
    raise_if_any(faults, str(file))
    shared = [
        (pl.lit("") if theirs is None else pl.col(theirs)).fill_null("").str.strip_chars().alias(ours)
        for ours, theirs in columns.items()
    ]
    rows = table.with_columns(file=pl.lit(file.name))
    parts = [
        rows.select("file", pl.col("row").cast(pl.Int64), *shared, name=name, value=_text(column))
        for name, column in _quantities(table.columns, str(value))
    ]
    day_ahead = pl.col("contract").str.to_lowercase().is_in(["", "day-ahead", "daily"])
    return pl.concat(parts).filter(day_ahead & pl.col("sequence").is_in(["", "1"]))


def _quantities(columns: Sequence[str], value: str) -> Iterator[tuple[pl.Expr, str]]:
    """What a file holds: the name of each quantity, and its column."""
    name = _VALUES[_kind(value)]
    if name:
        yield pl.lit(name), value
        return
    kind = pl.col(_TYPE).fill_null("").str.strip_chars()
    yield kind, value
    taken = next((column for column in columns if column.startswith("ActualConsumption")), None)
    if taken is not None:
        yield pl.lit(_CONSUMPTION) + kind, taken


def _of_area(rows: pl.DataFrame, area: str | None, path: Path) -> pl.DataFrame:
    """The rows of one area, as one kind of area in each file."""
    columns = ("area", "area_code", "area_name")
    if area is None:
        held = rows["area"].unique().sort().to_list()
        if len(held) > 1:
            rule = f"holds {len(held)} areas; name one of them as the area, or keep the rows of one"
            raise InputError.single("area", rule, listed(held, _SHOWN))
        found = rows
    else:
        found = rows.filter(pl.any_horizontal(pl.col(name) == area for name in columns))
        if found.is_empty():
            known = sorted({text for name in columns for text in rows[name].unique().to_list()})
            raise InputError.single("area", f"no such area in {path.name}", area, nearest(area, known))
    kinds = found["area_type"].str.split("/")
    order = [kinds.list.contains(kind).to_list() for kind in _AREA_TYPES]
    rank = [next((k for k, has in enumerate(flags) if has), len(_AREA_TYPES)) for flags in zip(*order, strict=True)]
    ranked = found.with_columns(rank=pl.Series(rank, dtype=pl.Int64))
    return ranked.filter(pl.col("rank") == pl.col("rank").min().over("file"))


def _cell_faults(rows: pl.DataFrame) -> Iterator[Fault]:
    """Cells that are no times, resolutions or numbers, and prices in more than one currency."""
    bad = {
        "time": _begins().is_null(),
        "resolution": _minutes().is_null() | ~_minutes().is_in([15, 30, 60]),
        "value": _value().is_null() & ~pl.col("value").is_in(["", "n/e", "N/A", "-"]),
    }
    rules = {
        "time": "must be times such as 2026-02-01 00:00:00; not so in rows",
        "resolution": "must be PT15M, PT30M or PT60M; not so in rows",
        "value": "must be a number, or empty; not so in rows",
    }
    for name, wrong in bad.items():
        for (file,), found in rows.filter(wrong).group_by("file", maintain_order=True):
            lines = found["row"].unique(maintain_order=True).to_list()
            yield Fault(f"{file}, {name}", rules[name], Rows(lines, str(found[name][0])))
    currencies = rows.filter(pl.col("name") == PRICE)["currency"].unique().sort().to_list()
    if len(currencies) > 1:
        yield Fault("Currency", "must be one for all prices", ", ".join(currencies))


def _newest(rows: pl.DataFrame) -> pl.DataFrame:
    """Times and numbers, each time of a quantity once: as it was last updated."""
    typed = rows.select("name", "updated", begin=_begins(), minutes=_minutes(), number=_value())
    return typed.sort("updated", maintain_order=True).unique(["begin", "minutes", "name"], keep="last")


def _at_finest(rows: pl.DataFrame) -> pl.DataFrame:
    """Every interval of the finest resolution; what is published in longer ones holds in each of their parts."""
    finest = int(rows["minutes"].min() or 60)  # type: ignore[arg-type]  # a column of whole numbers
    parts = rows.with_columns(part=pl.int_ranges(0, pl.col("minutes") // finest)).explode("part")
    begin = pl.col("begin") + pl.duration(minutes=pl.col("part") * finest)
    finer_last = parts.with_columns(begin=begin).sort("minutes", descending=True, maintain_order=True)
    return finer_last.unique(["begin", "name"], keep="last")


def _wide(rows: pl.DataFrame) -> pl.DataFrame:
    wide = _with_nights(rows.pivot("name", index="begin", values="number").sort("begin"))
    consumed = [name for name in wide.columns if name.startswith(_CONSUMPTION)]
    types = [name for name in wide.columns if name not in {"begin", _LOAD, PRICE, *consumed}]
    if _LOAD in wide.columns and types:
        need = pl.col(_LOAD) + pl.sum_horizontal(*consumed) - pl.sum_horizontal(*types)
        known = pl.all_horizontal(pl.col(name).is_not_null() for name in types)
        wide = wide.with_columns(pl.when(known).then(need.clip(lower_bound=0.0)).alias(IMPORTS))
    held = [name for name in (*types, IMPORTS, PRICE) if name in wide.columns]
    texts = [pl.col(name).cast(pl.String).fill_null("") for name in held]
    return wide.select(pl.col("begin").dt.strftime("%Y-%m-%dT%H:%M").alias(TIME), *texts)


def _with_nights(wide: pl.DataFrame) -> pl.DataFrame:
    """The table with 0 where no solar power was published by night."""
    if SOLAR not in wide.columns:
        return wide
    p_mw = wide[SOLAR].cast(pl.Float64).fill_null(float("nan")).to_numpy()
    dark = solar_nights(wide["begin"].to_numpy().astype("datetime64[us]"), p_mw)
    return wide.with_columns(pl.when(pl.Series(dark)).then(0.0).otherwise(pl.col(SOLAR)).alias(SOLAR))


def _begins() -> pl.Expr:
    plain = pl.col("time").str.replace("T", " ").str.replace(r"(\.\d+)?Z?$", "")
    return plain.str.to_datetime("%Y-%m-%d %H:%M:%S", time_unit="us", strict=False)


def _minutes() -> pl.Expr:
    return pl.col("resolution").str.extract(r"^PT(\d+)M$", 1).cast(pl.Int64, strict=False)


def _value() -> pl.Expr:
    return pl.col("value").cast(pl.Float64, strict=False)


def _text(column: str) -> pl.Expr:
    return pl.col(column).fill_null("").str.strip_chars()


def _value_column(columns: Iterable[str]) -> str | None:
    return next((name for name in columns if name.startswith(tuple(_VALUES))), None)


def _kind(value: str) -> str:
    return next(beginning for beginning in _VALUES if value.startswith(beginning))


def _separator(header: str) -> str:
    return max("\t,;", key=header.count)


def _first(columns: Sequence[str], names: Sequence[str]) -> str | None:
    return next((name for name in names if name in columns), None)
