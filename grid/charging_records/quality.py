"""What is wrong with recorded sessions, and what is done about it."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import timedelta
from typing import Any

import polars as pl

from grid.files.report import FileReport

LONGEST_STAY = timedelta(days=7)
"""A longer stay is a vehicle left standing, or a plug-out that was not noticed."""
RESOLUTION = timedelta(minutes=1)
"""Files state times to the minute, so a stay may be longer than it says by as much."""


@dataclass(frozen=True)
class Finding:
    """One kind of fault in the rows of a file; a row can have several.

    Args:
        check: Its name.
        rows: Rows that have it, as they stand in the file.
        mended: Rows kept by applying the rule.
        dropped: Rows left out because of it; the others that have it were left out because of an earlier check.
        rule: What is done.
    """

    check: str
    rows: int
    mended: int
    dropped: int
    rule: str


@dataclass(frozen=True)
class QualityReport:
    """What was found in a file of charging sessions.

    Args:
        source: The file.
        file_format: The format that it was read as.
        time_zone: The zone that its times were read in.
        n_rows: Rows read.
        n_kept: Sessions kept.
        period: First plug-in and last plug-out kept, in words.
        kwh_read: Energy of all rows that could be read [kWh].
        kwh_distinct: The same without negative energy and with each session once [kWh].
        kwh_kept: Energy of the sessions kept [kWh].
        median_stay: Median stay of the sessions kept, in words.
        findings: One for each check, in the order in which rules apply.
    """

    source: str
    file_format: str
    time_zone: str
    n_rows: int
    n_kept: int
    period: str
    kwh_read: float
    kwh_distinct: float
    kwh_kept: float
    median_stay: str
    findings: tuple[Finding, ...]

    def __getitem__(self, check: str) -> Finding:
        """The finding of a check."""
        return next(finding for finding in self.findings if finding.check == check)

    def as_dict(self) -> dict[str, Any]:
        """The report as plain data."""
        return asdict(self) | {"findings": [asdict(finding) for finding in self.findings]}

    @property
    def file_report(self) -> FileReport:
        """The report in the form that all files have."""
        found = [each for each in self.findings if each.rows]
        once = f"{self.kwh_distinct:,.1f} kWh with each session once"
        return FileReport(
            kind="sessions",
            source=self.source,
            form=self.file_format,
            rows=f"{self.n_rows:,}, {self.n_kept:,} sessions kept",
            period=self.period,
            zone=self.time_zone,
            step=f"none: sessions, half of them longer than {self.median_stay}",
            gaps="not judged: days without sessions are days without sessions",
            totals=(f"{self.kwh_read:,.1f} kWh in all rows, {once}, {self.kwh_kept:,.1f} kWh kept",),
            mended=tuple(f"{each.check}: {each.mended:,} of {each.rows:,} rows; {each.rule}" for each in found
                         if each.mended or not each.dropped),
            dropped=tuple(f"{each.check}: {each.dropped:,} of {each.rows:,} rows; {each.rule}" for each in found
                          if each.dropped),
        )  # fmt: skip

    @property
    def text(self) -> str:
        """The report in words, one line a check."""
        head = (f"{self.source}: {self.n_rows} rows read as {self.file_format} ({self.time_zone}), "
                f"{self.n_kept} sessions kept, {self.period}; {self.kwh_read:,.1f} kWh in all rows, "
                f"{self.kwh_distinct:,.1f} kWh with each session once, {self.kwh_kept:,.1f} kWh kept")  # fmt: skip
        lines = [
            f"  {each.check}: {each.rows} rows, {each.mended} mended, {each.dropped} dropped; {each.rule}"
            for each in self.findings
            if each.rows
        ]
        return "\n".join([head, *(lines or ["  no fault found"])])


def distinct(rows: pl.DataFrame) -> pl.DataFrame:
    """The rows that can be read, each session once; arguments as in `mend`."""
    rows = rows.with_row_index("row").with_columns(power=pl.lit(1.0), stay=pl.col("stop") - pl.col("start"))
    kept = rows
    for check in (_unreadable, _identical, _duplicates, _interim, _copies):
        kept, _ = check(rows, kept)
    return kept


def mend(rows: pl.DataFrame, max_power_kw: float) -> tuple[pl.DataFrame, list[Finding]]:
    """Applies every rule in turn.

    Args:
        rows: One row a session: ``start``, ``stop`` (UTC), ``energy_kwh``, ``vehicle``, ``station``, ``connector``,
            ``transaction``, ``max_power_kw``; nulls where nothing could be read.
        max_power_kw: Power of the charging points, where a row does not state one [kW].

    Returns:
        The rows kept, with neither nulls nor faults in time and energy, sorted by time; one finding a check.
    """
    rows = rows.with_row_index("row").with_columns(
        power=pl.max_horizontal(pl.col("max_power_kw").fill_null(max_power_kw), pl.lit(1e-6)),
        stay=pl.col("stop") - pl.col("start"),
    )
    kept, findings = rows, []
    of_one_session = (_unreadable, _identical, _duplicates, _interim, _copies)
    for check in (*of_one_session, _missing_stops, _backwards, _zero_length, _too_long, _impossible, _overlapping):
        kept, finding = check(rows, kept)
        findings.append(finding)
    return kept.sort("start", "row"), findings


def _unreadable(rows: pl.DataFrame, kept: pl.DataFrame) -> tuple[pl.DataFrame, Finding]:
    bad = pl.col("start").is_null() | pl.col("energy_kwh").is_null()
    n = rows.filter(bad).height
    return kept.filter(~bad), Finding("unreadable", n, 0, n, "no plug-in time or no energy: dropped")


def _identical(rows: pl.DataFrame, kept: pl.DataFrame) -> tuple[pl.DataFrame, Finding]:
    """Rows of which every cell is that of another."""
    cells = [name for name in rows.columns if name not in {"row", "power", "stay"}]
    n = rows.filter(pl.struct(cells).is_duplicated()).height
    once = kept.unique(cells, keep="first", maintain_order=True)
    return once, Finding("identical", n, 0, kept.height - once.height, "every cell as in another row: counted once")


def _holder() -> pl.Expr:
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
    """Rows that begin before the row above of the same vehicle or socket ends, and have its energy."""
    ordered = rows.with_columns(holder=_holder()).filter(pl.col("holder").is_not_null()).sort("holder", "start", "row")
    stop, energy = (pl.col(name).shift(1).over("holder") for name in ("stop", "energy_kwh"))
    of_one = (pl.col("energy_kwh") == energy) & (energy > 0)
    return ordered.filter((pl.col("start") < stop) & (pl.col("stop") > pl.col("start")) & of_one)


def _overlapping(_: pl.DataFrame, kept: pl.DataFrame) -> tuple[pl.DataFrame, Finding]:
    """Sessions that begin before the last one of the same vehicle or socket ends."""
    ordered = kept.with_columns(holder=_holder()).filter(pl.col("holder").is_not_null()).sort("holder", "start")
    latest = pl.col("stop").cum_max().shift(1).over("holder")
    n = ordered.filter(pl.col("start") < latest).height
    rule = "begins before the last session of the same vehicle or socket ends, with other energy: both kept; those of "
    return kept, Finding("overlapping", n, 0, 0, f"{rule}one vehicle are played as one with the energy of both")


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


def _missing_stops(rows: pl.DataFrame, kept: pl.DataFrame) -> tuple[pl.DataFrame, Finding]:
    usual = rows.filter(pl.col("stay") > timedelta(0))["stay"].median()
    usual = usual if isinstance(usual, timedelta) else timedelta(0)
    missing = pl.col("stop").is_null()
    mended = kept.filter(missing).height
    rule = f"no plug-out: stays as long as the median, {usual}, but not beyond the vehicle's next plug-in"
    kept = kept.sort("start", "row")
    again = pl.when(pl.col("vehicle").is_not_null()).then(pl.col("start").shift(-1).over("vehicle"))
    stop = pl.min_horizontal(pl.col("start") + pl.lit(usual, dtype=pl.Duration("us")), again)
    stop = pl.max_horizontal(stop, pl.col("start") + _shortest())
    kept = kept.with_columns(stop=pl.when(missing).then(stop).otherwise("stop"))
    return kept, Finding("missing_plug_out", rows.filter(missing).height, mended, 0, rule)


def _backwards(rows: pl.DataFrame, kept: pl.DataFrame) -> tuple[pl.DataFrame, Finding]:
    bad = pl.col("stop") < pl.col("start")
    dropped = kept.filter(bad).height
    return kept.filter(~bad), Finding("ends_before_start", rows.filter(bad).height, 0, dropped, "dropped")


def _zero_length(rows: pl.DataFrame, kept: pl.DataFrame) -> tuple[pl.DataFrame, Finding]:
    zero, empty = pl.col("stop") == pl.col("start"), pl.col("energy_kwh") <= 0
    dropped, mended = kept.filter(zero & empty).height, kept.filter(zero & ~empty).height
    kept = kept.filter(~(zero & empty)).with_columns(
        stop=pl.when(zero).then(pl.col("start") + _shortest()).otherwise("stop")
    )
    rule = "plug-out at plug-in: stays as long as its energy takes at full power; without energy dropped"
    return kept, Finding("zero_length", rows.filter(zero).height, mended, dropped, rule)


def _too_long(rows: pl.DataFrame, kept: pl.DataFrame) -> tuple[pl.DataFrame, Finding]:
    long = pl.col("stop") - pl.col("start") >= LONGEST_STAY
    mended = kept.filter(long).height
    kept = kept.with_columns(stop=pl.when(long).then(pl.col("start") + LONGEST_STAY).otherwise("stop"))
    rule = f"{LONGEST_STAY.days} days or more: plug-out brought forward to {LONGEST_STAY.days} days after plug-in"
    return kept, Finding("long_stay", rows.filter(long).height, mended, 0, rule)


def _impossible(rows: pl.DataFrame, kept: pl.DataFrame) -> tuple[pl.DataFrame, Finding]:
    hours = (pl.col("stop") - pl.col("start") + RESOLUTION).dt.total_seconds() / 3600
    most = hours * pl.col("power")
    too_much, negative = pl.col("energy_kwh") > most * (1 + 1e-9), pl.col("energy_kwh") < 0
    counted = rows.filter(negative | (too_much & (pl.col("stop") > pl.col("start")))).height
    dropped = kept.filter(negative).height
    kept = kept.filter(~negative)
    mended = kept.filter(too_much).height
    kept = kept.with_columns(energy_kwh=pl.when(too_much).then(most).otherwise("energy_kwh"))
    rule = "more energy than power × stay: cut to that; less than nothing: dropped"
    return kept, Finding("impossible_energy", counted, mended, dropped, rule)


def _shortest() -> pl.Expr:
    """The time that a session's energy takes at full power, rounded up to the resolution of the times."""
    minutes = (pl.col("energy_kwh") / pl.col("power") * 60).ceil().clip(1, 1e6).cast(pl.Int64)
    return pl.duration(minutes=minutes, time_unit="us")
