"""The page of operations as somebody on duty sees it: it follows the store, and keeps the last state when data stop."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from app.dashboard.operations.live import TwinPlace
from app.results.folder import Result
from app.twin.log import opened_log
from app.twin.measuring.store import opened_measurements
from grid.twin.learning.records import AlertRecord, PlannedMove
from grid.twin.measurements import Measurement
from tests.app.dashboard.browser.conftest import serving, tab
from tests.app.dashboard.browser.test_access import AXE, FOUND, RULES
from tests.app.dashboard.grid_map.test_estimated import estimate_folder

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
        sensors = page.locator(".operations-live [data-part=sensors] .scroll")
        sensors.focus()  # which keeps nothing from being read anew
        measure(1, 1.0456)
        sync_api.expect(row).to_contain_text("1.0456", timeout=10_000)
        sync_api.expect(sensors).to_be_focused()
        sync_api.expect(page.locator(".operations-live")).not_to_contain_text("Data have stopped")
        path.write_bytes(b"no database" * 1000)
        sync_api.expect(page.get_by_role("alert")).to_contain_text("cannot be read", timeout=10_000)
        sync_api.expect(row).to_contain_text("1.0456")
        page.goto("about:blank")
        assert all("503" in fault for fault in page.faults)  # which the browser notes by itself
        page.faults.clear()


REDRAWN = (
    "before => ![null, before].includes(document.querySelector('.operations-map svg[role=img]')?.innerHTML ?? null)"
)


def proposed(now: datetime) -> AlertRecord:
    move = PlannedMove("depot", "battery", now, 900.0, (0.5, 0.5), (0.1, 0.2))
    return AlertRecord(
        "line 6 now", now, "raised", "alarm", "loading_percent", "line 6", 0.8, 0.1, {"depot": 0.175},
        {"depot": "battery"}, 12.5, -3.0, limit=100.0, begins=now, ends=now + timedelta(hours=1), action="action now",
        moves=(move,), corrected_by=("corrected by the response to 'battery': 90% of 20 cases",), currency="EUR",
    )  # fmt: skip


def test_an_action_is_decided_on_and_the_log_has_it(
    browser: sync_api.Browser, results: dict[str, Result], tmp_path: Path
) -> None:
    now, path = datetime.now(UTC), tmp_path / "twin.db"
    with opened_measurements(path) as store, opened_log(path) as log:
        store.add([Measurement(now, "bus", "quay", "vm_pu", 1.01, 0.01, "meter")])
        log.add([proposed(now)])
    with (
        serving(results, twin=TwinPlace(str(path), log=str(path), decides=True)) as address,
        tab(browser) as page,
    ):
        page.set_viewport_size({"width": 820, "height": 1000})
        page.goto(f"{address}/operations")
        card = page.locator(".operations-proposal")
        sync_api.expect(card).to_contain_text("corrected by the response")
        for _ in range(2):  # light, then dark
            page.evaluate(AXE)
            found = page.evaluate(f"axe.run(document, {RULES}).then({FOUND})")
            assert [one for one in found if one[0] in {"serious", "critical"}] == []
            page.click("#theme-switch")
            sync_api.expect(card).to_contain_text("corrected by the response", timeout=15_000)
        card.get_by_label("Who decides").fill("shift")
        card.get_by_role("button", name="Reject").click()
        sync_api.expect(card.get_by_role("status")).to_contain_text("Reason: must be given")
        card.get_by_label("Reason").fill("in repair")
        card.get_by_label("Instead, depot").fill("")
        card.get_by_role("button", name="Change").click()
        sync_api.expect(card.get_by_role("status")).to_contain_text("Instead: must be numbers by asset [MWh]")
        card.get_by_label("Instead, depot").fill("0.1")
        card.get_by_role("button", name="Change").click()
        sync_api.expect(card).to_have_count(0, timeout=15_000)
        sync_api.expect(page.locator(".operations-live")).to_contain_text("changed by shift. in repair depot 0.1 MWh")
        page.goto("about:blank")
        assert all("422" in fault for fault in page.faults)  # which the browser notes by itself
        page.faults.clear()
    with opened_log(path) as log:
        (decision,) = log.records("decision")
    assert (decision.decision, decision.by, decision.reason) == ("changed", "shift", "in repair")
    assert dict(decision.changed_mwh) == {"depot": 0.1}


def test_the_estimated_state_is_a_map_of_what_is_asked_for(
    browser: sync_api.Browser, results: dict[str, Result], tmp_path: Path
) -> None:
    with opened_measurements(tmp_path / "twin.db"):
        pass
    folder = estimate_folder(tmp_path / "estimates" / "one")
    twin = TwinPlace(str(tmp_path / "twin.db"), estimate=folder.parent)
    with serving(results, twin=twin) as address, tab(browser) as page:
        page.goto(f"{address}/operations")
        place, picture = page.locator(".operations-map"), page.locator(".operations-map svg[role=img]")
        sync_api.expect(picture.locator("circle")).to_have_count(3)
        place.get_by_label("Shown").focus()
        place.get_by_label("Shown").select_option("loading")
        sync_api.expect(place.locator("tbody tr").first).to_contain_text("65.0 – 84.0")
        sync_api.expect(place.get_by_label("Shown")).to_be_focused()
        for _ in range(2):  # light, then dark
            page.evaluate(AXE)
            found = page.evaluate(f"axe.run(document, {RULES}).then({FOUND})")
            assert [one for one in found if one[0] in {"serious", "critical"}] == []
            before = picture.inner_html()
            page.click("#theme-switch")
            page.wait_for_function(REDRAWN, arg=before)
        (folder / "grid.parquet").write_bytes(b"no table")
        sync_api.expect(place.get_by_role("alert")).to_contain_text("cannot be read", timeout=20_000)
        sync_api.expect(place.locator("tbody tr").first).to_contain_text("65.0 – 84.0")
        page.goto("about:blank")
        assert all("503" in fault for fault in page.faults)  # which the browser notes by itself
        page.faults.clear()
