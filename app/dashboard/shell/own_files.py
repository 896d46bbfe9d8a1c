"""Scripts and styles of the dashboard's own, each kind as one file: a browser fetches one file sooner than forty."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from flask import Flask, Response

ASSETS = Path(__file__).parents[1] / "assets"
FIRST = "shell_address.js"
"""The script that all others may call when they are run."""
ALONE = "plotly_charts.min.js"
"""The library of charts, which is loaded beside the others and run after them."""
_YEAR_S = 31_536_000


@dataclass(frozen=True)
class OwnFile:
    """All files of a kind, one after the other in the order of their names.

    Args:
        suffix: Of their names.
        mimetype: As it is sent.
        between: What ends each.
        folder: Where they are.
    """

    suffix: str
    mimetype: str
    between: bytes = b"\n"
    folder: Path = field(default=ASSETS)

    @cached_property
    def content(self) -> bytes:
        """The file, read when it is first asked for."""
        found = [one for one in self.folder.glob(f"*{self.suffix}") if one.name != ALONE]
        found.sort(key=lambda one: (one.name != FIRST, one.name))
        return self.between.join(f"/* {one.name} */\n".encode() + one.read_bytes() for one in found)

    @cached_property
    def tag(self) -> str:
        """Of this content alone."""
        return hashlib.sha256(self.content).hexdigest()[:16]

    @property
    def address(self) -> str:
        """Where it is served, another one for other content."""
        return f"shell/own{self.suffix}?v={self.tag}"


SCRIPTS = OwnFile(".js", "text/javascript", b"\n;\n")
STYLES = OwnFile(".css", "text/css")


def add_own_files(server: Flask) -> None:
    """Adds ``/shell/own.js`` and ``/shell/own.css``."""

    def sent(one: OwnFile) -> Response:
        response = Response(one.content, mimetype=one.mimetype)
        response.headers["Cache-Control"] = f"max-age={_YEAR_S}"  # other content has another address
        return response

    server.add_url_rule("/shell/own.js", "own_scripts", lambda: sent(SCRIPTS))
    server.add_url_rule("/shell/own.css", "own_styles", lambda: sent(STYLES))
