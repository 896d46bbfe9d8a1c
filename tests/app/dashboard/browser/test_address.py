"""What is shown follows the address and nothing else: pickers, undo and redo, links, time, language, faults."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from app.dashboard import catalogue as catalogue_module
from app.dashboard.catalogue import open_catalogue
from app.dashboard.text import figure
from app.results.folder import Result, open_result
from app.results.verification import FORMAT, MANIFEST, sealed
from tests.app.dashboard.browser.walking import until, until_tables_can_be_drawn, visit

sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")

pytestmark = pytest.mark.browser


def shown(page: sync_api.Page) -> str:
    """The emissions that the page shows; nothing while it shows none that can be seen."""
    tile = page.locator("[data-kpi=emissions_t] .kpi-value")
    return str(tile.text_content()) if tile.count() == 1 and tile.is_visible() else ""


def emissions(result: Result) -> str:
    return figure(result.summary["emissions_t"], 1)


def choose(page: sync_api.Page, picker: str, label: str) -> None:
    page.click(f"#{picker}")
    page.get_by_role("option", name=label, exact=True).click()


def test_address_picker_and_page_agree_through_undo_and_redo(page, address, results):
    visit(page, f"{address}/")
    assert shown(page) == emissions(results["unmanaged"])
    until(page, lambda: "result=unmanaged" in page.url)  # the address says what is shown, also where it was left open
    choose(page, "result-picker", "Synthetic town, optimal")
    until(page, lambda: shown(page) == emissions(results["optimal"]))
    assert "result=optimal" in page.url
    until(page, lambda: page.input_value("#baseline-picker") == "Synthetic town, unmanaged")
    page.get_by_role("button", name="Undo the last change of the view").click()
    until(page, lambda: shown(page) == emissions(results["unmanaged"]))
    assert page.input_value("#result-picker") == "Synthetic town, unmanaged"
    page.keyboard.press("Control+Shift+z")
    until(page, lambda: shown(page) == emissions(results["optimal"]))
    assert page.get_by_role("button", name="Redo").is_disabled()
    page.get_by_role("link", name="gridcarbon").click()  # the brand keeps the view
    page.wait_for_timeout(100)
    assert "result=optimal" in page.url
    assert shown(page) == emissions(results["optimal"])


def test_no_figures_stand_while_another_result_loads_or_fails(page, address, results):
    visit(page, f"{address}/?result=optimal")
    held = []
    page.route("**/shell/page*", lambda route: held.append(route))  # noqa: PLW0108  playwright marks it
    choose(page, "result-picker", "Synthetic town, unmanaged")
    until(page, lambda: held)
    assert shown(page) == ""
    held.pop().fulfill(status=503)
    until(page, lambda: "could not be loaded" in page.inner_text("#page"))
    assert emissions(results["optimal"]) not in page.inner_text("#page")
    page.unroute("**/shell/page*")
    page.get_by_role("button", name="Try again").click()
    until(page, lambda: shown(page) == emissions(results["unmanaged"]))
    page.faults[:] = [fault for fault in page.faults if "503" not in fault]


def test_the_baseline_can_be_chosen_and_left_out(page, address):
    visit(page, f"{address}/?result=optimal")
    change = page.locator("[data-kpi=emissions_t] .kpi-change")
    assert "than unmanaged" in change.inner_text()
    choose(page, "baseline-picker", "Nothing")
    until(page, lambda: re.search(r"[?&]baseline=(&|$)", page.url))
    until(page, lambda: change.count() == 1 and change.inner_text() == "")
    page.click("#with-picker")
    page.get_by_role("option", name="Synthetic town, unmanaged").click()
    until(page, lambda: "with=unmanaged" in page.url)


def test_a_link_holds_the_whole_view(page, address, results):
    visit(page, f"{address}/ev?result=optimal&lang=ja&theme=dark")
    slider = page.locator("#time-slider")
    slider.focus()
    for key in ("Home", "PageUp", "ArrowRight", "ArrowRight"):
        page.keyboard.press(key)
    until(page, lambda: "at=2030-06-04T00:30Z" in page.url)
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.click("#view-share")
    until(page, lambda: page.inner_text("#shell-notice"))
    link = page.evaluate("navigator.clipboard.readText()")
    other = page.context.new_page()
    visit(other, link)
    until(other, lambda: "02:30" in other.inner_text("#time-clock"))  # in Berlin
    assert other.evaluate("document.documentElement.lang") == "ja"
    assert other.evaluate("document.documentElement.dataset.mantineColorScheme") == "dark"
    until(other, lambda: other.input_value("#baseline-picker") == "Synthetic town, unmanaged")
    assert other.evaluate("window.location.pathname") == "/ev"


@pytest.mark.parametrize("change", ["address.set({ layer: 'loading' }, { push: true })", "address.open('/ev')"])
def test_a_change_right_after_time_was_moved_keeps_the_moment(page, address, change):
    visit(page, f"{address}/?result=optimal&at=2030-06-03T10:00Z")
    until(page, lambda: "12:00" in page.inner_text("#time-clock"))
    page.evaluate(f"gridcarbon.moment.step(4); gridcarbon.{change}")
    assert "at=2030-06-03T11:00Z" in page.url
    page.wait_for_timeout(400)  # until the moment rests
    assert "13:00" in page.inner_text("#time-clock")
    assert "at=2030-06-03T11:00Z" in page.url
    page.go_back()
    until(page, lambda: "12:00" in page.inner_text("#time-clock"))


def test_time_plays_marks_every_chart_and_asks_the_server_nothing(page, address):
    visit(page, f"{address}/?result=optimal&at=2030-06-03T10:00Z")
    until(page, lambda: page.locator(".moment-mark:visible").count() == 1)
    until(page, lambda: "12:00" in page.inner_text("#time-clock"))
    until_tables_can_be_drawn(page)
    page.wait_for_load_state("networkidle")
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    before = page.locator(".moment-mark").bounding_box()["x"]
    page.click("#time-play")
    until(page, lambda: page.locator(".moment-mark").bounding_box()["x"] > before + 5)
    page.click("#time-play")
    until(page, lambda: "at=2030-06-03T10:00Z" not in page.url)
    assert re.search(r"The city uses \d+\.\d MW", page.inner_text("#time-spoken"))
    assert [url for url in asked if not re.search("favicon|/shell/results", url)] == []
    page.go_back()
    until(page, lambda: "12:00" in page.inner_text("#time-clock"))


def test_nothing_is_fetched_twice(page, address):
    visit(page, f"{address}/?result=optimal")
    sizes: dict[str, list[int]] = {}
    page.on("response", lambda answer: sizes.setdefault(answer.url, []).append(answer.status))
    for name in ("About", "Overview", "About", "Overview"):
        page.locator("#nav").get_by_role("link", name=name).click()
        until(page, lambda name=name: page.locator("#page[data-state=shown]").count()
              and page.text_content("[aria-current=page]") == name)  # fmt: skip
    pages = {url: statuses for url, statuses in sizes.items() if "/shell/page" in url}
    assert len(pages) == 2
    computed = page.evaluate("performance.getEntriesByType('resource').filter(one => one.name.includes('/shell/page'))"
                             ".map(one => [one.name, one.transferSize, one.encodedBodySize])")  # fmt: skip
    again = [sent for name, sent, whole in computed[2:]]
    assert max(again, default=0) < 1000  # only that it is still right


def test_languages_change_the_frame_and_are_remembered(page, address):
    visit(page, f"{address}/?result=optimal")
    choose(page, "language-picker", "中文")
    until(page, lambda: page.evaluate("document.documentElement.lang") == "zh")
    until(page, lambda: page.locator("#nav").get_by_role("link", name="排放").count() == 1)
    assert page.inner_text("#time-play") == "播放"
    page.goto(f"{address}/")
    until(page, lambda: page.locator("#nav").get_by_role("link", name="排放").count() == 1)


# ---- faults ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def place(results_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(catalogue_module, "LOOK_EVERY_S", 0.0)
    shutil.copytree(results_folder, tmp_path / "results")
    return tmp_path / "results"


def test_what_cannot_be_opened_is_said_and_leads_to_what_can(page, place: Path, served: Callable[..., str], results):
    for name in ("damaged", "newer"):
        shutil.copytree(place / "optimal", place / name)
    (place / "damaged" / "summary.json").write_text("{}", encoding="utf-8")
    manifest = json.loads((place / "newer" / MANIFEST).read_text(encoding="utf-8"))
    (place / "newer" / MANIFEST).write_text(json.dumps(manifest | {"format": FORMAT + 1}), encoding="utf-8")
    address = served(open_catalogue(place))
    for name, title, words in (
        ("damaged", "This result cannot be opened", "is not as it was written"),
        ("newer", "This result cannot be opened", f"is of format {FORMAT + 1}"),
        ("optimul", "There is no such result", "Did you mean Synthetic town, optimal"),
    ):
        visit(page, f"{address}/?result={name}")
        assert page.text_content("h1") == title
        assert words in page.inner_text("#page")
        assert page.locator(".kpi").count() == 0
        assert page.locator("#time-bar").is_hidden()
    page.get_by_role("link", name="Synthetic town, optimal").first.click()
    until(page, lambda: shown(page) == emissions(results["optimal"]))
    page.click("#result-picker")
    option = page.get_by_role("option", name="newer")
    assert "is of format" in option.inner_text()
    assert option.get_attribute("data-combobox-disabled") == "true"


def test_a_result_that_is_replaced_is_made_anew_and_said(page, place: Path, served: Callable[..., str]):
    def late(route: sync_api.Route) -> None:
        page.wait_for_timeout(1000)
        route.continue_()

    page.route("**/_dash-layout*", late)  # so the page is there before, and is drawn with the frame
    visit(page, f"{served(open_catalogue(place))}/?result=optimal")
    result = open_result(place / "optimal")
    summary = {**result.summary, "emissions_t": 12.3}
    (place / "optimal" / "summary.json").write_text(json.dumps(summary), encoding="utf-8")
    content = json.dumps(sealed(result.manifest, place / "optimal"))
    (place / "optimal" / MANIFEST).write_text(content, encoding="utf-8")
    shutil.copytree(place / "unmanaged", place / "another")
    until(page, lambda: shown(page) == "12.3", seconds=15)
    until(page, lambda: "was replaced" in page.inner_text("#shell-notice"))
    page.click("#result-picker")
    assert page.get_by_role("option").count() == 3
