"""The power flow of a feeder in phase coordinates."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def feeder(
    file: Annotated[Path, typer.Argument(metavar="FILE.dss", help="A circuit of OpenDSS.")],
    profiles: Annotated[
        Path, typer.Option(help="CSV or Parquet: time_utc and load/<name>/p_mw, load/<name>/q_mvar for every step.")
    ],
    steps: Annotated[
        Path | None, typer.Option(help="Table to write of the steps: .csv, .xlsx, .parquet, .md, .json.")
    ] = None,
    nodes: Annotated[Path | None, typer.Option(help="Table to write of the nodes.")] = None,
    elements: Annotated[Path | None, typer.Option(help="Table to write of lines and transformers.")] = None,
    voltages: Annotated[Path | None, typer.Option(help="Table to write of all voltages, step by step.")] = None,
) -> None:
    """Solve a feeder of OpenDSS phase by phase for every row of a file of profiles."""
    from app.studies.ensembles.files import TABLE_FORMATS, check_files, table_bytes, write
    from app.studies.feeder_tables import feeder_year
    from grid.city.profile_file import read_profiles
    from grid.readers.opendss.phases import read_feeder
    from grid.threads import processors

    wanted = {"steps": steps, "nodes": nodes, "elements": elements, "voltages": voltages}
    files = {name: path for name, path in wanted.items() if path is not None}
    check_files(list(files.values()), TABLE_FORMATS)
    read = read_feeder(file)
    found = feeder_year(read.network, read_profiles(profiles), voltages=voltages is not None, threads=processors())
    typer.echo(read.report.text)
    for sentence in found.sentences():
        typer.echo(f"  found     {sentence}")
    for name, path in files.items():
        table = getattr(found, name)()
        write(path, table_bytes(table, path.suffix.removeprefix(".")))
        typer.echo(f"wrote {path}: {table.height} {name}")
