/* Mouse, touch and keyboard on the map. */
(function () {
  "use strict";
  const map = (window.gridmap = window.gridmap || {});
  const state = (map.state = map.state || {});

  /** The bus within 11 px, else the branch within 9 px, or -1. */
  function pick(px, py) {
    const { x, y, ends } = state, ratio = window.devicePixelRatio || 1, n = map.nBuses();
    let best = (11 * ratio) ** 2, found = -1;
    for (let bus = 0; bus < n; bus++) {
      const d = (x[bus] - px) ** 2 + (y[bus] - py) ** 2;
      if (d < best) { best = d; found = bus; }
    }
    if (found >= 0) return found;
    best = (9 * ratio) ** 2;
    for (let branch = 0; branch < ends.length / 2; branch++) {
      const a = ends[2 * branch], b = ends[2 * branch + 1], dx = x[b] - x[a], dy = y[b] - y[a];
      if (a < 0 || b < 0) continue;
      const length = dx * dx + dy * dy;
      const along = length ? Math.min(1, Math.max(0, ((px - x[a]) * dx + (py - y[a]) * dy) / length)) : 0;
      const d = (x[a] + along * dx - px) ** 2 + (y[a] + along * dy - py) ** 2;
      if (d < best) { best = d; found = n + branch; }
    }
    return found;
  }

  function attach(host) {
    if (state.host === host) return;
    const before = state.canvas, canvas = document.createElement("canvas"), tip = document.createElement("div");
    canvas.setAttribute("aria-hidden", "true");
    tip.className = "map-tip";
    tip.hidden = true;
    Object.assign(state, { host, canvas, tip, context: canvas.getContext("2d", { alpha: false }), hover: -1, ready: false });
    host.replaceChildren(canvas, buttons(), tip);
    size();
    if (!before || before.width !== canvas.width || before.height !== canvas.height) state.view = null; // fit again
    new ResizeObserver(() => { if (state.host === host && size() && state.ready) { map.fit(); map.project(); map.draw(); } }).observe(host);
    point(canvas);
    host.addEventListener("keydown", onKey);
  }

  function size() {
    const { canvas, host } = state, ratio = window.devicePixelRatio || 1;
    const width = Math.max(1, Math.round(host.clientWidth * ratio)), height = Math.max(1, Math.round(host.clientHeight * ratio));
    const changed = canvas.width !== width || canvas.height !== height;
    if (changed) { canvas.width = width; canvas.height = height; }
    return changed;
  }

  function buttons() {
    const row = document.createElement("div");
    row.className = "map-buttons";
    const middle = () => [state.canvas.width / 2, state.canvas.height / 2];
    for (const [sign, label, act] of [
      ["+", "Zoom in", () => map.zoom(1.35, ...middle())], ["−", "Zoom out", () => map.zoom(1 / 1.35, ...middle())],
      ["⤢", "Show all", () => { map.fit(); map.project(); map.draw(); }],
    ]) {
      const button = document.createElement("button");
      Object.assign(button, { type: "button", textContent: sign, title: label });
      button.setAttribute("aria-label", label);
      button.addEventListener("click", () => state.ready && act());
      row.append(button);
    }
    return row;
  }

  function point(canvas) {
    let from = null, moved = false;
    const ratio = () => window.devicePixelRatio || 1;
    canvas.addEventListener("wheel", (event) => {
      event.preventDefault();
      if (state.ready) map.zoom(Math.exp(-event.deltaY * 0.0015), event.offsetX * ratio(), event.offsetY * ratio());
    }, { passive: false });
    canvas.addEventListener("pointerdown", (event) => {
      from = [event.clientX, event.clientY];
      moved = false;
      canvas.setPointerCapture(event.pointerId);
    });
    canvas.addEventListener("pointermove", (event) => {
      if (!state.ready) return;
      if (from) {
        const dx = event.clientX - from[0], dy = event.clientY - from[1];
        if (!moved && Math.hypot(dx, dy) < 4) return;
        moved = true;
        from = [event.clientX, event.clientY];
        map.pan(dx * ratio(), dy * ratio());
        return;
      }
      const found = pick(event.offsetX * ratio(), event.offsetY * ratio());
      if (found !== state.hover) { state.hover = found; map.draw(); }
      map.tooltip(found, event.offsetX, event.offsetY);
    });
    canvas.addEventListener("pointerup", (event) => {
      from = null;
      if (!moved && state.ready) map.choose(pick(event.offsetX * ratio(), event.offsetY * ratio()));
    });
    canvas.addEventListener("pointerleave", () => {
      if (state.ready && state.hover >= 0) { state.hover = -1; map.draw(); }
      state.tip.hidden = true;
    });
  }

  function onKey(event) {
    if (!state.ready || event.target !== state.host || event.ctrlKey || event.metaKey || event.altKey) return;
    const middle = [state.canvas.width / 2, state.canvas.height / 2], far = 40 * (window.devicePixelRatio || 1);
    const act = {
      "+": () => map.zoom(1.25, ...middle), "=": () => map.zoom(1.25, ...middle), "-": () => map.zoom(0.8, ...middle),
      "0": () => { map.fit(); map.project(); map.draw(); }, " ": () => map.toggle(),
      ArrowLeft: () => map.pan(far, 0), ArrowRight: () => map.pan(-far, 0), ArrowUp: () => map.pan(0, far), ArrowDown: () => map.pan(0, -far),
      ",": () => map.step(-1), ".": () => map.step(1),
    }[event.key];
    if (act) { event.preventDefault(); act(); }
  }

  Object.assign(map, { attach, size });
})();
