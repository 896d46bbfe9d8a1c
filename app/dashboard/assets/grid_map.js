/* The grid map on a 2-D canvas. Geometry and a byte for every element and step are fetched once for each result and
 * layer; moving the slider draws from memory, one path for each colour class. */
(function () {
  "use strict";

  const MISSING = 255;
  const PAPER = { light: "#f7f5f0", dark: "#15181a" };
  const CASING = { light: "#c3c0b6", dark: "#3b4348" };
  const INK = { light: "#1d2327", dark: "#e7e9ea" };
  const ACCENT = { light: "#0072b2", dark: "#56b4e9" };
  const HALO = "#d55e00";
  const VOLTAGE_TOLERANCE = 1e-4, LOADING_TOLERANCE = 0.2; // a violation exceeds its limit by more, everywhere
  const PLAY_MS = 90;

  const fetched = new Map(); // address → promise of its content; navigation fetches nothing again
  const state = {
    host: null, canvas: null, context: null, tip: null, config: null, key: "", layer: "", t: 0, ready: false,
    elements: null, points: null, ends: null, x: null, y: null, data: null, view: null,
    hover: -1, selected: -1, told: "", playing: null, frames: [],
  };
  window.gridmap = state; // read by tests

  function load(name, kind) {
    const { result, version } = state.config;
    const address = `/map/${encodeURIComponent(result)}/${name}`;
    const key = `${address}?${version}`;
    if (!fetched.has(key)) {
      fetched.set(key, fetch(address).then((answer) => {
        if (!answer.ok) throw new Error(`${address}: ${answer.status}`);
        return kind === "json" ? answer.json() : answer.arrayBuffer();
      }).catch((error) => { fetched.delete(key); throw error; }));
    }
    return fetched.get(key);
  }

  /* ---- data -------------------------------------------------------------------------------------------------- */

  async function prepare(layer) {
    const config = state.config, wanted = `${config.result}|${config.version}|${layer}|${config.theme}`;
    state.key = wanted;
    const [elements, geometry, bytes] = await Promise.all([
      load("elements.json", "json"), load("geometry.bin"), load(`${layer}.bin`),
    ]);
    if (state.key !== wanted) return false; // another layer was asked for meanwhile
    const nBuses = elements.buses.length, floats = new Float32Array(geometry);
    const first = state.elements !== elements;
    state.elements = elements;
    state.points = floats.subarray(0, 2 * nBuses);
    state.ends = floats.subarray(2 * nBuses);
    state.x = new Float32Array(nBuses);
    state.y = new Float32Array(nBuses);
    state.data = decode(bytes, config.layers[layer]);
    state.layer = layer;
    if (first || !state.view) fit();
    project();
    legend();
    state.ready = true;
    return true;
  }

  /** The bytes of a layer with what each of the 256 codes means: value, class, and whether it exceeds a limit. */
  function decode(bytes, layer) {
    const [low, high] = new Float32Array(bytes, 0, 2);
    const value = (code) => low + (code * (high - low)) / 254;
    const classes = new Uint8Array(256), beyondBus = new Uint8Array(256), beyondLine = new Uint8Array(256),
      beyondTrafo = new Uint8Array(256);
    const { low: lowest, high: highest, line, trafo } = layer.limits;
    for (let code = 0; code < MISSING; code++) {
      const v = value(code);
      classes[code] = layer.breaks.reduce((n, border) => n + (v >= border ? 1 : 0), 0);
      beyondBus[code] = (lowest != null && v < lowest - VOLTAGE_TOLERANCE) ||
        (highest != null && v > highest + VOLTAGE_TOLERANCE) ? 1 : 0;
      beyondLine[code] = line != null && v > line + LOADING_TOLERANCE ? 1 : 0;
      beyondTrafo[code] = trafo != null && v > trafo + LOADING_TOLERANCE ? 1 : 0;
    }
    return { codes: new Uint8Array(bytes, 8), value, classes, beyondBus, beyondLine, beyondTrafo };
  }

  const nBuses = () => state.elements.buses.length;
  const nElements = () => nBuses() + state.elements.branches.length;
  const codeOf = (element) => state.data.codes[state.t * nElements() + element];
  const isTrafo = (branch) => state.elements.branches[branch].kind.startsWith("trafo");

  function isBeyond(element) {
    const code = codeOf(element), n = nBuses();
    if (code === MISSING) return false;
    if (element < n) return state.data.beyondBus[code] === 1;
    return (isTrafo(element - n) ? state.data.beyondTrafo : state.data.beyondLine)[code] === 1;
  }

  /* ---- view -------------------------------------------------------------------------------------------------- */

  function fit() {
    const { points, canvas } = state;
    let left = Infinity, right = -Infinity, bottom = Infinity, top = -Infinity;
    for (let i = 0; i < points.length; i += 2) {
      left = Math.min(left, points[i]); right = Math.max(right, points[i]);
      bottom = Math.min(bottom, points[i + 1]); top = Math.max(top, points[i + 1]);
    }
    const scale = 0.9 * Math.min(canvas.width / (right - left || 1), canvas.height / (top - bottom || 1));
    state.view = {
      scale, fitted: scale,
      dx: canvas.width / 2 - (scale * (left + right)) / 2, dy: canvas.height / 2 + (scale * (bottom + top)) / 2,
    };
  }

  function project() {
    const { points, x, y, view } = state;
    for (let i = 0; i < x.length; i++) {
      x[i] = points[2 * i] * view.scale + view.dx;
      y[i] = view.dy - points[2 * i + 1] * view.scale;
    }
  }

  function zoom(factor, px, py) {
    const { view } = state;
    view.dx = px + (view.dx - px) * factor;
    view.dy = py + (view.dy - py) * factor;
    view.scale *= factor;
    project();
    draw();
  }

  function pan(dx, dy) {
    state.view.dx += dx;
    state.view.dy += dy;
    project();
    draw();
  }

  /* ---- drawing ----------------------------------------------------------------------------------------------- */

  function draw() {
    if (!state.ready || !state.canvas.isConnected) return;
    const begun = performance.now(), { context, canvas, config } = state, theme = config.theme;
    const ratio = canvas.width / Math.max(1, canvas.clientWidth), unit = ratio * bulk();
    context.fillStyle = PAPER[theme];
    context.fillRect(0, 0, canvas.width, canvas.height);
    context.lineCap = "round";
    halos(unit);
    lines(unit, theme);
    buses(unit, theme);
    transformers(unit, theme);
    for (const [element, colour] of [[state.selected, ACCENT[theme]], [state.hover, INK[theme]]]) {
      if (element >= 0) mark(element, colour, unit);
    }
    spark();
    state.frames.push(performance.now() - begun);
    if (state.frames.length > 500) state.frames.shift();
  }

  /** Marks grow a little when zoomed in, and shrink where there are very many. */
  function bulk() {
    const grown = Math.min(2, Math.max(1, Math.sqrt(state.view.scale / state.view.fitted)));
    return grown * Math.min(1.25, Math.max(0.5, 16 / Math.sqrt(nBuses())));
  }

  /** Numbers of `from`…`to`-1, gathered by class; missing ones last. */
  function byClass(from, to, keep) {
    const groups = Array.from({ length: state.config.layers[state.layer].breaks.length + 2 }, () => []);
    for (let element = from; element < to; element++) {
      if (keep && !keep(element)) continue;
      const code = codeOf(element);
      groups[code === MISSING ? groups.length - 1 : state.data.classes[code]].push(element);
    }
    return groups;
  }

  function trace(elements) {
    const { context, ends, x, y } = state, n = nBuses();
    context.beginPath();
    for (const element of elements) {
      const a = ends[2 * (element - n)], b = ends[2 * (element - n) + 1];
      context.moveTo(x[a], y[a]);
      context.lineTo(x[b], y[b]);
    }
  }

  function lines(unit, theme) {
    const { context } = state, n = nBuses(), { colours } = state.config.layers[state.layer];
    const groups = byClass(n, nElements());
    context.strokeStyle = CASING[theme];
    groups.forEach((group, place) => {
      if (place === groups.length - 1 || !group.length) return;
      trace(group);
      context.lineWidth = (3.4 + (2.2 * place) / colours.length) * unit;
      context.stroke();
    });
    groups.forEach((group, place) => {
      if (!group.length) return;
      const missing = place === groups.length - 1;
      trace(group);
      context.setLineDash(missing ? [4 * unit, 5 * unit] : []);
      context.strokeStyle = missing ? CASING[theme] : colours[place];
      context.lineWidth = (missing ? 1.2 : 2 + (2.2 * place) / colours.length) * unit;
      context.stroke();
    });
    context.setLineDash([]);
  }

  function dots(elements, radius) {
    const { context, x, y } = state;
    context.beginPath();
    for (const bus of elements) {
      context.moveTo(x[bus] + radius, y[bus]);
      context.arc(x[bus], y[bus], radius, 0, 2 * Math.PI);
    }
  }

  function buses(unit, theme) {
    const { context } = state, { colours } = state.config.layers[state.layer], groups = byClass(0, nBuses());
    context.strokeStyle = state.layer === "loading" ? CASING[theme] : PAPER[theme];
    groups.forEach((group, place) => {
      if (!group.length) return;
      const missing = place === groups.length - 1;
      dots(group, (missing ? 2.2 : 4.6) * unit);
      context.fillStyle = missing ? CASING[theme] : colours[place];
      context.fill();
      context.lineWidth = 1 * unit;
      if (!missing) { context.strokeStyle = CASING[theme]; context.stroke(); }
    });
  }

  function transformers(unit, theme) {
    const { context, ends, x, y } = state, n = nBuses(), side = 10 * unit;
    const { colours } = state.config.layers[state.layer], met = new Map();
    state.elements.branches.forEach((_, branch) => {
      if (!isTrafo(branch)) return;
      const a = ends[2 * branch], b = ends[2 * branch + 1], pair = `${a}|${b}`;
      const nth = met.get(pair) || 0, code = codeOf(n + branch);
      met.set(pair, nth + 1);
      const left = (x[a] + x[b]) / 2 + (nth - 0.5) * side * 1.3, upper = (y[a] + y[b]) / 2 - side / 2;
      context.fillStyle = code === MISSING ? CASING[theme] : colours[state.data.classes[code]];
      context.strokeStyle = isBeyond(n + branch) ? HALO : INK[theme];
      context.lineWidth = (isBeyond(n + branch) ? 3 : 1.2) * unit;
      context.fillRect(left, upper, side, side);
      context.strokeRect(left, upper, side, side);
    });
  }

  function halos(unit) {
    const { context } = state, n = nBuses(), over = [];
    for (let element = 0; element < nElements(); element++) if (isBeyond(element)) over.push(element);
    context.globalAlpha = 0.55;
    context.strokeStyle = context.fillStyle = HALO;
    context.lineWidth = 11 * unit;
    if (state.layer === "loading") { trace(over.filter((element) => element >= n)); context.stroke(); }
    dots(over.filter((element) => element < n), 9 * unit);
    context.fill();
    context.globalAlpha = 1;
    state.beyond = over.length;
  }

  function mark(element, colour, unit) {
    const { context } = state, n = nBuses();
    context.strokeStyle = colour;
    context.lineWidth = 2.4 * unit;
    if (element < n) dots([element], 8 * unit);
    else { context.lineWidth = 5 * unit; trace([element]); }
    context.stroke();
  }

  /** The city's consumption above the slider, and where the slider stands. */
  function spark() {
    const canvas = document.getElementById("map-spark"), values = state.elements.consumption_mw;
    if (!canvas || !values.length) return;
    const ratio = window.devicePixelRatio || 1, theme = state.config.theme, pen = canvas.getContext("2d");
    canvas.width = canvas.clientWidth * ratio;
    canvas.height = canvas.clientHeight * ratio;
    const top = Math.max(...values, 1e-9), across = canvas.width / Math.max(1, values.length - 1);
    pen.beginPath();
    pen.moveTo(0, canvas.height);
    values.forEach((value, place) => pen.lineTo(place * across, canvas.height * (1 - (0.92 * value) / top)));
    pen.lineTo(canvas.width, canvas.height);
    pen.globalAlpha = 0.28;
    pen.fillStyle = ACCENT[theme];
    pen.fill();
    pen.globalAlpha = 1;
    pen.fillRect((canvas.width * state.t) / Math.max(1, state.elements.n_steps - 1) - ratio / 2, 0, 1.5 * ratio, canvas.height);
  }

  /* ---- words ------------------------------------------------------------------------------------------------- */

  const moment = () => new Date(state.elements.start_ms + state.t * state.elements.step_ms);

  function local(options, language) {
    return new Intl.DateTimeFormat(language || "en-GB", { timeZone: state.config.zone, ...options }).format(moment());
  }

  function shown(number) {
    return number.toFixed(state.config.layers[state.layer].digits);
  }

  function words() {
    const layer = state.config.layers[state.layer], n = nBuses();
    const clock = local({ weekday: "short", day: "numeric", month: "short", year: "numeric", hour: "2-digit", minute: "2-digit" });
    text("map-clock", clock);
    let low = Infinity, high = -Infinity;
    for (let element = 0; element < nElements(); element++) {
      const code = codeOf(element);
      if (code === MISSING || (state.layer !== "loading" && element >= n)) continue;
      low = Math.min(low, code);
      high = Math.max(high, code);
    }
    const range = high < low ? "nothing known" : `${shown(state.data.value(low))} to ${shown(state.data.value(high))} ${layer.unit}`;
    const limited = Object.values(layer.limits).some((limit) => limit != null);
    const over = limited ? `; ${state.beyond || "none"} beyond ${state.beyond === 1 ? "its" : "their"} limit` : "";
    if (!state.playing) text("map-spoken", `${clock}. ${layer.title}: ${range}${over}.`);
  }

  function text(id, content) {
    const place = document.getElementById(id);
    if (place && place.textContent !== content) place.textContent = content;
  }

  function legend() {
    const place = document.getElementById("map-legend"), layer = state.config.layers[state.layer];
    if (!place) return;
    const make = (tag, className, content) => {
      const node = document.createElement(tag);
      node.className = className;
      if (content !== undefined) node.textContent = content;
      return node;
    };
    const bar = make("div", "legend-bar");
    layer.colours.forEach((colour, index) => {
      const part = make("div", "legend-class"), swatch = make("span", "legend-swatch");
      swatch.style.background = colour;
      part.append(swatch, make("span", "legend-break", index < layer.breaks.length ? String(layer.breaks[index]) : ""));
      bar.append(part);
    });
    const limits = Object.entries(layer.limits).filter(([, limit]) => limit != null)
      .map(([name, limit]) => `${{ low: "lowest", high: "highest", line: "lines", trafo: "transformers" }[name]} ${limit} ${layer.unit}`);
    const note = make("div", "legend-note", `${layer.explanation} Grey: not known.`);
    if (limits.length) {
      note.append(make("span", "legend-halo"), `beyond its limit (${limits.join(", ")})`);
    }
    place.replaceChildren(make("div", "legend-title", `${layer.title} [${layer.unit}]`), bar, note);
  }

  /* ---- pointing ---------------------------------------------------------------------------------------------- */

  /** The bus within 11 px, else the branch within 9 px, or -1. */
  function pick(px, py) {
    const { x, y, ends } = state, ratio = window.devicePixelRatio || 1, n = nBuses();
    let best = (11 * ratio) ** 2, found = -1;
    for (let bus = 0; bus < n; bus++) {
      const d = (x[bus] - px) ** 2 + (y[bus] - py) ** 2;
      if (d < best) { best = d; found = bus; }
    }
    if (found >= 0) return found;
    best = (9 * ratio) ** 2;
    for (let branch = 0; branch < ends.length / 2; branch++) {
      const a = ends[2 * branch], b = ends[2 * branch + 1], dx = x[b] - x[a], dy = y[b] - y[a];
      const length = dx * dx + dy * dy;
      const along = length ? Math.min(1, Math.max(0, ((px - x[a]) * dx + (py - y[a]) * dy) / length)) : 0;
      const d = (x[a] + along * dx - px) ** 2 + (y[a] + along * dy - py) ** 2;
      if (d < best) { best = d; found = n + branch; }
    }
    return found;
  }

  function nameOf(element) {
    const n = nBuses();
    return element < n ? state.elements.buses[element].name : state.elements.branches[element - n].name;
  }

  function zoneOf(element) {
    return element < nBuses() ? state.elements.buses[element].zone : "";
  }

  /** Mean of the layer over the buses of a district, or null. */
  function districtMean(zone) {
    let sum = 0, count = 0;
    state.elements.buses.forEach((bus, place) => {
      const code = codeOf(place);
      if (bus.zone === zone && code !== MISSING) { sum += state.data.value(code); count++; }
    });
    return count ? sum / count : null;
  }

  function tooltip(element, left, top) {
    const { tip } = state, layer = state.config.layers[state.layer];
    tip.hidden = element < 0;
    if (element < 0) return;
    const code = codeOf(element), zone = zoneOf(element), mean = zone ? districtMean(zone) : null;
    const value = code === MISSING ? "not known" : `${shown(state.data.value(code))} ${layer.unit}`;
    const lines = [nameOf(element), `${layer.title} ${value}${isBeyond(element) ? ", beyond its limit" : ""}`];
    if (zone) lines.push(mean === null ? zone : `${zone}: mean ${shown(mean)} ${layer.unit}`);
    tip.replaceChildren(...lines.map((line, place) => {
      const node = document.createElement(place ? "div" : "strong");
      node.textContent = line;
      return node;
    }));
    const width = state.host.clientWidth;
    tip.style.left = `${Math.min(left + 14, width - tip.offsetWidth - 8)}px`;
    tip.style.top = `${Math.max(8, top - tip.offsetHeight - 12)}px`;
  }

  function attach(host) {
    if (state.host === host) return;
    const canvas = document.createElement("canvas"), tip = document.createElement("div");
    canvas.setAttribute("aria-hidden", "true");
    tip.className = "map-tip";
    tip.hidden = true;
    Object.assign(state, { host, canvas, tip, context: canvas.getContext("2d", { alpha: false }), hover: -1, ready: false });
    host.replaceChildren(canvas, buttons(), tip);
    size();
    new ResizeObserver(() => { if (state.host === host && size() && state.ready) { fit(); project(); draw(); } }).observe(host);
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
      ["+", "Zoom in", () => zoom(1.35, ...middle())], ["−", "Zoom out", () => zoom(1 / 1.35, ...middle())],
      ["⤢", "Show all", () => { fit(); project(); draw(); }],
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
      if (state.ready) zoom(Math.exp(-event.deltaY * 0.0015), event.offsetX * ratio(), event.offsetY * ratio());
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
        pan(dx * ratio(), dy * ratio());
        return;
      }
      const found = pick(event.offsetX * ratio(), event.offsetY * ratio());
      if (found !== state.hover) { state.hover = found; draw(); }
      tooltip(found, event.offsetX, event.offsetY);
    });
    canvas.addEventListener("pointerup", (event) => {
      from = null;
      if (!moved && state.ready) choose(pick(event.offsetX * ratio(), event.offsetY * ratio()));
    });
    canvas.addEventListener("pointerleave", () => {
      if (state.ready && state.hover >= 0) { state.hover = -1; draw(); }
      state.tip.hidden = true;
    });
  }

  function onKey(event) {
    if (!state.ready || event.target !== state.host || event.ctrlKey || event.metaKey || event.altKey) return;
    const middle = [state.canvas.width / 2, state.canvas.height / 2], far = 40 * (window.devicePixelRatio || 1);
    const act = {
      "+": () => zoom(1.25, ...middle), "=": () => zoom(1.25, ...middle), "-": () => zoom(0.8, ...middle),
      "0": () => { fit(); project(); draw(); }, " ": () => gridmap.toggle(),
      ArrowLeft: () => pan(far, 0), ArrowRight: () => pan(-far, 0), ArrowUp: () => pan(0, far), ArrowDown: () => pan(0, -far),
      ",": () => step(-1), ".": () => step(1),
    }[event.key];
    if (act) { event.preventDefault(); act(); }
  }

  /* ---- what Dash calls ---------------------------------------------------------------------------------------- */

  const set = (id, props) => window.dash_clientside.set_props(id, props);

  function choose(element) {
    if (element < 0) return;
    set("map-find", { value: `${element < nBuses() ? "bus" : "branch"}:${nameOf(element)}` });
  }

  function select(value) {
    const [kind, name] = value ? [value.slice(0, value.indexOf(":")), value.slice(value.indexOf(":") + 1)] : ["", ""];
    const list = kind === "bus" ? state.elements.buses : state.elements.branches;
    const place = value ? list.findIndex((one) => one.name === name) : -1;
    state.selected = place < 0 ? -1 : place + (kind === "bus" ? 0 : nBuses());
    const day = local({ year: "numeric", month: "2-digit", day: "2-digit" }, "en-CA");
    const told = place < 0 ? "" : `${kind}:${name}|${day}|${state.config.result}|${state.config.theme}`;
    if (told !== state.told && !state.playing) {
      state.told = told;
      set("map-selection", { data: told ? { kind, name, day } : null });
    }
  }

  function step(by) {
    const n = state.elements.n_steps;
    set("map-time", { value: (state.t + by + n) % n });
  }

  /** The address holds layer and time, so that a copied link shows the same map. */
  let waiting = null;
  function remember() {
    window.clearTimeout(waiting);
    waiting = window.setTimeout(() => {
      if (!state.host.isConnected || state.playing) return;
      const query = new URLSearchParams(window.location.search);
      query.set("layer", state.layer);
      query.set("t", String(state.t));
      window.history.replaceState(window.history.state, "", `${window.location.pathname}?${query}`);
    }, 400);
  }

  const gridmap = {
    async show(config, layer, t, found) {
      const host = document.getElementById("map");
      if (!host || !config || !layer) return;
      const fresh = state.host !== host;
      state.config = config;
      attach(host);
      if (fresh) state.told = "";
      const wanted = `${config.result}|${config.version}|${layer}|${config.theme}`;
      if (fresh || state.key !== wanted || !state.ready) {
        try {
          if (!(await prepare(layer))) return;
        } catch (error) {
          text("map-spoken", `The map could not be loaded (${error.message}).`);
          return;
        }
        if (fresh) { size(); fit(); project(); }
      }
      const slider = t ?? 0;
      state.t = Math.max(0, Math.min(slider, state.elements.n_steps - 1));
      select(found);
      draw();
      words();
      remember();
    },

    toggle() {
      if (state.playing) {
        window.clearInterval(state.playing);
        state.playing = null;
        words();
        remember();
      } else {
        state.playing = window.setInterval(() => {
          if (!state.host.isConnected) { window.clearInterval(state.playing); state.playing = null; } else step(1);
        }, PLAY_MS);
      }
      set("map-play", { children: state.playing ? "Pause" : "Play" });
    },

    goTo(clicked, rows) {
      if (!clicked || !rows || !state.ready) return;
      const row = rows[Number(clicked.rowId ?? clicked.rowIndex)];
      if (!row) return;
      const t = Math.round((row.time_ms - state.elements.start_ms) / state.elements.step_ms);
      set("map-time", { value: Math.max(0, Math.min(t, state.elements.n_steps - 1)) });
      set("map-find", { value: row.key });
      state.host.scrollIntoView({ behavior: "smooth", block: "center" });
    },
  };
  window.dash_clientside = window.dash_clientside || {};
  window.dash_clientside.gridmap = gridmap;
})();
