from __future__ import annotations

import io
import json
import socket
from pathlib import Path

import polars as pl
import pytest
from plotly.utils import PlotlyJSONEncoder

from app.dashboard import create_app, serve
from app.dashboard.pages import PAGES, about
from app.dashboard.view import View
from app.results.columns import TABLES
from app.results.folder import Result
from app.results.key_figures import shown_in
from grid.errors import InputError
from tests.app.synthetic_results import N_STEPS


@pytest.mark.slow
@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.path)
def test_every_page_can_be_made_for_every_result(
    page, theme, results: dict[str, Result], plain_results: dict[str, Result]
):
    for shown, name in ((results, "optimal"), (results, "unmanaged"), (plain_results, "plain")):
        content = page.content(View.of(shown, {"search": f"?result={name}", "theme": theme}))
        # a page that shows a result says whose time its hours are
        assert "Europe/Berlin" in json.dumps(content, cls=PlotlyJSONEncoder) or not page.needs_result


def test_missing_devices_are_explained(plain_results: dict[str, Result]):
    view = View.of(plain_results, {})
    texts = {page.path: str(page.content(view)) for page in PAGES}
    assert "There are no electric cars in this result" in texts["/ev"]
    assert "There is no data centre in this result" in texts["/data-centres"]
    assert "no electric cars in this result" in texts["/"]
    without = {"pue_mean", "ev_ci_g_per_kwh", "ev_g_per_km"}
    assert without <= set(shown_in("overview"))
    assert all(view.result.summary.get(key) is None for key in without)


def test_provenance_says_which_factors_a_source_gives_and_leaves_out_none():
    given = [{"technology": "hard_coal", "value_kg_per_mwh": 807.2, "source": "A report"},
             {"technology": "lignite", "value_kg_per_mwh": 1057.1, "source": "A report"}]  # fmt: skip
    sets = [{"name": "mine", "title": "Me", "source": source, "status": status}
            for source, status in (("Another", "verified"), ("A report", "unverified"))]  # fmt: skip
    text = str(about.factors_used({"factors": given, "factor_sets": sets}))
    assert "hard coal 807.2, lignite 1057.1" in text
    assert text.index("A report") < text.index("Another")
    assert "not used" in text


@pytest.fixture(scope="module")
def client(results: dict[str, Result]):
    return create_app(results).server.test_client()


@pytest.mark.parametrize("path", ["/download/optimal/none.csv",
                                  "/download/../city.csv", "/download/optimal/passwd"])  # fmt: skip
def test_what_is_not_there_is_not_found(client, path):
    assert client.get(path).status_code == 404


@pytest.mark.parametrize("path", ["/download/..%2Foptimal/city.csv", "/download/optimal/..%2F..%2Fmanifest.json"])
def test_no_address_leads_out_of_the_results(client, path):
    answer = client.get(path)
    assert "Content-Disposition" not in answer.headers
    assert b"<!DOCTYPE html>" in answer.data  # the dashboard itself, which says that there is no such page


@pytest.mark.parametrize("table", TABLES)
def test_every_table_can_be_downloaded(client, results: dict[str, Result], table):
    answer = client.get(f"/download/optimal/{table}.csv")
    frame = pl.read_csv(io.BytesIO(answer.data))
    assert frame.columns == list(TABLES[table])
    assert frame.height == results["optimal"].table(table).collect().height
    assert "attachment" in answer.headers["Content-Disposition"]


def test_downloads_come_in_pieces_without_losing_a_row(client, monkeypatch: pytest.MonkeyPatch):
    whole = client.get("/download/optimal/city.csv").data
    monkeypatch.setattr("app.dashboard.routes._ROWS_AT_ONCE", 50)
    assert client.get("/download/optimal/city.csv").data == whole
    assert json.loads(client.get("/download/optimal/summary.json").data)["steps"] == N_STEPS


def test_the_browser_may_load_from_here_only(client):
    policy = client.get("/").headers["Content-Security-Policy"]
    assert "default-src 'self'" in policy
    assert "script-src 'self' 'sha256-" in policy
    assert "unsafe-eval" not in policy
    assert "http" not in policy


def test_a_dashboard_of_nothing_is_refused():
    with pytest.raises(InputError, match="at least one result"):
        create_app({})


def test_a_port_in_use_is_an_error_with_a_cure(results_folder: Path):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with pytest.raises(InputError, match="choose another with --port"):
            serve(results_folder, "127.0.0.1", taken.getsockname()[1], open_browser=False)
