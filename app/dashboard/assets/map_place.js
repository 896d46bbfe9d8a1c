/* gridmap.place(host, geometry, onClick, options): a small map of a net on which buses are chosen.

   geometry   {buses: [{name, x, y, zone, kv}], branches: [[i, j]]}; buses without x or y are not drawn
   onClick    called with the bus that was chosen, by mouse or by Enter
   options    {theme: "light" | "dark", label: words for screen readers, chosen: name of a bus}
   Returns    {choose(name), mark([{name, text, colour}]), draw(), remove()}; `mark` shows what stands where. */
(function () {
  "use strict";
  const map = (window.gridmap = window.gridmap || {});

  map.place = function (host, geometry, onClick, options) {
    const { theme = "light", label = "Map of the net: arrow keys go to the nearest bus that way, Enter chooses it", chosen = "" } = options || {};
    const buses = geometry.buses.filter((bus) => Number.isFinite(bus.x) && Number.isFinite(bus.y) && bus.x !== null && bus.y !== null);
    const colours = map.colours, canvas = document.createElement("canvas"), tip = document.createElement("div"), status = document.createElement("div");
    const context = canvas.getContext("2d");
    const geographic = buses.length > 0 && buses.every((bus) => Math.abs(bus.x) <= 180 && Math.abs(bus.y) <= 85);
    const stretch = geographic ? Math.cos((buses.reduce((sum, bus) => sum + bus.y, 0) / buses.length) * (Math.PI / 180)) : 1;
    const low = (bus) => bus.kv != null && bus.kv < 1;
    let view = null, current = buses.findIndex((bus) => bus.name === chosen), picked = current, marks = [], from = null, moved = false;
    const known = new Map(buses.map((bus, place) => [bus.name, place]));

    tip.className = "map-tip";
    tip.hidden = true;
    status.className = "visually-hidden";
    status.setAttribute("role", "status");
    canvas.setAttribute("aria-hidden", "true");
    host.classList.add("map-place");
    host.tabIndex = 0;
    host.setAttribute("role", "application");
    host.setAttribute("aria-label", label);
    host.replaceChildren(canvas, tip, status);

    const ratio = () => window.devicePixelRatio || 1;
    const at = (bus) => [bus.x * stretch * view.scale + view.dx, view.dy - bus.y * view.scale];
    function fit() {
      canvas.width = Math.max(1, host.clientWidth * ratio());
      canvas.height = Math.max(1, host.clientHeight * ratio());
      const xs = buses.map((bus) => bus.x * stretch), ys = buses.map((bus) => bus.y);
      const low_ = (list) => list.reduce((a, b) => Math.min(a, b), Infinity), high = (list) => list.reduce((a, b) => Math.max(a, b), -Infinity);
      const [left, right, bottom, top] = [low_(xs), high(xs), low_(ys), high(ys)];
      const scale = 0.88 * Math.min(canvas.width / (right - left || 1), canvas.height / (top - bottom || 1));
      view = { scale, dx: canvas.width / 2 - (scale * (left + right)) / 2, dy: canvas.height / 2 + (scale * (bottom + top)) / 2 };
    }

    function circle(bus, radius) { const [x, y] = at(bus); context.beginPath(); context.arc(x, y, radius * ratio(), 0, 2 * Math.PI); }
    function draw() {
      if (!view) return;
      context.fillStyle = colours.PAPER[theme];
      context.fillRect(0, 0, canvas.width, canvas.height);
      context.strokeStyle = colours.CASING[theme];
      context.lineWidth = 1.4 * ratio();
      context.beginPath();
      for (const [i, j] of geometry.branches) {
        const a = geometry.buses[i], b = geometry.buses[j];
        if (!a || !b || !known.has(a.name) || !known.has(b.name)) continue;
        context.moveTo(...at(a));
        context.lineTo(...at(b));
      }
      context.stroke();
      for (const bus of buses) {
        circle(bus, low(bus) ? 2 : 4);
        context.fillStyle = low(bus) ? colours.CASING[theme] : colours.INK[theme];
        context.fill();
      }
      for (const one of marks) {
        const bus = buses[known.get(one.name)];
        if (!bus) continue;
        circle(bus, 7);
        context.fillStyle = one.colour || colours.ACCENT[theme];
        context.fill();
      }
      for (const [place, colour, radius] of [[picked, colours.ACCENT[theme], 10], [current, colours.INK[theme], 8]]) {
        if (place < 0) continue;
        circle(buses[place], radius);
        context.strokeStyle = colour;
        context.lineWidth = 2.5 * ratio();
        context.stroke();
      }
    }

    function near(px, py) {
      let best = (14 * ratio()) ** 2, found = -1;
      buses.forEach((bus, place) => {
        const [x, y] = at(bus), d = (x - px) ** 2 + (y - py) ** 2;
        if (d < best) { best = d; found = place; }
      });
      return found;
    }
    function words(place) {
      const bus = buses[place], mark = marks.find((one) => one.name === bus.name);
      return [bus.name, bus.zone, bus.kv != null ? `${bus.kv} kV` : "", mark && mark.text].filter(Boolean);
    }
    function show(place) {
      current = place;
      tip.hidden = place < 0;
      if (place >= 0) {
        tip.replaceChildren(...words(place).map((line, nth) => { const node = document.createElement(nth ? "div" : "strong"); node.textContent = line; return node; }));
        const [x, y] = at(buses[place]);
        tip.style.left = `${Math.max(6, Math.min(x / ratio() + 12, host.clientWidth - tip.offsetWidth - 6))}px`;
        tip.style.top = `${Math.max(6, y / ratio() - tip.offsetHeight - 10)}px`;
        status.textContent = words(place).join(", ");
      }
      draw();
    }
    function choose(place) {
      if (place < 0) return;
      picked = place;
      draw();
      onClick(buses[place]);
    }
    /** The nearest bus in a direction, so that arrows walk the net. */
    function walk(dx, dy) {
      if (current < 0) { show(0); return; }
      const [x, y] = at(buses[current]);
      let best = Infinity, found = -1;
      buses.forEach((bus, place) => {
        const [bx, by] = at(bus), along = (bx - x) * dx + (by - y) * dy, aside = Math.abs((bx - x) * dy - (by - y) * dx);
        if (place === current || along <= 0 || aside > along) return;
        const cost = along + 2 * aside;
        if (cost < best) { best = cost; found = place; }
      });
      if (found >= 0) show(found);
    }
    function zoom(factor, px, py) {
      view.dx = px + (view.dx - px) * factor;
      view.dy = py + (view.dy - py) * factor;
      view.scale *= factor;
      draw();
    }

    canvas.addEventListener("pointermove", (event) => {
      const dx = event.offsetX * ratio(), dy = event.offsetY * ratio();
      if (from && (moved || Math.hypot(dx - from[0], dy - from[1]) > 4 * ratio())) {
        moved = true;
        view.dx += dx - from[0];
        view.dy += dy - from[1];
        from = [dx, dy];
        draw();
      } else if (!from) show(near(dx, dy));
    });
    canvas.addEventListener("pointerdown", (event) => { from = [event.offsetX * ratio(), event.offsetY * ratio()]; moved = false; canvas.setPointerCapture(event.pointerId); });
    canvas.addEventListener("pointerup", (event) => { from = null; if (!moved) choose(near(event.offsetX * ratio(), event.offsetY * ratio())); });
    canvas.addEventListener("wheel", (event) => { event.preventDefault(); zoom(Math.exp(-event.deltaY * 0.0015), event.offsetX * ratio(), event.offsetY * ratio()); }, { passive: false });
    host.addEventListener("keydown", (event) => {
      const middle = [canvas.width / 2, canvas.height / 2];
      const act = {
        ArrowLeft: () => walk(-1, 0), ArrowRight: () => walk(1, 0), ArrowUp: () => walk(0, -1), ArrowDown: () => walk(0, 1), Enter: () => choose(current),
        "+": () => zoom(1.25, ...middle), "-": () => zoom(0.8, ...middle), "0": () => { fit(); draw(); },
      }[event.key];
      if (act && event.target === host) { event.preventDefault(); act(); }
    });
    const watch = new ResizeObserver(() => { fit(); draw(); });
    watch.observe(host);
    fit();
    draw();
    return {
      choose(name) { picked = known.has(name) ? known.get(name) : -1; draw(); },
      mark(list) { marks = list; draw(); },
      draw,
      remove() { watch.disconnect(); host.replaceChildren(); },
    };
  };
})();
