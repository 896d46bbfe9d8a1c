"""What a dashboard without results says, and what it offers to do next."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from app.batch.jobs import open_jobs
from app.dashboard.catalogue import open_catalogue
from app.results.store.store import opened_store
from tests.app.dashboard.browser.walking import until, visit

sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")

pytestmark = pytest.mark.browser


def test_without_a_result_the_way_to_one_is_shown(page, served: Callable[..., str], tmp_path: Path):
    with opened_store(tmp_path) as store, open_jobs(store, workers=0) as jobs:
        visit(page, f"{served(open_catalogue(tmp_path), jobs)}/emissions")
        assert page.text_content("h1") == "There is no result yet"
        assert "gridcarbon demo" in page.inner_text("#page")
        assert page.locator("#time-bar").is_hidden()
        page.locator("#page").get_by_role("link", name="Build a scenario").click()
        until(page, lambda: page.text_content("#page[data-state=shown] h1") == "Build a scenario")
