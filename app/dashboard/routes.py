"""Plain HTTP beside the pages: arrays for the map, tables to download, headers that keep everything at home."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping
from typing import Any
from urllib.parse import urlsplit

import polars as pl
from dash.exceptions import DependencyException
from flask import Flask, Response, abort, request

from app.dashboard.attachment import attachment
from app.dashboard.grid_map.routes import add_map_routes
from app.results.columns import TABLES
from app.results.folder import Result
from grid.errors import InputError

_ROWS_AT_ONCE = 200_000
_FOLDERS = ("assets", "download", "map", "map-outline.json", "rows", "shell", "timeline")
"""First parts of addresses that are files, not pages."""


def add_routes(server: Flask, results: Mapping[str, Result]) -> None:
    """Adds the routes that serve `results`: ``/download/<result>/<file>``, and what the map fetches."""
    add_map_routes(server, results)

    @server.get("/download/<name>/<file>")
    def download(name: str, file: str) -> Response:
        result = results.get(name) or abort(404)
        table, _, suffix = file.rpartition(".")
        if suffix == "csv" and table in TABLES:
            response = Response(_csv(result.table(table)), mimetype="text/csv")
        elif file in {"summary.json", "manifest.json"}:
            content = result.summary if file == "summary.json" else result.manifest
            response = Response(json.dumps(dict(content), indent=2) + "\n", mimetype="application/json")
        elif file == "scenario.yaml":
            response = Response((result.path / file).read_text(encoding="utf-8"), mimetype="application/yaml")
        else:
            abort(404)
        response.headers["Content-Disposition"] = attachment(f"{name}-{file}")
        return response


def refuse_other_origins(server: Flask) -> None:
    """Refuses with status 403 whatever may change something and was sent by a page that is not ours.

    A page of somebody else can have a browser send requests here, though not read the answers; browsers say with each
    where it comes from (Sec-Fetch-Site, and Origin). Programs that are no browsers say neither and are answered.
    """

    @server.before_request
    def refuse() -> Response | None:
        if request.method in {"GET", "HEAD", "OPTIONS"}:
            return None
        site, origin = request.headers.get("Sec-Fetch-Site", "same-origin"), request.headers.get("Origin")
        ours = site == "same-origin" and (origin is None or urlsplit(origin).netloc == request.host)
        return None if ours else Response("Asked by a page of another origin.\n", 403, mimetype="text/plain")


def refuse_what_no_page_asks(server: Flask, outputs: Collection[str]) -> None:
    """Answers 400 to calls of Dash's that no page of ours makes: no JSON, other fields, outputs that are none.

    Args:
        server: The server.
        outputs: What the pages' callbacks give, as Dash names it.
    """

    @server.before_request
    def refuse() -> Response | None:
        if request.method != "POST" or not request.path.endswith("/_dash-update-component"):
            return None
        try:
            asked: Any = request.get_json(silent=True)
        except RecursionError:
            asked = None
        if not isinstance(asked, dict):
            asked = {}
        output, inputs = asked.get("output"), asked.get("inputs")
        known = isinstance(output, str) and output in outputs and isinstance(inputs, list)
        named = known and all(isinstance(given, dict) and {"id", "property"} <= given.keys() for given in inputs)
        return None if named else Response("This is no question that a page asks.", 400, content_type="text/plain")


def add_not_found(server: Flask) -> None:
    """Gives status 404 to addresses of files that are not there, and status 500 with the reason to damaged results.

    An unknown page is told by the dashboard itself.
    """

    @server.errorhandler(DependencyException)
    def no_such_script(_error: DependencyException) -> Response:
        return Response(status=404)

    @server.errorhandler(InputError)
    def damaged(error: InputError) -> Response:
        return Response(f"{error}\n", status=500, mimetype="text/plain")

    @server.after_request
    def no_such_file(response: Response) -> Response:
        any_address = request.url_rule is not None and request.url_rule.rule == "/<path:path>"
        first = request.path.split("/")[1]
        if any_address and (first in _FOLDERS or first.startswith("_") or "." in request.path):
            response.status_code = 404
        return response


def add_security_headers(server: Flask, script_hashes: list[str]) -> None:
    """Lets the browser load from this server only; `script_hashes` allow Dash's own inline scripts."""
    policy = "; ".join((
        "default-src 'self'", f"script-src 'self' {' '.join(script_hashes)}", "style-src 'self' 'unsafe-inline'",
        "img-src 'self' data: blob:", "worker-src 'self' blob:", "connect-src 'self'", "object-src 'none'",
        "base-uri 'self'", "frame-ancestors 'none'", "form-action 'self'",
    ))  # fmt: skip

    @server.after_request
    def protect(response: Response) -> Response:
        response.headers["Content-Security-Policy"] = policy
        response.headers["X-Content-Type-Options"] = "nosniff"
        response.headers["Referrer-Policy"] = "no-referrer"
        return response


def _csv(frame: pl.LazyFrame) -> Iterator[str]:
    """A table as CSV, piece by piece, so that a year of a large city needs no more memory than a piece."""
    start = 0
    while True:
        piece = frame.slice(start, _ROWS_AT_ONCE).collect()
        if start == 0 or not piece.is_empty():
            yield piece.write_csv(include_header=start == 0, datetime_format="%Y-%m-%dT%H:%M:%SZ")
        if piece.height < _ROWS_AT_ONCE:
            return
        start += piece.height
