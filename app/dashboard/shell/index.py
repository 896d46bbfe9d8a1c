"""The document that the browser loads first: what it names is loaded in an order that has the first page stand soon."""

from __future__ import annotations

import re
from typing import Any

import dash

_POLYFILL = re.compile(r'<script src="[^"]*/polyfill@[^"]*"></script>\n?')
"""For browsers before 2018, which cannot draw the pages anyway: an eighth of a browser's work for the first.

Of it Dash's own scripts need the runtime of generators, which is in ``assets/regenerator_runtime.js``.
"""
CHARTS = "assets/plotly_charts.min.js"
"""Plotly with the kinds of traces that the pages draw: all of it takes a browser fifteen times as long to load."""
_GRAPH = "_dash-component-suites/dash/dcc/async-graph.js"
"""The part of Dash that the first chart asks for."""
_FETCHED = ("_dash-layout", "_dash-dependencies")


class DashApp(dash.Dash):
    """Dash, whose document asks at once for what Dash asks for one after the other, and leaves out what is old.

    Plotly would be asked for by the first chart, whole; here its part that the pages need is loaded beside the other
    scripts and runs after them (`defer`), while the server is asked for the layout. Layout and callbacks, which Dash
    asks for when all scripts have run, are preloaded, and so is its part for charts.
    """

    def interpolate_index(self, *, metas: str = "", scripts: str = "", **parts: Any) -> str:  # type: ignore[override]
        """The document as text, from the parts of Dash's template; Dash names each of them."""
        root = self.config.requests_pathname_prefix
        ahead = [f'<link rel="preload" as="fetch" crossorigin="anonymous" href="{root}{one}">' for one in _FETCHED]
        ahead.append(f'<link rel="preload" as="script" href="{root}{_GRAPH}">')
        ahead.append(f'<script defer src="{root}{CHARTS}"></script>')
        scripts = _POLYFILL.sub("", scripts)
        return str(super().interpolate_index(metas=metas + "".join(ahead), scripts=scripts, **parts))  # type: ignore[no-untyped-call]
