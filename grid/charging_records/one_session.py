"""Records of one charging session, of which one counts."""

from __future__ import annotations

from datetime import timedelta

import polars as pl

from grid.charging_records.finding import Finding

RESOLUTION = timedelta(minutes=1)
"""Files state times to the minute, so a stay may be longer than it says by as much."""
_AT_ONCE = timedelta(minutes=10)
"""A vehicle or socket that is plugged in again within this, though its last session goes on, has two records of one."""
_LEAST_OF_TOTAL = 4
"""Rows from which on one that has the energy of all others is their total."""


def distinct(rows: pl.DataFrame) -> pl.DataFrame:
    """The rows that can be read, each session once; arguments as in `mend`."""
    rows = rows.with_row_index("row").with_columns(power=pl.lit(1.0), stay=pl.col("stop") - pl.col("start"))
    kept = rows
    for check in OF_ONE_SESSION:
        kept, _ = check(rows, kept)
    return kept


def _unreadable(rows: pl.DataFrame, kept: pl.DataFrame) -> tuple[pl.DataFrame, Finding]:
    bad = pl.col("start").is_null() | pl.col("energy_kwh").is_null()
    n = rows.filter(bad).height
    return kept.filter(~bad), Finding("unreadable", n, 0, n, "no plug-in time or no energy: dropped")


def _total(_: pl.DataFrame, kept: pl.DataFrame) -> tuple[pl.DataFrame, Finding]:
    """A row below or above the sessions that holds their sum."""
    energy = kept["energy_kwh"]
    whole = float(energy.sum())
    is_total = ((energy * 2 - whole).abs() <= 1e-6 * whole) & (energy > 0)
    if kept.height < _LEAST_OF_TOTAL or is_total.sum() != 1:
        is_total = is_total & False
    n = int(is_total.sum())
    return kept.filter(~is_total), Finding("total", n, 0, n, "has the energy of all other rows together: their total")


def _identical(rows: pl.DataFrame, kept: pl.DataFrame) -> tuple[pl.DataFrame, Finding]:
    """Rows of which every cell is that of another."""
    cells = [name for name in rows.columns if name not in {"row", "power", "stay"}]
    n = rows.filter(pl.struct(cells).is_duplicated()).height
    once = kept.unique(cells, keep="first", maintain_order=True)
    return once, Finding("identical", n, 0, kept.height - once.height, "every cell as in another row: counted once")


def holder() -> pl.Expr:
    """What can hold one session at a time: the vehicle, else the socket; null where neither is known."""
    return pl.coalesce(
        pl.concat_str(pl.lit("vehicle "), "vehicle"),
        pl.concat_str(pl.lit("socket "), pl.col("station").fill_null(""), pl.lit(" "), "connector"),
    )


def _interim(rows: pl.DataFrame, kept: pl.DataFrame) -> tuple[pl.DataFrame, Finding]:
    """Records of a station's session while it went on: one plug-in, and energy that rises with the plug-out."""
    at_station = pl.any_horizontal(pl.col("station", "connector").is_not_null())
    found, gone = (rising_records(each.filter(at_station), "station", "connector") for each in (rows, kept))
    once = kept.filter(~pl.col("row").is_in(gone.filter(~pl.col("is_last"))["row"].implode()))
    rule = "same station and plug-in time, energy that rises with the plug-out: the last record counts"
    return once, Finding("interim", found.height, 0, kept.height - once.height, rule)


def rising_records(rows: pl.DataFrame, *holder: str) -> pl.DataFrame:
    """Rows, of neither vehicle nor transaction, of one plug-in and holder whose energy rises with their plug-out.

    Args:
        rows: As in `mend`, with ``row``.
        holder: Columns that say where; none for a file that does not say.

    Returns:
        Those of two or more together, with ``is_last``: the one with the last plug-out.
    """
    known = pl.all_horizontal(pl.col("start", "stop", "energy_kwh").is_not_null())
    nameless = pl.all_horizontal(pl.col("vehicle", "transaction").is_null())
    group = [*holder, "start"]
    up = [(pl.col(name).diff() > 0).fill_null(value=True).all().over(group) for name in ("stop", "energy_kwh")]
    return (
        rows.filter(known & nameless)
        .sort("stop", "row")
        .filter(pl.all_horizontal(up) & (pl.len().over(group) > 1))
        .with_columns(is_last=pl.col("row") == pl.col("row").last().over(group))
    )


