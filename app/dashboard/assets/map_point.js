/* Mouse, touch and keyboard on a pane of the map. */
(function () {
  "use strict";
  const map = (window.gridmap = window.gridmap || {});

  /** The bus within 11 px, else the branch within 9 px, or -1. */
  map.pick = function (pane, px, py) {
    const { net, x, y, seen } = pane, ratio = map.ratio(pane), { ends, nBuses } = net;
    const kinds = pane.gathered ? [0] : [0, 1];
    let best = (11 * ratio) ** 2, found = -1;
    for (const low of kinds) for (const bus of seen.buses[low]) {
      const d = (x[bus] - px) ** 2 + (y[bus] - py) ** 2;
      if (d < best) { best = d; found = bus; }
    }
    if (found >= 0) return found;
    best = (9 * ratio) ** 2;
    const look = (element) => {
      const a = ends[2 * (element - nBuses)], b = ends[2 * (element - nBuses) + 1], dx = x[b] - x[a], dy = y[b] - y[a];
      const length = dx * dx + dy * dy;
      const along = length ? Math.min(1, Math.max(0, ((px - x[a]) * dx + (py - y[a]) * dy) / length)) : 0;
      const d = (x[a] + along * dx - px) ** 2 + (y[a] + along * dy - py) ** 2;
      if (d < best) { best = d; found = element; }
    };
    for (const low of kinds) seen.lines[low].forEach(look);
    seen.trafos.forEach(look);
    return found;
  };

  /** The district nearest to a place on the canvas, within 24 px, or -1. */
  function zoneAt(pane, px, py) {
    const { net, x, y, seen } = pane;
    let best = (24 * map.ratio(pane)) ** 2, found = -1;
    for (const low of [0, 1]) for (const bus of seen.buses[low]) {
      const d = (x[bus] - px) ** 2 + (y[bus] - py) ** 2;
      if (d < best && net.zoneOf[bus] >= 0) { best = d; found = net.zoneOf[bus]; }
    }
    if (found >= 0) return found;
    const element = map.pick(pane, px, py);
    return element < 0 ? -1 : net.zoneOf[element];
  }

  function hover(pane, event) {
    const ratio = map.ratio(pane), px = event.offsetX * ratio, py = event.offsetY * ratio;
    const before = [pane.hover, pane.hoverZone, pane.hoverArea].join();
    pane.hover = pane.hoverZone = pane.hoverArea = -1;
    pane.hoverSymbol = map.symbolAt ? map.symbolAt(pane, px, py) : null;
    if (!pane.hoverSymbol) {
      if (map.state.districts && pane.net.zones.length) pane.hoverZone = zoneAt(pane, px, py);
      else {
        pane.hover = map.pick(pane, px, py);
        if (pane.hover < 0 && pane.gathered) pane.hoverArea = map.areaAt(pane, px, py);
      }
    }
    if (before !== [pane.hover, pane.hoverZone, pane.hoverArea].join()) {
      for (const other of map.state.panes) {
        if (other !== pane && other.ready) other.hover = pane.hover < 0 ? -1 : other.net.place.get(map.keyOf(pane.net, pane.hover)) ?? -1;
        map.draw(other);
      }
    }
    map.tooltip(pane, event.offsetX, event.offsetY);
  }

  function click(pane, event) {
    const ratio = map.ratio(pane), px = event.offsetX * ratio, py = event.offsetY * ratio;
    const symbol = map.symbolAt ? map.symbolAt(pane, px, py) : null;
    if (symbol && symbol.buses.length === 1) return map.select(map.keyOf(pane.net, symbol.buses[0]));
    if (symbol) return map.zoomTo(map.boxOf(pane.net.points, symbol.buses));
    if (map.state.districts && pane.net.zones.length) {
      const zone = zoneAt(pane, px, py);
      return zone >= 0 ? map.select(`zone:${pane.net.zones[zone]}`) : undefined;
    }
    const element = map.pick(pane, px, py);
    if (element >= 0) return map.select(map.keyOf(pane.net, element));
    const area = pane.gathered ? map.areaAt(pane, px, py) : -1;
    return area >= 0 ? map.openArea(area) : undefined;
  }

  map.listen = function (pane) {
    const { canvas, host } = pane, ratio = () => map.ratio(pane);
    let from = null, moved = false;
    canvas.addEventListener("wheel", (event) => {
      event.preventDefault();
      if (pane.ready) map.zoom(Math.exp(-event.deltaY * 0.0015), event.offsetX * ratio(), event.offsetY * ratio());
    }, { passive: false });
    canvas.addEventListener("pointerdown", (event) => {
      from = [event.clientX, event.clientY];
      moved = false;
      canvas.setPointerCapture(event.pointerId);
    });
    canvas.addEventListener("pointermove", (event) => {
      if (!pane.ready) return;
      if (!from) { hover(pane, event); return; }
      const dx = event.clientX - from[0], dy = event.clientY - from[1];
      if (!moved && Math.hypot(dx, dy) < 4) return;
      moved = true;
      from = [event.clientX, event.clientY];
      map.pan(dx * ratio(), dy * ratio());
    });
    canvas.addEventListener("pointerup", (event) => {
      from = null;
      if (!moved && pane.ready) click(pane, event);
    });
    canvas.addEventListener("pointerleave", () => {
      const was = pane.hover >= 0 || pane.hoverZone >= 0 || pane.hoverArea >= 0;
      pane.hover = pane.hoverZone = pane.hoverArea = -1;
      pane.hoverSymbol = null;
      pane.tip.hidden = true;
      if (!pane.ready || !was) return;
      for (const other of map.state.panes) { other.hover = -1; map.draw(other); }
    });
    host.addEventListener("keydown", (event) => onKey(pane, event));
  };

  function onKey(pane, event) {
    if (!pane.ready || event.target !== pane.host || event.ctrlKey || event.metaKey || event.altKey) return;
    const middle = [pane.canvas.width / 2, pane.canvas.height / 2], far = 40 * map.ratio(pane), { moment } = window.gridcarbon;
    const act = {
      "+": () => map.zoom(1.25, ...middle), "=": () => map.zoom(1.25, ...middle), "-": () => map.zoom(0.8, ...middle),
      "0": () => map.showAll(), " ": () => (moment.playing() ? moment.pause() : moment.play()),
      ArrowLeft: () => map.pan(far, 0), ArrowRight: () => map.pan(-far, 0), ArrowUp: () => map.pan(0, far), ArrowDown: () => map.pan(0, -far),
      ",": () => moment.step(-1), ".": () => moment.step(1), Enter: () => chooseInMiddle(pane), Escape: () => map.select(""),
    }[event.key];
    if (act) { event.preventDefault(); act(); }
  }

  /** What is nearest to the middle of the map, so that the keyboard selects as the mouse does. */
  function chooseInMiddle(pane) {
    const { net, x, y, seen, canvas } = pane, cx = canvas.width / 2, cy = canvas.height / 2;
    let best = Infinity, found = -1;
    for (const low of pane.gathered ? [0] : [0, 1]) for (const bus of seen.buses[low]) {
      const d = (x[bus] - cx) ** 2 + (y[bus] - cy) ** 2;
      if (d < best) { best = d; found = bus; }
    }
    const area = pane.gathered && !map.state.districts ? map.areaAt(pane, cx, cy) : -1;
    if (area >= 0) { map.openArea(area); return; }
    if (found < 0) return;
    map.select(map.state.districts && net.zoneOf[found] >= 0 ? `zone:${net.zones[net.zoneOf[found]]}` : map.keyOf(net, found));
  }

  map.buttons = function () {
    const row = document.createElement("div");
    row.className = "map-buttons";
    const middle = () => { const { canvas } = map.state.panes[0]; return [canvas.width / 2, canvas.height / 2]; };
    for (const [sign, label, act] of [
      ["+", map.say("Zoom in"), () => map.zoom(1.5, ...middle())], ["\u2212", map.say("Zoom out"), () => map.zoom(1 / 1.5, ...middle())],
      ["\u2922", map.say("Show all"), () => map.showAll()], ["\u2913", map.say("Save as PNG"), () => map.savePicture()],
    ]) {
      const button = document.createElement("button");
      Object.assign(button, { type: "button", textContent: sign, title: label });
      button.setAttribute("aria-label", label);
      button.addEventListener("click", () => map.state.panes[0].ready && act());
      row.append(button);
    }
    return row;
  };
})();
