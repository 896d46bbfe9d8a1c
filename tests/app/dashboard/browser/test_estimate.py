"""The estimate beside the levers: exact where the scenario has run, else with a band or the reason why not."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.dashboard.catalogue import open_catalogue
from app.results.run import run_scenario
from app.scenario import check_scenario
from tests.app.dashboard.browser.walking import until, visit

pytestmark = pytest.mark.browser

SMALL = {
    "name": "small",
    "city": {"network": "reference"},
    "period": {"start": "2030-06-03", "days": 1, "step_minutes": 60},
    "assets": [{"kind": "pv", "name": "roofs", "bus": "MV3.101 Bus 60", "p_peak_mw": 1.0}],
}


def test_exact_figures_stand_there_until_a_lever_moves_and_again_when_it_is_taken_back(
    page, served, tmp_path: Path
) -> None:
    result = run_scenario(check_scenario(SMALL, tmp_path, "test"), tmp_path / "small")
    visit(page, f"{served(open_catalogue(tmp_path))}/build?build_from=small")
    panel = page.locator(".b-estimate-card")
    until(page, lambda: "Exact figures" in panel.inner_text(), 60)
    imported = panel.locator("[data-figure=import_mwh] .b-figure")
    assert imported.inner_text().replace("\u202f", "") == f"{result.summary['import_mwh']:.1f}"
    assert panel.get_by_role("link", name="Open the result").get_attribute("href") == "/?result=small"
    page.fill("#lever-pv_mw", "2")
    page.keyboard.press("Tab")
    until(page, lambda: "No estimate" in panel.inner_text(), 60)
    assert panel.locator("h2").inner_text() == "Estimate – not a result"
    assert panel.locator("td").count() == 0
    page.keyboard.press("Control+z")
    until(page, lambda: "Exact figures" in panel.inner_text(), 60)
