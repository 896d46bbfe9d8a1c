/* Drawing of a pane on its 2-D canvas, from memory: one path for each colour class. */
(function () {
  "use strict";
  const map = (window.gridmap = window.gridmap || {});
  const PAPER = { light: "#f7f5f0", dark: "#15181a" }, CASING = { light: "#b5b1a5", dark: "#616d75" };
  const INK = { light: "#1d2327", dark: "#e7e9ea" }, ACCENT = { light: "#0072b2", dark: "#56b4e9" };
  const HALO = { light: "#c2410c", dark: "#ff8a4c" };
  map.mostInDetail = 2000; // low-voltage lines in sight up to which each is drawn
  const DENSE = 2500; // lines in sight from which casings and round ends, which nobody could tell apart, are left out
  map.colours = { PAPER, CASING, INK, ACCENT, HALO };

  // ---- where things are on the canvas ------------------------------------------------------------------------------
  map.fit = function (box) {
    const pane = map.state.panes[0], { canvas } = pane, around = box || pane.net.box;
    const width = around.right - around.left, height = around.top - around.bottom, room = box ? 0.85 : 0.88;
    const most = box ? map.state.view.fitted * 60 : Infinity;
    const scale = Math.min(most, room * Math.min(canvas.width / (width || 1e-9), canvas.height / (height || 1e-9)));
    const view = map.state.view = map.state.view || {};
    view.scale = Number.isFinite(scale) && scale < 1e8 ? scale : 1;
    view.dx = canvas.width / 2 - (view.scale * (around.left + around.right)) / 2;
    view.dy = canvas.height / 2 + (view.scale * (around.bottom + around.top)) / 2;
    if (!box) view.fitted = view.scale;
  };

  map.ratio = (pane) => pane.canvas.width / Math.max(1, pane.canvas.clientWidth);

  /** Places of all buses on the canvas, and what is in sight. */
  map.project = function (pane) {
    const { net, x, y, canvas } = pane, { points, ends, low, nBuses } = net, { view } = map.state;
    for (let bus = 0; bus < nBuses; bus++) {
      x[bus] = points[2 * bus] * view.scale + view.dx;
      y[bus] = view.dy - points[2 * bus + 1] * view.scale;
    }
    const edge = 40 * map.ratio(pane), right = canvas.width + edge, lower = canvas.height + edge;
    const seen = { lines: [[], []], buses: [[], []], trafos: [], lows: 0 };
    for (let bus = 0; bus < nBuses; bus++) {
      if (x[bus] > -edge && x[bus] < right && y[bus] > -edge && y[bus] < lower) seen.buses[low[bus]].push(bus);
    }
    for (let branch = 0; branch < net.nBranches; branch++) {
      const a = ends[2 * branch], b = ends[2 * branch + 1];
      if (a < 0 || b < 0) continue;
      if ((x[a] < -edge && x[b] < -edge) || (x[a] > right && x[b] > right) || (y[a] < -edge && y[b] < -edge) || (y[a] > lower && y[b] > lower)) continue;
      if (net.trafo[branch]) seen.trafos.push(nBuses + branch);
      else seen.lines[low[nBuses + branch]].push(nBuses + branch);
    }
    pane.gathered = seen.lines[1].length > map.mostInDetail;
    pane.dense = seen.lines[0].length + (pane.gathered ? 0 : seen.lines[1].length) > DENSE;
    pane.seen = seen;
  };

  // ---- the picture ---------------------------------------------------------------------------------------------------
  map.draw = function (pane) {
    if (!pane.ready || !pane.canvas.isConnected) return;
    const begun = performance.now(), { context, canvas } = pane, theme = map.state.config.theme;
    map.lookUp(pane);
    const ratio = map.ratio(pane), unit = ratio * bulk(pane), scale = map.scale();
    const p = { pane, context, theme, ratio, unit, scale, rings: [] };
    context.setLineDash([]);
    context.globalAlpha = 1;
    context.fillStyle = PAPER[theme];
    context.fillRect(0, 0, canvas.width, canvas.height);
    context.lineCap = pane.dense ? "butt" : "round";
    context.lineJoin = "round";
    if (map.drawOutline) map.drawOutline(p);
    if (map.state.districts && pane.net.zones.length) map.drawDistricts(p); else elements(p);
    if (map.drawSymbols) map.drawSymbols(p);
    rings(p);
    const chosen = pane.net.place.get(map.state.selected);
    if (chosen !== undefined) mark(p, chosen, ACCENT[theme]);
    if (pane.hover >= 0) mark(p, pane.hover, INK[theme]);
    if (map.drawScaleBar) map.drawScaleBar(p);
    if (!pane.now) waiting(p);
    pane.frames.push(performance.now() - begun);
    if (pane.frames.length > 500) pane.frames.shift();
  };

  function elements(p) {
    const { pane, unit } = p, { view } = map.state;
    halos(p);
    if (pane.gathered) map.drawAreas(p);
    for (const low of pane.gathered ? [0] : [1, 0]) { // low voltage beneath and finer, until one zooms in
      const size = unit * (low ? Math.min(1, 0.38 * Math.max(1, view.scale / view.fitted)) : 1);
      lines(p, size, pane.seen.lines[low]);
      buses(p, size, pane.seen.buses[low]);
    }
    transformers(p);
  }

  /** Marks grow a little when zoomed in, and shrink where there are very many. */
  function bulk(pane) {
    const { view } = map.state, grown = Math.min(2, Math.max(1, Math.sqrt(view.scale / view.fitted)));
    return grown * Math.min(1.25, Math.max(0.5, 16 / Math.sqrt(pane.net.nBuses)));
  }

  /** Elements by class; those not known last. */
  function byClass(p, list) {
    const { pane, scale } = p, groups = Array.from({ length: scale.breaks.length + 2 }, () => []), last = groups.length - 1;
    for (const element of list) {
      const place = map.classOf(map.valueOf(pane, element), scale.breaks);
      groups[place < 0 ? last : place].push(element);
    }
    return groups;
  }

  function trace(p, list) {
    const { context, pane } = p, { net, x, y } = pane, { ends, nBuses } = net;
    context.beginPath();
    for (const element of list) {
      const a = ends[2 * (element - nBuses)], b = ends[2 * (element - nBuses) + 1];
      if (a < 0 || b < 0) continue; // an open end
      context.moveTo(x[a], y[a]);
      context.lineTo(x[b], y[b]);
    }
  }

  /** How wide a class is drawn: with the colour the second sign of more; of a difference, of farther from none. */
  function width(p, place) {
    const n = p.scale.colours.length - 1;
    const share = map.state.difference ? Math.abs(2 * place / n - 1) : place / n;
    return 2 + 2.2 * share;
  }

  function lines(p, unit, list) {
    const { context, scale, theme } = p, groups = byClass(p, list);
    context.strokeStyle = CASING[theme];
    groups.forEach((group, place) => {
      if (p.pane.dense || place === groups.length - 1 || !group.length) return;
      trace(p, group);
      context.lineWidth = (width(p, place) + 1.4) * unit;
      context.stroke();
    });
    groups.forEach((group, place) => {
      if (!group.length) return;
      const missing = place === groups.length - 1, none = map.state.config.layers[map.state.layer].of_lines === "none";
      trace(p, group);
      context.setLineDash(missing && !none ? [3 * unit, 5 * unit] : []);
      context.strokeStyle = missing ? CASING[theme] : scale.colours[place];
      context.lineWidth = (missing ? 1.3 : width(p, place)) * unit;
      context.stroke();
    });
    context.setLineDash([]);
  }

  function dots(p, list, radius) {
    const { context, pane } = p, { x, y } = pane;
    context.beginPath();
    if (pane.dense) {
      for (const bus of list) context.rect(x[bus] - radius, y[bus] - radius, 2 * radius, 2 * radius);
      return;
    }
    for (const bus of list) {
      context.moveTo(x[bus] + radius, y[bus]);
      context.arc(x[bus], y[bus], radius, 0, 2 * Math.PI);
    }
  }

  /** Buses are filled with their class; a hollow ring is not known. */
  function buses(p, unit, list) {
    const { context, scale, theme } = p;
    const none = !map.state.config.layers[map.state.layer].of_buses, groups = byClass(p, list);
    groups.forEach((group, place) => {
      if (!group.length) return;
      const missing = place === groups.length - 1;
      dots(p, group, (missing ? (none ? 1.6 : 2.6) : 4.4) * unit);
      context.fillStyle = missing ? (none ? CASING[theme] : PAPER[theme]) : scale.colours[place];
      context.fill();
      if (p.pane.dense && !missing) return;
      context.lineWidth = unit;
      context.strokeStyle = CASING[theme];
      context.stroke();
    });
  }

  function transformers(p) {
    const { pane, context, theme, unit, scale } = p, { net, x, y } = pane, met = new Map();
    if (!map.state.kinds.has("transformer")) return;
    const side = Math.max(7 * p.ratio, 10 * unit);
    for (const element of pane.seen.trafos) {
      const a = net.ends[2 * (element - net.nBuses)], b = net.ends[2 * (element - net.nBuses) + 1];
      if (pane.gathered && (net.low[a] || net.low[b])) continue;
      const pair = `${a}|${b}`, nth = met.get(pair) || 0, place = map.classOf(map.valueOf(pane, element), scale.breaks);
      met.set(pair, nth + 1);
      const left = (x[a] + x[b]) / 2 + (nth - 0.5) * side * 1.3, upper = (y[a] + y[b]) / 2 - side / 2;
      const over = map.isBeyond(pane, element);
      context.fillStyle = place < 0 ? PAPER[theme] : scale.colours[place];
      context.strokeStyle = over ? HALO[theme] : place < 0 ? CASING[theme] : INK[theme];
      context.lineWidth = (over ? 3 : 1.2) * unit;
      context.setLineDash(place < 0 ? [2 * unit, 2 * unit] : []);
      context.fillRect(left, upper, side, side);
      context.strokeRect(left, upper, side, side);
      context.setLineDash([]);
    }
  }

  /** Behind what exceeds its limit; what is too small to be seen gets a ring in front of everything. */
  function halos(p) {
    const { pane, context, unit, ratio, theme } = p, { net } = pane;
    pane.beyond = [];
    if (!pane.now || !pane.now.bits) return;
    for (let element = 0; element < net.nElements; element++) if (map.isBeyond(pane, element)) pane.beyond.push(element);
    const shown = pane.beyond.filter((element) => !(pane.gathered && net.low[element])); // an area shows its own
    context.globalAlpha = 0.6;
    context.strokeStyle = context.fillStyle = HALO[theme];
    context.lineWidth = Math.max(9 * ratio, 11 * unit);
    trace(p, shown.filter((element) => element >= net.nBuses));
    context.stroke();
    dots(p, shown.filter((element) => element < net.nBuses), Math.max(7 * ratio, 9 * unit));
    context.fill();
    context.globalAlpha = 1;
    p.rings.push(...shown.filter((element) => element >= net.nBuses && length(pane, element) < 28 * ratio));
  }

  function length(pane, element) {
    const { net, x, y } = pane;
    if (element < net.nBuses) return 0;
    const a = net.ends[2 * (element - net.nBuses)], b = net.ends[2 * (element - net.nBuses) + 1];
    return a < 0 || b < 0 ? 0 : Math.hypot(x[a] - x[b], y[a] - y[b]);
  }

  map.middle = function (pane, element) {
    const { net, x, y } = pane;
    if (element < net.nBuses) return [x[element], y[element]];
    const a = net.ends[2 * (element - net.nBuses)], b = net.ends[2 * (element - net.nBuses) + 1];
    return a < 0 || b < 0 ? [x[Math.max(a, b, 0)], y[Math.max(a, b, 0)]] : [(x[a] + x[b]) / 2, (y[a] + y[b]) / 2];
  };

  function rings(p) {
    const { context, ratio, theme, pane } = p;
    for (const element of p.rings) {
      const [cx, cy] = map.middle(pane, element);
      for (const [colour, wide] of [[PAPER[theme], 5.5], [HALO[theme], 3]]) {
        context.beginPath();
        context.arc(cx, cy, 15 * ratio, 0, 2 * Math.PI);
        context.strokeStyle = colour;
        context.lineWidth = wide * ratio;
        context.stroke();
      }
    }
  }

  function mark(p, element, colour) {
    const { context, ratio, unit, pane } = p, wide = Math.max(2 * ratio, 2.4 * unit);
    context.strokeStyle = colour;
    if (element < pane.net.nBuses) {
      dots(p, [element], Math.max(8 * ratio, 8 * unit));
      context.lineWidth = wide;
      context.stroke();
      return;
    }
    const place = map.classOf(map.valueOf(pane, element), p.scale.breaks);
    for (const [tint, size] of [[colour, 4.5 * wide], [place < 0 ? PAPER[p.theme] : p.scale.colours[place], 1.8 * wide]]) {
      trace(p, [element]);
      context.strokeStyle = tint;
      context.lineWidth = size;
      context.stroke();
    }
    context.strokeStyle = colour;
    if (length(pane, element) < 28 * ratio) {
      const [cx, cy] = map.middle(pane, element);
      context.beginPath();
      context.arc(cx, cy, 20 * ratio, 0, 2 * Math.PI);
      context.lineWidth = wide;
      context.stroke();
    }
  }

  function waiting(p) {
    const { context, ratio, theme, pane } = p;
    const words = pane.fault || (pane.step < 0 ? map.say("This result has no such moment.") : map.say("Loading these hours …"));
    context.font = `${13 * ratio}px ${getComputedStyle(document.body).fontFamily}`;
    context.fillStyle = INK[theme];
    context.textAlign = "left";
    context.textBaseline = "top";
    context.fillText(words, 14 * ratio, 14 * ratio, pane.canvas.width - 80 * ratio);
  }
  Object.assign(map, { trace, dots });
})();
