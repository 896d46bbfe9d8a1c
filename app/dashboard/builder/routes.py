"""What the page of the builder asks of the server, as JSON under ``/build/``."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml
from flask import Flask, Response, abort, request

from app.dashboard.attachment import attachment
from app.dashboard.builder.content import Content, plain
from app.dashboard.builder.drafts.draft import Draft
from app.dashboard.builder.drafts.store import StaleRevisionError
from app.dashboard.builder.estimate_panel import shown
from app.dashboard.builder.files.uploads import TooLargeError, keep_upload, upload_kind, uploaded_scenario
from app.dashboard.builder.templates import result_templates, shipped_templates
from app.failures import StoreError
from app.results.folder import Result
from grid.errors import InputError

if TYPE_CHECKING:
    from app.dashboard.builder.builder import Builder

MOST_JSON_BYTES = 10_000_000
"""Of a question of the page; the largest scenarios have 100 kB."""


def add_build_routes(server: Flask, results: Mapping[str, Result]) -> None:
    """Adds the routes of the builder.

    Drafts and uploads lie in the store that is served, if runs may be started there; else in a temporary folder.

    Args:
        server: The server; its configuration holds the queue of runs as ``GRIDCARBON_JOBS``.
        results: The results that are served.
    """
    made: list[Builder] = []

    def jobs() -> Any:
        return server.config.get("GRIDCARBON_JOBS")

    def builder() -> Builder:
        from app.dashboard.builder.builder import Builder  # noqa: PLC0415  slow to import

        if not made:
            place = getattr(results, "place", None) if jobs() is not None else None
            made.append(Builder(results, None if place is None else Path(place)))
        return made[0]

    _add_templates(server, builder)
    _add_drafts(server, builder)
    _add_looks(server, builder)
    _add_uploads(server, builder)
    _add_runs(server, builder, jobs)


def _add_templates(server: Flask, builder: Callable[[], Builder]) -> None:
    @server.get("/build/templates")
    @_answered
    def templates() -> Any:
        made = builder()
        return {
            "shipped": [vars(each) for each in shipped_templates()],
            "results": [vars(each) for each in result_templates(made.results)],
            "drafts": [
                {"id": one.id, "name": one.name, "template": one.template_label, "last": one.undo_words}
                for one in made.drafts.all()
            ],
        }


def _add_drafts(server: Flask, builder: Callable[[], Builder]) -> None:
    @server.post("/build/drafts")
    @_answered
    def begin() -> Any:
        asked = _asked()
        changed = [(str(path), str(value)) for path, value in asked.get("set") or []]
        return _shown(builder(), builder().begin(str(asked.get("template")), str(asked.get("name") or ""), changed))

    @server.get("/build/drafts/<draft_id>")
    @_answered
    def read(draft_id: str) -> Any:
        return _shown(builder(), builder().drafts.read(draft_id))

    @server.post("/build/drafts/<draft_id>/edit")
    @_answered
    def edit(draft_id: str) -> Any:
        asked = _asked()
        return _shown(builder(), builder().edit(draft_id, _revision(asked), dict(asked.get("edit") or {})))

    @server.post("/build/drafts/<draft_id>/copy")
    @_answered
    def copy(draft_id: str) -> Any:
        asked = _asked()
        content = dict(plain(asked.get("content") or {}))
        return _shown(builder(), builder().copy(draft_id, content, asked.get("edit")))

    @server.post("/build/drafts/<draft_id>/remove")
    @_answered
    def remove(draft_id: str) -> Any:
        builder().drafts.remove(draft_id)
        return {"removed": draft_id}


def _add_looks(server: Flask, builder: Callable[[], Builder]) -> None:
    @server.get("/build/form.json")
    def form() -> Response:
        from app.dashboard.builder.form import form_description  # noqa: PLC0415  slow to import

        response = Response(form_description(), mimetype="application/json")
        response.headers["Cache-Control"] = "private, max-age=3600"
        return response

    @server.get("/build/drafts/<draft_id>/check")
    @_answered
    def check(draft_id: str) -> Any:
        from app.dashboard.builder.state import checked_state  # noqa: PLC0415  slow to import

        draft = builder().drafts.read(draft_id)
        return checked_state(draft, builder().checker.check(draft.content))

    @server.get("/build/drafts/<draft_id>/estimate")
    @_answered
    def estimate(draft_id: str) -> Any:
        draft = builder().drafts.read(draft_id)
        return shown(draft, builder().estimating.estimate(draft.base, draft.content))

    @server.get("/build/drafts/<draft_id>/net.json")
    @_answered
    def net(draft_id: str) -> Any:
        draft = builder().drafts.read(draft_id)
        try:
            return builder().plans.of(draft.content).as_json()
        except InputError as error:  # the draft is shown all the same
            return {"problem": " ".join(fault.rule for fault in error.faults)}

    @server.get("/build/drafts/<draft_id>/scenario.yaml")
    @_answered
    def scenario(draft_id: str) -> Any:
        draft = builder().drafts.read(draft_id)
        response = Response(as_yaml(draft.content), mimetype="application/yaml")
        response.headers["Content-Disposition"] = attachment(f"{file_name(draft.name)}.yaml")
        return response


def _add_uploads(server: Flask, builder: Callable[[], Builder]) -> None:
    @server.post("/build/uploads/<kind>")
    @_answered
    def upload(kind: str) -> Any:
        made, of_kind = builder(), upload_kind(kind)
        name = keep_upload(of_kind, request.args.get("name", ""), request.stream, request.content_length, made.uploads)
        if not of_kind.scenario:
            return {"name": name}
        content = uploaded_scenario(name, made.uploads)
        label = name.partition("/")[2]
        return _shown(made, made.drafts.new(f"file:{label}", label, content))


def _add_runs(server: Flask, builder: Callable[[], Builder], jobs: Callable[[], Any]) -> None:
    @server.post("/build/drafts/<draft_id>/run")
    @_answered
    def run(draft_id: str) -> Any:
        return _job(builder().submit(_offered(jobs()), draft_id))

    @server.post("/build/drafts/<draft_id>/sweep")
    @_answered
    def sweep(draft_id: str) -> Any:
        asked = _asked()
        started = builder().submit_sweep(
            _offered(jobs()), draft_id, list(asked.get("levers") or []), str(asked.get("name") or "")
        )
        return {"jobs": [_job(job) for job in started]}


def _offered(jobs: Any) -> Any:
    """The queue of runs.

    Raises:
        InputError: If this server offers none.
    """
    if jobs is None:
        raise InputError.single("runs", "are not offered by this server, which only shows results")
    return jobs


def _job(job: Any) -> dict[str, Any]:
    return {"key": job.key, "name": job.name, "status": job.status, "result": job.result_name}


def _shown(builder: Builder, draft: Draft) -> dict[str, Any]:
    from app.dashboard.builder.state import state  # noqa: PLC0415  slow to import

    return state(draft, builder.uploads)


def _asked() -> Mapping[str, Any]:
    """The JSON of a request."""
    if (request.content_length or 0) > MOST_JSON_BYTES:
        abort(413)
    try:
        asked = request.get_json(silent=True)
    except RecursionError:
        asked = None
    if not isinstance(asked, dict):
        raise InputError.single("request", "must be a mapping as JSON")
    return asked


def _revision(asked: Mapping[str, Any]) -> int:
    revision = asked.get("revision")
    return revision if isinstance(revision, int) else -1


def _answered(make: Callable[..., Any]) -> Callable[..., Response]:
    """Answers with JSON; with status 400 and all faults where an input is wrong, 409 where another tab was faster."""

    @wraps(make)
    def answer(**given: str) -> Response:
        try:
            found = make(**given)
        except StaleRevisionError as error:
            theirs = {"name": error.newest.name, "revision": error.newest.revision, "words": error.newest.undo_words}
            return _json({"stale": theirs}, 409)
        except TooLargeError as error:
            return _json(_told(error), 413)
        except StoreError as error:
            return _json({"problem": str(error)}, 503)
        except InputError as error:
            return _json(_told(error), 400)
        return found if isinstance(found, Response) else _json(found, 200)

    return answer


def _told(error: InputError) -> dict[str, Any]:
    from app.dashboard.builder.checking import told  # noqa: PLC0415  slow to import

    return {"faults": told(error.faults, {})}


def _json(content: Any, status: int) -> Response:
    response = Response(json.dumps(content, allow_nan=False), status, mimetype="application/json")
    response.headers["Cache-Control"] = "no-store"
    return response


def as_yaml(content: Content) -> str:
    """A draft as a scenario file, in the order in which it stands."""
    return str(yaml.safe_dump(dict(content), sort_keys=False, allow_unicode=True))


def file_name(name: str) -> str:
    """A scenario's name as the name of a file."""
    kept = "".join("_" if letter in '/\\:*?"<>|' or not letter.isprintable() else letter for letter in name)
    return kept.strip(" .")[:80] or "scenario"


__all__: Sequence[str] = ["add_build_routes", "as_yaml", "file_name"]
