"""The dashboard: a web app on finished results, which needs no network beyond the machine it runs on."""

from __future__ import annotations

import socket
import threading
import webbrowser
from collections.abc import Mapping
from pathlib import Path

import dash
import typer

from app.dashboard import routes, shell
from app.results.folder import Result, find_results
from grid.errors import InputError

__all__ = ["create_app", "serve"]


def create_app(results: Mapping[str, Result]) -> dash.Dash:
    """The dashboard of `results`, ready to be served.

    Args:
        results: Opened results by name, at least one; `unmanaged` is what the others are compared with.

    Raises:
        InputError: If there are no results.
    """
    if not results:
        raise InputError.single("results", "must hold at least one result")
    app = dash.Dash(
        __name__, title="gridcarbon", update_title="", suppress_callback_exceptions=True, serve_locally=True,
        index_string=shell.INDEX, meta_tags=[{"name": "viewport", "content": "width=device-width, initial-scale=1"}],
    )  # fmt: skip
    app.layout = shell.layout(results)
    shell.register(app, results)
    routes.add_routes(app.server, results)
    routes.add_security_headers(app.server, list(app.csp_hashes()))
    return app


def serve(path: Path, host: str, port: int, open_browser: bool) -> None:
    """Serves the results at `path` until it is interrupted.

    Args:
        path: A result folder, or a folder of results.
        host: Address to listen on, e.g. ``127.0.0.1``.
        port: Port to listen on.
        open_browser: Whether to open the dashboard in the reader's browser.

    Raises:
        InputError: If there is no result at `path`, or the port cannot be listened on.
    """
    from waitress import create_server  # noqa: PLC0415  only needed where something is served

    app = create_app(find_results(path))
    try:
        listener = socket.create_server((host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET)
    except OSError as error:
        reason = f"cannot listen on {host}:{port} ({error.strerror}); choose another with --port"
        raise InputError.single("port", reason) from error
    server = create_server(app.server, sockets=[listener], threads=8, ident=None)
    everywhere = host in {"0.0.0.0", "127.0.0.1", "::"}  # noqa: S104  compared, not bound
    address = f"http://{'localhost' if everywhere else host}:{port}/"
    typer.echo(f"The dashboard is at {address} (Ctrl+C ends it)")
    if open_browser:
        threading.Timer(0.5, webbrowser.open, (address,)).start()
    try:
        server.run()  # until Ctrl+C, which it takes for its end
    finally:
        server.close()
