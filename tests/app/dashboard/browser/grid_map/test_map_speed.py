"""The map of very many lines in a real browser: what a frame takes, and how it stays readable."""

from __future__ import annotations

import statistics
from typing import Any

import pytest

from tests.app.dashboard.browser.grid_map.map_walking import visit_map
from tests.app.dashboard.browser.walking import until

sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")

pytestmark = pytest.mark.browser
FRAME_BUDGET_MS = 50.0


def frame_ms(page: sync_api.Page, n: int) -> float:
    """Processor time of a frame in the browser's main thread, mean of n steps until each is painted [ms].

    Time by the clock would be that of whatever else runs on the machine; its median is printed.
    """
    session = page.context.new_cdp_session(page)
    session.send("Performance.enable", {"timeDomain": "threadTicks"})

    def used_s() -> float:
        metrics = session.send("Performance.getMetrics")["metrics"]
        return float(next(one["value"] for one in metrics if one["name"] == "TaskDuration"))

    before = used_s()
    times = page.evaluate("""n => {
        const times = [], pane = gridmap.state.panes[0];
        for (let k = 0; k < n; k++) {
            const begun = performance.now();
            gridmap.state.at = pane.net.startMs + (k % pane.net.nSteps) * pane.net.stepMs;
            gridmap.draw(pane);
            pane.context.getImageData(0, 0, 1, 1); // waits until the picture is painted
            times.push(performance.now() - begun);
        }
        return times;
    }""", n)  # fmt: skip
    mean = 1000 * (used_s() - before) / n
    print(f"a frame takes {mean:.1f} ms of processor time, p50 {statistics.median(times):.1f} ms by the clock")  # noqa: T201
    session.detach()
    return mean


def make_net(page: sync_api.Page, n_lines: int, *, low: bool) -> None:
    """Puts a made-up net of many lines in the pane, with values of every class and some limits exceeded."""
    page.evaluate("""([n, low]) => {
        const side = Math.ceil(Math.sqrt(n / 2)), buses = [], branches = [], floats = [], ends = [];
        const join = (a, b) => {
            if (branches.length === n) return;
            ends.push(a, b);
            branches.push({ name: `l${branches.length}`, kind: 'line', zone: '' });
        };
        for (let i = 0; i < side; i++) for (let j = 0; j < side; j++) {
            buses.push({ name: `b${i}-${j}`, zone: `Z${i % 9}`, kv: low && (i % 10 || j % 10) ? 0.4 : 10 });
            floats.push(i + 0.3 * Math.sin(7 * i + 3 * j), j + 0.3 * Math.cos(5 * i - 2 * j));
            if (i + 1 < side) join(i * side + j, (i + 1) * side + j);
            if (j + 1 < side) join(i * side + j, i * side + j + 1);
        }
        const pane = gridmap.state.panes[0], steps = 12, net = gridmap.netOf({
            buses, branches, start_ms: 0, step_ms: 900000, n_steps: steps, chunk_steps: steps,
        }, Float32Array.from([...floats, ...ends]));
        const cells = { length: steps * net.nElements };
        const values = Float32Array.from(cells, (_, k) => (k % 97 ? 720 * Math.abs(Math.sin(k)) : NaN));
        const bits = Uint8Array.from({ length: Math.ceil(cells.length / 8) }, (_, k) => (k % 50 ? 0 : 1));
        const chunk = { values, bits, first: 0, width: net.nElements };
        const power = { values: new Float32Array(steps * net.nBuses).fill(1), first: 0, width: net.nBuses };
        const held = (layer) => (layer === 'power' ? power : chunk);
        pane.source = { ...pane.source, held, chunk: async () => chunk };
        Object.assign(pane, { net, x: new Float32Array(net.nBuses), y: new Float32Array(net.nBuses), devices: null });
        gridmap.fit();
        gridmap.project(pane);
    }""", [n_lines, low])  # fmt: skip


def test_five_thousand_lines_are_drawn_in_time(page, address):
    visit_map(page, f"{address}/grid?result=unmanaged")
    make_net(page, 5000, low=False)
    assert page.evaluate("gridmap.state.panes[0].seen.lines[0].length") > 4500
    assert frame_ms(page, 24) < FRAME_BUDGET_MS


def test_ten_thousand_low_voltage_lines_are_areas_until_one_is_zoomed_into(page, address):
    visit_map(page, f"{address}/grid?result=unmanaged")
    make_net(page, 10_000, low=True)
    seen: dict[str, Any] = page.evaluate("""() => {
        const pane = gridmap.state.panes[0];
        const sizes = pane.net.areas.map((area) => area.buses);
        return { gathered: pane.gathered, areas: sizes.length, most: Math.max(...sizes) };
    }""")
    assert seen["gathered"]
    assert 10 < seen["areas"] < 200
    assert seen["most"] <= 200
    assert frame_ms(page, 24) < FRAME_BUDGET_MS
    page.evaluate("gridmap.openArea(3)")
    until(page, lambda: not page.evaluate("gridmap.state.panes[0].gathered"))
    assert page.evaluate("gridmap.state.panes[0].seen.lines[1].length") > 100
