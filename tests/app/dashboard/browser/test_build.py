"""Building a scenario as a planner does it: levers, chips, undo, faults, the map, runs, two tabs, uploads."""

from __future__ import annotations

import json
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

SMALL = "name: small\ncity: {network: reference}\nperiod: {start: 2030-06-03, days: 1, step_minutes: 60}\n"


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


def refused(page, *statuses: int) -> None:
    """Takes out what the browser itself says of refusals that a test provoked, which the page told the planner."""
    until(page, lambda: len(page.faults) >= len(statuses))
    for status in statuses:
        page.faults.remove(next(fault for fault in page.faults if f"status of {status}" in fault))


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
    page.locator("#build-form > details > summary", has_text="Assets").click()
    page.reload()
    until(page, lambda: len(chips(page)) == 2)
    page.get_by_role("button", name="Take back Carbon price: 80 → 150 EUR/t").click()
    until(page, lambda: chips(page) == ["Electric cars: 3 → 5 %"])
    assert page.input_value("#lever-carbon_price") == "80"
    for width in (1280, 820, 390):
        page.set_viewport_size({"width": width, "height": 900})
        until(page, lambda width=width: fits(page, width))


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


def test_a_forecast_from_a_file_is_uploaded_and_checked(page, building):
    opened(page, building, "small.yaml", SMALL)
    page.locator("#build-form > details > summary", has_text="Dispatch").click()
    page.locator('details[data-place=\'["dispatch","forecast"]\'] > summary').click()
    box = "#either-dispatch-forecast"
    page.wait_for_selector(box)
    assert page.locator(f"{box} option").all_inner_texts() == [
        "perfect", "persistence", "values of your own", "a file",
    ]  # fmt: skip
    page.select_option(box, label="values of your own")
    page.wait_for_selector("#field-dispatch-forecast-load")
    page.select_option(box, label="a file")
    page.wait_for_selector("#field-dispatch-forecast-file")
    assert page.is_disabled("#build-run")
    rows = "kind,issued_utc,time_utc,p50_mw\n" + "".join(
        f"demand,2030-06-03T00:00:00,2030-06-03T{hour:02d}:00:00,9.5\n" for hour in range(24)
    )
    field = ".b-field[data-place*='forecast\",\"file'] input[type=file]"
    upload(page, field, "late.csv", rows.replace("2030-06-03T00:00:00,", "2030-06-03T05:00:00,").encode())
    until(page, lambda: "must have one by the beginning of the period" in page.inner_text("#build-form"), 20)
    upload(page, field, "ahead.csv", rows.encode())
    until(page, lambda: page.inner_text("#build-faults") == "The scenario is valid.", 20)
    page.select_option(box, label="persistence")
    page.wait_for_selector("#field-dispatch-forecast-file", state="detached")
    until(page, lambda: page.inner_text("#build-faults") == "The scenario is valid.", 20)


def test_a_check_that_takes_long_says_that_it_goes_on_and_says_nothing_else(page, building):
    begin(page, building)
    held: list = []

    def hold(route) -> None:
        held.append(route)

    page.route("**/build/drafts/*/check", hold)
    page.fill("#lever-battery_mw", "3")
    page.keyboard.press("Tab")
    until(page, lambda: held, 20)
    said = page.locator("#build-faults [role=status]")
    assert said.inner_text() == "Checking …"
    assert page.get_attribute("#build", "data-state") == "checking"
    assert page.locator("#build-faults li").count() == 0
    for route in held:
        route.continue_()
    checked(page)
    assert said.inner_text() == "The scenario is valid."
    assert page.get_attribute("#build", "data-state") == "valid"


def test_things_are_placed_by_a_click_on_the_map_and_by_keyboard(page, building):
    begin(page, building)
    until(page, lambda: page.evaluate("gridbuilder.map.plan !== null"))
    page.locator(".b-map").scroll_into_view_if_needed()
    box = page.locator(".b-map").bounding_box()
    plan, view = page.evaluate("[gridbuilder.map.plan, gridbuilder.map.view]")
    bus = next(k for k, one in enumerate(plan["buses"]) if one["name"] == "MV3.101 Bus 60")
    x, y = plan["x"][bus] * view["scale"] + view["dx"], view["dy"] - plan["y"][bus] * view["scale"]
    page.mouse.click(box["x"] + x, box["y"] + y)
    until(page, lambda: page.evaluate("document.activeElement.id") == "place-kind")
    assert page.input_value("#place-bus") == "MV3.101 Bus 60"
    page.keyboard.type("Wind")
    page.keyboard.press("Tab")
    page.keyboard.press("Control+a")
    page.keyboard.type("3")
    page.keyboard.press("Enter")
    until(page, lambda: chips(page) == ["added: wind turbine MV3 101 Bus 60 (wind)"])
    checked(page)
    assert page.inner_text("#build-faults").startswith("The scenario is valid.")
    page.locator(".b-map").focus()
    page.keyboard.press("ArrowUp")
    other = page.input_value("#place-bus")
    assert other not in {"", "MV3.101 Bus 60"}
    page.keyboard.press("Enter")
    page.select_option("#place-kind", "pv")
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    until(page, lambda: len(chips(page)) == 2)
    assert f"{other} Photovoltaics, 1 MWp" in page.inner_text("#build-stands")


