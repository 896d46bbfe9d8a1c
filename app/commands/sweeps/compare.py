"""What explains the difference between two results."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def compare(
    before: Annotated[Path, typer.Argument(metavar="A", help="A result folder: what is compared with.")],
    after: Annotated[Path, typer.Argument(metavar="B", help="Another result folder, of the same period and city.")],
    form: Annotated[
        str | None, typer.Option("--format", help="csv, xlsx, parquet or md; default: by FILE, else md.")
    ] = None,
    out: Annotated[Path | None, typer.Option(help="File to write instead of printing.")] = None,
) -> None:
    """Say what explains the difference of B from A in emissions (average and marginal) and cost; it sums exactly."""
    from app.results.folder import open_result
    from app.studies.differences.table import explanation_table
    from app.studies.ensembles.files import check_table, table_bytes, write

    chosen = check_table(form, out)
    found = explanation_table(open_result(before), open_result(after))
    if out is None:
        typer.echo(table_bytes(found, chosen).decode(), nl=False)
    else:
        write(out, table_bytes(found, chosen))
        typer.echo(f"wrote {out}: {found.height} rows")