def _copies(rows: pl.DataFrame, kept: pl.DataFrame) -> tuple[pl.DataFrame, Finding]:
    """Records of one session under different times: they overlap, with the same energy."""
    found = rows.filter(pl.col("row").is_in(_again(rows)["row"].implode())).height
    once = kept.filter(~pl.col("row").is_in(_again(kept)["row"].implode()))
    rule = "overlaps a session of the same vehicle or socket with the same energy: one session, counted once"
    return once, Finding("copies", found, 0, kept.height - once.height, rule)


def _again(rows: pl.DataFrame) -> pl.DataFrame:
    """Rows that begin before the row above of the same vehicle or socket ends, and have its energy.

    Of a station without sockets, which holds several vehicles, those that begin soon after and stay as long.
    """
    place = pl.concat_str(pl.lit("station "), "station")
    ordered = rows.with_columns(holder=pl.coalesce(holder(), place), whole=holder().is_not_null())
    ordered = ordered.filter(pl.col("holder").is_not_null()).sort("holder", "start", "row")
    start, stop, energy = (pl.col(name).shift(1).over("holder") for name in ("start", "stop", "energy_kwh"))
    of_one = (pl.col("energy_kwh") == energy) & (energy > 0)
    shift = ((pl.col("stop") - pl.col("start")) - (stop - start)).abs()
    soon = (pl.col("start") - start <= _AT_ONCE) & (shift <= RESOLUTION)
    overlap = (pl.col("start") < stop) & (pl.col("stop") > pl.col("start"))
    return ordered.filter(overlap & of_one & (pl.col("whole") | soon))


def _at_once(_: pl.DataFrame, kept: pl.DataFrame) -> tuple[pl.DataFrame, Finding]:
    """Records of one session with other energies: the vehicle or socket is plugged in again though it still is."""
    once = kept.filter(~pl.col("row").is_in(_lesser(kept)["row"].implode()))
    n = kept.height - once.height
    rule = f"begins within {_AT_ONCE.seconds // 60} min of another session of the same vehicle or socket that goes on: "
    return once, Finding("at_once", n, 0, n, f"{rule}one session, the most energy counts")


def _lesser(rows: pl.DataFrame) -> pl.DataFrame:
    """Rows of one plug-in at one place but that with the most energy.

    At a station without sockets one card may let two vehicles charge, so the sessions of a vehicle there stay two.
    """
    of_one = pl.col("connector").is_not_null() | pl.col("station").is_null()
    known = rows.with_columns(holder=holder()).filter(
        pl.col("holder").is_not_null(), of_one, pl.col("stop") > pl.col("start")
    )
    place = pl.concat_str(pl.col("station").fill_null(""), pl.lit(" "), pl.col("connector").fill_null(""))
    ordered = known.with_columns(place=place).sort("holder", "place", "start", "row")
    start, stop = (pl.col(name).shift(1).over("holder", "place") for name in ("start", "stop"))
    again = ((pl.col("start") - start <= _AT_ONCE) & (pl.col("start") < stop)).fill_null(value=False)
    grouped = ordered.with_columns(plug_in=(~again).cum_sum())
    first = pl.col("energy_kwh").rank("ordinal", descending=True).over("plug_in")
    return grouped.filter(first > 1)


def _duplicates(rows: pl.DataFrame, kept: pl.DataFrame) -> tuple[pl.DataFrame, Finding]:
    """Rows with the same vehicle (without one, the same station) and plug-in time."""
    who = pl.coalesce(
        pl.concat_str(pl.lit("transaction "), "transaction"),
        pl.concat_str(pl.lit("vehicle "), "vehicle"),
        pl.concat_str(pl.lit("station "), "station", pl.lit(" "), pl.col("energy_kwh").cast(pl.String)),
        pl.concat_str(pl.lit("row "), pl.col("row").cast(pl.String)),
    )
    marked = rows.filter(pl.col("start").is_not_null()).with_columns(who=who)
    shared = marked.filter(pl.struct("who", "start").is_duplicated()).height
    ranked = kept.with_columns(who=who).sort("energy_kwh", descending=True, maintain_order=True)
    one_each = ranked.unique(["who", "start"], keep="first", maintain_order=True).drop("who")
    rule = "same transaction or vehicle (or station and energy) and plug-in time: kept the row with most energy"
    return one_each, Finding("duplicates", shared, 0, kept.height - one_each.height, rule)


OF_ONE_SESSION = (_unreadable, _total, _identical, _duplicates, _interim, _copies, _at_once)
"""Checks that leave one row a session."""
