"""The document that the browser loads first: what it names is loaded in an order that has the first page stand soon."""

from __future__ import annotations

import re
from typing import Any

import dash
from dash.types import RendererHooks
from flask import Flask, Response, request

from app.dashboard.shell.own_files import ALONE, SCRIPTS, STYLES

_NO_USE = re.compile(r'<script src="[^"]*/(?:polyfill@|dash_table/)[^"]*"></script>\n?')
"""Dash's table, which no page has, and its polyfill for browsers before 2018, which cannot draw the pages anyway.

Of the latter Dash's own scripts need the runtime of generators, which is in ``assets/regenerator_runtime.js``.
"""
_TABLES = re.compile(r'<script src="([^"]*/dash_ag_grid/[^"]*)"></script>\n?')
"""The library of long tables: ``assets/shell_tables.js`` loads it once the first page stands."""
CHARTS = f"assets/{ALONE}"
"""Plotly with the kinds of traces that the pages draw: all of it takes a browser fifteen times as long to load."""
_SUITES = "_dash-component-suites"
_GRAPH = f"{_SUITES}/dash/dcc/async-graph.js"
"""The part of Dash that the first chart asks for."""
_FETCHED = ("_dash-layout", "_dash-dependencies")
HOOKS: RendererHooks = {"layout_post": "(layout) => window.gridcarbon.complete(layout)"}
"""What Dash calls with the layout before it draws it: ``assets/shell_frame.js`` puts the first page into it."""
RUN_AT_ONCE = {
    "dash_mantine_components/dash_mantine_components.": (
        b"}(self,(e,n)=>(()=>{", b"}(self,(function(e,n){return(()=>{", b"})());", b"})()}));",
    ),
    "dash/deps/react-dom@": (b"(this,function(Q,zb){", b"(this,(function(Q,zb){", b"});\n})();", b"}));\n})();"),
}  # fmt: skip
"""Libraries whose whole is one function that they hand to another: by its address its head and foot, each as it is and
in parentheses, which tell a browser that the function is run at once.

A browser then compiles it while it loads, beside what else it does. Else it only looks it over, and compiles it when it
is run: of the components of Mantine that takes as long as running them.
"""


class DashApp(dash.Dash):
    """Dash, whose document asks at once for what Dash asks for one after the other, and leaves out what is not needed.

    Plotly would be asked for by the first chart, whole; here its part that the pages need is loaded beside the other
    scripts and runs after them (`defer`), while the server is asked for the layout. Layout and callbacks, which Dash
    asks for when all scripts have run, are preloaded, and so is its part for charts.
    """

    def interpolate_index(self, *, metas: str = "", css: str = "", scripts: str = "", **parts: Any) -> str:  # type: ignore[override]
        """The document as text, from the parts of Dash's template; Dash names each of them."""
        root = self.config.requests_pathname_prefix
        ahead = [f'<link rel="preload" as="fetch" crossorigin="anonymous" href="{root}{one}">' for one in _FETCHED]
        ahead.append(f'<link rel="preload" as="script" href="{root}{_GRAPH}">')
        ahead.append(f'<script defer src="{root}{CHARTS}"></script>')
        ahead += [f'<meta name="tables" content="{address}">' for address in _TABLES.findall(scripts)]
        css += f'<link rel="stylesheet" href="{root}{STYLES.address}">'
        scripts = f'<script src="{root}{SCRIPTS.address}"></script>\n' + _TABLES.sub("", _NO_USE.sub("", scripts))
        return str(super().interpolate_index(metas=metas + "".join(ahead), css=css, scripts=scripts, **parts))  # type: ignore[no-untyped-call]


def compile_while_loading(server: Flask) -> None:
    """Sends the libraries of `RUN_AT_ONCE` as functions that are run at once; in other versions, as they are."""

    @server.after_request
    def send(response: Response) -> Response:
        if request.path.startswith(f"/{_SUITES}/") and response.status_code == 200:
            for name, forms in RUN_AT_ONCE.items():
                if request.path.removeprefix(f"/{_SUITES}/").startswith(name):
                    response.set_data(in_parentheses(response.get_data(), *forms))
        return response


def in_parentheses(script: bytes, head: bytes, head_after: bytes, foot: bytes, foot_after: bytes) -> bytes:
    """A script whose only function stands in parentheses; as it is where `head` and `foot` are not its own."""
    before, found, rest = script.partition(head)
    inside, ends, after = rest.rpartition(foot)
    return before + head_after + inside + foot_after + after if found and ends else script
