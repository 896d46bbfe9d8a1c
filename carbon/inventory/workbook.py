"""The inventory as a workbook, laid out like the City Inventory Reporting and Information System (CIRIS)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from carbon.inventory.codes import GWP100, NOTATIONS
from carbon.inventory.inventory import Inventory, InventoryLine
from carbon.ledgers.reconciliation import Reconciliation
from grid.errors import Fault, InputError, raise_if_any
from grid.units import KG_PER_T

if TYPE_CHECKING:
    from xlsxwriter.workbook import Workbook
    from xlsxwriter.worksheet import Worksheet

GASES = (*GWP100, "CO2e")
COLUMNS = (
    *("GPC ref. no.", "Sector", "Line", "Scope", "Notation key", "Activity", "Unit"),
    *(f"{gas} not told apart [t]" if gas == "CO2e" else f"{gas} [t]" for gas in GASES),
    *("Total CO2e [t]", "BASIC", "BASIC+", "Quality of activity", "Quality of factor", "Source"),
)


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
    from xlsxwriter.exceptions import FileCreateError  # noqa: PLC0415  only where a workbook is written

    faults = [] if path.suffix == ".xlsx" else [Fault("FILE", "must end in .xlsx", str(path))]
    if not path.parent.is_dir():
        faults.append(Fault("FILE", "its folder does not exist", str(path.parent)))
    raise_if_any(faults, "the workbook")
    try:
        _write(inventory, reconciliation, about, sources, path)
    except (FileCreateError, OSError) as error:
        raise InputError.single("FILE", f"cannot be written ({error})", str(path)) from error


def _write(
    inventory: Inventory, reconciliation: Reconciliation, about: Mapping[str, str], sources: Sequence[str], path: Path
) -> None:
    import xlsxwriter  # noqa: PLC0415  only where a workbook is written

    with xlsxwriter.Workbook(str(path), {"in_memory": True}) as book:
        _table(book, "About", ("", ""), [*about.items(), *_indicators(inventory)], widths=(44, 60))
        _table(book, "Inventory", COLUMNS, [_row(line) for line in inventory.lines], widths=(12, 30, 52, 7, 10))
        _summary(book, inventory)
        entries = [(entry.book, entry.name, entry.kg) for entry in reconciliation.entries]
        entries.append(("all", "greatest difference between two books", reconciliation.difference_kg))
        _table(book, "Reconciliation", ("Book", "What", "kg"), entries, widths=(12, 70, 20), decimals=3)
        _table(book, "Sources", ("Source",), [(source,) for source in sources], widths=(120,))
        _table(book, "Notation keys", ("Key", "Meaning"), list(NOTATIONS.items()), widths=(8, 30))


def _indicators(inventory: Inventory) -> list[tuple[str, object]]:
    shown: list[tuple[str, object]] = [("period [h]", inventory.hours), ("base year", inventory.base_year)]
    shown += [("inhabitants", inventory.population), ("floor area [m²]", inventory.floor_area_m2)]
    totals = {"BASIC [t CO2e]": inventory.basic_kg, "BASIC+ [t CO2e]": inventory.basic_plus_kg,
              "scope 1, territorial [t CO2e]": inventory.territorial_kg}  # fmt: skip
    shown += [(name, kg / KG_PER_T) for name, kg in totals.items()]
    return shown + list(inventory.indicators().items())


def _row(line: InventoryLine) -> tuple[object, ...]:
    """One line of the inventory; a line with a notation key has no numbers."""
    known = line.activity is not None
    gases = [line.kg_by_gas[gas] / KG_PER_T if gas in line.kg_by_gas else None for gas in GASES]
    return (
        line.code.code,
        line.code.sector,
        line.name,
        line.code.scope,
        line.notation,
        line.activity,
        line.unit,
        *gases,
        line.co2e_kg / KG_PER_T if known else None,
        "yes" if line.code.basic else "",
        "yes" if line.code.basic_plus else "",
        line.activity_quality,
        line.factor_quality,
        line.source,
    )


def _summary(book: Workbook, inventory: Inventory) -> None:
    sums = inventory.by_sector_and_scope()
    sectors = tuple(dict.fromkeys(sector for sector, _ in sums))
    rows: list[tuple[object, ...]] = []
    for sector in sectors:
        scopes = [sums.get((sector, scope), 0.0) / KG_PER_T for scope in (1, 2, 3)]
        rows.append((sector, *scopes, sum(scopes)))
    rows.append(("BASIC+", *(sum(row[k] for row in rows) for k in range(1, 5))))  # type: ignore[misc]  # numbers
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
            if isinstance(value, float):
                sheet.write_number(place, column, value, number)
            elif value is not None:
                sheet.write(place, column, value)
    return sheet
