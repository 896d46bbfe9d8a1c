"""The inventory as a workbook, laid out like the City Inventory Reporting and Information System (CIRIS)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from carbon.inventory.codes import BIOGENIC, GWP100, NOTATIONS
from carbon.inventory.inventory import Inventory, InventoryLine
from carbon.ledgers.reconciliation import Reconciliation
from grid.files.output import check_output, written_whole
from grid.units import KG_PER_T

if TYPE_CHECKING:
    from xlsxwriter.workbook import Workbook
    from xlsxwriter.worksheet import Worksheet

GASES = (*GWP100, "CO2e")
PLACE, ENDING = "FILE", ".xlsx"
"""What faults of the file are named after, and what its name ends in."""
COLUMNS = (
    *("GPC ref. no.", "Sector", "Line", "Scope", "Notation key", "Activity", "Unit"),
    *(f"{gas} not told apart [t]" if gas == "CO2e" else f"{gas} [t]" for gas in GASES),
    *("CO2 of biomass [t], in no total", "Total CO2e [t]", "BASIC", "BASIC+"),
    *("Quality of activity", "Quality of factor", "Source"),
)


@dataclass(frozen=True)
class _Formula:
    """A cell that the workbook computes, and its value for readers that do not.

    Args:
        text: The formula.
        value: What it comes to.
    """

    text: str
    value: float


def _column(title: str) -> str:
    """Letter of a column of the sheet Inventory."""
    return "ABCDEFGHIJKLMNOPQRSTUVWXYZ"[COLUMNS.index(title)]


def _sum_of(value: float, **criteria: str) -> _Formula:
    """The sum of the inventory's total over lines that meet criteria, by the title of their column."""
    total = f"Inventory!${_column('Total CO2e [t]')}:${_column('Total CO2e [t]')}"
    parts = [f"Inventory!${_column(name)}:${_column(name)},{wanted}" for name, wanted in criteria.items()]
    return _Formula(f"=SUMIFS({','.join((total, *parts))})", value / KG_PER_T)


def write_workbook(
    inventory: Inventory, reconciliation: Reconciliation, about: Mapping[str, str], sources: Sequence[str], path: Path
) -> None:
    """Writes the inventory as an Excel workbook.

    Sheets: about, inventory, summary by sector and scope, reconciliation, sources, notation keys.

    Args:
        inventory: The inventory.
        reconciliation: Its books side by side.
        about: What is said on the first sheet.
        sources: Sources of the factors and licences of the data.
        path: File to write, ``.xlsx``.

    Raises:
        InputError: If the path is not an ``.xlsx`` in an existing folder, or cannot be written.
    """
    check_output(path, (ENDING,), PLACE)
    with written_whole(path, PLACE) as draft:
        _write(inventory, reconciliation, about, sources, draft)


def _write(
    inventory: Inventory, reconciliation: Reconciliation, about: Mapping[str, str], sources: Sequence[str], path: Path
) -> None:
    import xlsxwriter  # noqa: PLC0415  only where a workbook is written

    with xlsxwriter.Workbook(str(path), {"in_memory": True}) as book:
        told = [*about.items(), *(("note", note) for note in inventory.notes)]
        _table(book, "About", ("", ""), [*told, *_indicators(inventory, first=len(told) + 2)], widths=(44, 60))
        lines = [_row(line, row) for row, line in enumerate(inventory.lines, start=2)]
        _table(book, "Inventory", COLUMNS, lines, widths=(12, 30, 52, 7, 10))
        _summary(book, inventory)
        rows: list[tuple[object, ...]] = [(row.book, row.name, row.kg) for row in reconciliation.rows]
        rows.append(("all", "greatest difference between two books", reconciliation.difference_kg))
        _table(book, "Reconciliation", ("Book", "What", "kg"), rows, widths=(12, 70, 20), decimals=3)
        _table(book, "Sources", ("Source",), [(source,) for source in sources], widths=(120,))
        _table(book, "Notation keys", ("Key", "Meaning"), list(NOTATIONS.items()), widths=(8, 30))


