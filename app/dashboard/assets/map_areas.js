/* Areas: low-voltage grids as one shape while there are too many lines in sight, and districts as an aggregate level. */
(function () {
  "use strict";
  const map = (window.gridmap = window.gridmap || {});

  map.drawAreas = function (p) {
    const { pane, context, scale, theme, ratio } = p, { net, x, y } = pane, { CASING, PAPER, HALO, INK } = map.colours;
    const figures = map.areaFigures(pane), over = new Set(pane.beyond.filter((one) => net.low[one]).map((one) => net.areaOf[one]));
    net.areas.forEach((area, place) => {
      if (!area.hull.length) return;
      context.beginPath();
      area.hull.forEach((bus, nth) => (nth ? context.lineTo(x[bus], y[bus]) : context.moveTo(x[bus], y[bus])));
      context.closePath();
      const number = map.classOf(figures[place], scale.breaks), chosen = pane.hoverArea === place;
      context.strokeStyle = chosen ? INK[theme] : over.has(place) ? HALO[theme] : CASING[theme];
      context.lineWidth = (over.has(place) || chosen ? 12 : 9) * ratio;
      context.stroke();
      context.strokeStyle = context.fillStyle = number < 0 ? PAPER[theme] : scale.colours[number];
      context.lineWidth = 7 * ratio;
      context.stroke();
      context.fill();
      if (number < 0) hatch(p, net.areas[place].box);
    });
  };

  /** Where nothing is known: strokes of the casing's colour. */
  function hatch(p, box) {
    const { context, ratio, theme } = p, { view } = map.state;
    const left = box.left * view.scale + view.dx, right = box.right * view.scale + view.dx;
    const top = view.dy - box.top * view.scale, bottom = view.dy - box.bottom * view.scale, step = 8 * ratio;
    context.save();
    context.clip();
    context.beginPath();
    for (let at = left - (bottom - top); at < right; at += step) { context.moveTo(at, bottom); context.lineTo(at + (bottom - top), top); }
    context.strokeStyle = map.colours.CASING[theme];
    context.lineWidth = ratio;
    context.stroke();
    context.restore();
  }

  /** A district is everything near its lines and buses, in the colour of its figure, with its name. */
  map.drawDistricts = function (p) {
    const { pane, context, scale, theme, ratio } = p, { net } = pane, { CASING, PAPER, INK, ACCENT } = map.colours;
    const figures = map.districtFigures(pane), shapes = shapesOf(net);
    const wide = ratio * Math.min(26, Math.max(14, 110 / Math.sqrt(net.zones.length)));
    pane.beyond = [];
    const chosen = map.state.selected.startsWith("zone:") ? map.state.selected.slice(5) : null;
    const order = net.zones.map((_, place) => place).sort((a, b) => shapes[b].length - shapes[a].length);
    for (const place of order) {
      const number = map.classOf(figures[place], scale.breaks), mine = net.zones[place] === chosen || pane.hoverZone === place;
      for (const [colour, size] of [[mine ? ACCENT[theme] : CASING[theme], wide + (mine ? 6 : 3) * ratio], [number < 0 ? PAPER[theme] : scale.colours[number], wide]]) {
        context.strokeStyle = context.fillStyle = colour;
        context.lineWidth = size;
        context.setLineDash(number < 0 && size > wide ? [6 * ratio, 8 * ratio] : []);
        path(p, shapes[place]);
        context.stroke();
        context.setLineDash([]);
      }
    }
    context.globalAlpha = 0.35;
    context.strokeStyle = INK[theme];
    context.lineWidth = ratio;
    map.trace(p, pane.seen.lines[0]);
    context.stroke();
    context.globalAlpha = 1;
    labels(p, figures, shapes);
  };

  /** Lines within each district, and buses of it that no such line reaches. */
  function shapesOf(net) {
    if (net.shapes) return net.shapes;
    net.shapes = net.zones.map(() => []);
    const reached = new Set();
    for (let branch = 0; branch < net.nBranches; branch++) {
      const a = net.ends[2 * branch], b = net.ends[2 * branch + 1];
      if (a < 0 || b < 0 || net.zoneOf[a] < 0 || net.zoneOf[a] !== net.zoneOf[b]) continue;
      net.shapes[net.zoneOf[a]].push([a, b]);
      reached.add(a).add(b);
    }
    for (let bus = 0; bus < net.nBuses; bus++) if (net.zoneOf[bus] >= 0 && !reached.has(bus)) net.shapes[net.zoneOf[bus]].push([bus, bus]);
    return net.shapes;
  }

  function path(p, shape) {
    const { context, pane } = p, { x, y } = pane;
    context.beginPath();
    for (const [a, b] of shape) { context.moveTo(x[a], y[a]); context.lineTo(x[b] + (a === b ? 0.01 : 0), y[b]); }
  }

  /** Names with their figures; one that would lie on another is left to the table. */
  function labels(p, figures, shapes) {
    const { pane, context, theme, ratio } = p, { net, x, y } = pane, taken = [];
    const font = getComputedStyle(document.body).fontFamily;
    context.textAlign = "center";
    context.textBaseline = "middle";
    context.font = `600 ${12 * ratio}px ${font}`;
    const order = net.zones.map((_, place) => place).sort((a, b) => shapes[b].length - shapes[a].length);
    for (const place of order) {
      const buses = [...new Set(shapes[place].flat())];
      if (!buses.length) continue;
      const mx = buses.reduce((sum, bus) => sum + x[bus], 0) / buses.length, my = buses.reduce((sum, bus) => sum + y[bus], 0) / buses.length;
      const near = buses.reduce((best, bus) => (Math.hypot(x[bus] - mx, y[bus] - my) < Math.hypot(x[best] - mx, y[best] - my) ? bus : best), buses[0]);
      const words = `${net.zones[place]}  ${map.shown(figures[place], map.state.difference)}`;
      const half = context.measureText(words).width / 2 + 7 * ratio, box = [x[near] - half, y[near] - 11 * ratio, x[near] + half, y[near] + 11 * ratio];
      if (taken.some((other) => box[0] < other[2] && box[2] > other[0] && box[1] < other[3] && box[3] > other[1])) continue;
      taken.push(box);
      context.globalAlpha = 0.9;
      context.fillStyle = map.colours.PAPER[theme];
      context.beginPath();
      context.roundRect(box[0], box[1], box[2] - box[0], box[3] - box[1], 4 * ratio);
      context.fill();
      context.globalAlpha = 1;
      context.fillStyle = map.colours.INK[theme];
      context.fillText(words, x[near], y[near]);
    }
  }

  /** The area whose hull a place on the canvas lies in, or -1. */
  map.areaAt = function (pane, px, py) {
    const { net, x, y } = pane, near = 8 * map.ratio(pane);
    for (let place = net.areas.length - 1; place >= 0; place--) {
      const { hull } = net.areas[place];
      let inside = false, close = false;
      for (let i = 0, j = hull.length - 1; i < hull.length; j = i++) {
        const a = hull[i], b = hull[j];
        if ((y[a] > py) !== (y[b] > py) && px < ((x[b] - x[a]) * (py - y[a])) / (y[b] - y[a]) + x[a]) inside = !inside;
        if (Math.hypot(x[a] - px, y[a] - py) < near) close = true;
      }
      if (inside || close) return place;
    }
    return -1;
  };
})();
