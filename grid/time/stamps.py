"""Time stamps as people write them, read to wall times, with the offset from UTC that a cell states."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import polars as pl

from grid.errors import Fault
from grid.time.zones import LARGEST_OFFSET_MIN, abbreviation_minutes

_CLOCK: Final = (
    r"(?:(?:T|[\s,:]+)"
    r"(?:(?P<h>\d{1,2})[:.hH](?P<mi>\d{2})(?:[:.](?P<s>\d{2})(?:[.,](?P<f>\d{1,9}))?)?|(?P<hc>\d{2})(?P<mc>\d{2})(?P<sc>\d{2})?|(?P<ho>\d{1,2}))"
    r"\s*(?P<ap>[AaPp]\.?[Mm]\.?)?"
    r"\s*(?P<z>[A-Za-z]{1,5}|(?:UTC|GMT)?[+-]\d{1,2}(?::?\d{2})?)?)?$"
)
_MONTHS: Final = {
    name: number
    for number, names in enumerate(
        (
            "jan january januar januari janvier janv gen gennaio enero ene janeiro",
            "feb february februar februari février févr fév fev febbraio febrero fevereiro",
            "mar march märz mär mrz maart mrt mars marzo março", "apr april avril avr aprile abril abr",
            "may mai mei maj mayo maggio mag maio", "jun june juni juin giugno giu junio junho",
            "jul july juli juillet juil luglio lug julio julho", "aug august augustus août aoû aout agosto ago",
            "sep sept september septembre settembre set septiembre setembro",
            "oct october okt oktober octobre ottobre ott octubre outubro out",
            "nov november novembre noviembre novembro",
            "dec december dez dezember déc décembre dicembre dic diciembre dezembro",
        ),
        start=1,
    )
    for name in names.split()
}  # fmt: skip
_YEAR_FIRST: Final = r"^(?P<y>\d{4})[-/.](?P<m>\d{1,2})[-/.](?P<d>\d{1,2})" + _CLOCK
_COMPACT: Final = r"^(?P<y>\d{4})(?P<m>\d{2})(?P<d>\d{2})" + _CLOCK
_COMPACT_ALL: Final = r"^(?P<y>[12]\d{3})(?P<m>\d{2})(?P<d>\d{2})(?P<hc>\d{2})(?P<mc>\d{2})(?P<sc>\d{2})?$"
_NUMERIC: Final = r"^(?P<a>\d{1,2})(?P<sep>[-/.])(?P<b>\d{1,2})[-/.](?P<c>\d{4}|\d{2})" + _CLOCK
_DAY_MONTH: Final = r"^(?P<d>\d{1,2})\.?[-\s/]*(?P<mon>\p{L}{3,10})\.?,?[-\s/]*(?P<y>\d{4}|\d{2})" + _CLOCK
_MONTH_DAY: Final = r"^(?P<mon>\p{L}{3,10})\.?\s+(?P<d>\d{1,2})(?:st|nd|rd|th)?,?\s+(?P<y>\d{4})" + _CLOCK
_WEEKDAY: Final = r"^(?i:mon|tue|wed|thu|fri|sat|sun|mo|di|mi|do|fr|sa|so)[a-z]*\.?,?\s+"
_IN_WORDS: Final = r"[年년時时点시]|[上下]午|午[前後]|오[전후]|(?i:uhr)$| de "
_MEANT: Final = (
    (r"(?:上午|午前|오전)\s*(\S+)", "${1} AM"),
    (r"(?:下午|午後|오후)\s*(\S+)", "${1} PM"),
    (r"[年년月월]\s*", "-"),
    (r"[日일]\s*", " "),
    (r"[時时点시]\s*(\d)\s*([分분])", ":0${1}${2}"),
    (r"[時时点시]\s*(\d)", ":${1}"),
    (r"[分분]\s*(\d)", ":${1}"),
    (r"[時时点시分분秒초]|\s*(?i:uhr)$", ""),
    (r" de ", " "),
    (r"\s+$", ""),
)
"""Dates and times as they are written in Chinese, Japanese and Korean, and words within them, and what is meant."""
_EXCEL: Final = r"^[2-7]\d{4}([.,]\d+)?$"
_UNIX: Final = r"^1\d{9}(\d{3}|\d{6}|\d{9})?(\.\d+)?$"
_EXCEL_EPOCH_DAYS: Final = 25_569  # 1970-01-01 as Excel counts days
_FIRST_YEAR: Final = 1900
"""Before it nothing was recorded: years of two digits were padded with zeros, or an empty time was written."""
_LONGEST_SPAN_YEARS: Final = 12
"""A file of a longer span, read with the year in the wrong place, is read otherwise if it can be."""
_MOST: Final = 0.8
"""Share of the cells that must be dates in the chosen order; the others are unreadable."""
_EVEN: Final = 0.9
"""Share of equal steps by which an order of day and month shows to be right."""
DAY_FIRST, MONTH_FIRST, YEAR_FIRST = "day first", "month first", "year first"
_ORDERS: Final = {DAY_FIRST: ("a", "b", "c"), MONTH_FIRST: ("b", "a", "c"), YEAR_FIRST: ("c", "b", "a")}
"""Which parts of a numeric date are day, month and year."""


@dataclass(frozen=True, eq=False)
class Stamps:
    """Cells of one column read as times; R rows.

    Args:
        wall: What the cells say, without zone, null where a cell is empty or cannot be read, (R,), Datetime("us").
        offset_min: Offset from UTC that the cell states, null where it states none, (R,) [min].
        empty: Whether a cell is empty, (R,).
    """

    wall: pl.Series
    offset_min: pl.Series
    empty: pl.Series

    @property
    def unread(self) -> pl.Series:
        """Whether a cell holds something that cannot be read."""
        return self.wall.is_null() & ~self.empty


@dataclass(frozen=True, eq=False)
class StampColumns:
    """Columns of times of one file, read in one order of day and month.

    Args:
        columns: One a column asked for.
        order: How the parts of a date stand, in words; empty where no cell needs it.
        faults: Why they cannot be read, if so.
    """

    columns: tuple[Stamps, ...]
    order: str
    faults: tuple[Fault, ...]


def read_stamps(
    columns: Sequence[pl.Series], *, zone: str | None = None, day_first: bool | None = None, even: bool = False
) -> StampColumns:
    """Reads columns of times, each cell by itself, in whatever of the usual ways it is written.

    With and without seconds, ``T``, offset, ``Z`` or abbreviation of a zone; a date alone is its midnight; month names;
    AM and PM; 24:00; two-digit years; seconds since 1970 and days of a spreadsheet. Whether the day or the month goes
    first in ``01/02/2023`` is decided by the cells that allow only one (in any of the columns), or with `even` by the
    order in which the rows are equally far apart; never by guessing.

    Args:
        columns: Texts, or times as a typed file has them; of one file, since it writes dates in one way.
        zone: IANA name by which abbreviations such as ``IST`` are understood.
        day_first: What is known of the order.
        even: Whether the rows should be equal steps.
    """
    typed = [_typed(column) for column in columns]
    texts = [column.cast(pl.String) if known is None else None for column, known in zip(columns, typed, strict=True)]
    order, faults = _order([text for text in texts if text is not None], day_first, even)
    read = [
        known if known is not None else _read(text, order, zone)
        for known, text in zip(typed, texts, strict=True)
        if known is not None or text is not None
    ]  # fmt: skip
    return StampColumns(tuple(each for each in read if each is not None), order, tuple(faults))


def _typed(column: pl.Series) -> Stamps | None:
    """Times of a file that has types for them."""
    if column.dtype == pl.Date:
        column = column.cast(pl.Datetime("us"))
    if not isinstance(column.dtype, pl.Datetime):
        return None
    zoned = column.dtype.time_zone is not None
    wall = column.dt.convert_time_zone("UTC").dt.replace_time_zone(None) if zoned else column
    offset = pl.Series([0 if zoned else None], dtype=pl.Int64).new_from_index(0, len(column))
    return Stamps(wall.cast(pl.Datetime("us")), offset, column.is_null())


def _tidy(text: pl.Series) -> pl.Series:
    plain = text.fill_null("").str.strip_chars(" \t\"'\u00a0\ufeff")
    if plain.str.contains(_IN_WORDS).any():
        for written, meant in _MEANT:
            plain = plain.str.replace_all(written, meant)
    return plain.str.replace(r"\s*\[[^\]]*\]$", "").str.replace(_WEEKDAY, "").str.replace_all("−", "-")


def _read(text: pl.Series | None, order: str, zone: str | None) -> Stamps | None:
    if text is None:
        return None
    tidy = _tidy(text)
    empty = tidy.str.to_lowercase().is_in(["", "-", "n/a", "na", "nan", "nat", "null", "none"])
    filled = tidy.filter(~empty)
    if len(filled) and bool(filled.str.contains(_EXCEL).all()):
        return _of_numbers(tidy, empty, days=True)
    if len(filled) and bool(filled.str.contains(_UNIX).all()):
        return _of_numbers(tidy, empty, days=False)
    parts = pl.DataFrame({"text": tidy}).select(_wall(order).alias("wall"), _zone_text().alias("zone"))
    stated = parts["zone"]
    wall = parts["wall"]
    known = {name: _offset(name, zone) for name in stated.drop_nulls().unique().to_list()}
    offsets = stated.replace_strict(known, default=None, return_dtype=pl.Int64) if known else stated.cast(pl.Int64)
    wall = wall.set(stated.is_not_null() & offsets.is_null(), None)  # an abbreviation that nobody knows
    wall = wall.set(wall.dt.year() < _FIRST_YEAR, None)
    return Stamps(wall, offsets, empty)


def _of_numbers(text: pl.Series, empty: pl.Series, *, days: bool) -> Stamps:
    """Days of a spreadsheet, which are wall time; or seconds or thousandths of them since 1970, which are UTC."""
    number = text.str.replace(",", ".", literal=True).cast(pl.Float64, strict=False)
    if days:
        seconds = ((number - _EXCEL_EPOCH_DAYS) * 86_400).round()
    else:
        of_us, of_ms = pl.when(number > 1e14).then(number / 1e6), pl.when(number > 1e11).then(number / 1e3)
        in_s = pl.when(number > 1e17).then(number / 1e9).otherwise(of_us.otherwise(of_ms.otherwise(number)))
        seconds = pl.select(in_s).to_series()
    wall = (seconds * 1e6).round().cast(pl.Int64).cast(pl.Datetime("us"))
    offset = pl.Series([None if days else 0], dtype=pl.Int64).new_from_index(0, len(text))
    return Stamps(wall, offset, empty)


def _offset(text: str, zone: str | None) -> int | None:
    """Minutes from UTC of what stands behind a time."""
    plain = text.upper().removeprefix("UTC").removeprefix("GMT") if text[-1:].isdigit() else text
    if plain[:1] in {"+", "-"}:
        digits = plain[1:].replace(":", "")
        minutes = (
            int(digits[:2]) * 60 + int(digits[2:] or 0) if len(digits) != 3 else int(digits[0]) * 60 + int(digits[1:])
        )
        return None if minutes > LARGEST_OFFSET_MIN else minutes if plain[0] == "+" else -minutes
    return abbreviation_minutes(plain, zone)


def _groups(pattern: str) -> pl.Expr:
    return pl.col("text").str.extract_groups(pattern)


def _zone_text() -> pl.Expr:
    """What stands behind the time of day."""
    found = [_groups(p).struct.field("z") for p in (_YEAR_FIRST, _COMPACT, _NUMERIC, _DAY_MONTH, _MONTH_DAY)]
    text = pl.coalesce(found)
    return pl.when(text == "").then(None).otherwise(text)


def _wall(order: str) -> pl.Expr:
    day, month, year = _ORDERS.get(order, _ORDERS[DAY_FIRST])
    numeric = _groups(_NUMERIC)
    ways = [
        _moment(_groups(_YEAR_FIRST), "y", "m", "d"),
        _moment(_groups(_COMPACT), "y", "m", "d"),
        _moment(_groups(_COMPACT_ALL), "y", "m", "d", whole=True),
        _moment(numeric, year, month, day),
        _moment(_groups(_DAY_MONTH), "y", "mon", "d"),
        _moment(_groups(_MONTH_DAY), "y", "mon", "d"),
    ]
    return pl.coalesce(ways)


def _moment(groups: pl.Expr, year: str, month: str, day: str, *, whole: bool = False) -> pl.Expr:
    """The time of the groups of a pattern; null where it does not fit or is no date."""

    def number(*names: str) -> pl.Expr:
        return pl.coalesce([groups.struct.field(name) for name in names]).cast(pl.Int64, strict=False)

    hour = number("hc") if whole else number("h", "hc", "ho")
    minute = (number("mc") if whole else number("mi", "mc")).fill_null(0)
    second = (number("sc") if whole else number("s", "sc")).fill_null(0)
    micro = (
        pl.lit(0) if whole else groups.struct.field("f").str.pad_end(6, "0").str.slice(0, 6).cast(pl.Int64).fill_null(0)
    )
    after_noon = pl.lit(None, pl.String) if whole else groups.struct.field("ap").str.to_lowercase().str.slice(0, 1)
    clock = (
        pl.when(after_noon == "p").then(pl.when(hour == 12).then(12).otherwise(hour + 12))
        .when(after_noon == "a").then(pl.when(hour == 12).then(0).otherwise(hour))
        .otherwise(hour.fill_null(0))
    )  # fmt: skip
    valid = (minute < 60) & (second < 60) & ((clock < 24) | ((clock == 24) & (minute == 0) & (second == 0)))
    clock_us = ((clock * 60 + minute) * 60 + second) * 1_000_000 + micro
    moment = _date(groups, year, month, day).cast(pl.Datetime("us")) + pl.duration(
        microseconds=clock_us, time_unit="us"
    )
    return pl.when(valid).then(moment)


def _date(groups: pl.Expr, year: str, month: str, day: str) -> pl.Expr:
    written = groups.struct.field(year)
    full = pl.when(written.str.len_chars() <= 2).then(pl.lit("20") + written.str.zfill(2)).otherwise(written)
    named = groups.struct.field(month)
    if month == "mon":
        named = named.str.to_lowercase().replace_strict(_MONTHS, default=None, return_dtype=pl.Int64).cast(pl.String)
    text = pl.concat_str(full, named.str.zfill(2), groups.struct.field(day).str.zfill(2), separator="-")
    return text.str.to_date("%Y-%m-%d", strict=False)


def _order(texts: Sequence[pl.Series], day_first: bool | None, even: bool) -> tuple[str, list[Fault]]:
    """The order of day, month and year in dates such as 01/02/2023, and why none can be told."""
    if not texts:
        return "", []
    cells = pl.DataFrame({"text": pl.concat([_tidy(text) for text in texts])})
    cells = cells.filter(pl.col("text").str.contains(_NUMERIC))
    if cells.is_empty():
        return "", []
    groups = _groups(_NUMERIC)
    dotted = bool(cells.select((groups.struct.field("sep") == ".").all()).item())
    short = bool(cells.select((groups.struct.field("c").str.len_chars() == 2).all()).item())
    names = [DAY_FIRST] if dotted else [DAY_FIRST, MONTH_FIRST, *([YEAR_FIRST] if short else [])]
    if day_first is not None:
        names = [DAY_FIRST if day_first else MONTH_FIRST]
    dates = {}
    for name in names:
        day, month, year = _ORDERS[name]
        dates[name] = cells.select(_date(groups, year, month, day)).to_series()
    read = {name: 1 - column.null_count() / len(column) for name, column in dates.items()}
    best = max(read.values())
    fitting = [name for name in names if read[name] == best]
    if best < _MOST:
        shown = cells.filter(dates[fitting[0]].is_null())["text"][0]
        return fitting[0], [Fault("", "dates must all have the day first, or all the month", shown)]
    fitting = _plausible({name: dates[name] for name in fitting})
    if even and len(fitting) > 1:
        steps = {name: _evenness(_read(texts[0], name, None)) for name in fitting}
        fitting = [name for name in fitting if steps[name] == max(steps.values()) >= _EVEN] or fitting
    if len(fitting) > 1 and not all(dates[name].equals(dates[fitting[0]]) for name in fitting):
        example = cells["text"][0]
        rule = f"can be read {' or '.join(fitting)}, and no row decides: write dates as 2023-01-31, or state the order"
        return fitting[0], [Fault("", rule, example)]
    return fitting[0], []


def _plausible(dates: dict[str, pl.Series]) -> list[str]:
    """The orders whose years lie close together, if there are any: a year in the place of the day does not."""
    years = {name: column.dt.year() for name, column in dates.items()}
    spans = {name: int(each.max() or 0) - int(each.min() or 0) for name, each in years.items()}  # type: ignore[arg-type]
    close = [name for name in dates if spans[name] <= _LONGEST_SPAN_YEARS]
    return close or list(dates)


def _evenness(stamps: Stamps | None) -> float:
    """Share of the steps between neighbouring rows that are as long as the most frequent one, which is positive."""
    if stamps is None:
        return 0.0
    steps = stamps.wall.drop_nulls().diff().drop_nulls().cast(pl.Int64)
    if not len(steps):
        return 0.0
    common = steps.mode().sort()[0]
    return float((steps == common).sum() / len(steps)) if common > 0 else 0.0
