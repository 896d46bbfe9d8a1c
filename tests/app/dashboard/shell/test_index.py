"""The document: what it names, libraries as they are sent, the library of charts for whatever pages make."""

from __future__ import annotations

import re
import subprocess
import sys
from importlib.resources import files

import plotly.graph_objects as go
import pytest
from plotly.basedatatypes import BaseTraceType

from app.dashboard import create_app
from app.dashboard.mantine import USED
from app.dashboard.shell.index import CHARTS, RUN_AT_ONCE, in_parentheses
from app.dashboard.shell.own_files import ALONE, FIRST, SCRIPTS, OwnFile
from app.results.folder import Result
from tests.places import ROOT

DASHBOARD = ROOT / "app" / "dashboard"
LIBRARY = (DASHBOARD / CHARTS).read_text(encoding="utf-8")
CLASSES = {name: getattr(go, name) for name in go.__all__}
KINDS = {name.lower() for name, one in CLASSES.items() if isinstance(one, type) and issubclass(one, BaseTraceType)}


@pytest.fixture(scope="module")
def client(results: dict[str, Result]):
    return create_app(results).server.test_client()


@pytest.fixture(scope="module")
def document(client) -> str:
    return client.get("/").text


def test_it_is_of_the_version_that_plotly_writes_figures_for() -> None:
    whole = (files("plotly") / "package_data" / "plotly.min.js").read_text(encoding="utf-8")
    (version,) = re.findall(r"plotly\.js (v[\d.]+)", whole[:99])
    assert LIBRARY.startswith(f"/* plotly.js {version} ")


def test_it_has_every_kind_of_trace_that_pages_make() -> None:
    code = "".join(file.read_text(encoding="utf-8") for file in DASHBOARD.rglob("*.py"))
    made = {name.lower() for name in re.findall(r"\bgo\.([A-Z]\w+)|\.add_(\w+)\(", code) for name in name} & KINDS
    assert {"scatter", "bar"} < made <= set(re.findall(r'moduleType:"trace",name:"(\w+)"', LIBRARY))


def test_all_that_the_document_names_is_there(client, document: str) -> None:
    named = re.findall(r'(?:src|href|name="tables" content)="(/[^"]+)"', document)
    assert len(named) > 10
    for place in named:
        with client.get(place) as answer:
            assert (place, answer.status_code) == (place, 200)


@pytest.mark.parametrize("suffix", [".js", ".css"])
def test_own_scripts_and_styles_are_one_file_each(client, document: str, suffix: str) -> None:
    (place,) = re.findall(rf'"(/shell/own\{suffix}[^"]+)"', document)
    with client.get(place) as answer:
        sent, kept_s = answer.text, answer.cache_control.max_age
    own = sorted(one for one in (DASHBOARD / "assets").glob(f"*{suffix}") if one.name != ALONE)
    assert len(own) > 5
    assert [one.name for one in own if one.read_text(encoding="utf-8") not in sent] == []
    assert re.findall(r'"/assets/([^"?]+)', document) == [ALONE]
    assert kept_s is not None
    assert kept_s > 1_000_000


def test_the_script_that_all_others_call_comes_first() -> None:
    assert SCRIPTS.content.startswith(f"/* {FIRST} */".encode())


def test_other_content_has_another_address(tmp_path) -> None:
    (tmp_path / "a.css").write_text("a {}", encoding="utf-8")
    before = OwnFile(".css", "text/css", folder=tmp_path).address
    (tmp_path / "a.css").write_text("a { }", encoding="utf-8")
    assert OwnFile(".css", "text/css", folder=tmp_path).address != before


def test_tables_and_what_no_page_needs_are_not_among_the_first_scripts(document: str) -> None:
    scripts = " ".join(re.findall(r'<script[^>]* src="([^"]+)"', document))
    assert "/dash_mantine_components." in scripts
    assert not re.search(r"ag_grid|dash_table|polyfill", scripts)


@pytest.mark.parametrize("name", RUN_AT_ONCE)
def test_a_library_is_sent_as_a_function_that_is_run_at_once(client, document: str, name: str) -> None:
    head, head_after, _foot, foot_after = RUN_AT_ONCE[name]
    (place,) = re.findall(rf'"(/_dash-component-suites/{re.escape(name)}[^"]+)"', document)
    sent = client.get(place).data
    assert sent.count(head_after) == 1
    assert head not in sent
    assert sent.rstrip().endswith(foot_after)


def test_another_version_of_a_library_is_sent_as_it_is() -> None:
    forms = (b"(f(", b"((f(", b"));", b")));")
    assert in_parentheses(b"x(f(1));", *forms) == b"x((f(1)));"
    for other in (b"x(g(1));", b"x(f(1))", b"));x(f(1)"):
        assert in_parentheses(other, *forms) == other


def test_the_components_of_mantine_that_pages_use_are_all_that_is_imported() -> None:
    code = "".join(file.read_text(encoding="utf-8") for file in DASHBOARD.rglob("*.py"))
    assert set(re.findall(r"\bdmc\.([A-Z]\w+)", code)) == set(USED)
    look = "import sys; import app.dashboard; print(*sys.modules)"
    ended = subprocess.run([sys.executable, "-c", look], capture_output=True, text=True, check=True, cwd=ROOT)
    assert set(re.findall(r"\bdash_mantine_components\.([A-Z]\w+)", ended.stdout)) == set(USED)
