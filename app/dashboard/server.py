"""The web server: the app made of results, the names it answers to, and where it listens."""

from __future__ import annotations

import ipaddress
import socket
import threading
import webbrowser
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import dash
import typer
from dash.development.base_component import Component
from flask import Flask, Response, request

from app.dashboard import routes
from app.dashboard.catalogue import Catalogue, catalogue_of, open_catalogue
from app.dashboard.colours import Theme
from app.dashboard.grid_map.basemap import Basemap, read_basemap
from app.dashboard.grid_map.estimated import estimated_map, foremost, legend
from app.dashboard.grid_map.layers import LAYERS
from app.dashboard.language import Language, language_named
from app.dashboard.language.spoken import spoken
from app.dashboard.operations import Cells, MapDrawing, add_operations, plain_row
from app.dashboard.operations.live import TwinPlace
from app.dashboard.operations.live_reader import LiveReader
from app.dashboard.pandas_gate import guard
from app.dashboard.runs import add_runs
from app.dashboard.shell import failures, frame
from app.dashboard.shell.answers import add_answers
from app.dashboard.shell.index import HOOKS, DashApp, compile_while_loading
from app.dashboard.shell.kept_pages import KeptPages
from app.dashboard.shell.own_files import add_own_files
from app.dashboard.shell.plain_html import html_of, piece_of
from app.results.folder import Result, result_folders
from grid.errors import Fault, InputError
from grid.files.content import limit_bytes

if TYPE_CHECKING:
    from app.batch.jobs import Jobs
    from app.twin.estimation.reading import LatestState

LOOPBACK = "127.0.0.1"
"""Where it listens by default: reached from this machine only."""
UNSENT_BYTES = 8_000_000
"""Most of an answer that is kept in memory until it is sent; more goes through a file. All libraries are smaller."""


def create_app(
    results: Mapping[str, Result], host: str = LOOPBACK, jobs: Jobs | None = None, basemap: Basemap | None = None,
    *, twin: TwinPlace | None = None, ahead: bool = False,
) -> dash.Dash:  # fmt: skip
    """The dashboard of `results`, ready to be served.

    Args:
        results: The catalogue of what is served, or opened results by name.
        host: Address or name it will be served on: it answers to that and to the names of the loopback only.
        jobs: What runs scenarios, for the pages that ask for runs (``app.server.config["GRIDCARBON_JOBS"]``); None
            where results are only shown.
        basemap: An outline to draw grids with geographic coordinates on.
        twin: Where the twin of a grid keeps what it knows, for the page of operations.
        ahead: Whether pages are made before they are asked for, see `app.dashboard.shell.ahead`.

    Raises:
        InputError: If there are no results, and nothing that could make one.
    """
    catalogue = catalogue_of(results)
    if not catalogue.entries() and jobs is None:
        raise InputError.single("results", "must hold at least one result")
    app = DashApp(
        __name__, title="gridcarbon", update_title="", suppress_callback_exceptions=True, serve_locally=True,
        index_string=frame.INDEX, assets_ignore=".", on_error=failures.told, hooks=HOOKS,
        meta_tags=[{"name": "viewport", "content": "width=device-width, initial-scale=1"}],
    )  # fmt: skip
    app.server.config["GRIDCARBON_JOBS"] = jobs
    app.server.config["GRIDCARBON_BASEMAP"] = basemap
    app.layout = lambda: frame.layout(catalogue, read_only=jobs is None)
    frame.register(app, catalogue)
    _answer_to_own_names(app.server, host)
    routes.refuse_other_origins(app.server)
    guard(app.server)
    making = add_answers(app.server, catalogue, KeptPages(), ahead=ahead)
    if making is not None:
        making.begin({"theme": "light", "lang": "en"})
    add_own_files(app.server)
    compile_while_loading(app.server)
    add_runs(app.server, jobs)
    drawing = MapDrawing(_map_as_asked, _legend_as_asked, foremost, lambda layer: LAYERS[layer].unit)
    add_operations(app.server, twin, _html_as_asked, drawing, _row_as_asked)
    routes.add_routes(app.server, catalogue)
    routes.refuse_what_no_page_asks(app.server, app.callback_map)
    routes.add_not_found(app.server)
    routes.add_security_headers(app.server, list(app.csp_hashes()))
    return app


