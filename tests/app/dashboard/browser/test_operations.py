"""The page of operations as somebody on duty sees it: it follows the store, and keeps the last state when data stop."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from app.dashboard.operations.live import TwinPlace
from app.results.folder import Result
from app.twin.measuring.store import opened_measurements
from grid.twin.measurements import Measurement
from tests.app.dashboard.browser.conftest import serving, tab

sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
pytestmark = [pytest.mark.browser, pytest.mark.slow]


def test_it_follows_the_store_and_keeps_what_was_known_when_it_cannot_be_read(
    browser: sync_api.Browser, results: dict[str, Result], tmp_path: Path
) -> None:
    now, path = datetime.now(UTC), tmp_path / "twin.db"

    def measure(minutes_ago: float, value: float) -> None:
        with opened_measurements(path) as store:
            store.add([Measurement(now - timedelta(minutes=minutes_ago), "bus", "quay", "vm_pu", value, 0.01, "meter")])

    measure(120, 1.0123)
    with serving(results, twin=TwinPlace(str(path))) as address, tab(browser) as page:
        page.goto(f"{address}/operations")
        row = page.locator(".operations-live tr", has_text="quay")
        sync_api.expect(row).to_contain_text("1.0123")
        sync_api.expect(page.locator(".operations-live")).to_contain_text("Data have stopped")
        measure(1, 1.0456)
        sync_api.expect(row).to_contain_text("1.0456", timeout=10_000)
        sync_api.expect(page.locator(".operations-live")).not_to_contain_text("Data have stopped")
        path.write_bytes(b"no database" * 1000)
        sync_api.expect(page.get_by_role("alert")).to_contain_text("cannot be read", timeout=10_000)
        sync_api.expect(row).to_contain_text("1.0456")
        page.goto("about:blank")
        assert all("503" in fault for fault in page.faults)  # which the browser notes by itself
        page.faults.clear()
