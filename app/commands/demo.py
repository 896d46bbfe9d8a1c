"""The demonstration."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from app.commands.exit_status import exit_for
from app.commands.options import Host, Port
from app.commands.run import prepare_long
from app.commands.serve import serve as serve_folder


def demo(
    days: Annotated[int, typer.Option(help="Days to run.")] = 7,
    out: Annotated[Path, typer.Option(help="Folder of the two results.")] = Path("runs/demo"),
    serve: Annotated[bool, typer.Option("--serve/--no-serve", help="Open the dashboard.")] = True,
    host: Host = "127.0.0.1",
    port: Port = 8050,
) -> None:
    """Run the reference city unmanaged and optimal, say what changed, and open the dashboard on it."""
    from app.studies.demo import print_comparison, run_demo
    from app.terminal import bar

    with bar() as progress:
        unmanaged, optimal = run_demo(out, days, progress)
    print_comparison(unmanaged, optimal)
    typer.echo(f"results: {out / 'unmanaged'} and {out / 'optimal'}")
    for result in (unmanaged, optimal):
        prepare_long(result)
    if serve:
        serve_folder(str(out), host, port)
    exit_for(optimal)
