"""What a city emits outside the grid: fuels, waste, processes, from a small table of its own."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from carbon.factors import EmissionFactor, load_factor_set
from carbon.factors.units import KG_PER_MASS
from carbon.inventory.codes import BIOGENIC, GWP100, NOTATIONS, gpc_codes
from grid.errors import Fault, InputError, nearest, raise_if_any
from grid.files.cell_faults import column_faults, with_plain_numbers
from grid.files.content import beside, is_file, shown_path
from grid.files.text_table import read_text_table

REQUIRED: Final = ("gpc_code", "name", "source")
COLUMNS: Final = (
    *REQUIRED,
    *("activity_per_year", "unit", "factor_kg_per_unit", "factor", "gas"),
    *("activity_quality", "factor_quality", "notation", "reduced_by", "reduction_per_unit"),
)
NUMBERS: Final = ("activity_per_year", "factor_kg_per_unit", "reduction_per_unit")
GASES: Final = (*GWP100, "CO2e", BIOGENIC)
REDUCED_BY: Final[Mapping[str, str]] = {
    "ev_driven_km": "kilometres driven by the electric cars of the run",
    "heat_pump_heat_mwh": "heat from the heat pumps of the run [MWh]",
}
"""Quantities of a run that lower an activity: a car that drives on electricity burns no petrol."""


@dataclass(frozen=True)
class Activity:
    """One row of the table.

    Args:
        gpc_code: Line of the inventory.
        name: What it is.
        per_year: Amount of the activity in a year without what `reduced_by` replaces; None with a notation key.
        unit: Unit of the amount.
        kg_per_unit: Emissions per unit [kg of `gas`].
        gas: ``CO2``, ``CH4``, ``N2O``, ``CO2e`` where the gases are not told apart, or ``CO2b``: CO2 of biomass, which
            is reported and in no total.
        activity_quality: H, M or L.
        factor_quality: H, M or L.
        source: Where amount and factor come from.
        notation: Notation key of a line without an amount; empty otherwise.
        reduced_by: A key of `REDUCED_BY`, or empty.
        reduction_per_unit: Amount replaced by each unit of it.
    """

    gpc_code: str
    name: str
    per_year: float | None
    unit: str
    kg_per_unit: float
    gas: str
    activity_quality: str
    factor_quality: str
    source: str
    notation: str
    reduced_by: str
    reduction_per_unit: float


def read_activities(path: Path) -> tuple[Activity, ...]:
    """Reads the table from CSV.

    Columns: ``gpc_code, name, source`` and either ``notation`` (NO, NE, IE or C) or ``activity_per_year``, ``unit``
    and a factor: ``factor_kg_per_unit`` with ``gas``, or ``factor`` as ``set/technology`` or ``set/technology/region``
    of the shipped factors, for amounts in MWh or in the unit that the set is published in (``l`` for kg/l). The newest
    year counts. ``activity_quality`` and ``factor_quality`` are H, M or L (default L). ``reduced_by`` names a
    quantity of the run that replaces part of the activity, ``reduction_per_unit`` how much of it; rows that share a
    quantity, such as petrol and diesel, state each its own part of what a unit replaces.

    Raises:
        InputError: With every fault of every row, by its line in the file.
    """
    if not is_file(path):
        names = [name for name in beside(path) if name.endswith(".csv")]
        raise InputError.single("activities", "no such file", shown_path(path), nearest(path.name, names))
    table = read_text_table(path, "activities")
    faults = list(column_faults(table.names, REQUIRED))
    faults += [Fault(name, "unknown column", None, nearest(name, COLUMNS)) for name in table.names
               if name not in COLUMNS]  # fmt: skip
    raise_if_any(faults, str(path))
    cells = with_plain_numbers(table, NUMBERS)
    rows = [{name: row.get(name, "") for name in COLUMNS} for row in cells.to_dicts()]
    raise_if_any(
        [fault for line, row in zip(table.lines.tolist(), rows, strict=True) for fault in _faults(line, row)], str(path)
    )
    return tuple(_activity(row) for row in rows)


def _faults(line: int, row: Mapping[str, str]) -> Iterator[Fault]:
    at = f"row {line}, "
    if row["gpc_code"] not in gpc_codes():
        yield Fault(at + "gpc_code", "no such line of GPC 1.1", row["gpc_code"], nearest(row["gpc_code"], gpc_codes()))
    if not row["source"]:
        yield Fault(at + "source", "must say where the values come from")
    for name in ("activity_quality", "factor_quality"):
        if row[name] not in {"", "H", "M", "L"}:
            yield Fault(at + name, "must be H, M or L", row[name])
    if row["notation"]:
        if row["notation"] not in NOTATIONS:
            yield Fault(at + "notation", f"must be one of {', '.join(NOTATIONS)}", row["notation"])
        if row["activity_per_year"]:
            yield Fault(at + "activity_per_year", "must be empty where a notation key stands", row["activity_per_year"])
        return
    yield from _number_faults(at + "activity_per_year", row["activity_per_year"])
    yield from _factor_faults(at, row)
    if row["reduced_by"]:
        if row["reduced_by"] not in REDUCED_BY:
            yield Fault(
                at + "reduced_by", "no such quantity", row["reduced_by"], nearest(row["reduced_by"], REDUCED_BY)
            )
        yield from _number_faults(at + "reduction_per_unit", row["reduction_per_unit"])


def _factor_faults(at: str, row: Mapping[str, str]) -> Iterator[Fault]:
    if bool(row["factor"]) == bool(row["factor_kg_per_unit"]):
        yield Fault(at + "factor", "needs either 'factor' (set/technology) or 'factor_kg_per_unit'")
    elif row["factor"]:
        try:
            shipped = _shipped(row["factor"])
        except InputError as error:
            yield from (Fault(at + fault.place, fault.rule, fault.value, fault.suggestion) for fault in error.faults)
            return
        if row["unit"] not in _units(shipped):
            yield Fault(at + "unit", f"must be {' or '.join(_units(shipped))} where this factor is used", row["unit"])
    else:
        yield from _number_faults(at + "factor_kg_per_unit", row["factor_kg_per_unit"])
        if row["gas"] not in GASES:
            yield Fault(at + "gas", f"must be one of {', '.join(GASES)}", row["gas"], nearest(row["gas"], GASES))


def _number_faults(place: str, text: str) -> Iterator[Fault]:
    try:
        good = 0 <= float(text) < float("inf")
    except ValueError:
        good = False
    if not good:
        yield Fault(place, "must be a number, at least 0", text)


def _shipped(name: str) -> EmissionFactor:
    """The newest shipped factor called ``set/technology`` or ``set/technology/region``."""
    set_name, _, rest = name.partition("/")
    technology, _, region = rest.partition("/")
    return load_factor_set(set_name).find(technology, region=region)


def _units(factor: EmissionFactor) -> tuple[str, ...]:
    """Units of an amount that a shipped factor can be multiplied with: MWh, and what it was published per."""
    published = factor.unit.partition("/")[2]
    return tuple(dict.fromkeys(("MWh", published)))


def _kg_per_unit(factor: EmissionFactor, unit: str) -> float:
    """A shipped factor per unit of an amount [kg]; published masses are kilograms, grams, tonnes or pounds."""
    if unit == "MWh":
        return factor.value_kg_per_mwh
    return factor.value * KG_PER_MASS[factor.unit.partition("/")[0]]


def _activity(row: Mapping[str, str]) -> Activity:
    known = not row["notation"]
    value, gas = 0.0, "CO2e"
    if known:
        value, gas = float(row["factor_kg_per_unit"] or 0.0), row["gas"]
        if row["factor"]:
            shipped = _shipped(row["factor"])
            value, gas = _kg_per_unit(shipped, row["unit"]), shipped.gas
    return Activity(
        gpc_code=row["gpc_code"],
        name=row["name"],
        per_year=float(row["activity_per_year"]) if known else None,
        unit=row["unit"],
        kg_per_unit=value,
        gas=gas,
        activity_quality=row["activity_quality"] or "L",
        factor_quality=row["factor_quality"] or "L",
        source=row["source"],
        notation=row["notation"],
        reduced_by=row["reduced_by"],
        reduction_per_unit=float(row["reduction_per_unit"]) if row["reduced_by"] else 0.0,
    )
