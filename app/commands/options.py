"""Arguments and options that several commands share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

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
