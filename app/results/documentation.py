"""Pages of docs/ that say what a result holds, made of the declarations by ``python -m app.results.documentation``."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

from app.results.columns import DECLARED
from app.results.key_figures import KeyFigure, declarations
from app.results.parquet.resolution import RESOLUTIONS, SIGNIFICANT_BITS

DOCS = Path(__file__).parents[2] / "docs"
KEY_FIGURES_INTRODUCTION = """# Key figures
Every key of `summary.json`, made from [app/results/key_figures.yaml](../app/results/key_figures.yaml) by
`python -m app.results.documentation`. `gridcarbon why RESULT KEY` says the same of one figure, with its value, its
inputs and the emission factors behind it. The formulae are SQL over the Parquet tables of the result. A figure that
does not exist in a run is null. Figures have twelve significant digits: later ones would depend on how many threads add
up the rows.
"""
TABLES_INTRODUCTION = """# Tables of a result
Every table and column of a result, made from [app/results/columns.py](../app/results/columns.py) by
`python -m app.results.documentation`. Rows are sorted by time, then element; those of `assets` by asset and bus, then
time, in pieces of half a million rows that follow each other in time. Powers are positive when drawn. A value
that does not exist is null. Numbers whose column states so are stored to the nearest multiple of that, a power of two,
and to so many significant bits at most (`app/results/parquet/resolution.py`): digits beyond would be noise, which takes
most of the room of a year on disk. For energies, carbon and distances of `sessions`, and for what the branches of a
step lose (`p_from_mw` and `p_to_mw` together), what is left over of one row goes into the next, and at last into one
that is no multiple: a value is less than a multiple off, and the sum over all sessions of a fleet at a bus, or over the
branches of a step, keeps its digits.
"""
_HEAD = "| key | what it counts | unit | better | formula |\n|---|---|---|---|---|"


def key_figures() -> str:
    """The page of the key figures, as Markdown."""
    declared = declarations()
    parts = [KEY_FIGURES_INTRODUCTION, _HEAD, *_rows(declared.figures, ""), ""]
    for name, family in declared.families.items():
        parts += [
            f"## Of each member of `{name}`",
            f"Members are the values of `{family.column}` in `{family.table}`.",
            "",
        ]
        parts += [_HEAD, *_rows(family.figures, f"{name}.<{family.column}>."), ""]
    return "\n".join(parts)


def _rows(figures: Mapping[str, KeyFigure], prefix: str) -> Iterator[str]:
    for key, figure in figures.items():
        what = f"**{figure.label}**: {figure.meaning}" + (f". {figure.use}" if figure.use else "")
        yield f"| `{prefix}{key}` | {what} | {figure.unit} | {figure.better or ''} | `{figure.sql}` |"


def tables() -> str:
    """The page of the tables and their columns, as Markdown."""
    parts = [TABLES_INTRODUCTION]
    for name, table in DECLARED.items():
        parts += [
            f"## `{name}`",
            f"A row for each {table.row}.",
            "",
            "| column | unit | stored to | what it holds |",
            "|---|---|---|---|",
        ]
        parts += [f"| `{column}` | {one.unit} | {_stored_to(name, column)} | {one.meaning} |"
                  for column, one in table.columns.items()]  # fmt: skip
        parts.append("")
    return "\n".join(parts)


def _stored_to(table: str, column: str) -> str:
    """What the numbers of a column are multiples of, in short; empty where they are stored as they are."""
    step, bits = RESOLUTIONS.get(table, {}).get(column), SIGNIFICANT_BITS.get(table, {}).get(column)
    return "" if step is None else f"{step:.1g}" if bits is None else f"{step:.1g}, {bits} bits"


PAGES = {"key_figures.md": key_figures, "tables.md": tables}
"""What makes each page."""


def write(folder: Path = DOCS) -> None:
    """Writes all pages into `folder`."""
    for name, make in PAGES.items():
        (folder / name).write_text(make(), encoding="utf-8")


if __name__ == "__main__":
    write()
