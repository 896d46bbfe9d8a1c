"""Building a scenario as a planner does it: levers, chips, undo, faults, the map, runs, two tabs, uploads."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.batch.jobs import open_jobs
from app.dashboard.catalogue import open_catalogue
from app.results.store.store import opened_store
from tests.app.dashboard.browser.conftest import serving
from tests.app.dashboard.browser.walking import fits, until, visit

pytestmark = pytest.mark.browser

SMALL = (
    "name: small\ncity: {network: create_cigre_network_mv}\nperiod: {start: 2030-06-03, days: 1, step_minutes: 60}\n"
)


@pytest.fixture(scope="module")
def place(results_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store with two results."""
    return Path(shutil.copytree(results_folder, tmp_path_factory.mktemp("builder") / "store"))


@pytest.fixture(scope="module")
def building(place: Path) -> Iterator[str]:
    """The address of a dashboard that may start runs, one at a time."""
    with (
        opened_store(place) as store,
        open_jobs(store, workers=1) as jobs,
        serving(open_catalogue(place), jobs) as address,
    ):
        yield address


def begin(page, address: str, template: str = "Reference city today") -> None:
    visit(page, f"{address}/build")
    shipped = page.locator("#build-start section", has_text="Begin from a shipped scenario")
    shipped.locator(".b-template", has=page.get_by_text(template, exact=True)).click()
    page.wait_for_selector("#build-main:not([hidden])")
    checked(page)


def checked(page) -> None:
    """Waits until what was asked for is done and checked."""
    until(
        page,
        lambda: page.evaluate(
            "!gridbuilder.state.waiting.length && !gridbuilder.state.sending && !gridbuilder.state.checking"
        ),
        20,
    )


def turn(page, lever: str, value: str) -> None:
    page.fill(f"#lever-{lever}", value)
    page.keyboard.press("Tab")
    checked(page)


def chips(page) -> list[str]:
    return [text.strip() for text in page.locator(".b-chip span").all_inner_texts()]


def test_a_lever_makes_a_chip_and_undo_takes_it_back(page, building):
    begin(page, building)
    turn(page, "carbon_price", "150")
    page.locator("input[type=range][data-lever=ev_share]").focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    until(page, lambda: chips(page) == ["Electric cars: 3 → 5 %", "Carbon price: 80 → 150 EUR/t"])
    page.keyboard.press("Control+z")
    until(page, lambda: chips(page) == ["Carbon price: 80 → 150 EUR/t"])
    assert page.input_value("#lever-ev_share") == "3"
    page.keyboard.press("Control+Shift+z")
    until(page, lambda: len(chips(page)) == 2)
    page.reload()
    until(page, lambda: len(chips(page)) == 2)
    page.get_by_role("button", name="Take back Carbon price: 80 → 150 EUR/t").click()
    until(page, lambda: chips(page) == ["Electric cars: 3 → 5 %"])
    assert page.input_value("#lever-carbon_price") == "80"


def test_a_fault_stands_beside_its_lever_and_its_field_and_is_mended_there(page, building):
    begin(page, building, "Reference city 2030")
    turn(page, "battery_mw", "-2")
    row = page.locator(".b-lever[data-lever=battery_mw]")
    assert row.locator(".b-fault").inner_text() == "must be greater than 0; got -2"
    assert page.is_disabled("#build-run")
    page.get_by_role("button", name="feeder 8: rated power").click()
    assert page.evaluate("document.activeElement.id") == "field-assets-1-p_rated_mw"
    page.keyboard.press("Control+a")
    page.keyboard.type("3")
    page.keyboard.press("Tab")
    until(page, lambda: page.inner_text("#build-faults") == "The scenario is valid.")
    assert page.input_value("#lever-battery_mw") == "3"
    page.fill("#field-assets-1-bus", "MV3.101 Bus 8")
    page.keyboard.press("Tab")
    until(page, lambda: "no bus called 'MV3.101 Bus 8'" in page.inner_text("#build-form"))
    page.get_by_role("button", name="Take MV3.101 Bus 98").click()
    until(page, lambda: page.inner_text("#build-faults") == "The scenario is valid.")


@pytest.mark.parametrize("width", [1280, 820, 390])
def test_the_builder_fits(page, building, width):
    page.set_viewport_size({"width": width, "height": 900})
    begin(page, building)
    assert fits(page, width)
