/* The map as one thing: what is shown, its panes, and what Dash calls. */
(function () {
  "use strict";
  const map = (window.gridmap = window.gridmap || {});
  const state = (map.state = {
    config: null, layer: "carbon", difference: false, districts: false, kinds: new Set(), at: null, selected: "", view: null, zoom: "",
    panes: [], outline: null, ready: false,
  });
  /** Keys of the address that are the map's own: the control that shows each, and what it shows without it. */
  const CONTROLS = { map_mode: ["map-mode", "value"], map_level: ["map-level", "elements"], map_beside: ["map-beside", null] };
  const app = () => window.gridcarbon, same = () => window.dash_clientside.no_update;
  const set = (id, props) => { if (document.getElementById(id) || id.endsWith("-selection")) window.dash_clientside.set_props(id, props); };
  map.set = set;
  const alive = () => state.panes.length > 0 && state.panes[0].host.isConnected;

  // ---- panes ---------------------------------------------------------------------------------------------------------
  function paneIn(host, source) {
    const canvas = document.createElement("canvas"), tip = document.createElement("div");
    canvas.setAttribute("aria-hidden", "true");
    tip.className = "map-tip";
    tip.hidden = true;
    const pane = {
      host, canvas, tip, source, context: canvas.getContext("2d", { alpha: false }), net: null, x: null, y: null, now: null, step: -1,
      hover: -1, hoverZone: -1, hoverArea: -1, hoverSymbol: null, ready: false, beyond: [], frames: [], devices: null, groups: [], fault: "",
    };
    host.replaceChildren(canvas, tip);
    size(pane);
    map.listen(pane);
    new ResizeObserver(() => { if (state.panes.includes(pane) && size(pane) && pane.ready) { refit(); redraw(); } }).observe(host);
    return pane;
  }

  function size(pane) {
    const { canvas, host } = pane, ratio = window.devicePixelRatio || 1;
    const width = Math.max(1, Math.round(host.clientWidth * ratio)), height = Math.max(1, Math.round(host.clientHeight * ratio));
    const changed = canvas.width !== width || canvas.height !== height;
    if (changed) { canvas.width = width; canvas.height = height; }
    return changed;
  }

  async function prepare(pane) {
    const net = await pane.source.net();
    if (!state.panes.includes(pane)) return;
    pane.net = net;
    pane.x = new Float32Array(net.nBuses);
    pane.y = new Float32Array(net.nBuses);
    if (pane === state.panes[0]) refit();
    map.project(pane);
    pane.ready = true;
    pane.source.symbols().then((devices) => { pane.devices = devices; pane.gatheredFor = ""; redraw(); map.legend(); if (map.deviceTable) map.deviceTable(); }).catch(() => {});
    if (net.elements.geographic && state.config.outline && !state.outline) map.outline().then((found) => { state.outline = found; if (found) redraw(); });
  }

  /** The part of the map that was in sight, or that the address names, whatever the size of the canvas; else all. */
  function refit() {
    const pane = state.panes[0], { net, canvas } = pane;
    map.fit();
    const parts = state.zoom.split(",").map(Number), { view } = state;
    if (parts.length === 3 && parts.every(Number.isFinite) && parts[2] > 0) {
      view.scale = view.fitted * Math.min(parts[2], 1e4);
      const { left, right, bottom, top } = net.box;
      view.dx = canvas.width / 2 - view.scale * (left + parts[0] * (right - left));
      view.dy = canvas.height / 2 + view.scale * (bottom + parts[1] * (top - bottom));
    }
    for (const one of state.panes) if (one.net) map.project(one);
  }

  let frame = 0;
  function redraw() {
    if (frame) return;
    frame = window.requestAnimationFrame(() => { frame = 0; for (const pane of state.panes) map.draw(pane); });
  }
  map.redraw = redraw;

  // ---- the view, shared by both panes --------------------------------------------------------------------------------
  function moved() {
    for (const pane of state.panes) {
      if (!pane.ready) continue;
      const before = pane.gathered;
      map.project(pane);
      if (before !== pane.gathered) map.legend();
    }
    redraw();
    const { view } = state, { canvas, net } = state.panes[0], { left, right, bottom, top } = net.box;
    const across = (value, low, high) => ((value - low) / (high - low || 1)).toFixed(4);
    const x = across((canvas.width / 2 - view.dx) / view.scale, left, right), y = across((view.dy - canvas.height / 2) / view.scale, bottom, top);
    const all = Math.abs(view.scale / view.fitted - 1) < 0.001 && x === "0.5000" && y === "0.5000";
    state.zoom = all ? "" : `${x},${y},${(view.scale / view.fitted).toFixed(3)}`;
    window.clearTimeout(moved.waiting);
    moved.waiting = window.setTimeout(() => {
      moved.waiting = 0;
      if (alive()) app().address.set({ zoom: state.zoom || null }, { push: true, merge: "zoom" });
    }, 400);
  }
  map.zoom = (factor, px, py) => {
    const { view } = state, bounded = Math.min(Math.max(view.scale * factor, view.fitted / 4), view.fitted * 2000) / view.scale;
    view.dx = px + (view.dx - px) * bounded;
    view.dy = py + (view.dy - py) * bounded;
    view.scale *= bounded;
    moved();
  };
  map.pan = (dx, dy) => { state.view.dx += dx; state.view.dy += dy; moved(); };
  map.showAll = () => { map.fit(); moved(); };
  map.zoomTo = (box) => { map.fit(box); moved(); };
  /** To a low-voltage area, until its lines are drawn. */
  map.openArea = function (area) {
    const pane = state.panes[0];
    map.zoomTo(pane.net.areas[area].box);
    for (let turn = 0; pane.gathered && turn < 12; turn++) map.zoom(1.3, pane.canvas.width / 2, pane.canvas.height / 2);
  };
  /** To an element, with what is around it; a line of a few metres still shows where in the grid it lies. */
  map.goTo = function (key) {
    const pane = state.panes[0], { net } = pane, element = net.place.get(key);
    if (element === undefined) return;
    const ends = element < net.nBuses ? [element] : [net.ends[2 * (element - net.nBuses)], net.ends[2 * (element - net.nBuses) + 1]].filter((bus) => bus >= 0);
    const box = map.boxOf(net.points, ends), around = 0.06 * Math.max(net.box.right - net.box.left, net.box.top - net.box.bottom);
    map.zoomTo({ left: box.left - around, right: box.right + around, bottom: box.bottom - around, top: box.top + around });
  };

  // ---- values --------------------------------------------------------------------------------------------------------
  function need(pane) {
    const { net, source } = pane, step = net && state.at !== null ? map.stepAt(net, state.at) : -1;
    pane.fault = "";
    if (step < 0) return;
    const number = Math.floor(step / net.chunkSteps), into = step - number * net.chunkSteps;
    const wanted = state.config.layers[state.layer].of_areas === "energy" ? [state.layer, "power"] : [state.layer];
    const layer = state.layer;
    for (const one of wanted) {
      if (source.held(one, number)) continue;
      source.chunk(one, number).then(() => { if (alive() && layer === state.layer) { redraw(); told(); } })
        .catch((error) => { if (layer === state.layer) { pane.fault = map.say("Cannot be shown: {reason}", { reason: error.message }); redraw(); told(); } });
    }
    const ahead = app().moment.playing() && into > net.chunkSteps / 3 && (number + 1) * net.chunkSteps < net.nSteps;
    if (ahead) for (const one of wanted) if (!source.held(one, number + 1)) source.chunk(one, number + 1).catch(() => {});
  }

  function refresh() {
    if (!alive()) return;
    for (const pane of state.panes) need(pane);
    redraw();
  }

  /** Sentence and tables, when the moment rests. */
  function told() {
    window.clearTimeout(told.waiting);
    told.waiting = window.setTimeout(() => { if (alive() && state.panes[0].ready && !app().moment.playing()) { for (const pane of state.panes) if (pane.net) map.lookUp(pane); map.words(); map.tables(); } }, 60);
  }
  map.told = told;

  /** To the address, with the moment: it may not have come to rest there yet, and must not fall back. */
  const write = (changes) => app().address.set(state.at === null ? changes : { at: `${new Date(state.at).toISOString().slice(0, 16)}Z`, ...changes }, { push: true });

  // ---- what is selected ----------------------------------------------------------------------------------------------
  map.select = function (key, quiet) {
    if (key === state.selected) return;
    state.selected = key || "";
    if (!quiet) write({ select: key || null });
    set("map-find", { value: key && !key.startsWith("zone:") ? key : null });
    tellServer();
    redraw();
  };

  function tellServer() {
    if (app().moment.playing() || state.at === null || !alive()) return;
    const day = map.local(state.at, { year: "numeric", month: "2-digit", day: "2-digit" }, "en-CA");
    const district = state.selected.startsWith("zone:"), key = state.selected || "";
    const asked = JSON.stringify([state.config.result, state.config.version, state.config.theme, key, district ? state.at : day, state.layer]);
    if (asked === state.asked) return;
    state.asked = asked;
    window.dash_clientside.set_props("map-selection", { data: key ? { key, at_ms: state.at, day } : null });
  }

  // ---- the address and the moment ------------------------------------------------------------------------------------
  let listening = false;
  function listen() {
    if (listening) return;
    listening = true;
    app().moment.subscribe((ms) => {
      if (ms === state.at && !alive()) return;
      state.at = ms;
      refresh();
      if (!app().moment.playing()) told();
    });
    app().address.subscribe(() => {
      if (!alive()) return;
      const layer = app().address.get("layer") || state.config.first, select = app().address.get("select") || "";
      if (layer !== state.layer && state.config.layers[layer]) set("map-layer", { value: layer });
      if (select !== state.selected) map.select(select, true);
      for (const [key, [control, plain]] of Object.entries(CONTROLS)) {
        const value = app().address.get(key) || plain;
        if (state.controls && value !== state.controls[key]) set(control, { value });
      }
      const zoom = app().address.get("zoom") || "";
      if (zoom !== state.zoom && !moved.waiting && state.panes[0].ready) { state.zoom = zoom; refit(); redraw(); }
    });
  }

  const gridmap = {
    /** From the controls to what is drawn. */
    async show(config, layer, mode, level, kinds, beside) {
      const host = document.getElementById("map");
      if (!host || !config) return same();
      listen();
      const fresh = !state.panes.length || state.panes[0].host !== host || state.config.result !== config.result || state.config.version !== config.version;
      state.config = config;
      const asked = app().address.get("layer");
      if (fresh && asked && config.layers[asked] && asked !== layer) { layer = asked; set("map-layer", { value: asked }); }
      const controls = { map_mode: mode, map_level: level, map_beside: beside || null }, changes = {};
      for (const [key, [control, plain]] of Object.entries(CONTROLS)) {
        const wanted = app().address.get(key) || plain;
        if (wanted === controls[key]) continue;
        if (fresh) { controls[key] = wanted; set(control, { value: wanted }); } else changes[key] = controls[key] === plain ? null : controls[key];
      }
      [mode, level, beside] = [controls.map_mode, controls.map_level, controls.map_beside];
      state.controls = controls;
      const changed = layer !== state.layer;
      Object.assign(state, {
        layer, difference: mode === "difference" && Boolean(config.against), districts: level === "districts", kinds: new Set(kinds || []),
        at: app().moment.get(),
      });
      if (!fresh && changed && layer !== (app().address.get("layer") || config.first)) changes.layer = layer;
      if (Object.keys(changes).length) write(changes);
      const against = state.difference ? config.against : null, source = map.source(config.result, config.version, against);
      if (state.difference && beside) set("map-beside", { value: null }); // a difference has classes of its own
      const other = state.difference ? undefined : (config.beside || []).find((one) => one.name === beside);
      try {
        await arrange(host, source, other, fresh);
      } catch (error) {
        map.text("map-spoken", map.say("The map could not be loaded: {reason}.", { reason: error.message }));
        return same();
      }
      map.legend();
      refresh();
      told();
      if (fresh) {
        state.asked = "";
        const select = app().address.get("select") || "";
        state.selected = "";
        map.select(select, true);
      }
      state.ready = true;
      return `${config.result}|${layer}|${mode}|${level}|${beside}`;
    },

    find(value) {
      if (alive() && value && value !== state.selected) { map.select(value); map.goTo(value); }
    },

    /** To an hour of the shown day, on the wall clock. */
    hour(value) {
      if (!alive() || value == null || state.at === null) return;
      app().moment.set(map.atHour(state.at, Number(value)));
    },

    download() {
      const grid = window.dash_ag_grid && window.dash_ag_grid.getApi("map-twin");
      if (grid) grid.exportDataAsCsv();
    },

    rested() { if (alive()) { told(); tellServer(); } },
  };

  /** One pane, or two beside each other, with their sources. */
  async function arrange(host, source, other, fresh) {
    const second = document.getElementById("map-second");
    second.parentElement.classList.toggle("two", Boolean(other));
    for (const [place, label] of [["map-title", state.config.label], ["map-second-title", other ? other.label : ""]]) map.text(place, other ? label : "");
    if (fresh) {
      state.panes = [];
      state.view = null;
      state.zoom = app().address.get("zoom") || "";
      state.panes.push(paneIn(host, source));
      host.append(map.buttons());
      await prepare(state.panes[0]);
    }
    const first = state.panes[0];
    if (first.source !== source) { first.source = source; first.now = null; }
    const shown = other ? map.source(other.name, other.version, null) : null;
    if (!other) state.panes.length = 1;
    else if (!state.panes[1] || state.panes[1].source !== shown || state.panes[1].host !== second) {
      state.panes.length = 1;
      state.panes.push(paneIn(second, shown));
      await prepare(state.panes[1]);
    }
    if (state.panes.map(size).some(Boolean) && first.ready) refit();
  }

  window.dash_clientside = window.dash_clientside || {};
  window.dash_clientside.gridmap = gridmap;
})();
