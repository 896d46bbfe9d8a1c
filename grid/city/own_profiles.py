"""A planner's own profiles: held against the elements of a net and the period of a run, and reported."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import numpy as np

from grid.arrays import Bools, Floats
from grid.errors import Fault, listed, nearest
from grid.files.report import FileReport
from grid.time.calendar import ProfileTable, civil_midnight, days_taken
from grid.time.clock import Clock
from grid.time.gaps import FilledSeries, gap_faults

Tables = Mapping[str, Mapping[str, Sequence[Any]]]
"""Elements of a net as plain columns, by table."""
_TOO_LARGE: Final = 100.0
"""Peak of the columns of a table against the powers of its elements in the net, beyond which they are in kW."""
_TOO_LARGE_ALONE: Final = 500.0
"""The same of one column by itself, since an element may have any power for a while."""
_TOO_SMALL: Final = 500.0
"""How much less than the powers of the net all peaks of a table may be before it is told."""
_LARGE_MW: Final = 10.0
"""Peak of an element of unknown power that is as likely one in kW."""
_TABLES: Final = ("load", "storage", "sgen")
_WEEKS: Final = 52


def own_profile_faults(profiles: ProfileTable, clock: Clock, tables: Tables) -> Iterator[Fault]:
    """Columns of no element or of one twice, units a thousand times too large, a part of the clock only, and gaps.

    Args:
        profiles: Columns such as ``load/<name or index>/p_mw``.
        clock: The time axis.
        tables: Elements of the net by table.
    """
    yield from _element_faults(profiles.names, tables)
    overlap = profiles.start < clock.stop and clock.start < profiles.stop
    if overlap and not profiles.reaching(clock).covers(clock):
        rule = f"must cover all of the period, {clock.start:%Y-%m-%d %H:%M} to {clock.stop:%Y-%m-%d %H:%M} UTC, or none"
        held = f"{profiles.start:%Y-%m-%d %H:%M} to {profiles.stop:%Y-%m-%d %H:%M}"
        yield Fault("time_utc", f"{rule} of it (then days of the same week and weekday stand for it)", held)
    if profiles.missing is not None:
        used, step_hours = _used(profiles, clock), profiles.step / timedelta(hours=1)
        yield from gap_faults(profiles.missing, used, step_hours, profiles.names, lambda step: _moment(profiles, step))
    for table in _TABLES:
        yield from _unit_faults(profiles, table, tables)


def _unit_faults(profiles: ProfileTable, table: str, tables: Tables) -> Iterator[Fault]:
    """Powers of a table a thousand times those of the net, of all its columns together or of some of them."""
    for quantity, unit, others in (("p_mw", "MW", ("kW", "W")), ("q_mvar", "MVAr", ("kVAr", "VAr"))):
        places = _places(profiles.names, table, quantity)
        if not places:
            continue
        nominal = _nominal_of_columns(profiles, places, table, tables)
        peaks = np.abs(profiles.values[:, places]).max(axis=0)
        whole, peak = float(nominal.sum()), float(peaks.sum())
        far = np.flatnonzero((nominal > 0) & (peaks > _TOO_LARGE_ALONE * nominal))
        if whole > 0 and peak > _TOO_LARGE * whole:
            is_w = peak > _TOO_LARGE * 1000 * whole
            rule = f"must be in {unit}; the peaks of its columns sum to {peak:,.1f}, the same elements of the net have "
            cure = f"is it in {others[is_w]}? Divide by {'1,000,000' if is_w else '1000'}"
            yield Fault(f"{table}/…/{quantity}", f"{rule}{whole:,.3f} {unit}: {cure}", round(peak, 1))
        elif far.size:
            more = f" (and {far.size - 1:,} more columns)" if far.size > 1 else ""
            rule = f"must be in {unit}; its peak is {peaks[far[0]]:,.1f}, and the element of the net has "
            cure = f"{nominal[far[0]]:,.4g} {unit}: is it in {others[0]}? Divide by 1000"
            yield Fault(f"{profiles.names[places[far[0]]]}{more}", f"{rule}{cure}", round(float(peaks[far[0]]), 1))


def _nominal_of_columns(profiles: ProfileTable, places: Sequence[int], table: str, tables: Tables) -> Floats:
    """Powers in the net of the elements of some columns, shape (K,): active, and beside reactive ones the larger."""
    both = zip(tables[table]["p_mw"], tables[table]["q_mvar"], strict=True)
    powers = [(abs(float(p)), max(abs(float(p)), abs(float(q)))) for p, q in both]
    rows = [row_of(_element(profiles.names[k]), tables[table]) for k in places]
    reactive = [profiles.names[k].endswith("q_mvar") for k in places]
    return np.array([0.0 if row is None else powers[row][q] for row, q in zip(rows, reactive, strict=True)])


def _nominal_mw(profiles: ProfileTable, table: str, tables: Tables) -> float:
    """Powers in the net of the elements of a table that have a column of active power [MW]."""
    places = _places(profiles.names, table, "p_mw")
    if not places:
        return 0.0
    powers = {str(key): abs(float(p)) for names in ("index", "name") for key, p in
              zip(tables[table][names], tables[table]["p_mw"], strict=True)}  # fmt: skip
    return sum(powers.get(_element(profiles.names[k]), 0.0) for k in places)


def _used(profiles: ProfileTable, clock: Clock) -> Bools:
    """Which rows lie in a run, shape (R,): all of them where days of the file stand for others."""
    if profiles.stop <= clock.start or clock.stop <= profiles.start:
        return np.ones(len(profiles.values), dtype=bool)
    rows = np.arange(len(profiles.values))
    return np.asarray(
        (rows + 1 > (clock.start - profiles.start) / profiles.step)
        & (rows < (clock.stop - profiles.start) / profiles.step)
    )


def _moment(profiles: ProfileTable, row: int) -> str:
    return f"{profiles.start + row * profiles.step:%Y-%m-%d %H:%M} UTC"


def _element_faults(names: Sequence[str], tables: Tables) -> Iterator[Fault]:
    """Columns whose element is not in the net, or has another column already."""
    taken: dict[tuple[str, int, str], str] = {}
    for column in names:
        table, quantity = column.partition("/")[0], column.rpartition("/")[2]
        row = row_of(_element(column), tables[table])
        if row is None:
            element = _element(column)
            numbered = [name for name in tables[table]["name"] if name.startswith(f"{element} #")]
            if len(numbered) > 1:
                rule = f"{len(numbered)} elements of table {table} are called so in the net; here they are"
                yield Fault(column, rule, listed(numbered))
                continue
            yield Fault(column, f"no {table} called {element!r}", suggestion=nearest(element, tables[table]["name"]))
            continue
        first = taken.setdefault((table, row, quantity), column)
        if first != column:
            yield Fault(column, f"is the same {table} as {first}, by name and by index: keep one of them")


def row_of(element: str, table: Mapping[str, Sequence[Any]]) -> int | None:
    """Row of the element that a column names: by its name, and only where none is called so by its index."""
    if element in table["name"]:
        return table["name"].index(element)
    indices = [str(index) for index in table["index"]]
    return indices.index(element) if element in indices else None


def _element(column: str) -> str:
    """Name or index of the element of a column ``load/<name or index>/p_mw``."""
    return column.split("/", 1)[1].rpartition("/")[0]


def _places(names: Sequence[str], table: str, quantity: str) -> list[int]:
    return [k for k, name in enumerate(names) if name.startswith(f"{table}/") and name.endswith(f"/{quantity}")]


def own_profiles_report(
    profiles: ProfileTable, clock: Clock, country: str | None, tables: Tables, shapes: Floats
) -> FileReport:
    """What was read of a file of profiles.

    Args:
        profiles: What it holds.
        clock: The time axis.
        country: Whose public holidays take Sundays.
        tables: Elements of the net by table.
        shapes: All shapes of the city on the clock, of which the last are its columns, shape (T, at least F).
    """
    on_clock = shapes[:, shapes.shape[1] - len(profiles.names) :]
    out_of_service = [name for name in profiles.names if not _in_service(name, tables)]
    at = civil_midnight(profiles.start)
    days = f"; its days begin at {(datetime(2000, 1, 1, tzinfo=UTC) + at):%H:%M} UTC" if at else ""
    totals = [
        line for table in _TABLES for line in _total(profiles, clock, on_clock, table, len(tables[table]["name"]))
    ]
    return FileReport(
        kind="profiles",
        source=profiles.source,
        form=f"{profiles.form}, powers in MW and MVAr",
        rows=f"{len(profiles.values):,} of {len(profiles.names)} columns",
        period=f"{profiles.start:%Y-%m-%d %H:%M} to {profiles.stop:%Y-%m-%d %H:%M} UTC",
        zone=f"UTC{days}",
        step=_step_words(profiles.step),
        gaps=_gaps(profiles, clock),
        totals=tuple(totals),
        mended=(
            *profiles.mended,
            *_filled(profiles),
            *_without_power(profiles, tables),
            *_too_small(profiles, tables),
            *_negative(profiles),
            *_by_name(profiles.names, tables),
            *_stand_ins(profiles, clock, country),
        ),
        dropped=tuple(f"{name}: the element is out of service" for name in out_of_service),
    )


def _total(profiles: ProfileTable, clock: Clock, on_clock: Floats, table: str, n: int) -> Iterator[str]:
    """Energy and peak of the columns of active power of a table, in the file and in the run."""
    places = _places(profiles.names, table, "p_mw")
    if not places:
        return
    of_file, of_run = profiles.values[:, places].sum(axis=1), on_clock[:, places].sum(axis=1)
    hours = profiles.step / timedelta(hours=1)
    others = f"; the other {n - len(places)} keep what the net has" if n > len(places) else ""
    yield (
        f"{table}: {of_file.sum() * hours:,.1f} MWh and peak {of_file.max():,.3f} MW in the file, "
        f"{of_run.sum() * clock.step_hours:,.1f} MWh and {of_run.max():,.3f} MW in the run, in {len(places)} of {n} "
        f"elements{others}"
    )


def _filled(profiles: ProfileTable) -> Iterator[str]:
    """Energy of the columns of active power before and after their gaps were filled."""
    if profiles.missing is None:
        return
    active = [k for k, name in enumerate(profiles.names) if name.endswith("/p_mw")]
    hours = profiles.step / timedelta(hours=1)
    of_all, held = profiles.values[:, active], np.where(profiles.missing, 0.0, profiles.values)[:, active]
    yield f"gaps filled: {held.sum() * hours:,.1f} MWh before, {of_all.sum() * hours:,.1f} MWh after, in all columns"


def _without_power(profiles: ProfileTable, tables: Tables) -> Iterator[str]:
    """Large powers of elements that have none in the net, by which nobody can tell MW from kW."""
    for table in _TABLES:
        places = _places(profiles.names, table, "p_mw")
        if places and _nominal_mw(profiles, table, tables) == 0:
            peak = float(np.abs(profiles.values[:, places]).max())
            if peak > _LARGE_MW:
                yield (
                    f"{table}: the net states no power of these elements to compare with; the largest peak, "
                    f"{peak:,.1f} MW, would be {peak / 1000:,.4g} MW if the file were in kW"
                )


def _too_small(profiles: ProfileTable, tables: Tables) -> Iterator[str]:
    """Powers that are next to nothing beside those of the net, as in a larger unit."""
    for table in _TABLES:
        nominal = _nominal_mw(profiles, table, tables)
        if not nominal:
            continue
        peaks = np.abs(profiles.values[:, _places(profiles.names, table, "p_mw")]).max(axis=0)
        if not peaks.any():
            yield f"{table}: every column of active power is 0 in every row: was it not measured?"
        elif float(peaks.sum()) * _TOO_SMALL < nominal:
            yield (
                f"{table}: the peaks of its columns sum to {float(peaks.sum()):,.4g} MW, the same elements of the net "
                f"have {nominal:,.3f} MW: is it in GW, or in a share of the rated power?"
            )


def _negative(profiles: ProfileTable) -> Iterator[str]:
    """Columns of loads and generators that are mostly of the sign that they should not have."""
    for table, does, does_not in (("load", "draws", "feeds in"), ("sgen", "feeds in", "draws")):
        places = _places(profiles.names, table, "p_mw")
        energy = profiles.values[:, places].sum(axis=0)
        at = [places[k] for k in np.flatnonzero(energy < 0)]
        if at:
            names = listed([profiles.names[k] for k in at])
            rule = f"a positive {table} {does}, so columns whose sum is negative {does_not}"
            yield f"sign kept: {rule}, {len(at)} of them: {names}"


def _by_name(names: Sequence[str], tables: Tables) -> Iterator[str]:
    """Columns that could mean one element by its name and another by its index."""
    for column in names:
        table, element = column.partition("/")[0], _element(column)
        indices = [str(index) for index in tables[table]["index"]]
        if element in indices and element in tables[table]["name"]:
            by_name, by_index = tables[table]["name"].index(element), indices.index(element)
            if by_name != by_index:
                yield f"{column} is the {table} called {element!r}, not that of index {element}: names go first"


def _stand_ins(profiles: ProfileTable, clock: Clock, country: str | None) -> Iterator[str]:
    """Which days of the file stand for those of the run, if they are not the same."""
    if profiles.reaching(clock).covers(clock):
        return
    pairs = days_taken(profiles, clock, country)
    alike = sum(day.isocalendar()[1:] == taken.isocalendar()[1:] for day, taken in pairs)
    text = f"the file has none of the period's days: {alike} of {len(pairs)} take the day of the same week and weekday"
    other = [(day, taken) for day, taken in pairs if day.isocalendar()[1:] != taken.isocalendar()[1:]]
    apart = [abs(day.isocalendar().week - taken.isocalendar().week) for day, taken in other]
    weeks = [min(each, max(_WEEKS - each, 1)) for each in apart]  # the year is a circle
    if other:
        text += f", {len(other)} another (the nearest week, at most {max(weeks)} weeks away; holidays take Sundays): "
        text += listed([f"{day} as {taken}" for day, taken in other])
    yield text


def _gaps(profiles: ProfileTable, clock: Clock) -> str:
    """What the file lacks within and at the edges of the run, and what stands for it, in words."""
    edges = _edges(profiles, clock)
    if profiles.missing is None:
        return edges
    hours = profiles.step / timedelta(hours=1)
    inside = FilledSeries(profiles.values, profiles.missing, _used(profiles, clock), hours).words
    return inside if edges == "none" else f"{inside}; {edges}"


def _edges(profiles: ProfileTable, clock: Clock) -> str:
    """What the file lacks at the edges of the run and what stands for it, in words."""
    reaching = profiles.reaching(clock)
    if reaching is profiles:
        return "none"
    hours = (profiles.start - reaching.start + reaching.stop - profiles.stop) / timedelta(hours=1)
    return f"{hours:g} h at the edges of the run, filled with the same hours of the nearest day"


def _in_service(column: str, tables: Tables) -> bool:
    table = tables[column.partition("/")[0]]
    row = row_of(_element(column), table)
    return row is not None and bool(table["in_service"][row])


def _step_words(step: timedelta) -> str:
    seconds = step / timedelta(seconds=1)
    return f"{seconds / 60:g} min" if seconds >= 60 else f"{seconds:g} s"
