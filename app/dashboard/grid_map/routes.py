"""What the map fetches over plain HTTP: the net once, values in chunks of time, devices, districts."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping

from flask import Flask, Response, abort, request

from app.dashboard.grid_map import chunks, differences, districts, geometry, symbols
from app.dashboard.grid_map.basemap import basemap_bytes
from app.dashboard.grid_map.hosting.kept import hosting_version
from app.dashboard.grid_map.layers import LAYERS, POWER
from app.results.folder import Result

_OCTETS, _JSON = "application/octet-stream", "application/json"


def add_map_routes(server: Flask, results: Mapping[str, Result]) -> None:
    """Adds ``/map/<result>/<file>``.

    ``v`` in the query is the version of the result that the page was made of, ``minus`` a result to subtract and
    ``w`` its version. What is asked of a version that has been replaced meanwhile is refused with status 410, so that
    values of two versions never stand in one picture; all else the browser keeps for good.
    """

    @server.get("/map/<name>/<file>")
    def serve_map(name: str, file: str) -> Response:
        result = results.get(name) or abort(404)
        stem, _, suffix = file.rpartition(".")
        if suffix == "json" and stem in _TEXTS:
            return _kept(result, _JSON, lambda: json.dumps(_TEXTS[stem](result)).encode())
        if file == "geometry.bin":
            return _kept(result, _OCTETS, lambda: geometry.geometry(result))
        layer, _, number = stem.rpartition("-")
        if suffix != "bin" or layer not in {*LAYERS, POWER} or not number.isdecimal():
            abort(404)
        if int(number) >= chunks.time_axis(result).n_chunks:
            abort(404)
        return _chunk(results, result, layer, int(number))

    @server.get("/map/<name>/districts/<layer>.json")
    def serve_districts(name: str, layer: str) -> Response:
        result, hour = results.get(name) or abort(404), request.args.get("hour", "")
        if layer not in LAYERS or (hour and not (hour.isdecimal() and int(hour) < 24)):
            abort(404)
        wanted = int(hour) if hour else None
        return _kept(result, _JSON, lambda: json.dumps(districts.over_period(result, layer, wanted)).encode())

    @server.get("/map-outline.json")
    def serve_outline() -> Response:
        content = basemap_bytes(server.config.get("GRIDCARBON_BASEMAP"))
        return Response(content, mimetype=_JSON) if content else abort(404)


def _net(result: Result) -> dict[str, object]:
    axis, net = chunks.time_axis(result), geometry.elements(result)
    names, of_branches = districts.district_names(result), districts.districts_of_elements(result)[1]
    for branch, number in zip(net["branches"], of_branches.tolist(), strict=True):
        branch["zone"] = names[number] if number >= 0 else ""
    return {
        **net, "start_ms": axis.start_ms, "step_ms": axis.step_ms, "n_steps": axis.n_steps,
        "chunk_steps": axis.chunk_steps,
    }  # fmt: skip


_TEXTS: dict[str, Callable[[Result], object]] = {"elements": _net, "symbols": symbols.symbols_for_browser}


def _chunk(results: Mapping[str, Result], result: Result, layer: str, number: int) -> Response:
    """A chunk of a layer, or of its difference from the result that the query names."""
    extra = hosting_version(result, layer)
    minus = request.args.get("minus", "")
    if not minus or layer == POWER:
        return _kept(result, _OCTETS, lambda: chunks.chunk_bytes(result, layer, number), extra)
    other = results.get(minus) or abort(404)
    version = chunks.version_of(other)
    if request.args.get("w", version) != version:
        return _replaced(minus)
    reason = differences.why_not_comparable(result, other)
    if reason:
        return Response(f"{result.name} and {minus} cannot be compared: {reason}.\n", 409, mimetype="text/plain")
    extra += version + hosting_version(other, layer)
    return _kept(result, _OCTETS, lambda: differences.difference_bytes(result, other, layer, number), extra)


def _kept(result: Result, mimetype: str, make: Callable[[], bytes], extra: str = "") -> Response:
    """The content, 304 if the browser has it, or 410 if the page is of another version of the result."""
    version = chunks.version_of(result)
    asked = request.args.get("v", "")
    if asked and asked != version:
        return _replaced(result.name)
    tag = version + extra
    response = Response(status=304) if request.if_none_match.contains(tag) else Response(make(), mimetype=mimetype)
    response.set_etag(tag)
    for_good = bool(asked) and (not extra or "w" in request.args) and "hosting" not in request.path
    response.headers["Cache-Control"] = "private, max-age=31536000, immutable" if for_good else "private, no-cache"
    return response


def _replaced(name: str) -> Response:
    words = f"The result {name} has been replaced since this page was made; load the page again.\n"
    return Response(words, 410, mimetype="text/plain")
