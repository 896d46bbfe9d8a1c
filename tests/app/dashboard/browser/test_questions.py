"""What planners ask, read from the screens alone in at most three clicks each."""

from __future__ import annotations

import re
from collections.abc import Callable

import polars as pl
import pytest

from app.dashboard.text import figure
from app.results.folder import Result
from tests.app.dashboard.browser.walking import lead, until

sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")

pytestmark = pytest.mark.browser


@pytest.fixture
def page(shared_page: sync_api.Page) -> sync_api.Page:
    """One page answers all questions."""
    return shared_page


@pytest.fixture(scope="module")
def city(three_results: dict[str, Result], served_to_all: Callable[..., str]) -> str:
    return served_to_all(three_results)


def answer(page, key: str) -> str:
    page.wait_for_selector("#page[data-state=shown]")
    return page.inner_text(f"[data-answer={key}]")


def test_which_district_is_dirtiest_at_seven_and_why(page, city):
    lead(page, f"{city}/?result=v2g")
    page.get_by_role("link", name="Emissions", exact=True).click()
    until(page, lambda: page.locator("[data-answer=dirtiest-district]").count())
    told = answer(page, "dirtiest-district")
    assert re.search(r"At 19:00 the dirtiest district is Campus with \d+ g/kWh", told)
    assert re.search(r"all of the [\d.]+ MW that reach it come from Substation by Campus feeder at \d+ g/kWh", told)
    page.locator("[data-answer=dirtiest-district] a").first.click()
    until(page, lambda: "Campus at 19:00 on Tue 10 December" in (page.text_content("#map-why") or "")
          if page.locator("#map-why").count() else False)  # fmt: skip
    assert "g/kWh" in page.inner_text("#map-why")


def test_what_v2g_changes_by_which_accounting_and_in_overloads(page, city, three_results):
    lead(page, f"{city}/?result=v2g")
    mine, smart = three_results["v2g"].summary, three_results["smart"].summary
    told = answer(page, "v2g")
    assert f"−{smart['emissions_t'] - mine['emissions_t']:.2f} t by average intensity" in told
    key = "emissions_marginal_not_in_inventory_t"
    assert f"+{mine[key] - smart[key]:.2f} t by marginal intensity" in told
    assert "Feeder overloads: none with V2G, none without; unmanaged: 1 line or transformer in 2 steps." in told


def test_when_and_where_a_limit_is_broken_and_what_removes_it(page, city):
    lead(page, f"{city}/?result=unmanaged")
    told = answer(page, "worst-line")
    assert re.search(r"Harbour feeder at 68\.1 % on Tue 10 Dec 17:00, above the limit of 60\.0 %; .* removes it", told)
    page.locator("[data-answer=worst-line] a").first.click()  # to the line on the map at that time
    until(page, lambda: "/grid" in page.url and "layer=loading" in page.url)
    until(page, lambda: "Harbour feeder on Tue 10 December 2030" in (page.text_content("#map-day") or ""))
    assert "at=2030-12-10T16%3A00Z" in page.url or "at=2030-12-10T16:00Z" in page.url


def test_whether_the_data_centre_meets_its_limit_and_what_makes_it_meet_a_stricter_one(page, city):
    lead(page, f"{city}/?result=v2g")
    page.get_by_role("link", name="Data centres", exact=True).click()
    until(page, lambda: page.locator("[data-answer=dc-limit]").count(), seconds=60)
    assert re.search(
        r"campus hall has a PUE of 1\.\d{3}\. It does not meet 1\.3: 0\.\d{3} above", answer(page, "dc-limit")
    )
    until(page, lambda: page.locator("[data-answer=dc-target]").count(), seconds=60)
    told = answer(page, "dc-target")
    assert "What makes it meet 1.2 at the least cost: " in told
    assert float(re.search(r"Its PUE is then (\d\.\d+)", told)[1]) <= 1.2


def test_which_of_three_to_prefer_and_what_a_tonne_costs(page, city, three_results):
    lead(page, f"{city}/?result=v2g")
    page.get_by_role("link", name="Compare", exact=True).click()
    page.click("#with-picker")
    page.get_by_role("option", name="Small city, optimal (smart)").click()
    until(page, lambda: page.locator("[data-answer=per-tonne]").count() == 2, seconds=20)
    assert "At the scenario's carbon price of 80 EUR/t prefer optimal (v2g): against unmanaged" in answer(
        page, "prefer"
    )
    (saved, costs), key = ([], []), "emissions_marginal_not_in_inventory_t"
    for name in ("v2g", "smart"):
        result = three_results[name]
        carbon_price = result.table("ledger").select(pl.col("carbon_cost").sum()).collect().item()
        costs.append(result.summary["cost"] - carbon_price)  # a tonne costs what it does without a price on it
        saved.append(result.summary[key])
    per_tonne = (costs[1] - costs[0]) / (saved[0] - saved[1])
    told = " ".join(page.locator("[data-answer=per-tonne]").all_inner_texts())
    first = f"From optimal (v2g) to optimal (smart) a tonne costs {figure(per_tonne, 0)} EUR/t"
    assert first in told
    assert "by marginal intensity" in answer(page, "prefer")
    assert "In the inventory, by average intensity, optimal (v2g) emits" in answer(page, "inventory")
