"""The page About in a real browser."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.app.dashboard.browser.walking import visit

sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")

pytestmark = pytest.mark.browser


def test_provenance_marks_what_is_unverified_and_offers_downloads(page, address, results):
    visit(page, f"{address}/about?result=optimal")
    assert page.locator(".factors .badge").all_inner_texts() == ["unverified", "verified"]  # what to doubt comes first
    assert results["optimal"].scenario_hash in page.inner_text("#page")
    with page.expect_download() as started:
        page.get_by_role("link", name="summary.json").click()
    downloaded = json.loads(Path(started.value.path()).read_text(encoding="utf-8"))
    assert downloaded == results["optimal"].summary
