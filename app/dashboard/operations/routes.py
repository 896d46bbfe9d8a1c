"""What the page of operations asks the server again and again."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final
from zoneinfo import available_timezones

from dash.development.base_component import Component
from flask import Flask, Response, request

from app.dashboard.operations.live import TwinPlace, live_state
from app.dashboard.operations.panel import live_panel
from app.failures import StoreError
from grid.errors import InputError

TWIN: Final = "GRIDCARBON_TWIN"
"""Key of the server's configuration: the `TwinPlace` it shows, or None."""


def add_operations(server: Flask, twin: TwinPlace | None, as_html: Callable[[list[Component]], str]) -> None:
    """Adds ``/operations/live``: the last known state as HTML; 404 without a twin, 503 where it cannot be read.

    Args:
        server: The server.
        twin: Where the twin keeps what it knows.
        as_html: Writes components.
    """
    server.config[TWIN] = twin

    @server.get("/operations/live")
    def live() -> Response:
        if twin is None:
            return Response("No twin is shown here.\n", status=404, mimetype="text/plain")
        try:
            state = live_state(twin)
        except (InputError, StoreError, OSError) as error:
            return Response(f"The state of the grid cannot be read: {error}\n", status=503, mimetype="text/plain")
        zone = request.args.get("zone", "")
        shown = live_panel(state, zone if zone in available_timezones() else "UTC")
        return Response(as_html(shown), mimetype="text/html", headers={"Cache-Control": "no-store"})
