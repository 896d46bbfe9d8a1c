"""The loss of any one line or transformer."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from app.commands.options import ResultFolder


def outages(
    folder: ResultFolder,
    out: Annotated[Path | None, typer.Option(help="Table to write: .csv, .xlsx, .parquet, .md, .json.")] = None,
    vm_min_pu: Annotated[float, typer.Option(min=0.5, max=1.0, help="Least voltage after an outage.")] = 0.9,
    vm_max_pu: Annotated[float, typer.Option(min=1.0, max=1.5, help="Highest voltage after an outage.")] = 1.1,
    loading_max_percent: Annotated[float, typer.Option(min=1.0, help="Highest loading after an outage.")] = 100.0,
    rows: Annotated[int, typer.Option(min=1, help="Rows to print.")] = 20,
) -> None:
    """Say what the loss of each line or transformer does in a run's critical hours, and which switching restores it."""
    from app.results.folder import open_result
    from app.scenario.schema import LimitsSpec
    from app.studies.ensembles.files import check_table, markdown, table_bytes, write
    from app.studies.outages.study import outage_table
    from app.terminal import bar
    from grid.threads import processors

    form = check_table(None, out)
    limits = LimitsSpec(
        vm_min_pu=vm_min_pu, vm_max_pu=vm_max_pu, line_loading_max_percent=loading_max_percent,
        trafo_loading_max_percent=loading_max_percent,
    )  # fmt: skip
    result = open_result(folder)
    with bar() as progress:
        table = outage_table(result, limits, lambda _name, share: progress("outages", share), processors())
    shown = ("outage", "unsupplied_mw", "loading_percent", "loaded", "resupplied_by", "unsupplied_mw_after",
             "loading_percent_after", "violations_after")  # fmt: skip
    typer.echo(markdown(table.select(shown).head(rows)), nl=False)
    if out is not None:
        write(out, table_bytes(table, form))
        typer.echo(f"wrote {out}: {table.height} outages")
