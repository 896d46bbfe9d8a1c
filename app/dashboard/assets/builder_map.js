/* The small map of the draft's net: click a bus, or choose it from the list, and place something there. */
(function () {
  "use strict";
  const builder = window.gridbuilder, { h, say } = builder;
  const NEAR_PX = 14;
  const map = (builder.map = { plan: null, network: null, bus: null, view: null, canvas: null, hover: -1, moved: false });
  const ink = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

  builder.makeMap = (placeable) => {
    const canvas = h("canvas", { class: "b-map", tabindex: "0", role: "application", "aria-label": say("Map of the grid: arrow keys move from bus to bus, Enter chooses"), "aria-describedby": "build-map-help" });
    const bus = h("input", { id: "place-bus", class: "b-text", list: "build-buses", autocomplete: "off" });
    const kind = h("select", { id: "place-kind", class: "b-select" }, ...placeable.map((one) => h("option", { value: one.kind }, say(one.label))));
    const size = h("input", { id: "place-size", class: "b-number", type: "text", inputmode: "decimal", autocomplete: "off" });
    const unit = h("span", { class: "b-unit" });
    const offer = () => { const one = placeable.find((each) => each.kind === kind.value); size.value = one.start; unit.textContent = say(one.unit); };
    kind.addEventListener("change", offer);
    bus.addEventListener("change", () => choose(bus.value));
    const place = h("form", { class: "b-place" },
      h("label", { for: "place-bus" }, say("Bus")), bus, h("label", { for: "place-kind" }, say("What")), kind,
      h("label", { for: "place-size" }, say("Size")), h("span", { class: "b-amount" }, size, unit), h("button", { type: "submit", class: "button" }, say("Place it")));
    place.addEventListener("submit", (event) => {
      event.preventDefault();
      if (!bus.value) { say_(say("Choose a bus first.")); bus.focus(); return; }
      builder.edit({ do: "place", kind: kind.value, bus: bus.value, size: builder.typed(size.value) });
      say_(say("{what} of {size} {unit} placed at {bus}.", { what: kind.options[kind.selectedIndex].textContent, size: size.value, unit: unit.textContent, bus: bus.value }));
    });
    offer();
    builder.mount("build-map", h("div", { class: "b-map-holder" }, canvas, h("div", { class: "b-map-tip", hidden: true })), h("div", {},
      h("p", { class: "b-note", id: "build-map-help" }, say("Click a bus, or choose one by name; then what stands there.")), place,
      h("p", { id: "build-place-said", class: "b-note", role: "status" }), h("ul", { id: "build-stands", class: "b-stands" }), h("datalist", { id: "build-buses" })));
    Object.assign(map, { canvas, plan: null, network: null, view: null });
    listen(canvas);
  };

  const say_ = (text) => { const host = document.getElementById("build-place-said"); if (host) host.textContent = text; };

  function choose(name) {
    map.bus = name;
    const box = document.getElementById("place-bus");
    if (box && box.value !== name) box.value = name;
    const found = map.plan ? map.plan.buses.findIndex((one) => one.name === name) : -1;
    if (name) say_(found < 0 ? say("No bus of this name.") : `${name}${map.plan.buses[found].zone ? `, ${map.plan.buses[found].zone}` : ""}, ${map.plan.buses[found].kv} kV`);
    draw();
  }

  function listen(canvas) {
    let held = null;
    const at = (event) => { const box = canvas.getBoundingClientRect(); return [event.clientX - box.left, event.clientY - box.top]; };
    canvas.addEventListener("pointerdown", (event) => { held = { x: event.clientX, y: event.clientY, moved: false }; canvas.setPointerCapture(event.pointerId); });
    canvas.addEventListener("pointermove", (event) => {
      if (held) {
        const dx = event.clientX - held.x, dy = event.clientY - held.y;
        if (held.moved || Math.hypot(dx, dy) > 4) { held = { x: event.clientX, y: event.clientY, moved: true }; map.view.dx += dx; map.view.dy += dy; draw(); }
        return;
      }
      const found = nearest(...at(event));
      if (found !== map.hover) { map.hover = found; tip(found); draw(); }
    });
    canvas.addEventListener("pointerup", (event) => {
      const clicked = held && !held.moved;
      held = null;
      if (!clicked) return;
      const found = nearest(...at(event));
      if (found >= 0) { choose(map.plan.buses[found].name); document.getElementById("place-kind").focus(); }
    });
    canvas.addEventListener("pointerleave", () => { map.hover = -1; tip(-1); draw(); });
    canvas.addEventListener("wheel", (event) => { if (!map.view) return; event.preventDefault(); zoom(event.deltaY < 0 ? 1.2 : 1 / 1.2, ...at(event)); }, { passive: false });
    canvas.addEventListener("keydown", (event) => {
      const centre = [canvas.clientWidth / 2, canvas.clientHeight / 2];
      const step = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key];
      if (step) move(step);
      else if (event.key === "+" || event.key === "=") zoom(1.3, ...centre);
      else if (event.key === "-") zoom(1 / 1.3, ...centre);
      else if (event.key === "0") { map.view = null; draw(); }
      else if (event.key === "Enter") document.getElementById("place-kind").focus();
      else return;
      event.preventDefault();
    });
    new ResizeObserver(() => { map.view = null; draw(); }).observe(canvas);
  }

  /** To the nearest bus in a direction from the one that is chosen. */
  function move([dx, dy]) {
    const { plan } = map;
    if (!plan) return;
    const here = plan.buses.findIndex((one) => one.name === map.bus);
    if (here < 0) { choose(plan.mainBus); return; }
    const [x, y] = point(here);
    let best = -1, least = Infinity;
    for (let bus = 0; bus < plan.buses.length; bus += 1) {
      const [a, b] = point(bus), along = (a - x) * dx + (b - y) * dy, aside = Math.abs((a - x) * dy) + Math.abs((b - y) * dx);
      const cost = along + 2 * aside;
      if (bus !== here && along > 0.5 && aside <= 2 * along && cost < least) { best = bus; least = cost; }
    }
    if (best >= 0) choose(plan.buses[best].name);
  }

  const point = (bus) => [map.plan.x[bus] * map.view.scale + map.view.dx, map.view.dy - map.plan.y[bus] * map.view.scale];

  function nearest(x, y) {
    if (!map.plan || !map.view) return -1;
    let best = -1, least = NEAR_PX;
    for (let bus = 0; bus < map.plan.buses.length; bus += 1) {
      const [a, b] = point(bus), away = Math.hypot(a - x, b - y);
      if (away < least) { least = away; best = bus; }
    }
    return best;
  }

  function tip(bus) {
    const host = document.querySelector(".b-map-tip");
    if (!host) return;
    host.hidden = bus < 0;
    if (bus < 0) return;
    const one = map.plan.buses[bus], stands = (builder.draft().stands || []).filter((each) => each.bus === one.name);
    host.replaceChildren(h("strong", {}, one.name), ...stands.map((each) => h("div", {}, `${each.label}: ${each.name}`)));
    const [x, y] = point(bus);
    host.style.left = `${Math.min(x + 12, map.canvas.clientWidth - 180)}px`;
    host.style.top = `${y + 12}px`;
  }

  function zoom(factor, x, y) {
    const { view } = map;
    if (!view) return;
    view.dx = x + (view.dx - x) * factor;
    view.dy = y + (view.dy - y) * factor;
    view.scale *= factor;
    draw();
  }

  function fit() {
    const { plan, canvas } = map, left = Math.min(...plan.x), right = Math.max(...plan.x), low = Math.min(...plan.y), high = Math.max(...plan.y);
    const scale = 0.9 * Math.min(canvas.clientWidth / (right - left || 1), canvas.clientHeight / (high - low || 1));
    map.view = { scale, dx: canvas.clientWidth / 2 - (scale * (left + right)) / 2, dy: canvas.clientHeight / 2 + (scale * (low + high)) / 2 };
  }

  function draw() {
    const { canvas, plan } = map;
    if (!canvas || !canvas.isConnected || !plan || !canvas.clientWidth) return;
    if (!map.view) fit();
    const ratio = window.devicePixelRatio || 1, pen = canvas.getContext("2d");
    canvas.width = canvas.clientWidth * ratio;
    canvas.height = canvas.clientHeight * ratio;
    pen.scale(ratio, ratio);
    pen.fillStyle = ink("--map");
    pen.fillRect(0, 0, canvas.clientWidth, canvas.clientHeight);
    const points = plan.buses.map((_, bus) => point(bus)), size = Math.max(1.6, Math.min(4.5, 60 / Math.sqrt(plan.buses.length)));
    pen.strokeStyle = ink("--muted");
    pen.lineWidth = 1.2;
    pen.beginPath();
    for (const [a, b] of plan.ends) { pen.moveTo(...points[a]); pen.lineTo(...points[b]); }
    pen.stroke();
    pen.fillStyle = ink("--muted");
    for (const [x, y] of points) { pen.beginPath(); pen.arc(x, y, size, 0, 7); pen.fill(); }
    marks(pen, points, size);
    const chosen = plan.buses.findIndex((one) => one.name === map.bus);
    for (const [bus, colour] of [[map.hover, ink("--ink")], [chosen, ink("--accent")]]) {
      if (bus < 0) continue;
      pen.strokeStyle = colour;
      pen.lineWidth = 2.5;
      pen.beginPath();
      pen.arc(...points[bus], size + 6, 0, 7);
      pen.stroke();
    }
  }

  /** What the scenario lists at single buses, as squares in the accent; several at a bus beside each other. */
  function marks(pen, points, size) {
    const at = new Map(map.plan.buses.map((one, bus) => [one.name, bus])), met = new Map(), side = 2 * size + 4;
    pen.fillStyle = ink("--accent");
    pen.strokeStyle = ink("--surface");
    pen.lineWidth = 1.5;
    for (const one of (builder.draft() || {}).stands || []) {
      const bus = at.get(one.bus);
      if (bus === undefined) continue;
      const nth = met.get(bus) || 0, [x, y] = points[bus];
      met.set(bus, nth + 1);
      pen.beginPath();
      pen.rect(x - side / 2 + nth * (side + 2), y - side / 2, side, side);
      pen.fill();
      pen.stroke();
    }
  }

  builder.showMap = async (draft) => {
    const list = document.getElementById("build-stands");
    if (!list) return;
    list.replaceChildren(...draft.stands.map((one) => h("li", {}, h("button", { type: "button", class: "b-link", onclick: () => choose(one.bus) }, one.bus), ` ${one.label}${one.size === null ? "" : `, ${builder.shown(one.size)} ${one.unit}`}: ${one.name}`)));
    draw();
    const wanted = `${draft.id}|${draft.network}`;
    if (map.network === wanted) return;
    map.network = wanted;
    try {
      const plan = await builder.ask(`/build/drafts/${draft.id}/net.json`);
      if (map.network !== wanted || !map.canvas.isConnected) return;
      if (plan.problem) throw { answer: plan };
      map.plan = plan;
      map.view = null;
      document.getElementById("build-buses").replaceChildren(...plan.buses.map((one) => h("option", { value: one.name }, one.zone)));
      if (!plan.hasCoordinates) say_(say("This net has no coordinates: it is drawn on rings around its first bus."));
      draw();
    } catch (refusal) {
      map.plan = null;
      say_(say("The net cannot be shown: {why}", { why: builder.words(refusal) }));
    }
  };
  builder.drawMap = draw;
})();
