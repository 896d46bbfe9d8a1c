"""What is wrong with recorded sessions, and what is done about it."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import timedelta
from typing import Any

import polars as pl

from grid.charging_records.finding import Finding
from grid.charging_records.one_session import OF_ONE_SESSION, RESOLUTION, holder
from grid.files.report import FileReport

LONGEST_STAY = timedelta(days=7)
"""A longer stay is a vehicle left standing, or a plug-out that was not noticed."""


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
    stays = (_missing_stops, _backwards, _zero_length, _too_long, _impossible, _overlapping)
    for check in (*OF_ONE_SESSION, *stays, _twins, _without_energy):
        kept, finding = check(rows, kept)
        findings.append(finding)
    return kept.sort("start", "row"), findings


def _twins(_: pl.DataFrame, kept: pl.DataFrame) -> tuple[pl.DataFrame, Finding]:
    """Sessions of different vehicles that are otherwise equal."""
    alike = ["start", "stop", "energy_kwh", "station", "connector"]
    charged = kept.filter(pl.col("energy_kwh") > 0, pl.any_horizontal(pl.col("station", "connector").is_not_null()))
    n = charged.filter(pl.struct(alike).is_duplicated()).height
    rule = "same station, times and energy as a session of another vehicle: kept; drop them if they are copies"
    return kept, Finding("twins", n, 0, 0, rule)


def _without_energy(_: pl.DataFrame, kept: pl.DataFrame) -> tuple[pl.DataFrame, Finding]:
    """Stays in which nothing was charged."""
    n = kept.filter(pl.col("energy_kwh") == 0).height
    return kept, Finding("without_energy", n, 0, 0, "plugged in without charging: kept")


def _overlapping(_: pl.DataFrame, kept: pl.DataFrame) -> tuple[pl.DataFrame, Finding]:
    """Sessions that begin before the last one of the same vehicle or socket ends."""
    ordered = kept.with_columns(holder=holder()).filter(pl.col("holder").is_not_null()).sort("holder", "start")
    latest = pl.col("stop").cum_max().shift(1).over("holder")
    n = ordered.filter(pl.col("start") < latest).height
    rule = "begins before the last session of the same vehicle or socket ends, with other energy: both kept; those of "
    return kept, Finding("overlapping", n, 0, 0, f"{rule}one vehicle are played as one with the energy of both")


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
