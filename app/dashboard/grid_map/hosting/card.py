"""Hosting capacity of all buses by kind: what was worked out, what lets it be, and the request that does."""

from __future__ import annotations

from typing import Any

import polars as pl
from dash import dcc, html
from dash.development.base_component import Component
from flask import Flask, Response, abort, current_app, jsonify

from app.dashboard import cards
from app.dashboard.catalogue import Catalogue
from app.dashboard.grid_map.hosting.kept import HOSTED, Hosted, grown
from app.dashboard.grid_map.violations import QUANTITIES
from app.dashboard.text import figure
from app.dashboard.view import View
from app.dashboard.why.tables import PageTable, table_view
from app.failures import StoreError
from app.results.folder import Result
from app.studies.hosting.kept import kept_table
from grid.errors import InputError

STUDY = "hosting"
"""First word of the study that the queue is asked for; the second is what grows."""


def hosting_card(view: View) -> Component:
    """Hosting capacity of all buses by kind: what was worked out, and what lets it be."""
    able = bool(current_app and current_app.config.get("GRIDCARBON_JOBS"))
    words = (
        "The most of a kind that each bus alone takes within the limits of the grid over this period, by AC power "
        "flow, while all else does what it does unmanaged. It takes minutes, in the queue of runs; a layer of the map "
        "and the table below it show the answer."
    )
    return html.Section([
        cards.head(view.say("Hosting capacity"), "map-hosting", of_hosting()),
        html.P(words, className="subtitle"),
        html.Ul([_hosted(view, key, able=able) for key in HOSTED], className="map-hosting"),
        html.P(id="map-hosting-told", role="status", className="subtitle"),
    ], className="card", **cards.hyphened(aria_label=view.say("Hosting capacity")))  # fmt: skip


def _hosted(view: View, layer: str, *, able: bool) -> Component:
    """A kind: where its capacities stand, and what lets them be shown or worked out."""
    what, rows = grown(view.result, layer), kept_rows(view.result, layer)
    name = html.Strong(view.say(HOSTED[layer].name))
    if rows is not None and not rows.is_empty():
        link = dcc.Link(view.say("Show on the map"), href=view.link("/grid", layer=layer))
        table = table_view(shown_rows(rows, HOSTED[layer]), opens="The numbers as a table")
        said = f" {in_words(rows, HOSTED[layer])} "
        return html.Li([name, said, link, table], **cards.hyphened(data_hosting=layer))
    if not what:
        return html.Li([name, " The scenario has no data centre whose design would say what a bus must carry."],
                       **cards.hyphened(data_hosting=layer))  # fmt: skip
    start = html.Button(
        view.say("Work out for all buses"), className="button", type="button",
        **cards.hyphened(data_host=layer, aria_label=f"{view.say('Work out for all buses')}: {HOSTED[layer].name}"),
    )  # fmt: skip
    otherwise = html.Span("This server only shows results.", className="muted")
    return html.Li([name, " ", start if able else otherwise, " ", html.Span(className="map-hosting-state")],
                   **cards.hyphened(data_hosting=layer))  # fmt: skip


def kept_rows(result: Result, layer: str) -> pl.DataFrame | None:
    """What was worked out of a kind, a row a bus; None where nothing was.

    Raises:
        InputError: If what is there is no such table.
    """
    return kept_table(result.path.parent, result.scenario_hash, HOSTED[layer].kind)


def in_words(rows: pl.DataFrame, hosted: Hosted) -> str:
    """Between which sizes the capacities lie; what stops all of them where no bus takes any."""
    digits = 2 if hosted.size.startswith("MW of") else 0
    low, middle, high = (figure(float(rows["size"].quantile(share) or 0.0), digits) for share in (0.0, 0.5, 1.0))
    if not float(rows["size"].quantile(1.0) or 0.0):
        first = rows.row(0, named=True)
        quantity, unit, places = QUANTITIES.get(first["quantity"], (first["quantity"], "", 3))
        seen, limit = figure(first["value"], places), figure(first["limit"], places)
        return (
            f"No bus takes any while all else is unmanaged: {first['binding']}, {quantity.lower()} {seen} {unit}, "
            f"against the limit of {limit} {unit}."
        )
    return f"{figure(rows.height, 0)} buses: {low} to {high} {hosted.size}, half of them {middle} or more."


def shown_rows(rows: pl.DataFrame, hosted: Hosted) -> PageTable:
    """The capacities as a table, the largest first."""
    frame = rows.sort("size", descending=True).select(
        pl.col("bus").alias("Bus"), pl.col("size").alias(f"Capacity [{hosted.size}]"),
        pl.col("p_peak_mw").alias("At the meter [MW]"), pl.col("binding").alias("Stopped by"),
        pl.col("quantity").alias("Quantity"), pl.col("value").alias("Next would be"), pl.col("limit").alias("Limit"),
    )  # fmt: skip
    return PageTable(f"Hosting capacity, {hosted.name.lower()}", frame, 3, {})


def of_hosting() -> cards.Behind:
    """What the capacities are made from."""
    how = (
        "The largest size at a bus with which every limit of the scenario is kept in the critical steps of the run, by "
        "AC power flow, found by bisection in whole increments (app.studies.hosting); all else draws what it draws "
        "when nobody manages it."
    )
    of_sizes = {f"Capacity [{one.size}]": "the largest size in whole increments with which no step breaks a limit"
                for one in HOSTED.values()}  # fmt: skip
    return cards.Behind((), (), how).of_columns({
        "Bus": "every bus that is supplied, one at a time", **of_sizes,
        "At the meter [MW]": "the highest power of that size over the steps, drawn or fed in",
        "Stopped by": "bus, line or transformer whose limit the next increment breaks by most",
        "Quantity": "what of it", "Next would be": "its value with the next increment, by AC power flow",
        "Limit": "limits of scenario.yaml, else the net's own",
    })  # fmt: skip


def study_of(layer: str, result: Result) -> str:
    """What the queue is asked for."""
    return f"{STUDY} {grown(result, layer)}"


def add_hosting_route(server: Flask, results: Catalogue) -> None:
    """Adds ``POST /map/<result>/hosting/<layer>``: lets the capacities of all buses be worked out, gives the job."""

    @server.post("/map/<name>/hosting/<layer>")
    def work_out(name: str, layer: str) -> Response:
        result, jobs = results.get(name) or abort(404), server.config.get("GRIDCARBON_JOBS") or abort(404)
        if layer not in HOSTED or not grown(result, layer):
            abort(404)
        try:
            return _answer({"run": _job(submit(result, name, layer, jobs))}, 200)
        except StoreError as error:
            return _answer({"problem": str(error)}, 503)
        except InputError as error:
            return _answer({"problem": "; ".join(map(str, error.faults))}, 400)


def submit(result: Result, name: str, layer: str, jobs: Any) -> Any:
    """Asks the queue for the capacities of all buses of a result's scenario; gives the job.

    Raises:
        InputError: If the scenario, as this version reads it, is faulty.
        StoreError: If the queue cannot be used.
    """
    from app.studies.halls.site import folder_of  # noqa: PLC0415  slow to import

    title = f"Hosting capacity, {HOSTED[layer].name.lower()}: {result.manifest.get('name') or name}"
    return jobs.submit_study(dict(result.scenario), folder_of(result), study_of(layer, result), title, name)


def _job(job: Any) -> dict[str, str]:
    return {"key": job.key, "status": job.status}


def _answer(content: dict[str, Any], status: int) -> Response:
    response = jsonify(content)
    response.status_code = status
    response.headers["Cache-Control"] = "no-store"
    return response
