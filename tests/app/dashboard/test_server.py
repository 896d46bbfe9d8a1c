"""The web server: the names it answers to, the address it prints, what is not there, and downloads in any script."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest
from dash import Input, Output
from flask import Flask

from app.dashboard import create_app
from app.dashboard.attachment import attachment
from app.dashboard.catalogue import catalogue_of
from app.dashboard.pages import PAGES
from app.dashboard.server import is_own_name, web_address
from app.dashboard.shell.answers import add_answers
from app.dashboard.shell.kept_pages import KeptPages
from app.results.folder import Result, find_results
from grid.errors import InputError

pytestmark = pytest.mark.slow

NAME = "Übung 城市"
EVERYWHERE = "0.0.0.0"  # noqa: S104  what is asked about


@pytest.fixture
def client(results_folder: Path):
    return create_app(find_results(results_folder)).server.test_client()


@pytest.mark.parametrize(
    ("authority", "host", "own"),
    [
        ("localhost:8050", "127.0.0.1", True),
        ("127.0.0.1", "127.0.0.1", True),
        ("[::1]:8050", "127.0.0.1", True),
        ("127.9.9.9:80", "127.0.0.1", True),
        ("LOCALHOST", "127.0.0.1", True),
        ("evil.example", "127.0.0.1", False),
        ("localhost.evil.example:8050", "127.0.0.1", False),
        ("127.0.0.1.evil.example", "127.0.0.1", False),
        ("10.0.0.7:8050", "127.0.0.1", False),
        ("[::1", "127.0.0.1", False),
        ("", "127.0.0.1", False),
        ("city.example:8050", "City.example", True),
        ("10.0.0.7:8050", "10.0.0.7", True),
        ("10.0.0.7:8050", EVERYWHERE, True),
        ("[fd00::7]:8050", "::", True),
        ("evil.example", EVERYWHERE, False),
    ],
)
def test_it_answers_to_its_own_names_only(authority: str, host: str, own: bool) -> None:
    assert is_own_name(authority, host) is own


@pytest.mark.parametrize("path", ["/", "/assets/shell_frame.js", "/map/optimal/elements.json", "/_dash-layout"])
def test_a_foreign_name_reads_nothing(client, path: str) -> None:
    with client.get(path) as answer:
        assert answer.status_code == 200
    answer = client.get(path, headers={"Host": "evil.example"})
    assert answer.status_code == 421
    assert len(answer.data) < 200


@pytest.mark.parametrize(
    ("host", "address"),
    [
        ("127.0.0.1", "http://127.0.0.1:80/"),
        (EVERYWHERE, "http://127.0.0.1:80/"),
        ("::", "http://[::1]:80/"),
        ("localhost", "http://localhost:80/"),
    ],
)
def test_the_address_is_one_that_a_browser_reaches(host: str, address: str) -> None:
    assert web_address(host, 80) == address


@pytest.mark.parametrize(
    "path",
    [
        "/assets/none.js", "/assets/", "/favicon.ico", "/_dash-component-suites/none/none.js",
        "/_dash-component-suites/dash/none.js", "/_dash-none", "/map/optimal", "/download/optimal",
    ],
)  # fmt: skip
def test_files_that_are_not_there_are_not_found(client, path: str) -> None:
    assert client.get(path).status_code == 404


@pytest.mark.parametrize("path", ["/", "/grid", "/no/such/page"])
def test_pages_are_told_by_the_dashboard(client, path: str) -> None:
    answer = client.get(path)
    assert (answer.status_code, answer.mimetype) == (200, "text/html")


def test_the_name_of_a_download_is_ascii_beside_the_full_one() -> None:
    assert attachment('é"\\\r\n城.csv') == (
        "attachment; filename=\"e.csv\"; filename*=UTF-8''%C3%A9%22%5C%0D%0A%E5%9F%8E.csv"
    )


@pytest.fixture
def address(results_folder: Path, tmp_path: Path) -> Iterator[str]:
    """The dashboard as the command line serves it, on all of the machine and a free port."""
    shutil.copytree(results_folder / "unmanaged", tmp_path / "results" / NAME)
    command = [sys.executable, "-c", "from app.cli import main; main()", "serve", tmp_path / "results"]
    environment = {**os.environ, "PYTHONUNBUFFERED": "1"}
    with subprocess.Popen(
        [*command, "--host", EVERYWHERE, "--port", "0"],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment,
    ) as server:  # fmt: skip
        assert server.stdout is not None
        assert server.stderr is not None
        told = server.stdout.readline()
        yield told.split()[4]
        server.terminate()
        assert "there is no log-in" in server.stderr.read()


def test_it_is_served_where_it_says_and_downloads_have_their_names(address: str) -> None:
    assert address.startswith("http://127.0.0.1:")
    with urllib.request.urlopen(f"{address}download/{quote(NAME)}/summary.json", timeout=30) as answer:  # noqa: S310
        assert answer.status == 200
        assert answer.headers["Content-Disposition"].endswith(f"UTF-8''{quote(NAME + '-summary.json')}")


def test_a_damaged_table_spoils_only_its_page(results_folder: Path, tmp_path: Path) -> None:
    shutil.copytree(results_folder, tmp_path / "results")
    (tmp_path / "results" / "optimal" / "sectors.parquet").write_bytes(b"PAR1 no more")
    results = find_results(tmp_path / "results")
    client = create_app(results).server.test_client()

    def page(name: str) -> str:
        answer = client.get("/shell/page", query_string={"path": "/emissions", "result": name})
        assert answer.status_code == 200
        return answer.get_data(as_text=True)

    assert "This result cannot be read" in page("optimal")
    assert "cannot be read" not in page("unmanaged")


@pytest.mark.parametrize(
    "asked",
    [
        *(b"", b"{", b"null", b"[]", b"\xff\x00", b"[" * 100_000, b'{"output": 5}', b'{"output": "a.b", "inputs": []}'),
        *(b'{"output": "map-day.children", "inputs": [5]}', b'{"output": "map-day.children", "inputs": {}}'),
    ],
)
def test_what_no_page_asks_is_refused(results: dict[str, Result], asked: bytes) -> None:
    client = create_app(results).server.test_client()
    answer = client.post("/_dash-update-component", data=asked, content_type="application/json")
    assert answer.status_code == 400


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 400),
        ({"Sec-Fetch-Site": "same-origin", "Origin": "http://localhost"}, 400),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Sec-Fetch-Site": "same-site"}, 403),
        ({"Origin": "http://evil.example"}, 403),
        ({"Origin": "null"}, 403),
        ({"Origin": "http://localhost:8051"}, 403),
    ],
)
def test_pages_of_others_change_nothing(client, headers: dict[str, str], status: int) -> None:
    assert client.post("/_dash-update-component", data=b"{}", headers=headers).status_code == status
    assert client.get("/shell/results", headers=headers).status_code == 200


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (InputError.single("city.parquet", "is not as it was written"), "ここで問題が起きました：city.parquet: is not"),
        (ZeroDivisionError("secret"), "gridcarbon failed"),
    ],
)
def test_what_fails_behind_a_page_is_said_on_it(
    results: dict[str, Result], error: Exception, words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    app = create_app(results)

    @app.callback(Output("page", "title"), Input("view", "data"))
    def fail(_view: object) -> str:
        raise error

    asked = {
        "output": "page.title", "outputs": {"id": "page", "property": "title"}, "changedPropIds": ["view.data"],
        "inputs": [{"id": "view", "property": "data", "value": {"language": "ja"}}],
    }  # fmt: skip
    answer = app.server.test_client().post("/_dash-update-component", json=asked)
    assert words in answer.get_json()["sideUpdate"]["shell-notice"]["children"]
    assert "secret" not in answer.text
    assert ("secret" in capsys.readouterr().err) == ("failed" in words)


def test_the_other_pages_of_a_view_are_made_before_they_are_asked_for(results: dict[str, Result]) -> None:
    kept, server = KeptPages(), Flask("ahead")
    add_answers(server, catalogue_of(results), kept, ahead=True)
    client = server.test_client()
    assert client.get("/shell/page?path=/about&result=optimal").status_code == 200
    before = time.monotonic()
    while len(kept) < len(PAGES) and time.monotonic() < before + 60:
        time.sleep(0.02)
    assert len(kept) == len(PAGES)
    assert client.get("/shell/page?path=/ev&result=optimal").status_code == 200
    assert len(kept) == len(PAGES)  # it was there
