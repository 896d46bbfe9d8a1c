"""The map of the grid in a real browser."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from app.dashboard.grid_map.chunks import layer_values
from app.dashboard.grid_map.geometry import bus_names
from app.dashboard.grid_map.layers import LAYERS
from app.results.folder import Result
from tests.app.dashboard.browser.grid_map.map_walking import lead_to_map, pixels, spoken, visit_map
from tests.app.dashboard.browser.walking import lead, settle, until, until_tables_can_be_drawn
from tests.app.synthetic_results import N_BUSES

sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")

pytestmark = pytest.mark.browser


@pytest.fixture
def page(shared_page: sync_api.Page) -> sync_api.Page:
    """Tests share a page where they do not open a link."""
    return shared_page


def place_of(page: sync_api.Page, element: int) -> tuple[float, float]:
    """Where a bus is on the screen."""
    page.locator("#map").scroll_into_view_if_needed()
    box = page.locator("#map canvas").bounding_box()
    assert box is not None
    x, y = page.evaluate("n => [gridmap.state.panes[0].x[n], gridmap.state.panes[0].y[n]]", element)
    ratio = page.evaluate("window.devicePixelRatio")
    return box["x"] + x / ratio, box["y"] + y / ratio


def choose_layer(page: sync_api.Page, title: str) -> None:
    page.click("#map-layer")
    page.get_by_role("option", name=title, exact=True).click()
    until(page, lambda: f"{title}: " in spoken(page))


def test_time_moves_without_fetching_and_without_the_server(page, address):
    lead_to_map(page, f"{address}/grid?result=optimal&at=2030-06-03T10:00Z")
    until(page, lambda: "12:00" in spoken(page))  # 10:00 UTC is noon in Berlin
    until_tables_can_be_drawn(page)
    settle(page)
    before, asked = pixels(page), []
    page.on("request", lambda request: asked.append(request.url))
    page.focus("#map")
    for _ in range(32):
        page.keyboard.press(".")
    until(page, lambda: "20:00" in spoken(page))
    assert pixels(page) != before
    assert [url for url in asked if not re.search("favicon|/shell/results", url)] == []
    until(page, lambda: "at=2030-06-03T18:00Z" in page.url)


@pytest.mark.parametrize("layer", ["voltage", "price"])
def test_the_browser_sees_the_values_and_classes_of_the_tables(page, address, results: dict[str, Result], layer):
    lead_to_map(page, f"{address}/grid?result=optimal&layer={layer}&at=2030-06-03T10:00Z")
    until(page, lambda: page.evaluate("gridmap.state.layer") == layer)
    until(page, lambda: page.evaluate("gridmap.state.panes[0].now !== null"))
    seen = page.evaluate("""() => {
        const pane = gridmap.state.panes[0], { breaks } = gridmap.scale();
        return Array.from({ length: pane.net.nElements }, (_, element) => {
            const value = gridmap.valueOf(pane, element);
            return [gridmap.classOf(value, breaks), value === value ? value : null];
        });
    }""")
    table = layer_values(results["optimal"], layer, range(40, 41))[0]
    breaks = LAYERS[layer].breaks
    assert [one[0] for one in seen] == [sum(value >= border for border in breaks) for value in table]
    assert [one[1] for one in seen] == pytest.approx(table.tolist(), rel=2e-7)


def test_layers_switch_and_are_drawn_in_time(page, address):
    lead_to_map(page, f"{address}/grid?result=unmanaged&at=2030-06-03T18:00Z")
    pictures = {pixels(page)}
    for title in ("Voltage", "Loading", "Renewable share", "Losses"):
        choose_layer(page, title)
        assert title in (page.text_content("#map-legend") or "")
        until(page, lambda: pixels(page) not in pictures)
        pictures.add(pixels(page))
    assert "layer=losses" in page.url


def test_a_row_of_the_violations_leads_to_its_place_and_moment(page, address):
    lead_to_map(page, f"{address}/grid?result=unmanaged&with=optimal&at=2030-06-03T18:00Z")
    assert "beyond" not in spoken(page)
    page.locator("#violations").scroll_into_view_if_needed()  # tables are made when they come into sight
    row = page.locator("#violations .ag-row", has_text="Line 20").first
    until(page, lambda: re.search(r"not in|as many in|\d+ in", row.locator("[col-id=removed]").inner_text()))
    row.locator("[col-id=element]").focus()
    page.keyboard.press("Enter")
    until(page, lambda: "Line 20" in (page.text_content("#map-day h2") or ""))
    until(page, lambda: re.search(r"Loading: .*; \d+ beyond their limit", spoken(page)))
    until(page, lambda: "zoom=" in page.url)
    assert "layer=loading" in page.url
    assert "select=branch:Line%2020" in page.url
    assert "at=2030-06-03T18:00Z" not in page.url
    selected = page.evaluate("gridmap.state.panes[0].net.place.get(gridmap.state.selected)")
    assert page.evaluate("n => gridmap.isBeyond(gridmap.state.panes[0], n)", selected)


def test_hover_tells_value_unit_and_district(page, address):
    lead_to_map(page, f"{address}/grid?result=optimal")
    page.mouse.move(*place_of(page, 39))
    until(page, lambda: page.is_visible(".map-tip"))
    tip = page.inner_text("#map .map-tip")
    assert re.search(r"Bus 39\nCarbon intensity \d+ g/kWh\nFeeder 2: mean by what is drawn \d+ g/kWh", tip)


def test_a_click_shows_the_day_of_an_element(page, address):
    lead_to_map(page, f"{address}/grid?result=optimal&at=2030-06-03T12:00Z")
    page.mouse.click(*place_of(page, 19))
    until(page, lambda: "Bus 19 on Mon 3 June 2030" in (page.text_content("#map-day") or ""))
    page.wait_for_selector("#map-day .js-plotly-plot .scatterlayer")
    assert "select=bus:Bus%2019" in page.url
    page.go_back()
    until(page, lambda: "Choose a bus" in (page.text_content("#map-day") or ""))


def test_the_dirtiest_district_at_19_and_why(page, address, results: dict[str, Result]):
    lead(page, f"{address}/?result=unmanaged")
    page.get_by_role("link", name="Grid", exact=True).click()  # 1
    districts = page.locator("#map-districts")  # made when it comes into sight, which the map above it may still move
    until(page, lambda: districts.evaluate("one => one.scrollIntoView()") or districts.locator(".ag-row").count() == 5)
    page.click("#map-hour")  # 2: opens the hours
    page.get_by_role("option", name="19:00").click()
    until(page, lambda: "19:00" in (page.text_content("#map-districts-words") or ""))
    first = page.locator("#map-districts .ag-row[row-index='0']")
    name = first.locator("[col-id=zone]").inner_text()
    first.click()  # 3
    until(page, lambda: f"{name} at 19:00" in (page.text_content("#map-why h2") or ""))
    step = 68  # 17:00 UTC on the first day
    ci = layer_values(results["unmanaged"], "carbon", range(step, step + 1))[0, :N_BUSES]
    zones = [bus["zone"] for bus in results["unmanaged"].topology["buses"]]
    shown = float(re.search(r"carries (\d+) g/kWh", page.inner_text("#map-why")).group(1))
    of_zone = [value for value, zone in zip(ci, zones, strict=True) if zone == name]
    assert min(of_zone) - 1 <= shown <= max(of_zone) + 1
    assert "MW that reach it come from" in page.inner_text("#map-why")
    assert f"select=zone:{name.replace(' ', '%20')}" in page.url


def test_the_difference_of_two_results_and_two_maps_in_step(page, address, results: dict[str, Result]):
    lead_to_map(page, f"{address}/grid?result=optimal&at=2030-06-03T17:00Z")
    page.get_by_text("Less unmanaged", exact=True).click()
    until(page, lambda: "optimal less unmanaged" in spoken(page))
    until(page, lambda: "loading" not in spoken(page))
    assert "more" in page.inner_text("#map-legend")
    exact = layer_values(results["optimal"], "carbon", range(68, 69)) - layer_values(
        results["unmanaged"], "carbon", range(68, 69)
    )
    seen = page.evaluate("Array.from({length: 40}, (_, n) => gridmap.valueOf(gridmap.state.panes[0], n))")
    assert seen == pytest.approx(exact[0, :40].tolist(), rel=1e-6, abs=1e-6)
    page.get_by_text("Values", exact=True).click()
    page.click("#map-beside")
    page.get_by_role("option").first.click()
    until(page, lambda: page.evaluate("gridmap.state.panes.length === 2 && gridmap.state.panes[1].now !== null"))
    page.focus("#map")
    page.keyboard.press(".")
    page.keyboard.press("+")
    steps = "gridmap.state.panes.map((pane) => [pane.step, pane.x[7] / pane.canvas.width])"
    until(page, lambda: page.evaluate(steps)[0][0] == 69)
    first, second = page.evaluate(steps)
    assert first == pytest.approx(second, rel=1e-3)
    names = bus_names(results["unmanaged"])
    other = page.evaluate("gridmap.valueOf(gridmap.state.panes[1], 20)")
    assert other == pytest.approx(
        layer_values(results["unmanaged"], "carbon", range(69, 70))[0, names.index("Bus 20")], rel=1e-6
    )


def test_the_map_is_a_table_too(page, address, results: dict[str, Result]):
    lead_to_map(page, f"{address}/grid?result=unmanaged&at=2030-06-03T17:00Z&layer=loading")
    page.get_by_text("All elements at the shown moment").click()
    until(page, lambda: page.locator("#map-twin .ag-row").count() > 5)
    top = page.locator("#map-twin .ag-row[row-index='0'] [col-id=value]")
    highest = layer_values(results["unmanaged"], "loading", range(68, 69))[0, N_BUSES:].max()
    until(page, lambda: float(top.inner_text()) == pytest.approx(highest, rel=1e-5))
    with page.expect_download() as started:
        page.click("#map-twin-export")
    assert started.value.suggested_filename.endswith(".csv")
    rows = Path(started.value.path()).read_text(encoding="utf-8-sig").splitlines()
    assert float(rows[1].split(",")[3].strip('"')) == pytest.approx(highest, rel=1e-5)
    page.get_by_text("All devices").click()
    until(page, lambda: "Data centres" in page.inner_text("#map-devices"))


def test_a_picture_of_the_map_says_what_it_shows(page, address):
    lead_to_map(page, f"{address}/grid?result=optimal&at=2030-06-03T17:00Z&layer=voltage")
    until(page, lambda: "Voltage: " in spoken(page))
    with page.expect_download() as started:
        page.get_by_role("button", name="Save as PNG").first.click()
    assert started.value.suggested_filename == "optimal-voltage-2030-06-03-17-00.png"
    higher = page.evaluate("gridmap.picture().height - gridmap.state.panes[0].canvas.height")
    assert higher == 160 * page.evaluate("window.devicePixelRatio")  # title above, classes and versions below


def test_the_keyboard_zooms_chooses_and_plays(page, address):
    lead_to_map(page, f"{address}/grid?result=optimal&at=2030-06-03T00:00Z")
    page.focus("#map")
    before = pixels(page)
    page.keyboard.press("+")
    until(page, lambda: pixels(page) != before)
    page.keyboard.press("0")
    until(page, lambda: pixels(page) == before)
    page.keyboard.press("Enter")
    until(page, lambda: "select=bus:" in page.url)
    page.keyboard.press("Escape")
    until(page, lambda: "select=" not in page.url)
    page.keyboard.press(" ")
    until(page, lambda: page.evaluate("gridmap.state.panes[0].step") >= 3)
    page.keyboard.press(" ")
    assert not page.evaluate("gridcarbon.moment.playing()")


def test_an_hour_is_that_of_the_wall_clock_also_on_days_when_it_changes(page: sync_api.Page, address: str) -> None:
    lead_to_map(page, f"{address}/grid?result=optimal&at=2030-06-03T10:00Z")
    found = page.evaluate(
        "([moments, hours]) => moments.map((one) => hours.map("
        "(hour) => new Date(gridmap.atHour(Date.parse(one), hour)).toISOString().slice(5, 16)))",
        [["2030-03-31T00:15Z", "2030-03-31T20:45Z", "2030-10-27T09:30Z", "2030-06-03T10:00Z"], [0, 12, 23]],
    )
    assert found == [
        ["03-30T23:00", "03-31T10:00", "03-31T21:00"], ["03-30T23:00", "03-31T10:00", "03-31T21:00"],
        ["10-26T22:00", "10-27T11:00", "10-27T22:00"], ["06-02T22:00", "06-03T10:00", "06-03T21:00"],
    ]  # fmt: skip


def test_a_link_holds_the_whole_map_and_undo_goes_back(own_page, address):
    place = "layer=voltage&select=branch:Line%2030&zoom=0.4000,0.6000,3.000"
    visit_map(own_page, f"{address}/grid?result=optimal&at=2030-06-03T17:00Z&{place}")
    until(own_page, lambda: "Line 30" in (own_page.text_content("#map-day h2") or ""))
    until(own_page, lambda: "Voltage: " in spoken(own_page))
    view = own_page.evaluate("gridmap.state.view")
    assert view["scale"] / view["fitted"] == pytest.approx(3, rel=1e-3)
    choose_layer(own_page, "Loading")
    own_page.focus("#map")
    own_page.keyboard.press("+")
    until(own_page, lambda: "zoom=0.4000,0.6000,3.750" in own_page.url)
    own_page.get_by_text("Districts", exact=True).first.click()
    until(own_page, lambda: "map_level=districts" in own_page.url)
    assert own_page.evaluate("gridmap.state.districts")
    own_page.go_back()
    until(own_page, lambda: own_page.evaluate("!gridmap.state.districts"))
    own_page.go_back()
    until(own_page, lambda: "zoom=0.4000,0.6000,3.000" in own_page.url)
    own_page.go_back()
    until(own_page, lambda: "Voltage: " in spoken(own_page))
    assert own_page.evaluate("gridmap.state.selected") == "branch:Line 30"
    assert own_page.evaluate("gridmap.state.view.scale / gridmap.state.view.fitted") == pytest.approx(3, rel=1e-3)


def test_a_link_opens_districts_differences_and_a_second_map(own_page, address):
    visit_map(own_page, f"{address}/grid?result=optimal&baseline=unmanaged&map_level=districts&map_mode=difference")
    until(own_page, lambda: own_page.evaluate("gridmap.state.districts && gridmap.state.difference"))
    assert "map_level=districts&map_mode=difference" in own_page.url
    visit_map(own_page, f"{address}/grid?result=optimal&baseline=unmanaged&map_beside=unmanaged")
    until(own_page, lambda: own_page.evaluate("gridmap.state.panes.length") == 2)