def test_two_tabs_on_one_draft_lose_nothing(page, building):
    begin(page, building)
    other = page.context.new_page()
    other.goto(page.url)
    other.wait_for_selector("#lever-carbon_price")
    turn(page, "carbon_price", "150")
    other.fill("#lever-days", "3")
    other.keyboard.press("Tab")
    other.wait_for_selector("[role=alertdialog]")
    assert "Carbon price" in other.inner_text("[role=alertdialog]")
    assert other.evaluate("document.activeElement.textContent") == "Take theirs"
    before = page.url
    other.get_by_role("button", name="Keep mine as a copy").click()
    until(other, lambda: "Length: 7 → 3 d" in chips(other))
    assert other.url != before
    assert other.input_value("#build-name") == "Reference city today (copy)"
    assert chips(page) == ["Carbon price: 80 → 150 EUR/t"]
    other.goto(before)
    other.wait_for_selector("#lever-carbon_price")
    turn(other, "days", "2")
    page.fill("#lever-days", "5")
    page.keyboard.press("Tab")
    page.get_by_role("button", name="Take theirs").click()
    until(page, lambda: "Length: 7 → 2 d" in chips(page))
    turn(page, "days", "4")
    assert len(chips(page)) == 2
    refused(page, 409)  # the other tab's are not listened to


def upload(page, selector: str, name: str, content: bytes) -> None:
    page.set_input_files(selector, files=[{"name": name, "mimeType": "application/octet-stream", "buffer": content}])


def opened(page, address: str, name: str, content: str) -> None:
    visit(page, f"{address}/build")
    page.wait_for_selector("#build-upload-scenario")
    upload(page, "#build-upload-scenario", name, content.encode())
    page.wait_for_selector("#build-main:not([hidden])")
    checked(page)


def test_a_small_scenario_is_run_to_the_end_and_the_same_again_is_there_at_once(page, building):
    opened(page, building, "small.yaml", SMALL)
    page.click("#build-run")
    until(page, lambda: "in the queue" in page.inner_text("#build-run-said"))
    until(page, lambda: page.evaluate("gridcarbon.runs.all().some((run) => run.status === 'done')"), 120)
    page.click("#build-run")
    until(page, lambda: page.url.startswith(f"{building}/?result="))
    until(page, lambda: "small" in page.inner_text("#page"))


def test_many_at_once_says_how_many_runs_and_leads_to_their_comparison(page, building):
    opened(page, building, "small.yaml", SMALL)
    page.fill("#sweep-values-1", "50")
    page.select_option("#sweep-lever-2", "battery_mw")
    page.fill("#sweep-values-2", "1, 2, two")
    assert page.inner_text("#sweep-count") == "1 × 3 = 3 runs"
    page.click("#sweep-run")
    until(page, lambda: "must be numbers; got 'two'" in page.inner_text("#sweep-said"))
    refused(page, 400)
    page.fill("#sweep-values-2", "1")
    page.click("#sweep-run")
    until(page, lambda: "1 runs wait or are done" in page.inner_text("#sweep-said"), 20)
    assert page.get_attribute("#sweep-said a", "href").startswith("/compare?with=")


NAME = "<script>document.title = 'owned'</script> <b>bold</b> & 'quoted\" ü 東京"


def test_a_scenario_named_in_html_is_a_name(page, building):
    opened(page, building, "<b>bold<b>.yaml", f"name: {json.dumps(NAME)}\n" + SMALL.partition("\n")[2])
    assert page.input_value("#build-name") == NAME
    page.goto(f"{building}/build")
    page.wait_for_selector(".b-template")
    assert NAME in page.inner_text("#build-start")
    assert page.locator("#build b, #build script").count() == 0
    assert page.title() != "owned"
    page.on("dialog", lambda dialog: dialog.accept())
    before = page.locator(".b-draft").count()
    page.get_by_role("button", name=f"Remove the draft {NAME}").click()
    until(page, lambda: page.locator(".b-draft").count() == before - 1)


def test_a_file_that_is_wrong_or_too_large_is_refused_with_the_reason(page, building, place, tmp_path):
    visit(page, f"{building}/build")
    page.wait_for_selector("#build-upload-scenario")
    upload(page, "#build-upload-scenario", "broken.yaml", b"name: [")
    until(page, lambda: "broken.yaml: is not readable YAML" in page.inner_text("#build-notice"))
    refused(page, 400)
    begin(page, building)
    page.locator("#build-form > details > summary", has_text="City").click()
    net = ".b-field[data-place*=network] input[type=file]"
    large = tmp_path / "large.json"
    with large.open("wb") as file:
        file.truncate(200_000_001)
    page.set_input_files(net, large)
    until(page, lambda: "at most 200 MB are taken here" in page.inner_text("#build-notice"))
    with large.open("wb") as file:
        file.truncate(200_000_000)
    page.set_input_files(net, large)
    until(page, lambda: "large.json: " in page.inner_text("#build-notice"), 60)
    assert "Uploading" not in page.inner_text("#build-notice")
    assert not list(place.glob(".uploads/.partial-*"))
    assert page.input_value("#field-city-network") == "reference"
    refused(page, 400)


def test_a_server_that_shows_results_says_that_it_runs_nothing(page, address):
    begin(page, address)
    turn(page, "carbon_price", "150")
    assert "only shows results" in page.inner_text("#build-no-runs")
    assert page.locator("#build-run, #sweep-run").count() == 0
    with page.expect_download() as download:
        page.click("#build-download")
    assert "carbon_price_per_t: 150" in Path(download.value.path()).read_text()


def test_a_link_opens_a_result_with_a_lever_turned(page, building):
    visit(page, f"{building}/build?build_from=optimal&build_set=carbon_price:95")
    page.wait_for_selector("#build-main:not([hidden])")
    until(page, lambda: len(chips(page)) == 1)
    assert chips(page)[0].startswith("Carbon price: ")
    assert "build_from" not in page.url
