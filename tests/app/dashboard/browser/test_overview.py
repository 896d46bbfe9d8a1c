"""The page Overview in a real browser."""

from __future__ import annotations

import pytest

from app.dashboard.text import figure
from tests.app.dashboard.browser.walking import visit

sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")

pytestmark = pytest.mark.browser


def test_key_figures_are_those_of_the_summary(page, address, results):
    visit(page, f"{address}/?result=optimal")
    summary = results["optimal"].summary
    for key, factor, digits in (("emissions_t", 1, 1), ("ci_mean_g_per_kwh", 1, 1), ("renewable_share", 100, 1),
                                ("consumption_mwh", 1, 1), ("cost", 1, 0), ("peak_import_mw", 1, 2),
                                ("violation_steps", 1, 0), ("ev_ci_g_per_kwh", 1, 1), ("pue_mean", 1, 3)):  # fmt: skip
        assert page.text_content(f"[data-kpi={key}] .kpi-value") == figure(summary[key] * factor, digits)
    less = 100 * (1 - summary["peak_import_mw"] / results["unmanaged"].summary["peak_import_mw"])
    assert page.text_content("[data-kpi=peak_import_mw] .kpi-change") == f"{less:.0f}\u00a0% less than unmanaged"


def test_null_figures_say_why(page, plain_address):
    visit(page, plain_address)
    assert page.text_content("[data-kpi=pue_mean] .kpi-value") == "—"
    assert page.text_content("[data-kpi=pue_mean] .kpi-change") == "no data centre in this result"
