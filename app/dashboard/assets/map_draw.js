/* Drawing of the map on a 2-D canvas, from memory: one path for each colour class. */
(function () {
  "use strict";
  const map = (window.gridmap = window.gridmap || {});
  const state = (map.state = map.state || {});
  const MISSING = 255;
  const PAPER = { light: "#f7f5f0", dark: "#15181a" };
  const CASING = { light: "#c3c0b6", dark: "#616d75" };
  const INK = { light: "#1d2327", dark: "#e7e9ea" };
  const ACCENT = { light: "#0072b2", dark: "#56b4e9" };
  const HALO = "#d55e00";

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

  function draw() {
    if (!state.ready || !state.canvas.isConnected) return;
    const begun = performance.now(), { context, canvas, config } = state, theme = config.theme;
    const ratio = canvas.width / Math.max(1, canvas.clientWidth), unit = ratio * bulk();
    context.fillStyle = PAPER[theme];
    context.fillRect(0, 0, canvas.width, canvas.height);
    context.lineCap = "round";
    halos(unit);
    for (const low of [1, 0]) { // low voltage beneath and finer, until one zooms in
      const size = unit * (low ? Math.min(1, 0.38 * Math.max(1, state.view.scale / state.view.fitted)) : 1);
      lines(size, theme, low);
      buses(size, theme, low);
    }
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
    return grown * Math.min(1.25, Math.max(0.5, 16 / Math.sqrt(map.nBuses())));
  }

  /** Numbers of `from`…`to`-1, gathered by class; missing ones last. */
  function byClass(from, to, keep) {
    const groups = Array.from({ length: state.config.layers[state.layer].breaks.length + 2 }, () => []);
    for (let element = from; element < to; element++) {
      if (keep && !keep(element)) continue;
      const code = map.codeOf(element);
      groups[code === MISSING ? groups.length - 1 : state.data.classes[code]].push(element);
    }
    return groups;
  }

  function trace(elements) {
    const { context, ends, x, y } = state, n = map.nBuses();
    context.beginPath();
    for (const element of elements) {
      const a = ends[2 * (element - n)], b = ends[2 * (element - n) + 1];
      if (a < 0 || b < 0) continue; // an open end
      context.moveTo(x[a], y[a]);
      context.lineTo(x[b], y[b]);
    }
  }

  function lines(unit, theme, low) {
    const { context } = state, n = map.nBuses(), { colours } = state.config.layers[state.layer];
    const groups = byClass(n, map.nElements(), (element) => state.low[element] === low);
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

  function buses(unit, theme, low) {
    const { context } = state, { colours } = state.config.layers[state.layer], groups = byClass(0, map.nBuses(), (bus) => state.low[bus] === low);
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
    const { context, ends, x, y } = state, n = map.nBuses(), side = 10 * unit;
    const { colours } = state.config.layers[state.layer], met = new Map();
    state.elements.branches.forEach((_, branch) => {
      if (!map.isTrafo(branch)) return;
      const a = ends[2 * branch], b = ends[2 * branch + 1];
      if (a < 0 || b < 0) return;
      const pair = `${a}|${b}`;
      const nth = met.get(pair) || 0, code = map.codeOf(n + branch);
      met.set(pair, nth + 1);
      const left = (x[a] + x[b]) / 2 + (nth - 0.5) * side * 1.3, upper = (y[a] + y[b]) / 2 - side / 2;
      context.fillStyle = code === MISSING ? CASING[theme] : colours[state.data.classes[code]];
      context.strokeStyle = map.isBeyond(n + branch) ? HALO : INK[theme];
      context.lineWidth = (map.isBeyond(n + branch) ? 3 : 1.2) * unit;
      context.fillRect(left, upper, side, side);
      context.strokeRect(left, upper, side, side);
    });
  }

  function halos(unit) {
    const { context } = state, n = map.nBuses(), over = [];
    for (let element = 0; element < map.nElements(); element++) if (map.isBeyond(element)) over.push(element);
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
    const { context } = state, n = map.nBuses();
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

  Object.assign(map, { draw, fit, pan, project, zoom });
})();
