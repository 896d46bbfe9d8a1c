"""Arguments and options that several commands share, and the table that they print or write."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    import polars as pl

ScenarioFile = Annotated[Path, typer.Argument(metavar="SCENARIO", help="Scenario file (YAML).")]
ResultFolder = Annotated[Path, typer.Argument(metavar="RESULT", help="A result folder.")]
Days = Annotated[int | None, typer.Option(help="Days to run, instead of the scenario's.")]
StorePlace = Annotated[
    str, typer.Argument(metavar="STORE", help="A store of results: a folder, or a URL such as s3://bucket/folder.")
]
IndexUrl = Annotated[
    str | None,
    typer.Option(
        "--index", metavar="URL", help="Index of the store: an SQLite file or postgresql://…, if not its own."
    ),
]
Host = Annotated[str, typer.Option(help="Address to serve on.")]
Port = Annotated[int, typer.Option(min=0, max=65535, help="Port to serve on; 0 takes a free one.")]
TableFormat = Annotated[
    str | None, typer.Option("--format", help="csv, xlsx, parquet, json or md; default: by FILE, else md.")
]
TableFile = Annotated[Path | None, typer.Option(help="File to write instead of printing.")]

MeasurementsOption = Annotated[
    str | None,
    typer.Option(
        "--measurements",
        metavar="STORE",
        help="Store of measurements (SQLite file or postgresql://…) of the days before.",
    ),
]


def say_table(table: pl.DataFrame, form: str, out: Path | None) -> None:
    """Prints a table in a format, or writes it into a file."""
    from app.studies.ensembles.files import table_bytes, write

    if out is None:
        typer.echo(table_bytes(table, form).decode(), nl=False)
    else:
        write(out, table_bytes(table, form))
        typer.echo(f"wrote {out}: {table.height} rows")
