"""Plain HTTP of runs: where they stand (``GET /runs.json``), the log of one, cancelling one, trying one again."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from flask import Flask, Response, abort, jsonify

from app.failures import StoreError

if TYPE_CHECKING:
    from app.batch.jobs import Job, Jobs

BUSY = 503
"""Status of an answer that says what does not work now."""


def add_runs(server: Flask, jobs: Jobs | None) -> None:
    """Adds the routes of runs.

    ``GET /runs.json``: ``{"runs": [...], "problem": "", "workers": 2, "read_only": false}``; a run has ``key``,
    ``name``, ``status`` (``waiting``, ``running``, ``done``, ``infeasible``, ``failed``, ``cancelled``), ``phase``,
    ``share`` of the whole that is done, ``seconds_left`` (null while unknown), ``seconds`` it took, ``reason``,
    ``submitted`` (seconds since 1970, UTC), ``result`` (name of its result, null without one), ``sweep`` and ``study``
    (what is worked out beside that result; empty for a run).
    ``GET /runs/<key>/log.json``: ``{"events": [{"at", "kind", "text"}]}``. ``POST /runs/<key>/cancel`` and
    ``POST /runs/<key>/retry``: the run as it is then. What does not work now is answered with status 503 and
    ``{"problem": …}``.

    Args:
        server: The server.
        jobs: The queue; None where nothing can be run.
    """

    @server.get("/runs.json")
    def serve_runs() -> Response:
        if jobs is None:
            return _answer({"runs": [], "problem": "", "workers": 0, "read_only": True})
        return _said(lambda: {"runs": [as_json(job) for job in jobs.all()], "problem": jobs.problem,
                              "workers": jobs.workers, "read_only": False})  # fmt: skip

    @server.get("/runs/<key>/log.json")
    def serve_log(key: str) -> Response:
        queue = jobs or abort(404)
        return _said(lambda: {"events": [vars(event) for event in queue.events(key)]})

    @server.post("/runs/<key>/<any(cancel, retry):order>")
    def change(key: str, order: str) -> Response:
        queue = jobs or abort(404)
        if queue.job(key) is None:
            abort(404)
        asked = queue.cancel if order == "cancel" else queue.retry
        return _said(lambda: {"run": None if (job := asked(key)) is None else as_json(job)})


def as_json(job: Job) -> dict[str, Any]:
    """A run as pages get it."""
    return {
        "key": job.key, "name": job.name, "status": job.status, "phase": job.phase, "share": round(job.share, 3),
        "seconds_left": None if job.seconds_left is None else round(job.seconds_left, 1), "seconds": job.seconds,
        "reason": job.reason, "submitted": job.submitted, "result": job.result_name, "sweep": job.sweep,
        "study": job.study,
    }  # fmt: skip


def _said(make: Callable[[], dict[str, Any]]) -> Response:
    """An answer, or why there is none now."""
    try:
        return _answer(make())
    except StoreError as error:
        response = _answer({"problem": str(error)})
        response.status_code = BUSY
        return response


def _answer(content: dict[str, Any]) -> Response:
    response = jsonify(content)
    response.headers["Cache-Control"] = "no-store"
    return response
