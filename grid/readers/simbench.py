"""Folders of SimBench's CSV tables: the grid, and the profiles of its elements."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np
import polars as pl

from grid import _pandapower
from grid.errors import Fault, InputError, nearest, raise_if_any
from grid.files.cell_faults import cell_faults, column_faults, number_faults, with_plain_numbers
from grid.files.content import beside, shown_path
from grid.files.numbers import is_empty
from grid.files.text_table import TextTable, read_text_table
from grid.readers.report import GridReport, ReadGrid
from grid.time.calendar import ProfileTable
from grid.time.stamps import read_stamps

FORM: Final = "SimBench CSV"


class _Kind(NamedTuple):
    """What a table must hold.

    Args:
        numbers: Columns of numbers, none of them empty.
        others: Columns of numbers, or nothing.
        names: Tables whose ids columns hold.
    """

    numbers: tuple[str, ...] = ()
    others: tuple[str, ...] = ()
    names: Mapping[str, str] = {}


_AT: Final = {"node": "Node"}
TABLES: Final[Mapping[str, _Kind]] = {
    "Node": _Kind(("vmR",), ("vmSetp", "vaSetp", "vmMin", "vmMax")),
    "Coordinates": _Kind(("x", "y")),
    "ExternalNet": _Kind((), ("pExtNet", "qExtNet"), _AT),
    "LineType": _Kind(("r", "x", "b", "iMax")),
    "DCLineType": _Kind(("pDCLine",)),
    "Line": _Kind(("length",), ("loadingMax",), {"nodeA": "Node", "nodeB": "Node"}),
    "TransformerType": _Kind(("sR", "vmHV", "vmLV", "va0", "vmImp", "pCu", "pFe", "iNoLoad"),
                             ("dVm", "dVa", "tapNeutr", "tapMin", "tapMax")),
    "Transformer": _Kind((), ("tappos", "loadingMax"), {"nodeHV": "Node", "nodeLV": "Node", "type": "TransformerType"}),
    "Transformer3WType": _Kind(),
    "Transformer3W": _Kind((), (), {"nodeHV": "Node", "nodeMV": "Node", "nodeLV": "Node", "type": "Transformer3WType"}),
    "Load": _Kind(("pLoad", "qLoad"), ("sR",), _AT),
    "RES": _Kind(("pRES", "qRES"), ("sR",), _AT),
    "PowerPlant": _Kind((), ("pPP", "qPP", "sR", "pMin", "pMax", "qMin", "qMax"), _AT),
    "Storage": _Kind((), ("pStor", "qStor", "eStore", "sR"), _AT),
    "Shunt": _Kind(("p0", "q0", "vmR", "step"), (), _AT),
    "Switch": _Kind(("cond",), (), {"nodeA": "Node", "nodeB": "Node"}),
    "Substation": _Kind(),
}  # fmt: skip
"""Tables of the format that are read.