def _indicators(inventory: Inventory, first: int) -> list[tuple[object, ...]]:
    """Totals and yearly figures as formulas; `first` is the row of the sheet in which they begin."""
    people, area = inventory.population, inventory.floor_area_m2
    years, inhabitants, floor, basic, plus = (f"B{first + k}" for k in (1, 3, 4, 5, 6))
    yearly = inventory.indicators()
    per = {
        "basic_t_per_year": f"={basic}/{years}",
        "basic_plus_t_per_year": f"={plus}/{years}",
        "basic_t_per_inhabitant_year": f"={basic}/{years}/{inhabitants}",
        "basic_plus_t_per_inhabitant_year": f"={plus}/{years}/{inhabitants}",
        "basic_kg_per_m2_year": f"={basic}*1000/{years}/{floor}",
    }
    shown: list[tuple[object, ...]] = [
        ("period [h]", inventory.hours),
        ("period [years]", inventory.period_years),
        ("base year", inventory.base_year),
        ("inhabitants", people),
        ("floor area [m²]", area),
        ("BASIC [t CO2e]", _sum_of(inventory.basic_kg, BASIC='"yes"')),
        ("BASIC+ [t CO2e]", _sum_of(inventory.basic_plus_kg, **{"BASIC+": '"yes"'})),
        ("scope 1, territorial [t CO2e]", _sum_of(inventory.territorial_kg, Scope="1")),
        ("CO2 of biomass, in no total [t]", inventory.biogenic_kg / KG_PER_T),
    ]
    for name, value in yearly.items():
        shown.append((name, None if value is None else _Formula(per[name], value)))
    return shown


def _row(line: InventoryLine, row: int) -> tuple[object, ...]:
    """One line of the inventory, in a row of the sheet; a line with a notation key has no numbers."""
    known = line.activity is not None
    gases = [line.kg_by_gas[gas] / KG_PER_T if gas in line.kg_by_gas else None for gas in (*GASES, BIOGENIC)]
    first = COLUMNS.index(f"{GASES[0]} [t]")
    terms = [f"{'ABCDEFGHIJKLMNOPQRSTUVWXYZ'[first + k]}{row}*{GWP100.get(gas, 1.0):g}" for k, gas in enumerate(GASES)]
    return (
        line.code.code,
        line.code.sector,
        line.name,
        line.code.scope,
        line.notation,
        line.activity,
        line.unit,
        *gases,
        _Formula(f"={'+'.join(terms)}", line.co2e_kg / KG_PER_T) if known else None,
        "yes" if line.code.basic else "",
        "yes" if line.code.basic_plus else "",
        line.activity_quality,
        line.factor_quality,
        line.source,
    )


def _summary(book: Workbook, inventory: Inventory) -> None:
    """BASIC+ by sector and scope, each cell a sum over the lines of the inventory."""
    sums = inventory.by_sector_and_scope()
    sectors = tuple(dict.fromkeys(sector for sector, _ in sums))
    rows: list[tuple[object, ...]] = []
    for row, sector in enumerate(sectors, start=2):
        scopes = [
            _sum_of(sums.get((sector, scope), 0.0), Sector=f"$A{row}", Scope=str(scope), **{"BASIC+": '"yes"'})
            for scope in (1, 2, 3)
        ]
        rows.append((sector, *scopes, _Formula(f"=SUM(B{row}:D{row})", sum(cell.value for cell in scopes))))
    last = len(rows) + 1
    totals = [sum(row[k].value for row in rows) for k in range(1, 5)]  # type: ignore[attr-defined]  # formulas
    rows.append(
        ("BASIC+", *(_Formula(f"=SUM({c}2:{c}{last})", total) for c, total in zip("BCDE", totals, strict=True)))
    )
    _table(book, "Summary", ("Sector", "Scope 1 [t]", "Scope 2 [t]", "Scope 3 [t]", "Total [t]"), rows, widths=(44, 14))


def _table(
    book: Workbook,
    name: str,
    columns: Sequence[str],
    rows: Sequence[Sequence[Any]],
    *,
    widths: Sequence[int],
    decimals: int = 2,
) -> Worksheet:
    """A sheet with a bold first row that stays in sight."""
    sheet = book.add_worksheet(name)
    bold, number = book.add_format({"bold": True}), book.add_format({"num_format": f"#,##0.{'0' * decimals}"})
    for column, title in enumerate(columns):
        sheet.write(0, column, title, bold)
        sheet.set_column(column, column, widths[min(column, len(widths) - 1)])
    sheet.freeze_panes(1, 0)
    for place, row in enumerate(rows, start=1):
        for column, value in enumerate(row):
            if isinstance(value, _Formula):
                sheet.write_formula(place, column, value.text, number, value.value)
            elif isinstance(value, float):
                sheet.write_number(place, column, value, number)
            elif value is not None:
                sheet.write(place, column, value)
    return sheet
