"""The dashboard's server."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from app.commands.options import Host, Port


def serve(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="A result, or a folder of results.")] = Path(
        "runs/demo"
    ),
    host: Host = "127.0.0.1",
    port: Port = 8050,
) -> None:
    """Serve the dashboard."""
    from app.dashboard import serve as serve_dashboard

    serve_dashboard(folder, host, port, open_browser=sys.stdout.isatty())
