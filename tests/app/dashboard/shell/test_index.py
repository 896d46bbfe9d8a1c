"""The library of charts that the index names: it is of Plotly's own version, and draws whatever pages make."""

from __future__ import annotations

import re
from importlib.resources import files

import plotly.graph_objects as go
from plotly.basedatatypes import BaseTraceType

from app.dashboard.shell.index import CHARTS
from tests.places import ROOT

DASHBOARD = ROOT / "app" / "dashboard"
LIBRARY = (DASHBOARD / CHARTS).read_text(encoding="utf-8")
CLASSES = {name: getattr(go, name) for name in go.__all__}
KINDS = {name.lower() for name, one in CLASSES.items() if isinstance(one, type) and issubclass(one, BaseTraceType)}


def test_it_is_of_the_version_that_plotly_writes_figures_for() -> None:
    whole = (files("plotly") / "package_data" / "plotly.min.js").read_text(encoding="utf-8")
    (version,) = re.findall(r"plotly\.js (v[\d.]+)", whole[:99])
    assert LIBRARY.startswith(f"/* plotly.js {version} ")


def test_it_has_every_kind_of_trace_that_pages_make() -> None:
    code = "".join(file.read_text(encoding="utf-8") for file in DASHBOARD.rglob("*.py"))
    made = {name.lower() for name in re.findall(r"\bgo\.([A-Z]\w+)|\.add_(\w+)\(", code) for name in name} & KINDS
    assert {"scatter", "bar"} < made <= set(re.findall(r'moduleType:"trace",name:"(\w+)"', LIBRARY))