As in S. Meinecke et al., "SimBench – a benchmark dataset of electric power systems to compare innovative solutions
based on power flow analysis", Energies, vol. 13, 3290, 2020.
"""
NEEDED: Final = ("Node", "Line", "ExternalNet")
PROFILES: Final = {"LoadProfile": "Load", "RESProfile": "RES", "PowerPlantProfile": "PowerPlant",
                   "StorageProfile": "Storage"}  # fmt: skip
"""Tables of profiles, and whose they are."""
_TIME: Final = "time"
_ENDINGS: Final = {"LoadProfile": ("_pload", "_qload")}


def read_simbench(path: Path) -> ReadGrid:
    """The grid in a folder of SimBench's tables, and its profiles.

    Raises:
        InputError: With all that is wrong in any of its files: tables or columns that are missing, numbers that are
            none, nodes, types and profiles that do not exist, profiles that are no equal steps.
    """
    faults: list[Fault] = []
    files = {name.rpartition(".")[0].casefold(): name for name in beside(path / "x") if name.lower().endswith(".csv")}
    tables = {name: found for name in (*TABLES, *PROFILES)
              if (found := _read(path, files.get(name.casefold()), name, faults)) is not None}  # fmt: skip
    faults += [Fault(f"{name}.csv", "is a required table", suggestion=nearest(name, files.values()))
               for name in NEEDED if name.casefold() not in files]  # fmt: skip
    raise_if_any(faults, shown_path(path))
    faults += [fault for name, table in tables.items() if name in TABLES for fault in _faults(name, table, tables)]
    profiles = _profiles(tables, faults)
    raise_if_any(faults, shown_path(path))
    net = _pandapower.net_of_simbench({name: _plain(name, table) for name, table in tables.items() if name in TABLES})
    net.name = path.name
    known = () if profiles is None else profiles.names
    for table, column in (
        ("load", "profile_p"),
        ("load", "profile_q"),
        ("sgen", "profile_p"),
        ("storage", "profile_p"),
    ):
        net[table][column] = [name if name in known else None for name in _named(net[table], table, column)]
    unread = sorted(name for stem, name in files.items() if stem not in {each.casefold() for each in tables})
    report = GridReport(
        source=path.name, form=FORM, converter="simbench (csv2pp)", read=_pandapower.element_counts(net),
        guessed=_told_of(profiles),
        dropped=tuple(f"{name} is not read." for name in unread),
    )  # fmt: skip
    return ReadGrid(_pandapower.checked(net, path), report, profiles)


def _read(path: Path, file: str | None, name: str, faults: list[Fault]) -> TextTable | None:
    """A table; None where there is no such file, or it cannot be read."""
    if file is None:
        return None
    try:
        table = read_text_table(path / file, file)
    except InputError as error:
        faults += [replace(fault, place=f"{file}, {fault.place}".removesuffix(f", {file}")) for fault in error.faults]
        return None
    kind = TABLES.get(name)
    needed = (_TIME,) if kind is None else ("id", *kind.numbers, *kind.names)
    lacking = list(column_faults(table.names, needed))
    faults += [replace(fault, place=f"{file}, {fault.place}") for fault in lacking]
    return None if lacking else table


def _faults(name: str, table: TextTable, tables: Mapping[str, TextTable]) -> Iterator[Fault]:
    """What is wrong with the rows of a table, with its file."""
    for fault in _row_faults(TABLES[name], table, tables):
        yield replace(fault, place=f"{name}.csv, {fault.place}")


def _row_faults(kind: _Kind, table: TextTable, tables: Mapping[str, TextTable]) -> Iterator[Fault]:
    ids = table.cells["id"]
    again = ~ids.is_first_distinct()
    yield from cell_faults("id", "must be there once", again.to_numpy(), ids, table.lines)
    for column in (*kind.numbers, *(other for other in kind.others if other in table.names)):
        must = column in kind.numbers
        yield from number_faults(table, column, table.numbers(column), "must be a number", empty_may=not must)
    for column, other in kind.names.items():
        known = tables[other].cells["id"].to_list() if other in tables else []
        yield from _name_faults(table, column, f"must be an id of {other}.csv", known)
    if "type" in table.names and "length" in kind.numbers:  # lines of either current
        known = [each for of in ("LineType", "DCLineType") if of in tables for each in tables[of].cells["id"]]
        yield from _name_faults(table, "type", "must be an id of LineType.csv or DCLineType.csv", known)
    if "coordID" in table.names and "Coordinates" in tables:
        known = ["", *tables["Coordinates"].cells["id"].to_list()]
        yield from _name_faults(table, "coordID", "must be an id of Coordinates.csv", known, may_lack=True)


def _name_faults(
    table: TextTable, column: str, rule: str, known: list[str], *, may_lack: bool = False
) -> Iterator[Fault]:
    """Cells that name what does not exist, with the nearest that does to the first of them."""
    cells = table.cells[column]
    wrong = ~cells.is_in(known) & ~(is_empty(cells) & may_lack)
    if wrong.any():
        near = nearest(cells.filter(wrong)[0], known)
        for fault in cell_faults(column, rule, wrong.to_numpy(), cells, table.lines):
            yield replace(fault, suggestion=near)


def _plain(name: str, table: TextTable) -> pl.DataFrame:
    """The cells as the converter reads them: numbers with a point, nothing where there is nothing."""
    kind = TABLES[name]
    cells = with_plain_numbers(table, (*kind.numbers, *kind.others))
    return cells.with_columns(pl.when(is_empty(cells[each])).then(pl.lit("")).otherwise(pl.col(each)).alias(each)
                              for each in cells.columns if each != "id")  # fmt: skip


def _profiles(tables: Mapping[str, TextTable], faults: list[Fault]) -> ProfileTable | None:
    """The profiles of all tables beside each other; None where there are none, or they are faulty."""
    found: dict[str, ProfileTable] = {}
    for name in PROFILES:
        if name in tables:
            own = list(_unknown_profiles(name, tables))
            table = _profile_table(name, tables[name], own)
            faults += own
            if table is not None:
                found[name] = table
    if not found or faults:
        return None
    first = next(iter(found.values()))
    for name, each in found.items():
        if (each.start, each.step, len(each.values)) != (first.start, first.step, len(first.values)):
            rule = f"must be those of the other profiles, {len(first.values):,} from {first.start:%Y-%m-%d %H:%M}"
            faults.append(Fault(f"{name}.csv, {_TIME}", rule, f"{len(each.values):,} from {each.start:%Y-%m-%d %H:%M}"))
    names = tuple(each for table in found.values() for each in table.names)
    values = [each.values for each in found.values()]
    return None if faults else ProfileTable(names, np.column_stack(values), first.start, first.step)


def _unknown_profiles(name: str, tables: Mapping[str, TextTable]) -> Iterator[Fault]:
    """Elements whose profile a table does not have."""
    owner, ends = PROFILES[name], _ENDINGS.get(name, ("",))
    if owner not in tables or "profile" not in tables[owner].names:
        return
    held = set(tables[name].names)
    known = [each.removesuffix(ends[0]) for each in held if each.endswith(ends[0])]
    known = [stem for stem in known if all(stem + end in held for end in ends)]
    rule = f"must be a profile of {name}.csv{' in P and Q' if ends[0] else ''}, or empty"
    for fault in _name_faults(tables[owner], "profile", rule, known, may_lack=True):
        yield replace(fault, place=f"{owner}.csv, {fault.place}")


def _profile_table(name: str, table: TextTable, faults: list[Fault]) -> ProfileTable | None:
    """One table of profiles; those of stores are called so, since sources have profiles of the same names."""
    columns = [each for each in table.names if each != _TIME]
    times = read_stamps([table.cells[_TIME]], day_first=True).columns[0].wall
    unread = times.is_null().to_numpy()
    found = [*cell_faults(_TIME, "must be times such as 01.01.2016 00:15", unread, table.cells[_TIME], table.lines)]
    numbers = [table.numbers(column) for column in columns]
    for column, each in zip(columns, numbers, strict=True):
        found += number_faults(table, column, each, "must be a number", empty_may=False)
    if table.n_rows < 2:
        found.append(Fault(_TIME, "must have at least two rows", table.n_rows))
    elif not unread.any():
        step = times[1] - times[0]
        uneven = np.concatenate([[False], (times.diff().drop_nulls() != step).to_numpy()])
        rule = f"must be {step} after that of the row above, as in the first rows"
        found += cell_faults(_TIME, rule, uneven, table.cells[_TIME], table.lines)
    faults += [replace(fault, place=f"{name}.csv, {fault.place}") for fault in found]
    if found or not columns:
        return None
    prefix = "storage " if name == "StorageProfile" else ""
    names = tuple(prefix + each for each in columns)
    values = np.column_stack([each.values for each in numbers])
    return ProfileTable(names, values, times[0].replace(tzinfo=UTC), times[1] - times[0])


def _told_of(profiles: ProfileTable | None) -> tuple[str, ...]:
    """What profiles cover, and how their times are taken."""
    if profiles is None:
        return ()
    held = f"{profiles.start:%Y-%m-%d %H:%M} to {profiles.stop:%Y-%m-%d %H:%M}, of which days stand for those of a run"
    return (f"Profiles hold {held}; their times are taken as UTC, as those of SimBench's own nets are.",)


def _named(frame: Any, table: str, column: str) -> list[str]:
    """Names of the profiles of elements."""
    if "profile" not in frame:
        return [""] * len(frame)
    names = [each if isinstance(each, str) else "" for each in frame.profile]
    if table == "load":
        return [f"{each}_{column[-1]}load" for each in names]
    return [f"storage {each}" if table == "storage" else each for each in names]