def serve(
    path: Path, host: str, port: int, open_browser: bool, jobs: Jobs | None = None, basemap: Path | None = None,
    twin: TwinPlace | None = None,
) -> None:  # fmt: skip
    """Serves the results at `path` until it is interrupted.

    Args:
        path: A result folder, or a folder of results.
        host: Address to listen on, e.g. ``127.0.0.1``; ``0.0.0.0`` and ``::`` stand for all of the machine.
        port: Port to listen on; 0 takes a free one.
        open_browser: Whether to open the dashboard in the reader's browser.
        jobs: What runs scenarios; None where results are only shown.
        basemap: A GeoJSON file to draw grids with geographic coordinates on.
        twin: Where the twin of a grid keeps what it knows; it is read once before.

    Raises:
        InputError: If there is no result at `path`, the port cannot be listened on, or `basemap` is no outline.
        StoreError: If the store of the twin cannot be reached.
    """
    from waitress import create_server  # noqa: PLC0415  only needed where something is served

    outline = None if basemap is None else read_basemap(basemap)
    if twin is not None:
        LiveReader(twin).state()  # what is wrong with it is said now
    writable = jobs is not None
    app = create_app(opened(path, may_be_empty=writable, may_keep=writable), host, jobs, outline, twin=twin, ahead=True)
    try:
        listener = socket.create_server((host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET)
    except OSError as error:
        reason = f"cannot listen on {host}:{port} ({error.strerror}); choose another with --port"
        raise InputError.single("port", reason) from error
    server = create_server(  # requests that are larger are refused by their header, before they are read
        app.server, sockets=[listener], threads=8, ident=None, max_request_body_size=limit_bytes() + 1_000_000,
        outbuf_overflow=UNSENT_BYTES,
    )  # fmt: skip
    address = web_address(host, listener.getsockname()[1])
    typer.echo(f"The dashboard is at {address} (Ctrl+C ends it)")
    if not is_loopback(host):
        typer.echo("Whoever can reach this machine can read these results: there is no log-in.", err=True)
    if open_browser:
        threading.Timer(0.5, webbrowser.open, (address,)).start()
    try:
        server.run()  # until Ctrl+C, which it takes for its end
    finally:
        server.close()


def opened(path: Path, *, may_be_empty: bool = False, may_keep: bool = False) -> Catalogue:
    """The catalogue of what is at `path`; tells on stderr of results that cannot be opened.

    Raises:
        InputError: If there is no result, or none that can be opened, unless it `may_be_empty`.
    """
    if not may_be_empty:
        result_folders(path)  # raises where there is none
    catalogue = open_catalogue(path, may_keep=may_keep)
    problems = [f"{entry.name}: {entry.problem}" for entry in catalogue.entries() if entry.result is None]
    if not len(catalogue) and not may_be_empty:
        raise InputError([Fault(str(path), problem) for problem in problems], str(path))
    for problem in problems:
        typer.echo(f"cannot be opened: {problem}", err=True)
    return catalogue


def web_address(host: str, port: int) -> str:
    """Where a browser on this machine finds a server that listens on `host` and `port`."""
    here = {"0.0.0.0": LOOPBACK, "::": "::1"}.get(host, host)  # noqa: S104  compared, not bound
    return f"http://{f'[{here}]' if ':' in here else here}:{port}/"


def is_loopback(name: str) -> bool:
    """Whether a name or address is of the loopback, which only this machine reaches."""
    address = _ip_address(name)
    return name == "localhost" if address is None else address.is_loopback


def is_own_name(authority: str, host: str) -> bool:
    """Whether a request is meant for this server, by its Host header.

    A page of somebody else may have its name resolved to this machine and so read what is served here; its requests
    still carry that name. An address is nobody's name, so a server of all of the machine answers to any.

    Args:
        authority: The Host header, e.g. ``localhost:8050``.
        host: What the server was told to listen on.
    """
    try:
        name = urlsplit(f"//{authority}").hostname or ""
    except ValueError:  # brackets that hold no address
        return False
    if name == host.lower() or is_loopback(name):
        return True
    listening = _ip_address(host)
    everywhere = listening is not None and listening.is_unspecified
    return everywhere and (_ip_address(name) is not None or name == socket.gethostname().lower())


def _ip_address(name: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(name)
    except ValueError:
        return None


def _html_as_asked(content: list[Component]) -> str:
    """The HTML of components in the language that the request names."""
    return html_of(spoken(content, _asked_language()))


def _row_as_asked(cells: Cells) -> Any:
    """A row of a table in the language that the request names."""
    return _row(cells, _asked_language())


@lru_cache(maxsize=16_384)
def _row(cells: Cells, language: Language) -> Any:
    """The piece of a row: what is asked for every few seconds has most of its rows as it had them before."""
    return piece_of(spoken(plain_row(cells), language))


def _map_as_asked(state: LatestState, layer: str, theme: Theme) -> str:
    return estimated_map(state, layer, theme, _asked_language())


def _legend_as_asked(layer: str, theme: Theme) -> str:
    return legend(layer, theme, _asked_language())


def _asked_language() -> Language:
    return language_named(request.args.get("lang", ""))


def _answer_to_own_names(server: Flask, host: str) -> None:
    """Refuses requests that carry another name than the server's own with status 421 (RFC 9110, section 7.4)."""

    @server.before_request
    def refuse_other_names() -> Response | None:
        if is_own_name(request.host, host):
            return None
        words = f"This server answers to {host} and localhost only; another name is given to it with --host.\n"
        return Response(words, status=421, mimetype="text/plain")
