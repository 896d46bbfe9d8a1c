"""What the page of operations asks the server again and again."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from typing import Any, Final
from zoneinfo import ZoneInfo, available_timezones

from dash.development.base_component import Component
from flask import Flask, Response, request

from app.dashboard.colours import Theme
from app.dashboard.language import Language, language_named
from app.dashboard.language.spoken import text_in
from app.dashboard.operations.estimated import CHOICES, MapDrawing, estimate_card, key_of, no_estimate_card
from app.dashboard.operations.live import TwinPlace
from app.dashboard.operations.live_reader import LiveReader
from app.dashboard.operations.panel import Cells, live_panel
from app.failures import StoreError
from grid.errors import Fault, InputError, raise_if_any
from grid.twin.learning.records import DecisionRecord

TWIN: Final = "GRIDCARBON_TWIN"
"""Key of the server's configuration: the `TwinPlace` it shows, or None."""
_FIELDS = {"by": "Who decides", "reason": "Reason", "changed_mwh": "Instead"}
"""Fields of a decision as the page names them."""


def add_operations(
    server: Flask, twin: TwinPlace | None, as_html: Callable[[list[Component]], str], drawing: MapDrawing,
    as_row: Callable[[Cells], Any],
) -> None:  # fmt: skip
    """Adds ``/operations/live``, ``/operations/map`` and ``/operations/decide``.

    ``GET /operations/live`` gives the last known state as HTML; 404 without a twin, 503 where it cannot be read.
    ``GET /operations/map`` gives the estimated state as HTML with a map; 204 where the page already has it (``shown``).
    ``POST /operations/decide`` with ``{"alert", "decision", "by", "reason", "changed_mwh"}`` adds a decision to the
    log; 422 with all that is wrong with it, 404 where nothing is decided on here.

    Args:
        server: The server.
        twin: Where the twin keeps what it knows.
        as_html: Writes components.
        drawing: What draws the map of an estimated state.
        as_row: Writes a row of a table.
    """
    server.config[TWIN] = twin
    reader = None if twin is None else LiveReader(twin)
    server.add_url_rule("/operations/map", "operations_map", partial(_map, twin, as_html, drawing))

    @server.get("/operations/live")
    def live() -> Response:
        if twin is None or reader is None:
            return Response("No twin is shown here.\n", status=404, mimetype="text/plain")
        try:
            state = reader.state()
        except (InputError, StoreError, OSError) as error:
            return Response(f"The state of the grid cannot be read: {error}\n", status=503, mimetype="text/plain")
        zone = request.args.get("zone", "")
        zone = zone if zone in available_timezones() else "UTC"
        shown = live_panel(state, zone, decides=twin.decides, mapped=twin.estimate is not None, as_row=as_row)
        return Response(as_html(shown), mimetype="text/html", headers={"Cache-Control": "no-store"})

    @server.post("/operations/decide")
    def decide() -> Response:
        if twin is None or twin.log is None or not twin.decides:
            return Response("Nothing is decided on here.\n", status=404, mimetype="text/plain")
        try:
            _add_decision(twin.log, request.get_json(silent=True))
        except InputError as error:
            lang = language_named(request.args.get("lang", ""))
            return Response("\n".join(_said(fault, lang) for fault in error.faults), status=422, mimetype="text/plain")
        except (StoreError, OSError) as error:
            return Response(f"The decision cannot be kept now: {error}\n", status=503, mimetype="text/plain")
        return Response("kept", mimetype="text/plain")


def _map(twin: TwinPlace | None, as_html: Callable[[list[Component]], str], drawing: MapDrawing) -> Response:
    """The estimated state, for the layer, theme and zone that are asked for."""
    if twin is None or twin.estimate is None:
        return Response("No estimate is shown here.\n", status=404, mimetype="text/plain")
    layer, zone = request.args.get("layer", ""), request.args.get("zone", "")
    layer = layer if layer in CHOICES else next(iter(CHOICES))
    theme: Theme = "dark" if request.args.get("theme") == "dark" else "light"
    zone = zone if zone in available_timezones() else "UTC"
    try:
        from app.twin.estimation.reading import holds_estimate, latest_state  # noqa: PLC0415  loads the estimation

        if not holds_estimate(twin.estimate):
            return Response(as_html([no_estimate_card()]), mimetype="text/html", headers={"Cache-Control": "no-store"})
        state = latest_state(twin.estimate)
    except InputError as error:
        return Response(f"The estimate cannot be shown: {error}\n", status=503, mimetype="text/plain")
    now = datetime.now(UTC)
    key = f"{key_of(state, now, layer, theme, zone)}|{request.args.get('lang', '')}"
    if request.args.get("shown") == key:
        return Response(status=204)
    card = estimate_card(state, now, layer, theme, ZoneInfo(zone), drawing, as_html)
    headers = {"Cache-Control": "no-store", "X-Shown": key}
    return Response(card, mimetype="text/html", headers=headers)


def _said(fault: Fault, language: Language) -> str:
    """A fault of a decision by the names that its fields have on the page."""
    return text_in(language, str(replace(fault, place=_FIELDS.get(fault.place, fault.place))))


def _add_decision(place: str, given: Any) -> None:
    """Adds a decision to the log, as ``gridcarbon twin decide`` does.

    Raises:
        InputError: With all that is wrong with it.
        StoreError: If the log cannot be reached.
    """
    from app.twin.alerts.logged import decide as add_decision  # noqa: PLC0415  loads a large library
    from app.twin.log import opened_log  # noqa: PLC0415  likewise

    asked = given if isinstance(given, dict) else {}
    moved = asked.get("changed_mwh", {})
    numbers = isinstance(moved, dict) and all(
        isinstance(value, int | float) and math.isfinite(value) for value in moved.values()
    )
    texts = {name: asked.get(name, "") for name in ("alert", "decision", "by", "reason")}
    faults = [Fault(name, "must be text") for name, value in texts.items() if not isinstance(value, str)]
    faults += [] if numbers else [Fault("changed_mwh", "must be numbers by asset [MWh]")]
    raise_if_any(faults, "the decision")
    record = DecisionRecord(
        texts["alert"], datetime.now(UTC), texts["decision"], texts["by"].strip(), texts["reason"].strip(),
        {str(asset): float(mwh) for asset, mwh in moved.items()},
    )  # fmt: skip
    with opened_log(place) as log:
        add_decision(log, record)
